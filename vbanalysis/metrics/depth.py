"""Metric depth against its truth, one image at a time.

The field reports the plain mean over images of each figure. Source: Eigen et al. 2014, section 4.2;
the evaluators of BTS and ZoeDepth, whose treatment of caps and of unusable predictions is the default.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.metrics._arguments import array_of, check_choice, check_same_shape, mask_or_all

Alignment = Literal["none", "median"]
Unbounded = Literal["clip", "drop"]
Unknown = Literal["miss", "drop"]

_NAMES = ("predicted_m", "true_m")


class DepthMetrics(NamedTuple):
    """The figures of one image; all NaN where `n` is 0, for nothing was compared.

    Attributes:
        delta1: Share of pixels with max(p/t, t/p) < 1.25.
        delta2: The same under 1.25 squared.
        delta3: The same under 1.25 cubed.
        absrel: Mean of |p - t| / t.
        rmse: Root of the mean of (p - t)^2, metres.
        rmse_log: Root of the mean of (ln p - ln t)^2.
        silog: 100 times the standard deviation of ln p - ln t: KITTI's definition, in the unit that
            BTS and the KITTI server print. It does not see a factor common to all pixels.
        n: Pixels compared.
        n_unbounded: Pixels of known truth whose prediction was infinite.
        n_unknown: Pixels of known truth whose prediction was NaN, zero or negative.
        scale: The factor that the alignment gave to the prediction; 1 without.
    """

    delta1: float
    delta2: float
    delta3: float
    absrel: float
    rmse: float
    rmse_log: float
    silog: float
    n: int
    n_unbounded: int
    n_unknown: int
    scale: float


def depth_metrics(
    predicted_m: np.ndarray,
    true_m: np.ndarray,
    *,
    cap_m: tuple[float, float],
    alignment: Alignment = "none",
    unbounded: Unbounded = "clip",
    unknown: Unknown = "miss",
    valid: np.ndarray | None = None,
) -> DepthMetrics:
    """Score a depth map over the pixels whose true depth is known and within the cap.

    Args:
        predicted_m: (H, W) z in metres; inf is unbounded, NaN unknown.
        true_m: (H, W) z in metres; NaN, inf, zero and negative depths are no truth and drop out.
        cap_m: `(low, high)` of the benchmark, metres, for instance (1e-3, 10) for NYUv2: truth outside
            (low, high] drops out, predictions are clipped to [low, high] after the alignment.
        alignment: `"none"`, as the paper, or `"median"`: the prediction is scaled by the ratio of the
            medians of truth and prediction, over the pixels where both are known and bounded.
        unbounded: Infinite predictions become `high` (`"clip"`) or leave the comparison (`"drop"`).
        unknown: Predictions that are NaN, zero or negative become `low`, which counts as a miss in all
            figures (`"miss"`, as BTS and ZoeDepth do), or leave the comparison (`"drop"`, which
            flatters a model that is silent where it is hard).
        valid: (H, W) bool, for instance the benchmark's crop; elsewhere nothing is compared.

    Raises:
        InputError: Shapes or types do not fit, the cap is no range of positive depths, or infinite
            predictions are to be clipped to an infinite cap.

    Examples:
        >>> true = np.array([[2.0, 4.0, np.nan, 50.0]])
        >>> found = depth_metrics(np.array([[2.0, 5.0, 1.0, 1.0]]), true, cap_m=(1e-3, 10.0))
        >>> found.n, found.delta1, found.delta2, found.absrel
        (2, 0.5, 1.0, 0.125)
    """
    predicted, true = array_of("fiu", predicted_m, _NAMES[0]), array_of("fiu", true_m, _NAMES[1])
    check_same_shape(predicted, true, _NAMES)
    check_choice(alignment, "alignment", get_args(Alignment))
    check_choice(unbounded, "unbounded", get_args(Unbounded))
    check_choice(unknown, "unknown", get_args(Unknown))
    if np.shape(cap_m) != (2,) or not 0 < cap_m[0] < cap_m[1]:
        raise InputError(f"cap_m must be (low, high) in metres with 0 < low < high, got {cap_m}")
    low, high = map(float, cap_m)
    with np.errstate(invalid="ignore"):  # of a signalling NaN that a file may hold
        compared = mask_or_all(valid, true.shape) & np.isfinite(true) & (true > low) & (true <= high)
    p, t = predicted[compared].astype(np.float64), true[compared].astype(np.float64)

    infinite, missing = p == np.inf, ~(p > 0)
    if infinite.any() and unbounded == "clip" and high == np.inf:
        raise InputError("predicted_m holds inf: give cap_m a finite end to clip to, or unbounded='drop'")
    known = ~(infinite | missing)
    scale = 1.0
    if alignment == "median" and known.any():
        scale = float(np.median(t[known]) / np.median(p[known]))
    p = np.clip(np.where(missing, low, p * scale), low, high)
    kept = np.ones(p.shape, bool)
    if unbounded == "drop":
        kept &= ~infinite
    if unknown == "drop":
        kept &= ~missing
    return DepthMetrics(
        **_figures(p[kept], t[kept]),
        n=int(kept.sum()),
        n_unbounded=int(infinite.sum()),
        n_unknown=int(missing.sum()),
        scale=scale,
    )


def _figures(p: np.ndarray, t: np.ndarray) -> dict[str, float]:
    """The seven figures of two rows of finite positive depths, by their names in `DepthMetrics`."""
    if not len(p):
        return dict.fromkeys(DepthMetrics._fields[:7], np.nan)
    quotient = p / t
    ratio = np.maximum(quotient, 1 / quotient)
    error, log_error = p - t, np.log(quotient)
    return {
        **{f"delta{power}": float(np.mean(ratio < 1.25**power)) for power in (1, 2, 3)},
        "absrel": float(np.mean(np.abs(error) / t)),
        "rmse": float(np.sqrt(np.mean(error**2))),
        "rmse_log": float(np.sqrt(np.mean(log_error**2))),
        "silog": 100 * float(np.std(log_error)),
    }
