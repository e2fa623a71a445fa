import numpy as np
import pytest

from vbanalysis.errors import InputError
from vbanalysis.stats import (
    benjamini_hochberg,
    cliffs_delta,
    clopper_pearson,
    cohens_dz,
    decisive_n,
    effective_n,
    holm,
    paired_difference,
    paired_n,
    paired_power,
    paired_resampled_difference,
    permutation_test,
    sign_test,
    wilson,
    win_rate_n,
    win_rate_power,
)

PAIRED = (paired_difference, sign_test, permutation_test, cohens_dz, cliffs_delta)


def two_models(n, gain, seed=0):
    """Scores of a model and of one that is better by a little on images that are hard for both."""
    rng = np.random.default_rng(seed)
    hard = rng.beta(8, 2, n)
    return hard + gain + rng.normal(0, 0.02, n), hard


def test_pairing_finds_what_the_spread_of_images_hides():
    better, worse = two_models(60, 0.02)
    assert paired_difference(better, worse).low > 0
    assert abs(better.mean() - worse.mean()) < 0.2 * worse.std()
    assert sign_test(better, worse).p < 0.01
    assert permutation_test(better, worse).p < 0.01
    assert cohens_dz(better, worse).low > 0.4
    assert 0 < cliffs_delta(better, worse).value < 0.3


def test_equal_models_are_not_told_apart():
    better, worse = two_models(60, 0.0)
    same = paired_difference(better, worse)
    assert same.low < 0 < same.high
    assert permutation_test(better, worse).p > 0.05
    assert sign_test(worse, worse)[3:6] == (0, 60, 0)
    assert sign_test(worse, worse).p == permutation_test(worse, worse).p == 1
    assert np.isnan(sign_test(worse, worse).share.value)


def test_the_order_of_the_two_turns_the_sign_and_nothing_else():
    one, two = two_models(30, 0.01)
    for effect in (paired_difference, cohens_dz, cliffs_delta):
        there, back = effect(one, two), effect(two, one)
        assert there.value == pytest.approx(-back.value)
        assert there.low == pytest.approx(-back.high, abs=0.003)
    assert sign_test(one, two).p == sign_test(two, one).p
    assert permutation_test(one, two).p == pytest.approx(permutation_test(two, one).p, abs=0.02)


def test_many_frames_of_a_scene_are_not_many_witnesses():
    rng = np.random.default_rng(2)
    per_scene = np.array([0.9, 0.5, 0.7, 0.2, -0.4, 0.3])
    first = np.repeat(per_scene, 50) + rng.normal(0, 0.01, 300)
    second, scenes = np.zeros(300), np.repeat(np.arange(6), 50)
    assert sign_test(first, second).p < 1e-20
    assert permutation_test(first, second).p < 0.001
    together = sign_test(first, second, clusters=scenes)
    assert (together.wins, together.losses, together.n) == (5, 1, 6)
    assert together.p == pytest.approx(14 / 64)
    found = permutation_test(first, second, clusters=scenes)
    assert (found.n, found.permutations, found.exact) == (6, 64, True)
    assert 0.05 < found.p < 0.2
    assert found.difference.clusters == 6


@pytest.mark.parametrize("function", PAIRED)
def test_rows_that_are_not_of_the_same_units_are_refused(function):
    with pytest.raises(InputError, match="same units in the same order, got 3 and 2"):
        function([1.0, 2.0, 3.0], [1.0, 2.0])
    with pytest.raises(InputError, match="nan at place 1: leave out what was not measured"):
        function([1.0, np.nan, 3.0], [1.0, 2.0, 3.0])
    with pytest.raises(InputError, match="first must be a non-empty row"):
        function([], [])


def test_a_difference_of_figures_that_are_no_means_draws_the_same_units_of_both():
    rng = np.random.default_rng(0)
    unions = rng.integers(50, 200, 80)
    hard = rng.uniform(0.2, 0.9, 80)
    ours, theirs = ([(int(u * s), int(u)) for u, s in zip(unions, hard - d, strict=True)] for d in (0, 0.05))

    def ciou(units):
        return sum(a for a, _ in units) / sum(b for _, b in units)

    found = paired_resampled_difference(ours, theirs, ciou)
    assert found.low > 0.04
    assert found.high < 0.06
    with pytest.raises(InputError, match="got 80 and 79"):
        paired_resampled_difference(ours, theirs[1:], ciou)


def test_shares_at_the_ends_still_have_an_interval_and_one_vote_has_a_wide_one():
    assert wilson(0, 20).low == clopper_pearson(0, 20).low == 0
    assert wilson(20, 20).high == clopper_pearson(20, 20).high == 1
    assert f"{clopper_pearson(1, 1):.3f}" == "1.000 [0.025, 1.000] n=1"
    for k in range(1, 30):
        exact, score = clopper_pearson(k, 30), wilson(k, 30)
        assert exact.low < score.low < k / 30 < score.high < exact.high


@pytest.mark.parametrize("interval", [wilson, clopper_pearson])
@pytest.mark.parametrize(
    ("k", "n", "argument"), [(3, 2, "successes"), (-1, 2, "successes"), (0, 0, "n"), (0.5, 2, "successes")]
)
def test_what_is_no_share_is_refused(interval, k, n, argument):
    with pytest.raises(InputError, match=argument):
        interval(k, n)


def test_effects_without_a_spread_are_refused_rather_than_infinite():
    first = np.array([0.3, 0.4, 0.7])
    with pytest.raises(InputError, match="report the difference itself"):
        cohens_dz(first + 0.1, first)
    with pytest.raises(InputError, match="two pairs"):
        cohens_dz([1.0], [0.0])


def test_complete_dominance_is_not_certainty():
    found = cliffs_delta(np.arange(10.0) + 20, np.arange(10.0))
    assert found.value == found.high == 1
    assert 0.4 < found.low < 0.5
    assert cliffs_delta(np.arange(10.0), np.arange(10.0) + 20)[1:3] == (-1, -found.low)


def test_cliffs_delta_covers_the_truth_of_paired_and_of_separate_groups():
    rng = np.random.default_rng(0)
    inside = np.zeros(2)
    for _ in range(400):
        first, second = rng.normal(0.8, 1.0, 30), rng.normal(0.0, 1.0, 30)
        related = 0.6 * first + 0.8 * rng.normal(0, 1.0, 30) - 0.48
        for k, (other, paired) in enumerate(((second, False), (related, True))):
            found = cliffs_delta(first, other, paired=paired)
            # P(a > b) - P(a < b) of two independent values, 0.8 apart, of standard deviation 1 each.
            inside[k] += found.low <= 0.42839 <= found.high
    assert (inside / 400 >= 0.91).all()
    assert (inside / 400 <= 0.985).all()


def test_groups_too_small_for_an_interval_give_the_range_of_their_members():
    found = cliffs_delta([5.0, 1.0, 3.0], [2.0, 0.0, 4.0, 6.0, 7.0, 8.0], paired=False)
    assert found.is_range
    assert (found.low, found.high) == (pytest.approx(-4 / 6), pytest.approx(0.0))
    assert found.n == 9


def test_corrections_keep_the_order_and_refuse_what_is_no_p_value():
    p = [0.2, 0.001, 0.03, 0.03]
    assert holm(p).p.tolist() == pytest.approx([0.2, 0.004, 0.09, 0.09])
    assert benjamini_hochberg(p).p.tolist() == pytest.approx([0.2, 0.004, 0.04, 0.04])
    assert holm(p).found.tolist() == [False, True, False, False]
    assert benjamini_hochberg(p).found.tolist() == [False, True, True, True]
    for correct in (holm, benjamini_hochberg):
        for bad in ([], [0.1, np.nan], [-0.1], [1.1]):
            with pytest.raises(InputError, match="p must"):
                correct(bad)
        with pytest.raises(InputError, match="alpha must be a number between 0 and 1, got 0"):
            correct(p, alpha=0)


def test_a_study_needs_more_votes_than_those_that_would_settle_what_it_saw():
    assert decisive_n(0.535) < win_rate_n(0.535).n
    assert win_rate_n(0.535).n == win_rate_n(0.465).n
    assert 0.4 < win_rate_power(0.535, decisive_n(0.535)).power < 0.6
    assert win_rate_power(0.5, 500).power <= 0.05
    assert win_rate_power(0.9, 5).power == 0  # five votes can never have p < 0.05


def test_small_effects_need_many_pairs():
    sizes = [paired_n(d).n for d in (0.8, 0.5, 0.2, -0.2, 0.05)]
    assert sizes[0] < sizes[1] < sizes[2] == sizes[3] < sizes[4]
    assert paired_power(0.2, sizes[2]).power >= 0.8 > paired_power(0.2, sizes[2] - 1).power


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: win_rate_power(1.0, 10), "rate"),
        (lambda: win_rate_power(0.6, 0), "n must be a whole number of at least 1"),
        (lambda: win_rate_power(0.6, 10, alpha=1), "alpha"),
        (lambda: win_rate_n(0.5), "far enough from 0.5"),
        (lambda: win_rate_n(0.500001), "far enough from 0.5"),
        (lambda: win_rate_n(0.6, power=0.01), "power"),
        (lambda: decisive_n(0.5), "far enough from 0.5"),
        (lambda: decisive_n(np.nan), "rate"),
        (lambda: paired_n(0.0), "far enough from 0"),
        (lambda: paired_n(np.nan), "d_z"),
        (lambda: paired_power(0.5, 1), "n must"),
        (lambda: effective_n(10, 2, 1.5), "correlation"),
        (lambda: effective_n(10, 0, 0.5), "per_item"),
    ],
)
def test_questions_that_have_no_answer_are_refused_by_name(call, argument):
    with pytest.raises(InputError, match=argument):
        call()
