"""Decoded values as pictures for the eye."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from vbanalysis.types import Rgb

REJECTED: Rgb = (128, 128, 128)
"""Pixels of a mask that belong to nothing, not even the background."""

_INFINITE, _UNKNOWN = (255, 255, 255), (0, 0, 0)
_LEGEND_FROM_WIDTH = 320


def depth_preview(depth_m: np.ndarray) -> np.ndarray:
    """Depth in viridis over its logarithm; infinite is white, unknown black; a scale stands below.

    Args:
        depth_m: (H, W) metres.

    Returns:
        (H', W, 3) uint8; pixel (x, y) of the picture is pixel (x, y) of the depth.
    """
    known = depth_m[np.isfinite(depth_m) & (depth_m > 0)]
    low, high = (float(v) for v in np.percentile(known, (1, 99))) if known.size else (1.0, 10.0)
    high = max(high, low * 1.01)
    with np.errstate(divide="ignore", invalid="ignore"):
        position = np.log(depth_m / low) / math.log(high / low)
    painted = _viridis(np.nan_to_num(position, nan=0.0, posinf=1.0, neginf=0.0))
    painted[np.isposinf(depth_m)] = _INFINITE
    painted[np.isnan(depth_m)] = _UNKNOWN
    if depth_m.shape[1] < _LEGEND_FROM_WIDTH:
        return painted
    return np.concatenate([painted, _legend(depth_m.shape[1], low, high)])


def label_preview(labels: np.ndarray, colours: Sequence[Rgb], background: Rgb, first: int) -> np.ndarray:
    """Labels in their colours.

    Args:
        labels: (H, W) integers: `first + k` is painted in `colours[k]`, less in `background`.
        colours: One for each label.
        background: Of everything else.
        first: The lowest label that has a colour.
    """
    palette = np.array([background, *colours], np.uint8)
    return palette[np.where(labels < first, 0, labels - first + 1)]


def _viridis(position: np.ndarray) -> np.ndarray:
    from matplotlib import colormaps

    return np.ascontiguousarray(colormaps["viridis"](np.clip(position, 0, 1), bytes=True)[..., :3])


def _legend(width: int, low: float, high: float) -> np.ndarray:
    from PIL import Image, ImageDraw, ImageFont

    row = max(18, width // 40)
    strip = np.zeros((2 * row, width, 3), np.uint8)
    strip[:row] = _viridis(np.linspace(0, 1, width))[None]
    image = Image.fromarray(strip)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(row * 0.62)
    for metres in _ticks(low, high):
        x = math.log(metres / low) / math.log(high / low) * (width - 1)
        draw.line([(x, row - row // 4), (x, row)], fill=_INFINITE)
        draw.text((x, row * 1.45), f"{metres:g} m", fill=_INFINITE, font=font, anchor="mm")
    text = "preview, log scale; white: infinite, black: unknown"
    draw.text(
        (width / 2, row * 0.45), text, fill=_INFINITE, font=font, anchor="mm", stroke_width=2, stroke_fill=0
    )
    return np.asarray(image)


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers between two depths, 1 2 5 in each decade, the ends themselves where too few fit."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    # A label needs room, so none stands at the very ends.
    inside = low * (high / low) ** 0.04, low * (high / low) ** 0.96
    for steps in ((1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9)):
        found = [s * 10.0**d for d in decades for s in steps if inside[0] <= s * 10.0**d <= inside[1]]
        if 3 <= len(found) <= 12:
            return found
    return [float(f"{low * (high / low) ** share:.2g}") for share in (0.1, 0.5, 0.9)]
