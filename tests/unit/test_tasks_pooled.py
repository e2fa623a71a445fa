"""Pooled figures and their differences: held against resamples and permutations done one at a time."""

import numpy as np
import pytest
from scipy.stats import bootstrap, permutation_test

from vbanalysis.tasks import Pooled, summed_difference
from vbanalysis.tasks._pooled import summed


def ratio(sums):
    hits, of = sums
    return {"ratio": hits / of if of else np.nan, "never": np.nan}


def samples(seed, n=40, better=0.0):
    rng = np.random.default_rng(seed)
    of = rng.integers(5, 60, n)
    return Pooled(np.stack([rng.binomial(of, 0.5 + better), of], axis=1), ratio)


def figure(hits, of, axis):
    return hits.sum(axis=axis) / of.sum(axis=axis)


@pytest.mark.parametrize("seed", range(4))
def test_an_interval_is_that_of_scipys_bootstrap(seed):
    pooled = samples(seed)
    found = summed(pooled)
    assert found.keys() == {"ratio"}
    assert found["ratio"].value == pooled.parts[:, 0].sum() / pooled.parts[:, 1].sum()
    theirs = bootstrap(
        tuple(pooled.parts.T), figure, paired=True, vectorized=True, method="percentile", rng=seed
    ).confidence_interval
    assert (found["ratio"].low, found["ratio"].high) == pytest.approx(tuple(theirs), abs=0.01)


@pytest.mark.parametrize(("seed", "better"), [(0, 0.0), (1, 0.02), (2, 0.05), (3, -0.2)])
def test_a_difference_has_the_interval_and_the_p_of_scipy(seed, better):
    first, second = samples(seed), samples(seed + 50, better=better)
    found = summed_difference(first, second)["ratio"]
    a, b = first.parts, second.parts
    assert found.difference.value == pytest.approx(
        ratio(b.sum(axis=0))["ratio"] - ratio(a.sum(axis=0))["ratio"]
    )

    def difference(*columns, axis):
        return figure(*columns[2:], axis) - figure(*columns[:2], axis)

    theirs = bootstrap(
        (*a.T, *b.T), difference, paired=True, vectorized=True, method="percentile", rng=seed
    ).confidence_interval
    assert (found.difference.low, found.difference.high) == pytest.approx(tuple(theirs), abs=0.012)

    def by_places(one, two):
        rows = np.concatenate([a, b])
        one, two = rows[one.astype(int)], rows[two.astype(int)]
        return ratio(two.sum(axis=0))["ratio"] - ratio(one.sum(axis=0))["ratio"]

    n = len(a)
    p = permutation_test(
        (np.arange(n), np.arange(n) + n),
        lambda one, two: abs(by_places(one, two)),
        permutation_type="samples",
        alternative="greater",
        n_resamples=999,
        rng=seed,
    ).pvalue
    assert found.p == pytest.approx(p, abs=0.06)


def test_the_same_run_differs_by_nothing():
    run = samples(3)
    found = summed_difference(run, run)["ratio"]
    assert (found.difference.value, found.difference.low, found.difference.high, found.p) == (0, 0, 0, 1)


def test_samples_of_a_cluster_change_places_together():
    first, second = samples(4, n=6), samples(5, n=6, better=0.3)
    alone = summed_difference(first, second)["ratio"]
    together = summed_difference(first, second, clusters=list("aabbcc"))["ratio"]
    assert (together.difference.clusters, together.difference.is_range) == (3, True)
    assert together.difference.value == alone.difference.value
    # Three clusters have eight ways to change places, two of which are as large as what was seen.
    assert together.p == pytest.approx(0.25, abs=0.05)
    assert alone.p < 0.1
