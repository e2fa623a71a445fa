import numpy as np
import pytest

from vbanalysis.datasets.analytic import Analytic
from vbanalysis.errors import InputError
from vbanalysis.geometry import normals_from_depth, unproject
from vbanalysis.plugins import load


def test_normals_agree_with_the_depth_they_come_with():
    for scene in Analytic(4, height=160):
        depth = np.where(np.isinf(scene.depth_m), np.nan, scene.depth_m)
        fitted = normals_from_depth(depth, scene.info["intrinsics"], window=3)
        cosine = (fitted * scene.normals).sum(axis=-1)
        assert np.degrees(np.arccos(np.clip(np.nanmedian(cosine), -1, 1))) < 0.5


def test_ground_points_lie_on_one_plane_below_the_camera():
    for scene in Analytic(4, height=160):
        ground = scene.classes == 0
        heights = unproject(scene.depth_m, scene.info["intrinsics"])[ground][:, 1]
        near = scene.depth_m[ground] < 50
        assert np.ptp(heights[near]) < 1e-3
        assert 1.0 <= heights[near].mean() <= 1.7


def test_a_scene_is_the_same_whatever_the_number_of_scenes():
    one, many = Analytic(2)[1], Analytic(7)[1]
    np.testing.assert_array_equal(one.depth_m, many.depth_m)
    assert not np.array_equal(Analytic(2, seed=1)[1].depth_m, one.depth_m)


def test_sky_is_infinite_and_has_no_normal_and_no_class():
    scene = Analytic(2)[1]
    sky = np.isinf(scene.depth_m)
    assert sky.any()
    assert np.isnan(scene.normals[sky]).all()
    assert (scene.classes[sky] == -1).all()
    assert (scene.info["instances"][sky] == 0).all()


def test_it_is_reached_by_its_spec_string():
    scenes = load("datasets", "analytic?n=3&height=48&seed=5")
    assert [scene.id for scene in scenes] == ["analytic/0", "analytic/1", "analytic/2"]
    assert scenes["analytic/2"].depth_m.shape == (48, 64)
    with pytest.raises(InputError, match="analytic/9"):
        scenes["analytic/9"]
    with pytest.raises(InputError, match="height"):
        load("datasets", "analytic?height=2")
