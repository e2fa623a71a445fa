"""The legend of a mask as it was painted: drift of colours, absent classes, colours nobody asked for."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from vbanalysis.codecs.flat_colours import HALO, FlatColour
from vbanalysis.types import Rgb

FARTHEST_DRIFT = 64.0
"""A flat colour farther than this, in /255, is none of those asked for; published ones drift by 15."""

_MIXED_SHARE = 5e-3
"""Flat colours between two that were asked are edges, unless they cover more than this of the picture."""


class LegendRow(NamedTuple):
    """One colour that was asked for.

    Attributes:
        name: The class; `"(background)"` for the background.
        asked: The colour of the prompt.
        painted: Median of the pixels nearest to it and within `FARTHEST_DRIFT`; None for none.
        drift: Distance of `painted` to `asked`, in /255; NaN for none.
        direction: `painted` less `asked`, by channel; None for none.
        pixels: Decoded as this class.
        share: Theirs of the picture.
        rejected: Pixels nearest to this colour that were too far off.
        absent: No flat colour of the picture is this one.
    """

    name: str
    asked: Rgb
    painted: Rgb | None
    drift: float
    direction: Rgb | None
    pixels: int
    share: float
    rejected: int
    absent: bool


class Legend(NamedTuple):
    """The colours asked for, the background last, and flat colours that nobody asked for."""

    rows: tuple[LegendRow, ...]
    unasked: tuple[FlatColour, ...]


def legend_of(
    asked: dict[str, Rgb],
    colours: np.ndarray,
    counts: np.ndarray,
    nearest: np.ndarray,
    valid: np.ndarray,
    flat: tuple[FlatColour, ...],
) -> Legend:
    """Hold the colours of a picture to those that were asked for.

    Args:
        asked: Name to colour.
        colours: (N, 3) distinct colours of the picture.
        counts: (N,) pixels of each.
        nearest: (N,) place in `asked`; -1 for none of them.
        valid: (N,) bool, not rejected.
        flat: The picture's flat colours.
    """
    owners = [_owner(each.rgb, asked) for each in flat]
    total = int(counts.sum())
    rows = []
    for place, (name, rgb) in enumerate(asked.items()):
        mine = nearest == place
        like = mine & (((colours - np.array(rgb)) ** 2).sum(1) <= FARTHEST_DRIFT**2)
        painted = _median(colours[like], counts[like])
        pixels = int(counts[mine & valid].sum())
        direction = None
        if painted is not None:
            direction = (painted[0] - rgb[0], painted[1] - rgb[1], painted[2] - rgb[2])
        rows.append(
            LegendRow(
                name,
                rgb,
                painted,
                math.nan if painted is None else math.dist(painted, rgb),
                direction,
                pixels,
                pixels / total,
                int(counts[mine & ~valid].sum()),
                place not in owners,
            )
        )
    known = list(asked.values())
    unasked = tuple(
        each
        for each, owner in zip(flat, owners, strict=True)
        if owner is None and (each.share > _MIXED_SHARE or not _is_mixed(each.rgb, known))
    )
    return Legend(tuple(rows), unasked)


def _owner(rgb: Rgb, asked: dict[str, Rgb]) -> int | None:
    away = [math.dist(rgb, other) for other in asked.values()]
    place = int(np.argmin(away))
    return place if away[place] <= FARTHEST_DRIFT else None


def _is_mixed(rgb: Rgb, asked: list[Rgb]) -> bool:
    """Whether it lies between two of them."""
    point, known = np.array(rgb, float), np.array(asked, float)
    starts, ends = known[:, None], known[None]
    along = ends - starts
    length = (along**2).sum(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.clip(((point - starts) * along).sum(-1) / length, 0, 1)
    away = np.linalg.norm(starts + np.nan_to_num(part)[..., None] * along - point, axis=-1)
    return bool((away[length > 0] <= HALO).any())


def _median(colours: np.ndarray, counts: np.ndarray) -> Rgb | None:
    """Median of each channel, every colour as often as its count, as `PaletteCodec.report` takes it."""
    n = int(counts.sum())
    if not n:
        return None
    found = []
    for channel in colours.T:
        below = np.cumsum(np.bincount(channel, weights=counts, minlength=256))
        middle = np.searchsorted(below, [(n - 1) // 2, n // 2], side="right")
        found.append(round(float(middle.mean())))
    return found[0], found[1], found[2]
