"""Intervals for what is measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from vbanalysis.errors import InputError

T = TypeVar("T")

FEWEST_FOR_INTERVAL = 5
"""Below this many units no interval is worth its name, and the range is given instead."""


class Estimate(NamedTuple):
    """A mean, and how sure it is.

    Attributes:
        value: The mean.
        low: Lower end of the 95 % interval; with fewer units than `FEWEST_FOR_INTERVAL` the smallest value.
        high: Upper end; or the largest value.
        n: Units (images, scenes, outputs) that the mean is over.
    """

    value: float
    low: float
    high: float
    n: int

    def __format__(self, spec: str) -> str:
        """`0.012 [0.010, 0.015] n=8`, or `0.012 (from 0.010 to 0.015) n=3`, numbers formatted by `spec`."""
        value, low, high = (format(number, spec) for number in self[:3])
        if self.n == 1:
            return f"{value} n=1"
        if self.n < FEWEST_FOR_INTERVAL:
            return f"{value} (from {low} to {high}) n={self.n}"
        return f"{value} [{low}, {high}] n={self.n}"


def resampled_estimate(
    units: Sequence[T], statistic: Callable[[Sequence[T]], float], resamples: int = 1000, seed: int = 0
) -> Estimate:
    """A figure of a whole data set, with a 95 % percentile bootstrap interval over its units.

    For figures that are no mean over images: mIoU from summed confusions, F1 from summed matches.

    Args:
        units: One entry a unit, whatever `statistic` takes.
        statistic: The figure of a list of units; resamples where it is NaN are left out of the interval.
        resamples: Of the bootstrap.
        seed: Of the resamples.

    Raises:
        InputError: There are no units.

    Examples:
        >>> hits = [(1, 2), (1, 4), (3, 4), (2, 2), (0, 3)]
        >>> def ratio(units):
        ...     return sum(a for a, _ in units) / sum(b for _, b in units)
        >>> f"{resampled_estimate(hits, ratio):.2f}"
        '0.47 [0.19, 0.78] n=5'
    """
    if not len(units):
        raise InputError("units must hold at least one unit, got none")
    value = statistic(units)
    if len(units) < FEWEST_FOR_INTERVAL:
        alone = [statistic([unit]) for unit in units]
        return Estimate(value, float(np.nanmin(alone)), float(np.nanmax(alone)), len(units))
    rng = np.random.default_rng(seed)
    figures = [
        statistic([units[k] for k in rng.integers(len(units), size=len(units))]) for _ in range(resamples)
    ]
    low, high = np.nanquantile(figures, (0.025, 0.975))
    return Estimate(value, float(low), float(high), len(units))


def mean_estimate(values: np.ndarray, seed: int = 0) -> Estimate:
    """Mean over independent units with a 95 % BCa bootstrap interval (Efron 1987; `scipy.stats.bootstrap`).

    Args:
        values: (n,) one finite number a unit: an image, not a pixel.
        seed: Of the 9,999 resamples.

    Raises:
        InputError: `values` is empty, not one-dimensional or not finite.

    Examples:
        >>> f"{mean_estimate(np.array([1.0, 2.0, 3.0, 4.0, 5.0])):.1f}"
        '3.0 [1.8, 4.2] n=5'
        >>> f"{mean_estimate(np.array([1.0, 2.0])):.1f}"
        '1.5 (from 1.0 to 2.0) n=2'
    """
    from scipy.stats import bootstrap

    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise InputError(f"values must be a non-empty row of finite numbers, got {values!r}")
    mean = float(values.mean())
    if len(values) < FEWEST_FOR_INTERVAL or np.ptp(values) == 0:
        return Estimate(mean, float(values.min()), float(values.max()), len(values))
    found = bootstrap((values,), np.mean, method="BCa", rng=np.random.default_rng(seed)).confidence_interval
    return Estimate(mean, float(found.low), float(found.high), len(values))
