"""Referring expressions of kinds that no training exercise has, each exactly true of its scene.

The grammar of `referring` is what the embedded generator is taught. Here are the questions that it is not:
other words for the same things, negation, counting, exceptions, purposes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import product

from vbanalysis.errors import InputError
from vbanalysis.mini.language.phrases import (
    APART,
    FARTHER,
    NUMBERS,
    Spot,
    counted,
    denoted,
    nouns,
    own_nouns,
    plural,
)
from vbanalysis.mini.language.referring import Referring
from vbanalysis.mini.world.graph import Scene

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "ball": ("sphere", "globe"),
    "box": ("crate", "carton"),
    "can": ("tin", "canister"),
    "cone": ("pylon", "funnel"),
    "chair": ("seat", "armchair"),
    "table": ("desk", "workbench"),
    "door": ("doorway", "entrance"),
}
"""Other words for each kind; none of them is in any exercise."""

PURPOSES: Mapping[str, tuple[str, ...]] = {
    "ball": ("made for kicking", "used in a game of football"),
    "box": ("made for packing goods into", "used for moving house"),
    "can": ("made for holding a drink", "used for storing soup"),
    "cone": ("made for warning drivers", "used for closing a road"),
    "chair": ("made for sitting on", "used for resting tired legs"),
    "table": ("made for eating at", "used for serving dinner"),
    "door": ("made for walking through", "used for leaving a room"),
}
"""What one does with each kind, so that a viewer who knows the world knows which thing is meant."""

PARAPHRASES = (
    "{kind} painted {colour}",
    "{kind} with a coat of {colour} paint",
    "thing shaped like a {kind} and colored {colour}",
)
"""The taught noun in untaught frames."""

_MOST_COUNTED = 4


def novel_expressions(
    scene: Scene, spots: Mapping[int, Spot], kind: str, visible: Iterable[int]
) -> list[Referring]:
    """All expressions of one kind that fit what they denote and nothing else of the picture.

    Where a viewer might doubt which is nearer or farther to the left, nothing is said.

    Args:
        scene: The scene.
        spots: Of all things that have a pixel, as `phrases.seen_spots` gives them.
        kind: One of `NOVEL_KINDS`.
        visible: Indices of the things worth pointing at.

    Raises:
        InputError: An unknown kind.
    """
    if kind not in NOVEL_KINDS:
        raise InputError(f"kind {kind!r} is unknown: use one of {', '.join(NOVEL_KINDS)}")
    seen = set(visible)
    found = _SAYING[kind](scene, spots)
    return [Referring(text, kind, things) for text, things in found.items() if seen.issuperset(things)]


_Found = dict[str, tuple[int, ...]]


def _paraphrase(scene: Scene, spots: Mapping[int, Spot]) -> _Found:
    """ "Ball painted red": the noun of colour and kind, in other words around them."""
    found: _Found = {}
    for k in spots:
        thing = scene.things[k]
        if f"{thing.colour} {thing.kind}" in own_nouns(scene, k, spots):
            for frame in PARAPHRASES:
                found[frame.format(kind=thing.kind, colour=thing.colour)] = (k,)
    return found


def _synonym(scene: Scene, spots: Mapping[int, Spot]) -> _Found:
    """ "Crate", "red crate": the noun in another word for its kind."""
    found: _Found = {}
    for k in spots:
        kind, full, _ = nouns(scene, k)
        for noun, other in product(set(own_nouns(scene, k, spots)) & {kind, full}, SYNONYMS[kind]):
            found[noun.replace(kind, other)] = (k,)
    return found


def _negation(scene: Scene, spots: Mapping[int, Spot]) -> _Found:
    """ "Ball that is not red", "red object that is not a ball": all that share the noun but one are that."""
    found: _Found = {}
    for k in spots:
        kind, _, coloured = nouns(scene, k)
        rivals = {scene.things[other].colour for other in denoted(scene, kind, spots) if other != k}
        if len(rivals) == 1 and scene.things[k].colour not in rivals:
            found[f"{kind} that is not {rivals.pop()}"] = (k,)
        rivals = {scene.things[other].kind for other in denoted(scene, coloured, spots) if other != k}
        if len(rivals) == 1 and kind not in rivals:
            found[f"{coloured} that is not {counted(rivals.pop(), 1)}"] = (k,)
    return found


def _counting(scene: Scene, spots: Mapping[int, Spot]) -> _Found:
    """ "Two chairs", "object that is the only one of its kind", "objects of the kind that there are two of".

    All that have a pixel are counted.
    """
    counts = Counter(scene.things[k].kind for k in spots)
    if len(counts) < 2:
        return {}
    found: _Found = {}
    kinds_of = Counter(counts.values())
    for kind, count in counts.items():
        members = tuple(denoted(scene, kind, spots))
        if 2 <= count <= _MOST_COUNTED:
            found[f"{NUMBERS[count]} {plural(kind)}"] = members
        if kinds_of[count] > 1:
            continue
        if count == 1:
            found["object that is the only one of its kind"] = members
        elif count <= _MOST_COUNTED:
            found[f"objects of the kind that there are {NUMBERS[count]} of"] = members
    return found


def _exception(scene: Scene, spots: Mapping[int, Spot]) -> _Found:
    """ "Nearest object other than the red ball", of three things or more, where that ball is the nearest."""
    found: _Found = {}
    if len(spots) < 3:
        return found
    nearness = {k: spot.depth_m for k, spot in spots.items()}
    across = {k: spot.across for k, spot in spots.items()}
    for word, places, plainly in (
        ("nearest", nearness, lambda first, second: second >= FARTHER * first),
        ("farthest", {k: -z for k, z in nearness.items()}, lambda first, second: first <= FARTHER * second),
        ("leftmost", across, lambda first, second: second - first >= APART),
        ("rightmost", {k: -x for k, x in across.items()}, lambda first, second: second - first >= APART),
    ):
        first, second, third = sorted(places, key=places.__getitem__)[:3]
        if plainly(places[first], places[second]) and plainly(places[second], places[third]):
            for noun in own_nouns(scene, first, spots):
                found[f"{word} object other than the {noun}"] = (second,)
    return found


def _reasoning(scene: Scene, spots: Mapping[int, Spot]) -> _Found:
    """ "Object made for sitting on": the only one of its kind, among other kinds."""
    counts = Counter(scene.things[k].kind for k in spots)
    found: _Found = {}
    for k in spots:
        kind = scene.things[k].kind
        if counts[kind] == 1 and len(counts) > 1:
            found |= {f"object {purpose}": (k,) for purpose in PURPOSES[kind]}
    return found


_SAYING: dict[str, Callable[[Scene, Mapping[int, Spot]], _Found]] = {
    "paraphrase": _paraphrase,
    "synonym": _synonym,
    "negation": _negation,
    "counting": _counting,
    "exception": _exception,
    "reasoning": _reasoning,
}

NOVEL_KINDS = tuple(_SAYING)
"""The kinds of expressions that are in no exercise."""
