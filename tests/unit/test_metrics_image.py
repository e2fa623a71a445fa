import numpy as np
import pytest

from vbanalysis.errors import InputError
from vbanalysis.metrics import psnr, ssim

GREY = np.full((24, 24, 3), 128, np.uint8)
LEFT = np.arange(24) < np.full((24, 1), 12)


def edited():
    """The right half is painted over, the left is untouched."""
    picture = GREY.copy()
    picture[~LEFT] = 255
    return picture


def test_what_an_edit_left_alone_is_unchanged_and_the_rest_is_not():
    assert psnr(edited(), GREY, region=LEFT) == float("inf")
    assert psnr(edited(), GREY, region=~LEFT) == pytest.approx(20 * np.log10(255 / 127))
    assert psnr(edited(), GREY) == pytest.approx(20 * np.log10(255 / 127) + 10 * np.log10(2))


def test_bytes_and_floats_of_one_picture_score_the_same():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 256, (2, 24, 24, 3), np.uint8)
    assert psnr(a / 255, b / 255) == pytest.approx(psnr(a, b))
    assert ssim(a / 255, b / 255) == pytest.approx(ssim(a, b))


def test_similarity_is_one_for_equal_pictures_and_far_from_the_edit():
    assert ssim(GREY, GREY) == pytest.approx(1.0)
    far = np.arange(24) < np.full((24, 1), 7)
    assert ssim(edited(), GREY, region=far) == pytest.approx(1.0)
    assert ssim(edited(), GREY, region=~LEFT) < 0.9


@pytest.mark.parametrize("metric", [psnr, ssim])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image": GREY[:, :20]}, "image has shape"),
        ({"image": GREY[..., 0]}, r"image must be \(H, W, 3\) RGB"),
        ({"image": GREY.astype(np.int64)}, "got int64"),
        ({"image": GREY / 1.0}, r"image holds floats outside \[0, 1\]"),
        ({"reference": np.full((24, 24, 3), np.nan)}, "reference holds floats outside"),
        ({"image": GREY / 255}, "must be of one type"),
        ({"region": np.zeros((24, 24), bool)}, "region holds no pixel"),
        ({"region": np.ones((24, 24), int)}, "region must be booleans"),
    ],
)
def test_what_cannot_be_compared_is_an_error(metric, change, message):
    with pytest.raises(InputError, match=message):
        metric(**{"image": GREY, "reference": GREY, **change})


def test_similarity_needs_room_for_its_window():
    with pytest.raises(InputError, match="at least 11 pixels"):
        ssim(GREY[:10], GREY[:10])
    corner = np.zeros((24, 24), bool)
    corner[0, 0] = True
    with pytest.raises(InputError, match="5 or more from the border"):
        ssim(GREY, GREY, region=corner)
