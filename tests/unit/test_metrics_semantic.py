import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbanalysis.errors import InputError
from vbanalysis.metrics import confusion_matrix, group_classes, keep_classes, semantic_metrics


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


@pytest.mark.parametrize("dtypes", [("u1", "u1"), ("i4", "i4"), ("i8", "u1"), ("u8", "u2"), ("i2", ">i4")])
def test_the_type_of_the_labels_does_not_matter(dtypes):
    predicted, true = np.random.default_rng(0).integers(0, 5, (2, 12, 9))
    maps = (labels.astype(dtype) for labels, dtype in zip((predicted, true), dtypes, strict=True))
    np.testing.assert_array_equal(confusion_matrix(*maps, 5), confusion_matrix(predicted, true, 5))


@pytest.mark.parametrize("at_fault", [0, 1])
def test_a_label_too_large_for_its_type_is_no_class(at_fault):
    maps = [labels(0, 1, dtype=np.uint64), labels(0, 1, dtype=np.uint64)]
    maps[at_fault][0, 1] = 2**64 - 1
    with pytest.raises(InputError, match="18446744073709551615, expected classes 0 to 1"):
        confusion_matrix(*maps, 2)


def test_label_ids_are_counted_as_they_are_and_then_made_classes():
    """A road, 7, predicted as void, 0, is missed; void predicted as road costs nothing."""
    ids = confusion_matrix(labels(7, 0, 7, 8), labels(7, 7, 0, 8), 9)
    found = semantic_metrics(keep_classes(ids, [7, 8]))
    assert found.iou.tolist() == [0.5, 1.0]
    assert found.n == 3


@given(seed=st.integers(0, 10_000))
def test_keeping_all_classes_keeps_the_matrix(seed):
    rng = np.random.default_rng(seed)
    confusion = rng.integers(0, 9, (4, 5))
    np.testing.assert_array_equal(keep_classes(confusion, range(4)), confusion)
    order = rng.permutation(4)
    np.testing.assert_array_equal(
        semantic_metrics(keep_classes(confusion, order)).iou, semantic_metrics(confusion).iou[order]
    )


def test_a_class_taken_for_another_of_its_category_is_no_mistake():
    confusion = confusion_matrix(labels(0, 1, 2, 2), labels(0, 0, 0, 1), 3)
    names, grouped = group_classes(confusion, ["vehicle", "vehicle", "sky"])
    assert names == ("vehicle", "sky")
    assert semantic_metrics(grouped).iou.tolist() == [0.5, 0.0]
    assert semantic_metrics(confusion).iou[0] == pytest.approx(1 / 3)
    assert grouped.sum() == confusion.sum()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: keep_classes(np.ones((2, 3), int), [2]), "classes must be from 0 to 1"),
        (lambda: keep_classes(np.ones((2, 3), int), [-1]), "classes must be from 0 to 1"),
        (lambda: keep_classes(np.ones((2, 3), int), [0, 0]), "each once"),
        (lambda: keep_classes(np.ones((2, 3), int), []), "each once"),
        (lambda: keep_classes(np.ones((2, 2), int), [0]), r"counts of shape \(n, n \+ 1\)"),
        (lambda: group_classes(np.ones((2, 3), int), ["a"]), "must hold 2 categories, one a class, got 1"),
        (lambda: group_classes(np.ones((2, 3)), ["a", "a"]), "confusion must hold integers"),
    ],
)
def test_classes_that_are_not_there_are_an_error(call, message):
    with pytest.raises(InputError, match=message):
        call()


@pytest.mark.parametrize("matrix", [np.eye(3, dtype=int), -np.ones((2, 3), int), np.zeros((2, 3)), [1, 2]])
def test_what_is_no_confusion_matrix_is_an_error(matrix):
    with pytest.raises(InputError, match="confusion must"):
        semantic_metrics(matrix)
