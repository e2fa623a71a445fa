"""The sentences of the embedded generator's world, read back by a reader that knows only their grammar."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from vbanalysis.errors import InputError
from vbanalysis.instructions import STYLES, edit_prompt, generation_prompt, referring_prompt
from vbanalysis.mini.language.captions import caption, look
from vbanalysis.mini.language.edits import EDIT_KINDS, edit, repainted
from vbanalysis.mini.language.phrases import projected_spots, seen_spots
from vbanalysis.mini.language.referring import REFERRING_KINDS, referring, referring_pair
from vbanalysis.mini.world.graph import COLOURS, THINGS, Camera, Light, Room, Scene, Texture, Thing
from vbanalysis.mini.world.layout import WITHHELD, make_scene, visible_things
from vbanalysis.mini.world.render import render

COLOUR = f"(?:{'|'.join(COLOURS)})"
KIND = f"(?:{'|'.join(THINGS)})"
NUMBER = "(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
COUNTED = rf"(?:an? {COLOUR} {KIND}|{NUMBER} {COLOUR} {KIND}(?:s|es))"
PLACED = r"(?:to the left of|to the right of|behind|in front of)"
NOUN = rf"(?:{COLOUR} {KIND}|{COLOUR} object|{KIND}|object)"
GREY = Texture("plain", ((0.3, 0.3, 0.3), (0.3, 0.3, 0.3)))


def thing(kind, colour, x=0.0, z=-3.0, texture=GREY):
    return Thing(kind, colour, texture, x, z, 0.0, (0.5, 0.5, 0.5))


def scene_of(*things, room=False):
    walls = Room(-9, 9, -20, 3, 3, GREY, GREY) if room else None
    light = Light((0.0, 1.0, 0.0), None, (1.0, 1.0, 1.0))
    camera = Camera(60.0, 1.2, 0.0, 0.0)
    return Scene("hand/0", camera, things, GREY, walls, (light,), (0.2,) * 3, ((0.2, 0.3, 0.8),) * 2, 1.0, 7)


def map_of(*boxes, size=64):
    """An instance map: one rectangle (left, right, top, bottom) a thing, in pixels."""
    instances = np.zeros((size, size), np.int32)
    for k, (left, right, top, bottom) in enumerate(boxes):
        instances[top:bottom, left:right] = k + 1
    return instances


def by_hand(rng):
    """A random scene graph of few kinds and colours, so that names are shared; rectangles overlap."""
    count = int(rng.integers(0, 8))
    kinds, colours = rng.choice(THINGS, 3, replace=False), rng.choice(list(COLOURS), 3, replace=False)
    things = [
        thing(str(rng.choice(kinds)), str(rng.choice(colours)), rng.uniform(-2, 2), -rng.uniform(2, 8))
        for _ in range(count)
    ]
    corners = rng.integers(0, 50, (count, 2))
    sizes = rng.integers(3, 20, (count, 2))
    boxes = [(a, a + w, b, b + h) for (a, b), (w, h) in zip(corners, sizes, strict=True)]
    return scene_of(*things, room=bool(rng.random() < 0.5)), map_of(*boxes)


def drawn(number):
    scene = make_scene(("train", "crowded", "heldout")[number % 3], number)
    return scene, render(scene, 64, samples=1).instances


@pytest.fixture(scope="module")
def pictures():
    """(scene, instance map, visible things) of 300 random graphs and three dozen rendered scenes."""
    rng = np.random.default_rng(3)
    both = [by_hand(rng) for _ in range(300)] + [drawn(number) for number in range(36)]
    return [(scene, instances, visible_things(scene, instances)) for scene, instances in both]


def fits(scene, k, noun):
    kind, colour = scene.things[k].kind, scene.things[k].colour
    return noun in (kind, f"{colour} {kind}", f"{colour} object", "object")


def stands(relation, a, b, across, depth):
    """A relation by its plain meaning, whatever the margin."""
    return {
        "to the left of": across[a] < across[b],
        "to the right of": across[a] > across[b],
        "behind": depth[a] > depth[b],
        "in front of": depth[a] < depth[b],
    }[relation]


def measured(scene, instances):
    """What the picture says of each thing that has a pixel: middle in pixels, z in metres, area in pixels."""
    seen = [k for k in range(len(scene.things)) if (instances == k + 1).any()]
    across = {k: float(np.nonzero(instances == k + 1)[1].mean()) for k in seen}
    return across, {k: -scene.things[k].z for k in seen}, {k: int((instances == k + 1).sum()) for k in seen}


# --- captions ---------------------------------------------------------------------------------------------


def centres(scene):
    """Where each thing's centre is seen: the angle to the right of the viewing direction, as its tangent."""
    camera = scene.camera
    pitch, roll = math.radians(camera.pitch_deg), math.radians(camera.roll_deg)
    a, b, c, d = math.cos(pitch), math.sin(pitch), math.cos(roll), math.sin(roll)
    level = np.array([[1, 0, 0], [0, a, b], [0, -b, a]])
    turned = np.array([[c, -d, 0], [d, c, 0], [0, 0, 1]])
    points = [(t.x, t.size_m[1] / 2 - camera.height_m, t.z) for t in scene.things]
    return [x / -z for x, _, z in (turned @ level @ np.array(point) for point in points)]


def read_caption(text):
    """Setting, looks, [(number, colour, kind)] and [(noun, relation, noun)]; fails on other texts."""
    inline = rf"{COUNTED} {PLACED} {COUNTED}"
    listed = rf"{COUNTED}(?:(?:, {COUNTED})* and {COUNTED})?"
    what = rf"(?P<what>{inline}|{listed})"
    looks = r"(?: with (?:an? (?P<ground>\w+) floor)?(?: and )?(?:(?P<walls>\w+) walls)?)?"
    soil = r"open (?:(?P<soil>\w+) )?ground"
    second = rf"(?: The ({COLOUR} {KIND}) is ({PLACED}) the ({COLOUR} {KIND})\.)?"
    forms = [
        ("room", rf"{what} in a room{looks}"),
        ("room", rf"a room with {what}"),
        ("room", rf"an empty room{looks}"),
        ("open", rf"{what} on {soil}"),
        ("open", rf"a piece of {soil} with {what}"),
        ("open", rf"an empty piece of {soil}"),
    ]
    small = text[0].lower() + text[1:]
    read = [(setting, re.fullmatch(rf"{first}\.{second}", small)) for setting, first in forms]
    [(setting, found)] = [(setting, found) for setting, found in read if found]
    parts = found.groupdict()
    objects = []
    for number, colour, noun in re.findall(rf"(\w+) ({COLOUR}) (\w+)", parts.get("what") or ""):
        assert number not in ("a", "an") or (number == "an") == (colour[0] in "aeiou"), text
        kind = noun if number in ("a", "an") else re.sub("(?<=x)es$|s$", "", noun)
        assert kind in THINGS, text
        count = 1 if number in ("a", "an") else NUMBER[3:-1].split("|").index(number) + 1
        objects.append((count, colour, kind))
    relations = [found.groups()[-3:]] if found.groups()[-3] else []
    placed = re.fullmatch(rf"an? ({COLOUR} {KIND}) ({PLACED}) an? ({COLOUR} {KIND})", parts.get("what") or "")
    relations += [placed.groups()] if placed else []
    return setting, parts.get("ground") or parts.get("soil"), parts.get("walls"), objects, relations


def test_captions_are_true_and_say_what_they_claim(pictures):
    rng = np.random.default_rng(0)
    words = {"left of": "to the left of", "right of": "to the right of"}
    placed = 0
    for scene, instances, visible in pictures:
        text, claims = caption(scene, visible, rng)
        setting, ground, walls, objects, relations = read_caption(text)
        assert setting == claims.setting == scene.setting
        assert (ground, walls) == (claims.ground, claims.walls)
        assert ground in (None, look(scene.ground))
        assert walls is None or walls == look(scene.room.walls)
        for (count, colour, kind), group in zip(sorted_as(claims, objects), claims.objects, strict=True):
            same = [k for k in visible if fits(scene, k, f"{colour} {kind}")]
            assert (count, colour, kind) == (len(same), group.colour, group.kind)
            assert same == list(group.things)
        assert len(objects) <= 1 or sum(count for count, _, _ in objects) <= 4
        assert bool(objects) == bool(visible)
        across, depth = centres(scene), [-t.z for t in scene.things]
        if scene.id != "hand/0":
            across, depth, _ = measured(scene, instances)
        for subject, relation, other in relations:
            [a] = [k for k in visible if fits(scene, k, subject)]
            [b] = [k for k in visible if fits(scene, k, other)]
            assert stands(relation, a, b, across, depth), text
            [claim] = claims.relations
            assert (words.get(claim.name, claim.name), claim.subject, claim.other) == (relation, a, b)
        assert len(relations) == len(claims.relations)
        placed += len(relations)
    assert placed > 50


def sorted_as(claims, objects):
    """The objects read from a text in the order of the claims: a relation may turn two of them round."""
    order = [(group.colour, group.kind) for group in claims.objects]
    return sorted(objects, key=lambda one: order.index(one[1:]))


def test_a_caption_names_the_biggest_four():
    scene = scene_of(*(thing("box", colour, z=-z) for z, colour in enumerate(COLOURS, 2)))
    claims = caption(scene, range(8), np.random.default_rng(0)).claims
    assert {group.colour for group in claims.objects} == set(list(COLOURS)[:4])


def test_a_projected_spot_is_where_the_picture_shows_the_thing():
    scene = replace(scene_of(thing("ball", "red", x=0.6)), camera=Camera(70.0, 1.5, -5.0, 25.0))
    [spot] = projected_spots(scene, [0]).values()
    [seen] = seen_spots(scene, render(scene, 128, samples=1).instances).values()
    assert spot.across == pytest.approx(seen.across, abs=0.01)
    assert spot.depth_m == seen.depth_m == 3.0


def test_empty_places_have_captions():
    rng = np.random.default_rng(0)
    assert {caption(scene_of(room=room), [], rng).text for room in [True] * 20 + [False] * 20} >= {
        "An empty room.",
        "An empty piece of open ground.",
    }


@pytest.mark.parametrize(
    ("srgb", "word"),
    [
        ((240, 240, 235), "white"),
        ((120, 118, 115), "grey"),
        ((110, 75, 40), "brown"),
        ((60, 120, 50), "green"),
    ],
)
def test_stuff_is_named_as_it_looks(srgb, word):
    linear = tuple((value / 255) ** 2.2 for value in srgb)
    assert look(Texture("plain", (linear, (1.0, 0.0, 0.0)))) == word
    assert look(Texture("tiles", (linear, (1.0, 0.0, 0.0)))) is None


def test_captions_are_prompts_in_every_style(pictures):
    rng = np.random.default_rng(1)
    for k, (scene, _, visible) in enumerate(pictures):
        style = STYLES["generation"][k % len(STYLES["generation"])]
        assert generation_prompt(caption(scene, visible, rng).text, style).task == "generation"


# --- referring expressions --------------------------------------------------------------------------------


def denotes(text, scene, instances):
    """All things with a pixel that a phrase fits by its plain meaning; fails on other phrases."""
    across, depth, area = measured(scene, instances)

    def of(noun):
        return [k for k in across if fits(scene, k, noun)]

    if re.fullmatch(NOUN, text):
        return of(text)
    if found := re.fullmatch(rf"({NOUN}) (?:that is )?({PLACED}) the ({NOUN})", text):
        noun, relation, anchor = found.groups()
        [b] = of(anchor)
        return [k for k in of(noun) if k != b and stands(relation, k, b, across, depth)]
    if found := re.fullmatch(rf"(largest|biggest|smallest|nearest|closest|farthest) ({NOUN})", text):
        key = area if found[1] in ("largest", "biggest", "smallest") else depth
        best = max if found[1] in ("largest", "biggest", "farthest") else min
        return [k for k in of(found[2]) if key[k] == best(key[j] for j in of(found[2]))]
    for pattern, rank in [
        (rf"(?P<side>left|right)most (?P<noun>{NOUN})", 0),
        (rf"(?P<noun>{NOUN}) farthest to the (?P<side>left|right)", 0),
        (rf"(?P<noun>{NOUN}) on the (?P<side>left|right)", 0),
        (rf"second (?P<noun>{NOUN}) from the (?P<side>left|right)", 1),
        (rf"third (?P<noun>{NOUN}) from the (?P<side>left|right)", 2),
    ]:
        if found := re.fullmatch(pattern, text):
            order = sorted(of(found["noun"]), key=lambda k: across[k], reverse=found["side"] == "right")
            return order[rank : rank + 1]
    raise AssertionError(text)


@pytest.mark.parametrize("kind", REFERRING_KINDS)
def test_an_expression_fits_one_thing_of_the_picture(pictures, kind):
    rng = np.random.default_rng(2)
    said = set()
    for scene, instances, visible in pictures:
        found = referring(scene, instances, rng, [kind], visible)
        if found:
            assert found.kind == kind
            assert tuple(denotes(found.text, scene, instances)) == found.things, found.text
            assert found.things[0] in visible
            said.add(found.text)
    assert len(said) > 50


def test_pairs_are_of_one_kind_in_two_colours_where_there_are_such(pictures):
    rng = np.random.default_rng(4)
    alike = 0
    for scene, instances, visible in pictures:
        pair = referring_pair(scene, instances, rng, visible=visible)
        if pair:
            assert [tuple(denotes(one.text, scene, instances)) for one in pair] == [
                one.things for one in pair
            ]
            assert pair[0].things != pair[1].things
        unique = [
            scene.things[k].kind
            for k in visible
            if denotes(f"{scene.things[k].colour} {scene.things[k].kind}", scene, instances) == [k]
        ]
        if len(unique) > len(set(unique)):
            assert scene.things[pair[0].things[0]].kind == scene.things[pair[1].things[0]].kind
            alike += 1
    assert alike > 50


def test_what_a_viewer_might_doubt_is_not_said():
    rng = np.random.default_rng(0)
    twins = scene_of(thing("box", "red", z=-3.0), thing("box", "red", z=-3.3))
    beside = map_of((10, 20, 10, 20), (13, 23, 30, 41))
    assert referring(twins, beside, rng) is None
    assert referring_pair(twins, beside, rng) is None
    apart = map_of((10, 20, 10, 20), (15, 25, 30, 41))
    assert referring(twins, apart, rng).kind == "order"
    farther = scene_of(thing("box", "red", z=-3.0), thing("box", "red", z=-3.6))
    assert referring(farther, beside, rng).kind == "order"
    larger = map_of((10, 20, 10, 20), (13, 23, 30, 45))
    assert referring(twins, larger, rng).kind == "size"


def test_the_second_of_two_is_called_the_last():
    rng = np.random.default_rng(0)
    pair = scene_of(thing("box", "red"), thing("box", "blue")), map_of((0, 9, 0, 9), (30, 39, 0, 9))
    texts = {referring(*pair, rng, ["order"], visible=[1]).text for _ in range(60)}
    assert texts == {"rightmost box", "box farthest to the right", "box on the right"}


def test_a_thing_out_of_sight_is_no_rival_and_never_meant():
    scene = scene_of(thing("ball", "red"), thing("ball", "blue"))
    alone = map_of((10, 20, 10, 20))
    rng = np.random.default_rng(0)
    assert {referring(scene, alone, rng).things for _ in range(20)} == {(0,)}
    assert "ball" in {referring(scene, alone, rng, ["attribute"]).text for _ in range(20)}
    assert referring(scene, alone, rng, visible=[1]) is None


def test_expressions_stand_unquoted_in_referring_prompts(pictures):
    rng = np.random.default_rng(5)
    for scene, instances, visible in pictures:
        for found in referring_pair(scene, instances, rng, visible=visible) or ():
            instruction = referring_prompt({found.text: "cyan"}, background="black")
            assert instruction.classes == (found.text,)
            assert '"' not in instruction.text


def test_a_wrong_map_or_kind_is_an_error():
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="instances must be"):
        referring(scene_of(thing("ball", "red")), map_of((0, 9, 0, 9), (20, 29, 0, 9)), rng)
    with pytest.raises(InputError, match="kinds holds 'shape'"):
        referring(scene_of(), map_of(), rng, ["shape"])
    with pytest.raises(InputError, match="kinds must be some of recolour, remove"):
        edit(scene_of(), [], rng, ["grow"])


# --- edits ------------------------------------------------------------------------------------------------


def read_edit(text):
    """(side or None, noun, new colour or None); fails on other texts."""
    which = rf"the (?:(left|right) )?({NOUN})"
    for pattern in (
        rf"(?:Make|Paint|Turn|Color) {which} ({COLOUR})\.",
        rf"Change the color of {which} to ({COLOUR})\.",
        rf"(?:Remove|Delete|Erase|Please remove) {which}()\.",
        rf"Remove {which} from the image()\.",
    ):
        if found := re.fullmatch(pattern, text):
            return found[1], found[2], found[3] or None
    raise AssertionError(text)


def test_an_edit_changes_the_thing_it_names_and_nothing_else(pictures):
    rng = np.random.default_rng(6)
    seen = set()
    for scene, _, visible in pictures:
        for _ in range(3):
            order = edit(scene, visible, rng, avoid=WITHHELD)
            if order is None:
                continue
            side, noun, colour = read_edit(order.text)
            named = [k for k in range(len(scene.things)) if fits(scene, k, noun)]
            if side:
                assert len(named) == 2
                named = sorted(named, key=lambda k: centres(scene)[k])[:: 1 if side == "left" else -1][:1]
            assert named == [order.thing]
            assert order.thing in visible
            before, after = list(scene.things), list(order.result.things)
            old = before.pop(order.thing)
            if order.kind == "recolour":
                new = after.pop(order.thing)
                assert new.colour == order.colour == colour
                assert colour not in (old.colour, WITHHELD[old.kind])
                assert replace(new, colour=old.colour, texture=old.texture) == old
                assert replace(new.texture, colours=old.texture.colours) == old.texture
            else:
                assert order.colour is colour is None
            assert before == after
            assert replace(order.result, things=()) == replace(scene, things=())
            assert edit_prompt(order.text).task == "edit"
            seen.add((order.kind, side))
    assert {kind for kind, _ in seen} == set(EDIT_KINDS)
    assert {side for _, side in seen} == {"left", "right", None}


def srgb(linear):
    return 255 * np.array(linear) ** (1 / 2.2)


def test_new_paint_shows_its_word_and_keeps_its_shade_and_pattern():
    for number in range(12):
        scene = make_scene("train", number)
        for one in scene.things:
            for word in COLOURS:
                first, second = repainted(one.texture, one.colour, word).colours
                nearest = min(COLOURS, key=lambda name: np.abs(srgb(first) - COLOURS[name]).max())
                assert nearest == word
                if one.texture.pattern != "plain":
                    assert (sum(second) > sum(first)) == (word == "black")
    light, dark = (
        Texture("stripes", (tuple(part), tuple(0.7 * part)))
        for part in (np.array([0.6, 0.02, 0.02]) * shade for shade in (1.1, 0.9))
    )
    blue = [repainted(texture, "red", "blue").colours for texture in (light, dark)]
    np.testing.assert_allclose(np.divide(*blue), 1.1 / 0.9)


def test_a_removed_thing_leaves_the_picture_and_the_rest_stays():
    scene = make_scene("heldout", 4)
    instances = render(scene, 64, samples=1).instances
    order = edit(scene, visible_things(scene, instances), np.random.default_rng(1), ["remove"])
    after = render(order.result, 64, samples=1).instances
    renumbered = after + (after > order.thing)
    stays = instances != order.thing + 1
    np.testing.assert_array_equal(renumbered[stays], instances[stays])
    assert not (renumbered == order.thing + 1).any()


def test_things_without_a_name_of_their_own_are_not_edited():
    triplets = scene_of(*(thing("box", "red", x) for x in (-1.0, 0.0, 1.0)))
    assert edit(triplets, range(3), np.random.default_rng(0)) is None


# --- all --------------------------------------------------------------------------------------------------


def test_the_same_generator_says_the_same(pictures):
    def spoken(seed):
        rng = np.random.default_rng(seed)
        return [
            (caption(s, v, rng), referring(s, m, rng, visible=v), referring_pair(s, m, rng), edit(s, v, rng))
            for s, m, v in pictures[::10]
        ]

    assert spoken(8) == spoken(8)
    assert spoken(8) != spoken(9)
