"""Stages 1 to 4 of instance decoding on NumPy alone: slower than `_flood_numba`, equal in every label."""

from __future__ import annotations

import numpy as np

UNSEEN = -2
"""Foreground that no component has claimed yet; none is left in what `grow` returns."""


def grow(
    colours: np.ndarray,
    background: np.ndarray,
    reach: float,
    min_pixels: int,
    erosion: float,
    offsets: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Split a picture into the components that are large and solid enough.

    Seeds are taken in raster order from the pixels that are neither background nor part of an
    earlier component; a component is what can be reached from its seed over such pixels whose
    colour is within reach of the seed's. Integers throughout, so no sum depends on its order.

    Args:
        colours: (H, W, 3) integers; a negative red marks a pixel of no colour.
        background: (3,) int64 in the unit of `colours`.
        reach: Squared distance, in that unit, at which two colours still count as one.
        min_pixels: Components of fewer pixels are rejected.
        erosion: So are those of which a 3x3 erosion leaves less than this share. What lies
            outside the picture counts as inside the component: a cut instance is not thin.
        offsets: (n, 2) int64, each `dy, dx`: the neighbours of a pixel.

    Returns:
        labels (H, W) int32: component k is k from 1 in order of the seeds, 0 background, -1
        rejected; and for each component its area (n,), colour sum (n, 3) and box (n, 4), int64.
    """
    height, width, _ = colours.shape
    flat = colours.reshape(-1, 3).astype(np.int64)
    labels = np.where(((flat - background) ** 2).sum(1) <= reach, 0, UNSEEN).astype(np.int32)
    labels[flat[:, 0] < 0] = -1

    areas: list[int] = []
    sums: list[np.ndarray] = []
    boxes: list[tuple[int, int, int, int]] = []
    for seed in np.flatnonzero(labels == UNSEEN):
        if labels[seed] != UNSEEN:
            continue
        name = len(areas) + 1
        labels[seed] = name
        frontier = np.array([seed])
        waves = [frontier]
        while frontier.size:
            y, x = (np.array(np.divmod(frontier, width))[:, None] + offsets.T[:, :, None]).reshape(2, -1)
            near = (y * width + x)[(y >= 0) & (y < height) & (x >= 0) & (x < width)]
            near = near[labels[near] == UNSEEN]
            frontier = np.unique(near[((flat[near] - flat[seed]) ** 2).sum(1) <= reach])
            labels[frontier] = name
            waves.append(frontier)
        member = np.concatenate(waves)

        if member.size < min_pixels:
            labels[member] = -1
            continue
        y, x = np.divmod(member, width)
        solid = np.ones(member.size, bool)
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                v, u = np.clip(y + dy, 0, height - 1), np.clip(x + dx, 0, width - 1)
                solid &= labels[v * width + u] == name
        if solid.sum() < erosion * member.size:
            labels[member] = -1
            continue
        areas.append(member.size)
        sums.append(flat[member].sum(0))
        boxes.append((x.min(), y.min(), x.max() + 1, y.max() + 1))
    return (
        labels.reshape(height, width),
        np.array(areas, np.int64),
        np.array(sums, np.int64).reshape(-1, 3),
        np.array(boxes, np.int64).reshape(-1, 4),
    )
