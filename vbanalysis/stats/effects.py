"""Effect sizes: how large a difference is beside the spread, and not only whether it is there."""

from __future__ import annotations

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.stats._arguments import finite_row, paired_rows
from vbanalysis.stats.estimate import FEWEST_FOR_INTERVAL, RANGE, Estimate

_Z = 1.959963984540054  # of 95 %
_LARGEST_DZ = 100  # beyond it the noncentral t distribution cannot be computed


def cohens_dz(first: np.ndarray, second: np.ndarray) -> Estimate:
    """Mean of the differences over their standard deviation (Cohen 1988), with a noncentral t interval.

    The interval inverts the noncentral t distribution of the paired t statistic, exact where differences are
    normal (Cumming and Finch 2001), so that it holds from two pairs on.

    Args:
        first: (n,) finite, one number a unit, n at least 2.
        second: (n,) finite, of the same units in the same order.

    Raises:
        InputError: The rows do not fit each other, are not finite or have fewer than two pairs, or the
            differences are all but equal, so that there is no spread to measure by.

    Examples:
        >>> f"{cohens_dz(np.array([5.0, 6.0, 9.0, 8.0, 7.0]), np.array([4.0, 6.0, 6.0, 6.0, 6.0])):.2f}"
        '1.23 [-0.01, 2.39] n=5'
    """
    a, b = paired_rows(first, second)
    differences, n = a - b, len(a)
    if n < 2:
        raise InputError("first and second must hold at least two pairs, got one")
    spread = differences.std(ddof=1)
    if spread <= abs(differences.mean()) / _LARGEST_DZ or spread <= 1e-14 * max(
        np.abs(a).max(), np.abs(b).max()
    ):
        raise InputError(
            f"first and second differ by {differences[0]:g} in all {n} pairs, or nearly so: without a spread "
            "there is no d_z; report the difference itself"
        )
    d = float(differences.mean() / spread)
    ends = [_shift(abs(d) * n**0.5, n - 1, q) / n**0.5 for q in (0.975, 0.025)]
    low, high = ends if d >= 0 else (-ends[1], -ends[0])
    return Estimate(d, low, high, n, "noncentral t")


def cliffs_delta(first: np.ndarray, second: np.ndarray, *, paired: bool = True) -> Estimate:
    """How much more often a value of the first exceeds one of the second than the reverse (Cliff 1993).

    Over all pairs of a value of the first and one of the second: 1 where all of the first are larger, 0 where
    neither dominates, -1 where all are smaller. The variance is the jackknife's, over units if `paired`; the
    interval is Cliff's asymmetric one (Cliff 1996), and at -1 and 1, where the variance is 0, that of a share
    without a failure among the units of the smaller group (Feng and Cliff 2004).

    Args:
        first: (n,) finite, one number a unit.
        second: (m,) finite; where `paired`, of the same units in the same order.
        paired: Whether the two are of the same units, and so depend on each other.

    Returns:
        delta over n units, or over n + m if they are not the same; with fewer than `FEWEST_FOR_INTERVAL` in
        either group the range of the units' own shares in place of an interval.

    Raises:
        InputError: A row is empty or not finite, or `paired` and they do not fit each other.

    Examples:
        >>> f"{cliffs_delta(np.array([5.0, 6.0, 9.0, 8.0, 7.0]), np.array([4.0, 6.0, 6.0, 6.0, 6.0])):.2f}"
        '0.52 [-0.07, 0.84] n=5'
    """
    if paired:
        a, b = paired_rows(first, second)
    else:
        a, b = finite_row(first, "first"), finite_row(second, "second")
    n, m = len(a), len(b)
    over, under = _dominance(a, b), -_dominance(b, a)
    total = over.sum()
    delta = float(total / (n * m))
    units = n if paired else n + m
    if min(n, m) < FEWEST_FOR_INTERVAL:
        return Estimate(delta, float(over.min() / m), float(over.max() / m), units, RANGE)
    if paired:
        left_out = (total - over - under + np.sign(a - b)) / (n - 1) ** 2
        variance = _jackknife(left_out)
    else:
        variance = _jackknife((total - over) / ((n - 1) * m)) + _jackknife((total - under) / (n * (m - 1)))
    low, high = _asymmetric(delta, variance, min(n, m))
    return Estimate(delta, low, high, units, "jackknife, asymmetric")


def _dominance(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Of each value, how many of the others it exceeds less how many exceed it."""
    ordered = np.sort(others)
    below = np.searchsorted(ordered, values, side="left")
    not_above = np.searchsorted(ordered, values, side="right")
    return (below + not_above - len(ordered)).astype(np.float64)


def _jackknife(left_out: np.ndarray) -> float:
    return float((len(left_out) - 1) * left_out.var())


def _asymmetric(delta: float, variance: float, n: int) -> tuple[float, float]:
    if abs(delta) == 1:
        bound = (n - _Z**2) / (n + _Z**2)
        return (bound, 1.0) if delta > 0 else (-1.0, -bound)
    room, reach = 1 - delta**2, _Z**2 * variance
    middle, half = delta * room, np.sqrt(reach * (room**2 + reach))
    return float((middle - half) / (room + reach)), float((middle + half) / (room + reach))


def _shift(t: float, df: int, q: float) -> float:
    """The noncentrality with which a t statistic of at most `t`, at least 0, has the chance `q`."""
    from scipy.optimize import brentq
    from scipy.stats import nct

    def excess(shift: float) -> float:
        return float(nct.cdf(t, df, shift)) - q

    # A bracket no wider than it must be, for far out in its tails SciPy's distribution is NaN. At a shift of
    # -2 T is negative, and so at most `t`, more often than 0.975.
    width = 3 * np.sqrt(1 + t**2 / (2 * df))
    low, high = max(-2.0, t - width), t + width
    if not excess(low) >= 0:
        low = -2.0
    while excess(high) > 0:
        high += width
    return float(brentq(excess, low, high, xtol=1e-12 * (1 + t)))
