"""`render`: a scene as a picture, with its depth, normals, classes and instances known exactly."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.geometry import Intrinsics
from vbanalysis.mini.world import _shapes, _tracer
from vbanalysis.mini.world.graph import CLASSES, Camera, Scene


class View(NamedTuple):
    """What a camera sees.

    Attributes:
        rgb: (H, W, 3) uint8 sRGB.
        depth_m: (H, W) float32 z in metres; inf in the sky.
        normals: (H, W, 3) float32 unit vectors in the paper's frame (x right, y up, z towards the viewer),
            facing the camera; NaN in the sky.
        classes: (H, W) int32 labels of `CLASSES`.
        instances: (H, W) int32: k is `things[k - 1]`, 0 is stuff.
        intrinsics: The camera; pixel centres lie at whole numbers.
    """

    rgb: np.ndarray
    depth_m: np.ndarray
    normals: np.ndarray
    classes: np.ndarray
    instances: np.ndarray
    intrinsics: Intrinsics


def render(scene: Scene, size: int | tuple[int, int] = 64, samples: int = 2) -> View:
    """See a scene.

    Colours are averaged in linear light over `samples**2` rays a pixel; all else belongs to the ray
    through the pixel's centre. A mirror is the wall that it hangs on, in everything but its colours.

    Args:
        scene: The scene.
        size: Pixels: the side of a square picture, or height and width; the field of view covers the width.
        samples: Rays across a pixel.

    Returns:
        The view; the same each time, the sensor's noise included.

    Raises:
        InputError: A size or `samples` is not a positive whole number.
    """
    height, width = size if isinstance(size, tuple) else (size, size)
    for name, value in (("height", height), ("width", width), ("samples", samples)):
        if not isinstance(value, int | np.integer) or value < 1:
            raise InputError(f"{name} must be a whole number of at least 1, got {value!r}")
    focal = width / 2 / math.tan(math.radians(scene.camera.hfov_deg) / 2)
    colour, z, normals, surfaces = _tracer.trace(
        *_shapes.tables(scene), axes(scene.camera), focal, int(height), int(width), int(samples)
    )
    sky = surfaces == _tracer.SKY
    indoors = scene.room is not None
    # Surfaces run from the ceiling, -3, over the sky, 0, to the last thing.
    names = [
        "ceiling",
        "wall",
        "floor" if indoors else "ground",
        "sky",
        *(thing.kind for thing in scene.things),
    ]
    labels = np.array([CLASSES.index(name) for name in names], np.int32)
    noise = np.random.default_rng(scene.noise_seed).standard_normal(colour.shape, np.float32) * scene.noise
    return View(
        np.rint(np.clip(255 * _srgb(colour) + noise, 0, 255)).astype(np.uint8),
        np.where(sky, np.inf, z).astype(np.float32),
        np.where(sky[..., None], np.nan, normals).astype(np.float32),
        labels[surfaces - _tracer.CEILING],
        np.maximum(surfaces, 0),
        Intrinsics(focal, focal, (width - 1) / 2, (height - 1) / 2),
    )


def axes(camera: Camera) -> np.ndarray:
    """The camera's pose: (4, 3) float64 rows position, right, up and back (towards its user) in the world."""
    pitch, roll = math.radians(camera.pitch_deg), math.radians(camera.roll_deg)
    right, up = np.array([1.0, 0.0, 0.0]), np.array([0.0, math.cos(pitch), math.sin(pitch)])
    return np.stack(
        [
            np.array([0.0, camera.height_m, 0.0]),
            math.cos(roll) * right - math.sin(roll) * up,
            math.sin(roll) * right + math.cos(roll) * up,
            np.array([0.0, -math.sin(pitch), math.cos(pitch)]),
        ]
    )


def _srgb(linear: np.ndarray) -> np.ndarray:
    """Linear light to sRGB (IEC 61966-2-1), both in [0, 1]."""
    x = np.clip(linear.astype(np.float32), 0.0, 1.0)
    return np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** np.float32(1 / 2.4) - 0.055)
