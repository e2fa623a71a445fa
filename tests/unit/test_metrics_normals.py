import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbanalysis.errors import InputError
from vbanalysis.metrics import (
    NormalErrors,
    angular_error_deg,
    histogram_normals,
    mean_normals,
    normal_errors,
    normal_histogram,
    normal_metrics,
    pool_normals,
)

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


@given(seed=st.integers(0, 10_000))
def test_a_histogram_tells_what_the_pixels_tell_and_its_median_to_half_a_bin(seed):
    rng = np.random.default_rng(seed)
    images = images_of(
        *(rng.exponential(rng.choice([0.01, 5, 40]), rng.integers(1, 90)).clip(0, 180) for _ in range(4))
    )
    whole = pool_normals(images, "pixels")
    found = histogram_normals(sum(map(normal_histogram, images[1:]), normal_histogram(images[0])))
    assert found[3:] == whole[3:]
    assert (found.mean_deg, found.rmse_deg) == pytest.approx((whole.mean_deg, whole.rmse_deg), rel=1e-12)
    assert abs(found.median_deg - whole.median_deg) <= 0.005 + 1e-5  # of float32


def test_thresholds_and_ends_of_the_scale_fall_into_no_wrong_bin():
    angles = [0.0, 5.0, 7.5, 11.25, 22.5, 30.0, 180.0]
    found = histogram_normals(normal_histogram(*images_of(angles)))
    assert found[3:8] == pool_normals(images_of(angles), "pixels")[3:8]
    assert histogram_normals(normal_histogram(*images_of([180.0]))).median_deg == 180.0
    assert histogram_normals(normal_histogram(*images_of([0.0]))).median_deg == 0.005


def test_the_order_of_images_makes_no_difference_to_a_histogram():
    rng = np.random.default_rng(0)
    images = [normal_histogram(each) for each in images_of(*(rng.uniform(0, 180, 999) for _ in range(9)))]
    forth, back = (histogram_normals(sum(row[1:], row[0])) for row in (images, images[::-1]))
    assert forth == back


def test_a_histogram_of_nothing_has_no_figures():
    nothing = NormalErrors(np.zeros(0, np.float32), 3)
    found = histogram_normals(normal_histogram(nothing) + normal_histogram(nothing))
    assert np.isnan(found[:8]).all()
    assert (found.n, found.n_unknown) == (0, 6)


def test_the_mean_of_the_images_needs_their_figures_alone():
    images = images_of([10.0, 10.0, 10.0], [2.0], [])
    assert mean_normals(pool_normals([image], "pixels") for image in images) == pool_normals(images, "images")


@pytest.mark.parametrize("angle", [np.nan, np.inf, -1.0, 181.0])
@pytest.mark.parametrize("score", [lambda e: pool_normals([e], "pixels"), normal_histogram])
def test_what_is_no_angle_is_an_error(score, angle):
    with pytest.raises(InputError, match="angles from 0 to 180 degrees"):
        score(*images_of([1.0, angle]))


def test_what_was_not_made_by_the_first_step_is_an_error():
    for call in (
        lambda: pool_normals([1.0], "pixels"),
        lambda: mean_normals([images_of([1.0])]),
        lambda: normal_histogram([1.0]),
        lambda: histogram_normals(None),
    ):
        with pytest.raises(InputError, match="alone, got"):
            call()
