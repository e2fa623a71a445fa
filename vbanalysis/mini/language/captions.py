"""Captions: true sentences about a scene, with what they claim beside them."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from vbanalysis.mini.language.phrases import (
    APART,
    RELATIONS,
    Spot,
    counted,
    listed,
    projected_spots,
    relates,
)
from vbanalysis.mini.world.graph import Scene, Setting, Texture

MOST = 4
"""How many objects a caption names at most."""

# Centres are compared, not what is visible of the things, so a caption asks for more room between them.
_APART = 2 * APART


class Group(NamedTuple):
    """Things of one kind and colour.

    Attributes:
        kind: Their kind.
        colour: Their colour.
        things: Their indices in the scene.
    """

    kind: str
    colour: str
    things: tuple[int, ...]

    @property
    def noun(self) -> str:
        """What one of them is called."""
        return f"{self.colour} {self.kind}"


class Relation(NamedTuple):
    """One thing's place beside another, such as ("left of", 0, 2).

    Attributes:
        name: One of `language.RELATIONS`.
        subject: Index of the thing that it is said of.
        other: Index of the thing that the first one is related to.
    """

    name: str
    subject: int
    other: int


@dataclass(frozen=True)
class Claims:
    """What a caption says.

    Attributes:
        setting: "room" or "open".
        objects: Each kind and colour that it names, with all visible things of that sort, which it counts.
        relations: At most one.
        ground: Word for the ground's or floor's look, or None if it says none.
        walls: Word for the walls' look, or None if it says none.
        complete: Whether `objects` are all visible things, so that a picture of it shows nothing else.
    """

    setting: Setting
    objects: tuple[Group, ...]
    relations: tuple[Relation, ...]
    ground: str | None
    walls: str | None
    complete: bool = False


class Caption(NamedTuple):
    """A text and what it claims."""

    text: str
    claims: Claims


def caption(scene: Scene, visible: Sequence[int], rng: np.random.Generator) -> Caption:
    """Describe a scene in a noun phrase, sometimes with a sentence on where two things stand.

    The sorts of things with the biggest members are named, in any order, `MOST` things in all (more only if
    the first sort alone has more). Their numbers are those of the visible things. Relations are those of the
    projected centres, and only between things that are the only ones of their kind and colour.

    Args:
        scene: The scene.
        visible: Indices of the things that can be seen.
        rng: Chooses the words.
    """
    spots = projected_spots(scene, visible)
    groups = _biggest(scene, visible, spots)
    groups = [groups[k] for k in rng.permutation(len(groups))]
    relation = _relation(groups, spots, rng) if rng.random() < 0.5 else None
    ground = look(scene.ground) if rng.random() < 0.3 else None
    walls = look(scene.room.walls) if scene.room and rng.random() < 0.3 else None
    complete = sum(len(group.things) for group in groups) == len(visible)
    claims = Claims(scene.setting, tuple(groups), (relation,) if relation else (), ground, walls, complete)
    return Caption(_worded(claims, rng), claims)


def _biggest(scene: Scene, visible: Sequence[int], spots: dict[int, Spot]) -> list[Group]:
    sorts: dict[tuple[str, str], list[int]] = {}
    for k in sorted(visible, key=lambda k: spots[k].size if k in spots else 0.0, reverse=True):
        sorts.setdefault((scene.things[k].kind, scene.things[k].colour), []).append(k)
    groups: list[Group] = []
    room = MOST
    for (kind, colour), things in sorts.items():
        if len(things) <= room or not groups:
            groups.append(Group(kind, colour, tuple(sorted(things))))
            room -= len(things)
    return groups


def _relation(groups: list[Group], spots: dict[int, Spot], rng: np.random.Generator) -> Relation | None:
    single = [group.things[0] for group in groups if len(group.things) == 1 and group.things[0] in spots]
    true = [
        Relation(name, a, b)
        for a in single
        for b in single
        for name in RELATIONS
        if a != b and relates(name, spots[a], spots[b], _APART)
    ]
    return true[int(rng.integers(len(true)))] if true else None


def _worded(claims: Claims, rng: np.random.Generator) -> str:
    nouns = {group.things[0]: group.noun for group in claims.objects}
    objects = listed([counted(group.noun, len(group.things)) for group in claims.objects])
    second = ""
    for name, subject, other in claims.relations:
        if len(nouns) == 2 and rng.random() < 0.5:
            objects = f"{counted(nouns[subject], 1)} {RELATIONS[name]} {counted(nouns[other], 1)}"
        else:
            second = f" The {nouns[subject]} is {RELATIONS[name]} the {nouns[other]}."
    if claims.setting == "room":
        looks = [counted(f"{claims.ground} floor", 1)] if claims.ground else []
        looks += [f"{claims.walls} walls"] if claims.walls else []
        place, where, tail = "room", "in a room", f" with {listed(looks)}" if looks else ""
    else:
        ground = f"open {claims.ground} ground" if claims.ground else "open ground"
        place, where, tail = f"piece of {ground}", f"on {ground}", ""
    if not objects:
        first = f"an empty {place}{tail}"
    elif not tail and rng.random() < 0.3:
        first = f"a {place} with {objects}"
    else:
        first = f"{objects} {where}{tail}"
    return f"{first[0].upper()}{first[1:]}.{second}"


def look(texture: Texture) -> str | None:
    """The word for the colour of stuff, such as "white", "grey" or "brown"; None if it is between two words.

    A pattern has a word if both of its colours have the same one.
    """
    words = {_word(colour) for colour in texture.colours[: 1 if texture.pattern == "plain" else 2]}
    return words.pop() if len(words) == 1 else None


def _word(linear: tuple[float, float, float]) -> str | None:
    red, green, blue = (max(part, 0.0) ** (1 / 2.2) for part in linear)
    hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
    if saturation < 0.12:
        return "white" if value > 0.87 else "grey" if 0.3 < value < 0.78 else "black" if value < 0.2 else None
    if saturation < 0.2:
        return None
    for word, low, high in (("green", 80, 160), ("blue", 195, 250)):
        if low < 360 * hue < high:
            return word
    if 15 < 360 * hue < 45:
        return "brown" if value < 0.65 else "beige" if value > 0.75 and saturation < 0.4 else None
    return None
