"""The layers of the network."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def heads_of(width: int) -> int:
    """Heads of an attention of so many channels: each has 32 or a few more."""
    return max(1, width // 32)


class Attention(nn.Module):
    """Scaled dot-product attention of (B, N, width) to (B, M, source), over the M that the mask allows."""

    def __init__(self, width: int, source: int) -> None:
        super().__init__()
        self.heads = heads_of(width)
        self.q, self.k, self.v = nn.Linear(width, width), nn.Linear(source, width), nn.Linear(source, width)
        self.o = nn.Linear(width, width)

    def forward(self, x: Tensor, source: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, N, width), from a mask of (B, M) bool."""

        def heads(y: Tensor) -> Tensor:
            return y.unflatten(-1, (self.heads, -1)).transpose(1, 2)

        # Written out: on CPUs the fused kernel's backward pass takes several times as long as these products.
        queries = self.q(x) / math.sqrt(x.shape[-1] / self.heads)
        scores = heads(queries) @ heads(self.k(source)).transpose(-1, -2)
        if mask is not None:
            scores = scores.masked_fill(~mask[:, None, None, :], -torch.inf)
        y = scores.softmax(dim=-1).to(x.dtype) @ heads(self.v(source))
        return self.o(y.transpose(1, 2).flatten(2))


class Stage(nn.Module):
    """A residual block under the condition, then attention to itself and to the text where asked."""

    def __init__(self, channels: int, wide: int, condition: int, attend: bool) -> None:
        super().__init__()
        self.norm1, self.conv1 = PixelNorm(channels), nn.Conv2d(channels, wide, 3, padding=1)
        self.norm2, self.conv2 = PixelNorm(wide), nn.Conv2d(wide, wide, 3, padding=1)
        self.film = nn.Linear(condition, 2 * wide)
        self.skip = nn.Identity() if channels == wide else nn.Conv2d(channels, wide, 1)
        self.attend = attend
        if attend:
            self.norm_self, self.attend_self = nn.LayerNorm(wide), Attention(wide, wide)
            self.norm_text, self.attend_text = nn.LayerNorm(wide), Attention(wide, condition)
        nn.init.zeros_(self.conv2.weight)

    def forward(self, x: Tensor, condition: Tensor, words: Tensor, mask: Tensor) -> Tensor:
        """(B, wide, h, w) of (B, channels, h, w), a (B, condition) vector and (B, T, condition) words."""
        y = self.conv1(F.silu(self.norm1(x)))
        scale, shift = self.film(condition).to(y.dtype)[:, :, None, None].chunk(2, dim=1)
        y = self.conv2(F.silu(torch.addcmul(shift, self.norm2(y), 1 + scale)))
        x = self.skip(x) + y
        if self.attend:
            sequence = x.flatten(2).transpose(1, 2)
            normed = self.norm_self(sequence)
            sequence = sequence + self.attend_self(normed, normed)
            sequence = sequence + self.attend_text(self.norm_text(sequence), words, mask)
            x = sequence.transpose(1, 2).unflatten(2, x.shape[2:])
        return x


class PixelNorm(nn.LayerNorm):
    """Layer norm over the channels of each pixel; on CPUs three times as fast as groups of channels."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w), the same shape."""
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Down(nn.Module):
    """Half the side; it takes what a stage takes."""

    def __init__(self, channels: int, wide: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, wide, 3, stride=2, padding=1)

    def forward(self, x: Tensor, condition: Tensor, words: Tensor, mask: Tensor) -> Tensor:
        """(B, wide, h / 2, w / 2)."""
        return self.conv(x)


class Up(nn.Module):
    """Twice the side; it takes what a stage takes."""

    def __init__(self, channels: int, wide: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, 4 * wide, 1)

    def forward(self, x: Tensor, condition: Tensor, words: Tensor, mask: Tensor) -> Tensor:
        """(B, wide, 2 h, 2 w)."""
        return F.pixel_shuffle(self.conv(x), 2)
