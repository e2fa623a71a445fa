"""Where a thing may stand: on free ground, inside the room, in view, large enough and not too hidden."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from vbanalysis.mini.world.graph import Camera, Room
from vbanalysis.mini.world.render import axes

Size = tuple[float, float, float]
"""Width, height and depth in metres."""


@dataclass(frozen=True)
class Demand:
    """What a thing's place must fulfil.

    Attributes:
        height: The least height of its frame, as a share of the picture.
        width: The least width of its frame.
        hidden: The largest share of its frame that the frames of nearer things may cover.
        farthest_m: The largest distance.
    """

    height: float
    width: float
    hidden: float
    farthest_m: float


EASY = Demand(height=11 / 64, width=8 / 64, hidden=0.25, farthest_m=6.0)
HARD = Demand(height=8 / 64, width=6 / 64, hidden=0.45, farthest_m=9.0)
CROWD = Demand(height=6.5 / 64, width=5 / 64, hidden=0.55, farthest_m=9.0)

_EDGE = 0.49  # of the picture's side, from its centre: things end inside it
_GAP_M = 0.06  # between footprints, and between things and walls
_TRIES = 40  # places tried for a thing


class Place(NamedTuple):
    """The last fields of a `Thing`."""

    x: float
    z: float
    yaw_deg: float
    size_m: Size


class _Frame(NamedTuple):
    """The box around a thing in the picture, in shares of the picture from its centre, and its distance."""

    left: float
    right: float
    bottom: float
    top: float
    depth_m: float


@dataclass
class FloorPlan:
    """The places taken so far in front of a camera."""

    camera: Camera
    room: Room | None
    demand: Demand
    _circles: list[tuple[float, float, float]] = field(default_factory=list)
    _frames: list[_Frame] = field(default_factory=list)

    def find(self, rng: np.random.Generator, kind: str) -> Place | None:
        """Take a place for a thing of this kind; None if no random one was free."""
        pose = axes(self.camera).tolist()
        focal = 0.5 / math.tan(math.radians(self.camera.hfov_deg) / 2)
        for _ in range(_TRIES):
            place = self._propose(rng, kind, focal)
            if place is None or not self._is_free(place, kind):
                continue
            frame = _seen(place, pose, focal)
            if frame is None or not self._shows(frame):
                continue
            self._circles.append((place.x, place.z, _footprint(kind, place.size_m)))
            self._frames.append(frame)
            return place
        return None

    def _propose(self, rng: np.random.Generator, kind: str, focal: float) -> Place | None:
        """Somewhere in the field of view, not so far that it would look too small."""
        size, demand = _size(rng, kind), self.demand
        if kind == "door" and self.room is not None:
            return _in_wall(rng, self.room, size)
        nearest = 1.3 if self.camera.hfov_deg < 90 else 0.9
        farthest = min(demand.farthest_m, focal * size[1] / demand.height, focal * size[0] / demand.width)
        if farthest <= nearest:
            return None
        # Evenly in the logarithm: as many near things as far ones.
        z = -math.exp(rng.uniform(math.log(nearest), math.log(farthest)))
        x = rng.uniform(-0.46, 0.46) * -z / focal
        turn = 180 if kind == "chair" else 40
        return Place(float(x), z, float(rng.uniform(-turn, turn)), size)

    def _is_free(self, place: Place, kind: str) -> bool:
        reach, room = _footprint(kind, place.size_m), self.room
        if room is not None and kind != "door":
            clear = reach + _GAP_M
            inside = room.left_m + clear < place.x < room.right_m - clear
            if not (inside and room.back_m + clear < place.z < room.front_m - clear):
                return False
        return all(
            math.hypot(place.x - x, place.z - z) >= reach + radius + _GAP_M for x, z, radius in self._circles
        )

    def _shows(self, frame: _Frame) -> bool:
        """Whether the thing is whole, large and near enough, and neither hidden nor hiding others."""
        demand = self.demand
        if max(abs(edge) for edge in frame[:4]) > _EDGE or frame.depth_m > demand.farthest_m:
            return False
        if frame.right - frame.left < demand.width or frame.top - frame.bottom < demand.height:
            return False
        frames = [*self._frames, frame]
        return all(_hidden(one, frames) <= demand.hidden for one in frames)


def _in_wall(rng: np.random.Generator, room: Room, size: Size) -> Place:
    """A door's place: in the wall ahead or in one of those at the sides, its face towards the room."""
    half, inset = size[0] / 2 + 0.15, size[2] / 2
    side = rng.random()
    if side < 0.6:
        x = float(rng.uniform(room.left_m + half, room.right_m - half))
        return Place(x, room.back_m + inset, 0.0, size)
    z = float(rng.uniform(room.back_m + half, -1.3))
    if side < 0.8:
        return Place(room.left_m + inset, z, 90.0, size)
    return Place(room.right_m - inset, z, -90.0, size)


def _size(rng: np.random.Generator, kind: str) -> tuple[float, float, float]:
    """Width, height and depth in metres: everyday sizes, which give scale away."""

    def about(mean: float, low: float, high: float, spread: float = 0.09) -> float:
        return float(np.clip(rng.normal(mean, spread * mean), low, high))

    if kind == "ball":
        d = about(0.65, 0.55, 0.75)
        return d, d, d
    if kind == "box":
        return about(0.6, 0.45, 0.75), about(0.55, 0.45, 0.75), about(0.55, 0.45, 0.75)
    if kind == "can":
        d = about(0.44, 0.38, 0.5)
        return d, about(0.77, 0.65, 0.9), d
    if kind == "cone":
        d = about(0.48, 0.42, 0.55)
        return d, about(0.82, 0.7, 0.95), d
    if kind == "chair":
        return about(0.45, 0.4, 0.5, 0.07), about(0.9, 0.8, 1.0, 0.07), about(0.45, 0.4, 0.5, 0.07)
    if kind == "table":
        return float(rng.uniform(0.8, 1.5)), about(0.74, 0.68, 0.8, 0.05), about(0.75, 0.6, 0.9)
    return about(0.87, 0.8, 0.95, 0.05), about(2.05, 2.0, 2.1, 0.02), 0.1


def _footprint(kind: str, size: tuple[float, float, float]) -> float:
    """Radius in metres of a circle that holds the thing's footprint."""
    return size[0] / 2 if kind in ("ball", "can") else math.hypot(size[0], size[2]) / 2


def _seen(place: Place, pose: list[list[float]], focal: float) -> _Frame | None:
    """The frame of a thing's box, or None if it reaches behind the camera.

    Plain floats: arrays of eight corners would be slower.
    """
    width, height, depth = place.size_m
    cosine, sine = math.cos(math.radians(place.yaw_deg)), math.sin(math.radians(place.yaw_deg))
    eye, right, up, back = pose
    us, vs, distances = [], [], []
    for a in (-width / 2, width / 2):
        for b in (-depth / 2, depth / 2):
            dx, dz = place.x + cosine * a + sine * b - eye[0], place.z - sine * a + cosine * b - eye[2]
            for dy in (-eye[1], height - eye[1]):
                distance = -(dx * back[0] + dy * back[1] + dz * back[2])
                if distance < 0.4:
                    return None
                us.append(focal * (dx * right[0] + dy * right[1] + dz * right[2]) / distance)
                vs.append(focal * (dx * up[0] + dy * up[1] + dz * up[2]) / distance)
                distances.append(distance)
    return _Frame(min(us), max(us), min(vs), max(vs), sum(distances) / 8)


def _hidden(frame: _Frame, frames: list[_Frame]) -> float:
    """The share of a frame that nearer ones cover, at worst."""
    covered = 0.0
    for other in frames:
        if other.depth_m < frame.depth_m:
            wide = min(frame.right, other.right) - max(frame.left, other.left)
            high = min(frame.top, other.top) - max(frame.bottom, other.bottom)
            covered += max(wide, 0.0) * max(high, 0.0)
    return covered / ((frame.right - frame.left) * (frame.top - frame.bottom))
