"""A data set with exact answers: a ball before a wall, seen from the front, near and far."""

from __future__ import annotations

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.types import Sample

RADIUS_M = 0.5
WALL_M = 4.0
DISTANCES_M = {"near": 1.5, "far": 3.0}


def load(argument: str | None = None, *, size: int = 64) -> list[Sample]:
    """Make the samples, or the one named.

    Args:
        argument: `"near"`, `"far"`, or None for both.
        size: Pixels a side.

    Returns:
        Samples with `depth_m` and `normals` known at every pixel.

    Raises:
        InputError: No sample has that name.
    """
    if argument is not None and argument not in DISTANCES_M:
        raise InputError(f"argument must be one of {', '.join(DISTANCES_M)}, got {argument!r}")
    return [_render(name, size) for name in DISTANCES_M if argument in (None, name)]


def _render(name: str, size: int) -> Sample:
    # One ray a pixel, of slope x and y (y up) at depth 1, over a field of view of 60 degrees.
    slope = np.tan(np.radians(30)) * (2 * (np.arange(size) + 0.5) / size - 1)
    rays = np.stack(np.broadcast_arrays(slope, -slope[:, None], 1.0), axis=-1)

    # |z * ray - centre| = RADIUS_M is quadratic in z; the ball's front is the smaller root.
    distance = DISTANCES_M[name]
    a = (rays**2).sum(-1)
    discriminant = distance**2 - a * (distance**2 - RADIUS_M**2)
    hit = discriminant >= 0
    depth = np.where(hit, (distance - np.sqrt(np.maximum(discriminant, 0))) / a, WALL_M)

    # The normal's z points to the viewer while depth grows away from it.
    outward = (depth[..., None] * rays - [0, 0, distance]) / RADIUS_M * [1, 1, -1]
    normals = np.where(hit[..., None], outward, [0.0, 0.0, 1.0])

    light = np.clip(normals @ (np.array([-1.0, 2.0, 2.0]) / 3), 0, 1)
    albedo = np.where(hit[..., None], [220, 90, 60], [180, 180, 190])
    return Sample(
        id=name,
        image=(albedo * (0.2 + 0.8 * light[..., None])).astype(np.uint8),
        depth_m=depth.astype(np.float32),
        normals=normals.astype(np.float32),
    )
