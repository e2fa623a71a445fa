import numpy as np
import pytest

from vbanalysis import plugins
from vbanalysis.datasets import DataSet, motorcycle
from vbanalysis.errors import InputError, PluginError
from vbanalysis.geometry import unproject


@pytest.fixture(scope="module")
def sample():
    return motorcycle.load()[0]


def test_it_is_a_data_set_of_one_sample():
    data = motorcycle.load()
    assert isinstance(data, DataSet)
    assert len(data) == 1
    assert data["motorcycle"] is data[0] is data[-1] is next(iter(data))
    assert data.describe()["samples_at_hand"] == 1
    with pytest.raises(IndexError):
        data[1]
    with pytest.raises(InputError, match="no sample 'car'"):
        data["car"]


def test_depth_is_metric_with_its_gaps_unknown(sample):
    depth_m = sample.depth_m
    assert depth_m.shape == sample.image.shape[:2] == (500, 741)
    assert depth_m.dtype == np.float32
    assert 0.07 < np.isnan(depth_m).mean() < 0.08
    assert np.isfinite(depth_m[~np.isnan(depth_m)]).all()
    assert (np.nanmin(depth_m), np.nanmax(depth_m)) == pytest.approx((2.110, 5.017), abs=1e-3)


def test_depth_agrees_with_where_the_right_camera_sees_the_same_points(sample):
    """Project the points into the right view: the colours there are those of the left view."""
    points = unproject(sample.depth_m, sample.info["intrinsics"])
    fx, _, cx, _ = sample.info["intrinsics"]
    # The right camera stands one baseline to the right and has its own principal point.
    columns = (points[..., 0] - sample.info["baseline_m"]) / points[..., 2] * fx + cx + motorcycle.DOFFS_PX
    rows, left_columns = np.nonzero(np.isfinite(columns) & (columns > 0) & (columns < 740))
    there = sample.info["right"][rows, np.round(columns[rows, left_columns]).astype(int)].astype(int)
    here = sample.image[rows, left_columns].astype(int)
    unmoved = sample.info["right"][rows, left_columns].astype(int)
    assert np.median(np.abs(there - here)) < 6
    assert np.median(np.abs(unmoved - here)) > 20


def test_normals_are_unit_vectors_that_face_the_camera(sample):
    normals = sample.normals
    assert normals.dtype == np.float32
    known = np.isfinite(normals).all(axis=-1)
    assert 0.91 < known.mean() < 0.93
    assert np.isnan(sample.depth_m[~known]).mean() > 0.9
    np.testing.assert_allclose(np.linalg.norm(normals[known], axis=-1), 1, atol=1e-5)
    rays = unproject(sample.depth_m, sample.info["intrinsics"])[known] * (1, -1, -1)
    assert (np.sum(normals[known] * rays, axis=-1) <= 0).all()


def test_the_floor_points_up(sample):
    floor = sample.normals[450:, 50:350].reshape(-1, 3)
    assert np.nanmedian(floor[:, 1]) > 0.9


def test_spec_strings_reach_it_and_an_argument_is_refused():
    assert plugins.load("datasets", "motorcycle?window=5").window == 5
    with pytest.raises(PluginError, match="takes no argument"):
        plugins.load("datasets", "motorcycle:left")
