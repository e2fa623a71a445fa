import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbanalysis.errors import InputError
from vbanalysis.metrics import (
    boundary_counts,
    boundary_metrics,
    depth_bins,
    depth_edges,
    depth_metrics,
    depth_metrics_by_region,
    edge_zones,
    occlusion_f1,
)


def step(at, near=1.0, far=5.0, shape=(6, 12)):
    """A near surface left of a column, a far one right of it."""
    return np.where(np.arange(shape[1]) < at, near, far) * np.ones(shape)


def test_an_edge_is_the_pixel_in_front():
    edges = depth_edges(step(4))
    assert np.flatnonzero(edges.any(axis=0)).tolist() == [3]
    assert np.flatnonzero(depth_edges(step(4, near=5.0, far=1.0)).any(axis=0)).tolist() == [4]
    assert np.flatnonzero(depth_edges(step(4).T).any(axis=1)).tolist() == [3]


def test_the_sky_is_behind_everything_and_what_is_unknown_is_nowhere():
    assert depth_edges(np.array([[50.0, np.inf, np.inf]])).tolist() == [[True, False, False]]
    for nothing in (np.nan, 0.0, -1.0):
        assert not depth_edges(np.array([[1.0, nothing, 9.0]])).any()
    assert not depth_edges(step(4), valid=np.arange(12) * np.ones((6, 1)) > 3.5).any()


def test_a_step_of_just_the_ratio_is_no_edge():
    assert not depth_edges(np.array([[4, 5]]), ratio=1.25).any()
    assert depth_edges(np.array([[4, 5.001]]), ratio=1.25).any()


@given(seed=st.integers(0, 1000), factor=st.floats(0.01, 100))
def test_the_scale_of_the_prediction_does_not_matter(seed, factor):
    rng = np.random.default_rng(seed)
    true, predicted = np.exp(rng.uniform(0, 2, (2, 7, 9)))
    plain, scaled = (boundary_counts(predicted * k, true) for k in (1.0, 2.0 ** np.round(np.log2(factor))))
    np.testing.assert_array_equal(plain.predicted_hits, scaled.predicted_hits)
    assert plain.n_predicted == scaled.n_predicted


def test_an_edge_that_is_off_is_found_within_its_radius():
    found = boundary_metrics([boundary_counts(step(7), step(4), radii_px=(0, 2, 3, 9))])
    assert found.f1 == {0.0: 0.0, 2.0: 0.0, 3.0: 1.0, 9.0: 1.0}
    assert (found.accuracy_px, found.completeness_px) == (3.0, 3.0)
    assert (found.n, found.n_predicted) == (6, 6)


def test_false_edges_cost_precision_and_missed_ones_recall():
    both = np.where(step(9) == 5, 30.0, step(4))
    more = boundary_metrics([boundary_counts(both, step(4), radii_px=(1,))])
    assert (more.precision[1.0], more.recall[1.0]) == (0.5, 1.0)
    less = boundary_metrics([boundary_counts(step(4), both, radii_px=(1,))])
    assert (less.precision[1.0], less.recall[1.0]) == (1.0, 0.5)
    assert less.f1[1.0] == pytest.approx(2 / 3)


def test_a_flat_prediction_finds_nothing():
    found = boundary_metrics([boundary_counts(np.ones((6, 12)), step(4))])
    assert set(found.f1.values()) == set(found.precision.values()) == {0.0}
    assert (found.accuracy_px, found.completeness_px) == (10.0, 10.0)
    assert occlusion_f1(np.ones((6, 12)), step(4))[:3] == (0.0, 0.0, 0.0)


def test_without_a_true_edge_there_are_no_figures():
    flat = boundary_counts(step(4), np.ones((6, 12)))
    found = boundary_metrics([flat])
    assert np.isnan([*found.f1.values(), found.accuracy_px]).all()
    assert found.n == 0
    with_edges = boundary_counts(step(4), step(4))
    assert boundary_metrics([flat, with_edges], "images").precision[0.0] == 1.0
    assert boundary_metrics([flat, with_edges], "pixels").precision[0.0] == 0.5, "false edges count"
    assert np.isnan(occlusion_f1(step(4), np.ones((6, 12))).f1)
    assert boundary_metrics([]).n == 0


def test_where_the_truth_is_unknown_no_edge_is_false():
    true = step(4)
    true[:, 6:] = np.nan
    predicted = np.where(step(9) == 5, 30.0, step(4))
    assert boundary_metrics([boundary_counts(predicted, true)]).precision[0.0] == 1.0
    assert occlusion_f1(predicted, true) == occlusion_f1(step(4), step(4))._replace(n=6)


def test_images_weigh_alike_or_by_their_edges():
    good, bad = (
        boundary_counts(step(4), step(4)),
        boundary_counts(step(4, shape=(2, 12)) ** 0, step(4, shape=(2, 12))),
    )
    assert boundary_metrics([good, bad], "images").recall[0.0] == 0.5
    assert boundary_metrics([good, bad], "pixels").recall[0.0] == 0.75


def test_the_direction_of_an_occlusion_matters_to_depth_pro():
    assert occlusion_f1(step(4), step(4)).recall == 0.25, "three directions have no edge, which counts as 0"
    assert occlusion_f1(step(4, near=5.0, far=1.0), step(4)).f1 == 0.0
    assert occlusion_f1(step(5), step(4)).f1 == 0.0


def test_regions_part_the_image():
    true = step(4)
    true[0, 0] = np.nan
    zones = edge_zones(true, radius_px=2)
    assert (zones["edges"] ^ zones["away"]).all()
    assert np.flatnonzero(zones["edges"].all(axis=0)).tolist() == [1, 2, 3, 4, 5]
    bins = depth_bins(true, [0.1, 1.0, np.inf])
    assert list(bins) == ["0.1-1 m", "1-inf m"]
    counted = depth_metrics_by_region(true, true, bins, cap_m=(0.1, 80.0))
    assert [each.n for each in counted.values()] == [23, 48]
    assert sum(each.n for each in counted.values()) == depth_metrics(true, true, cap_m=(0.1, 80.0)).n


def test_a_blurred_edge_is_wrong_at_the_edge_alone():
    from scipy.ndimage import gaussian_filter1d

    true = step(20, shape=(6, 40))
    blurred = gaussian_filter1d(true, 1.0, axis=1)
    found = depth_metrics_by_region(blurred, true, edge_zones(true, radius_px=4), cap_m=(0.1, 80.0))
    assert found["edges"].absrel > 0.1
    assert found["away"].absrel < 1e-3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: depth_edges(np.ones((2, 2, 2))), r"one map \(H, W\), got shape \(2, 2, 2\)"),
        (lambda: depth_edges(np.ones((2, 2), bool)), "depth_m must hold numbers"),
        (lambda: depth_edges(np.ones((2, 2)), ratio=1.0), "ratio must be above 1"),
        (lambda: depth_edges(np.ones((2, 2)), ratio=np.nan), "ratio must be above 1"),
        (lambda: boundary_counts(np.ones((2, 2)), np.ones((2, 3))), "resize the decoded result"),
        (lambda: boundary_counts(np.ones((2, 2)), np.ones((2, 2)), radii_px=()), "radii_px must be numbers"),
        (lambda: boundary_counts(np.ones((2, 2)), np.ones((2, 2)), radii_px=(-1,)), "radii_px must be"),
        (lambda: boundary_counts(np.ones((2, 2)), np.ones((2, 2)), valid=np.ones(2, bool)), "valid must be"),
        (
            lambda: occlusion_f1(np.ones((2, 2)), np.ones((2, 2)), ratios=[0.9]),
            "ratios must be numbers above 1",
        ),
        (lambda: occlusion_f1(np.ones((2, 2)), np.ones((3, 2))), "resize the decoded result"),
        (
            lambda: boundary_metrics([boundary_counts(step(4), step(4), radii_px=(k,)) for k in (1, 2)]),
            "at different radii",
        ),
        (lambda: boundary_metrics([], "edges"), "pool must be one of pixels, images"),
        (lambda: boundary_metrics([1]), "images must hold BoundaryCounts alone"),
        (lambda: depth_bins(np.ones((2, 2)), [1.0]), "at least two increasing depths"),
        (lambda: depth_bins(np.ones((2, 2)), [1.0, 1.0]), "at least two increasing depths"),
        (lambda: depth_bins(np.ones((2, 2)), [np.nan, 1.0]), "at least two increasing depths"),
        (lambda: edge_zones(np.ones((2, 2)), radius_px=-1), "radius_px must be a number from 0"),
    ],
)
def test_what_has_no_boundaries_is_an_error(call, message):
    with pytest.raises(InputError, match=message):
        call()
