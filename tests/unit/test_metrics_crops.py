import numpy as np
import pytest

from vbanalysis.errors import InputError
from vbanalysis.metrics.crops import CROPS, CropBox, crop_box, crop_mask


def test_the_fractions_of_the_garg_crop_are_cut_off_to_pixels():
    """0.99189189 of 370 rows is 366.99999, 0.03594771 of 1224 columns 43.99999."""
    assert crop_box("garg", (370, 1224)) == (151, 366, 43, 1180)


def test_the_crop_of_nyu_keeps_rows_45_to_470_and_columns_41_to_600():
    rows, columns = np.nonzero(crop_mask("nyu_eigen", (480, 640)))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (45, 470, 41, 600)


def test_the_benchmark_crop_is_at_the_bottom_and_in_the_middle():
    assert crop_box("kb", (375, 1242)) == (23, 375, 13, 1229)
    assert crop_box("kb", (376, 1241)) == (24, 376, 12, 1228)
    assert crop_box("kb", (352, 1216)) == (0, 352, 0, 1216)


def test_crops_are_cut_one_from_the_other():
    inner = crop_box("garg", (352, 1216))
    assert crop_box("kb+garg", (375, 1242)) == (
        inner.top + 23,
        inner.bottom + 23,
        inner.left + 13,
        inner.right + 13,
    )
    assert crop_box("kb+garg", (375, 1242)) != crop_box("garg", (375, 1242))


@pytest.mark.parametrize("name", [*CROPS, "kb+garg", "kb+kitti_eigen"])
def test_a_mask_holds_just_the_box(name):
    shape = (480, 640) if name == "nyu_eigen" else (376, 1241)
    mask, box = crop_mask(name, shape), crop_box(name, shape)
    assert isinstance(box, CropBox)
    assert mask.shape == shape
    assert mask.dtype == bool
    assert mask[box.top : box.bottom, box.left : box.right].all()
    assert mask.sum() == (box.bottom - box.top) * (box.right - box.left)
    assert mask.all() == (name == "none")


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("eigen", (480, 640), "crop must be one of none, nyu_eigen"),
        ("kb+", (375, 1242), r"got 'kb\+'"),
        ("nyu_eigen", (240, 320), r"defined for \(480, 640\) pixels, got \(240, 320\)"),
        ("kb", (352, 1215), r"takes \(352, 1216\) pixels, the image has \(352, 1215\)"),
        ("none", (0, 5), "shape must be the height and width"),
        ("none", (4, 5, 3), "shape must be the height and width"),
    ],
)
def test_a_crop_that_is_not_defined_is_an_error(name, shape, message):
    with pytest.raises(InputError, match=message):
        crop_mask(name, shape)
