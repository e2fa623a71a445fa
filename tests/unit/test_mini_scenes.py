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
    assert scenes[0].info["scene"] == make_scene("fov-wide", 0, seed=2)
    assert load("datasets", "scenes").split == "heldout"
    assert len(load("datasets", "scenes")) == 400


def test_a_sample_is_its_scene_rendered():
    sample = Scenes("heldout", n=8, size=40)[5]
    view = render(make_scene("heldout", 5), 40)
    np.testing.assert_array_equal(sample.image, view.rgb)
    np.testing.assert_array_equal(sample.depth_m, view.depth_m)
    np.testing.assert_array_equal(sample.normals, view.normals)
    for name in ("classes", "instances"):
        np.testing.assert_array_equal(sample.info[name], getattr(view, name))
    assert sample.info["intrinsics"] == view.intrinsics
    assert sample.info["class_names"] == CLASSES
    assert all((sample.info["instances"] == k + 1).any() for k in sample.info["visible"])


def test_samples_are_found_by_place_and_by_id():
    scenes = Scenes("train", n=4, size=16)
    assert scenes["scenes/train/3"].id == scenes[3].id == scenes[-1].id == "scenes/train/3"
    np.testing.assert_array_equal(scenes[3].image, Scenes("train", n=9, size=16)[3].image)
    with pytest.raises(IndexError, match="4 samples"):
        scenes[4]
    for absent in ("scenes/train/4", "scenes/heldout/1", "scenes/train/01", "analytic/1"):
        with pytest.raises(InputError, match="scenes/train/0 to scenes/train/3"):
            scenes[absent]


def test_unknown_splits_and_useless_numbers_are_refused():
    with pytest.raises(InputError, match=r"'fov'.*fov-wide, fov-narrow"):
        load("datasets", "scenes:fov")
    for option in ("n=0", "size=2", "seed=-1", "n=true"):
        with pytest.raises(InputError, match="must be a whole number"):
            load("datasets", f"scenes?{option}")


def test_it_describes_itself():
    about = Scenes("crowded", n=7).describe()
    assert about["name"] == "scenes"
    assert about["samples"] == 7
    assert "nine to fourteen" in about["about"]
