"""Two systems on the same units: the difference with its interval, and two tests that assume little."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.stats._arguments import Clusters, count, members, paired_rows
from vbanalysis.stats.bootstrap import Bootstrap, mean_estimate, resampled_estimate
from vbanalysis.stats.estimate import Estimate
from vbanalysis.stats.proportions import clopper_pearson

T = TypeVar("T")

_BATCH = 4_000_000


class SignTest(NamedTuple):
    """Who is ahead how often, whatever the distances.

    Attributes:
        p: Two-sided, exact, of wins and losses being equally likely.
        share: Of wins among the decided units, with its interval; NaN where none is decided.
        wins: Units, or clusters, where the first is larger.
        losses: Where the second is larger.
        ties: Where they are equal; they decide nothing and are left out.
        n: Decided units: wins and losses.
        method: Of the test.
    """

    p: float
    share: Estimate
    wins: int
    losses: int
    ties: int
    n: int
    method: str


class PermutationTest(NamedTuple):
    """How often chance alone would make a mean difference as large.

    Attributes:
        p: Two-sided, of the signs of all differences being arbitrary.
        difference: Mean of first minus second, with its interval.
        n: Independent units: clusters where there are any.
        permutations: Sign changes looked at.
        exact: Whether those were all that exist.
        method: Of the test.
    """

    p: float
    difference: Estimate
    n: int
    permutations: int
    exact: bool
    method: str


def paired_difference(
    first: np.ndarray, second: np.ndarray, *, clusters: Clusters | None = None, seed: int = 0
) -> Estimate:
    """Mean of first minus second, a unit at a time, with the interval of `mean_estimate`.

    Args:
        first: (n,) finite, one number a unit.
        second: (n,) finite, of the same units in the same order.
        clusters: One label a unit, or None where units are independent.
        seed: Of the bootstrap.

    Raises:
        InputError: The rows do not fit each other, are not finite, or `clusters` does not fit them.

    Examples:
        >>> first, second = np.array([0.9, 0.8, 0.7, 0.9, 0.6]), np.array([0.8, 0.8, 0.5, 0.6, 0.6])
        >>> f"{paired_difference(first, second):.2f}"
        '0.12 [0.04, 0.24] n=5'
    """
    a, b = paired_rows(first, second)
    return mean_estimate(a - b, seed, clusters=clusters)


def paired_resampled_difference(
    first: Sequence[T],
    second: Sequence[T],
    statistic: Callable[[Sequence[T]], float],
    resamples: int = 1000,
    seed: int = 0,
    *,
    clusters: Clusters | None = None,
    method: Bootstrap = "percentile",
) -> Estimate:
    """A data set's figure of the first less that of the second, both over the same drawn units.

    For figures that are no mean over images, such as mIoU from summed confusions; otherwise as
    `resampled_estimate`.

    Args:
        first: n units, each whatever `statistic` takes.
        second: n, the same units in the same order.
        statistic: From units to the figure.
        resamples: As in `resampled_estimate`.
        seed: As in `resampled_estimate`.
        clusters: As in `resampled_estimate`.
        method: As in `resampled_estimate`.

    Raises:
        InputError: There are no units, or not as many of one as of the other, or as `resampled_estimate`.

    Examples:
        >>> ours, theirs = [(1, 2), (3, 4), (2, 4), (4, 4), (2, 3)], [(1, 2), (2, 4), (2, 4), (3, 4), (1, 3)]
        >>> def ratio(units):
        ...     return sum(a for a, _ in units) / sum(b for _, b in units)
        >>> f"{paired_resampled_difference(ours, theirs, ratio):.2f}"
        '0.18 [0.06, 0.28] n=5'
    """
    if len(first) != len(second):
        raise InputError(
            "first and second must be of the same units in the same order, "
            f"got {len(first)} and {len(second)}"
        )

    def difference(pairs: Sequence[tuple[T, T]]) -> float:
        return statistic([a for a, _ in pairs]) - statistic([b for _, b in pairs])

    pairs = list(zip(first, second, strict=True))
    return resampled_estimate(pairs, difference, resamples, seed, clusters=clusters, method=method)


def sign_test(first: np.ndarray, second: np.ndarray, *, clusters: Clusters | None = None) -> SignTest:
    """Whether the first is larger on more units than chance would have it (Dixon and Mood 1946).

    With clusters, each cluster counts once, by the sign of its mean difference.

    Args:
        first: (n,) finite, one number a unit.
        second: (n,) finite, of the same units in the same order.
        clusters: One label a unit, or None where units are independent.

    Raises:
        InputError: The rows do not fit each other, are not finite, or `clusters` does not fit them.

    Examples:
        >>> found = sign_test(np.array([3, 4, 5, 2, 7, 6, 2.0]), np.array([1, 2, 3, 1, 4, 5, 2.0]))
        >>> found.wins, found.losses, found.ties, found.p
        (6, 0, 1, 0.03125)
    """
    from scipy.stats import binomtest

    a, b = paired_rows(first, second)
    signs = np.sign(_sums(a - b, clusters))
    wins, losses, ties = (int((signs == sign).sum()) for sign in (1, -1, 0))
    n = wins + losses
    p = float(binomtest(wins, n).pvalue) if n else 1.0
    share = clopper_pearson(wins, n) if n else Estimate(np.nan, 0.0, 1.0, 0, "Clopper-Pearson")
    return SignTest(p, share, wins, losses, ties, n, "sign test")


def permutation_test(
    first: np.ndarray,
    second: np.ndarray,
    *,
    clusters: Clusters | None = None,
    permutations: int = 9999,
    seed: int = 0,
) -> PermutationTest:
    """Whether the mean difference is larger than arbitrary signs would make it (Fisher 1935; `scipy.stats`).

    All 2^n changes of signs are looked at where there are no more than `permutations`; otherwise as many at
    random, and the observed one counts among them (Phipson and Smyth 2010). With clusters, the differences
    of a cluster change their signs together.

    Args:
        first: (n,) finite, one number a unit.
        second: (n,) finite, of the same units in the same order.
        clusters: One label a unit, or None where units are independent.
        permutations: How many at most.
        seed: Of the random ones, and of the bootstrap of the difference.

    Raises:
        InputError: The rows do not fit each other, are not finite, or `clusters` does not fit them.

    Examples:
        >>> found = permutation_test(np.array([3.0, 4.0, 5.0, 2.0]), np.array([1.0, 2.0, 3.0, 1.0]))
        >>> found.p, found.exact, f"{found.difference:.2f}"
        (0.125, True, '1.75 (from 1.00 to 2.00) n=4')
    """
    from scipy.stats import permutation_test as permuted

    a, b = paired_rows(first, second)
    count(permutations, "permutations", 1)
    sums = _sums(a - b, clusters)
    n = len(sums)
    exact = n < 64 and 2**n <= permutations
    scale = np.abs(sums).max()
    if scale > 0 and n > 1:
        # Rounded, for sums that are equal but for the order of their terms must count as equal.
        found = permuted(
            (sums / scale, np.zeros(n)),
            lambda x, y, axis: np.round((x - y).sum(axis=axis), 12),
            permutation_type="samples",
            vectorized=True,
            n_resamples=permutations,
            batch=max(1, _BATCH // n),
            rng=np.random.default_rng(seed),
        )
        p = float(found.pvalue)
    else:
        p = 1.0
    difference = mean_estimate(a - b, seed, clusters=clusters)
    words = "permutation test of signs, " + ("all of them" if exact else "random ones")
    return PermutationTest(p, difference, n, 2**n if exact else permutations, exact, words)


def _sums(differences: np.ndarray, clusters: Clusters | None) -> np.ndarray:
    return np.array([differences[group].sum() for group in members(clusters, len(differences))])
