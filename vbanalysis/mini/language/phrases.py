"""What captions, referring expressions and edits share: nouns, places in the picture, and relations.

A thing is named by its index in `scene.things` throughout. "Left" and "behind" are the viewer's.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vbanalysis.errors import InputError
from vbanalysis.mini.world.graph import Scene
from vbanalysis.mini.world.render import axes

NUMBERS = (
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)

RELATIONS = {
    "left of": "to the left of",
    "right of": "to the right of",
    "behind": "behind",
    "in front of": "in front of",
}
"""How each relation is worded."""

APART = 0.06
"""Two things are side by side in words if their middles are this part of the picture's width apart."""

FARTHER = 1.15
"""One thing is behind another in words if its z is this many times the other's."""

IN_LINE = 0.3
"""...and if their middles are no more than this part of the picture's width apart."""


class Spot(NamedTuple):
    """Where a thing appears in the picture.

    Attributes:
        across: Of its middle: 0 at the left border, 1 at the right one.
        depth_m: z of its centre ahead of the camera.
        size: Part of the picture that it covers.
    """

    across: float
    depth_m: float
    size: float


def seen_spots(scene: Scene, instances: NDArray[np.int32]) -> dict[int, Spot]:
    """Spots of all things that have a pixel, measured on what is visible of them.

    Args:
        scene: The scene.
        instances: (H, W) integers: k is `scene.things[k - 1]`, 0 is stuff.

    Raises:
        InputError: The map is not two-dimensional or holds an instance that the scene has not.
    """
    flat = instances.ravel()
    if instances.ndim != 2 or (flat.size and not 0 <= flat.min() <= flat.max() <= len(scene.things)):
        raise InputError(
            f"instances must be an (H, W) map of 0 to {len(scene.things)}, the scene's things; "
            f"got shape {instances.shape}: give the map of this very scene"
        )
    width = instances.shape[1]
    columns = np.broadcast_to((np.arange(width) + 0.5) / width, instances.shape).ravel()
    areas = np.bincount(flat, minlength=len(scene.things) + 1)
    sums = np.bincount(flat, columns, minlength=len(scene.things) + 1)
    return {
        k: Spot(float(sums[k + 1] / areas[k + 1]), -thing.z, float(areas[k + 1] / flat.size))
        for k, thing in enumerate(scene.things)
        if areas[k + 1]
    }


def projected_spots(scene: Scene, things: Iterable[int]) -> dict[int, Spot]:
    """Spots of things in a square picture if nothing hid them; only of what is ahead of the camera."""
    position, right, _, back = axes(scene.camera)
    focal = 0.5 / math.tan(math.radians(scene.camera.hfov_deg) / 2)
    spots = {}
    for k in things:
        thing = scene.things[k]
        width, height, _ = thing.size_m
        offset = np.array([thing.x, height / 2, thing.z]) - position
        ahead = -float(offset @ back)
        if ahead > 0 and thing.z < 0:
            across = 0.5 + focal * float(offset @ right) / ahead
            spots[k] = Spot(across, -thing.z, focal**2 * width * height / ahead**2)
    return spots


def relates(relation: str, subject: Spot, other: Spot, apart: float = APART) -> bool | None:
    """Whether one thing plainly stands in a relation to another.

    Args:
        relation: One of `RELATIONS`.
        subject: Spot of the thing that the relation is said of.
        other: Spot of the one that it is related to.
        apart: As `APART`.

    Returns:
        True, or False where plainly the opposite holds, or None where a viewer might doubt.
    """
    if relation in ("left of", "right of"):
        gap = subject.across - other.across
        return _plainly(-gap if relation == "left of" else gap, apart)
    farther = math.log(subject.depth_m / other.depth_m)
    verdict = _plainly(farther if relation == "behind" else -farther, math.log(FARTHER))
    return None if verdict and abs(subject.across - other.across) > IN_LINE else verdict


def _plainly(value: float, margin: float) -> bool | None:
    return True if value >= margin else False if value <= -margin else None


def nouns(scene: Scene, thing: int) -> tuple[str, str, str]:
    """What a thing may be called, such as "ball", "red ball" and "red object"."""
    kind, colour = scene.things[thing].kind, scene.things[thing].colour
    return kind, f"{colour} {kind}", f"{colour} object"


def denoted(scene: Scene, noun: str, among: Iterable[int]) -> list[int]:
    """Which of some things a noun fits; "object" fits all."""
    return [k for k in among if noun == "object" or noun in nouns(scene, k)]


def own_nouns(scene: Scene, thing: int, among: Iterable[int]) -> list[str]:
    """The nouns that fit one thing and no other of some."""
    others = [noun for k in among if k != thing for noun in nouns(scene, k)]
    return [noun for noun in nouns(scene, thing) if noun not in others]


def counted(noun: str, count: int) -> str:
    """A noun with its article or number: "a ball", "an orange ball", "two boxes".

    >>> counted("orange ball", 1), counted("red box", 2)
    ('an orange ball', 'two red boxes')
    """
    if count == 1:
        return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
    return f"{NUMBERS[count] if count < len(NUMBERS) else count} {plural(noun)}"


def plural(noun: str) -> str:
    """The plural of a noun of this world."""
    return noun + ("es" if noun.endswith("x") else "s")


def listed(phrases: list[str]) -> str:
    """Phrases joined by commas and a last "and"; no phrase gives "".

    >>> listed(["a ball", "a box", "a can"])
    'a ball, a box and a can'
    """
    return " and ".join([", ".join(phrases[:-1])] * (len(phrases) > 1) + phrases[-1:])


def pick(rng: np.random.Generator, options: list[str] | tuple[str, ...]) -> str:
    """One of some wordings."""
    return options[int(rng.integers(len(options)))]
