import numpy as np
import pytest

from vbanalysis.codecs.polygons import coco_mask, opencv_mask
from vbanalysis.errors import InputError

# Corners on 12 x 16 pixels, and the rows of the mask that OpenCV paints (cv2.polylines and cv2.fillPoly on
# 32-bit integers), each row a number of 16 bits.
PAINTED_BY_OPENCV = [
    (
        [(2, 1), (13, 3), (9, 10), (4, 8)],
        [0, 14336, 16352, 8188, 8184, 8184, 8176, 4080, 4064, 992, 192, 0],
    ),
    (
        [(0, 0), (15, 11), (15, 0), (0, 11)],
        [32769, 57351, 61455, 63519, 65151, 65535, 65535, 65151, 63519, 61455, 57351, 32769],
    ),
    ([(5.9, 2.9), (5.1, 9.9)], [0, 0, 1024, 1024, 1024, 1024, 1024, 1024, 1024, 1024, 0, 0]),
    (
        [(-4, 3), (8, -3), (20, 9), (7, 14)],
        [16368, 65528, 65532, 65534, 65535, 65535, 65535, 65535, 32767, 16383, 8191, 4094],
    ),
    (
        [(3, 2), (3, 2), (11, 2), (7, 9), (12, 10)],
        [0, 0, 8176, 4064, 2016, 960, 448, 192, 224, 496, 56, 0],
    ),
    (
        [(-9, -2), (-3, 20), (6, 5)],
        [0, 0, 49152, 61440, 64512, 65024, 64512, 64512, 63488, 61440, 61440, 57344],
    ),
]


@pytest.mark.parametrize(("corners", "rows"), PAINTED_BY_OPENCV)
def test_a_polygon_with_its_border_is_what_opencv_paints(corners, rows):
    expected = np.array([list(f"{row:016b}") for row in rows]) == "1"
    np.testing.assert_array_equal(opencv_mask(corners, (12, 16)), expected)


def test_a_single_corner_is_one_pixel_and_one_outside_is_none():
    assert np.argwhere(opencv_mask([(3, 1)], (4, 5))).tolist() == [[1, 3]]
    assert not opencv_mask([(-3, 1)], (4, 5)).any()


def test_polygons_of_one_object_are_joined_not_crossed_out():
    square = [1, 1, 4, 1, 4, 4, 1, 4]
    twice = coco_mask([square, square], (6, 6))
    assert twice[1:4, 1:4].all()
    assert twice.sum() == 9


@pytest.mark.parametrize(
    "polygons", [[[0, 0, 1, 1]], [[0, 0, 1, 0, 1]], [["a"] * 6], [5], [[[0, 0], [1, 0], [1, 1]]], ["abcdef"]]
)
def test_what_is_no_polygon_is_refused(polygons):
    with pytest.raises(InputError, match=r"polygons\[0\] must hold"):
        coco_mask(polygons, (4, 4))


@pytest.mark.parametrize("polygon", [[], [(1,)], [(1, 2, 3)], [3], [("1", "2")], ["ab"]])
def test_what_is_no_polygon_is_refused_for_opencv_too(polygon):
    with pytest.raises(InputError, match="polygon must hold"):
        opencv_mask(polygon, (4, 4))


@pytest.mark.parametrize("value", [np.nan, np.inf, -1e12])
def test_a_corner_far_away_is_refused_before_memory_is_taken(value):
    with pytest.raises(InputError, match="far outside"):
        coco_mask([[0, 0, 1, 0, 1, value]], (4, 4))
    with pytest.raises(InputError, match="far outside"):
        opencv_mask([(0, 0), (1, value)], (4, 4))
    with pytest.raises(InputError, match="at most"):
        coco_mask([], (10**6, 10**6))
