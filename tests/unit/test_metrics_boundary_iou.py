import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbanalysis.errors import InputError
from vbanalysis.metrics import (
    MaskOverlap,
    boundary_iou,
    boundary_overlap,
    boundary_overlaps,
    mask_overlap,
    referring_metrics,
)


def box(top, bottom, left, right, shape=(60, 80)):
    mask = np.zeros(shape, bool)
    mask[top:bottom, left:right] = True
    return mask


def test_only_what_is_near_the_contour_counts():
    """Two pixels wide here: 0.02 of a diagonal of 100."""
    assert boundary_overlap(box(10, 30, 10, 40), box(10, 30, 10, 40)) == MaskOverlap(184, 184)
    assert box(10, 30, 10, 40).sum() - box(12, 28, 12, 38).sum() == 184


def test_the_border_of_the_image_is_a_contour():
    everything = np.ones((60, 80), bool)
    assert boundary_overlap(everything, everything).union == 60 * 80 - 56 * 76


def test_a_shift_costs_large_masks_more_than_their_iou_tells():
    large, shifted = box(5, 55, 5, 75), box(6, 56, 5, 75)
    assert mask_overlap(shifted, large).iou > 0.95
    assert boundary_overlap(shifted, large).iou < 0.8


@given(seed=st.integers(0, 1000))
def test_a_boundary_as_wide_as_the_image_is_the_mask(seed):
    predicted, true = np.random.default_rng(seed).random((2, 13, 9)) < 0.5
    assert boundary_overlap(predicted, true, dilation_ratio=1.0) == mask_overlap(predicted, true)


@given(seed=st.integers(0, 1000))
def test_the_classes_of_a_map_are_masks(seed):
    rng = np.random.default_rng(seed)
    predicted, true = np.repeat(np.repeat(rng.integers(-1, 4, (2, 5, 6)), 4, axis=1), 5, axis=2)
    found = boundary_overlaps(predicted, true, 5, dilation_ratio=0.05)
    for k in range(5):
        valid = true >= 0
        expected = boundary_overlap(predicted == k, true == k, dilation_ratio=0.05, valid=valid)
        assert tuple(found[k]) == tuple(expected)


def test_images_are_added_and_absent_classes_skipped():
    true = np.repeat([[0, 1]], 40, axis=1) * np.ones((50, 1), int)
    good, bad = (boundary_overlaps(p, true, 3) for p in (true, np.zeros_like(true)))
    assert boundary_iou(good).iou.tolist()[:2] == [1.0, 1.0]
    assert np.isnan(boundary_iou(good).iou[2])
    both = boundary_iou(good + bad)
    assert both.iou[1] == 0.5
    assert both.miou == pytest.approx(both.iou[:2].mean())


def test_masks_are_summed_like_those_of_expressions():
    small, other, empty = box(0, 9, 0, 9), box(9, 19, 9, 19), box(0, 0, 0, 0)
    overlaps = [boundary_overlap(small, small), boundary_overlap(empty, other)]
    found = referring_metrics(overlaps)
    assert (found.giou, found.n) == (0.5, 2)
    assert boundary_overlap(empty, empty).iou == 1.0


def test_ignored_truth_drops_out():
    true = np.full((20, 20), -1)
    found = boundary_iou(boundary_overlaps(np.zeros_like(true), true, 2))
    assert np.isnan([found.miou, *found.iou]).all()
    assert found.n == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: boundary_overlap(np.ones((2, 2), int), np.ones((2, 2), bool)),
            "predicted must hold booleans",
        ),
        (lambda: boundary_overlap(np.ones((2, 2), bool), np.ones((2, 3), bool)), "resize the decoded result"),
        (lambda: boundary_overlap(np.ones(2, bool), np.ones(2, bool)), r"must be \(H, W\), got shape \(2,\)"),
        (lambda: boundary_overlap(*np.ones((2, 2, 2), bool), dilation_ratio=0), "dilation_ratio must be"),
        (
            lambda: boundary_overlap(*np.ones((2, 2, 2), bool), dilation_ratio=np.nan),
            "dilation_ratio must be",
        ),
        (lambda: boundary_overlaps(*np.full((2, 2, 2), 3), 3), "expected classes 0 to 2"),
        (lambda: boundary_overlaps(*np.zeros((2, 2), int), 3), r"must be \(H, W\)"),
        (lambda: boundary_iou(np.ones((2, 3), int)), r"overlaps must be \(n_classes, 2\) counts"),
        (lambda: boundary_iou(np.array([[2, 1]])), r"overlaps must be \(n_classes, 2\) counts"),
        (lambda: boundary_iou(np.ones((2, 2))), "overlaps must hold integers"),
    ],
)
def test_what_has_no_boundary_is_an_error(call, message):
    with pytest.raises(InputError, match=message):
        call()
