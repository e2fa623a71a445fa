"""Depth brought to the scale of the truth before it is compared, by the ways of the field.

The paper aligns nothing; models that answer up to a scale, or up to a scale and a shift, cannot be
compared otherwise. Source: the median of Zhou et al. 2017 and Monodepth2; least squares in depth of
Marigold; least squares in disparity of MiDaS (Ranftl et al. 2020, equation 4) and Depth Anything.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.metrics._arguments import array_of, check_cap, check_choice, check_same_shape, mask_or_all

Alignment = Literal["none", "median", "scale", "scale_and_shift"]
Space = Literal["depth", "disparity"]


class AlignedDepth(NamedTuple):
    """A depth map on the scale of its truth.

    Attributes:
        depth_m: (H, W) float64 z in metres, clipped to the cap; NaN and inf where the prediction was
            unknown and unbounded.
        scale: What the prediction was multiplied by; 1 where there was no pixel to fit to.
        shift: What was added then; 0 unless asked for. Metres, or 1/m in disparity.
    """

    depth_m: np.ndarray
    scale: float
    shift: float


def align_depth(
    predicted_m: np.ndarray,
    true_m: np.ndarray,
    *,
    cap_m: tuple[float, float],
    alignment: Alignment,
    space: Space = "depth",
    valid: np.ndarray | None = None,
) -> AlignedDepth:
    """Fit a predicted depth to its truth.

    The fit is over the pixels whose truth is within the cap and whose prediction is a depth: finite
    and above zero. Where predictions are all equal, a scale and shift make them the mean of the truth.

    Args:
        predicted_m: (H, W) z in metres or any unit; inf is unbounded; NaN, zero and less are unknown.
        true_m: (H, W) z in metres; NaN, inf, zero and negative depths are no truth.
        cap_m: `(low, high)`, metres: truth outside (low, high] has no part in the fit.
        alignment: `"none"`; `"median"`: the ratio of the medians of truth and prediction; `"scale"`:
            the factor of least squared error; `"scale_and_shift"`: factor and summand of least squared
            error. Their sign is not held to be positive: look at `scale`.
        space: What is fitted: `"depth"`, or `"disparity"`, the reciprocals of both sides.
        valid: (H, W) bool; elsewhere nothing is fitted, but all is aligned.

    Raises:
        InputError: Shapes or types do not fit, the cap is no range of positive depths, or a pixel was
            aligned to infinity and the cap has no end.

    Examples:
        >>> true = np.array([[2.0, 4.0, 8.0]])
        >>> found = align_depth(true / 2 + 1, true, cap_m=(0.1, 10.0), alignment="scale_and_shift")
        >>> found.depth_m.round(6).tolist(), round(found.scale, 6), round(found.shift, 6)
        ([[2.0, 4.0, 8.0]], 2.0, -2.0)
    """
    predicted, true = array_of("fiu", predicted_m, "predicted_m"), array_of("fiu", true_m, "true_m")
    check_same_shape(predicted, true, ("predicted_m", "true_m"))
    check_choice(alignment, "alignment", get_args(Alignment))
    check_choice(space, "space", get_args(Space))
    predicted = predicted.astype(np.float64)
    with np.errstate(invalid="ignore"):  # of a signalling NaN that a file may hold
        known = (predicted > 0) & (predicted < np.inf)
    if space == "disparity":
        with np.errstate(over="ignore"):  # a reciprocal may be infinite: it is no point of the fit
            answers = 1 / np.where(known, predicted, 1.0)
    else:
        answers = np.where(known, predicted, 1.0)
    found = _aligned(answers, known, true, check_cap(cap_m), alignment, space, valid)
    found.depth_m[~known] = np.where(predicted[~known] == np.inf, np.inf, np.nan)
    return found


def align_disparity(
    predicted_disparity: np.ndarray,
    true_m: np.ndarray,
    *,
    cap_m: tuple[float, float],
    alignment: Alignment = "scale_and_shift",
    valid: np.ndarray | None = None,
) -> AlignedDepth:
    """Turn a relative disparity, as MiDaS and Depth Anything give it, into depth by a fit to 1 / truth.

    Args:
        predicted_disparity: (H, W) numbers, larger is nearer, in any unit and of any sign; NaN and
            inf are unknown.
        true_m: (H, W) z in metres, as in `align_depth`.
        cap_m: As in `align_depth`. A disparity aligned to zero or less is as far as the cap reaches.
        alignment: As in `align_depth`, of disparities.
        valid: As in `align_depth`.

    Raises:
        InputError: As `align_depth`.

    Examples:
        >>> true = np.array([[2.0, 4.0, 8.0]])
        >>> align_disparity(3 / true + 7, true, cap_m=(0.1, 10.0)).depth_m.round(6).tolist()
        [[2.0, 4.0, 8.0]]
    """
    answers = array_of("fiu", predicted_disparity, "predicted_disparity").astype(np.float64)
    true = array_of("fiu", true_m, "true_m")
    check_same_shape(answers, true, ("predicted_disparity", "true_m"))
    check_choice(alignment, "alignment", get_args(Alignment))
    known = np.isfinite(answers)
    found = _aligned(
        np.where(known, answers, 1.0), known, true, check_cap(cap_m), alignment, "disparity", valid
    )
    found.depth_m[~known] = np.nan
    return found


def _aligned(
    answers: np.ndarray,
    known: np.ndarray,
    true: np.ndarray,
    cap_m: tuple[float, float],
    alignment: Alignment,
    space: Space,
    valid: np.ndarray | None,
) -> AlignedDepth:
    """Answers of either space, fitted, as depth; arbitrary where they are not known."""
    low, high = cap_m
    true = true.astype(np.float64)
    with np.errstate(invalid="ignore"):
        fitted = mask_or_all(valid, true.shape) & known & np.isfinite(answers)
        fitted &= np.isfinite(true) & (true > low) & (true <= high)
    targets = true[fitted]
    scale, shift = _fit(answers[fitted], 1 / targets if space == "disparity" else targets, alignment)
    aligned = answers * scale + shift
    if space == "disparity":
        beyond = aligned <= 1 / high
        aligned = np.where(beyond, high, 1 / np.where(beyond, 1.0, aligned))
    if high == np.inf and np.any(aligned[known] == np.inf):
        raise InputError("the alignment made a depth infinite: give cap_m a finite end to clip to")
    return AlignedDepth(np.clip(aligned, low, high), scale, shift)


def _fit(answers: np.ndarray, targets: np.ndarray, alignment: Alignment) -> tuple[float, float]:
    """Scale and shift that bring finite answers to finite targets."""
    if alignment == "none" or not len(answers):
        return 1.0, 0.0
    if alignment == "median":
        return _quotient(float(np.median(targets)), float(np.median(answers))), 0.0
    largest = float(np.max(np.abs(answers))) or 1.0  # squares of the largest floats would be infinite
    x = answers / largest
    if alignment == "scale":
        return _quotient(float(x @ targets), float(x @ x)) / largest, 0.0
    if x.min() == x.max():
        return 0.0, float(targets.mean())
    centred = x - x.mean()
    slope = float(centred @ (targets - targets.mean())) / float(centred @ centred)
    return slope / largest, float(targets.mean() - slope * x.mean())


def _quotient(over: float, under: float) -> float:
    """`over / under`; 1 where nothing can be scaled, for all answers, or their median, are zero."""
    return over / under if under else 1.0
