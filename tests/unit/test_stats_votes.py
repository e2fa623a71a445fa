import numpy as np
import pytest

from vbanalysis.errors import InputError
from vbanalysis.stats import (
    bradley_terry,
    davidson,
    design_effect,
    fleiss_kappa,
    jackknife_estimate,
    plan_votes,
    rank_correlation,
    resampled_strengths,
    simulate_votes,
)

ALL_WON = (["a"] * 4, ["b"] * 4, [1.0] * 4)
APART = (["a", "a", "c", "c"], ["b", "b", "d", "d"], [1.0, 0.0, 1.0, 0.0])


@pytest.mark.parametrize("comparisons", [ALL_WON, APART])
def test_strengths_without_a_finite_value_are_an_error_unless_a_penalty_makes_them_finite(comparisons):
    with pytest.raises(InputError, match=r"no finite values.*give a penalty"):
        bradley_terry(*comparisons)
    fit = bradley_terry(*comparisons, penalty=0.1)
    assert np.isfinite(fit.strength).all()
    assert fit.penalty == 0.1


def test_a_larger_penalty_draws_strengths_together():
    reach = [np.ptp(bradley_terry(*ALL_WON, penalty=penalty).strength) for penalty in (0.01, 0.1, 1.0)]
    assert reach == sorted(reach, reverse=True)


@pytest.mark.parametrize("fit", [bradley_terry, davidson])
@pytest.mark.parametrize("penalty", [-1.0, np.nan])
def test_a_penalty_that_is_none_is_refused(fit, penalty):
    with pytest.raises(InputError, match="penalty"):
        fit(["a", "a"], ["b", "b"], [0.5, 1.0], penalty=penalty)


def clustered(seed=0, prompts=60, each=5, ties=True):
    """Votes of which all on one prompt agree."""
    rng = np.random.default_rng(seed)
    first, second, outcome, labels = [], [], [], []
    for prompt in range(prompts):
        x, y = rng.choice(["a", "b", "c"], 2, replace=False)
        won = rng.choice([1.0, 0.0, 0.5] if ties else [1.0, 0.0])
        first += [x] * each
        second += [y] * each
        outcome += [won] * each
        labels += [prompt] * each
    return first, second, outcome, labels


def test_intervals_are_wider_where_votes_on_a_prompt_agree():
    first, second, outcome, labels = clustered()
    together = resampled_strengths(first, second, outcome, clusters=labels, resamples=200)
    alone = resampled_strengths(first, second, outcome, resamples=200)
    assert together.fit.strength == pytest.approx(alone.fit.strength)
    widths = [found.strengths["a"].high - found.strengths["a"].low for found in (together, alone)]
    assert 1.6 < widths[0] / widths[1] < 3  # the square root of 5
    assert together.strengths["a"].clusters == 60


def test_the_stronger_of_a_pair_comes_first_and_a_lead_is_the_difference_of_strengths():
    found = resampled_strengths(*clustered()[:3], resamples=50)
    for (x, y), lead in found.leads.items():
        assert lead.value == pytest.approx(found.strengths[x].value - found.strengths[y].value)
        assert lead.value >= 0


@pytest.mark.parametrize(("ties", "fit"), [(True, davidson), (False, bradley_terry)])
def test_resampling_fits_the_model_that_it_says(ties, fit):
    first, second, outcome, labels = clustered(ties=ties)
    found = resampled_strengths(first, second, outcome, clusters=labels, ties=ties, resamples=20)
    assert found.fit.strength == pytest.approx(fit(first, second, outcome).strength)


def test_resamples_without_a_peak_are_left_out_and_counted():
    # One loss among ten: it is not drawn in a third of the resamples.
    found = resampled_strengths(["a"] * 10, ["b"] * 10, [1.0] * 9 + [0.0], ties=False, resamples=400)
    assert 0.25 < found.lost / 400 < 0.45
    assert found.leads["a", "b"].value == pytest.approx(np.log(9))


def test_strengths_that_are_rarely_finite_are_refused():
    cycle = ([*"abcaa"], [*"bcabb"], [1.0] * 5)  # a beats b beats c beats a: all three are needed
    with pytest.raises(InputError, match="resamples have finite strengths"):
        resampled_strengths(*cycle, ties=False, resamples=100)
    with pytest.raises(InputError, match="at least 5"):
        resampled_strengths(["a", "a"], ["b", "b"], [1.0, 0.0])


@pytest.mark.parametrize(
    ("ratings", "word"),
    [([[1, 2], [1, np.nan]], "none missing"), ([[1], [2]], "two raters"), ([[1, 1], [1, 1]], "all alike")],
)
def test_ratings_without_a_kappa_are_refused(ratings, word):
    with pytest.raises(InputError, match=word):
        fleiss_kappa(ratings)


@pytest.mark.parametrize(
    ("first", "second", "method", "word"),
    [
        ([1, 2, 3], [1, 1, 1], "spearman", "second is the same"),
        ([1, 2], [1, 2, 3], "spearman", "same units"),
        ([1, 2, np.nan], [1, 2, 3], "kendall", "finite"),
        ([1, 2, 3], [1, 2, 3], "pearson", "spearman or kendall"),
    ],
)
def test_scores_without_an_order_are_refused(first, second, method, word):
    with pytest.raises(InputError, match=word):
        rank_correlation(first, second, method)


def test_units_that_are_alike_in_their_cluster_are_worth_one():
    found = design_effect(np.repeat([1.0, 0.0, 1.0, 0.0, 0.0], 4), np.repeat(np.arange(5), 4))
    assert found.effect == pytest.approx(4)
    assert found.correlation == pytest.approx(1)
    assert found.effective_n == pytest.approx(5)


@pytest.mark.parametrize(
    ("values", "clusters", "word"),
    [
        ([1.0, 2.0], ["a", "b"], "hold two units"),
        ([1.0, 2.0], ["a", "a"], "at least two"),
        ([1.0, 1.0, 1.0], ["a", "a", "b"], "all alike"),
        ([1.0, 2.0, 3.0], ["a", "a"], "one label a unit"),
    ],
)
def test_clusters_without_a_design_effect_are_refused(values, clusters, word):
    with pytest.raises(InputError, match=word):
        design_effect(np.array(values), clusters)


def test_a_jackknife_of_too_few_units_is_refused():
    with pytest.raises(InputError, match="at least 5"):
        jackknife_estimate(0.0, np.zeros(4))


def test_votes_on_one_prompt_and_ties_change_what_is_needed_as_they_should():
    plain = plan_votes(0.535)
    assert plan_votes(0.535, per_prompt=3, correlation=0.3).votes > 1.5 * plain.votes
    assert plan_votes(0.535, per_prompt=3).votes == plain.votes
    # With ties a half, the decided votes lie farther from a half: fewer of them are needed.
    tied = plan_votes(0.535, ties=0.3)
    assert tied.decided_rate == pytest.approx(0.55)
    assert tied.decided < tied.votes < plain.votes


@pytest.mark.parametrize(
    ("setting", "word"),
    [
        ({"rate": 0.5}, "far enough from 0.5"),
        ({"rate": 0.9, "ties": 0.5}, "leave room"),
        ({"rate": 0.6, "ties": 1.0}, "below 1"),
        ({"rate": 0.6, "correlation": -0.1}, "correlation"),
        ({"rate": 0.6, "per_prompt": 0}, "per_prompt"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(setting, word):
    with pytest.raises(InputError, match=word):
        plan_votes(**setting)


@pytest.mark.parametrize(
    ("setting", "word"), [({"prompts": 1}, "prompts"), ({"correlation": 1.0}, "below 1")]
)
def test_votes_that_cannot_be_cast_are_refused(setting, word):
    with pytest.raises(InputError, match=word):
        simulate_votes(**{"rate": 0.5, "prompts": 10, "rng": np.random.default_rng(0), **setting})


def test_simulated_votes_are_the_same_from_the_same_generator():
    found = [
        simulate_votes(0.55, 50, np.random.default_rng(1), ties=0.2, per_prompt=3, correlation=0.3)
        for _ in range(2)
    ]
    assert found[0] == found[1]
