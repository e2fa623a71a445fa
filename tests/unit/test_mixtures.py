import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbanalysis.codecs import SIDES, DepthCodec, mix_depths, sides, third_share
from vbanalysis.errors import InputError
from vbanalysis.metrics import sample_coverage, sparsification

DEPTHS = st.floats(0.2, 100)


@given(DEPTHS, DEPTHS)
def test_the_ends_of_a_mixture_are_the_two_depths(first, second):
    found = mix_depths(np.full(2, first), np.full(2, second), np.array([0.0, 1.0]))
    np.testing.assert_allclose(found.depth_m, [first, second], rtol=1e-5)
    assert (found.residual < 1e-6).all()


@given(DEPTHS, st.floats(0, 1))
def test_depths_of_one_edge_of_the_walk_mix_to_one_between(depth, share):
    codec = DepthCodec()
    corners = codec.curve.inverse(np.arange(8) / 7)
    edge = min(int(np.searchsorted(corners, depth, side="right")) - 1, 6)
    other = min(corners[edge + 1], 200.0)
    mixed = float(mix_depths(np.array(depth), np.array(other), share).depth_m)
    assert min(depth, other) * (1 - 1e-5) <= mixed <= max(depth, other) * (1 + 1e-5)


def test_red_and_blue_make_a_third_depth_and_yellow_and_blue_make_grey():
    red, yellow, blue = DepthCodec().curve.inverse(np.array([1, 2, 5]) / 7)
    assert mix_depths(red, blue).depth_m < red / 2
    assert np.isnan(mix_depths(yellow, blue).depth_m)
    assert np.isfinite(mix_depths(yellow, blue, codec=DepthCodec(nan_colour=None)).depth_m)
    assert third_share(float(red), float(blue)) > 0.5
    assert third_share(1.0, 1.5) == 0


def test_a_depth_within_reach_of_both_sides_is_the_nearer_ones():
    found = sides(np.array([1.0, 1.02, 1.07, 1.08]), np.full(4, 1.0), np.full(4, 1.08))
    assert [SIDES[k] for k in found] == ["near", "near", "far", "far"]


def test_the_sky_is_far():
    found = sides(np.array([np.inf, 50.0, np.inf]), np.ones(3), np.array([np.inf, np.inf, 20.0]))
    assert [SIDES[k] for k in found] == ["far", "between", "third"]


@pytest.mark.parametrize(("near", "far"), [(2.0, 1.0), (0.0, 1.0), (np.nan, 1.0)])
def test_sides_that_are_none_are_refused(near, far):
    with pytest.raises(InputError, match="near_m"):
        sides(np.array(1.0), np.array(near), np.array(far))


def test_a_share_beyond_one_is_refused():
    with pytest.raises(InputError, match="share"):
        mix_depths(np.array(1.0), np.array(2.0), 1.5)


@pytest.mark.parametrize(
    ("error", "doubt"),
    [([1.0, np.nan], [1.0, 1.0]), ([1.0, -1.0], [1.0, 1.0]), ([1.0], [1.0, 2.0]), ([1.0], [np.inf])],
)
def test_errors_that_cannot_be_sorted_are_refused(error, doubt):
    with pytest.raises(InputError):
        sparsification(np.array(error), np.array(doubt))


def test_where_nothing_is_wrong_there_is_no_order():
    assert np.isnan(sparsification(np.zeros(4), np.arange(4.0)).ause)


def test_one_sample_covers_nothing():
    with pytest.raises(InputError, match="two or more"):
        sample_coverage(np.zeros((1, 3)), np.zeros(3))
    with pytest.raises(InputError, match="valid"):
        sample_coverage(np.array([[np.nan], [1.0]]), np.zeros(1))
