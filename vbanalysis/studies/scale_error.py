"""What one factor on all depths does to delta1 and AbsRel, and which factor would explain printed figures.

A pipeline that assumes the focal length g where the camera has f scales every depth of the image by g / f.
With the logarithm of its other errors distributed as a mixture of normals around 0, delta1 and AbsRel have
closed forms.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from vbanalysis.errors import InputError

DELTA1_LOG = float(np.log(1.25))
"""A pixel counts in delta1 if the logarithm of its ratio is within this."""

_LARGEST = 3.0
"""Factors looked for: up to this and down to its reciprocal."""


class LogErrors(NamedTuple):
    """The distribution of ln(predicted / true) where the scale is right: normals around 0.

    Attributes:
        shares: Of each normal; they sum to 1.
        spreads: Standard deviation of each; 0 is a perfect part.
    """

    shares: tuple[float, ...]
    spreads: tuple[float, ...]


PERFECT = LogErrors((1.0,), (0.0,))
"""No error but the scale's."""


def focal_of(hfov_deg: float) -> float:
    """Focal length in widths of the picture of a horizontal field of view in degrees.

    >>> round(focal_of(90.0), 6)
    0.5
    """
    if not 0 < hfov_deg < 180:
        raise InputError(f"hfov_deg must be between 0 and 180, got {hfov_deg!r}")
    return float(0.5 / np.tan(np.radians(hfov_deg) / 2))


def hfov_of(focal: float) -> float:
    """Horizontal field of view in degrees of a focal length in widths of the picture.

    >>> round(hfov_of(0.5), 6)
    90.0
    """
    if not focal > 0:
        raise InputError(f"focal must be positive, got {focal!r}")
    return float(2 * np.degrees(np.arctan(0.5 / focal)))


def cliff_deg(focal: float) -> tuple[float, float]:
    """Fields of view between which a perfect pipeline with a hard-coded focal length has delta1 = 1.

    Outside, the factor g / f is not within (0.8, 1.25) and delta1 = 0.

    Args:
        focal: The hard-coded g, in widths of the picture.

    Returns:
        The narrower and the wider end, degrees.
    """
    return hfov_of(focal * 1.25), hfov_of(focal / 1.25)


def delta1(ratio: float, errors: LogErrors = PERFECT) -> float:
    """delta1 where all depths are too large by a factor.

    Args:
        ratio: The factor, above 0.
        errors: Of everything else.

    Example:
        >>> delta1(1.24), delta1(1.26), round(delta1(1.25, LogErrors((1.0,), (0.1,))), 2)
        (1.0, 0.0, 0.5)
    """
    shift = _log(ratio)
    found = 0.0
    for share, spread in zip(*errors, strict=True):
        if spread == 0:
            found += share * float(abs(shift) < DELTA1_LOG)
        else:
            found += share * float(ndtr((DELTA1_LOG - shift) / spread) - ndtr((-DELTA1_LOG - shift) / spread))
    return found


def absrel(ratio: float, errors: LogErrors = PERFECT) -> float:
    """AbsRel where all depths are too large by a factor; arguments as in `delta1`.

    Example:
        >>> round(absrel(0.7), 6), round(absrel(1.0, LogErrors((1.0,), (0.1,))), 4)
        (0.3, 0.0801)
    """
    shift = _log(ratio)
    found = 0.0
    for share, spread in zip(*errors, strict=True):
        if spread == 0:
            found += share * abs(ratio - 1)
            continue
        mean = ratio * np.exp(spread**2 / 2)
        # 2 E[(X - 1)+] - E[X - 1], as in the price of an option on a lognormal.
        above = mean * ndtr(shift / spread + spread) - ndtr(shift / spread)
        found += share * float(2 * above - mean + 1)
    return found


def one_normal(delta1_value: float) -> LogErrors:
    """The normal errors that have a delta1 where the scale is right.

    Raises:
        InputError: It is not between 0 and 1.
    """
    if not 0 < delta1_value < 1:
        raise InputError(f"delta1 must be between 0 and 1, got {delta1_value!r}")

    def excess(spread: float) -> float:
        return delta1(1.0, LogErrors((1.0,), (spread,))) - delta1_value

    return LogErrors((1.0,), (_root(excess, 1e-3, 1e3),))


def with_outliers(delta1_value: float, absrel_value: float, outliers: float) -> LogErrors | None:
    """Errors of two normals that have both a delta1 and an AbsRel where the scale is right.

    One normal hardly ever has: printed AbsRel are larger, for some pixels are far off.

    Args:
        delta1_value: Between 0 and 1.
        absrel_value: Above 0.
        outliers: Spread of the second normal.

    Returns:
        The errors, or None if no share of such outliers gives both.
    """

    def inliers(share: float) -> LogErrors | None:
        def errors(spread: float) -> LogErrors:
            return LogErrors((1 - share, share), (spread, outliers))

        def missing(spread: float) -> float:
            return delta1(1.0, errors(spread)) - delta1_value

        return errors(_root(missing, 1e-4, outliers)) if missing(1e-4) > 0 > missing(outliers) else None

    def too_little(share: float) -> float:
        found = inliers(share)
        return np.nan if found is None else absrel(1.0, found) - absrel_value

    shares = np.linspace(0.0, 1.0, 201)[:-1]
    values = np.array([too_little(share) for share in shares])
    for k in range(len(shares) - 1):
        if values[k] <= 0 < values[k + 1]:
            return inliers(_root(too_little, shares[k], shares[k + 1]))
    return None


def ratios_for(delta1_value: float, errors: LogErrors) -> tuple[float, float]:
    """The factors, one below 1 and one above, that bring delta1 down to a value; NaN where none does."""
    logs = np.log(_LARGEST)

    def excess(log_ratio: float) -> float:
        return delta1(float(np.exp(log_ratio)), errors) - delta1_value

    if not excess(0) >= 0 > max(excess(-logs), excess(logs)):
        return np.nan, np.nan
    return float(np.exp(_root(excess, -logs, 0))), float(np.exp(_root(excess, 0, logs)))


def spread_over_images(errors: LogErrors, tau: float) -> LogErrors:
    """The errors where each image has a factor of its own besides, whose logarithm has the spread `tau`."""
    return LogErrors(errors.shares, tuple(float(np.hypot(spread, tau)) for spread in errors.spreads))


def tau_for(delta1_value: float, errors: LogErrors) -> float:
    """Spread of the images' own factors that brings delta1 down to a value; NaN where none does."""

    def excess(tau: float) -> float:
        return delta1(1.0, spread_over_images(errors, tau)) - delta1_value

    return _root(excess, 1e-6, 10.0) if excess(1e-6) >= 0 > excess(10.0) else np.nan


def joint(delta1_value: float, absrel_value: float) -> list[tuple[float, float]]:
    """Factor and spread of one normal that give both figures: none, or one factor below 1 and one above."""
    found = []
    for sign in (-1, 1):

        def spread_at(log_ratio: float, sign: int = sign) -> float:
            ratio = float(np.exp(sign * log_ratio))

            def missing(spread: float) -> float:
                return delta1(ratio, LogErrors((1.0,), (spread,))) - delta1_value

            return _root(missing, 1e-3, 3) if missing(1e-3) > 0 > missing(3) else np.nan

        def too_little(log_ratio: float, sign: int = sign) -> float:
            errors = LogErrors((1.0,), (spread_at(log_ratio, sign),))
            return absrel(float(np.exp(sign * log_ratio)), errors) - absrel_value

        logs = np.linspace(0, DELTA1_LOG * 0.999, 200)
        values = np.array([too_little(x) for x in logs])
        for k in range(len(logs) - 1):
            if values[k] * values[k + 1] < 0:
                root = _root(too_little, logs[k], logs[k + 1])
                found.append((float(np.exp(sign * root)), spread_at(root, sign)))
    return found


def _log(ratio: float) -> float:
    if not 0 < ratio < np.inf:
        raise InputError(f"ratio must be a positive number, got {ratio!r}")
    return float(np.log(ratio))


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    return float(brentq(function, low, high))
