"""The network of the judge: a small U-Net that names every pixel of a picture."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vbanalysis.mini._layers import PixelNorm
from vbanalysis.mini.world.graph import CLASSES, COLOURS

CHANNELS = (24, 40, 64, 96)
"""Of each level, finest first; each level halves the side."""


class Scores(NamedTuple):
    """What the network says of each pixel; all but the classes are of use on things only.

    Attributes:
        classes: (B, 12, H, W) logits of `CLASSES`.
        colours: (B, 8, H, W) logits of the words of `COLOURS`.
        middle: (B, 2, H, W) how far right of and below the pixel the middle lies of what is seen of its
            thing, in widths and heights of the picture.
        log_depth: (B, H, W) natural logarithm of the distance ahead, in metres, at which the thing stands.
    """

    classes: Tensor
    colours: Tensor
    middle: Tensor
    log_depth: Tensor


class JudgeNetwork(nn.Module):
    """(B, 3, H, W) pictures in [-1, 1] -> `Scores`; H and W are multiples of 8."""

    def __init__(self) -> None:
        super().__init__()
        first = CHANNELS[0]
        self.stem = nn.Conv2d(3 + 2, first, 3, padding=1)
        self.down = nn.ModuleList(_Block(width, width) for width in CHANNELS)
        self.shrink = nn.ModuleList(
            nn.Conv2d(fine, coarse, 3, stride=2, padding=1) for fine, coarse in pairwise(CHANNELS)
        )
        self.middle = _Block(CHANNELS[-1], CHANNELS[-1])
        self.up = nn.ModuleList(_Block(fine + coarse, fine) for fine, coarse in pairwise(CHANNELS))
        self.parts = (len(CLASSES), len(COLOURS), 2, 1)
        self.head = nn.Sequential(nn.Conv2d(first, 64, 1), nn.SiLU(), nn.Conv2d(64, sum(self.parts), 1))

    def forward(self, rgb: Tensor) -> Scores:
        """Score every pixel."""
        height, width = rgb.shape[2:]
        rows = torch.linspace(-1, 1, height, device=rgb.device)[:, None].expand(height, width)
        columns = torch.linspace(-1, 1, width, device=rgb.device).expand(height, width)
        # Where a pixel lies tells a floor from a ceiling.
        place = torch.stack([columns, rows]).expand(len(rgb), -1, -1, -1)
        x = self.stem(torch.cat([rgb, place], dim=1).contiguous(memory_format=torch.channels_last))
        kept = []
        for level, block in enumerate(self.down):
            x = block(x if level == 0 else self.shrink[level - 1](x))
            kept.append(x)
        x = self.middle(x)
        for level in reversed(range(len(self.up))):
            x = self.up[level](torch.cat([kept[level], F.interpolate(x, scale_factor=2.0)], dim=1))
        classes, colours, middle, log_depth = self.head(x).float().split(self.parts, dim=1)
        return Scores(classes, colours, middle, log_depth[:, 0])


class _Block(nn.Module):
    """A residual block of two convolutions."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = PixelNorm(channels), nn.Conv2d(channels, width, 3, padding=1)
        self.norm2, self.conv2 = PixelNorm(width), nn.Conv2d(width, width, 3, padding=1)
        self.skip = nn.Identity() if channels == width else nn.Conv2d(channels, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(F.silu(self.norm1(x)))
        return self.skip(x) + self.conv2(F.silu(self.norm2(y)))
