"""Instances of one noun phrase against their truth, matched as SA-Co matches them.

An item is a pair of image and noun phrase. Masks are matched once a pair, and of several annotators the
best one counts; `vbanalysis.metrics.instance_figures` makes the figures of a data set from the counts.
Source: SAM 3 (Carion et al. 2025), the official evaluator `sam3/eval/cgf1_eval.py`, whose small
constants are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.metrics._arguments import array_of, each_of

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
"""The IoU that a match must reach, .50:.05:.95 as COCO writes them."""

_EPS_F1 = 1e-4


class InstanceCounts(NamedTuple):
    """What one pair of image and noun phrase contributes to the figures of a data set.

    Attributes:
        true_positives: (10,) int64, matches that reach each of `IOU_THRESHOLDS`.
        n_predicted: Predicted instances.
        n_true: True instances.
    """

    true_positives: np.ndarray
    n_predicted: int
    n_true: int


def mask_ious(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """IoU of each predicted instance with each true one.

    Args:
        predicted: (H, W) integers, instance k is k from 1, 0 background and -1 rejected; or
            (n, H, W) bool, one mask an instance, which may overlap and may be empty.
        true: Either form, of the same height and width.

    Returns:
        (n_predicted, n_true) float64, in the order of the labels that occur or of the masks; 0
        where both masks are empty.

    Raises:
        InputError: Shapes or types do not fit, or labels are below -1.

    Examples:
        >>> mask_ious(np.array([[1, 1, 2, 0]]), np.array([[1, 1, 1, 0]])).round(3).tolist()
        [[0.667], [0.333]]
    """
    a, b = _instances(predicted, "predicted"), _instances(true, "true")
    if a.shape[-2:] != b.shape[-2:]:
        raise InputError(
            f"predicted is {a.shape[-2:]} pixels but true {b.shape[-2:]}: "
            "resize the decoded result to the truth first"
        )
    if a.ndim == b.ndim == 2:
        intersection, of_a, of_b = _overlap_of_labels(a, b)
    else:
        intersection, of_a, of_b = _overlap_of_masks(_stack(a), _stack(b))
    union = of_a[:, None] + of_b - intersection
    return intersection / np.maximum(union, 1)


def match_instances(ious: np.ndarray) -> InstanceCounts:
    """Match predicted to true instances, once, so that the sum of IoU is largest (Hungarian method).

    Args:
        ious: (n_predicted, n_true) numbers in [0, 1]; either side may be empty.

    Raises:
        InputError: It is no such matrix.

    Examples:
        >>> match_instances(np.array([[0.8, 0.6], [0.7, 0.1]])).true_positives.tolist()
        [2, 2, 2, 1, 1, 0, 0, 0, 0, 0]
    """
    from scipy.optimize import linear_sum_assignment

    ious = np.asarray(ious)
    if ious.ndim != 2 or ious.dtype.kind != "f" or not np.all((ious >= 0) & (ious <= 1)):
        raise InputError(
            "ious must be an (n_predicted, n_true) matrix of floats in [0, 1], "
            f"got {ious.dtype} of shape {ious.shape}"
        )
    matched = ious[linear_sum_assignment(ious, maximize=True)]
    return InstanceCounts(np.count_nonzero(matched[:, None] >= IOU_THRESHOLDS, axis=0), *ious.shape)


def instance_counts(predicted: np.ndarray, true: np.ndarray) -> InstanceCounts:
    """Counts of one pair of image and noun phrase, from its masks.

    Args:
        predicted: As in `mask_ious`.
        true: As in `mask_ious`.

    Raises:
        InputError: As `mask_ious`.

    Examples:
        >>> found = instance_counts(np.array([[1, 1, 2, 0]]), np.array([[1, 1, 0, 0]]))
        >>> found.true_positives[0].item(), found.n_predicted, found.n_true
        (1, 2, 1)
    """
    return match_instances(mask_ious(predicted, true))


def best_annotator(candidates: Sequence[InstanceCounts]) -> InstanceCounts:
    """The counts against the annotator with whom the prediction agrees most, where there are several.

    SA-Co's rule: an annotator who, like the prediction, found nothing; else the one with the largest F1,
    mean over `IOU_THRESHOLDS` and with the official constants; of equal ones the first.

    Args:
        candidates: What `instance_counts` gave for one prediction against each annotator.

    Raises:
        InputError: There is no annotator, or the counts are not of one prediction.

    Examples:
        >>> predicted = np.array([[1, 1, 2, 2]])
        >>> merged, apart = np.array([[1, 1, 1, 1]]), np.array([[2, 2, 1, 1]])
        >>> best_annotator([instance_counts(predicted, true) for true in (merged, apart)]).n_true
        2
    """
    candidates = checked_counts(candidates, "candidates")
    if not candidates:
        raise InputError("candidates is empty: there is no annotator to choose")
    if len({each.n_predicted for each in candidates}) > 1:
        raise InputError("candidates are of different predictions: their n_predicted differ")
    if len(candidates) == 1:
        return candidates[0]
    agreed = [each for each in candidates if not each.n_predicted and not each.n_true]
    return agreed[0] if agreed else max(candidates, key=_own_f1)


def checked_counts(counts: Iterable[InstanceCounts], name: str) -> list[InstanceCounts]:
    """The counts in a list, held to the form that `match_instances` gives them.

    Raises:
        InputError: They are not of that form.
    """
    counts = each_of(InstanceCounts, counts, name)
    for each in counts:
        hits = np.asarray(each.true_positives)
        whole = hits.dtype.kind in "iu" and hits.shape == IOU_THRESHOLDS.shape
        if not whole or min(each.n_predicted, each.n_true, *hits.tolist()) < 0:
            raise InputError(
                f"{name} must hold {len(IOU_THRESHOLDS)} counts of matches and two of instances, got {each}"
            )
    return counts


def f1_of(hits: np.ndarray, n_predicted: int, n_true: int) -> np.ndarray:
    """F1 at each threshold, with the official constants."""
    precision, recall = hits / (n_predicted + _EPS_F1), hits / (n_true + _EPS_F1)
    return np.asarray(2 * precision * recall / (precision + recall + _EPS_F1))


def _own_f1(counts: InstanceCounts) -> float:
    return float(f1_of(counts.true_positives, counts.n_predicted, counts.n_true).mean())


def _instances(array: np.ndarray, name: str) -> np.ndarray:
    """A label map renumbered without gaps and with 0 for all that is no instance, or a stack of masks."""
    array = np.asarray(array)
    if array.ndim == 3 and array.dtype == bool and min(array.shape[1:]) > 0:
        return array
    if array.ndim != 2 or array.dtype.kind not in "iu":
        raise InputError(
            f"{name} must be an (H, W) map of integer labels or (n, H, W) boolean masks, "
            f"got {array.dtype} of shape {array.shape}"
        )
    labels = array_of("iu", array, name)
    if labels.min() < -1:
        raise InputError(
            f"{name} holds the label {labels.min()}, expected instances from 1, "
            "0 for background and -1 for rejected pixels"
        )
    occurring, places = np.unique(np.maximum(labels, 0), return_inverse=True)
    return places if occurring[0] == 0 else places + 1


def _stack(instances: np.ndarray) -> np.ndarray:
    if instances.ndim == 3:
        return instances
    return instances == np.arange(1, instances.max() + 1)[:, None, None]


def _overlap_of_labels(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Intersections of the instances of two maps, and the areas of either's."""
    rows, columns = int(a.max()) + 1, int(b.max()) + 1
    joint = np.bincount((a * columns + b).ravel(), minlength=rows * columns).reshape(rows, columns)
    return joint[1:, 1:], joint.sum(axis=1)[1:], joint.sum(axis=0)[1:]


def _overlap_of_masks(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Intersections of the masks of two stacks, and the areas of either's; eight pixels a byte."""
    pixels = a.shape[1] * a.shape[2]
    bits_a, bits_b = (np.packbits(stack.reshape(len(stack), pixels), axis=1) for stack in (a, b))
    intersection = np.zeros((len(a), len(b)), np.int64)
    for row, bits in zip(intersection, bits_a, strict=True):
        row[:] = np.bitwise_count(bits & bits_b).sum(axis=1, dtype=np.int64)
    of_a, of_b = (np.bitwise_count(bits).sum(axis=1, dtype=np.int64) for bits in (bits_a, bits_b))
    return intersection, of_a, of_b
