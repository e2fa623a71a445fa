"""One row of pixels through a depth edge, as every head reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.mini.world.render import View
from vbanalysis.studies.heads.answers import Draws

_FARTHEST_M = 12.0


class Profile(NamedTuple):
    """Pixels of a row, from one side of an edge to the other.

    Attributes:
        column_px: (n,) columns.
        truth_m: (n,) metres.
        lines: By head, (S, n) metres of S draws.
        strips: By head, (S, n, 3) uint8 painted colours, of heads that paint.
    """

    column_px: np.ndarray
    truth_m: np.ndarray
    lines: dict[str, np.ndarray]
    strips: dict[str, np.ndarray]


def steepest(view: View, reach_px: int = 5) -> tuple[int, int]:
    """Row and column left of the largest step in true depth along a row, with level ground on both sides.

    Args:
        view: Of a scene; sides beyond 12 m and the sky do not count.
        reach_px: Pixels on either side that must be level, within 10 %.

    Raises:
        InputError: There is no such step.
    """
    with np.errstate(divide="ignore"):
        logs = np.log(view.depth_m.astype(np.float64))
    best, found = 0.0, None
    for column in range(reach_px - 1, logs.shape[1] - reach_px):
        left, right = logs[:, column - reach_px + 1 : column + 1], logs[:, column + 1 : column + reach_px + 1]
        with np.errstate(invalid="ignore"):
            level = (np.ptp(left, axis=1) < 0.1) & (np.ptp(right, axis=1) < 0.1)
            level &= np.maximum(left.max(axis=1), right.max(axis=1)) < np.log(_FARTHEST_M)
            step = np.where(level, np.abs(right[:, 0] - left[:, -1]), 0.0)
        row = int(step.argmax())
        if step[row] > best:
            best, found = float(step[row]), (row, column)
    if found is None:
        raise InputError(f"no step in depth has {reach_px} level pixels on either side")
    return found


def profile(view: View, draws: Mapping[str, Draws], place: int, reach_px: int = 5) -> Profile:
    """The row through the steepest edge of a scene.

    Args:
        view: Of the scene.
        draws: By head.
        place: Which of the heads' images it is.
        reach_px: As in `steepest`.
    """
    row, column = steepest(view, reach_px)
    columns = np.arange(column - reach_px + 1, column + reach_px + 1)
    return Profile(
        columns,
        view.depth_m[row, columns],
        {name: each.values[:, place, row][:, columns] for name, each in draws.items()},
        {name: each.rgb[:, place, row][:, columns] for name, each in draws.items() if each.rgb is not None},
    )


def clearest(views: Sequence[View], reach_px: int = 5) -> int:
    """Place of the scene with the largest step in true depth, as `steepest` finds it.

    Raises:
        InputError: None has a step.
    """
    sizes = []
    for view in views:
        try:
            row, column = steepest(view, reach_px)
        except InputError:
            sizes.append(0.0)
            continue
        ratio = float(view.depth_m[row, column + 1] / view.depth_m[row, column])
        sizes.append(max(ratio, 1 / ratio))
    if not any(sizes):
        raise InputError(f"none of {len(sizes)} scenes has a step in depth with level ground on both sides")
    return int(np.argmax(sizes))
