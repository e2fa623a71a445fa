"""Intervals of a share: of wins among votes, of hits among trials."""

from __future__ import annotations

from typing import Literal

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.stats._arguments import Clusters, count
from vbanalysis.stats.bootstrap import mean_estimate
from vbanalysis.stats.estimate import Estimate


def wilson(successes: int, n: int) -> Estimate:
    """A share with its 95 % Wilson score interval (Wilson 1927, without correction of continuity).

    Covers the truth 95 times in 100 on the average of shares, sometimes less often; short, and the usual
    choice to show. It holds from the first trial on, so that no range ever stands in its place.

    Args:
        successes: Of `n` independent trials, 0 to n.
        n: Trials, at least 1.

    Raises:
        InputError: They are not such whole numbers.

    Examples:
        >>> f"{wilson(8, 10):.3f}"
        '0.800 [0.490, 0.943] n=10'
    """
    return _share(successes, n, "wilson", "Wilson")


def clopper_pearson(successes: int, n: int) -> Estimate:
    """A share with its 95 % exact interval (Clopper and Pearson 1934).

    Covers the truth at least 95 times in 100, whatever the share; it leaves out 0.5 exactly where the
    two-sided sign test has p < 0.05. It holds from the first trial on, as `wilson`.

    Args:
        successes: Of `n` independent trials, 0 to n.
        n: Trials, at least 1.

    Raises:
        InputError: They are not such whole numbers.

    Examples:
        >>> f"{clopper_pearson(8, 10):.3f}"
        '0.800 [0.444, 0.975] n=10'
    """
    return _share(successes, n, "exact", "Clopper-Pearson")


def share_estimate(values: np.ndarray, *, clusters: Clusters | None = None) -> Estimate:
    """The mean of shares, one a unit, with a 95 % interval that is no point where every unit ends alike.

    Resampling finds no spread among units that are all right, or all wrong, though five of five say little:
    there it is the exact interval over the units, or over their clusters; else that of `mean_estimate`.

    Args:
        values: (n,) in [0, 1], the share of a unit, or 0 and 1.
        clusters: As in `mean_estimate`.

    Raises:
        InputError: As `mean_estimate`, or a value is no share.

    Examples:
        >>> f"{share_estimate(np.ones(5)):.2f}"
        '1.00 [0.48, 1.00] n=5'
    """
    found = mean_estimate(values, clusters=clusters)
    values = np.asarray(values, np.float64)
    if values.min() < 0 or values.max() > 1:
        raise InputError(f"values must be shares from 0 to 1, got {values.min():g} to {values.max():g}")
    if np.ptp(values) or values[0] not in (0, 1):
        return found
    units = found.n if found.clusters is None else found.clusters
    return clopper_pearson(units * int(values[0]), units)._replace(n=found.n, clusters=found.clusters)


def _share(successes: int, n: int, method: Literal["wilson", "exact"], words: str) -> Estimate:
    from scipy.stats import binomtest

    n, successes = count(n, "n", 1), count(successes, "successes")
    if successes > n:
        raise InputError(f"successes must be at most n, got {successes} of {n}")
    interval = binomtest(successes, n).proportion_ci(0.95, method)
    return Estimate(successes / n, float(interval.low), float(interval.high), n, words)
