"""The flat colours of a picture, and how much of it they cover: what tells a mask from all else.

A mask is painted in a few colours with nothing between them but thin edges. Photographs, depth and
normals have frequent colours too, yet their neighbours in RGB are as frequent. So a colour counts
with its core alone, and keeps others from counting within its halo.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vbanalysis.codecs._distinct import count_colours
from vbanalysis.types import Array, Rgb

CORE = 8.0
"""A pixel this near to a flat colour, in /255, is painted in it: drift, JPEG and slight noise stay inside."""

HALO = 24.0
"""Colours this near to a flat colour are shades of it. Of evenly spread shades a third lies in the core."""

LEAST_AREA = 2e-4
"""Smallest share of the picture that makes a colour count; the paper's smallest instance."""

MOST_COLOURS = 256

LEAST_FLAT = 0.85
"""Share in flat colours of a mask: published ones have 0.96 and more, all else at most 0.68."""


class FlatColour(NamedTuple):
    """One flat colour.

    Attributes:
        rgb: In 8 bits.
        share: Of the picture's pixels, within `CORE` of it.
    """

    rgb: Rgb
    share: float


class FlatColours(NamedTuple):
    """The flat colours of a picture, the most frequent first.

    Attributes:
        colours: Each with its share.
        share: Of the pixels, in any of them: 0.96 and more in published masks, 0.15 to 0.59 in
            published depth, normals and photographs.
        tinted_share: The same among pixels farther than `HALO` from black and from white, NaN where
            there are none: sky or an empty background says nothing of the rest.
    """

    colours: tuple[FlatColour, ...]
    share: float
    tinted_share: float


def find_flat_colours(rgb: Array) -> FlatColours:
    """Find the colours that a picture is painted in, most frequent first.

    Args:
        rgb: (..., 3) uint8, uint16 or float in [0, 1]; pixels that hold NaN are left out.

    Raises:
        InputError: `rgb` is not an image of colours.

    Examples:
        >>> image = np.zeros((10, 10, 3), np.uint8)
        >>> image[2:6, 2:7] = (250, 10, 0)
        >>> [(flat.rgb, flat.share) for flat in find_flat_colours(image).colours]
        [((0, 0, 0), 0.8), ((250, 10, 0), 0.2)]
    """
    colours, counts = count_colours(rgb)
    total = max(int(counts.sum()), 1)
    cells = colours // 4 @ (4096, 64, 1)
    tinted = (np.linalg.norm(colours, axis=1) > HALO) & (np.linalg.norm(colours - 255, axis=1) > HALO)
    in_core = np.zeros(len(colours), bool)
    free = np.ones(len(colours), bool)
    weights = np.bincount(cells, weights=counts, minlength=64**3)
    found: list[FlatColour] = []
    while free.any() and len(found) < MOST_COLOURS:
        cell = int(weights.argmax())
        if weights[cell] < LEAST_AREA * total / 4:
            break
        mine = np.flatnonzero(free & (cells == cell))
        centre = colours[mine[counts[mine].argmax()]]
        away = np.linalg.norm(colours - centre, axis=1)
        core = free & (away <= CORE)
        taken = free & (away <= HALO)
        weights -= np.bincount(cells[taken], weights=counts[taken], minlength=64**3)
        free &= ~taken
        share = float(counts[core].sum() / total)
        if share >= LEAST_AREA:
            red, green, blue = centre.tolist()
            found.append(FlatColour((red, green, blue), share))
            in_core |= core
    n_tinted = int(counts[tinted].sum())
    return FlatColours(
        tuple(sorted(found, key=lambda flat: -flat.share)),
        float(counts[in_core].sum() / total),
        float(counts[in_core & tinted].sum() / n_tinted) if n_tinted else float("nan"),
    )
