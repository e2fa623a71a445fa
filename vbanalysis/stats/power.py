"""How many units a claim would need, and how likely a study of some size is to find what is there."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.stats._arguments import between, count, finite_row

_MOST = 10**9

_SIGNS = "exact two-sided binomial test against 0.5"
_T = "two-sided paired t test"


class Power(NamedTuple):
    """How likely a study is to find a difference.

    Attributes:
        power: Chance that the test rejects, 0 to 1.
        effect: The true win rate, or d_z.
        n: Votes or pairs.
        alpha: Level of the test.
        method: The test.
    """

    power: float
    effect: float
    n: int
    alpha: float
    method: str


class SampleSize(NamedTuple):
    """The size that a study would need.

    Attributes:
        n: Fewest votes or pairs from which on every larger study reaches `target` too.
        power: Reached at `n`.
        target: Power asked for.
        effect: The true win rate, or d_z.
        alpha: Level of the test.
        method: The test.
    """

    n: int
    power: float
    target: float
    effect: float
    alpha: float
    method: str


def win_rate_power(rate: float, n: int, *, alpha: float = 0.05) -> Power:
    """Chance that the exact sign test tells a win rate from 0.5 after n independent votes.

    Args:
        rate: True share of wins, between 0 and 1.
        n: Votes, ties left out.
        alpha: Level of the test, between 0 and 1.

    Raises:
        InputError: An argument is not in its range.

    Examples:
        >>> f"{win_rate_power(0.6, 200).power:.3f}"
        '0.787'
    """
    rate, alpha = between(rate, "rate", 0, 1), between(alpha, "alpha", 0, 1)
    n = count(n, "n", 1)
    return Power(float(_sign_power(rate, np.array([n]), alpha)[0]), rate, n, alpha, _SIGNS)


def win_rate_n(rate: float, *, power: float = 0.8, alpha: float = 0.05) -> SampleSize:
    """Votes that tell a win rate from 0.5 with some power, in `win_rate_power`'s test.

    The power of an exact test goes up and down by a vote or two as n grows; from `n` on it keeps the target.

    Args:
        rate: True share of wins, between 0 and 1, not 0.5.
        power: Asked for, between 0 and 1.
        alpha: Level of the test, between 0 and 1.

    Raises:
        InputError: An argument is not in its range, or a thousand million votes would not do.

    Examples:
        >>> win_rate_n(0.6).n
        210
    """
    from scipy.stats import norm

    rate, alpha = between(rate, "rate", 0, 1), between(alpha, "alpha", 0, 1)
    power = between(power, "power", alpha, 1)
    reach = norm.isf(alpha / 2) / 2 + norm.ppf(power) * np.sqrt(rate * (1 - rate))
    sizes = _around(rate, float(reach))
    reached = _sign_power(rate, sizes, alpha)
    k = _settled(reached >= power)
    return SampleSize(int(sizes[k]), float(reached[k]), power, rate, alpha, _SIGNS)


def decisive_n(rate: float, *, alpha: float = 0.05) -> int:
    """Votes from which on an observed win rate would be told from 0.5 by the exact two-sided sign test.

    The rate is taken as the nearest that n votes can give. About half the studies of a true rate of this size
    would see less than it, so that this is far fewer than `win_rate_n` asks for.

    Args:
        rate: Observed share of wins, between 0 and 1, not 0.5.
        alpha: Level of the test, between 0 and 1.

    Raises:
        InputError: An argument is not in its range, or a thousand million votes would not do.

    Examples:
        >>> decisive_n(0.6)
        110
    """
    from scipy.stats import binom, norm

    rate, alpha = between(rate, "rate", 0, 1), between(alpha, "alpha", 0, 1)
    sizes = _around(rate, float(norm.isf(alpha / 2)) / 2)
    wins = np.rint(rate * sizes)
    p = 2 * binom.cdf(np.minimum(wins, sizes - wins), sizes, 0.5)
    return int(sizes[_settled(p <= alpha)])


def effective_n(votes: int, per_item: int, correlation: float) -> float:
    """Independent votes that are worth as much as votes on shared items (Kish 1965).

    Args:
        votes: In all, at least 1.
        per_item: Votes on each item (a prompt, an image), at least 1.
        correlation: Of two votes on the same item, 0 to 1.

    Raises:
        InputError: An argument is not in its range.

    Examples:
        >>> effective_n(1500, 3, 0.25)
        1000.0
    """
    if not 0 <= correlation <= 1:
        raise InputError(f"correlation must lie from 0 to 1, got {correlation!r}")
    return count(votes, "votes", 1) / (1 + (count(per_item, "per_item", 1) - 1) * correlation)


def paired_power(d_z: float, n: int, *, alpha: float = 0.05) -> Power:
    """Chance that the paired t test finds a difference of `d_z` standard deviations among n pairs.

    From the noncentral t distribution (Cohen 1988).

    Args:
        d_z: Mean difference over the standard deviation of the differences, as `cohens_dz` gives it.
        n: Pairs, at least 2.
        alpha: Level of the test, between 0 and 1.

    Raises:
        InputError: An argument is not in its range.

    Examples:
        >>> f"{paired_power(0.5, 34).power:.3f}"
        '0.808'
    """
    (d,) = finite_row([d_z], "d_z")
    n, alpha = count(n, "n", 2), between(alpha, "alpha", 0, 1)
    return Power(_t_power(float(d), n, alpha), float(d), n, alpha, _T)


def paired_n(d_z: float, *, power: float = 0.8, alpha: float = 0.05) -> SampleSize:
    """Fewest pairs with which the paired t test finds a difference of `d_z` with some power.

    Args:
        d_z: Mean difference over the standard deviation of the differences, not 0.
        power: Asked for, between 0 and 1.
        alpha: Level of the test, between 0 and 1.

    Raises:
        InputError: An argument is not in its range, or a thousand million pairs would not do.

    Examples:
        >>> paired_n(0.5).n
        34
    """
    (d,) = finite_row([d_z], "d_z")
    alpha = between(alpha, "alpha", 0, 1)
    power = between(power, "power", alpha, 1)
    low, high = 1, 2
    while _t_power(float(d), high, alpha) < power:
        low, high = high, 2 * high
        if high > _MOST:
            raise InputError(
                f"d_z must be far enough from 0: for {d_z:g} not even {_MOST:.0e} pairs would do"
            )
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _t_power(float(d), middle, alpha) < power else (low, middle)
    return SampleSize(high, _t_power(float(d), high, alpha), power, float(d), alpha, _T)


def _sign_power(rate: float, n: np.ndarray, alpha: float) -> np.ndarray:
    from scipy.stats import binom

    # The largest number of wins, and of losses, that is still too few.
    few = binom.ppf(alpha / 2, n, 0.5)
    few = np.where(binom.cdf(few, n, 0.5) <= alpha / 2, few, few - 1)
    return np.asarray(binom.cdf(few, n, rate) + binom.sf(n - few - 1, n, rate))


def _t_power(d: float, n: int, alpha: float) -> float:
    from scipy.stats import nct, t

    critical, shift = t.isf(alpha / 2, n - 1), abs(d) * np.sqrt(n)
    wrong_side = nct.sf(critical, n - 1, -shift) if shift < 6 else 0.0  # below 1e-9, and NaN in SciPy
    return float(nct.sf(critical, n - 1, shift) + wrong_side)


def _around(rate: float, reach: float) -> np.ndarray:
    """Sizes around the one at which a rate is `reach / sqrt(n)` from a half, with room for an exact test."""
    if rate == 0.5 or (reach / (rate - 0.5)) ** 2 > _MOST:
        raise InputError(
            f"rate must be far enough from 0.5: for {rate:g} not even {_MOST:.0e} votes would do"
        )
    normal = (reach / (rate - 0.5)) ** 2
    width = 10 * np.sqrt(normal) + 50
    return np.arange(max(1, int(normal - width)), int(normal + width) + 1)


def _settled(reached: np.ndarray) -> int:
    """The first place from which on all hold."""
    missed = np.flatnonzero(~reached)
    return int(missed[-1]) + 1 if len(missed) else 0
