"""Votes against choix, krippendorff, statsmodels, scipy and simulation."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr

from vbanalysis.stats import (
    bradley_terry,
    davidson,
    design_effect,
    fleiss_kappa,
    jackknife_estimate,
    krippendorff_alpha,
    mean_estimate,
    plan_votes,
    rank_correlation,
    simulate_votes,
    win_rate_power,
)

sm = pytest.importorskip("statsmodels.api")

KRIPPENDORFF_2011 = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, np.nan, np.nan, np.nan],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, np.nan, 3],
        [np.nan, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, np.nan],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, np.nan],
    ]
)
"""The worked example of "Computing Krippendorff's Alpha-Reliability", section E: observers by units."""


def votes(seed, n=200, names="abcde", tie=0.0):
    rng = np.random.default_rng(seed)
    strength = dict(zip(names, rng.normal(size=len(names)), strict=True))
    pairs = [rng.choice(list(names), 2, replace=False) for _ in range(n)]
    chances = [1 / (1 + np.exp(strength[y] - strength[x])) for x, y in pairs]
    outcome = [0.5 if rng.random() < tie else float(rng.random() < chance) for chance in chances]
    return [str(x) for x, _ in pairs], [str(y) for _, y in pairs], np.array(outcome)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("penalty", [0.0, 0.1, 2.0])
def test_bradley_terry_is_that_of_choix_with_its_penalty(seed, penalty):
    choix = pytest.importorskip("choix")
    first, second, outcome = votes(seed)
    fit = bradley_terry(first, second, outcome, penalty=penalty)
    place = {name: k for k, name in enumerate(fit.names)}
    data = [
        (place[x], place[y]) if won else (place[y], place[x])
        for x, y, won in zip(first, second, outcome, strict=True)
    ]
    # The penalty of choix 0.4 is alpha times the sum of squares, not half of that as its manual says.
    theirs = choix.opt_pairwise(len(place), data, alpha=penalty / 2, method="Newton-CG", tol=1e-12)
    assert fit.strength == pytest.approx(theirs - theirs.mean(), abs=1e-5)


def test_davidson_is_the_poisson_regression_of_statsmodels_with_a_constant_for_each_pair():
    first, second, outcome = votes(4, 400, tie=0.3)
    fit = davidson(first, second, outcome)
    names, rows, counts = fit.names, [], []
    pairs = list(combinations(range(len(names)), 2))
    for k, (x, y) in enumerate(pairs):
        here = [
            won if (a, b) == (names[x], names[y]) else 1 - won
            for a, b, won in zip(first, second, outcome, strict=True)
            if {a, b} == {names[x], names[y]}
        ]
        for result in (1.0, 0.0, 0.5):
            row = np.zeros(len(names) + 1 + len(pairs))
            row[x] += result
            row[y] += 1 - result
            row[len(names)] = result == 0.5
            row[len(names) + 1 + k] = 1
            rows.append(row[1:])  # the first competitor is the reference
            counts.append(sum(won == result for won in here))
    theirs = sm.GLM(counts, np.array(rows), family=sm.families.Poisson()).fit(tol=1e-12)
    for k, name in enumerate(names[1:]):
        value, low, high = fit.difference(name, names[0])
        assert value == pytest.approx(theirs.params[k], abs=1e-6)
        assert [low, high] == pytest.approx(theirs.conf_int()[k].tolist(), abs=1e-4)
    assert fit.log_tie == pytest.approx(theirs.params[len(names) - 1], abs=1e-6)


def test_all_wins_have_the_penalised_value_of_choix():
    choix = pytest.importorskip("choix")
    fit = bradley_terry(["a"] * 5, ["b"] * 5, [1.0] * 5, penalty=0.5)
    theirs = choix.opt_pairwise(2, [(0, 1)] * 5, alpha=0.25, method="Newton-CG", tol=1e-12)
    assert fit.strength == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize(("level", "printed"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_has_the_values_that_krippendorff_printed(level, printed):
    assert krippendorff_alpha(KRIPPENDORFF_2011.T, level) == pytest.approx(printed, abs=5e-4)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
def test_alpha_is_that_of_the_package_of_its_name(level):
    krippendorff = pytest.importorskip("krippendorff")
    rng = np.random.default_rng(5)
    table = rng.integers(1, 6, (80, 1)) + rng.integers(-1, 2, (80, 4))
    ratings = np.where(rng.random(table.shape) < 0.2, np.nan, table)
    theirs = krippendorff.alpha(reliability_data=ratings.T, level_of_measurement=level)
    assert krippendorff_alpha(ratings, level) == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize("raters", [2, 3, 6])
def test_fleiss_kappa_is_that_of_statsmodels(raters):
    from statsmodels.stats.inter_rater import aggregate_raters
    from statsmodels.stats.inter_rater import fleiss_kappa as theirs

    ratings = np.random.default_rng(raters).integers(0, 4, (60, raters))
    assert fleiss_kappa(ratings) == pytest.approx(theirs(aggregate_raters(ratings)[0]), abs=1e-12)


@pytest.mark.parametrize(("method", "theirs"), [("spearman", spearmanr), ("kendall", kendalltau)])
def test_rank_correlations_are_those_of_scipy(method, theirs):
    rng = np.random.default_rng(6)
    first = rng.integers(0, 9, 120).astype(float)
    second = first + rng.integers(0, 9, 120)
    found = rank_correlation(first, second, method, resamples=100)
    assert found.value == pytest.approx(theirs(first, second).statistic, abs=1e-12)
    assert found.low < found.value < found.high


def test_a_design_effect_is_the_ratio_of_variances_of_statsmodels():
    rng = np.random.default_rng(7)
    sizes = rng.integers(1, 7, 90)
    labels = np.repeat(np.arange(len(sizes)), sizes)
    values = rng.normal(size=len(sizes))[labels] + rng.normal(size=len(labels))
    found = design_effect(values, labels)
    ones = np.ones(len(values))
    clustered = sm.OLS(values, ones).fit(
        cov_type="cluster", cov_kwds={"groups": labels, "use_correction": False}
    )
    plain = sm.OLS(values, ones).fit(cov_type="HC0")
    assert found.effect == pytest.approx((clustered.bse[0] / plain.bse[0]) ** 2, abs=1e-9)


def test_the_intraclass_correlation_is_that_of_an_analysis_of_variance_and_of_what_was_drawn():
    from statsmodels.stats.oneway import anova_oneway

    rng = np.random.default_rng(8)
    labels = np.repeat(np.arange(2000), 3)
    values = rng.normal(0, np.sqrt(0.3), 2000)[labels] + rng.normal(0, np.sqrt(0.7), 6000)
    found = design_effect(values, labels)
    ratio = anova_oneway(values, labels, use_var="equal").statistic
    assert found.correlation == pytest.approx((ratio - 1) / (ratio + 2), abs=1e-9)
    assert found.correlation == pytest.approx(0.3, abs=0.04)
    assert found.effect == pytest.approx(1 + 2 * 0.3, abs=0.08)


def test_a_jackknife_of_a_mean_is_the_t_interval_of_statsmodels():
    values = np.random.default_rng(9).normal(size=40)
    found = jackknife_estimate(float(values.mean()), (values.sum() - values) / 39)
    low, high = sm.stats.DescrStatsW(values).tconfint_mean()
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-12)
    assert found.value == mean_estimate(values).value


@pytest.mark.parametrize(
    "setting",
    [
        {},
        {"ties": 0.25},
        {"per_prompt": 3, "correlation": 0.4},
        {"ties": 0.25, "per_prompt": 5, "correlation": 0.2},
    ],
)
def test_a_planned_experiment_has_its_power_when_it_is_simulated(setting):
    rng = np.random.default_rng(10)
    plan = plan_votes(0.58, **setting)
    found = simulate_votes(0.58, plan.prompts, rng, **setting, simulations=4000)
    # The plan is for an exact test, which asks for a little more than a t test does.
    assert 0.785 < found.by_prompt.value < 0.86
    if "correlation" not in setting:
        exact = win_rate_power(plan.decided_rate, plan.decided).power
        assert found.by_vote.value == pytest.approx(exact, abs=0.02)
    level = simulate_votes(0.5, plan.prompts, rng, **setting, simulations=4000).by_prompt
    assert level.low < 0.055
    assert level.value > 0.035


def test_votes_taken_as_independent_that_are_not_find_what_is_not_there():
    found = simulate_votes(0.5, 300, np.random.default_rng(11), per_prompt=5, correlation=0.5)
    assert found.by_vote.low > 0.15 > 0.07 > found.by_prompt.value
