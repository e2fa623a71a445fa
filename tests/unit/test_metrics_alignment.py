import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbanalysis.errors import InputError
from vbanalysis.metrics import align_depth, align_disparity, depth_metrics

CAP = (1e-3, 100.0)
TRUE = np.array([[1.0, 2.0, 4.0, 8.0]])


@given(scale=st.floats(0.01, 100.0), shift=st.floats(-0.2, 5.0))
def test_a_fit_undoes_what_it_fits(scale, shift):
    depth = (TRUE + shift) * scale
    found = align_depth(depth, TRUE, cap_m=CAP, alignment="scale_and_shift")
    np.testing.assert_allclose(found.depth_m, TRUE, rtol=1e-9)
    assert (found.scale, found.shift) == pytest.approx((1 / scale, -shift), abs=1e-9)
    found = align_disparity(scale / TRUE + shift, TRUE, cap_m=CAP)
    np.testing.assert_allclose(found.depth_m, TRUE, rtol=1e-6)


def test_depth_and_disparity_weigh_pixels_differently():
    predicted = TRUE * [1.0, 1.0, 1.0, 2.0]
    depth, disparity = (
        align_depth(predicted, TRUE, cap_m=CAP, alignment="scale", space=space).scale
        for space in ("depth", "disparity")
    )
    assert depth < 0.6, "the far pixel leads in depth"
    assert disparity == pytest.approx(1.0, abs=0.01), "and has no say in disparity"


def test_the_fit_leaves_out_what_is_not_compared():
    predicted = np.array([[0.5, 1.0, np.nan, np.inf, 7.0]])
    true = np.array([[1.0, 2.0, 3.0, 3.0, 500.0]])
    found = align_depth(predicted, true, cap_m=CAP, alignment="scale")
    assert found.scale == pytest.approx(2.0)
    assert found.depth_m[0, 4] == 14.0
    assert np.isnan(found.depth_m[0, 2])
    assert found.depth_m[0, 3] == np.inf
    inside = np.array([[True, False, True, True, True]])
    assert (
        align_depth(predicted * [[1, 9, 1, 1, 1]], true, cap_m=CAP, alignment="scale", valid=inside).scale
        == 2
    )


def test_equal_answers_become_the_mean_of_the_truth():
    found = align_depth(np.full((1, 4), 0.1), TRUE, cap_m=CAP, alignment="scale_and_shift")
    assert found.depth_m.tolist() == [[3.75] * 4]
    assert (found.scale, found.shift) == (0.0, 3.75)


def test_without_a_pixel_to_fit_nothing_is_changed():
    for alignment in ("median", "scale", "scale_and_shift"):
        found = align_depth(TRUE, np.full((1, 4), np.nan), cap_m=CAP, alignment=alignment)
        assert (found.scale, found.shift) == (1.0, 0.0)
        assert found.depth_m.tolist() == TRUE.tolist()


def test_a_depth_aligned_below_zero_is_as_near_as_the_cap_allows_and_not_unknown():
    predicted = np.array([[1.0, 2.0, 3.0, 1e-3]])
    true = np.array([[2.0, 4.0, 6.0, 1e-3]]) - 1
    true[0, 3] = np.nan
    assert align_depth(predicted, true, cap_m=(0.5, 9.0), alignment="scale_and_shift").depth_m[0, 3] == 0.5
    true[0, 3] = 1.0
    valid = np.array([[True, True, True, False]])
    found = align_depth(predicted, true, cap_m=(0.5, 9.0), alignment="scale_and_shift", valid=valid)
    assert found.shift == pytest.approx(-1.0)
    assert depth_metrics(found.depth_m, true, cap_m=(0.5, 9.0)).n_unknown == 0


def test_a_disparity_aligned_to_nothing_is_as_far_as_the_cap_reaches():
    answers = np.array([[1.0, 0.5, 0.25, -3.0]])
    assert align_disparity(answers, TRUE, cap_m=CAP, alignment="median").depth_m[0, 3] == 100.0
    with pytest.raises(InputError, match="give cap_m a finite end"):
        align_disparity(answers, TRUE, cap_m=(1e-3, np.inf), alignment="median")


def test_the_largest_floats_are_fitted_like_others():
    found = align_depth(TRUE * 1e300, TRUE, cap_m=CAP, alignment="scale")
    np.testing.assert_allclose(found.depth_m, TRUE)
    found = align_depth(TRUE * 1e300, TRUE, cap_m=CAP, alignment="scale_and_shift")
    np.testing.assert_allclose(found.depth_m, TRUE)


def test_a_model_that_takes_near_for_far_shows_in_the_sign_of_the_scale():
    assert align_depth(9 - TRUE, TRUE, cap_m=CAP, alignment="scale_and_shift").scale == pytest.approx(-1.0)


@pytest.mark.parametrize("align", [align_depth, align_disparity])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"true_m": np.ones((1, 3))}, "resize the decoded result"),
        ({"true_m": np.ones((1, 4), bool)}, "true_m must hold numbers"),
        ({"cap_m": (0, 1)}, "0 < low < high"),
        ({"alignment": "shift"}, "alignment must be one of none, median, scale, scale_and_shift"),
        ({"valid": np.ones((2, 4), bool)}, "valid must be booleans"),
    ],
)
def test_what_cannot_be_aligned_is_an_error(align, change, message):
    given_true = {"true_m": TRUE, "cap_m": CAP, "alignment": "median"}
    with pytest.raises(InputError, match=message):
        align(TRUE, **{**given_true, **change})
