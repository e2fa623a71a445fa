"""From depth to points, normals and point clouds, with a pinhole camera.

Pixel centres lie at whole numbers: the first pixel's is (0, 0). Points are in the camera frame
of OpenCV (x right, y down, z forward, metres); normals in the paper's frame (x right, y up, z
towards the viewer).
"""

from __future__ import annotations

import os
from typing import NamedTuple

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.paths import replacing

_BAND_PIXELS = 1 << 16
"""Pixels whose windows are fitted at once; bounds the memory at some 10 MB."""

_LINE = 1e-9
"""Points lie on a line where their second spread is this share of the first."""


class Intrinsics(NamedTuple):
    """A pinhole camera: focal lengths and principal point, in pixels."""

    fx: float
    fy: float
    cx: float
    cy: float


def unproject(depth_m: np.ndarray, intrinsics: Intrinsics) -> np.ndarray:
    """Lift a depth map to points.

    Args:
        depth_m: (H, W) z in metres.
        intrinsics: The camera, for pixels of this map.

    Returns:
        (H, W, 3) points in metres (x right, y down, z forward), float32 from a float32 map and
        float64 otherwise; NaN where the depth is NaN or infinite, for neither is at a place.

    Raises:
        InputError: `depth_m` is not a map of numbers, or a focal length is not positive.

    Example:
        >>> unproject(np.full((1, 3), 2.0), Intrinsics(fx=4, fy=4, cx=1, cy=0))[0].tolist()
        [[-0.5, 0.0, 2.0], [0.0, 0.0, 2.0], [0.5, 0.0, 2.0]]
    """
    depth = _depth(depth_m)
    fx, fy, cx, cy = _camera(intrinsics)
    z = np.where(np.isfinite(depth), depth, np.nan)
    rows, columns = np.ogrid[: depth.shape[0], : depth.shape[1]]
    points = np.stack([(columns - cx) / fx * z, (rows - cy) / fy * z, z], axis=-1)
    return points.astype(depth.dtype, copy=False)


def depth_from_disparity(
    disparity_px: np.ndarray, focal_px: float, baseline_m: float, doffs_px: float = 0.0
) -> np.ndarray:
    """Depth of a rectified stereo pair, `focal * baseline / (disparity + doffs)`.

    Args:
        disparity_px: (H, W) pixels; NaN or inf where unknown.
        focal_px: Focal length of the rectified views.
        baseline_m: Distance of the two cameras, metres.
        doffs_px: Difference of the principal points' columns, right minus left, as the Middlebury
            files name it.

    Returns:
        (H, W) float32 z in metres; inf where the rays are parallel, NaN where the disparity is
        unknown or the rays would meet behind the camera.

    Example:
        >>> depth_from_disparity(np.array([[50.0, 0.0, np.nan]]), focal_px=1000, baseline_m=0.2).tolist()
        [[4.0, inf, nan]]
    """
    shift = np.asarray(disparity_px, np.float64) + doffs_px
    shift = np.where(np.isfinite(shift) & (shift >= 0), shift, np.nan)
    with np.errstate(divide="ignore"):
        return (focal_px * baseline_m / shift).astype(np.float32)


def normals_from_depth(
    depth_m: np.ndarray,
    intrinsics: Intrinsics,
    window: int = 7,
    max_step: float = 0.05,
    min_points: int | None = None,
) -> np.ndarray:
    """Surface normals of a depth map: a plane through the points around each pixel.

    The plane minimises the squared distances orthogonal to it (total least squares), so steep
    surfaces are fitted as well as frontal ones. A neighbour takes part only if its depth is
    close to the centre's, so that no plane bridges an occlusion edge.

    Args:
        depth_m: (H, W) z in metres; NaN or inf where there is no surface.
        intrinsics: The camera, for pixels of this map.
        window: Side of the window in pixels, odd.
        max_step: A neighbour's depth may differ from the centre's by this share of it.
        min_points: Fewest points that make a plane; a quarter of the window unless given.

    Returns:
        (H, W, 3) float32 unit vectors in the paper's frame (x right, y up, z towards the
        viewer), each facing the camera; NaN where the depth is unknown, the points are too few
        or they lie on a line.

    Raises:
        InputError: An argument is outside its range.

    Examples:
        >>> camera = Intrinsics(fx=50.0, fy=50.0, cx=8.0, cy=8.0)
        >>> wall = np.full((16, 16), 2.0)  # in front of the camera, seen straight on
        >>> (normals_from_depth(wall, camera)[8, 8].round(3) + 0).tolist()
        [0.0, 0.0, 1.0]
    """
    if window < 3 or window % 2 == 0:
        raise InputError(f"window must be odd and at least 3, got {window}")
    if not max_step > 0:
        raise InputError(f"max_step must be a positive share of the depth, got {max_step}")
    fewest = max(3, window**2 // 4) if min_points is None else min_points
    if not 3 <= fewest <= window**2:
        raise InputError(
            f"min_points must be from 3 to {window**2} in a window of {window}, got {min_points}"
        )
    points = unproject(_depth(depth_m).astype(np.float64), intrinsics)
    points[~(points[..., 2] > 0)] = np.nan
    height, width = points.shape[:2]
    radius = window // 2
    frame = ((0, 0), (radius, radius), (radius, radius))
    padded = np.pad(np.moveaxis(points, -1, 0), frame, constant_values=np.nan)
    band = max(1, _BAND_PIXELS // width)
    bands = [
        _fit_planes(padded[:, top : top + band + 2 * radius], window, max_step, fewest)
        for top in range(0, height, band)
    ]
    return np.concatenate(bands)


def _fit_planes(padded: np.ndarray, window: int, max_step: float, fewest: int) -> np.ndarray:
    """(h, w, 3) normals of the (3, h, w) points inside a frame of `window // 2` pixels."""
    radius = window // 2
    height, width = padded.shape[1] - 2 * radius, padded.shape[2] - 2 * radius
    centre = padded[:, radius : radius + height, radius : radius + width]
    limit = max_step * centre[2]
    pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
    count = np.zeros((height, width))
    first = np.zeros((3, height, width))
    second = np.zeros((6, height, width))
    for row in range(window):
        for column in range(window):
            # Relative to the centre, so that far surfaces keep their digits.
            offset = padded[:, row : row + height, column : column + width] - centre
            near = np.abs(offset[2]) <= limit  # False for NaN
            offset[:, ~near] = 0.0
            count += near
            first += offset
            for sums, (i, j) in zip(second, pairs, strict=True):
                sums += offset[i] * offset[j]
    enough = count >= fewest
    mean = first[:, enough] / count[enough]
    covariance = np.empty((mean.shape[1], 3, 3))
    for sums, (i, j) in zip(second, pairs, strict=True):
        covariance[:, i, j] = covariance[:, j, i] = sums[enough] / count[enough] - mean[i] * mean[j]
    spread, axes = np.linalg.eigh(covariance)
    normal = axes[..., 0]
    # Of a plane's two normals, the one that looks back along the ray.
    facing = np.sum(normal * centre[:, enough].T, axis=-1, keepdims=True) <= 0
    normal = np.where(facing, normal, -normal) * (1.0, -1.0, -1.0)
    normal[spread[:, 1] <= _LINE * spread[:, 2]] = np.nan
    result = np.full((height, width, 3), np.nan, np.float32)
    result[enough] = normal
    return result


def write_ply(path: str | os.PathLike[str], points: np.ndarray, rgb: np.ndarray | None = None) -> int:
    """Write a point cloud as binary PLY, which MeshLab, CloudCompare, Blender and Open3D open.

    Args:
        path: The file; its folder must exist.
        points: (..., 3) coordinates; points that are not finite are left out.
        rgb: (..., 3) uint8 colours of the points, of the same shape.

    Returns:
        The number of points written.

    Raises:
        InputError: The shapes or types do not fit.
        DataError: The file cannot be written.

    Examples:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> points = unproject(np.array([[1.0, np.inf], [1.5, 2.0]]), Intrinsics(50.0, 50.0, 1.0, 1.0))
        >>> with TemporaryDirectory() as folder:
        ...     write_ply(Path(folder) / "cloud.ply", points)
        3
    """
    points = np.asarray(points)
    if points.ndim < 2 or points.shape[-1] != 3 or points.dtype.kind not in "fiu":
        raise InputError(f"points must be (..., 3) numbers, got {points.shape} {points.dtype}")
    fields = [(axis, "<f4") for axis in "xyz"]
    lines = [f"property float {axis}" for axis in "xyz"]
    if rgb is not None:
        rgb = np.asarray(rgb)
        if rgb.dtype != np.uint8 or rgb.shape != points.shape:
            raise InputError(
                f"rgb must be uint8 of the points' shape {points.shape}, got {rgb.shape} {rgb.dtype}"
            )
        fields += [(channel, "u1") for channel in ("red", "green", "blue")]
        lines += [f"property uchar {channel}" for channel in ("red", "green", "blue")]
    finite = np.isfinite(points).all(axis=-1)
    vertices = np.empty(int(finite.sum()), fields)
    for index, axis in enumerate("xyz"):
        vertices[axis] = points[finite, index]
    if rgb is not None:
        for index, channel in enumerate(("red", "green", "blue")):
            vertices[channel] = rgb[finite, index]
    header = [
        "ply",
        "format binary_little_endian 1.0",
        f"element vertex {len(vertices)}",
        *lines,
        "end_header",
        "",
    ]
    with replacing(path) as file:
        file.write("\n".join(header).encode("ascii"))
        file.write(vertices.tobytes())
    return len(vertices)


def _depth(depth_m: np.ndarray) -> np.ndarray:
    depth = np.asarray(depth_m)
    if depth.ndim != 2 or depth.dtype.kind not in "fiu" or not depth.size:
        raise InputError(f"depth_m must be (H, W) numbers in metres, got {depth.shape} {depth.dtype}")
    return depth if depth.dtype == np.float32 else depth.astype(np.float64)


def _camera(intrinsics: Intrinsics) -> Intrinsics:
    camera = Intrinsics(*map(float, intrinsics))
    if not np.all(np.isfinite(camera)) or camera.fx <= 0 or camera.fy <= 0:
        raise InputError(f"intrinsics must be finite with positive focal lengths, got {camera}")
    return camera
