"""Oracles: the curves of Ilg et al. a pixel at a time, over all orders of ties, and counting by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from vbanalysis.metrics import sample_coverage, sparsification


def curve_area(errors):
    """Mean over what is left of the mean error, the last pixel taken away first."""
    left, means = list(errors), []
    while left:
        means.append(sum(left) / len(left))
        left.pop()
    return sum(means) / len(means)


def by_loops(error, doubt):
    pairs = list(zip(doubt, error, strict=True))
    # Every order that sorts the doubts, ties in all ways.
    orders = [o for o in itertools.permutations(pairs) if all(a[0] <= b[0] for a, b in itertools.pairwise(o))]
    own = np.mean([curve_area([error for _, error in order]) for order in orders])
    best, mean = curve_area(sorted(error)), sum(error) / len(error)
    return (own - best) / mean, (mean - best) / mean


@pytest.mark.parametrize("seed", range(8))
def test_sparsification_is_the_area_between_the_curves(seed):
    rng = np.random.default_rng(seed)
    error, doubt = rng.exponential(size=6), rng.integers(0, 4, 6)
    ause, random = by_loops(error.tolist(), doubt.tolist())
    found = sparsification(error, doubt)
    assert found.ause == pytest.approx(ause)
    assert found.random == pytest.approx(random)


@pytest.mark.parametrize("seed", range(5))
def test_coverage_counts_pixels_one_by_one(seed):
    rng = np.random.default_rng(seed)
    samples, true, valid = rng.normal(size=(4, 5, 6)), rng.normal(size=(5, 6)), rng.random((5, 6)) < 0.7
    below = above = n = 0
    for place in np.ndindex(true.shape):
        if valid[place]:
            drawn = [float(sample[place]) for sample in samples]
            n += 1
            below += true[place] < min(drawn)
            above += true[place] > max(drawn)
    found = sample_coverage(samples, true, valid)
    assert found.n == n
    assert found.below == pytest.approx(below / n)
    assert found.above == pytest.approx(above / n)
    assert found.share == pytest.approx((n - below - above) / n)


def test_draws_of_the_truth_cover_it_as_often_as_expected():
    rng = np.random.default_rng(0)
    found = sample_coverage(rng.normal(size=(8, 20000)), rng.normal(size=20000))
    assert found.share == pytest.approx(found.expected, abs=0.01)
