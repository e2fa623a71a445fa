"""Random paints and lights: how the things and surfaces of a scene look."""

from __future__ import annotations

import math

import numpy as np

from vbanalysis.mini.world.graph import COLOURS, Light, Room, Texture

Colour = tuple[float, float, float]

# Linear-light albedos, all muted, so that the colour words belong to the things.
_STONES = ((0.42, 0.41, 0.39), (0.5, 0.46, 0.4), (0.3, 0.3, 0.31), (0.58, 0.56, 0.52))
_WOODS = ((0.36, 0.22, 0.12), (0.45, 0.31, 0.18), (0.24, 0.15, 0.09), (0.5, 0.4, 0.28))
_PAINTS = ((0.66, 0.64, 0.6), (0.6, 0.62, 0.64), (0.62, 0.57, 0.47), (0.48, 0.55, 0.5), (0.5, 0.53, 0.6))
_BRICKS = ((0.33, 0.19, 0.14), (0.42, 0.33, 0.26), (0.45, 0.43, 0.41))
_SOILS = ((0.17, 0.24, 0.09), (0.22, 0.22, 0.23), (0.48, 0.4, 0.28), (0.28, 0.23, 0.16))
_NOVEL = ((0.25, 0.5, 0.5), (0.55, 0.35, 0.45), (0.5, 0.5, 0.25), (0.35, 0.3, 0.5))


def coat(rng: np.random.Generator, kind: str, colour: str, novel: bool) -> Texture:
    """The paint of a thing: near the word's colour, sometimes with a pattern that leaves the word true."""
    srgb = np.array(COLOURS[colour]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    tint = 0.012 if colour in ("white", "black") else 0.04  # a tinted white is another colour
    linear = np.clip(linear * rng.normal(1, 0.06) * rng.normal(1, tint, 3), 0.01, 0.92)
    # A dark paint's pattern is lighter, so that it can be seen.
    second = np.minimum(linear * (2.2 if colour == "black" else 0.72), 0.95)
    first = _rgb(linear)
    if novel and rng.random() < 0.7:
        pattern, scale = str(rng.choice(("dots", "zigzag", "plaid"))), rng.uniform(0.14, 0.22)
    elif rng.random() < 0.7:
        return Texture("plain", (first, first))
    elif kind == "box":
        pattern, scale = "tape", 0.5
    else:
        pattern, scale = str(rng.choice(("stripes", "speckle"))), rng.uniform(0.1, 0.2)
    return Texture(pattern, (first, _rgb(second)), float(scale), int(rng.integers(2**16)))


def _surface(
    rng: np.random.Generator, pattern: str, colour: Colour, contrast: float, scale: float, spread: float = 0.1
) -> Texture:
    """A muted texture around a colour, the second colour `contrast` times the first."""
    first = np.clip(np.array(colour) * rng.normal(1, spread) * rng.normal(1, 0.03, 3), 0.03, 0.9)
    second = np.clip(first * contrast, 0.02, 0.92)
    return Texture(pattern, (_rgb(first), _rgb(second)), float(scale), int(rng.integers(2**16)))


def floor(rng: np.random.Generator, novel: bool) -> Texture:
    """Tiles, planks, a checkerboard or carpet, in cells of real sizes."""
    if novel:
        return _novel(rng, 0.3, 0.6)
    pattern = rng.choice(("tiles", "planks", "checker", "speckle"), p=(0.35, 0.35, 0.15, 0.15))
    if pattern == "tiles":
        return _surface(rng, "tiles", _pick(rng, _STONES), rng.choice((0.6, 1.4)), rng.uniform(0.3, 0.6))
    if pattern == "planks":
        return _surface(rng, "planks", _pick(rng, _WOODS), 0.55, rng.uniform(0.12, 0.22))
    if pattern == "checker":
        return _surface(rng, "checker", _pick(rng, _STONES), rng.uniform(0.5, 0.75), rng.uniform(0.3, 0.6))
    return _surface(rng, "speckle", _pick(rng, _STONES), 0.8, rng.uniform(0.08, 0.2))


def walls(rng: np.random.Generator, novel: bool) -> Texture:
    """Mostly plain, else bricks or a striped wallpaper."""
    if novel:
        return _novel(rng, 0.25, 0.5)
    pattern = rng.choice(("plain", "bricks", "stripes"), p=(0.65, 0.15, 0.2))
    if pattern == "bricks":
        return _surface(rng, "bricks", _pick(rng, _BRICKS), rng.uniform(1.15, 1.4), rng.uniform(0.07, 0.1))
    if pattern == "stripes":
        return _surface(rng, "stripes", _pick(rng, _PAINTS), rng.uniform(0.82, 0.92), rng.uniform(0.15, 0.4))
    return _surface(rng, "plain", _pick(rng, _PAINTS), 1.0, 1.0)


def ground(rng: np.random.Generator, novel: bool) -> Texture:
    """Grass, asphalt, sand or soil, sometimes paved."""
    if novel:
        return _novel(rng, 0.3, 0.6)
    if rng.random() < 0.2:
        return _surface(rng, "tiles", _pick(rng, _STONES), 0.65, rng.uniform(0.3, 0.6))
    return _surface(rng, "speckle", _pick(rng, _SOILS), rng.uniform(0.6, 0.75), rng.uniform(0.1, 0.3))


def _novel(rng: np.random.Generator, low: float, high: float) -> Texture:
    """A pattern that no other split has, in a colour that no other split has on its surfaces."""
    pattern = str(rng.choice(("dots", "zigzag", "plaid")))
    return _surface(rng, pattern, _pick(rng, _NOVEL), rng.uniform(0.45, 0.7), rng.uniform(low, high))


def _pick(rng: np.random.Generator, colours: tuple[Colour, ...]) -> Colour:
    return colours[int(rng.integers(len(colours)))]


def _rgb(colour: np.ndarray) -> Colour:
    return float(colour[0]), float(colour[1]), float(colour[2])


def grey(rng: np.random.Generator, low: float, high: float) -> Colour:
    """A grey between two albedos."""
    return _rgb(rng.uniform(low, high) * np.ones(3))


def _tinted(rng: np.random.Generator, strength: float, tint: float = 0.02) -> Colour:
    """Light that is white within a few percent, so that colour words stay true."""
    return _rgb(strength * rng.normal(1, tint, 3))


def lamps(rng: np.random.Generator, room: Room) -> tuple[tuple[Light, ...], Colour]:
    """One or two lamps under the ceiling, and the light that the room reflects."""
    count = 2 if rng.random() < 0.5 else 1
    power = rng.uniform(0.65, 0.85) * (0.62 if count == 2 else 1.0)
    lights = []
    for k in range(count):
        x = rng.uniform(0.6 * room.left_m, 0.6 * room.right_m)
        share = rng.uniform(0.1, 0.6) if count == 1 else rng.uniform(0.05, 0.3) + 0.4 * k
        position = (float(x), room.height_m - 0.35, float(share * room.back_m))
        lights.append(Light((0.0, 1.0, 0.0), position, _tinted(rng, power)))
    return tuple(lights), _tinted(rng, rng.uniform(0.36, 0.48), 0.01)


def daylight(rng: np.random.Generator) -> tuple[tuple[Light, ...], Colour]:
    """A sun, weaker the cloudier it is, and the light of the sky."""
    elevation = math.radians(rng.uniform(28, 65))
    # From behind the camera or from a side, seldom from ahead.
    azimuth = math.radians(rng.uniform(-110, 110) if rng.random() < 0.8 else rng.uniform(0, 360))
    direction = (
        math.cos(elevation) * math.sin(azimuth),
        math.sin(elevation),
        math.cos(elevation) * math.cos(azimuth),
    )
    clouds = rng.random() ** 2
    sun = 0.85 - 0.55 * clouds
    return (Light(direction, None, _tinted(rng, sun)),), _tinted(rng, 0.34 + 0.3 * clouds, 0.01)


def sky(rng: np.random.Generator) -> tuple[Colour, Colour]:
    """Zenith and horizon, from blue to grey."""
    grey = rng.uniform(0, 0.7)
    zenith = (1 - grey) * np.array([0.16, 0.34, 0.72]) + grey * 0.62
    horizon = (1 - grey) * np.array([0.62, 0.75, 0.88]) + grey * 0.8
    return _rgb(zenith), _rgb(horizon)
