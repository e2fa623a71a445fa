import numpy as np
import pytest

from vbanalysis.errors import InputError
from vbanalysis.metrics import MaskOverlap, mask_overlap, referring_metrics


def mask(*row):
    return np.array([row], bool)


def test_two_empty_masks_agree_and_one_alone_does_not():
    empty, full = mask(0, 0), mask(1, 1)
    assert mask_overlap(empty, empty).iou == 1.0
    assert mask_overlap(full, empty).iou == mask_overlap(empty, full).iou == 0.0


def test_pixels_that_are_not_valid_have_no_part():
    found = mask_overlap(mask(1, 1, 0), mask(1, 0, 1), valid=mask(1, 0, 1))
    assert found == MaskOverlap(1, 2)
    assert mask_overlap(mask(1), mask(0), valid=mask(0)).iou == 1.0


def test_large_objects_weigh_more_in_the_cumulative_iou():
    found = referring_metrics([MaskOverlap(90, 100), MaskOverlap(0, 10)])
    assert found.giou == pytest.approx(0.45)
    assert found.ciou == pytest.approx(90 / 110)
    assert found.precision == {0.5: 0.5, 0.6: 0.5, 0.7: 0.5, 0.8: 0.5, 0.9: 0.5}


def test_an_iou_that_reaches_the_threshold_counts():
    found = referring_metrics([MaskOverlap(1, 2), MaskOverlap(3, 4)], thresholds=[0.5, 0.75, 0.8])
    assert found.precision == {0.5: 1.0, 0.75: 0.5, 0.8: 0.0}


def test_only_empty_masks_have_a_mean_but_no_cumulative_iou():
    found = referring_metrics([MaskOverlap(0, 0)] * 3)
    assert (found.giou, found.n) == (1.0, 3)
    assert np.isnan(found.ciou)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((mask(1), np.array([[255]], np.uint8)), "true must hold booleans, got uint8"),
        ((mask(1, 0), mask(1)), "resize the decoded result"),
        ((mask(), mask()), "predicted must hold booleans"),
    ],
)
def test_what_is_no_pair_of_masks_is_an_error(arguments, message):
    with pytest.raises(InputError, match=message):
        mask_overlap(*arguments)


def test_what_has_no_expression_has_no_figures():
    with pytest.raises(InputError, match="no expression"):
        referring_metrics([])
