import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vbanalysis.errors import InputError
from vbanalysis.mini.world._shapes import parts
from vbanalysis.mini.world._tracer import BOX, FRUSTUM
from vbanalysis.mini.world.graph import COLOURS, THINGS, Scene, Thing
from vbanalysis.mini.world.layout import MIN_VISIBLE_SHARE, SPLITS, WITHHELD, make_scene, visible_things
from vbanalysis.mini.world.render import render

FEW = range(12)
any_scene = st.builds(make_scene, st.sampled_from(sorted(SPLITS)), st.integers(0, 10**6), st.integers(0, 3))


def footprint(item: Thing) -> np.ndarray:
    """(n, 2) points x, z all over the rectangle on which a thing stands."""
    a, b = np.meshgrid(
        np.linspace(-0.5, 0.5, 21) * item.size_m[0], np.linspace(-0.5, 0.5, 21) * item.size_m[2]
    )
    turn = math.radians(item.yaw_deg)
    x, z = math.cos(turn) * a + math.sin(turn) * b, -math.sin(turn) * a + math.cos(turn) * b
    points = np.stack([item.x + x, item.z + z], axis=-1).reshape(-1, 2)
    if item.kind in ("ball", "can"):  # round: the rectangle's corners are empty
        points = points[np.hypot(*(points - (item.x, item.z)).T) <= item.size_m[0] / 2 + 1e-9]
    return points


def stands_on(item: Thing, points: np.ndarray) -> np.ndarray:
    """Which points x, z the thing stands on."""
    turn = math.radians(item.yaw_deg)
    x, z = (points - (item.x, item.z)).T
    a, b = math.cos(turn) * x - math.sin(turn) * z, math.sin(turn) * x + math.cos(turn) * z
    if item.kind in ("ball", "can"):
        return np.hypot(a, b) < item.size_m[0] / 2
    return (np.abs(a) < item.size_m[0] / 2) & (np.abs(b) < item.size_m[2] / 2)


def pairs(scene: Scene) -> set[tuple[str, str]]:
    return {(item.kind, item.colour) for item in scene.things}


def patterns(scene: Scene) -> set[str]:
    surfaces = [scene.ground, *([scene.room.walls] if scene.room else [])]
    return {texture.pattern for texture in [*surfaces, *(item.texture for item in scene.things)]}


@settings(deadline=None, max_examples=40)
@given(any_scene)
def test_no_two_things_overlap(scene):
    for one, other in permutations(scene.things, 2):
        assert not stands_on(other, footprint(one)).any()


@settings(deadline=None, max_examples=40)
@given(any_scene)
def test_things_stand_inside_the_room_and_doors_in_its_walls(scene):
    if scene.room is None:
        return
    room = scene.room
    for item in scene.things:
        x, z = footprint(item).T
        assert room.left_m - 1e-9 <= x.min()
        assert x.max() <= room.right_m + 1e-9
        assert room.back_m - 1e-9 <= z.min()
        assert z.max() <= room.front_m + 1e-9
        assert item.size_m[1] < room.height_m
        if item.kind == "door":
            assert min(x.min() - room.left_m, room.right_m - x.max(), z.min() - room.back_m) < 1e-9


@pytest.mark.parametrize("kind", THINGS)
def test_nothing_floats_and_no_part_leaves_its_thing(kind):
    item = next(
        item for number in range(100) for item in make_scene("train", number).things if item.kind == kind
    )
    width, height, depth = item.size_m
    bottoms, tops = [], []
    for shape, (x, y, z), sizes, _ in parts(item):
        upright = sizes[1] if shape == BOX else sizes[0]
        bottoms.append(y if shape == FRUSTUM else y - upright)
        tops.append(y + sizes[1] if shape == FRUSTUM else y + upright)
        reach_x, reach_z = (sizes[0], sizes[2]) if shape == BOX else (max(sizes[0], sizes[2]),) * 2
        assert abs(x) + reach_x <= width / 2 + 1e-9
        assert abs(z) + reach_z <= depth / 2 + 0.04  # a door's knob sticks out
    assert min(bottoms) == pytest.approx(0.0, abs=1e-9)
    assert max(tops) == pytest.approx(height)
    # Each part that is above the ground rests on, or hangs from, another that reaches its height.
    for k, bottom in enumerate(bottoms):
        others = [t for j, t in enumerate(tops) if j != k]
        assert bottom < 1e-9 or max(others) >= bottom - 1e-9


@pytest.mark.parametrize("split", sorted(SPLITS))
def test_a_scene_depends_on_split_number_and_seed_alone(split):
    scene = make_scene(split, 5)
    assert scene == make_scene(split, 5)
    assert scene.id == f"{split}/5"
    other_split = next(name for name in SPLITS if name != split)
    for other in (make_scene(split, 6), make_scene(split, 5, seed=1), make_scene(other_split, 5)):
        assert other.camera != scene.camera


@pytest.mark.parametrize(
    ("split", "low", "high"),
    [("train", 30, 110), ("fov-wide", 110, 130), ("fov-narrow", 18, 30), ("train-rooms", 55, 65)],
)
def test_fields_of_view_stay_inside_their_splits_range(split, low, high):
    angles = [make_scene(split, number).camera.hfov_deg for number in range(40)]
    assert low <= min(angles) < max(angles) <= high
    assert max(angles) - min(angles) > 0.5 * min(high - low, 60)


def test_withheld_combinations_are_shown_by_their_split_and_by_no_other():
    assert set(WITHHELD) == set(THINGS)
    withheld = set(WITHHELD.items())
    for number in range(40):
        assert pairs(make_scene("novel-combinations", number)) & withheld
    for split in set(SPLITS) - {"novel-combinations"}:
        for number in FEW:
            assert not pairs(make_scene(split, number)) & withheld


def test_novel_patterns_are_shown_by_their_split_and_by_no_other():
    novel = {"dots", "zigzag", "plaid"}
    for number in range(20):
        assert patterns(make_scene("novel-textures", number)) & novel
    for split in set(SPLITS) - {"novel-textures"}:
        for number in FEW:
            assert not patterns(make_scene(split, number)) & novel


def test_splits_hold_as_many_things_and_settings_as_they_say():
    assert {len(make_scene("crowded", number).things) for number in range(20)} <= set(range(9, 15))
    assert {make_scene("train-rooms", number).setting for number in FEW} == {"room"}
    train = [make_scene("train", number) for number in range(200)]
    assert {len(scene.things) for scene in train} == set(range(1, 9))
    assert 0.4 < np.mean([scene.setting == "room" for scene in train]) < 0.6
    assert {kind for scene in train for kind, _ in pairs(scene)} == set(THINGS)
    assert {colour for scene in train for _, colour in pairs(scene)} == set(COLOURS)


def test_many_scenes_hold_two_of_a_kind_told_apart_by_colour():
    def has_two(scene: Scene) -> bool:
        return len({kind for kind, _ in pairs(scene)}) < len(pairs(scene))

    assert np.mean([has_two(make_scene("train", number)) for number in range(200)]) > 0.4


def test_nearly_every_thing_is_in_view_and_large_enough_to_be_learnt():
    seen = total = 0
    for number in range(40):
        scene = make_scene("train", number)
        view = render(scene, 64, samples=1)
        visible = visible_things(scene, view.instances)
        seen, total = seen + len(visible), total + len(scene.things)
        for k in visible:
            assert (view.instances == k + 1).sum() >= MIN_VISIBLE_SHARE * 64 * 64
    assert seen >= 0.97 * total


def test_the_colour_of_most_things_can_be_read_from_the_picture():
    """By a reader who knows the colour words alone: the nearest hue, or black and white by lightness."""
    words = np.array(list(COLOURS.values())) / 255.0
    right = total = 0
    for number in range(60):
        scene = make_scene("heldout", number)
        view = render(scene, 64)
        for k in visible_things(scene, view.instances):
            seen = np.median(view.rgb[view.instances == k + 1], axis=0) / 255.0
            right += list(COLOURS)[_nearest(seen, words)] == scene.things[k].colour
            total += 1
    assert right >= 0.93 * total


def _nearest(seen: np.ndarray, words: np.ndarray) -> int:
    """The word whose colour, made brighter or darker as a shadow would, lies nearest."""
    gains = np.geomspace(0.5, 1.2, 15)[:, None, None]
    return int(np.linalg.norm(words * gains - seen, axis=-1).min(axis=0).argmin())


def test_an_unknown_split_and_negative_numbers_are_refused():
    with pytest.raises(InputError, match=r"'trian'.*train, heldout"):
        make_scene("trian", 0)
    with pytest.raises(InputError, match="-1"):
        make_scene("train", -1)
