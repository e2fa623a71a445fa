"""The text encoder: a prompt to a vector a word."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from vbanalysis.mini._layers import Attention
from vbanalysis.mini.tokens import BUCKETS, LONGEST, TextBatch


class TextEncoder(nn.Module):
    """Words to vectors: two hashed embeddings a word, a colour's value where it names one, and a transformer.

    A word has no fixed vocabulary: it is the sum of two rows of a table, each picked by a hash of the word,
    so that two words hardly ever share both (Svenstrup et al. 2017).
    """

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.word = nn.Embedding(BUCKETS, width)
        self.place = nn.Embedding(LONGEST, width)
        self.colour = nn.Sequential(nn.Linear(27, width), nn.SiLU(), nn.Linear(width, width))
        nn.init.normal_(self.word.weight, std=0.5)
        nn.init.normal_(self.place.weight, std=0.2)
        self.layers = nn.ModuleList(_TextLayer(width) for _ in range(layers))
        self.norm = nn.LayerNorm(width)

    def forward(self, text: TextBatch) -> Tensor:
        """(B, T, width) a vector a word."""
        x = self.word(text.words).sum(dim=2) + self.place.weight[: text.words.shape[1]]
        frequencies = math.pi * 2.0 ** torch.arange(4, device=x.device)
        angles = (text.rgb[..., None] * frequencies).flatten(2)
        value = self.colour(torch.cat([text.rgb, angles.sin(), angles.cos()], dim=-1))
        x = x + value * text.is_colour[..., None]
        for layer in self.layers:
            x = layer(x, text.mask)
        return self.norm(x)


class _TextLayer(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 3 * width), nn.GELU(), nn.Linear(3 * width, width))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        y = self.before(x)
        x = x + self.attention(y, y, mask)
        return x + self.mlp(self.between(x))
