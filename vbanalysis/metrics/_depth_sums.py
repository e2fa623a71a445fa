"""What the figures of a depth map are made of: counts and sums over the pixels compared.

One pass over the arrays, compiled where numba can be used (`_depth_sums_numba`) and on NumPy alone
where it cannot (`numpy_sums`); the tests hold the two equal.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

FARTHEST_M = 1e100
"""What is farther is no depth: its square would be no finite number."""


class DepthSums(NamedTuple):
    """Sums over the `n` pixels compared, with p the clipped prediction, t the truth and d = ln(p / t).

    Attributes:
        n: Pixels compared.
        under1: Of them, those with max(p, t) < 1.25 min(p, t).
        under2: The same with 1.25 squared.
        under3: The same with 1.25 cubed.
        n_unbounded: Pixels of known truth whose prediction was infinite, compared or not.
        n_unknown: Those whose prediction was NaN, zero or negative.
        relative: Sum of |p - t| / t.
        squared_relative: Sum of (p - t)^2 / t, metres.
        squared: Sum of (p - t)^2, square metres.
        absolute_log: Sum of |d|.
        mean_log: Mean of d.
        scatter_log: Sum of (d - mean_log)^2.
    """

    n: int
    under1: int
    under2: int
    under3: int
    n_unbounded: int
    n_unknown: int
    relative: float
    squared_relative: float
    squared: float
    absolute_log: float
    mean_log: float
    scatter_log: float


def depth_sums(
    predicted: np.ndarray,
    true: np.ndarray,
    compared: np.ndarray,
    cap_m: tuple[float, float],
    drop_unbounded: bool,
    drop_unknown: bool,
) -> DepthSums:
    """Sums over the pixels of `compared` whose truth is in (low, high] of the cap.

    Args:
        predicted: (H, W) numbers, metres; inf is unbounded; NaN, zero and less are unknown.
        true: (H, W) numbers, metres.
        compared: (H, W) bool.
        cap_m: (low, high), metres, 1e-100 <= low < high; predictions are clipped to it.
        drop_unbounded: Leave out infinite predictions, which else become `high`.
        drop_unknown: Leave out unknown predictions, which else become `low`.
    """
    from vbanalysis.codecs._numba import kernels

    low, high = cap_m[0], min(cap_m[1], FARTHEST_M)
    # Two kinds of arrays are compiled for, both float32 or both float64.
    dtype = np.float32 if predicted.dtype == true.dtype == np.float32 else np.float64
    p, t, mask = (
        array.astype(kind, copy=False).ravel()
        for array, kind in ((predicted, dtype), (true, dtype), (compared, bool))
    )
    compiled = kernels("_depth_sums_numba", "vbanalysis.metrics")
    if compiled is None:
        return numpy_sums(p, t, mask, (low, high), drop_unbounded, drop_unknown)
    counts, sums = np.zeros(6, np.int64), np.zeros(6)
    compiled.add_sums(p, t, mask, low, high, drop_unbounded, drop_unknown, counts, sums)
    return DepthSums(*counts.tolist(), *sums.tolist())


def numpy_sums(
    p: np.ndarray,
    t: np.ndarray,
    mask: np.ndarray,
    cap_m: tuple[float, float],
    drop_unbounded: bool,
    drop_unknown: bool,
) -> DepthSums:
    """`depth_sums` of flat arrays, a pass for each sum."""
    low, high = map(np.float64, cap_m)  # Python's floats would be rounded to float32 beside such arrays
    with np.errstate(invalid="ignore"):  # of a signalling NaN that a file may hold
        mask = mask & (t > low) & (t <= high)
        p, t = p[mask].astype(np.float64), t[mask].astype(np.float64)
        unbounded, unknown = p == np.inf, ~(p > 0)
    kept = ~((unbounded & drop_unbounded) | (unknown & drop_unknown))
    p, t = np.clip(np.where(unknown, low, p), low, high)[kept], t[kept]
    n, larger, smaller = len(p), np.maximum(p, t), np.minimum(p, t)
    error, log_error = p - t, np.log(p / t)
    mean_log = float(log_error.mean()) if n else 0.0
    under = [np.count_nonzero(larger < factor * smaller) for factor in (1.25, 1.5625, 1.953125)]
    return DepthSums(
        n=n,
        under1=int(under[0]),
        under2=int(under[1]),
        under3=int(under[2]),
        n_unbounded=int(np.count_nonzero(unbounded)),
        n_unknown=int(np.count_nonzero(unknown)),
        relative=float(np.sum(np.abs(error) / t)),
        squared_relative=float(np.sum(error**2 / t)),
        squared=float(np.sum(error**2)),
        absolute_log=float(np.sum(np.abs(log_error))),
        mean_log=mean_log,
        scatter_log=float(np.sum((log_error - mean_log) ** 2)),
    )
