"""`analytic`: scenes of spheres, boxes and walls whose depth and normals are known in closed form.

No sampling, no meshes: each pixel's ray is cut with each surface, so depth, normals and instance
labels are exact. The scenes are for measuring codecs, not for looking at.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.geometry import Intrinsics
from vbanalysis.listed import Listed
from vbanalysis.types import Sample

CLASSES = ("ground", "wall", "ball", "box")
"""Classes by label; -1 is sky."""


class _Hit(NamedTuple):
    """What a surface does to each ray: its depth z (inf for a miss) and its normal, paper frame."""

    depth_m: np.ndarray
    normals: np.ndarray


class Analytic(Listed):
    """`n` scenes, each made anew from the seed: half of them rooms, half of them open grounds under a sky.

    `classes` are labels of `CLASSES`, -1 is sky. `info` holds `intrinsics` and `instances` (int32: object k
    is k from 1, 0 is ground, wall or sky). Sky has infinite depth and unknown normals.

    Args:
        n: Scenes.
        height: Pixels; the width is 4/3 of it.
        seed: Of the first scene; scene k is the same whatever `n` is.
    """

    name = "analytic"

    def __init__(self, n: int = 8, height: int = 240, seed: int = 0) -> None:
        for name, value, least in (("n", n, 1), ("height", height, 16), ("seed", seed, 0)):
            if not isinstance(value, int) or value < least:
                raise InputError(f"{name} must be a whole number of at least {least}, got {value!r}")
        self.n, self.height, self.seed = n, height, seed
        self.ids = [f"analytic/{number}" for number in range(n)]

    def read(self, place: int) -> Sample:
        """The scene of a number."""
        return _scene(place, self.height, self.seed)

    def describe(self) -> dict[str, Any]:
        """Counts, licence and source."""
        return {
            "name": self.name,
            "about": "scenes of spheres, boxes and walls with exact depth, normals and instances",
            "samples": self.n,
            "samples_at_hand": self.n,
            "licence": "Apache-2.0",
            "source": "computed",
        }


def _scene(number: int, height: int, seed: int) -> Sample:
    rng = np.random.default_rng([seed, number])
    width = height * 4 // 3
    focal = width / (2 * np.tan(np.radians(rng.uniform(40, 80)) / 2))
    intrinsics = Intrinsics(focal, focal, (width - 1) / 2, (height - 1) / 2)
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    # Rays with unit z in the paper's frame: x right, y up, and -1 along z, which points at the viewer.
    rays = np.stack(
        [(columns - intrinsics.cx) / focal, -(rows - intrinsics.cy) / focal, -np.ones(columns.shape)], axis=-1
    )
    eye = rng.uniform(1.0, 1.7)
    indoors = number % 2 == 0
    reach = rng.uniform(3.5, 8.0) if indoors else rng.uniform(10.0, 40.0)
    surfaces: list[tuple[int, _Hit]] = [(0, _plane(rays, np.array([0.0, 1.0, 0.0]), eye))]
    if indoors:
        half = rng.uniform(1.5, 3.0)
        walls = [
            ((0.0, 0.0, 1.0), reach),
            ((1.0, 0.0, 0.0), half),
            ((-1.0, 0.0, 0.0), half),
            ((0.0, -1.0, 0.0), 2.6 - eye),
        ]
        surfaces += [(1, _plane(rays, np.array(normal), distance)) for normal, distance in walls]
    for _ in range(int(rng.integers(3, 8))):
        z = rng.uniform(0.15, 0.85) * min(reach, 12.0)
        x = rng.uniform(-0.55, 0.55) * z
        size = rng.uniform(0.12, 0.32) * np.sqrt(z)
        centre = np.array([x, -eye + size, -z])
        if rng.random() < 0.5:
            surfaces.append((2, _sphere(rays, centre, size)))
        else:
            extent = size * np.array([rng.uniform(0.5, 1.0), 1.0, rng.uniform(0.5, 1.0)])
            surfaces.append((3, _box(rays, centre, extent)))
    depths = np.stack([hit.depth_m for _, hit in surfaces])
    first = depths.argmin(axis=0)
    depth = np.take_along_axis(depths, first[None], axis=0)[0]
    normals = np.take_along_axis(
        np.stack([hit.normals for _, hit in surfaces]), first[None, ..., None], axis=0
    )[0]
    sky = np.isinf(depth)
    kinds = np.array([kind for kind, _ in surfaces], np.int32)
    objects = np.where(kinds >= 2, np.cumsum(kinds >= 2), 0).astype(np.int32)
    classes = np.where(sky, -1, kinds[first]).astype(np.int32)
    shade = 0.35 + 0.6 * np.clip(
        normals @ (np.array([0.4, 0.8, 0.45]) / np.linalg.norm([0.4, 0.8, 0.45])), 0, 1
    )
    albedo = rng.uniform(0.3, 1.0, (len(surfaces), 3))
    image = np.where(sky[..., None], (0.6, 0.75, 0.95), albedo[first] * shade[..., None])
    return Sample(
        id=f"analytic/{number}",
        image=np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8),
        depth_m=depth.astype(np.float32),
        normals=np.where(sky[..., None], np.nan, normals).astype(np.float32),
        classes=classes,
        class_names=CLASSES,
        info={
            "intrinsics": intrinsics,
            "instances": np.where(sky, 0, objects[first]).astype(np.int32),
        },
    )


def _plane(rays: np.ndarray, normal: np.ndarray, distance: float) -> _Hit:
    """The plane with a unit normal that points at the camera, `distance` metres away from it."""
    towards = -(rays @ normal)
    with np.errstate(divide="ignore"):
        depth = np.where(towards > 1e-9, distance / towards, np.inf)
    return _Hit(depth, np.broadcast_to(normal, rays.shape))


def _sphere(rays: np.ndarray, centre: np.ndarray, radius: float) -> _Hit:
    a = (rays**2).sum(axis=-1)
    b = rays @ centre
    root = b**2 - a * (centre @ centre - radius**2)
    depth = np.where(root > 0, (b - np.sqrt(np.maximum(root, 0))) / a, np.inf)
    depth = np.where(depth > 0, depth, np.inf)
    points = np.where(np.isfinite(depth), depth, 0.0)[..., None] * rays
    return _Hit(depth, (points - centre) / radius)


def _box(rays: np.ndarray, centre: np.ndarray, extent: np.ndarray) -> _Hit:
    """An axis-aligned box of half sides `extent`: the slab method."""
    with np.errstate(divide="ignore"):
        inverse = 1 / rays
    low, high = (centre - extent) * inverse, (centre + extent) * inverse
    entries, exits = np.minimum(low, high), np.maximum(low, high)
    axis = entries.argmax(axis=-1)
    enter, leave = entries.max(axis=-1), exits.min(axis=-1)
    depth = np.where((enter < leave) & (enter > 0), enter, np.inf)
    facing = -np.sign(np.take_along_axis(rays, axis[..., None], axis=-1))
    return _Hit(depth, np.eye(3)[axis] * facing)


def load(*, n: int = 8, height: int = 240, seed: int = 0) -> Analytic:
    """Factory of the spec strings `analytic` and `analytic?n=4&height=480&seed=1`."""
    return Analytic(n, height, seed)
