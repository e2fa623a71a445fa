"""Oracles: Cliff's delta and its jackknife by double loops; d_z's interval by integrating the noncentral t
distribution over the standard deviation; the t statistic and the U statistic of `scipy.stats`."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import chi, mannwhitneyu, norm, ttest_rel

from vbanalysis.stats import cliffs_delta, cohens_dz


def below(t, df, shift):
    """P(T <= t): over all standard deviations, the chance that a normal mean is below t of them."""
    scale = math.sqrt(df)
    around = chi.mean(df), 12 * chi.std(df)
    found, _ = quad(
        lambda s: norm.cdf(t * s / scale - shift) * chi.pdf(s, df),
        max(0, around[0] - around[1]),
        around[0] + around[1],
        epsabs=1e-12,
        limit=400,
    )
    return found


@pytest.mark.parametrize("n", [2, 3, 5, 12, 40, 654])
@pytest.mark.parametrize("shift", [-1.5, -0.2, 0.0, 0.05, 0.7, 4.0])
def test_at_the_ends_of_d_zs_interval_the_statistic_is_in_the_outer_fortieth(n, shift):
    rng = np.random.default_rng(n)
    first, second = rng.normal(shift, 1.0, n), rng.normal(0.0, 0.5, n)
    found = cohens_dz(first, second)
    t = found.value * math.sqrt(n)
    assert t == pytest.approx(ttest_rel(first, second).statistic, rel=1e-9)
    assert below(t, n - 1, found.low * math.sqrt(n)) == pytest.approx(0.975, abs=1e-6)
    assert below(t, n - 1, found.high * math.sqrt(n)) == pytest.approx(0.025, abs=1e-6)


def dominance(first, second):
    return sum(int(a > b) - int(a < b) for a in first for b in second) / (len(first) * len(second))


def without(row, k):
    return np.delete(row, k)


def spread(left_out):
    mean = sum(left_out) / len(left_out)
    return (len(left_out) - 1) / len(left_out) * sum((each - mean) ** 2 for each in left_out)


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize("seed", range(20))
def test_cliffs_delta_and_its_interval_are_those_of_the_loops(seed, paired):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(5, 25))
    m = n if paired else int(rng.integers(5, 25))
    first, second = rng.integers(0, 9, n) + seed % 3, rng.integers(0, 9, m)
    found = cliffs_delta(first, second, paired=paired)
    delta = dominance(first, second)
    assert found.value == pytest.approx(delta, abs=1e-12)
    assert found.value == pytest.approx(2 * mannwhitneyu(first, second).statistic / (n * m) - 1, abs=1e-12)
    if paired:
        variance = spread([dominance(without(first, k), without(second, k)) for k in range(n)])
    else:
        variance = spread([dominance(without(first, k), second) for k in range(n)])
        variance += spread([dominance(first, without(second, k)) for k in range(m)])
    z2 = norm.isf(0.025) ** 2
    # Cliff's interval ends where the variance, scaled by 1 - delta^2 of the end itself, reaches as far.
    for end in (found.low, found.high):
        assert (delta - end) ** 2 == pytest.approx(
            z2 * variance * (1 - end**2) / (1 - delta**2), rel=1e-6, abs=1e-9
        )
    assert -1 <= found.low <= delta <= found.high <= 1
