"""Oracles: statsmodels' `proportion_confint`, and the definitions: the score test inverted, and binomial
tails summed in whole numbers."""

from __future__ import annotations

import math

import pytest
from statsmodels.stats.proportion import proportion_confint

from vbanalysis.stats import clopper_pearson, sign_test, wilson

GRID = [(k, n) for n in (1, 2, 3, 5, 8, 13, 40, 527, 1735) for k in sorted({0, 1, n // 3, n // 2, n - 1, n})]


@pytest.mark.parametrize(("k", "n"), GRID)
def test_both_intervals_equal_those_of_statsmodels(k, n):
    for interval, name in ((wilson, "wilson"), (clopper_pearson, "beta")):
        found = interval(k, n)
        assert (found.low, found.high) == pytest.approx(proportion_confint(k, n, 0.05, name), abs=1e-9)
        assert (found.value, found.n) == (k / n, n)


@pytest.mark.parametrize(("k", "n"), [(k, n) for k, n in GRID if 0 < k < n])
def test_at_the_ends_of_wilsons_interval_the_share_is_196_standard_errors_away(k, n):
    found = wilson(k, n)
    for end in (found.low, found.high):
        assert abs(k / n - end) / math.sqrt(end * (1 - end) / n) == pytest.approx(1.959964, abs=1e-5)


@pytest.mark.parametrize(("k", "n"), [(k, n) for k, n in GRID if n <= 40 and 0 < k < n])
def test_at_the_ends_of_the_exact_interval_one_tail_holds_a_fortieth(k, n):
    found = clopper_pearson(k, n)

    def chance(counts, share):
        return sum(math.comb(n, j) * share**j * (1 - share) ** (n - j) for j in counts)

    assert chance(range(k, n + 1), found.low) == pytest.approx(0.025, abs=1e-9)
    assert chance(range(k + 1), found.high) == pytest.approx(0.025, abs=1e-9)


@pytest.mark.parametrize("n", range(1, 60))
def test_the_exact_interval_leaves_out_a_half_where_the_sign_test_finds_a_difference(n):
    for wins in range(n + 1):
        found = sign_test([1.0] * wins + [0.0] * (n - wins), [0.0] * wins + [1.0] * (n - wins))
        p = sum(math.comb(n, j) for j in range(n + 1) if abs(j - n / 2) >= abs(wins - n / 2)) / 2**n
        assert found.p == pytest.approx(p, rel=1e-12)
        assert (not found.share.low <= 0.5 <= found.share.high) == (p <= 0.05)
