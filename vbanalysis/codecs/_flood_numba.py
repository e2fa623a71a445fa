"""Stages 1 to 4 of instance decoding, compiled. Import it lazily: it needs numba.

`_flood_numpy` holds the same function on NumPy alone; the tests hold the two equal.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from vbanalysis.codecs._flood_numpy import UNSEEN


@njit(nogil=True, cache=True)
def grow(colours, background, reach, min_pixels, erosion, offsets):
    """See `vbanalysis.codecs._flood_numpy.grow`."""
    height, width, _ = colours.shape
    flat = colours.reshape(height * width, 3)
    labels = np.empty(height * width, np.int32)
    for p in range(labels.size):
        r, g, b = np.int64(flat[p, 0]), np.int64(flat[p, 1]), np.int64(flat[p, 2])
        distance = (r - background[0]) ** 2 + (g - background[1]) ** 2 + (b - background[2]) ** 2
        labels[p] = -1 if r < 0 else 0 if distance <= reach else UNSEEN

    margin = 0
    steps = np.empty(len(offsets), np.int64)
    for k in range(len(offsets)):
        steps[k] = offsets[k, 0] * width + offsets[k, 1]
        margin = max(margin, abs(offsets[k, 0]), abs(offsets[k, 1]))

    most = max(1, labels.size // max(1, min_pixels))
    areas, sums, boxes = (
        np.empty(most, np.int64),
        np.empty((most, 3), np.int64),
        np.empty((most, 4), np.int64),
    )
    queue = np.empty(labels.size, np.int64)
    count = 0
    for seed in range(labels.size):
        if labels[seed] != UNSEEN:
            continue
        name = count + 1
        r0, g0, b0 = np.int64(flat[seed, 0]), np.int64(flat[seed, 1]), np.int64(flat[seed, 2])
        labels[seed] = name
        queue[0] = seed
        head, tail = 0, 1
        red = green = blue = 0
        left, top, right, bottom = width, height, 0, 0
        while head < tail:
            p = queue[head]
            head += 1
            y = p // width
            x = p - y * width
            red += flat[p, 0]
            green += flat[p, 1]
            blue += flat[p, 2]
            left, top = min(left, x), min(top, y)
            right, bottom = max(right, x + 1), max(bottom, y + 1)
            inside = margin <= y < height - margin and margin <= x < width - margin
            for k in range(len(steps)):
                if not inside and not (0 <= y + offsets[k, 0] < height and 0 <= x + offsets[k, 1] < width):
                    continue
                q = p + steps[k]
                if labels[q] == UNSEEN:
                    r, g, b = np.int64(flat[q, 0]), np.int64(flat[q, 1]), np.int64(flat[q, 2])
                    if (r - r0) ** 2 + (g - g0) ** 2 + (b - b0) ** 2 <= reach:
                        labels[q] = name
                        queue[tail] = q
                        tail += 1

        keep = tail >= min_pixels
        if keep:
            solid = 0
            for head in range(tail):
                p = queue[head]
                y = p // width
                x = p - y * width
                whole = True
                for v in range(max(0, y - 1), min(height, y + 2)):
                    for u in range(max(0, x - 1), min(width, x + 2)):
                        whole = whole and labels[v * width + u] == name
                solid += whole
            keep = solid >= erosion * tail
        if keep:
            areas[count] = tail
            sums[count, 0], sums[count, 1], sums[count, 2] = red, green, blue
            boxes[count, 0], boxes[count, 1], boxes[count, 2], boxes[count, 3] = left, top, right, bottom
            count += 1
        else:
            for head in range(tail):
                labels[queue[head]] = -1
    return labels.reshape(height, width), areas[:count].copy(), sums[:count].copy(), boxes[:count].copy()
