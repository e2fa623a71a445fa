"""Strengths of competitors from comparisons of two: Bradley and Terry's model, and Davidson's with ties."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.stats._arguments import finite_row

_Z = 1.959963984540054


class Strengths(NamedTuple):
    """Competitors on one scale.

    Attributes:
        names: (K,) sorted.
        strength: (K,) natural logarithms, of sum 0: a difference d wins with odds of exp(d), ties aside.
        se: (K,) standard errors, from the curvature of the likelihood at its peak.
        covariance: (K, K) of the strengths.
        log_tie: Logarithm of Davidson's nu: two equals tie with odds of nu to 2; None in Bradley's and
            Terry's model.
        log_likelihood: At the peak.
        n: Comparisons.
    """

    names: tuple[str, ...]
    strength: np.ndarray
    se: np.ndarray
    covariance: np.ndarray
    log_tie: float | None
    log_likelihood: float
    n: int

    def difference(self, first: str, second: str) -> tuple[float, float, float]:
        """Strength of one less that of another, with its 95 % Wald interval.

        Raises:
            InputError: One is no competitor.
        """
        for name in (first, second):
            if name not in self.names:
                raise InputError(f"no competitor {name!r}: there are {', '.join(self.names)}")
        a, b = self.names.index(first), self.names.index(second)
        value = float(self.strength[a] - self.strength[b])
        variance = self.covariance[a, a] + self.covariance[b, b] - 2 * self.covariance[a, b]
        reach = _Z * float(np.sqrt(max(variance, 0.0)))
        return value, value - reach, value + reach


def bradley_terry(
    first: Sequence[str], second: Sequence[str], outcome: Sequence[float] | np.ndarray
) -> Strengths:
    """Strengths of greatest likelihood (Bradley and Terry 1952); a tie is half a win for each.

    Args:
        first: (n,) who was compared.
        second: (n,) with whom.
        outcome: (n,) 1 where the first won, 0 where the second did, 0.5 for a tie.

    Returns:
        The strengths. Errors take comparisons as independent: where several share a prompt or a voter, draw
        these together in a bootstrap instead.

    Raises:
        InputError: Wrong lengths or outcomes, one compared with itself, or no finite peak: the competitors
            fall in two groups of which none of one ever beat one of the other (Ford 1957).

    Examples:
        >>> fit = bradley_terry(list("aaaa"), list("bbbb"), [1, 1, 1, 0])
        >>> float(np.exp(fit.difference("a", "b")[0]).round(4))
        3.0
    """
    names, a, b, won = _comparisons(first, second, outcome)
    _connected(names, a, b, won)
    wins = _table(a, b, won, len(names))
    games = wins + wins.T

    def curve(theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        gap = theta[:, None] - theta[None, :]
        chance = 1 / (1 + np.exp(-gap))
        value = float((wins * -np.logaddexp(0, -gap)).sum())
        slope = (wins - games * chance).sum(axis=1)
        information = -games * chance * (1 - chance)
        np.fill_diagonal(information, 0)
        np.fill_diagonal(information, -information.sum(axis=1))
        return value, slope, information

    theta, value, information = _peak(curve, len(names), len(names))
    covariance = _inverse(information, len(names))
    return Strengths(names, theta, np.sqrt(np.diag(covariance)), covariance, None, value, len(won))


def davidson(first: Sequence[str], second: Sequence[str], outcome: Sequence[float] | np.ndarray) -> Strengths:
    """As `bradley_terry`, with ties as a third outcome of their own likelihood (Davidson 1970).

    The chances of a win, a loss and a tie are as p : q : nu sqrt(p q).

    Args:
        first: As for `bradley_terry`.
        second: As for `bradley_terry`.
        outcome: As for `bradley_terry`; at least one tie, and not ties alone.

    Raises:
        InputError: As for `bradley_terry`; or there is no tie, or nothing else.
    """
    names, a, b, won = _comparisons(first, second, outcome)
    tied = won == 0.5
    if not tied.any():
        raise InputError("outcome holds no tie (0.5), so that nu would be 0: use bradley_terry")
    if tied.all():
        raise InputError(
            "outcome holds ties alone, so that nu would be infinite: nobody is better than anybody"
        )
    _connected(names, a, b, won)
    k = len(names)
    wins = _table(a[~tied], b[~tied], won[~tied], k)
    ties = np.zeros((k, k))
    np.add.at(ties, (a[tied], b[tied]), 1.0)
    ties += ties.T
    games = (wins + wins.T + ties) / 2  # each pair twice, for it stands in both triangles

    def curve(point: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        theta, eta = point[:k], point[k]
        half = (theta[:, None] - theta[None, :]) / 2
        logs = np.stack([half, -half, np.broadcast_to(eta, half.shape)])
        whole = np.logaddexp.reduce(logs, axis=0)
        win, loss, tie = np.exp(logs - whole)
        value = float((wins * (half - whole)).sum() + (ties / 2 * (eta - whole)).sum())
        lead = win - loss
        slope = np.empty(k + 1)
        slope[:k] = ((wins - wins.T) / 2 - games * lead).sum(axis=1)
        slope[k] = ties.sum() / 2 - (games * tie).sum()
        information = np.zeros((k + 1, k + 1))
        inner = -games * (win + loss - lead**2) / 2
        np.fill_diagonal(inner, 0)
        np.fill_diagonal(inner, -inner.sum(axis=1))
        information[:k, :k] = inner
        information[:k, k] = information[k, :k] = -(games * tie * lead).sum(axis=1)
        information[k, k] = (games * tie * (1 - tie)).sum()
        return value, slope, information

    point, value, information = _peak(curve, k, k + 1)
    covariance = _inverse(information, k)[:k, :k]
    return Strengths(
        names, point[:k], np.sqrt(np.diag(covariance)), covariance, float(point[k]), value, len(won)
    )


def _comparisons(
    first: Sequence[str], second: Sequence[str], outcome: Sequence[float] | np.ndarray
) -> tuple[tuple[str, ...], np.ndarray, np.ndarray, np.ndarray]:
    won = finite_row(outcome, "outcome")
    one, other = list(first), list(second)
    if not len(one) == len(other) == len(won):
        raise InputError(
            f"first, second and outcome must be of the same comparisons, got {len(one)}, {len(other)} and "
            f"{len(won)}"
        )
    if not np.isin(won, (0.0, 0.5, 1.0)).all():
        bad = won[~np.isin(won, (0.0, 0.5, 1.0))][0]
        raise InputError(f"outcome must be 1 (first won), 0 (second won) or 0.5 (tie), got {bad:g}")
    for x, y in zip(one, other, strict=True):
        if x == y:
            raise InputError(f"{x!r} is compared with itself: leave such comparisons out")
    names = tuple(sorted({*one, *other}))
    place = {name: k for k, name in enumerate(names)}
    return names, np.array([place[x] for x in one]), np.array([place[y] for y in other]), won


def _table(a: np.ndarray, b: np.ndarray, won: np.ndarray, k: int) -> np.ndarray:
    """(K, K) how often the row beat the column, ties by halves."""
    wins = np.zeros((k, k))
    np.add.at(wins, (a, b), won)
    np.add.at(wins, (b, a), 1 - won)
    return wins


def _connected(names: tuple[str, ...], a: np.ndarray, b: np.ndarray, won: np.ndarray) -> None:
    from scipy.sparse.csgraph import connected_components

    count, group = connected_components(_table(a, b, won, len(names)) > 0, connection="strong")
    if count > 1:
        groups = [
            "{" + ", ".join(n for n, g in zip(names, group, strict=True) if g == k) + "}"
            for k in range(count)
        ]
        raise InputError(
            f"the strengths have no finite values: between {' and '.join(groups)} comparisons are missing or "
            "were won by one side alone; compare more, or leave some out"
        )


def _peak(
    curve: object, k: int, size: int, steps: int = 100, close: float = 1e-10
) -> tuple[np.ndarray, float, np.ndarray]:
    """Newton's way to the peak of a concave curve, with the first k coordinates of sum 0."""
    point = np.zeros(size)
    value, slope, information = curve(point)  # type: ignore[operator]
    for _ in range(steps):
        step = _inverse(information, k) @ slope
        if np.abs(step).max() < close:
            break
        scale = 1.0
        while scale > 1e-9:
            tried = curve(point + scale * step)  # type: ignore[operator]
            if tried[0] >= value - 1e-12 * abs(value):
                break
            scale /= 2
        point = point + scale * step
        value, slope, information = tried
    return point, value, information


def _inverse(information: np.ndarray, k: int) -> np.ndarray:
    """Of an information that is blind to a constant on the first k coordinates, where these have sum 0."""
    level = np.zeros(len(information))
    level[:k] = 1 / np.sqrt(k)
    return np.linalg.inv(information + np.outer(level, level)) - np.outer(level, level)
