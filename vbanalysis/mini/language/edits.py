"""Edits: an order to change one thing, and the scene as it is then."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.mini.language.phrases import APART, denoted, nouns, own_nouns, pick, projected_spots
from vbanalysis.mini.world.graph import COLOURS, Scene, Texture

EDIT_KINDS = ("recolour", "remove")
"""The kinds of edits."""

_RECOLOUR = (
    "Make the {} {}.",
    "Paint the {} {}.",
    "Turn the {} {}.",
    "Color the {} {}.",
    "Change the color of the {} to {}.",
)
_REMOVE = (
    "Remove the {}.",
    "Delete the {}.",
    "Erase the {}.",
    "Please remove the {}.",
    "Remove the {} from the image.",
)

_Rgb = tuple[float, float, float]


class Edit(NamedTuple):
    """An order and what it leads to.

    Attributes:
        text: The order, such as "Make the red ball blue."
        kind: One of `EDIT_KINDS`.
        thing: Index of the changed thing in the scene before.
        colour: Its new colour, or None if it is removed.
        result: The scene after; all but the thing is the same, seeds too. Without the thing, those after it
            move up: the one of index k > thing has index k - 1, so instance k + 1 of a map becomes k.
    """

    text: str
    kind: str
    thing: int
    colour: str | None
    result: Scene


def edit(
    scene: Scene,
    visible: Sequence[int],
    rng: np.random.Generator,
    kinds: Collection[str] = EDIT_KINDS,
    avoid: Mapping[str, str] | None = None,
) -> Edit | None:
    """An order to recolour or remove one visible thing, named so that it fits no other of the scene.

    Args:
        scene: The scene before.
        visible: Indices of the things that can be seen.
        rng: Chooses the thing, the colour and the words.
        kinds: Which of `EDIT_KINDS` may be chosen.
        avoid: For a kind of thing, the colour that it must not be given.

    Returns:
        The edit, or None if no visible thing can be named.

    Raises:
        InputError: No kind, or an unknown one.
    """
    allowed = sorted(set(kinds))
    if not allowed or not set(allowed) <= set(EDIT_KINDS):
        raise InputError(f"kinds must be some of {', '.join(EDIT_KINDS)}; got {', '.join(allowed) or 'none'}")
    for thing in rng.permutation(np.asarray(visible, dtype=int)).tolist():
        names = _names(scene, thing, visible)
        if not names:
            continue
        name = pick(rng, names)
        if pick(rng, allowed) == "remove":
            things = scene.things[:thing] + scene.things[thing + 1 :]
            return Edit(pick(rng, _REMOVE).format(name), "remove", thing, None, replace(scene, things=things))
        before = scene.things[thing]
        colour = pick(rng, [c for c in COLOURS if c not in (before.colour, (avoid or {}).get(before.kind))])
        after = replace(before, colour=colour, texture=repainted(before.texture, before.colour, colour))
        things = (*scene.things[:thing], after, *scene.things[thing + 1 :])
        text = pick(rng, _RECOLOUR).format(name, colour)
        return Edit(text, "recolour", thing, colour, replace(scene, things=things))
    return None


def _names(scene: Scene, thing: int, visible: Sequence[int]) -> list[str]:
    """Own nouns; of two things that share all nouns, the left and the right one if both are in view."""
    everything = range(len(scene.things))
    own = own_nouns(scene, thing, everything)
    if own:
        return own
    spots = projected_spots(scene, visible)
    names = []
    for noun in nouns(scene, thing):
        rivals = [k for k in denoted(scene, noun, everything) if k != thing]
        if len(rivals) == 1 and thing in spots and rivals[0] in spots:
            gap = spots[rivals[0]].across - spots[thing].across
            if abs(gap) >= 2 * APART:
                names.append(f"{'left' if gap > 0 else 'right'} {noun}")
    return names


def repainted(texture: Texture, old: str, new: str) -> Texture:
    """A texture in another colour, as much lighter or darker than the word's own as it was before.

    The second colour of a pattern becomes the same multiple of the first. What is darker on other paints is
    lighter on black, and the other way round, so that it can be seen.

    Args:
        texture: The paint before.
        old: The word for its first colour.
        new: The word wanted, one of `COLOURS`.
    """
    first, second = (_brightness(colour) for colour in texture.colours)
    painted = _scaled(_linear(new), first / _brightness(_linear(old)))
    contrast = second / first if (old == "black") == (new == "black") else first / second
    return replace(texture, colours=(painted, _scaled(painted, contrast)))


def _linear(word: str) -> _Rgb:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in COLOURS[word])
    )
    return red, green, blue


def _brightness(rgb: _Rgb) -> float:
    return max(sum(rgb), 1e-6)


def _scaled(rgb: _Rgb, factor: float) -> _Rgb:
    red, green, blue = (min(part * factor, 1.0) for part in rgb)
    return red, green, blue
