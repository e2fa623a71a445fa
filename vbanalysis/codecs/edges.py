"""Pixels that mix two depths, found and given to one side.

Between a near and a far surface, compression and resizing mix two colours. On the way from one
to the other the mixture leaves the walk, or crosses it where a third depth lies. Such a pixel
can be told by its neighbours: they stand on level ground on either side, and its colour is a
mixture of theirs. Brightness and chroma may be mixed in different shares, because JPEG, WebP
and video store chroma at half resolution; brightness then tells which side the pixel is on.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vbanalysis.codecs._arrays import check_number, like, to_numpy, unit_rgb
from vbanalysis.errors import InputError
from vbanalysis.types import Array, DepthResult

_OFF_CODE = 16.0  # residual, /255, above the image's typical one, of what is no point of the walk
_TO_YCC = np.array(  # Rec. 601 as JPEG uses it, columns Y, Cb, Cr
    [[0.299, -0.168736, 0.5], [0.587, -0.331264, -0.418688], [0.114, 0.5, -0.081312]], np.float32
)
_DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))


class EdgeRepair(NamedTuple):
    """A decoded depth whose mixed pixels were given to one side.

    Attributes:
        result: The decoded result with `depth_m` (and `valid`) replaced where `mixed`.
        mixed: (H, W) bool, the pixels found to be mixtures.
    """

    result: DepthResult
    mixed: Array


def repair_edges(
    decoded: DepthResult, radius: int = 3, least_step: float = 40.0, least_ratio: float = 1.05
) -> EdgeRepair:
    """Give each pixel that mixes two neighbours the depth of the one it resembles more.

    A pixel is a mixture if, in one of four directions, the colours a few pixels away on either
    side (a) differ by at least `least_step` and decode to depths at least `least_ratio` apart,
    (b) lie on the code, (c) change by less than a quarter of the step just behind, and (d) have
    this pixel's chroma on the line between them and its brightness in between; and if (e) it is
    harmful: off the code, or decoded to a depth that is not between theirs while all three
    channels lie on that line.

    Args:
        decoded: One image, (H, W), as `DepthCodec.decode` returns it, with its colours.
        radius: Farthest neighbours looked at, in pixels, 1 to 8. 4:2:0 mixes over 3.
        least_step: Smallest difference of colour between the two sides, in /255.
        least_ratio: Smallest ratio of the two depths.

    Raises:
        InputError: `decoded` is not one image, or a setting is out of range.
    """
    if not isinstance(decoded, DepthResult):
        raise InputError(
            f"decoded must be what DepthCodec.decode returns, a DepthResult; got {type(decoded).__name__}"
        )
    if decoded.depth_m.ndim != 2:
        raise InputError(
            f"decoded must be one image (H, W), got depth of shape {tuple(decoded.depth_m.shape)}"
        )
    radius = check_number(radius, "radius", low=1, high=8, whole=True)
    check_number(least_step, "least_step", above=0, note="in /255")
    check_number(least_ratio, "least_ratio", low=1)
    if 0 in decoded.depth_m.shape:
        return EdgeRepair(decoded, decoded.valid)
    depth, residual = to_numpy(decoded.depth_m), to_numpy(decoded.residual)
    known = to_numpy(decoded.valid)
    colours = to_numpy(unit_rgb(decoded.rgb)).astype(np.float32) * 255
    reach = radius + 1
    padded_colours = np.pad(colours, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    padded_depth = np.pad(np.where(known, depth, np.nan), reach, mode="edge")
    padded_clean = np.pad(known & (residual <= 24), reach, mode="edge")
    height, width = depth.shape

    def shifted(array: np.ndarray, dy: int, dx: int) -> np.ndarray:
        return array[reach + dy : reach + dy + height, reach + dx : reach + dx + width]

    # Drift and noise move all colours off the walk; what is mixed lies clearly farther off than the rest.
    typical = float(np.median(residual[known])) if known.any() else np.inf
    spread = float(np.median(np.abs(residual[known] - typical))) if known.any() else 0.0
    off_code = typical + max(_OFF_CODE, 5 * spread)
    repaired, best_fit = depth.copy(), np.full(depth.shape, np.inf, np.float32)
    for dy, dx in _DIRECTIONS:
        for k in range(1, radius + 1):
            a, b = shifted(padded_colours, -k * dy, -k * dx), shifted(padded_colours, k * dy, k * dx)
            step = b - a
            squared = np.einsum("ijk,ijk->ij", step, step)
            candidate = (
                (squared >= least_step**2)
                & shifted(padded_clean, -k * dy, -k * dx)
                & shifted(padded_clean, k * dy, k * dx)
            )
            rows, columns = np.nonzero(candidate)
            if not len(rows):
                continue
            depth_a = shifted(padded_depth, -k * dy, -k * dx)[rows, columns]
            depth_b = shifted(padded_depth, k * dy, k * dx)[rows, columns]
            behind_a = shifted(padded_colours, -(k + 1) * dy, -(k + 1) * dx)[rows, columns]
            behind_b = shifted(padded_colours, (k + 1) * dy, (k + 1) * dx)[rows, columns]
            a, step = a[rows, columns] @ _TO_YCC, step[rows, columns] @ _TO_YCC
            here = colours[rows, columns] @ _TO_YCC - a
            size = np.linalg.norm(step, axis=1)
            chroma = np.maximum((step[:, 1:] ** 2).sum(axis=1), 1e-6)
            share = (here[:, 1:] * step[:, 1:]).sum(axis=1) / chroma
            astray = np.linalg.norm(here[:, 1:] - share[:, None] * step[:, 1:], axis=1)
            slack = 0.15 * size + 4
            low, high = np.minimum(step[:, 0], 0), np.maximum(step[:, 0], 0)
            between = (here[:, 0] > low - slack) & (here[:, 0] < high + slack)
            to_one = np.minimum(np.linalg.norm(here, axis=1), np.linalg.norm(here - step, axis=1))
            mixed = (share > -0.1) & (share < 1.1) & (astray < slack) & between & (to_one > 0.1 * size)
            level = (np.linalg.norm(behind_a @ _TO_YCC - a, axis=1) < 0.25 * size) & (
                np.linalg.norm(behind_b @ _TO_YCC - a - step, axis=1) < 0.25 * size
            )
            near, far = np.minimum(depth_a, depth_b), np.maximum(depth_a, depth_b)
            own = depth[rows, columns]
            with np.errstate(invalid="ignore"):
                apart = (far > near * least_ratio) & (far > 0)
                third = ~((own > near / 1.05) & (own < far * 1.05))
            # On the code a third depth may be a real sliver, unless it is just the colour of a mixture.
            evenly = np.linalg.norm(here - share[:, None] * step, axis=1) < 0.06 * size + 2
            harmful = (residual[rows, columns] > off_code) | (third & evenly)
            mixture = mixed & level & apart & harmful
            bright = np.abs(step[:, 0]) > 24
            side_b = np.where(bright, here[:, 0] / np.where(bright, step[:, 0], 1.0), share) > 0.5
            fit = (astray / size + 0.01 * k).astype(np.float32)
            better = mixture & (fit < best_fit[rows, columns])
            rows, columns = rows[better], columns[better]
            repaired[rows, columns] = np.where(side_b, depth_b, depth_a)[better]
            best_fit[rows, columns] = fit[better]
    mixed = np.isfinite(best_fit)
    result = DepthResult(
        like(repaired, decoded.depth_m),
        decoded.residual,
        decoded.margin,
        like(known | mixed, decoded.depth_m),
        decoded.rgb,
    )
    return EdgeRepair(result, like(mixed, decoded.depth_m))
