"""Referring expressions: noun phrases that fit one thing of a picture and no other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import permutations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vbanalysis.errors import InputError
from vbanalysis.mini.language.phrases import (
    APART,
    FARTHER,
    RELATIONS,
    Spot,
    denoted,
    nouns,
    own_nouns,
    pick,
    relates,
    seen_spots,
)
from vbanalysis.mini.world.graph import Scene

LARGER = 1.4
"""One thing is the largest in words if it covers this many times the pixels of any other."""

_ORDINALS = ("second", "third")


class Referring(NamedTuple):
    """A noun phrase without an article, and what it denotes.

    Attributes:
        text: Such as "ball to the left of the blue chair".
        kind: How it tells its thing from the others: one of `REFERRING_KINDS`.
        things: Indices in the scene of what it denotes; one.
    """

    text: str
    kind: str
    things: tuple[int, ...]


def referring(
    scene: Scene,
    instances: NDArray[np.int32],
    rng: np.random.Generator,
    kinds: Collection[str] | None = None,
    visible: Sequence[int] | None = None,
) -> Referring | None:
    """An expression that is true of one thing of the picture, and of no other that has a pixel in it.

    Left, right and size are those of the visible pixels ("largest" covers the most of the picture, whatever
    its size in metres), near and far those of z. Where a viewer might doubt, nothing is said. Among the
    kinds, then among the things, then among the wordings each has the same chance.

    Args:
        scene: The scene.
        instances: (H, W) integers: k is `scene.things[k - 1]`, 0 is stuff.
        rng: Chooses the thing and the words.
        kinds: Which of `REFERRING_KINDS` may be used; None allows all.
        visible: Indices of the things worth pointing at; None takes all that have a pixel.

    Returns:
        The expression, or None if no thing can be told apart in these ways.

    Raises:
        InputError: An unknown kind, or a map of another scene.
    """
    spots = seen_spots(scene, instances)
    return _referring(scene, spots, rng, _checked(kinds), spots if visible is None else visible)


def referring_pair(
    scene: Scene,
    instances: NDArray[np.int32],
    rng: np.random.Generator,
    kinds: Collection[str] | None = None,
    visible: Sequence[int] | None = None,
) -> tuple[Referring, Referring] | None:
    """Two expressions for two things: of one kind and told apart by their colours, where there are such.

    Args:
        scene: As for `referring`.
        instances: As for `referring`.
        rng: As for `referring`.
        kinds: As for `referring`; the preference needs "attribute".
        visible: As for `referring`.

    Returns:
        The expressions, or None if there are no two things that can be told apart in these ways.

    Raises:
        InputError: As for `referring`.
    """
    spots = seen_spots(scene, instances)
    allowed = _checked(kinds)
    wanted = [k for k in (spots if visible is None else visible) if k in spots]
    if "attribute" in allowed:
        own = [k for k in wanted if nouns(scene, k)[1] in own_nouns(scene, k, spots)]
        pairs = [(a, b) for a, b in permutations(own, 2) if scene.things[a].kind == scene.things[b].kind]
        if pairs:
            a, b = pairs[int(rng.integers(len(pairs)))]
            return (
                Referring(nouns(scene, a)[1], "attribute", (a,)),
                Referring(nouns(scene, b)[1], "attribute", (b,)),
            )
    first = _referring(scene, spots, rng, allowed, wanted)
    rest = [] if first is None else [k for k in wanted if k not in first.things]
    second = _referring(scene, spots, rng, allowed, rest)
    return None if first is None or second is None else (first, second)


def expressions(scene: Scene, spots: dict[int, Spot], kind: str, visible: Collection[int]) -> list[Referring]:
    """All expressions of one kind, each wording by itself, as `referring` chooses from.

    Args:
        scene: The scene.
        spots: Of all things that have a pixel, as `phrases.seen_spots` gives them.
        kind: One of `REFERRING_KINDS`.
        visible: Indices of the things worth pointing at.

    Raises:
        InputError: An unknown kind.
    """
    say = _PHRASES[_checked([kind])[0]]
    return [Referring(text, kind, (k,)) for k in visible if k in spots for text in say(scene, spots, k)]


def _referring(
    scene: Scene,
    spots: dict[int, Spot],
    rng: np.random.Generator,
    kinds: list[str],
    wanted: Collection[int],
) -> Referring | None:
    things = [k for k in wanted if k in spots]
    for kind in rng.permutation(kinds):
        for k in rng.permutation(len(things)):
            texts = _PHRASES[str(kind)](scene, spots, things[k])
            if texts:
                return Referring(pick(rng, texts), str(kind), (things[k],))
    return None


def _checked(kinds: Collection[str] | None) -> list[str]:
    allowed = sorted(REFERRING_KINDS if kinds is None else set(kinds))
    unknown = [kind for kind in allowed if kind not in REFERRING_KINDS]
    if unknown:
        raise InputError(f"kinds holds {unknown[0]!r}: use some of {', '.join(REFERRING_KINDS)}")
    return allowed


def _by_attribute(scene: Scene, spots: dict[int, Spot], thing: int) -> list[str]:
    return own_nouns(scene, thing, spots)


def _by_relation(scene: Scene, spots: dict[int, Spot], thing: int) -> list[str]:
    """By its place beside a thing that a noun alone tells from the others.

    The noun is the bare kind where there are others of it, so that the place matters.
    """
    kind, full, _ = nouns(scene, thing)
    own = [kind] if len(denoted(scene, kind, spots)) > 1 else [kind, full, "object"]
    texts = []
    for anchor in spots:
        if anchor == thing:
            continue
        for relation, words in RELATIONS.items():
            if not relates(relation, spots[thing], spots[anchor]):
                continue
            for noun in own:
                rivals = [k for k in denoted(scene, noun, spots) if k not in (thing, anchor)]
                if all(relates(relation, spots[k], spots[anchor]) is False for k in rivals):
                    texts += [
                        f"{noun} {link}{words} the {name}"
                        for name in own_nouns(scene, anchor, spots)
                        for link in ("", "that is ")
                    ]
    return texts


def _by_size(scene: Scene, spots: dict[int, Spot], thing: int) -> list[str]:
    texts = []
    for noun, rivals in _shared(scene, spots, thing):
        ratios = [spots[thing].size / rival.size for rival in rivals]
        if min(ratios) >= LARGER:
            texts += [f"largest {noun}", f"biggest {noun}"]
        if max(ratios) <= 1 / LARGER:
            texts.append(f"smallest {noun}")
    return texts


def _by_order(scene: Scene, spots: dict[int, Spot], thing: int) -> list[str]:
    texts = []
    for noun, rivals in _shared(scene, spots, thing):
        texts += _across(noun, spots[thing], rivals)
        ratios = [spots[thing].depth_m / rival.depth_m for rival in rivals]
        if max(ratios) <= 1 / FARTHER:
            texts += [f"nearest {noun}", f"closest {noun}"]
        if min(ratios) >= FARTHER:
            texts.append(f"farthest {noun}")
    return texts


def _across(noun: str, spot: Spot, rivals: list[Spot]) -> list[str]:
    """By its rank from the left or the right, if each rival is plainly on one side of it."""
    gaps = [rival.across - spot.across for rival in rivals]
    if any(abs(gap) < APART for gap in gaps):
        return []
    texts = []
    for side, before in (("left", sum(gap < 0 for gap in gaps)), ("right", sum(gap > 0 for gap in gaps))):
        if before == 0:
            texts += [f"{side}most {noun}", f"{noun} farthest to the {side}"]
            if len(rivals) == 1:
                texts.append(f"{noun} on the {side}")
        elif before <= len(_ORDINALS) and before < len(rivals):
            texts.append(f"{_ORDINALS[before - 1]} {noun} from the {side}")
    return texts


def _shared(scene: Scene, spots: dict[int, Spot], thing: int) -> list[tuple[str, list[Spot]]]:
    """The nouns that a thing shares with others, and these; "object" only if no other is of its kind."""
    kind, full, _ = nouns(scene, thing)
    found = {noun: [k for k in denoted(scene, noun, spots) if k != thing] for noun in (kind, full, "object")}
    if found[kind]:
        del found["object"]
    return [(noun, [spots[k] for k in rivals]) for noun, rivals in found.items() if rivals]


_PHRASES: dict[str, Callable[[Scene, dict[int, Spot], int], list[str]]] = {
    "attribute": _by_attribute,
    "relation": _by_relation,
    "size": _by_size,
    "order": _by_order,
}

REFERRING_KINDS = tuple(_PHRASES)
"""The kinds of referring expressions."""
