import numpy as np
import pytest

from vbanalysis.errors import InputError
from vbanalysis.metrics.preference import win_rate
from vbanalysis.stats import bradley_terry, cohen_kappa, davidson, krippendorff_alpha, wilson


def test_a_win_rate_without_ties_has_wilsons_interval():
    won = win_rate([1, 1, 0, 1])
    assert won.rate == wilson(3, 4)
    assert (won.wins, won.ties, won.losses) == (3, 0, 1)


def test_two_equals_have_a_half_and_dropping_ties_makes_a_lead_large():
    votes = [0.5] * 90 + [1] * 8 + [0] * 2
    assert win_rate(votes).rate.value == pytest.approx(0.53)
    dropped = win_rate(votes, ties="drop")
    assert dropped.rate.value == 0.8
    assert (dropped.wins, dropped.ties, dropped.losses) == (8, 90, 2)


def test_votes_on_one_prompt_are_drawn_together():
    rng = np.random.default_rng(0)
    prompts = np.repeat(np.arange(40), 10)
    votes = np.repeat(rng.integers(0, 2, 40), 10).astype(float)
    alone, together = win_rate(votes).rate, win_rate(votes, clusters=prompts).rate
    assert together.value == pytest.approx(alone.value)
    # Ten votes that always agree are one: the interval is about the square root of ten times as wide.
    assert 2.5 < (together.high - together.low) / (alone.high - alone.low) < 4


@pytest.mark.parametrize(
    ("votes", "options", "word"),
    [
        ([], {}, "non-empty"),
        ([0.3], {}, "got 0.3"),
        ([np.nan], {}, "finite"),
        ([0.5, 0.5], {"ties": "drop"}, "all votes are ties"),
        ([1, 0], {"ties": "ignore"}, "half or drop"),
        ([1, 0], {"clusters": ["a"]}, "one label a vote"),
    ],
)
def test_votes_that_are_none_are_refused(votes, options, word):
    with pytest.raises(InputError, match=word):
        win_rate(votes, **options)


def test_the_stronger_has_the_higher_strength_and_a_tie_is_half_a_win():
    fit = bradley_terry(["a", "a", "b", "a"], ["b", "c", "c", "c"], [1, 0.5, 0.5, 1])
    assert fit.names == ("a", "b", "c")
    assert fit.strength[0] > fit.strength[1]
    swapped = bradley_terry(["b", "c", "c", "c"], ["a", "a", "b", "a"], [0, 0.5, 0.5, 0])
    np.testing.assert_allclose(swapped.strength, fit.strength)


def test_davidsons_ties_tell_two_equals_apart_from_two_who_never_tie():
    rarely = davidson(["a"] * 10, ["b"] * 10, [1] * 4 + [0] * 5 + [0.5])
    often = davidson(["a"] * 10, ["b"] * 10, [1] + [0] * 2 + [0.5] * 7)
    assert often.log_tie > rarely.log_tie
    # Equal wins and losses, as many ties as wins: nu is 1.
    equal = davidson(["a"] * 6, ["b"] * 6, [1, 1, 0, 0, 0.5, 0.5])
    assert equal.log_tie == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(equal.strength, 0, atol=1e-9)


@pytest.mark.parametrize("fit", [bradley_terry, davidson])
@pytest.mark.parametrize(
    ("first", "second", "outcome", "word"),
    [
        (["a", "a"], ["b", "c"], [1, 0.5], "no finite values: between .*b"),
        (["a", "c", "a", "c"], ["b", "d", "b", "d"], [0.5, 0, 0.5, 1], "comparisons are missing"),
        (["a"], ["a"], [0.5], "compared with itself"),
        (["a"], ["b", "c"], [0.5, 1], "same comparisons"),
        (["a"], ["b"], [2], "got 2"),
        ([], [], [], "non-empty"),
    ],
)
def test_comparisons_that_tell_no_strength_are_refused(fit, first, second, outcome, word):
    with pytest.raises(InputError, match=word):
        fit(first, second, outcome)


@pytest.mark.parametrize(("outcome", "word"), [([1, 0], "use bradley_terry"), ([0.5, 0.5], "ties alone")])
def test_davidson_needs_ties_and_more_than_ties(outcome, word):
    with pytest.raises(InputError, match=word):
        davidson(["a", "a"], ["b", "b"], outcome)


def test_an_unknown_competitor_is_answered_with_those_that_there_are():
    fit = bradley_terry(["a", "a"], ["b", "b"], [1, 0])
    with pytest.raises(InputError, match="'z': there are a, b"):
        fit.difference("a", "z")


def test_agreement_is_one_where_all_agree_and_about_nought_by_chance():
    rng = np.random.default_rng(0)
    same = np.repeat(rng.integers(1, 6, (50, 1)), 3, axis=1)
    assert krippendorff_alpha(same) == krippendorff_alpha(same, "ordinal") == 1
    assert cohen_kappa(same[:, 0], same[:, 1]) == 1
    chance = rng.integers(1, 6, (4000, 3))
    assert abs(krippendorff_alpha(chance, "ordinal")) < 0.03
    assert abs(cohen_kappa(chance[:, 0], chance[:, 1])) < 0.03


@pytest.mark.parametrize(
    ("ratings", "word"),
    [
        (np.ones((3, 2)), "all alike"),
        (np.array([[1, np.nan], [2, np.nan]]), "no unit with two"),
        (np.array([[1, np.inf]]), "infinite"),
        (np.ones(3), "shape"),
        ([["good", "bad"]], "numbers"),
    ],
)
def test_ratings_that_tell_no_agreement_are_refused(ratings, word):
    with pytest.raises(InputError, match=word):
        krippendorff_alpha(ratings)
