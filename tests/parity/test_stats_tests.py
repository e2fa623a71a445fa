"""Oracles: every change of signs looked at one by one; statsmodels' sign test and corrections; the
definitions of Holm and of Benjamini and Hochberg, a hypothesis at a time."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from statsmodels.stats.descriptivestats import sign_test as sign_test_of_statsmodels
from statsmodels.stats.multitest import multipletests

from vbanalysis.stats import benjamini_hochberg, holm, permutation_test, sign_test


def every_sign(differences):
    """The two-sided p in whole numbers, so that equal sums are equal."""
    whole = [Fraction(d) for d in differences]
    seen = abs(sum(whole))
    flips = itertools.product((1, -1), repeat=len(whole))
    extreme = sum(abs(sum(s * d for s, d in zip(flip, whole, strict=True))) >= seen for flip in flips)
    return extreme / 2 ** len(whole)


@pytest.mark.parametrize("n", range(2, 11))
def test_the_exact_permutation_test_looks_at_every_change_of_signs(n):
    for seed in range(6):
        rng = np.random.default_rng(1000 * n + seed)
        # Eighths are exact in binary, and such few values make many sums equal.
        first, second = rng.integers(-4, 8, n) / 8, rng.integers(-4, 5, n) / 8
        found = permutation_test(first, second)
        assert found.exact
        assert found.permutations == 2**n
        assert found.p == pytest.approx(every_sign(first - second), rel=1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_clusters_change_their_signs_together(seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 8, 30)
    first, second = rng.integers(-4, 8, 30) / 8, rng.integers(-4, 5, 30) / 8
    sums = [(first - second)[labels == label].sum() for label in np.unique(labels)]
    found = permutation_test(first, second, clusters=labels)
    assert found.p == pytest.approx(every_sign(sums), rel=1e-12)
    assert found.n == len(sums)


@pytest.mark.parametrize("seed", range(6))
def test_the_random_permutation_test_comes_near_the_exact_one(seed):
    rng = np.random.default_rng(seed)
    first, second = rng.normal(0.3, 1.0, 12), rng.normal(0.0, 1.0, 12)
    exact = permutation_test(first, second)
    drawn = permutation_test(first, second, permutations=4000, seed=seed)
    assert exact.exact
    assert not drawn.exact
    assert drawn.p == pytest.approx(exact.p, abs=5 * math.sqrt(exact.p * (1 - exact.p) / 4000) + 1e-3)


@pytest.mark.parametrize("seed", range(20))
def test_the_sign_test_is_that_of_statsmodels(seed):
    rng = np.random.default_rng(seed)
    differences = rng.integers(-3, 5, rng.integers(5, 200)).astype(float)
    found = sign_test(differences, np.zeros_like(differences))
    m, p = sign_test_of_statsmodels(differences)
    assert found.p == pytest.approx(p, rel=1e-9)
    assert (found.wins - found.losses) / 2 == m
    assert found.wins + found.losses + found.ties == len(differences)


def family(seed):
    rng = np.random.default_rng(seed)
    # Every other one in two digits, which makes ties, zeros and ones.
    return np.round(rng.beta(0.3, 1.0, rng.integers(1, 30)), (2, 12)[seed % 2])


FAMILIES = [family(seed) for seed in range(30)]


@pytest.mark.parametrize("p", FAMILIES)
def test_corrections_are_those_of_statsmodels(p):
    for correct, name in ((holm, "holm"), (benjamini_hochberg, "fdr_bh")):
        found = correct(p, alpha=0.1)
        reject, corrected, *_ = multipletests(p, 0.1, name)
        np.testing.assert_allclose(found.p, corrected, rtol=1e-12)
        np.testing.assert_array_equal(found.found, reject)


@pytest.mark.parametrize("p", FAMILIES)
def test_corrections_find_what_their_definitions_find(p):
    ordered, n = np.sort(p), len(p)
    for alpha in (0.01, 0.05, 0.2):
        missed = [k for k in range(n) if ordered[k] > alpha / (n - k)]
        assert holm(p, alpha).found.sum() == min(missed, default=n)
        passed = [k + 1 for k in range(n) if ordered[k] <= alpha * (k + 1) / n]
        assert benjamini_hochberg(p, alpha).found.sum() == max(passed, default=0)
