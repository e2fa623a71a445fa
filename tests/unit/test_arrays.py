from __future__ import annotations

import numpy as np
import pytest

from vbanalysis.codecs import DepthCodec, repair_edges
from vbanalysis.codecs._arrays import check_number
from vbanalysis.codecs.degradations import Jpeg, Rounding
from vbanalysis.errors import InputError


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({}, "a finite number"),
        ({"low": 0}, "a finite number of at least 0"),
        ({"above": 0, "note": "metres"}, r"a finite number above 0 \(metres\)"),
        ({"low": 1, "high": 8, "whole": True}, "an integer from 1 to 8"),
        ({"above": 0, "high": 16}, "a number above 0, at most 16"),
        ({"low": 0, "high": np.inf, "optional": True}, "None or a finite number of at least 0"),
    ],
)
@pytest.mark.parametrize(
    "value", ["5", b"5", [5], (5,), {}, True, np.True_, 5j, np.nan, -np.inf, np.array([5])]
)
def test_what_is_no_number_is_named_with_what_was_expected(bounds, expected, value):
    with pytest.raises(InputError, match=rf"^size must be {expected}, got "):
        check_number(value, "size", **bounds)


def test_bounds_are_kept_and_none_passes_only_where_it_may():
    assert check_number(None, "size", low=0, optional=True) is None
    assert check_number(np.inf, "size", low=0, high=np.inf) == np.inf
    assert [check_number(v, "size", low=1, high=8) for v in (1, 8)] == [1, 8]
    for value, bounds in (
        (None, {}),
        (np.inf, {}),
        (10**400, {}),
        (0, {"above": 0}),
        (1, {"below": 1}),
        (9, {"high": 8}),
        (0, {"low": 1}),
        (3.0, {"whole": True}),
    ):
        with pytest.raises(InputError, match="size must be"):
            check_number(value, "size", **bounds)


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.int64, np.float16, np.float32, np.float64])
def test_numpy_scalars_are_numbers_and_become_those_of_python(kind):
    assert type(check_number(kind(3), "size", low=0)) in (int, float)


def test_small_numpy_integers_do_not_overflow_where_they_are_settings():
    rgb = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    np.testing.assert_array_equal(Rounding(np.uint8(8))(rgb), rgb)
    np.testing.assert_array_equal(Jpeg(np.int8(90))(rgb), Jpeg(90)(rgb))
    decoded = DepthCodec().decode(rgb)
    np.testing.assert_array_equal(repair_edges(decoded, np.uint8(3)).mixed, repair_edges(decoded, 3).mixed)
    depth = np.array([1.0])
    assert DepthCodec().quantization_error(depth, np.uint8(8)) == DepthCodec().quantization_error(depth)
