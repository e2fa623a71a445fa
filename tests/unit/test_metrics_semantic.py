import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbanalysis.errors import InputError
from vbanalysis.metrics import confusion_matrix, semantic_metrics


def labels(*row, dtype=np.int32):
    return np.array([row], dtype)


def score(predicted, true, n_classes, **settings):
    return semantic_metrics(confusion_matrix(predicted, true, n_classes, **settings))


def test_a_miss_counts_against_the_true_class_alone():
    found = score(labels(0, 0, -1, -1), labels(0, 0, 0, 1), 2)
    assert found.iou.tolist() == [pytest.approx(2 / 3), 0.0]
    assert found.pixel_accuracy == 0.5


def test_ignored_truth_drops_out_whatever_was_said_there():
    found = score(labels(0, 1, 1), labels(0, -1, 1), 2)
    assert (found.miou, found.pixel_accuracy, found.n) == (1.0, 1.0, 2)


def test_other_labels_than_minus_one_can_be_ignored():
    true = labels(0, 255, 1, dtype=np.uint8)
    assert score(labels(0, 0, 1), true, 2, ignore=(255,)).miou == 1.0
    assert score(labels(0, 0, 1), labels(0, 1, 1), 2, ignore=(1,)).n == 1


def test_a_class_that_never_occurs_is_skipped_but_one_that_is_made_up_is_not():
    assert score(labels(0, 0), labels(0, 0), 3).miou == 1.0
    made_up = score(labels(0, 2), labels(0, 0), 3)
    assert made_up.iou[:1].tolist() == [0.5]
    assert np.isnan(made_up.iou[1])
    assert (made_up.iou[2], made_up.miou) == (0.0, 0.25)


def test_without_truth_there_are_no_figures():
    found = score(labels(0, 1), labels(-1, -1), 2)
    assert np.isnan([found.miou, found.pixel_accuracy, *found.iou]).all()
    assert found.n == 0


@given(seed=st.integers(0, 10_000))
def test_images_add_up_to_the_one_picture_that_holds_them_all(seed):
    rng = np.random.default_rng(seed)
    predicted, true = rng.integers(-1, 5, (2, 12, 9))
    parts = sum(confusion_matrix(predicted[rows], true[rows], 5) for rows in np.split(np.arange(12), 3))
    np.testing.assert_array_equal(parts, confusion_matrix(predicted, true, 5))


@given(seed=st.integers(0, 10_000))
def test_the_names_of_the_classes_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    predicted, true = rng.integers(0, 5, (2, 12, 9))
    other = rng.permutation(5)
    assert score(other[predicted], other[true], 5).miou == pytest.approx(score(predicted, true, 5).miou)


def test_arguments_are_left_as_they_were():
    given_maps = np.array([[0, -1, 1], [0, 1, -1]], np.intp)
    confusion_matrix(*given_maps, 2)
    assert given_maps.tolist() == [[0, -1, 1], [0, 1, -1]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"predicted": labels(0, 2)}, "predicted holds labels from 0 to 2, expected classes 0 to 1"),
        ({"predicted": labels(-2, 0)}, "predicted holds labels from -2 to 0"),
        ({"true": labels(0, 2)}, r"true holds the label 2, .* ignore=\(-1,\)"),
        ({"true": labels(-1, 0), "ignore": ()}, "true holds the label -1"),
        ({"predicted": labels(0.0, 1.0, dtype=float)}, "predicted must hold integers, got float64"),
        ({"true": labels(0, 1, 1)}, "resize the decoded result"),
        ({"true": labels()}, "true must hold integers"),
        ({"n_classes": 0}, "n_classes must be at least 1"),
    ],
)
def test_labels_that_mean_nothing_are_an_error(change, message):
    with pytest.raises(InputError, match=message):
        confusion_matrix(**{"predicted": labels(0, 1), "true": labels(0, 1), "n_classes": 2, **change})


@pytest.mark.parametrize("matrix", [np.eye(3, dtype=int), -np.ones((2, 3), int), np.zeros((2, 3)), [1, 2]])
def test_what_is_no_confusion_matrix_is_an_error(matrix):
    with pytest.raises(InputError, match="confusion must"):
        semantic_metrics(matrix)
