"""The network of `mini`: a U-Net that paints, and a text encoder whose colours a pixel may point at.

The net predicts the clean picture from a noisy one (x-prediction of a rectified flow; Liu et al. 2022, Li
and He 2025). Beside it stands the input image, so the same weights draw from nothing (no image), edit, and
answer. Each pixel's colour is either painted freely or copied from a colour that the prompt spells: the head
weighs "free" against every colour of the prompt by the product of a query of the pixel and a key of the word
(a pointer network; Vinyals et al. 2015). So a prompted colour is a value that comes back as it was given,
not a class.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vbanalysis.errors import InputError
from vbanalysis.mini.tokens import BUCKETS, TextBatch
from vbanalysis.types import Rgb


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of the network.

    Attributes:
        size: Side of the picture in pixels; a multiple of 2 to the power of the levels less one.
        channels: Of each level, finest first; each level halves the side.
        blocks: Residual blocks of each level, on the way down and again on the way up.
        attention: Levels whose last block, on either way, attends to itself and to the text.
        text_width: Of the text encoder.
        text_layers: Of the text encoder.
        head_width: Of the queries and keys by which a pixel points at a colour.
        outputs: Channels painted freely: 3 for RGB, others for a regression control.

    Raises:
        InputError: The sizes do not fit together.
    """

    size: int = 64
    channels: tuple[int, ...] = (32, 64, 128, 160)
    blocks: tuple[int, ...] = (1, 2, 2, 2)
    attention: tuple[int, ...] = (2, 3)
    text_width: int = 128
    text_layers: int = 3
    head_width: int = 48
    outputs: int = 3

    def __post_init__(self) -> None:
        levels = len(self.channels)
        sizes = (self.size, *self.channels, *self.blocks, self.text_width, self.head_width, self.outputs)
        if not levels == len(self.blocks) > 0 or min(sizes) < 1 or self.text_layers < 0:
            raise InputError(
                f"expected channels and blocks of each level, and sizes of at least 1, got {self}"
            )
        if self.size % 2 ** (levels - 1) or not set(self.attention) <= set(range(levels)):
            raise InputError(
                f"size {self.size} must halve {levels - 1} times, and attention {self.attention} name levels "
                f"from 0 to {levels - 1}"
            )

    def as_dict(self) -> dict[str, Any]:
        """As plain values, for a file."""
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> NetworkConfig:
        """From what `as_dict` gave."""
        plain: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in dict(values).items()
        }
        return cls(**plain)


OWN_COLOURS: tuple[Rgb, ...] = (
    (0, 0, 0),
    (255, 0, 0),
    (0, 255, 0),
    (0, 0, 255),
    (255, 255, 0),
    (255, 0, 255),
    (0, 255, 255),
    (255, 128, 0),
    (128, 0, 255),
)
"""Colours that the model may use unasked: black behind masks, and one an instance, from left to right."""


class Painting(NamedTuple):
    """What the network says of each pixel.

    Attributes:
        free: (B, outputs, H, W) the freely painted picture, in [-1, 1] for RGB.
        pointing: (B, 1 + P + K, H, W) logits of where a pixel's colour comes from: 0 is free paint, then the
            P own colours, then the K colours that the prompt spells, in order; -inf for padding.
        offered: (B, P + K, 3) the colours to point at, in [-1, 1].
    """

    free: Tensor
    pointing: Tensor
    offered: Tensor

    def colours(self, *, hard: bool) -> Tensor:
        """The (B, 3, H, W) picture in [-1, 1].

        Args:
            hard: Each pixel takes its likeliest source, instead of the mean over sources.
        """
        offered = self.offered.to(self.free.dtype)
        if not hard:
            weights = self.pointing.softmax(dim=1)
            return weights[:, :1] * self.free + torch.einsum("bphw,bpc->bchw", weights[:, 1:], offered)
        source = self.pointing.argmax(dim=1)
        places = (source.clamp(min=1) - 1).flatten(1)[..., None].expand(-1, -1, 3)
        copied = offered.gather(1, places).transpose(1, 2).reshape(self.free.shape)
        return torch.where((source == 0)[:, None], self.free, copied)


class Network(nn.Module):
    """(noisy picture, noise level, image, prompt) -> `Painting`."""

    own: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        width = config.text_width
        self.text = TextEncoder(width, config.text_layers)
        self.time = nn.Sequential(nn.Linear(64, width), nn.SiLU(), nn.Linear(width, width))
        first = config.channels[0]
        # Noisy picture, image, whether there is one, and where the pixel is.
        self.stem = nn.Conv2d(3 + 3 + 1 + 2, first, 3, padding=1)
        down: list[nn.Module] = []
        up: list[nn.Module] = []
        channels = first
        skips = []
        for level, wide in enumerate(config.channels):
            if level:
                down.append(_Down(channels, wide))
                channels = wide
            for block in range(config.blocks[level]):
                attend = level in config.attention and block == config.blocks[level] - 1
                down.append(_Stage(channels, wide, width, attend))
                channels = wide
                skips.append(wide)
        self.down = nn.ModuleList(down)
        self.middle = _Stage(channels, channels, width, True)
        for level in reversed(range(len(config.channels))):
            wide = config.channels[level]
            for block in range(config.blocks[level]):
                attend = level in config.attention and block == config.blocks[level] - 1
                up.append(_Stage(channels + skips.pop(), wide, width, attend))
                channels = wide
            if level:
                up.append(_Up(channels, config.channels[level - 1]))
                channels = config.channels[level - 1]
        self.up = nn.ModuleList(up)
        # The image again, at full resolution, beside what comes up: edges need not travel through the
        # bottleneck.
        self.out = nn.Sequential(
            nn.Conv2d(channels + 3, 2 * first, 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(2 * first, 2 * first, 1),
            nn.SiLU(),
        )
        self.paint = nn.Conv2d(2 * first, config.outputs, 1)
        self.query = nn.Conv2d(2 * first, config.head_width, 1)
        self.key = nn.Linear(width, config.head_width)
        self.own_keys = nn.Parameter(0.1 * torch.randn(1 + len(OWN_COLOURS), config.head_width))
        self.register_buffer("own", torch.tensor(OWN_COLOURS) / 127.5 - 1, persistent=False)
        nn.init.zeros_(self.paint.weight)
        nn.init.zeros_(self.paint.bias)  # type: ignore[arg-type]

    def forward(
        self,
        noisy: Tensor,
        level: Tensor,
        image: Tensor,
        has_image: Tensor,
        text: TextBatch,
    ) -> Painting:
        """Predict the clean picture.

        Args:
            noisy: (B, 3, H, W) picture mixed with noise.
            level: (B,) share of noise, 0 to 1.
            image: (B, 3, H, W) the input in [-1, 1]; anything where there is none.
            has_image: (B,) 1 where there is an input, else 0.
            text: The prompts.
        """
        batch, _, height, side = noisy.shape
        present = has_image.to(noisy.dtype)[:, None, None, None]
        image = image * present
        rows = torch.linspace(-1, 1, height, device=noisy.device).view(1, 1, -1, 1).expand(batch, 1, -1, side)
        columns = (
            torch.linspace(-1, 1, side, device=noisy.device).view(1, 1, 1, -1).expand(batch, 1, height, -1)
        )
        inputs = [noisy, image, present.expand(-1, 1, height, side), columns, rows]
        words = self.text(text)
        pooled = (words * text.mask[..., None]).sum(dim=1) / text.mask.sum(dim=1, keepdim=True).clamp(min=1)
        condition = F.silu(self.time(_waves(level)) + pooled)
        x = self.stem(torch.cat(inputs, dim=1).contiguous(memory_format=torch.channels_last))
        kept = []
        for stage in self.down:
            x = stage(x, condition, words, text.mask)
            if isinstance(stage, _Stage):
                kept.append(x)
        x = self.middle(x, condition, words, text.mask)
        for stage in self.up:
            if isinstance(stage, _Up):
                x = stage(x, condition, words, text.mask)
            else:
                x = stage(torch.cat([x, kept.pop()], dim=1), condition, words, text.mask)
        x = self.out(torch.cat([x, image.to(x.dtype)], dim=1))
        places = text.places[..., None]
        spelled = words.gather(1, places.expand(-1, -1, words.shape[-1]))
        keys = torch.cat([self.own_keys.expand(batch, -1, -1), self.key(spelled)], dim=1)
        pointing = torch.einsum("bchw,bpc->bphw", self.query(x), keys.to(x.dtype)).float()
        pointing = pointing / math.sqrt(self.config.head_width)
        own = self.own.expand(batch, -1, -1)
        closed = F.pad(~text.offered, (1 + own.shape[1], 0))
        pointing = pointing.masked_fill(closed[:, :, None, None], -torch.inf)
        offered = torch.cat([own, text.rgb.gather(1, places.expand(-1, -1, 3))], dim=1)
        return Painting(self.paint(x).float(), pointing, offered)


class TextEncoder(nn.Module):
    """Words to vectors: two hashed embeddings a word, a colour's value where it names one, and a transformer.

    A word has no fixed vocabulary: it is the sum of two rows of a table, each picked by a hash of the word,
    so that two words hardly ever share both (Svenstrup et al. 2017).
    """

    def __init__(self, width: int, layers: int, longest: int = 128) -> None:
        super().__init__()
        self.word = nn.Embedding(BUCKETS, width)
        self.place = nn.Embedding(longest, width)
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
        self.attention = _Attention(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 3 * width), nn.GELU(), nn.Linear(3 * width, width))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        y = self.before(x)
        x = x + self.attention(y, y, mask)
        return x + self.mlp(self.between(x))


class _Attention(nn.Module):
    def __init__(self, width: int, source: int) -> None:
        super().__init__()
        self.heads = max(1, width // 32)
        self.q, self.k, self.v = nn.Linear(width, width), nn.Linear(source, width), nn.Linear(source, width)
        self.o = nn.Linear(width, width)

    def forward(self, x: Tensor, source: Tensor, mask: Tensor | None = None) -> Tensor:
        def heads(y: Tensor) -> Tensor:
            return y.unflatten(-1, (self.heads, -1)).transpose(1, 2)

        # Written out: on CPUs the fused kernel's backward pass takes several times as long as these products.
        queries = self.q(x) / math.sqrt(x.shape[-1] / self.heads)
        scores = heads(queries) @ heads(self.k(source)).transpose(-1, -2)
        if mask is not None:
            scores = scores.masked_fill(~mask[:, None, None, :], -torch.inf)
        y = scores.softmax(dim=-1).to(x.dtype) @ heads(self.v(source))
        return self.o(y.transpose(1, 2).flatten(2))


class _Stage(nn.Module):
    """A residual block under the condition, then attention to itself and to the text where asked."""

    def __init__(self, channels: int, wide: int, condition: int, attend: bool) -> None:
        super().__init__()
        self.norm1, self.conv1 = (
            _Norm(channels),
            nn.Conv2d(channels, wide, 3, padding=1),
        )
        self.norm2, self.conv2 = _Norm(wide), nn.Conv2d(wide, wide, 3, padding=1)
        self.film = nn.Linear(condition, 2 * wide)
        self.skip = nn.Identity() if channels == wide else nn.Conv2d(channels, wide, 1)
        self.attend = attend
        if attend:
            self.norm_self, self.attend_self = nn.LayerNorm(wide), _Attention(wide, wide)
            self.norm_text, self.attend_text = nn.LayerNorm(wide), _Attention(wide, condition)
        nn.init.zeros_(self.conv2.weight)

    def forward(self, x: Tensor, condition: Tensor, words: Tensor, mask: Tensor) -> Tensor:
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


class _Norm(nn.LayerNorm):
    """Layer norm over the channels of each pixel; on CPUs three times as fast as groups of channels."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class _Down(nn.Module):
    def __init__(self, channels: int, wide: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, wide, 3, stride=2, padding=1)

    def forward(self, x: Tensor, condition: Tensor, words: Tensor, mask: Tensor) -> Tensor:
        return self.conv(x)


class _Up(nn.Module):
    def __init__(self, channels: int, wide: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, 4 * wide, 1)

    def forward(self, x: Tensor, condition: Tensor, words: Tensor, mask: Tensor) -> Tensor:
        return F.pixel_shuffle(self.conv(x), 2)


def _waves(level: Tensor) -> Tensor:
    frequencies = torch.exp(torch.linspace(0, math.log(200), 32, device=level.device))
    angles = level[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=1)
