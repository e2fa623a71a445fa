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
from vbanalysis.mini._layers import Down, Stage, Up, heads_of
from vbanalysis.mini.text_encoder import TextEncoder
from vbanalysis.mini.tokens import TextBatch
from vbanalysis.types import Rgb

_MOST = 1024
"""A size beyond is a mistake, or a damaged file, that must not fill the memory."""


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of the network.

    Attributes:
        size: Side of the picture in pixels, a multiple of `multiple`.
        channels: Of each level, finest first; each level halves the side.
        blocks: Residual blocks of each level, on the way down and again on the way up.
        attention: Levels whose last block, on either way, attends to itself and to the text; the coarsest
            does in any case, between the ways.
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
        whole = all(type(size) is int for size in (*sizes, *self.attention, self.text_layers))
        if not whole or not levels == len(self.blocks) > 0 or not 1 <= min(sizes) <= max(sizes) <= _MOST:
            raise InputError(
                "expected channels and blocks of each level, all sizes whole numbers from 1 to "
                f"{_MOST}, got {self}"
            )
        if not 0 <= self.text_layers <= _MOST:
            raise InputError(f"text_layers must be from 0 to {_MOST}, got {self.text_layers}")
        if self.size % self.multiple or not set(self.attention) <= set(range(levels)):
            raise InputError(
                f"size {self.size} must halve {levels - 1} times, and attention {self.attention} name levels "
                f"from 0 to {levels - 1}"
            )
        attending = [self.text_width, *(self.channels[level] for level in self.attention), self.channels[-1]]
        for width in attending:
            if width % heads_of(width):
                raise InputError(
                    f"a width of {width} cannot be shared by its {heads_of(width)} heads of attention: "
                    "choose a multiple of 32 for the text, the levels that attend and the last level"
                )

    @property
    def multiple(self) -> int:
        """What the sides of a picture must be multiples of, so that they can be halved level by level."""
        return 2 ** (len(self.channels) - 1)

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
        features: (B, C, h, w) on the way up, at a quarter of the side, or at the coarsest level if that is
            finer: what is where, for who reads it in training.
    """

    free: Tensor
    pointing: Tensor
    offered: Tensor
    features: Tensor | None = None

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
                down.append(Down(channels, wide))
                channels = wide
            for block in range(config.blocks[level]):
                attend = level in config.attention and block == config.blocks[level] - 1
                down.append(Stage(channels, wide, width, attend))
                channels = wide
                skips.append(wide)
        self.down = nn.ModuleList(down)
        self.middle = Stage(channels, channels, width, True)
        for level in reversed(range(len(config.channels))):
            wide = config.channels[level]
            for block in range(config.blocks[level]):
                attend = level in config.attention and block == config.blocks[level] - 1
                up.append(Stage(channels + skips.pop(), wide, width, attend))
                channels = wide
            if level:
                up.append(Up(channels, config.channels[level - 1]))
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

    @property
    def features_width(self) -> int:
        """Channels of `Painting.features`."""
        return self.config.channels[min(2, len(self.config.channels) - 1)]

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
            if isinstance(stage, Stage):
                kept.append(x)
        x = self.middle(x, condition, words, text.mask)
        features = x
        for stage in self.up:
            if isinstance(stage, Up):
                if x.shape[2] <= height // 4:
                    features = x
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
        return Painting(self.paint(x).float(), pointing, offered, features)


def _waves(level: Tensor) -> Tensor:
    frequencies = torch.exp(torch.linspace(0, math.log(200), 32, device=level.device))
    angles = level[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=1)
