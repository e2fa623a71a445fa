"""Maps of one size at the pixels of another: how features meet labels, and answers their picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vbanalysis.errors import InputError


def at_pixels(maps: np.ndarray, places: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """What a map says at pixels of a picture, between its own places bilinearly.

    Args:
        maps: (C, h, w) floats over the whole picture.
        places: (n,) pixels, counted row by row.
        shape: Height and width of the picture.

    Returns:
        (n, C) float32.
    """
    rows, columns = np.divmod(places, shape[1])
    (up, down, below), (left, right, beside) = (
        _between(at, size, many)
        for at, size, many in ((rows, maps.shape[1], shape[0]), (columns, maps.shape[2], shape[1]))
    )
    values = maps.astype(np.float32, copy=False)
    above = values[:, up, left] * (1 - beside) + values[:, up, right] * beside
    under = values[:, down, left] * (1 - beside) + values[:, down, right] * beside
    return (above * (1 - below) + under * below).T


def resized(maps: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A (C, h, w) map at every pixel of a picture, as `at_pixels` has it: (C, H, W) float32."""
    values = maps.astype(np.float32, copy=False)
    for axis, many in ((1, shape[0]), (2, shape[1])):
        if values.shape[axis] != many:
            low, high, share = _between(np.arange(many), values.shape[axis], many)
            share = share[:, None] if axis == 1 else share
            values = values.take(low, axis) * (1 - share) + values.take(high, axis) * share
    return values


def stacked(maps: Sequence[np.ndarray]) -> np.ndarray:
    """Several maps of one picture as one, at the finest size among them: (C1 + C2 + ..., h, w).

    A probe of it may use any of them (hypercolumns; Hariharan et al. 2015).
    """
    if not maps:
        raise InputError("maps must hold at least one map, got none")
    shape = max((each.shape[1:] for each in maps), key=lambda size: size[0] * size[1])
    return np.concatenate([resized(each, (shape[0], shape[1])) for each in maps]).astype(maps[0].dtype)


def drawn_pixels(known: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Up to `n` of the known pixels of a picture, drawn without return, in order; counted row by row."""
    places = np.flatnonzero(known)
    return places if len(places) <= n else np.sort(rng.choice(places, n, replace=False))


def _between(at: np.ndarray, size: int, many: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The two of `size` places that pixel `at` of `many` lies between, and how near it is to the latter."""
    place = np.clip((at + 0.5) * size / many - 0.5, 0, size - 1)
    low = np.floor(place).astype(np.int64)
    return low, np.minimum(low + 1, size - 1), (place - low).astype(np.float32)
