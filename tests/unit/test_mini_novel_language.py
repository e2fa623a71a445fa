"""Expressions that no training has, read back by a reader that knows English and not how they were made."""

import re
from collections import Counter

import numpy as np
import pytest

from vbanalysis.errors import InputError
from vbanalysis.instructions import STYLES, parse, referring_prompt
from vbanalysis.mini.language.novel import NOVEL_KINDS, PURPOSES, SYNONYMS, novel_expressions
from vbanalysis.mini.language.phrases import seen_spots
from vbanalysis.mini.language.referring import REFERRING_KINDS, expressions, referring
from vbanalysis.mini.world.graph import COLOURS, THINGS
from vbanalysis.mini.world.layout import make_scene, visible_things
from vbanalysis.mini.world.render import render

COLOUR = f"(?:{'|'.join(COLOURS)})"
NUMBERS = {"two": 2, "three": 3, "four": 4}


@pytest.fixture(scope="module")
def pictures():
    """(scene, instances) of rendered scenes, few things and many."""
    splits = ("train-rooms", "train", "crowded", "novel-combinations")
    scenes = [make_scene(splits[k % 4], k, seed=5) for k in range(80)]
    return [(scene, render(scene, 48, samples=1).instances) for scene in scenes]


def all_of(pictures, kind):
    for scene, instances in pictures:
        spots = seen_spots(scene, instances)
        for found in novel_expressions(scene, spots, kind, visible_things(scene, instances)):
            yield scene, instances, found


def noun_fits(thing, noun):
    """A noun of the taught grammar."""
    *colour, kind = noun.split()
    return kind in (thing.kind, "object") and (not colour or colour[0] == thing.colour)


def meant(scene, instances, text):
    """Indices of what a text means among the things that have a pixel, from the words alone."""
    seen = [k for k in range(len(scene.things)) if (instances == k + 1).any()]
    things = {k: scene.things[k] for k in seen}
    counts = Counter(thing.kind for thing in things.values())

    def those(test):
        return {k for k, thing in things.items() if test(thing)}

    if found := re.fullmatch(rf"(\w+) painted ({COLOUR})", text):
        return those(lambda t: noun_fits(t, f"{found[2]} {found[1]}"))
    if found := re.fullmatch(rf"(\w+) with a coat of ({COLOUR}) paint", text):
        return those(lambda t: noun_fits(t, f"{found[2]} {found[1]}"))
    if found := re.fullmatch(rf"thing shaped like a (\w+) and colored ({COLOUR})", text):
        return those(lambda t: noun_fits(t, f"{found[2]} {found[1]}"))
    if found := re.fullmatch(rf"(?:{COLOUR} )?(\w+)", text):
        [kind] = [kind for kind, words in SYNONYMS.items() if found[1] in words]
        return those(lambda t: noun_fits(t, text.replace(found[1], kind)))
    if found := re.fullmatch(rf"(\w+) that is not ({COLOUR})", text):
        return those(lambda t: t.kind == found[1] and t.colour != found[2])
    if found := re.fullmatch(rf"({COLOUR}) object that is not an? (\w+)", text):
        return those(lambda t: t.colour == found[1] and t.kind != found[2])
    if text == "object that is the only one of its kind":
        return those(lambda t: counts[t.kind] == 1)
    if found := re.fullmatch(r"objects of the kind that there are (\w+) of", text):
        return those(lambda t: counts[t.kind] == NUMBERS[found[1]])
    if found := re.fullmatch(r"(two|three|four) (\w+)", text):
        kind = {f"{k}es" if k == "box" else f"{k}s": k for k in THINGS}[found[2]]
        assert counts[kind] == NUMBERS[found[1]]
        return those(lambda t: t.kind == kind)
    if found := re.fullmatch(r"(\w+) object other than the (.+)", text):
        rest = [k for k, thing in things.items() if not noun_fits(thing, found[2])]
        assert len(rest) == len(things) - 1, text
        middle = {k: np.nonzero(instances == k + 1)[1].mean() for k in rest}
        worth = {
            "nearest": lambda k: things[k].z,
            "farthest": lambda k: -things[k].z,
            "leftmost": lambda k: -middle[k],
            "rightmost": lambda k: middle[k],
        }[found[1]]
        return {max(rest, key=worth)}
    if text.startswith("object "):
        [kind] = [kind for kind, uses in PURPOSES.items() if text.removeprefix("object ") in uses]
        return those(lambda t: t.kind == kind)
    raise AssertionError(f"not English of this world: {text}")


@pytest.mark.parametrize("kind", NOVEL_KINDS)
def test_what_is_said_is_true_of_what_it_means_and_of_nothing_else(pictures, kind):
    read = list(all_of(pictures, kind))
    assert len(read) >= 10
    for scene, instances, found in read:
        assert found.kind == kind
        assert meant(scene, instances, found.text) == set(found.things), found.text


def test_counting_means_several_things_and_single_ones(pictures):
    sizes = {len(found.things) for _, _, found in all_of(pictures, "counting")}
    assert {1, 2} <= sizes


def test_a_negation_has_a_foil_that_a_reader_takes_who_misses_the_not(pictures):
    for scene, instances, found in all_of(pictures, "negation"):
        words = found.text.split()
        kind, colour = (words[0], words[-1]) if words[-1] in COLOURS else (words[-1], words[0])
        seen = [scene.things[k] for k in range(len(scene.things)) if (instances == k + 1).any()]
        assert any(thing.kind == kind and thing.colour == colour for thing in seen), found.text


def test_only_what_is_worth_pointing_at_is_meant(pictures):
    scene, instances = pictures[0]
    assert novel_expressions(scene, seen_spots(scene, instances), "synonym", ()) == []


def test_the_words_are_no_words_of_the_taught_kinds():
    assert not {w for words in SYNONYMS.values() for w in words} & set(THINGS)
    assert not set(NOVEL_KINDS) & set(REFERRING_KINDS)


@pytest.mark.parametrize("kind", NOVEL_KINDS)
@pytest.mark.parametrize("style", STYLES["referring"])
def test_every_style_can_ask_it(pictures, kind, style):
    texts = {found.text for _, _, found in all_of(pictures, kind)}
    for text in sorted(texts)[:12]:
        asked = referring_prompt({text: (255, 0, 255)}, style, "hex")
        assert parse(asked.text).classes == (text,)


def test_an_unknown_kind_is_answered_with_those_that_there_are(pictures):
    scene, instances = pictures[0]
    with pytest.raises(InputError, match="'irony' is unknown: use one of paraphrase"):
        novel_expressions(scene, seen_spots(scene, instances), "irony", ())


@pytest.mark.parametrize("kind", REFERRING_KINDS)
def test_the_list_of_a_taught_kind_holds_what_is_drawn_from_it(pictures, kind):
    rng = np.random.default_rng(2)
    drawn = 0
    for scene, instances in pictures:
        visible = visible_things(scene, instances)
        one = referring(scene, instances, rng, [kind], visible)
        every = expressions(scene, seen_spots(scene, instances), kind, visible)
        assert (one is None) == (not every)
        assert one is None or one in every
        drawn += one is not None
    assert drawn > 10
