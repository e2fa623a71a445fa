"""The mask that an expression refers to, against its truth.

Source: RefCOCOg's cIoU (Yu et al. 2016, as LAVT's evaluator computes it, with precision at thresholds)
and ReasonSeg's gIoU with the rule of empty masks (LISA, Lai et al. 2024).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.metrics._arguments import array_of, check_same_shape, mask_or_all


class MaskOverlap(NamedTuple):
    """What one expression contributes to the figures of a data set.

    Attributes:
        intersection: Pixels in both masks.
        union: Pixels in either.
    """

    intersection: int
    union: int

    @property
    def iou(self) -> float:
        """Intersection over union; 1 where both masks are empty, for nothing was asked and nothing marked."""
        return self.intersection / self.union if self.union else 1.0


class ReferringMetrics(NamedTuple):
    """The figures of a data set.

    Attributes:
        giou: Mean IoU over expressions.
        ciou: Sum of intersections over sum of unions; large objects weigh more. NaN where all masks
            are empty.
        precision: By threshold, the share of expressions whose IoU reaches it.
        n: Expressions.
    """

    giou: float
    ciou: float
    precision: dict[float, float]
    n: int


def mask_overlap(predicted: np.ndarray, true: np.ndarray, *, valid: np.ndarray | None = None) -> MaskOverlap:
    """Intersection and union of two masks.

    Args:
        predicted: (H, W) bool.
        true: (H, W) bool.
        valid: (H, W) bool; elsewhere nothing is compared (ReasonSeg's pixels of value 255).

    Raises:
        InputError: Shapes or types do not fit.

    Examples:
        >>> mask_overlap(np.array([[True, True]]), np.array([[True, False]])).iou
        0.5
    """
    predicted, true = array_of("b", predicted, "predicted"), array_of("b", true, "true")
    check_same_shape(predicted, true, ("predicted", "true"))
    both, either = predicted & true, predicted | true
    if valid is not None:
        compared = mask_or_all(valid, true.shape)
        both, either = both & compared, either & compared
    return MaskOverlap(int(np.count_nonzero(both)), int(np.count_nonzero(either)))


def referring_metrics(
    overlaps: Iterable[MaskOverlap], thresholds: Sequence[float] = (0.5, 0.6, 0.7, 0.8, 0.9)
) -> ReferringMetrics:
    """Score a data set.

    Args:
        overlaps: What `mask_overlap` gave for each expression.
        thresholds: IoU at which precision is taken; an IoU equal to it counts, as in LAVT.

    Raises:
        InputError: There is no expression.

    Examples:
        >>> referring_metrics([MaskOverlap(1, 2), MaskOverlap(0, 0), MaskOverlap(0, 6)], thresholds=[0.5])
        ReferringMetrics(giou=0.5, ciou=0.125, precision={0.5: 0.6666666666666666}, n=3)
    """
    overlaps = list(overlaps)
    if not overlaps:
        raise InputError("overlaps is empty: there is no expression to score")
    ious = np.array([overlap.iou for overlap in overlaps])
    intersection, union = np.sum(overlaps, axis=0)
    return ReferringMetrics(
        giou=float(ious.mean()),
        ciou=float(intersection / union) if union else np.nan,
        precision={float(threshold): float(np.mean(ious >= threshold)) for threshold in thresholds},
        n=len(overlaps),
    )
