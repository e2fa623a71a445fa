"""Oracles: binomial chances summed in whole numbers, statsmodels' `TTestPower` (where SciPy's noncentral t is
defined), the noncentral t integrated over the standard deviation, and simulated studies."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import binomtest, chi, norm, t
from statsmodels.stats.power import TTestPower

from vbanalysis.stats import (
    decisive_n,
    effective_n,
    mean_estimate,
    paired_n,
    paired_power,
    win_rate_n,
    win_rate_power,
)


def exact_power(rate, n, alpha):
    """Chance of all outcomes whose own two-sided p is at most alpha."""
    chances = [math.comb(n, k) for k in range(n + 1)]
    extreme = [
        k
        for k in range(n + 1)
        if Fraction(sum(chances[j] for j in range(n + 1) if abs(2 * j - n) >= abs(2 * k - n)), 2**n) <= alpha
    ]
    return sum(chances[k] * rate**k * (1 - rate) ** (n - k) for k in extreme)


@pytest.mark.parametrize("n", [1, 5, 6, 7, 20, 41, 77])
@pytest.mark.parametrize("rate", [0.5, 0.478, 0.535, 0.7, 0.05])
@pytest.mark.parametrize("alpha", [0.05, 0.01, 0.03125])
def test_the_power_of_a_win_rate_is_the_chance_of_the_outcomes_that_the_test_rejects(n, rate, alpha):
    found = win_rate_power(rate, n, alpha=alpha)
    assert found.power == pytest.approx(exact_power(rate, n, Fraction(alpha)), rel=1e-9, abs=1e-14)


@pytest.mark.parametrize("rate", [0.6, 0.37, 0.72, 0.9])
def test_from_the_size_on_the_power_stays_and_before_it_does_not(rate):
    found = win_rate_n(rate)
    powers = [win_rate_power(rate, n).power for n in range(1, 3 * found.n)]
    assert found.power == powers[found.n - 1]
    assert min(powers[found.n - 1 :]) >= 0.8
    assert powers[found.n - 2] < 0.8


@pytest.mark.parametrize("rate", [0.535, 0.478, 0.6, 0.2, 0.97])
def test_from_the_decisive_size_on_the_test_rejects_and_before_it_does_not(rate):
    n = decisive_n(rate)
    assert binomtest(round(rate * (n - 1)), n - 1).pvalue > 0.05
    assert all(binomtest(round(rate * m), m).pvalue <= 0.05 for m in range(n, 2 * n, max(1, n // 400)))


def t_power(d_z, n, alpha):
    """Over all standard deviations, the chance that a normal mean is outside of the test's bounds."""
    critical, scale, shift = t.isf(alpha / 2, n - 1), math.sqrt(n - 1), d_z * math.sqrt(n)
    found, _ = quad(
        lambda s: (
            (norm.sf(critical * s / scale - shift) + norm.cdf(-critical * s / scale - shift))
            * chi.pdf(s, n - 1)
        ),
        max(0.0, chi.mean(n - 1) - 12 * chi.std(n - 1)),
        chi.mean(n - 1) + 12 * chi.std(n - 1),
        epsabs=1e-11,
        limit=400,
    )
    return found


@pytest.mark.parametrize("d_z", [0.05, -0.2, 0.5, 1.0, 2.5])
@pytest.mark.parametrize("alpha", [0.05, 0.001])
def test_the_paired_power_and_size_are_those_of_the_noncentral_t(d_z, alpha):
    oracle = TTestPower()
    for n in (3, 10, 50, 654):
        found = paired_power(d_z, n, alpha=alpha).power
        assert found == pytest.approx(t_power(d_z, n, alpha), abs=1e-7)
        theirs = oracle.power(d_z, n, alpha)
        if not math.isnan(theirs):
            assert found == pytest.approx(theirs, abs=1e-9)
    for power in (0.8, 0.95):
        found = paired_n(d_z, power=power, alpha=alpha)
        assert t_power(d_z, found.n, alpha) == pytest.approx(found.power, abs=1e-7)
        assert found.power >= power
        assert found.n == 2 or t_power(d_z, found.n - 1, alpha) < power


@pytest.mark.parametrize(("per_item", "correlation"), [(3, 0.3), (5, 0.6), (4, 0.0)])
def test_votes_on_shared_items_scatter_as_fewer_independent_ones_would(per_item, correlation):
    rng = np.random.default_rng(per_item)
    items, studies = 200, 4000
    # All votes on an item follow its own opinion with a chance whose square is their correlation.
    own = rng.random((studies, items, 1)) < 0.5
    follows = rng.random((studies, items, per_item)) < math.sqrt(correlation)
    votes = np.where(follows, own, rng.random((studies, items, per_item)) < 0.5)
    scatter = votes.mean(axis=(1, 2)).var()
    assert 0.25 / scatter == pytest.approx(effective_n(items * per_item, per_item, correlation), rel=0.1)


def test_intervals_over_scenes_cover_the_mean_where_intervals_over_images_do_not():
    rng = np.random.default_rng(0)
    inside = {True: 0, False: 0}
    for seed in range(150):
        level = np.repeat(rng.normal(0.0, 1.0, 20), 6)
        values = level + rng.normal(0.0, 0.3, 120)
        for clustered in inside:
            clusters = np.repeat(np.arange(20), 6) if clustered else None
            found = mean_estimate(values, seed, clusters=clusters)
            inside[clustered] += found.low <= 0 <= found.high
    assert inside[True] / 150 >= 0.87
    assert inside[False] / 150 <= 0.75
