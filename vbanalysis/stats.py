"""Intervals for what is measured."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vbanalysis.errors import InputError

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
