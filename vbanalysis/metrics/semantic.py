"""Classes against their truth: a confusion matrix, and what follows from it.

The matrix is the accumulator: matrices of several images are added, and `semantic_metrics` of the
sum is the benchmark's figure. Source: cityscapesScripts, `evalPixelLevelSemanticLabeling.py`.
"""

from __future__ import annotations

from collections.abc import Collection
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
    if n_classes < 1:
        raise InputError(f"n_classes must be at least 1, got {n_classes}")
    if predicted.min() < -1 or predicted.max() >= n_classes:
        raise InputError(
            f"predicted holds labels from {predicted.min()} to {predicted.max()}, "
            f"expected classes 0 to {n_classes - 1}, or -1 for none"
        )
    rows = true.astype(np.intp)
    dropped = np.zeros(true.shape, bool)
    for label in ignore:
        dropped |= true == label
    strange = ~dropped & ((rows < 0) | (rows >= n_classes))
    if strange.any():
        raise InputError(
            f"true holds the label {rows[strange][0]}, expected classes 0 to {n_classes - 1}, "
            f"or a label of ignore={tuple(ignore)}"
        )
    rows[dropped] = n_classes  # one row more, cut off below, is cheaper than picking the pixels
    columns = predicted.astype(np.intp)
    columns[predicted == -1] = n_classes
    side = n_classes + 1
    return np.bincount((rows * side + columns).ravel(), minlength=side**2).reshape(side, side)[:n_classes]


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
    confusion = array_of("iu", confusion, "confusion")
    if confusion.ndim != 2 or confusion.shape[1] != confusion.shape[0] + 1 or confusion.min() < 0:
        raise InputError(
            f"confusion must be counts of shape (n, n + 1), as confusion_matrix gives, got {confusion.shape}"
        )
    hits = np.diagonal(confusion).astype(np.float64)
    occurring = confusion.sum(axis=1) + confusion[:, :-1].sum(axis=0)  # hits are in both
    n = int(confusion.sum())
    with np.errstate(invalid="ignore"):  # 0 / 0 is the NaN of a class that never occurs
        iou = hits / (occurring - hits)
    seen = iou[occurring > 0]
    if not n:
        return SemanticMetrics(np.nan, np.nan, iou, 0)
    return SemanticMetrics(float(seen.mean()), float(hits.sum() / n), iou, n)
