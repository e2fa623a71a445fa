"""Things and rooms as the tables of primitives that the tracer reads."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from vbanalysis.mini.world._tracer import BOX, FRUSTUM, PATTERNS, SPHERE
from vbanalysis.mini.world.graph import Light, Room, Scene, Texture, Thing

Colour = tuple[float, float, float]

_GLOSS = {"ball": 0.25, "can": 0.2, "cone": 0.05, "chair": 0.06, "table": 0.08, "door": 0.06, "box": 0.0}
_METAL: Colour = (0.5, 0.5, 0.48)
_FRAME: Colour = (0.55, 0.53, 0.5)


class Tables(NamedTuple):
    """A scene as float64 arrays, a row an item.

    Attributes:
        primitives: Shape, centre x y z (of a frustum: of its base), cosine and sine of the yaw, three sizes
            (radius; half width, height and depth; base radius, height, top radius), material, thing.
        bounds: A sphere around each thing: centre x y z, squared radius, first and last plus one of its
            primitives, radius of the ball that shades its surroundings as much.
        materials: Pattern, two albedos, scale, seed, gloss; the first three are ground, walls and ceiling.
        shell: Whether there is a room, its left, right, back, front and height, whether there is a mirror,
            its x0 y0 x1 y1.
        lights: Whether it is a lamp, direction or position, intensity.
        sky: Zenith and horizon.
        ambient: Light from everywhere.
    """

    primitives: np.ndarray
    bounds: np.ndarray
    materials: np.ndarray
    shell: np.ndarray
    lights: np.ndarray
    sky: np.ndarray
    ambient: np.ndarray


Part = tuple[int, tuple[float, float, float], tuple[float, float, float], int]
"""Shape, centre in the axes of the thing, sizes, and paint: 0 the thing's own, 1 darker, 2 fittings."""


def tables(scene: Scene) -> Tables:
    """The scene's tables."""
    plain = Texture("plain", ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)))
    room = scene.room
    materials = [
        _material(scene.ground, 0.0),
        _material(room.walls if room else plain, 0.0),
        _material(room.ceiling if room else plain, 0.0),
    ]
    primitives: list[tuple[float, ...]] = []
    bounds: list[tuple[float, ...]] = []
    for k, thing in enumerate(scene.things):
        first = len(primitives)
        turn = math.radians(thing.yaw_deg)
        cosine, sine = math.cos(turn), math.sin(turn)
        for shape, (x, y, z), sizes, paint in parts(thing):
            centre = (thing.x + cosine * x + sine * z, y, thing.z - sine * x + cosine * z)
            primitives.append((shape, *centre, cosine, sine, *sizes, len(materials) + paint, k))
        width, height, depth = thing.size_m
        radius = math.hypot(width, height, depth) / 2 + 0.08  # knobs and frames stick out a little
        if thing.kind == "ball":
            radius = width / 2 + 1e-6
        # Furniture on legs lets light through below.
        shading = (
            0.38 * (width * height * depth) ** (1 / 3) * (0.7 if thing.kind in ("chair", "table") else 1.0)
        )
        bounds.append((thing.x, height / 2, thing.z, radius**2, first, len(primitives), shading))
        own = thing.texture
        dark = Texture("plain", (_scaled(own.colours[0], 0.7), own.colours[1]))
        fittings = Texture("plain", (_METAL if thing.kind != "door" else _FRAME, _METAL))
        gloss = _GLOSS[thing.kind]
        materials += [_material(own, gloss), _material(dark, gloss), _material(fittings, 0.1)]
    return Tables(
        np.array(primitives, np.float64).reshape(-1, 11),
        np.array(bounds, np.float64).reshape(-1, 7),
        np.array(materials, np.float64),
        _shell(room),
        np.array([_light(light) for light in scene.lights], np.float64).reshape(-1, 7),
        np.array(scene.sky, np.float64).ravel(),
        np.array(scene.ambient, np.float64),
    )


def parts(thing: Thing) -> list[Part]:
    """What a thing is built of, within its size and standing on y = 0; its front looks along +z."""
    width, height, depth = thing.size_m
    if thing.kind == "ball":
        return [(SPHERE, (0.0, height / 2, 0.0), (height / 2, 0.0, 0.0), 0)]
    if thing.kind == "box":
        return [_block(0.0, 0.0, 0.0, width, height, depth)]
    if thing.kind == "can":
        rim = 0.06 * height
        return [
            (FRUSTUM, (0.0, 0.0, 0.0), (0.42 * width, height - rim, 0.48 * width), 0),
            (FRUSTUM, (0.0, height - rim, 0.0), (width / 2, rim, width / 2), 1),
        ]
    if thing.kind == "cone":
        plate = 0.05 * height
        return [
            _block(0.0, 0.0, 0.0, width, plate, depth, 1),
            (FRUSTUM, (0.0, plate, 0.0), (0.4 * width, height - plate, 0.06 * width), 0),
        ]
    if thing.kind == "chair":
        seat, leg = height / 2, 0.045
        return [
            _block(0.0, seat - 0.06, 0.0, width, 0.06, depth),
            _block(0.0, seat, 0.02 - depth / 2, width, height - seat, 0.04),
            *_legs(width, depth, seat - 0.06, leg),
        ]
    if thing.kind == "table":
        top = 0.05
        return [_block(0.0, height - top, 0.0, width, top, depth), *_legs(width, depth, height - top, 0.07)]
    # A door: its leaf between the frame's posts, a little behind their faces.
    post, recess = 0.06, 0.02
    return [
        _block(0.0, 0.0, -recess / 2, width - 2 * post, height - post, depth - recess),
        _block(-(width - post) / 2, 0.0, 0.0, post, height, depth, 2),
        _block((width - post) / 2, 0.0, 0.0, post, height, depth, 2),
        _block(0.0, height - post, 0.0, width - 2 * post, post, depth, 2),
        (SPHERE, (0.36 * width, 0.5 * height, depth / 2), (0.035, 0.0, 0.0), 2),
    ]


def _block(
    x: float, bottom: float, z: float, width: float, height: float, depth: float, paint: int = 0
) -> Part:
    return BOX, (x, bottom + height / 2, z), (width / 2, height / 2, depth / 2), paint


def _legs(width: float, depth: float, height: float, side: float) -> list[Part]:
    x, z = (width - side) / 2, (depth - side) / 2
    return [_block(a * x, 0.0, b * z, side, height, side, 1) for a in (-1, 1) for b in (-1, 1)]


def _material(texture: Texture, gloss: float) -> tuple[float, ...]:
    first, second = texture.colours
    return (PATTERNS.index(texture.pattern), *first, *second, texture.scale_m, texture.seed, gloss)


def _scaled(colour: Colour, factor: float) -> Colour:
    return colour[0] * factor, colour[1] * factor, colour[2] * factor


def _light(light: Light) -> tuple[float, ...]:
    if light.position_m is None:
        return (0.0, *light.direction, *light.intensity)
    return (1.0, *light.position_m, *light.intensity)


def _shell(room: Room | None) -> np.ndarray:
    if room is None:
        return np.zeros(11)
    mirror = (1.0, *room.mirror) if room.mirror else (0.0,) * 5
    return np.array(
        [1.0, room.left_m, room.right_m, room.back_m, room.front_m, room.height_m, *mirror], np.float64
    )
