"""Pixels whose colour is a mixture of the two sides' colours, whatever the code is.

`vbanalysis.codecs.repair_edges` is for depth and looks at decoded depths too. Here colours alone decide, so
it serves normals and masks: a mixture of two normals is a third one, a mixture of two classes' colours may be
a third class.
"""

from __future__ import annotations

import numpy as np

LEAST_STEP = 40.0
"""Smallest difference of colour between the two sides, /255, as in `repair_edges`."""

_DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))
_LEVEL = (0.35, 0.2, 0.12)
"""Of the step, what a side 1, 2 or 3 pixels away may change just behind: a smooth slope changes 1 / (2 k)."""

_LEVEL_NEIGHBOURS = 7  # of the 3 x 3, itself among them
_AWAY = 0.1  # of the step, how far a mixture is from both sides


def mixtures(rgb: np.ndarray) -> np.ndarray:
    """Find the pixels that mix two sides.

    In one of four directions the colours one to three pixels away on either side differ by at least
    `LEAST_STEP`, each side is level just behind, and the pixel's colour lies on the line between them, away
    from both ends.

    Args:
        rgb: (h, w, 3) uint8.

    Returns:
        (h, w) bool.
    """
    height, width = rgb.shape[:2]
    reach = len(_LEVEL) + 1
    padded = np.pad(rgb.astype(np.float32), ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    colours = padded.reshape(-1, 3)
    across = width + 2 * reach
    at = ((np.arange(height)[:, None] + reach) * across + np.arange(width) + reach).ravel()
    found = np.zeros(height * width, bool)
    for dy, dx in _DIRECTIONS:
        for k, level in enumerate(_LEVEL, start=1):
            move = dy * across + dx
            step = colours[at + k * move] - colours[at - k * move]
            places = np.flatnonzero(np.einsum("ij,ij->i", step, step) >= LEAST_STEP**2)
            middle, step = at[places], step[places]
            a, b = middle - k * move, middle + k * move
            squared = np.einsum("ij,ij->i", step, step)
            here = colours[middle] - colours[a]
            share = np.einsum("ij,ij->i", here, step) / squared
            astray = here - share[:, None] * step
            off_line = np.sqrt(np.einsum("ij,ij->i", astray, astray))
            mixed = (share > _AWAY) & (share < 1 - _AWAY) & (off_line < 0.15 * np.sqrt(squared) + 4)
            for end, behind in ((a, a - move), (b, b + move)):
                change = colours[behind] - colours[end]
                mixed &= np.einsum("ij,ij->i", change, change) < level**2 * squared
            found[places[mixed]] = True
    return found.reshape(height, width)


def on_level_ground(rgb: np.ndarray, tau: float) -> np.ndarray:
    """A picture of instances in which what lies between them is painted like what is nearest.

    A pixel stands on level ground if six of its eight neighbours are within `tau` of its colour; the others
    take the colour of the nearest such pixel. Instances have colours of the model's choosing, so that each
    shade of a mixture may be taken for one more.

    Args:
        rgb: (h, w, 3) uint8.
        tau: As in `InstanceCodec`, /255.
    """
    from scipy.ndimage import distance_transform_edt

    height, width = rgb.shape[:2]
    here = rgb.astype(np.int32)
    padded = np.pad(here, ((1, 1), (1, 1), (0, 0)), mode="symmetric")
    alike = np.zeros((height, width), np.int32)
    for dy in range(3):
        for dx in range(3):
            away = padded[dy : dy + height, dx : dx + width] - here
            alike += np.einsum("ijk,ijk->ij", away, away) <= tau**2
    level = alike >= _LEVEL_NEIGHBOURS
    if not level.any():
        return rgb
    rows, columns = distance_transform_edt(~level, return_distances=False, return_indices=True)
    return np.asarray(rgb[rows, columns])
