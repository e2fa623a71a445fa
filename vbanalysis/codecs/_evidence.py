"""What a picture's colours say of the code it may be in: shares of pixels, and nothing decided yet."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from vbanalysis.codecs._arrays import to_numpy, unit_rgb
from vbanalysis.codecs.colormaps import ColormapCodec
from vbanalysis.codecs.flat_colours import FlatColours, find_flat_colours
from vbanalysis.codecs.identify import NEAR_CODE, WalkIdentification, identify_walk
from vbanalysis.codecs.identify_normals import NormalConvention, identify_normal_convention
from vbanalysis.types import Array

COLOURED = 48.0
"""A pixel whose channels span more levels than this has a colour: black, white and grey have none."""

GREY = 12.0
"""A pixel this near to equal channels, in /255, is grey, slight drift and JPEG allowed for."""

UNIT = 0.1
"""A vector whose length is this near to 1 is a unit vector, rounding and slight drift allowed for."""

MAPS = ("viridis", "plasma", "inferno", "gray")
"""The colour maps that the paper trained on beside its walk."""

_MOST_PIXELS = 500_000  # taken at a stride, which mixes no colours
_MOST_ON_MAPS = 40_000  # projecting on a line of 256 colours is slower than all the rest


class MapScore(NamedTuple):
    """How well a colour map explains a picture.

    Attributes:
        name: The map.
        score: Mean distance of the pixels to it, in /255; lower is better.
        share: Of the pixels, within 24/255 of it.
        coloured_share: The same among coloured pixels, NaN where there are none.
    """

    name: str
    score: float
    share: float
    coloured_share: float


class Evidence(NamedTuple):
    """What the colours say.

    Attributes:
        walk: The six walks, ranked (no ranking where every pixel is mid-grey).
        maps: The colour maps, best first.
        convention: Of normals.
        unit_share: Of vectors within 0.1 of length 1 when read as normals, mid-grey left out.
        flat: The flat colours.
        coloured: Share of pixels whose channels span more than 48 levels.
        grey: Share of pixels within 12/255 of equal channels.
    """

    walk: WalkIdentification
    maps: tuple[MapScore, ...]
    convention: NormalConvention
    unit_share: float
    flat: FlatColours
    coloured: float
    grey: float


def gather(rgb: Array) -> Evidence:
    """Look at (H, W, 3) colours, at least 16 x 16; at a stride where they are many."""
    # A narrow picture keeps the 16 pixels that a convention is told from.
    stride = min(_stride(rgb, _MOST_PIXELS), min(rgb.shape[:2]) // 16)
    colours = to_numpy(unit_rgb(rgb[::stride, ::stride])).astype(np.float64)
    colours = np.where(np.isfinite(colours).all(axis=-1, keepdims=True), colours, 128 / 255)
    coloured = np.ptp(colours, axis=-1) * 255 > COLOURED
    off_grey = np.linalg.norm(colours - colours.mean(axis=-1, keepdims=True), axis=-1) * 255
    length = np.linalg.norm(2 * colours - 1, axis=-1)
    some = length > 0.05
    return Evidence(
        _walk(colours),
        _maps(colours, coloured),
        identify_normal_convention(colours),
        float((np.abs(length[some] - 1) <= UNIT).mean()) if some.any() else 0.0,
        find_flat_colours(colours),
        float(coloured.mean()),
        float((off_grey <= GREY).mean()),
    )


def _stride(rgb: Array, most: int) -> int:
    return max(1, math.ceil(math.sqrt(rgb.shape[0] * rgb.shape[1] / most)))


def _walk(colours: np.ndarray) -> WalkIdentification:
    if (np.rint(colours * 255) == 128).all():
        return WalkIdentification((), 0, "none", "no depth walk: every pixel is mid-grey, which is unknown")
    return identify_walk(colours)


def _maps(colours: np.ndarray, coloured: np.ndarray) -> tuple[MapScore, ...]:
    stride = _stride(colours, _MOST_ON_MAPS)
    colours, coloured = colours[::stride, ::stride], coloured[::stride, ::stride]
    scores = []
    for name in MAPS:
        residual = ColormapCodec(name).decode(colours).residual
        near = residual <= NEAR_CODE
        among_coloured = float(near[coloured].mean()) if coloured.any() else math.nan
        scores.append(MapScore(name, float(residual.mean()), float(near.mean()), among_coloured))
    return tuple(sorted(scores, key=lambda found: found.score))
