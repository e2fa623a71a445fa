import numpy as np
import pytest

from vbanalysis.errors import InputError
from vbanalysis.mini.scenes import Scenes
from vbanalysis.mini.world.graph import CLASSES
from vbanalysis.mini.world.layout import make_scene
from vbanalysis.mini.world.render import render
from vbanalysis.plugins import load


def test_it_is_reached_by_its_spec_string():
    scenes = load("datasets", "scenes:fov-wide?n=3&size=32&seed=2")
    assert [sample.id for sample in scenes] == [f"scenes/fov-wide/{k}" for k in range(3)]
    assert scenes[0].info["graph"] == make_scene("fov-wide", 0, seed=2)
    assert load("datasets", "scenes").split == "heldout"
    assert len(load("datasets", "scenes")) == 400


def test_a_sample_is_its_scene_rendered():
    sample = Scenes("heldout", n=8, size=40)[5]
    view = render(make_scene("heldout", 5), 40)
    np.testing.assert_array_equal(sample.image, view.rgb)
    np.testing.assert_array_equal(sample.depth_m, view.depth_m)
    np.testing.assert_array_equal(sample.normals, view.normals)
    np.testing.assert_array_equal(sample.classes, view.classes)
    np.testing.assert_array_equal(sample.info["instances"], view.instances)
    assert sample.info["intrinsics"] == view.intrinsics
    assert sample.class_names == CLASSES
    assert all((sample.info["instances"] == k + 1).any() for k in sample.info["visible"])


def test_samples_are_found_by_place_and_by_id():
    scenes = Scenes("train", n=4, size=16)
    assert scenes["scenes/train/3"].id == scenes[3].id == scenes[-1].id == "scenes/train/3"
    np.testing.assert_array_equal(scenes[3].image, Scenes("train", n=9, size=16)[3].image)
    with pytest.raises(IndexError, match="4 samples"):
        scenes[4]
    for absent in ("scenes/train/4", "scenes/heldout/1", "scenes/train/01", "analytic/1"):
        with pytest.raises(InputError, match=f"no sample '{absent}' in scenes"):
            scenes[absent]


def test_it_asks_for_every_instance_of_a_kind_or_for_none():
    asked = load("datasets", "scenes:heldout?n=40&ask=instance")
    absent = 0
    for sample in asked:
        of_kind = [
            k + 1 for k, thing in enumerate(sample.info["graph"].things) if thing.kind == sample.phrase
        ]
        (masks,) = sample.masks
        assert masks.shape[1:] == sample.image.shape[:2]
        np.testing.assert_array_equal(masks.sum(axis=0), np.isin(sample.info["instances"], of_kind))
        assert all(mask.any() for mask in masks)
        absent += not len(masks)
    assert 1 <= absent <= 12
    assert asked["scenes/heldout/7"].phrase == asked[7].phrase == Scenes(n=8, ask="instance")[7].phrase


def test_it_refers_to_things_that_are_there():
    for sample in load("datasets", "scenes:heldout?n=30&ask=referring"):
        (masks,) = sample.masks
        assert len(masks) == 1
        named = set(sample.info["instances"][masks[0]])
        assert named <= {k + 1 for k in sample.info["visible"]}
        assert any(
            sample.info["graph"].things[k - 1].kind in sample.phrase
            or "thing" in sample.phrase
            or "object" in sample.phrase
            for k in named
        ), sample.phrase


def test_unknown_splits_and_useless_numbers_are_refused():
    with pytest.raises(InputError, match=r"'fov'.*fov-wide, fov-narrow"):
        load("datasets", "scenes:fov")
    with pytest.raises(InputError, match=r"ask must be one of instance, .*edit, got 'draw'"):
        load("datasets", "scenes?ask=draw")
    for option in ("n=0", "size=2", "seed=-1", "n=true"):
        with pytest.raises(InputError, match="must be a whole number"):
            load("datasets", f"scenes?{option}")


def test_it_describes_itself():
    about = Scenes("crowded", n=7).describe()
    assert about["name"] == "scenes"
    assert about["samples"] == 7
    assert "nine to fourteen" in about["about"]
