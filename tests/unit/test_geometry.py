import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from vbanalysis.errors import DataError, InputError
from vbanalysis.geometry import (
    Intrinsics,
    depth_from_disparity,
    normals_from_depth,
    unproject,
    write_ply,
)
from vbanalysis.paths import samples_dir

CAMERA = Intrinsics(fx=60.0, fy=50.0, cx=19.5, cy=14.5)
SHAPE = (30, 40)


def rays() -> np.ndarray:
    return unproject(np.ones(SHAPE), CAMERA)


def plane_depth(normal_paper, distance: float) -> np.ndarray:
    """Depth of the plane at `distance` along a normal (paper's frame) that faces the camera."""
    normal = np.asarray(normal_paper) * (1, -1, -1)
    return -distance / (rays() @ normal)


def angles_deg(found, expected) -> np.ndarray:
    return np.degrees(np.arccos(np.clip(np.sum(found * expected, axis=-1), -1, 1)))


def test_points_follow_the_axes_of_opencv():
    points = rays()
    assert points[0, -1, 0] > 0  # right
    assert points[-1, 0, 1] > 0  # down
    np.testing.assert_allclose(points[14, 19], [-0.5 / 60, -0.5 / 50, 1])


def test_a_pixel_without_a_finite_depth_has_no_point():
    depth_m = np.array([[1.0, np.nan, np.inf]], np.float32)
    points = unproject(depth_m, CAMERA)
    assert points.dtype == np.float32
    assert np.isfinite(points).all(axis=-1).tolist() == [[True, False, False]]


@settings(deadline=None, derandomize=True, max_examples=25)
@given(
    x=st.floats(-1, 1),
    y=st.floats(-1, 1),
    distance=st.floats(0.1, 1e4),
    window=st.sampled_from([3, 5, 7]),
)
def test_a_plane_gives_its_own_normal_everywhere(x, y, distance, window):
    normal = np.array([x, y, 1.5]) / np.linalg.norm([x, y, 1.5])
    found = normals_from_depth(plane_depth(normal, distance), CAMERA, window, max_step=1.0)
    assert found.dtype == np.float32
    assert angles_deg(found.astype(float), normal).max() < 0.05
    np.testing.assert_allclose(np.linalg.norm(found, axis=-1), 1, atol=1e-6)


def test_the_frame_is_the_papers():
    facing = normals_from_depth(np.full(SHAPE, 3.0), CAMERA)
    np.testing.assert_allclose(facing, np.broadcast_to([0, 0, 1.0], (*SHAPE, 3)), atol=1e-6)
    floor = normals_from_depth(plane_depth(np.array([0, 0.6, 0.8]), 2.0), CAMERA, max_step=1.0)
    assert (floor[..., 1] > 0.5).all()  # seen from above, a floor points up
    left_wall = normals_from_depth(plane_depth(np.array([0.6, 0, 0.8]), 2.0), CAMERA, max_step=1.0)
    assert (left_wall[..., 0] > 0.5).all()  # a wall on the left points right


def test_a_sphere_gives_its_radii():
    centre, radius = np.array([0.1, -0.2, 6.0]), 1.5
    direction = rays() / np.linalg.norm(rays(), axis=-1, keepdims=True)
    along = direction @ centre
    inside = along**2 - centre @ centre + radius**2
    reach = along - np.sqrt(np.where(inside > 0, inside, np.nan))
    depth_m = direction[..., 2] * reach
    expected = (direction * reach[..., None] - centre) / radius * (1, -1, -1)
    found = normals_from_depth(depth_m, CAMERA, window=3)
    core = inside > 1.0  # away from the rim, where a window sees little
    error = angles_deg(found, expected)[core]
    assert core.sum() > 100
    assert np.nanmedian(error) < 1.0
    assert np.isnan(found[np.isnan(depth_m)]).all()


def test_no_plane_bridges_an_occlusion_edge():
    depth_m = np.full(SHAPE, 2.0)
    depth_m[:, 20:] = 5.0
    normals = normals_from_depth(depth_m, CAMERA)
    np.testing.assert_allclose(normals, np.broadcast_to([0, 0, 1.0], normals.shape), atol=1e-6)
    bridged = normals_from_depth(depth_m, CAMERA, max_step=10.0)
    assert np.nanmax(angles_deg(bridged, np.array([0, 0, 1.0]))) > 30


def test_too_few_points_or_a_line_of_them_make_no_plane():
    lonely = np.full(SHAPE, np.nan)
    lonely[15, 20] = 2.0
    assert np.isnan(normals_from_depth(lonely, CAMERA)).all()
    line = np.full(SHAPE, np.nan)
    line[15] = 2.0
    assert np.isnan(normals_from_depth(line, CAMERA, min_points=3)).all()
    assert np.isnan(normals_from_depth(np.full((1, 1), 2.0), CAMERA)).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, -1.0])
def test_a_pixel_without_a_surface_has_no_normal_and_spoils_no_other(value):
    depth_m = np.full(SHAPE, 2.0)
    depth_m[10, 10] = value
    normals = normals_from_depth(depth_m, CAMERA)
    assert np.isnan(normals[10, 10]).all()
    assert np.isnan(normals).any(axis=-1).sum() == 1


def test_wide_maps_are_fitted_in_bands_without_a_seam(monkeypatch):
    depth_m = 2 + np.random.default_rng(1).random(SHAPE) * 0.01
    whole = normals_from_depth(depth_m, CAMERA)
    monkeypatch.setattr("vbanalysis.geometry._BAND_PIXELS", 3 * SHAPE[1])
    np.testing.assert_array_equal(normals_from_depth(depth_m, CAMERA), whole)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"window": 4}, "window must be odd"),
        ({"window": 1}, "window must be odd"),
        ({"max_step": 0.0}, "max_step must be a positive"),
        ({"max_step": np.nan}, "max_step must be a positive"),
        ({"min_points": 2}, "min_points must be from 3 to 49"),
        ({"min_points": 50}, "min_points must be from 3 to 49"),
        ({"intrinsics": Intrinsics(0, 1, 0, 0)}, "positive focal lengths"),
        ({"intrinsics": Intrinsics(1, 1, np.nan, 0)}, "finite"),
        ({"depth_m": np.ones((2, 2, 2))}, r"depth_m must be \(H, W\)"),
        ({"depth_m": np.array([["a"]])}, r"depth_m must be \(H, W\)"),
    ],
)
def test_an_argument_outside_its_range_is_named(options, reason):
    with pytest.raises(InputError, match=reason):
        normals_from_depth(**{"depth_m": np.ones(SHAPE), "intrinsics": CAMERA, **options})


def test_disparity_becomes_depth_and_its_gaps_stay_gaps():
    depth_m = depth_from_disparity(np.array([[10.0, -2.0, -3.0, np.nan, np.inf]]), 100, 0.12, doffs_px=2)
    np.testing.assert_array_equal(depth_m, np.array([[1.0, np.inf, np.nan, np.nan, np.nan]], np.float32))


def test_a_point_cloud_holds_the_finite_points_and_their_colours(tmp_path):
    points = np.array([[[1, 2, 3], [np.nan, 0, 0], [4, 5, np.inf], [-7, 8, 9]]], np.float32)
    rgb = np.arange(12, dtype=np.uint8).reshape(1, 4, 3)
    assert write_ply(tmp_path / "x.ply", points, rgb) == 2
    header, _, body = (tmp_path / "x.ply").read_bytes().partition(b"end_header\n")
    assert header.startswith(b"ply\nformat binary_little_endian 1.0\nelement vertex 2\n")
    vertices = np.frombuffer(body, [("xyz", "<f4", 3), ("rgb", "u1", 3)])
    np.testing.assert_array_equal(vertices["xyz"], [[1, 2, 3], [-7, 8, 9]])
    np.testing.assert_array_equal(vertices["rgb"], [[0, 1, 2], [9, 10, 11]])


def test_a_point_cloud_needs_points_and_colours_that_fit(tmp_path):
    points = np.zeros((5, 3))
    assert write_ply(tmp_path / "bare.ply", points) == 5
    with pytest.raises(InputError, match="points must be"):
        write_ply(tmp_path / "x.ply", np.zeros(4))
    with pytest.raises(InputError, match="rgb must be uint8"):
        write_ply(tmp_path / "x.ply", points, points)
    with pytest.raises(DataError, match="does not exist"):
        write_ply(tmp_path / "none" / "x.ply", points)


def test_the_normals_of_a_real_depth_map_come_back():
    samples = samples_dir()
    if samples is None or not (samples / "tartanair_normals").is_dir():
        pytest.skip("VBANALYSIS_SAMPLES with tartanair_normals/ is not set")
    folder = samples / "tartanair_normals"
    k = np.load(folder / "000000_intrins.npy")
    depth_m = np.load(folder / "000000_depth.npy")
    # Pillow keeps the upper 8 of the 16 bits: half a degree, enough here. x is left, z backward.
    stored = np.asarray(Image.open(folder / "000000_normal.png"))
    expected = ((stored + 0.5) / 128 - 1) * (-1, 1, 1)
    expected /= np.linalg.norm(expected, axis=-1, keepdims=True)
    found = normals_from_depth(depth_m, Intrinsics(k[0, 0], k[1, 1], k[0, 2], k[1, 2]), window=3)
    known = stored.any(axis=-1) & np.isfinite(found).all(axis=-1)
    error = angles_deg(found[known], expected[known])
    assert known.sum() > 0.9 * stored.any(axis=-1).sum()
    assert np.median(error) < 0.5
    assert np.mean(error < 5) > 0.8
