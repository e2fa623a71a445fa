"""Colours in which instances can be painted and told apart again."""

from __future__ import annotations

import numpy as np

from vbanalysis.errors import InputError


def grid_colours(count: int, background: np.ndarray, apart: float) -> np.ndarray:
    """The coarsest grid of RGB that holds `count` colours so far apart, in farthest-first order."""
    fitting = np.empty((0, 3), np.int64)
    for steps in range(2, 257):
        levels = np.round(np.linspace(0, 255, steps)).astype(np.int64)
        if np.diff(levels).min() <= apart or len(fitting) >= count:
            break
        grid = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), -1).reshape(-1, 3)
        fitting = grid[((grid - background) ** 2).sum(1) > apart**2]
    if len(fitting) < count:
        raise InputError(
            f"labels hold {count} instances, but only {len(fitting)} colours of a grid are more than "
            f"{apart:g} /255 from each other and from the background: lower tau, or paint fewer at a time"
        )
    chosen = []
    nearest = ((fitting - background) ** 2).sum(1)
    for _ in range(count):
        chosen.append(fitting[nearest.argmax()])
        nearest = np.minimum(nearest, ((fitting - chosen[-1]) ** 2).sum(1))
    return np.array(chosen, np.int64).reshape(-1, 3)


def check_colours(colours: np.ndarray, count: int, background: np.ndarray, tau: float) -> np.ndarray:
    """Hold a caller's colours to what decoding needs."""
    if colours.shape != (count, 3) or colours.dtype.kind not in "iu":
        raise InputError(
            f"colours must be ({count}, 3) integers, one for each instance, "
            f"got {colours.shape} {colours.dtype}"
        )
    if count and not 0 <= colours.min() <= colours.max() <= 255:
        raise InputError(f"colours must lie in 0 to 255, got {colours.min()} to {colours.max()}")
    every = np.concatenate([background[None], colours.astype(np.int64)])
    for i in range(count):
        close = i + 1 + np.flatnonzero(((every[i + 1 :] - every[i]) ** 2).sum(1) <= tau**2)
        if len(close):
            one, two = (f"{tuple(every[k].tolist())}" for k in (i, close[0]))
            raise InputError(f"colours {one} and {two} lie within tau = {tau:g} and would be decoded as one")
    return every[1:]
