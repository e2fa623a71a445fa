"""Intervals for what is measured."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vbanalysis.errors import InputError


class Estimate(NamedTuple):
    """A mean with its interval.

    Attributes:
        value: The mean.
        low: Lower end of the interval; NaN where `n` is 1.
        high: Upper end.
        n: Units (images, scenes, outputs) that the mean is over.
    """

    value: float
    low: float
    high: float
    n: int

    def __format__(self, spec: str) -> str:
        """`0.012 [0.010, 0.015] n=8`, each number formatted by `spec`."""
        if self.n < 2:
            return f"{self.value:{spec}} n={self.n}"
        return f"{self.value:{spec}} [{self.low:{spec}}, {self.high:{spec}}] n={self.n}"


def mean_estimate(values: np.ndarray, confidence: float = 0.95, seed: int = 0) -> Estimate:
    """Mean over independent units with a BCa bootstrap interval (Efron 1987; `scipy.stats.bootstrap`).

    Args:
        values: (n,) one finite number a unit: an image, not a pixel.
        confidence: Of the interval.
        seed: Of the 9,999 resamples.

    Raises:
        InputError: `values` is empty, not one-dimensional or not finite.

    Examples:
        >>> f"{mean_estimate(np.array([1.0, 2.0, 3.0, 4.0])):.1f}"
        '2.5 [1.5, 3.5] n=4'
    """
    from scipy.stats import bootstrap

    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise InputError(f"values must be a non-empty row of finite numbers, got {values!r}")
    mean = float(values.mean())
    if len(values) == 1:
        return Estimate(mean, float("nan"), float("nan"), 1)
    if np.ptp(values) == 0:
        return Estimate(mean, mean, mean, len(values))
    found = bootstrap(
        (values,), np.mean, confidence_level=confidence, method="BCa", rng=np.random.default_rng(seed)
    ).confidence_interval
    return Estimate(mean, float(found.low), float(found.high), len(values))
