"""Questions with more than one answer, built so that how likely each answer is is known.

A tiled ground without a thing on it has no scale: the same picture is seen from lower over smaller tiles. A
mirror shows a room where there is a wall. A pixel on an edge sees both sides, in shares that can be counted.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.mini.world.graph import Scene
from vbanalysis.mini.world.layout import make_scene
from vbanalysis.mini.world.render import View, render
from vbanalysis.studies.questions import CAP_M, SIZE

TILE_M = (0.3, 0.6)
"""Side of a tile in the training world, evenly likely in between."""

CAMERA_M = (0.9, 1.9)
"""Height of its cameras, evenly likely in between."""

_FINE = 8
_LEAST_RATIO = 1.5


class Plane(NamedTuple):
    """A picture of a tiled ground whose scale nothing tells.

    Attributes:
        id: Of the scene that its camera and paint are taken from.
        rgb: (H, W, 3) uint8, as seen from `true_m` above the ground.
        unit: (H, W) float64, z over the camera's height; NaN above the horizon and beyond range.
        true_m: The camera's height in the scene that was rendered.
        low_m: The least height that the world has for this picture.
        high_m: The greatest. In between, a height is likely in proportion to itself.
    """

    id: str
    rgb: np.ndarray
    unit: np.ndarray
    true_m: float
    low_m: float
    high_m: float

    def share_below(self, height_m: np.ndarray) -> np.ndarray:
        """How likely a lower camera is, 0 to 1, for heights in metres."""
        square = np.clip(height_m, self.low_m, self.high_m) ** 2
        return np.asarray((square - self.low_m**2) / (self.high_m**2 - self.low_m**2))

    @property
    def centres_m(self) -> dict[str, float]:
        """The answers to be expected: mean, median and likeliest height, and the mean in logarithms."""
        a, b = self.low_m, self.high_m
        logs = (b**2 * (np.log(b) - 0.5) - a**2 * (np.log(a) - 0.5)) / (b**2 - a**2)
        return {
            "mean": 2 / 3 * (b**3 - a**3) / (b**2 - a**2),
            "median": float(np.sqrt((a**2 + b**2) / 2)),
            "log mean": float(np.exp(logs)),
            "mode": b,
        }

    @property
    def log_spread(self) -> float:
        """Standard deviation of the logarithm of the height."""
        a, b = self.low_m, self.high_m

        def moment(x: float) -> float:  # of h (log h)^2, integrated
            return x**2 / 2 * (np.log(x) ** 2 - np.log(x) + 0.5)

        second = (moment(b) - moment(a)) * 2 / (b**2 - a**2)
        return float(np.sqrt(max(second - np.log(self.centres_m["log mean"]) ** 2, 0.0)))


class Mirror(NamedTuple):
    """A room with a mirror on the wall ahead.

    Attributes:
        id: Of the scene.
        rgb: (H, W, 3) uint8.
        plain: (H, W, 3) uint8, the same room without it.
        at: (H, W) bool, the mirror, where it shows something at least 1.5 times as far as the wall.
        wall_m: (H, W) metres of the wall: the world's truth.
        image_m: (H, W) metres of what the mirror shows.
    """

    id: str
    rgb: np.ndarray
    plain: np.ndarray
    at: np.ndarray
    wall_m: np.ndarray
    image_m: np.ndarray


class MixedPixels(NamedTuple):
    """Pixels of a picture that see two depths.

    Attributes:
        id: Of the scene.
        rgb: (H, W, 3) uint8.
        at: (H, W) bool.
        far_share: (n,) the share of each pixel's area that sees the far side, in reading order.
        near_m: (n,) metres.
        far_m: (n,) metres.
        true_m: (H, W) metres, of the ray through each pixel's middle.
    """

    id: str
    rgb: np.ndarray
    at: np.ndarray
    far_share: np.ndarray
    near_m: np.ndarray
    far_m: np.ndarray
    true_m: np.ndarray


def rescaled(scene: Scene, factor: float) -> Scene:
    """An open ground without things with every length times a factor: the same picture but for haze.

    Raises:
        InputError: The scene has things or a room, or the factor is not above 0.
    """
    if scene.things or scene.room is not None or not 0 < factor < np.inf:
        raise InputError("expected an open ground without things, and a factor above 0")
    return replace(
        scene,
        camera=replace(scene.camera, height_m=scene.camera.height_m * factor),
        ground=replace(scene.ground, scale_m=scene.ground.scale_m * factor),
    )


def planes(n: int, split: str = "validation") -> list[Plane]:
    """Tiled grounds of a split, cleared of their things, in the order of their numbers.

    Heights and tiles are drawn evenly and apart in the training world, and the picture tells their quotient
    alone. So the height, given the picture, lies between the ends that either range allows, with a density in
    proportion to itself: of a quotient q, height h goes with a tile of h / q, whose slope is 1 / q, and the
    change from (height, tile) to (height, quotient) weighs it by h.

    Raises:
        InputError: The split has too few.
    """
    found: list[Plane] = []
    number = 0
    while len(found) < n:
        if number >= 100 * max(n, 1):
            raise InputError(f"only {len(found)} of {number} scenes of {split!r} are tiled grounds")
        scene = make_scene(split, number)
        number += 1
        if scene.room is not None or scene.ground.pattern != "tiles":
            continue
        scene = replace(scene, things=())
        view = render(scene, SIZE)
        height = scene.camera.height_m
        quotient = height / scene.ground.scale_m
        low, high = (
            pick(camera, quotient * tile)
            for pick, camera, tile in zip((max, min), CAMERA_M, TILE_M, strict=True)
        )
        seen = np.isfinite(view.depth_m) & (view.depth_m < CAP_M[1] / 3)
        if seen.any() and high > 1.1 * low:
            unit = np.where(seen, view.depth_m.astype(np.float64) / height, np.nan)
            found.append(Plane(scene.id, view.rgb, unit, height, low, high))
    return found


def implied_height(plane: Plane, depth_m: np.ndarray) -> float:
    """The camera's height in metres that a depth map speaks for, the median over the ground."""
    return float(np.nanmedian(depth_m / plane.unit))


def mirrors(n: int, split: str = "validation") -> list[Mirror]:
    """Rooms of a split with a mirror hung on the wall ahead, where it is free to be seen.

    What the mirror shows is rendered as the room turned about the wall: as far behind it as it is before it.

    Raises:
        InputError: The split has too few.
    """
    found: list[Mirror] = []
    number = 0
    while len(found) < n:
        if number >= 100 * max(n, 1):
            raise InputError(f"only {len(found)} of {number} scenes of {split!r} have room for a mirror")
        scene = make_scene(split, number)
        number += 1
        if scene.room is None:
            continue
        room = scene.room
        middle = (room.left_m + room.right_m) / 2
        hung = replace(scene, room=replace(room, mirror=(middle - 0.6, 0.7, middle + 0.6, 1.9)))
        plain, view = render(replace(scene, room=replace(room, mirror=None)), SIZE), render(hung, SIZE)
        at = mirror_mask(view, hung)
        if at.sum() < 60:
            continue
        image = render(_turned(scene), SIZE).depth_m
        apart = at & (image > _LEAST_RATIO * plain.depth_m)
        if apart.sum() >= 60:
            found.append(Mirror(scene.id, view.rgb, plain.rgb, apart, plain.depth_m, image))
    return found


def mirror_mask(view: View, scene: Scene) -> np.ndarray:
    """(H, W) bool: pixels whose centre sees the mirror, within its rim."""
    assert scene.room is not None
    assert scene.room.mirror is not None
    from vbanalysis.geometry import unproject
    from vbanalysis.mini.world.render import axes

    points = unproject(view.depth_m.astype(np.float64), view.intrinsics)
    position, right, up, back = axes(scene.camera)
    world = position + points[..., :1] * right - points[..., 1:2] * up - points[..., 2:] * back
    x0, y0, x1, y1 = scene.room.mirror
    rim = 0.03
    inside = (world[..., 0] > x0 + rim) & (world[..., 0] < x1 - rim)
    inside &= (world[..., 1] > y0 + rim) & (world[..., 1] < y1 - rim)
    return np.asarray(inside & (np.abs(world[..., 2] - scene.room.back_m) < 0.02))


def mixed_pixels(numbers: list[int], split: str = "validation") -> list[MixedPixels]:
    """The pixels of some scenes that see two level depths, by 64 rays a pixel.

    Both sides are in range and themselves level, within 5 %, so that each pixel has two depths and no more.

    Args:
        numbers: Of the scenes.
        split: Whose.
    """
    found = []
    for number in numbers:
        scene = make_scene(split, number)
        view = render(scene, SIZE)
        fine = render(scene, SIZE * _FINE, samples=1).depth_m.astype(np.float64)
        rays = fine.reshape(SIZE, _FINE, SIZE, _FINE).swapaxes(1, 2).reshape(SIZE, SIZE, -1)
        near, far = rays.min(axis=-1), rays.max(axis=-1)
        at = (near > CAP_M[0]) & (far <= CAP_M[1]) & (far > _LEAST_RATIO * near)
        with np.errstate(invalid="ignore"):
            behind = rays > np.sqrt(near * far)[..., None]
            level = np.where(behind, rays > far[..., None] / 1.05, rays < near[..., None] * 1.05).all(axis=-1)
        at &= level
        shares = behind.mean(axis=-1)[at]
        found.append(MixedPixels(scene.id, view.rgb, at, shares, near[at], far[at], view.depth_m))
    return found


def own_sides(pixels: MixedPixels, depth_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What a depth map itself says of the two sides of each mixed pixel.

    Its depths at those of the 5 x 5 neighbours that see one side alone, the median of each side. So a map
    that is too near or too far on the whole is not taken for one that mixes.

    Args:
        pixels: Which.
        depth_m: (H, W) metres.

    Returns:
        (n,) metres of the near side, (n,) of the far side; NaN where no neighbour sees it alone.
    """
    places = np.argwhere(pixels.at)
    found = np.full((2, len(places)), np.nan)
    for k, (row, column) in enumerate(places):
        window = slice(max(row - 2, 0), row + 3), slice(max(column - 2, 0), column + 3)
        alone, true, said = ~pixels.at[window], pixels.true_m[window], depth_m[window]
        for side, depth in enumerate((pixels.near_m[k], pixels.far_m[k])):
            with np.errstate(invalid="ignore"):
                here = alone & (np.abs(true / depth - 1) < 0.1)
            if here.any():
                found[side, k] = np.median(said[here])
    return found[0], found[1]


def way(depth_m: np.ndarray, first_m: np.ndarray, second_m: np.ndarray) -> np.ndarray:
    """How far depths are on the way from one depth, 0, to another, 1, in logarithms."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(
            (np.log(depth_m.astype(np.float64)) - np.log(first_m)) / (np.log(second_m) - np.log(first_m))
        )


def _turned(scene: Scene) -> Scene:
    """The room as its mirror image behind the wall ahead, the wall itself away."""
    assert scene.room is not None
    back = scene.room.back_m
    things = tuple(
        replace(thing, z=2 * back - thing.z, yaw_deg=180.0 - thing.yaw_deg) for thing in scene.things
    )
    deeper = replace(scene.room, back_m=2 * back - scene.room.front_m, mirror=None)
    return replace(scene, things=things, room=deeper)
