"""Many comparisons at once: p values corrected so that chance findings stay rare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.stats._arguments import between, finite_row


class Corrected(NamedTuple):
    """p values of a family of tests, corrected for their number.

    Attributes:
        p: (n,) float64, corrected, in the order that they were given in.
        found: (n,) bool, corrected and still at most `alpha`.
        alpha: Error rate that is held: of any false finding (Holm), or of the share of false ones among
            the findings (Benjamini-Hochberg).
        n: Tests in the family.
        method: The correction's name.
    """

    p: np.ndarray
    found: np.ndarray
    alpha: float
    n: int
    method: str


def holm(p: Sequence[float] | np.ndarray, alpha: float = 0.05) -> Corrected:
    """Hold the chance of any false finding at `alpha`, whatever the dependence (Holm 1979).

    Args:
        p: (n,) p values, 0 to 1: all tests that were made, not only those that were worth telling.
        alpha: Between 0 and 1.

    Raises:
        InputError: There is no p value, one is NaN or outside 0 to 1, or `alpha` is no such number.

    Examples:
        >>> holm([0.01, 0.04, 0.03]).p.tolist()
        [0.03, 0.06, 0.06]
    """
    values, alpha = _p_values(p), between(alpha, "alpha", 0, 1)
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    corrected = np.empty_like(values)
    corrected[order] = np.minimum(stepped, 1.0)
    return Corrected(corrected, corrected <= alpha, alpha, len(values), "Holm")


def benjamini_hochberg(p: Sequence[float] | np.ndarray, alpha: float = 0.05) -> Corrected:
    """Hold the expected share of false findings at `alpha` (Benjamini and Hochberg 1995; `scipy.stats`).

    For tests that are independent or positively dependent, such as metrics of the same images.

    Args:
        p: (n,) p values, 0 to 1: all tests that were made.
        alpha: Between 0 and 1.

    Raises:
        InputError: There is no p value, one is NaN or outside 0 to 1, or `alpha` is no such number.

    Examples:
        >>> benjamini_hochberg([0.01, 0.04, 0.03]).p.tolist()
        [0.03, 0.04, 0.04]
    """
    from scipy.stats import false_discovery_control

    values, alpha = _p_values(p), between(alpha, "alpha", 0, 1)
    corrected = np.asarray(false_discovery_control(values, method="bh"))
    return Corrected(corrected, corrected <= alpha, alpha, len(values), "Benjamini-Hochberg")


def _p_values(p: Sequence[float] | np.ndarray) -> np.ndarray:
    values = finite_row(p, "p")
    if values.min() < 0 or values.max() > 1:
        raise InputError(f"p must lie from 0 to 1, got {values.min():g} to {values.max():g}")
    return values
