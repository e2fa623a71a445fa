import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbanalysis.errors import InputError
from vbanalysis.metrics import (
    InstanceCounts,
    instance_counts,
    instance_metrics,
    instance_sums,
    mask_ious,
    match_instances,
    presence_metrics,
)


def labels(*row):
    return np.array([row], np.int32)


EMPTY = labels(0, 0, 0, 0)
TWO = labels(1, 1, 2, 2)


def test_rejected_pixels_and_missing_numbers_are_no_instances():
    assert mask_ious(labels(-1, 26001, 26001, 2), labels(0, 1, 1, 3)).tolist() == [[0.0, 1.0], [1.0, 0.0]]


def test_a_side_without_instances_is_an_empty_side():
    assert mask_ious(EMPTY, TWO).shape == (0, 2)
    assert mask_ious(np.zeros((0, 1, 4), bool), TWO).shape == (0, 2)
    assert instance_counts(EMPTY, EMPTY).n_true == 0


def test_the_order_of_instances_does_not_matter():
    swapped = labels(2, 2, 1, 1)
    np.testing.assert_array_equal(instance_counts(swapped, TWO).true_positives, [2] * 10)


def test_merged_instances_find_one_of_two():
    found = instance_counts(labels(1, 1, 1, 1), labels(1, 1, 1, 2))
    assert (found.n_predicted, found.n_true) == (1, 2)
    assert found.true_positives.tolist() == [1] * 6 + [0] * 4


def test_matches_are_made_once_for_the_best_sum_and_not_for_each_threshold():
    # At 0.9 alone a matching with one hit exists; the best sum gives it up.
    ious = np.array([[0.9, 0.8], [0.8, 0.0]])
    assert match_instances(ious).true_positives[[0, 6, 8]].tolist() == [2, 2, 0]


@given(seed=st.integers(0, 10_000))
def test_label_maps_and_masks_say_the_same(seed):
    a, b = np.random.default_rng(seed).integers(-1, 5, (2, 7, 9))
    stacks = [np.stack([m == k for k in np.unique(m[m > 0])]) for m in (a, b)]
    np.testing.assert_array_equal(mask_ious(a, b), mask_ious(*stacks))
    np.testing.assert_array_equal(mask_ious(a, stacks[1]), mask_ious(stacks[0], b))


def test_a_perfect_run_scores_one():
    found = instance_metrics([instance_counts(TWO, TWO), instance_counts(EMPTY, EMPTY)])
    assert found[:5] == pytest.approx([1.0] * 5, abs=2e-4)
    assert (found.n, found.n_positive) == (2, 1)


def test_false_alarms_on_absent_concepts_cost_presence_and_not_pmf1():
    sure = [instance_counts(TWO, TWO), instance_counts(EMPTY, EMPTY)]
    alarmed = instance_metrics([*sure, instance_counts(TWO, EMPTY)])
    assert alarmed.pmf1 == instance_metrics(sure).pmf1
    assert alarmed.il_mcc == pytest.approx(0.5, abs=1e-6)
    assert alarmed.cgf1 == alarmed.pmf1 * alarmed.il_mcc


def test_silence_on_present_concepts_costs_both():
    found = instance_metrics(
        [instance_counts(TWO, TWO), instance_counts(EMPTY, TWO), instance_counts(EMPTY, EMPTY)]
    )
    assert found.pmf1 == pytest.approx(2 / 3, abs=1e-3)
    assert found.il_mcc == pytest.approx(0.5, abs=1e-6)


def test_presence_has_no_correlation_where_every_concept_is_present():
    found = instance_metrics([instance_counts(TWO, TWO)] * 3)
    assert (found.il_mcc, found.cgf1) == (0.0, 0.0)
    assert found.pmf1 > 0.99


def test_counts_are_summed_before_they_are_divided():
    many = InstanceCounts(np.full(10, 8), n_predicted=8, n_true=8)
    none = InstanceCounts(np.zeros(10, int), n_predicted=2, n_true=2)
    assert instance_metrics([many, none]).pmf1 == pytest.approx(0.8, abs=1e-3)


@pytest.mark.parametrize(
    ("predicted", "message"),
    [
        (labels(1, 2), "resize the decoded result"),
        (labels(-2, 0, 0, 0), "the label -2, expected instances from 1"),
        (TWO.astype(float), "integer labels or .* got float64"),
        (TWO > 0, r"boolean masks, got bool of shape \(1, 4\)"),
        (np.zeros((2, 0, 4), bool), r"got bool of shape \(2, 0, 4\)"),
        (np.zeros((0, 4), int), "predicted must hold integers"),
    ],
)
def test_what_holds_no_instances_is_an_error(predicted, message):
    with pytest.raises(InputError, match=message):
        mask_ious(predicted, TWO)


@pytest.mark.parametrize("ious", [[[1.2]], [[np.nan]], [[-0.1]], [0.5], [[1]]])
def test_what_is_no_matrix_of_ious_is_an_error(ious):
    with pytest.raises(InputError, match="ious must be"):
        match_instances(np.array(ious))


def test_what_has_no_pair_has_no_figures():
    with pytest.raises(InputError, match="no pair"):
        instance_metrics([])


def test_the_sums_of_parts_add_up_to_those_of_the_whole():
    rng = np.random.default_rng(2)
    pairs = [
        instance_counts(*rng.integers(0, 3, (2, 6, 6)) * rng.integers(0, 2, (2, 1, 1))) for _ in range(9)
    ]
    parts, whole = instance_sums(pairs[:4]) + instance_sums(pairs[4:]), instance_sums(pairs)
    assert instance_metrics(parts) == instance_metrics(whole)
    assert presence_metrics(parts) == presence_metrics(whole)
