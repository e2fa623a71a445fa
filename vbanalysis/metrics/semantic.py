"""Classes against their truth: a confusion matrix, and what follows from it.

The matrix is the accumulator: matrices of several images are added, and `semantic_metrics` of the
sum is the benchmark's figure. `keep_classes` and `group_classes` turn it into the matrix of fewer
classes, or of categories, so that label files are counted as they are: for Cityscapes, count the 34
labelIds, keep the 19 that are evaluated, group these by category for the category mIoU.
Source: cityscapesScripts, `evalPixelLevelSemanticLabeling.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from typing import NamedTuple

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.metrics._arguments import array_of, check_same_shape


class SemanticMetrics(NamedTuple):
    """What a confusion matrix says; NaN where `n` is 0.

    Attributes:
        miou: Mean IoU over the classes that occur, in the truth or in the prediction.
        pixel_accuracy: Share of pixels with the right class.
        iou: (n_classes,) float64 TP / (TP + FP + FN); NaN for a class that never occurs.
        n: Pixels compared.
    """

    miou: float
    pixel_accuracy: float
    iou: np.ndarray
    n: int


def confusion_matrix(
    predicted: np.ndarray, true: np.ndarray, n_classes: int, ignore: Collection[int] = (-1,)
) -> np.ndarray:
    """Count the pixels of each true class by what was predicted there.

    Args:
        predicted: (H, W) integers, class k from 0; -1 is background or rejected, which is a miss of
            the true class and a false alarm of none.
        true: (H, W) integers, class k from 0, or a label of `ignore`.
        n_classes: Number of classes.
        ignore: True labels that drop out, whatever was predicted there.

    Returns:
        (n_classes, n_classes + 1) int64: row is the true class, column the predicted one, and the
        last column holds the misses.

    Raises:
        InputError: Shapes or types do not fit, or a label is neither a class nor allowed.

    Examples:
        >>> confusion_matrix(np.array([[0, 1, 1, -1]]), np.array([[0, 0, 1, 1]]), 2).tolist()
        [[1, 1, 0], [0, 1, 1]]
    """
    predicted, true = array_of("iu", predicted, "predicted"), array_of("iu", true, "true")
    check_same_shape(predicted, true, ("predicted", "true"))
    if not isinstance(n_classes, int | np.integer) or n_classes < 1:
        raise InputError(f"n_classes must be at least 1 and whole, got {n_classes}")
    counts = _count(predicted, true, int(n_classes), [int(label) for label in ignore])
    if counts is not None:
        return counts[:n_classes]
    if predicted.min() < -1 or predicted.max() >= n_classes:
        raise InputError(
            f"predicted holds labels from {predicted.min()} to {predicted.max()}, "
            f"expected classes 0 to {n_classes - 1}, or -1 for none"
        )
    strange = ~np.isin(true, [*ignore, *range(n_classes)])
    raise InputError(
        f"true holds the label {true[strange][0]}, expected classes 0 to {n_classes - 1}, "
        f"or a label of ignore={tuple(ignore)}"
    )


def keep_classes(confusion: np.ndarray, classes: Sequence[int]) -> np.ndarray:
    """The matrix of some of the classes, by the rules of cityscapesScripts for labels that it ignores.

    True pixels of other classes drop out; where other classes were predicted, the true class was missed.

    Args:
        confusion: (n, n + 1), of `confusion_matrix`.
        classes: The classes to keep, in their new order, from 0 to n - 1.

    Returns:
        (k, k + 1) int64 for `semantic_metrics`.

    Raises:
        InputError: It is no such matrix, or a class is not there or named twice.

    Examples:
        >>> keep_classes(np.array([[5, 1, 1, 0], [9, 9, 9, 9], [0, 2, 3, 4]]), [2, 0]).tolist()
        [[3, 0, 6], [1, 5, 1]]
    """
    confusion = _confusion(confusion)
    kept = np.asarray(classes)
    if kept.ndim != 1 or kept.dtype.kind not in "iu" or not kept.size or len(set(kept.tolist())) < len(kept):
        raise InputError(f"classes must be numbers of classes, each once; got {classes}")
    if kept.min() < 0 or kept.max() >= len(confusion):
        raise InputError(f"classes must be from 0 to {len(confusion) - 1}, got {classes}")
    rows = confusion[kept]
    hits = rows[:, kept]
    return np.column_stack([hits, rows.sum(axis=1) - hits.sum(axis=1)])


def group_classes(
    confusion: np.ndarray, group_of_class: Sequence[Hashable]
) -> tuple[tuple[Hashable, ...], np.ndarray]:
    """The matrix of categories: a class taken for another of its own category is no mistake.

    Args:
        confusion: (n, n + 1), of `confusion_matrix` or `keep_classes`.
        group_of_class: The category of each of the n classes.

    Returns:
        The categories in the order in which they first occur, and their matrix for `semantic_metrics`,
        whose `miou` is then the category mIoU.

    Raises:
        InputError: It is no such matrix, or there is not one category for each class.

    Examples:
        >>> confusion = np.array([[1, 2, 3, 4], [0, 5, 0, 6], [1, 0, 7, 0]])
        >>> names, matrix = group_classes(confusion, ["a", "b", "a"])
        >>> names, matrix.tolist()
        (('a', 'b'), [[12, 2, 4], [0, 5, 6]])
    """
    confusion = _confusion(confusion)
    if len(group_of_class) != len(confusion):
        raise InputError(
            f"group_of_class must hold {len(confusion)} categories, one a class, got {len(group_of_class)}"
        )
    names = tuple(dict.fromkeys(group_of_class))
    member = np.array([[group == name for group in group_of_class] for name in names], np.int64)
    hits, missed = confusion[:, :-1], confusion[:, -1]
    return names, np.column_stack([member @ hits @ member.T, member @ missed])


def semantic_metrics(confusion: np.ndarray) -> SemanticMetrics:
    """IoU of each class, their mean and the pixel accuracy.

    Args:
        confusion: A matrix of `confusion_matrix`, or a sum of them.

    Raises:
        InputError: It is no such matrix.

    Examples:
        >>> found = semantic_metrics(np.array([[1, 1, 0, 0], [0, 1, 0, 1], [0, 0, 0, 0]]))
        >>> found.iou.round(3).tolist(), round(found.miou, 3), found.pixel_accuracy
        ([0.5, 0.333, nan], 0.417, 0.5)
    """
    confusion = _confusion(confusion)
    hits = np.diagonal(confusion).astype(np.float64)
    occurring = confusion.sum(axis=1) + confusion[:, :-1].sum(axis=0)  # hits are in both
    n = int(confusion.sum())
    with np.errstate(invalid="ignore"):  # 0 / 0 is the NaN of a class that never occurs
        iou = hits / (occurring - hits)
    seen = iou[occurring > 0]
    if not n:
        return SemanticMetrics(np.nan, np.nan, iou, 0)
    return SemanticMetrics(float(seen.mean()), float(hits.sum() / n), iou, n)


def _confusion(confusion: np.ndarray) -> np.ndarray:
    confusion = array_of("iu", confusion, "confusion")
    if confusion.ndim != 2 or confusion.shape[1] != confusion.shape[0] + 1 or confusion.min() < 0:
        raise InputError(
            f"confusion must be counts of shape (n, n + 1), as confusion_matrix gives, got {confusion.shape}"
        )
    return confusion


def _count(predicted: np.ndarray, true: np.ndarray, n: int, ignored: list[int]) -> np.ndarray | None:
    """(n + 1, n + 1) counts, the last row of what is dropped; None if a label is at fault."""
    from vbanalysis.codecs._numba import kernels

    compiled = kernels("_confusion_numba", "vbanalysis.metrics")
    if compiled is None:
        return numpy_count(predicted, true, n, ignored)
    # Few kinds of arrays are compiled for; a label too large for int64 stays too large.
    if predicted.dtype != true.dtype or predicted.dtype not in (np.uint8, np.int32):
        predicted, true = (_as_int64(labels) for labels in (predicted, true))
    row_of_class = np.arange(n)
    row_of_class[[label for label in ignored if 0 <= label < n]] = n
    counts = np.zeros((4 if n < 256 else 1, n + 1, n + 1), np.int64)
    fault = compiled.count_pairs(
        predicted.ravel(), true.ravel(), np.array(ignored, np.int64), row_of_class, counts
    )
    return None if fault else counts.sum(axis=0)


def numpy_count(predicted: np.ndarray, true: np.ndarray, n: int, ignored: list[int]) -> np.ndarray | None:
    """`_count` without compiled code."""
    rows, columns = _as_int64(true), _as_int64(predicted)
    dropped = np.isin(rows, ignored)
    if np.any((columns < -1) | (columns >= n)) or np.any(~dropped & ((rows < 0) | (rows >= n))):
        return None
    rows = np.where(dropped, n, rows)
    columns = np.where(columns < 0, n, columns)
    return np.bincount((rows * (n + 1) + columns).ravel(), minlength=(n + 1) ** 2).reshape(n + 1, n + 1)


def _as_int64(labels: np.ndarray) -> np.ndarray:
    if labels.dtype == np.uint64:
        labels = np.minimum(labels, np.iinfo(np.int64).max)
    return labels.astype(np.int64, copy=False)
