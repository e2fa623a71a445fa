"""The focal length of a camera comes back from the right angles of a room, and from nothing else."""

import numpy as np
import pytest

from vbanalysis.errors import DataError, InputError
from vbanalysis.geometry import Intrinsics, normals_from_depth
from vbanalysis.studies.focal import find_planes, normals_at, recover_focal
from vbanalysis.studies.focal_check import check_rooms, coverage, median_error


def corner(focal, tilt_deg=(20.0, 30.0), shape=(96, 128)):
    """(H, W) depth of three perpendicular planes around the camera, turned by pitch and yaw."""
    pitch, yaw = np.radians(tilt_deg)
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    normals = about_x @ about_y  # columns: wall to the right, floor, wall ahead
    height, width = shape
    v, u = np.mgrid[:height, :width].astype(float)
    rays = np.stack(
        [(u - (width - 1) / 2) / width / focal, (v - (height - 1) / 2) / width / focal, u * 0 + 1], -1
    )
    inverse = rays @ normals / np.array([2.0, 1.5, 4.0])
    return 1 / inverse.max(axis=-1)


@pytest.mark.parametrize("focal", [0.5, 0.83, 1.5])
def test_a_corner_tells_its_focal_length(focal):
    found = recover_focal(corner(focal), np.random.default_rng(0))
    assert found.focal.value == pytest.approx(focal, rel=0.01)
    assert found.focal.low < focal < found.focal.high


def test_its_normals_agree_with_points_lifted_by_the_true_camera():
    depth = corner(0.83)
    planes = find_planes(depth, np.random.default_rng(0))
    cosines = normals_at(planes, 0.83)
    np.testing.assert_allclose(cosines @ cosines.T, np.eye(len(planes)), atol=0.02)
    wrong = normals_at(planes, 0.5)
    assert np.abs(wrong @ wrong.T - np.eye(len(planes))).max() > 0.1
    # An independent way to them: a plane through the points around each pixel.
    local = normals_from_depth(depth, Intrinsics(0.83 * 128, 0.83 * 128, 63.5, 47.5)) * (1, -1, -1)
    for plane, normal in zip(planes, normals_at(planes, 0.83), strict=True):
        near = np.abs(local @ normal) > np.cos(np.radians(1))
        assert near.mean() > 0.7 * plane.share


def test_a_factor_on_all_depths_changes_nothing():
    one, ten = (recover_focal(k * corner(0.83), np.random.default_rng(0)).focal.value for k in (1.0, 10.0))
    assert one == pytest.approx(ten, rel=1e-6)


def test_a_room_seen_along_its_walls_is_refused():
    with pytest.raises(DataError, match="parallel, or seen head-on"):
        recover_focal(corner(0.83, tilt_deg=(0.0, 0.0)), np.random.default_rng(0))


def test_one_plane_or_none_is_refused():
    flat = np.full((64, 64), 3.0)
    with pytest.raises(DataError, match="shows 1, two are needed"):
        recover_focal(flat, np.random.default_rng(0))
    clutter = np.random.default_rng(1).uniform(1, 9, (64, 64))
    with pytest.raises(DataError, match="shows 0, two are needed"):
        recover_focal(clutter, np.random.default_rng(0))
    with pytest.raises(DataError, match="shows 0"):
        recover_focal(np.full((64, 64), np.nan), np.random.default_rng(0))
    half = corner(0.83, tilt_deg=(20.0, 40.0))
    half[:, :90] = np.random.default_rng(1).uniform(1, 9, half[:, :90].shape)
    with pytest.raises(DataError, match="it shows no room"):
        recover_focal(half, np.random.default_rng(0))


@pytest.mark.parametrize("depth", [np.zeros((4, 4)), np.zeros((64, 64, 3)), np.full((64, 64), "a")])
def test_what_is_no_map_is_refused(depth):
    with pytest.raises(InputError, match="depth_m must be"):
        recover_focal(depth, np.random.default_rng(0))
    with pytest.raises(InputError, match="tolerance must be between 0 and 1"):
        recover_focal(corner(0.83), np.random.default_rng(0), tolerance=0)


def test_rendered_rooms_give_their_focal_lengths_back():
    rooms = check_rooms(8)
    assert (rooms.refused == "").sum() >= 6
    assert median_error(rooms).value < 0.03
    assert coverage(rooms).value >= 0.7
    with pytest.raises(InputError, match="n must be"):
        check_rooms(0)
