"""Boundary IoU: overlap of masks near their contours alone, so that large objects must be drawn well too.

The boundary of a mask is what of it lies within d pixels of its contour, d a share of the image's
diagonal; the border of the image is a contour. Source: Cheng et al. 2021, equation 2, and the authors'
`boundary-iou-api`, which erodes by a 3x3 square d times: distances are those of a chess king.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.metrics._arguments import array_of, check_same_shape, mask_or_all
from vbanalysis.metrics.referring import MaskOverlap
from vbanalysis.metrics.semantic import confusion_matrix

DILATION_RATIO = 0.02
"""Of the diagonal, as the authors evaluate."""

_NAMES = ("predicted", "true")


class BoundaryIou(NamedTuple):
    """The figures of an image or a data set; NaN where `n` is 0.

    Attributes:
        miou: Mean boundary IoU over the classes that occur, in the truth or in the prediction.
        iou: (n_classes,) float64; NaN for a class that never occurs.
        n: Pixels in the union of any class's boundaries.
    """

    miou: float
    iou: np.ndarray
    n: int


def boundary_overlap(
    predicted: np.ndarray,
    true: np.ndarray,
    *,
    dilation_ratio: float = DILATION_RATIO,
    valid: np.ndarray | None = None,
) -> MaskOverlap:
    """Intersection and union of the boundaries of two masks, for `referring_metrics` or its own `iou`.

    Args:
        predicted: (H, W) bool.
        true: (H, W) bool.
        dilation_ratio: Width of the boundary as a share of the diagonal; it is at least a pixel.
        valid: (H, W) bool; elsewhere nothing is compared, but contours are those of the whole masks.

    Raises:
        InputError: Shapes or types do not fit, or the ratio is not in (0, 1].

    Examples:
        >>> mask = np.ones((9, 9), bool)
        >>> boundary_overlap(mask, mask).union
        32
    """
    predicted, true = array_of("b", predicted, _NAMES[0]), array_of("b", true, _NAMES[1])
    check_same_shape(predicted, true, _NAMES)
    reach = _reach(true, dilation_ratio)
    a, b = (mask & near_contour(mask, reach) & mask_or_all(valid, true.shape) for mask in (predicted, true))
    return MaskOverlap(int(np.count_nonzero(a & b)), int(np.count_nonzero(a | b)))


def boundary_overlaps(
    predicted: np.ndarray,
    true: np.ndarray,
    n_classes: int,
    *,
    ignore: Collection[int] = (-1,),
    dilation_ratio: float = DILATION_RATIO,
) -> np.ndarray:
    """Intersection and union of the boundaries of each class; those of several images are added.

    Contours are those of the maps as they are, between a class and an ignored region too; pixels whose
    true label is ignored are then left out, whatever was predicted there.

    Args:
        predicted: (H, W) integers, class k from 0; -1 is background or rejected.
        true: (H, W) integers, class k from 0, or a label of `ignore`.
        n_classes: Number of classes.
        ignore: True labels that drop out.
        dilation_ratio: As in `boundary_overlap`.

    Returns:
        (n_classes, 2) int64 for `boundary_iou`.

    Raises:
        InputError: As `confusion_matrix`, or the ratio is not in (0, 1].

    Examples:
        >>> true, shifted = np.zeros((16, 16), int), np.zeros((16, 16), int)
        >>> true[:, 8:], shifted[:, 9:] = 1, 1
        >>> boundary_overlaps(shifted, true, 2).tolist()
        [[30, 60], [28, 58]]
    """
    counted = confusion_matrix(predicted, true, n_classes, ignore)
    reach = _reach(np.asarray(true), dilation_ratio)
    p, t = np.asarray(predicted), np.asarray(true)
    if not counted.any():
        return np.zeros((n_classes, 2), np.int64)
    compared = ~np.isin(t, list(ignore))
    found, real = compared & (p >= 0) & near_contour(p, reach), compared & near_contour(t, reach)
    of_found, of_real, of_both = (
        np.bincount(labels.astype(np.intp), minlength=n_classes)
        for labels in (p[found], t[real], t[found & real & (p == t)])
    )
    return np.column_stack([of_both, of_found + of_real - of_both])


def boundary_iou(overlaps: np.ndarray) -> BoundaryIou:
    """Boundary IoU of each class, and their mean.

    Args:
        overlaps: What `boundary_overlaps` gave, or a sum of it over images.

    Raises:
        InputError: It is no such table.

    Examples:
        >>> true = np.repeat([[0, 1]], 50, axis=1)
        >>> boundary_iou(boundary_overlaps(np.roll(true, 1), true, 3)).iou.round(3).tolist()
        [0.961, 0.961, nan]
    """
    overlaps = array_of("iu", overlaps, "overlaps")
    if overlaps.ndim != 2 or overlaps.shape[1] != 2 or np.any((overlaps < 0) | (overlaps > overlaps[:, 1:])):
        raise InputError(
            "overlaps must be (n_classes, 2) counts, intersection and union, as boundary_overlaps gives, "
            f"got shape {overlaps.shape}"
        )
    intersection, union = overlaps.T
    iou = np.where(union > 0, intersection / np.maximum(union, 1), np.nan)
    occurring = iou[union > 0]
    return BoundaryIou(float(occurring.mean()) if len(occurring) else np.nan, iou, int(union.sum()))


def near_contour(labels: np.ndarray, reach: int) -> np.ndarray:
    """Where another label, or the outside of the image, is within so many steps of a chess king.

    Args:
        labels: (H, W) integers or bool; a label's contours with all others are found at once.
        reach: Steps, at least 1.

    Returns:
        (H, W) bool.
    """
    height, width = labels.shape
    side = 2 * reach + 1
    near = np.ones(labels.shape, bool)
    if height >= side and width >= side:
        # A square around a pixel holds another label if there is any change within it.
        across = _box_sums(labels[:, 1:] != labels[:, :-1], side, side - 1)
        down = _box_sums(labels[1:] != labels[:-1], side - 1, side)
        near[reach : height - reach, reach : width - reach] = (across > 0) | (down > 0)
    return near


def _box_sums(flags: np.ndarray, height: int, width: int) -> np.ndarray:
    """How many flags are set in each box of a size, from a summed-area table."""
    table = np.zeros((flags.shape[0] + 1, flags.shape[1] + 1), np.int32)
    np.cumsum(flags, axis=0, dtype=np.int32, out=table[1:, 1:])
    np.cumsum(table[1:, 1:], axis=1, out=table[1:, 1:])
    strips = table[height:] - table[:-height]
    return np.asarray(strips[:, width:] - strips[:, :-width])


def _reach(image: np.ndarray, dilation_ratio: float) -> int:
    """Width of the boundary in pixels, rounded as the authors do."""
    if image.ndim != 2:
        raise InputError(f"predicted and true must be (H, W), got shape {image.shape}")
    if not 0 < dilation_ratio <= 1:
        raise InputError(f"dilation_ratio must be above 0 and at most 1, got {dilation_ratio}")
    return max(1, round(dilation_ratio * float(np.hypot(*image.shape))))
