"""Intervals of a share: of wins among votes, of hits among trials."""

from __future__ import annotations

from typing import Literal

from vbanalysis.errors import InputError
from vbanalysis.stats._arguments import count
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


def _share(successes: int, n: int, method: Literal["wilson", "exact"], words: str) -> Estimate:
    from scipy.stats import binomtest

    n, successes = count(n, "n", 1), count(successes, "successes")
    if successes > n:
        raise InputError(f"successes must be at most n, got {successes} of {n}")
    interval = binomtest(successes, n).proportion_ci(0.95, method)
    return Estimate(successes / n, float(interval.low), float(interval.high), n, words)
