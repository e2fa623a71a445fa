"""The points of a depth picture in space, for any focal length: only their x and y depend on it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.widgets.depth import DepthInspector

FOCALS = (0.3, 3.0)
"""Focal lengths that the slider goes through, as shares of the width of the image."""

USUAL_FOCAL = 0.8
"""Where no camera is known: the main camera of a telephone has about this."""

MAX_POINTS = 60_000

_STEPS = 121
_FARTHEST_PERCENTILE = 99


class Cloud(NamedTuple):
    """Points, before their x and y are divided by the focal length.

    Attributes:
        rays: (n, 3) float32: x and y in metres for a focal length of one width of the image, then z in metres
            (x right, y down, z forward).
        picture: (n, 3) uint8, their colours in the picture.
        photo: (n, 3) uint8, their colours in the input, or None.
        farthest_m: Points beyond are left out, metres: the 99th percentile of what is read.
    """

    rays: np.ndarray
    picture: np.ndarray
    photo: np.ndarray | None
    farthest_m: float

    def at(self, focal: float) -> np.ndarray:
        """(n, 3) float32 points in metres.

        Raises:
            InputError: The focal length is not above 0.
        """
        return self.rays / np.array([_focal(focal), focal, 1], np.float32)

    def extent(self, focal: float) -> tuple[float, float, float]:
        """Width, height and depth of all points, metres.

        Raises:
            InputError: The focal length is not above 0.
        """
        width, height, depth = np.ptp(self.rays, axis=0).tolist()
        return width / _focal(focal), height / focal, depth


class FocalStep(NamedTuple):
    """One place of the focal slider.

    Attributes:
        focal: Share of the width of the image.
        text: What is said of it.
    """

    focal: float
    text: str


def point_cloud(inspector: DepthInspector, at_most: int = MAX_POINTS) -> Cloud:
    """Lift what an inspector reads to points.

    Args:
        inspector: Whose known camera gives the principal point; without one it is the middle.
        at_most: Points; more are thinned by leaving out rows and columns.

    Raises:
        InputError: No pixel has a finite depth, or `at_most` is below 1.
    """
    if at_most < 1:
        raise InputError(f"at_most must be 1 or above, got {at_most}")
    _, farthest = inspector.limits_m
    kept = np.isfinite(inspector.depth_m) & (inspector.depth_m > 0) & (inspector.depth_m <= farthest)
    step = 1
    while np.count_nonzero(kept[::step, ::step]) > at_most:
        step += 1
    rows, columns = (each * step for each in np.nonzero(kept[::step, ::step]))
    height, width = inspector.shape
    across = (columns * inspector.step + 0.5) / width
    down = (rows * inspector.step + 0.5) / height
    camera, (camera_height, camera_width) = inspector.intrinsics, inspector.camera_shape
    if camera is None:
        u, v = across - 0.5, (down - 0.5) * height / width
    else:
        u = across - (camera.cx + 0.5) / camera_width
        v = (down * camera_height - (camera.cy + 0.5)) / camera.fy * camera.fx / camera_width
    z = inspector.depth_m[rows, columns].astype(np.float64)
    return Cloud(
        np.stack([u * z, v * z, z], axis=-1).astype(np.float32),
        inspector.rgb[rows, columns],
        None if inspector.photo is None else inspector.photo[rows, columns],
        farthest,
    )


def known_focal(inspector: DepthInspector) -> float | None:
    """The focal length of a known camera, as a share of the width; None without one.

    Args:
        inspector: It.
    """
    camera = inspector.intrinsics
    return None if camera is None else camera.fx / inspector.camera_shape[1]


def focal_steps(inspector: DepthInspector, cloud: Cloud) -> tuple[tuple[FocalStep, ...], int]:
    """The places of the focal slider, equally far apart on a logarithmic scale, and where it begins.

    Args:
        inspector: The known camera's focal length is one of the places, and the beginning.
        cloud: Its points.
    """
    known = known_focal(inspector)
    start = USUAL_FOCAL if known is None else known
    focals = sorted({*np.geomspace(*FOCALS, _STEPS).tolist(), start})
    steps = tuple(FocalStep(focal, _told(focal, cloud, known)) for focal in focals)
    return steps, focals.index(start)


def field_of_view_deg(focal: float) -> float:
    """The angle across the image.

    Args:
        focal: Share of the width of the image.

    Raises:
        InputError: It is not above 0.
    """
    return math.degrees(2 * math.atan(0.5 / _focal(focal)))


def _told(focal: float, cloud: Cloud, known: float | None) -> str:
    width, height, depth = cloud.extent(focal)
    whose = " (the camera's)" if focal == known else ""
    return (
        f"{focal:.3g} of the width{whose}, field of view {field_of_view_deg(focal):.1f}°; "
        f"{width:.3g} m wide, {height:.3g} m high, {depth:.3g} m deep"
    )


def _focal(focal: float) -> float:
    if not focal > 0:
        raise InputError(f"focal must be above 0, a share of the width of the image, got {focal!r}")
    return focal
