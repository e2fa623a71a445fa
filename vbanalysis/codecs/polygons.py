"""Polygons to masks, pixel for pixel as the two rasterisers do on which benchmarks have settled.

They differ at the borders. COCO's (`maskApi.c` of pycocotools) rounds corners to fifths of a pixel and
keeps the pixels whose centre, taken down each column, lies inside. OpenCV's (`polylines` and `fillPoly`)
cuts corners to whole pixels and keeps the border too.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.images import MAX_PIXELS

_FINER = 5
"""Steps a pixel of COCO's rasteriser."""

_FIXED = 16
"""Bits after the point in OpenCV's crossings of a polygon with a row."""


def coco_mask(polygons: Sequence[Sequence[float]], shape: tuple[int, int]) -> np.ndarray:
    """The pixels in any of the polygons, as COCO's tools paint an instance.

    Args:
        polygons: Each `x0, y0, x1, y1, ...` in pixels, at least three corners.
        shape: Height and width.

    Returns:
        (H, W) bool.

    Raises:
        InputError: The shape or a polygon cannot be used.

    Examples:
        >>> coco_mask([[0, 0, 2, 0, 2, 1, 0, 1]], (2, 3)).astype(int).tolist()
        [[1, 1, 0], [0, 0, 0]]
    """
    height, width = _checked(shape)
    mask = np.zeros((height, width), bool)
    for place, polygon in enumerate(polygons):
        corners = np.asarray(polygon, np.float64) if _numbers(polygon) else np.empty(0)
        if corners.ndim != 1 or len(corners) < 6 or len(corners) % 2:
            raise InputError(
                f"polygons[{place}] must hold x and y of at least three corners, one after the other"
            )
        mask |= _coco_inside(_near(corners.reshape(-1, 2), shape, place), height, width)
    return mask


def _coco_inside(corners: np.ndarray, height: int, width: int) -> np.ndarray:
    fine = np.trunc(_FINER * corners + 0.5).astype(np.int64)
    xs, ys = [], []
    for start, end in pairwise([*fine, fine[0]]):
        edge = _along(start, end)
        xs.append(edge[0])
        ys.append(edge[1])
    x, y = np.concatenate(xs), np.concatenate(ys)
    # A column is entered where the walk round the polygon crosses the line through its pixels' centres.
    column = np.maximum(x[1:], x[:-1]) - 1
    crossing = (x[1:] != x[:-1]) & (column % _FINER == _FINER // 2)
    column = column[crossing] // _FINER
    row = -((_FINER // 2 - np.minimum(y[1:], y[:-1])[crossing]) // _FINER)
    inside = (column >= 0) & (column < width)
    toggles = column[inside] * height + np.clip(row[inside], 0, height)
    odd = np.cumsum(np.bincount(toggles, minlength=height * width + 1)[: height * width]) % 2
    return odd.astype(bool).reshape(width, height).T


def _along(start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The fine steps from a corner to the next, one for each step of the longer side."""
    (dx, dy), axis = np.abs(end - start), 0
    if dx < dy:
        axis = 1
    low, high = (start, end) if start[axis] <= end[axis] else (end, start)
    steps = np.arange(high[axis] - low[axis] + 1)
    slope = (high[1 - axis] - low[1 - axis]) / max(len(steps) - 1, 1)
    across = np.trunc(low[1 - axis] + slope * steps + 0.5).astype(np.int64)
    ahead = steps + low[axis]
    if low is not start:
        ahead, across = ahead[::-1], across[::-1]
    return (ahead, across) if axis == 0 else (across, ahead)


def opencv_mask(polygon: Sequence[Sequence[float]], shape: tuple[int, int]) -> np.ndarray:
    """The pixels in a polygon and on its border, as OpenCV paints it from 32-bit integers.

    Args:
        polygon: `(x, y)` of each corner in pixels; the part after the point is cut off.
        shape: Height and width.

    Returns:
        (H, W) bool.

    Raises:
        InputError: The shape or the polygon cannot be used.

    Examples:
        >>> opencv_mask([(0, 0), (2, 0), (2, 1), (0, 1)], (2, 3)).astype(int).tolist()
        [[1, 1, 1], [1, 1, 1]]
    """
    height, width = _checked(shape)
    good = len(polygon) > 0 and all(_numbers(corner) and len(corner) == 2 for corner in polygon)
    if not good:
        raise InputError("polygon must hold an (x, y) for each corner, and at least one")
    corners = np.trunc(_near(np.asarray(polygon, np.float64), shape)).astype(int).tolist()
    mask = np.zeros((height, width), bool)
    edges = []
    for start, end in pairwise([corners[-1], *corners]):
        visible, cut_start, cut_end = _clip(start, end, width - 1, height - 1)
        if visible:
            x, y = _line(cut_start, cut_end)
            mask[y, x] = True
        if start[1] != end[1]:
            edges.append(_edge(start, end, cut_start, cut_end))
    _fill(mask, edges)
    return mask


def _clip(start: list[int], end: list[int], right: int, bottom: int) -> tuple[bool, list[int], list[int]]:
    """A line cut to the picture, above and below, then at the sides; and whether any of it is inside."""
    ends, limits = [list(start), list(end)], (right, bottom)
    for axis in (1, 0):
        over = [_outside(point, limits) for point in ends]
        if over[0] & over[1] or not over[0] | over[1]:
            break
        for point in ends:
            limit = 0 if point[axis] < 0 else limits[axis] if point[axis] > limits[axis] else None
            if limit is not None:
                (x0, y0), (x1, y1) = ends
                along, across = (y1 - y0, x1 - x0) if axis == 1 else (x1 - x0, y1 - y0)
                point[1 - axis] += int((limit - point[axis]) * across / along)  # towards zero, as in C
                point[axis] = limit
    return not any(_outside(point, limits) for point in ends), ends[0], ends[1]


def _outside(point: list[int], limits: tuple[int, int]) -> set[tuple[int, bool]]:
    """The sides of the picture that a point lies beyond."""
    return {(axis, point[axis] > 0) for axis in (0, 1) if not 0 <= point[axis] <= limits[axis]}


def _line(start: list[int], end: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """The pixels of Bresenham's line; ties between two pixels go to the one nearer to the left end."""
    if end[0] < start[0]:
        start, end = end, start
    dx, dy, down = end[0] - start[0], abs(end[1] - start[1]), 1 if end[1] >= start[1] else -1
    steps = np.arange(max(dx, dy) + 1)
    longer, shorter = max(dx, dy, 1), min(dx, dy)
    aside = -((longer - 2 * shorter * steps) // (2 * longer))
    if dx >= dy:
        return start[0] + steps, start[1] + down * aside
    return start[0] + aside, start[1] + down * steps


def _edge(
    start: list[int], end: list[int], cut_start: list[int], cut_end: list[int]
) -> tuple[int, int, int, int]:
    """First row, row after the last, and in fixed point the crossing with the first and the step to the next.

    The slope is that of the line as cut to the picture, which is where OpenCV's masks of polygons that
    leave it come from.
    """
    y0, y1 = (cut_start[1], cut_end[1]) if cut_start[1] != cut_end[1] else (start[1], end[1])
    x0, x1 = cut_start[0] << _FIXED, cut_end[0] << _FIXED
    step = abs(x1 - x0) // abs(y1 - y0)
    if (x1 < x0) != (y1 < y0):
        step = -step
    if start[1] < end[1]:
        return start[1], end[1], x0 + (start[1] - y0) * step, step
    return end[1], start[1], x1 + (end[1] - y1) * step, step


def _fill(mask: np.ndarray, edges: list[tuple[int, int, int, int]]) -> None:
    """Mark the pixels of each row from the first crossing to the second, the third to the fourth, etc."""
    top, bottom, x, step = np.array(edges, np.int64).reshape(-1, 4).T
    for row in range(max(0, top.min(initial=len(mask))), min(len(mask), bottom.max(initial=0))):
        active = (top <= row) & (row < bottom)
        crossings = np.sort(x[active] + step[active] * (row - top[active]))
        for left, right in zip(crossings[::2], crossings[1::2], strict=True):
            mask[row, max(0, -(-left >> _FIXED)) : max(0, (right >> _FIXED) + 1)] = True


def _checked(shape: tuple[int, int]) -> tuple[int, int]:
    height, width = shape
    if min(shape) < 1 or height * width > MAX_PIXELS:
        raise InputError(f"shape must be a height and a width of at most {MAX_PIXELS:,} pixels, got {shape}")
    return height, width


def _numbers(values: object) -> bool:
    if not isinstance(values, list | tuple | np.ndarray):
        return False
    return all(isinstance(v, int | float | np.number) and not isinstance(v, bool) for v in values)


def _near(corners: np.ndarray, shape: tuple[int, int], place: int | None = None) -> np.ndarray:
    """The corners, held to lie in or about the picture: a line to far away takes memory without end."""
    reach = 4 * max(250, *shape)
    if not np.all(np.abs(corners) <= reach):
        name = "polygon" if place is None else f"polygons[{place}]"
        raise InputError(
            f"{name} has a corner that is not finite or lies far outside the picture of "
            f"{shape[0]} x {shape[1]} (height x width)"
        )
    return corners
