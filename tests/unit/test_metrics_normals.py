import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbanalysis.errors import InputError
from vbanalysis.metrics import NormalErrors, angular_error_deg, normal_errors, normal_metrics, pool_normals

FACING = np.array([[[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]]])


def tilted(*degrees):
    radians = np.radians(degrees)
    return np.stack([np.sin(radians), np.zeros(len(degrees)), np.cos(radians)], axis=-1)[None]


def images_of(*angles):
    return [NormalErrors(np.array(row, np.float32), 0) for row in angles]


def test_opposite_and_equal_normals_are_the_ends_of_the_scale():
    assert angular_error_deg(FACING, FACING).tolist() == [[0.0, 0.0]]
    assert angular_error_deg(-FACING, FACING).tolist() == [[180.0, 180.0]]


def test_small_angles_keep_their_digits_in_float32():
    angle = angular_error_deg(tilted(0.001).astype(np.float32), tilted(0.0).astype(np.float32))
    assert angle.item() == pytest.approx(0.001, rel=1e-4)


@given(seed=st.integers(0, 10_000))
def test_the_angle_is_symmetric_and_the_same_in_every_frame(seed):
    rng = np.random.default_rng(seed)
    a, b = (v / np.linalg.norm(v, axis=-1, keepdims=True) for v in rng.normal(size=(2, 9, 3)))
    flip = np.array([1.0, -1.0, -1.0])
    np.testing.assert_allclose(angular_error_deg(a, b), angular_error_deg(b, a))
    np.testing.assert_allclose(angular_error_deg(a * flip, b * flip), angular_error_deg(a, b))


def test_shares_are_strictly_under_their_angle():
    found = pool_normals(images_of([5.0, 7.5, 11.25, 22.5, 30.0]), "pixels")
    shares = (found.under_5, found.under_7_5, found.under_11_25, found.under_22_5, found.under_30)
    assert shares == pytest.approx((0.0, 0.2, 0.4, 0.6, 0.8))


def test_figures_of_an_image():
    found = normal_metrics(tilted(3.0, 4.0, 20.0), tilted(0.0, 0.0, 0.0))
    assert found.mean_deg == pytest.approx(9.0)
    assert found.median_deg == pytest.approx(4.0)
    assert found.rmse_deg == pytest.approx(np.sqrt(425 / 3))
    assert found.n == 3


def test_pools_differ_where_images_differ_in_size():
    images = images_of([10.0, 10.0, 10.0], [2.0])
    assert pool_normals(images, "pixels").mean_deg == pytest.approx(8.0)
    assert pool_normals(images, "images").mean_deg == pytest.approx(6.0)
    assert pool_normals(images, "pixels").median_deg == pytest.approx(10.0)
    assert pool_normals(images, "images").median_deg == pytest.approx(6.0)


def test_images_without_truth_have_no_part():
    nothing = normal_errors(FACING, np.full_like(FACING, np.nan))
    assert len(nothing.errors_deg) == 0
    found = pool_normals([*images_of([4.0]), nothing], "images")
    assert (found.mean_deg, found.n) == (4.0, 1)
    assert np.isnan(pool_normals([nothing], "images")[:8]).all()
    assert pool_normals([], "pixels").n == 0


@pytest.mark.parametrize("nothing", [np.nan, 0.0])
def test_silence_is_a_right_angle_unless_told_otherwise(nothing):
    predicted = FACING.copy()
    predicted[0, 1] = nothing
    found = normal_metrics(predicted, FACING)
    assert (found.mean_deg, found.n, found.n_unknown) == (45.0, 2, 1)
    dropped = normal_metrics(predicted, FACING, unknown="drop")
    assert (dropped.mean_deg, dropped.n, dropped.n_unknown) == (0.0, 1, 1)


def test_a_vector_with_one_unknown_component_is_unknown():
    half = FACING.copy()
    half[0, 0, 1] = np.nan
    assert np.isnan(angular_error_deg(half, FACING)[0, 0])
    assert normal_metrics(FACING, half).n == 1


@pytest.mark.parametrize("nothing", [np.nan, 0.0, 1e-200])
def test_pixels_of_unknown_truth_drop_out(nothing):
    true = FACING.copy()
    true[0, 1] = nothing
    found = normal_metrics(-FACING, true)
    assert (found.mean_deg, found.n, found.n_unknown) == (180.0, 1, 0)


def test_only_the_valid_pixels_are_compared():
    found = normal_metrics(tilted(0.0, 60.0), FACING, valid=np.array([[True, False]]))
    assert (found.mean_deg, found.n) == (0.0, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"predicted": FACING * 1.1}, "predicted holds 2 vectors that are not of length 1"),
        ({"true": np.full_like(FACING, np.inf)}, "true holds 2 vectors that are not of length 1"),
        ({"predicted": np.ones((1, 2, 3), np.uint8)}, "predicted must hold floats, got uint8"),
        ({"predicted": FACING[..., :2]}, r"predicted must be \(\.\.\., 3\) vectors"),
        ({"predicted": FACING[:, :1]}, "resize the decoded result"),
        ({"unknown": "skip"}, "unknown must be one of miss, drop"),
        ({"valid": np.ones((1, 2, 3), bool)}, r"valid must be booleans of shape \(1, 2\)"),
    ],
)
def test_what_cannot_be_scored_is_an_error(change, message):
    with pytest.raises(InputError, match=message):
        normal_metrics(**{"predicted": FACING, "true": FACING, **change})


def test_a_pool_has_a_name():
    with pytest.raises(InputError, match="pool must be one of pixels, images; got 'all'"):
        pool_normals(images_of([1.0]), "all")
