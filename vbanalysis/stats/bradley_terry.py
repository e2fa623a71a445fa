"""Strengths of competitors from comparisons of two: Bradley and Terry's model, and Davidson's with ties."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.stats._arguments import Clusters, count, finite_row, members
from vbanalysis.stats.estimate import FEWEST_FOR_INTERVAL, Estimate

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
        penalty: That the fit was given.
    """

    names: tuple[str, ...]
    strength: np.ndarray
    se: np.ndarray
    covariance: np.ndarray
    log_tie: float | None
    log_likelihood: float
    n: int
    penalty: float = 0.0

    def difference(self, first: str, second: str) -> tuple[float, float, float]:
        """Strength of one less that of another, with its 95 % Wald interval.

        Args:
            first: Name of a competitor.
            second: Name of another.

        Returns:
            The difference of the logarithms of the strengths, its lower and its upper end.

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


class ResampledStrengths(NamedTuple):
    """Strengths with intervals that hold though comparisons share a prompt or a voter.

    Attributes:
        fit: Of all comparisons.
        strengths: By name, each with the percentile interval of its strength.
        leads: By a pair of names, the stronger first: how far it is ahead, with the same interval.
        lost: Resamples without a finite peak, which are left out.
    """

    fit: Strengths
    strengths: dict[str, Estimate]
    leads: dict[tuple[str, str], Estimate]
    lost: int


def bradley_terry(
    first: Sequence[str],
    second: Sequence[str],
    outcome: Sequence[float] | np.ndarray,
    *,
    penalty: float = 0.0,
) -> Strengths:
    """Strengths of greatest likelihood (Bradley and Terry 1952); a tie is half a win for each.

    Args:
        first: (n,) who was compared.
        second: (n,) with whom.
        outcome: (n,) 1 where the first won, 0 where the second did, 0.5 for a tie.
        penalty: Half of it times the sum of squared strengths is taken off the log-likelihood, so that
            strengths stay finite and are drawn together: a normal prior of variance 1 / penalty; 0 for none.

    Returns:
        The strengths. Errors take comparisons as independent: where several share a prompt or a voter, use
        `resampled_strengths`.

    Raises:
        InputError: Wrong lengths or outcomes, a negative penalty, one compared with itself, or, without a
            penalty, no finite peak: the competitors fall in two groups of which none of one ever beat one of
            the other (Ford 1957).

    Examples:
        >>> fit = bradley_terry(list("aaaa"), list("bbbb"), [1, 1, 1, 0])
        >>> float(np.exp(fit.difference("a", "b")[0]).round(4))
        3.0
    """
    names, a, b, won = _comparisons(first, second, outcome)
    return _half_wins(names, _table(a, b, won, len(names)), _penalty(penalty), len(won))


def davidson(
    first: Sequence[str],
    second: Sequence[str],
    outcome: Sequence[float] | np.ndarray,
    *,
    penalty: float = 0.0,
) -> Strengths:
    """As `bradley_terry`, with ties as a third outcome of their own likelihood (Davidson 1970).

    The chances of a win, a loss and a tie are as p : q : nu sqrt(p q).

    Args:
        first: As for `bradley_terry`.
        second: As for `bradley_terry`.
        outcome: As for `bradley_terry`; at least one tie, and not ties alone.
        penalty: As for `bradley_terry`; nu has none.

    Raises:
        InputError: As for `bradley_terry`; or there is no tie, or nothing else.

    Examples:
        >>> fit = davidson(["ours"] * 6, ["theirs"] * 6, [1, 1, 1, 0.5, 0.5, 0])
        >>> " ".join(f"{number:.2f}" for number in fit.difference("ours", "theirs"))
        '1.10 -1.16 3.36'
    """
    names, a, b, won = _comparisons(first, second, outcome)
    tied, k = won == 0.5, len(names)
    wins, ties = _table(a[~tied], b[~tied], won[~tied], k), 2 * _table(a[tied], b[tied], won[tied], k)
    return _with_ties(names, wins, ties, _penalty(penalty), len(won))


def resampled_strengths(
    first: Sequence[str],
    second: Sequence[str],
    outcome: Sequence[float] | np.ndarray,
    *,
    clusters: Clusters | None = None,
    ties: bool = True,
    penalty: float = 0.0,
    resamples: int = 1000,
    seed: int = 0,
) -> ResampledStrengths:
    """Strengths with 95 % percentile intervals of a bootstrap over clusters.

    Args:
        first: As for `bradley_terry`.
        second: As for `bradley_terry`.
        outcome: As for `bradley_terry`.
        clusters: One label a comparison, such as its prompt; those of a label are drawn together.
        ties: Fit `davidson`'s model; else `bradley_terry`'s.
        penalty: As for `bradley_terry`.
        resamples: Of the bootstrap.
        seed: Of the resamples.

    Raises:
        InputError: As the model; or there are fewer clusters than `FEWEST_FOR_INTERVAL`, or fewer than half
            of the resamples have a finite peak.

    Examples:
        >>> votes, prompts = [1, 0, 1, 0, 0.5, 1] * 2, [f"prompt {k // 2}" for k in range(12)]
        >>> ours, theirs = ["ours"] * 12, ["theirs"] * 12
        >>> found = resampled_strengths(ours, theirs, votes, clusters=prompts, resamples=200)
        >>> f"{found.leads['ours', 'theirs']:.1f}"
        '0.4 [0.2, 1.1] n=12 in 6 clusters'
    """
    names, a, b, won = _comparisons(first, second, outcome)
    k, penalty, drawn = len(names), _penalty(penalty), count(resamples, "resamples", 1)
    groups = members(clusters, len(won))
    if len(groups) < FEWEST_FOR_INTERVAL:
        raise InputError(f"clusters must be at least {FEWEST_FOR_INTERVAL}, got {len(groups)}")
    tied = won == 0.5
    parts = np.zeros((len(groups), 2, k, k))
    for part, group in zip(parts, groups, strict=True):
        free = group[~tied[group]] if ties else group
        even = group[tied[group]] if ties else group[:0]
        part[0] = _table(a[free], b[free], won[free], k)
        part[1] = 2 * _table(a[even], b[even], won[even], k)

    def fitted(wins: np.ndarray, even: np.ndarray, n: int) -> Strengths:
        return _with_ties(names, wins, even, penalty, n) if ties else _half_wins(names, wins, penalty, n)

    whole = parts.sum(axis=0)
    fit = fitted(whole[0], whole[1], len(won))
    weights = np.random.default_rng(seed).multinomial(
        len(groups), np.full(len(groups), 1 / len(groups)), size=drawn
    )
    found = []
    for wins, even in np.tensordot(weights.astype(float), parts, axes=1):
        try:
            found.append(fitted(wins, even, len(won)).strength)
        except InputError:
            continue
    if 2 * len(found) < drawn:
        raise InputError(
            f"only {len(found)} of {drawn} resamples have finite strengths: compare more, or give a penalty"
        )
    clustered = None if clusters is None else len(groups)

    def estimate(value: float, values: np.ndarray) -> Estimate:
        low, high = np.quantile(values, (0.025, 0.975))
        return Estimate(value, float(low), float(high), len(won), "percentile bootstrap", clustered)

    table = np.array(found)
    order = np.argsort(-fit.strength, kind="stable")
    return ResampledStrengths(
        fit,
        {names[x]: estimate(float(fit.strength[x]), table[:, x]) for x in order},
        {
            (names[x], names[y]): estimate(
                float(fit.strength[x] - fit.strength[y]), table[:, x] - table[:, y]
            )
            for place, x in enumerate(order)
            for y in order[place + 1 :]
        },
        drawn - len(found),
    )


def _half_wins(names: tuple[str, ...], wins: np.ndarray, penalty: float, n: int) -> Strengths:
    """Bradley's and Terry's model of (K, K) wins, ties by halves."""
    if not penalty:
        _connected(names, wins)
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

    theta, value, information = _peak(curve, len(names), len(names), penalty)
    covariance = _inverse(information, len(names), penalty)
    return Strengths(names, theta, np.sqrt(np.diag(covariance)), covariance, None, value, n, penalty)


def _with_ties(
    names: tuple[str, ...], wins: np.ndarray, ties: np.ndarray, penalty: float, n: int
) -> Strengths:
    """Davidson's model of (K, K) wins and (K, K) ties, each tie in both triangles."""
    if not ties.any():
        raise InputError("outcome holds no tie (0.5), so that nu would be 0: use bradley_terry")
    if not wins.any():
        raise InputError(
            "outcome holds ties alone, so that nu would be infinite: nobody is better than anybody"
        )
    k = len(names)
    if not penalty:
        _connected(names, wins + ties)
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

    point, value, information = _peak(curve, k, k + 1, penalty)
    covariance = _inverse(information, k, penalty)[:k, :k]
    se = np.sqrt(np.diag(covariance))
    return Strengths(names, point[:k], se, covariance, float(point[k]), value, n, penalty)


def _penalty(value: float) -> float:
    (penalty,) = finite_row([value], "penalty")
    if penalty < 0:
        raise InputError(f"penalty must be at least 0, got {value!r}")
    return float(penalty)


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


def _connected(names: tuple[str, ...], wins: np.ndarray) -> None:
    from scipy.sparse.csgraph import connected_components

    parts, group = connected_components(wins > 0, connection="strong")
    if parts > 1:
        groups = [
            "{" + ", ".join(n for n, g in zip(names, group, strict=True) if g == k) + "}"
            for k in range(parts)
        ]
        raise InputError(
            f"the strengths have no finite values: between {' and '.join(groups)} comparisons are missing or "
            "were won by one side alone; compare more, leave some out, or give a penalty"
        )


_Curve = Callable[[np.ndarray], tuple[float, np.ndarray, np.ndarray]]
"""Log-likelihood at a point, its slope, and the information: less its curvature."""


def _peak(
    curve: _Curve, k: int, size: int, penalty: float, steps: int = 100, close: float = 1e-10
) -> tuple[np.ndarray, float, np.ndarray]:
    """Newton's way to the peak of a concave curve less its penalty, the first k coordinates having sum 0."""

    def penalised(point: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        value, slope, information = curve(point)
        pull = np.zeros(size)
        pull[:k] = penalty * point[:k]
        return value - float(pull @ point) / 2, slope - pull, information

    point = np.zeros(size)
    value, slope, information = penalised(point)
    for _ in range(steps):
        step = _inverse(information, k, penalty) @ slope
        if np.abs(step).max() < close:
            break
        scale = 1.0
        tried = penalised(point + step)
        while tried[0] < value - 1e-12 * abs(value) and scale > 1e-9:
            scale /= 2
            tried = penalised(point + scale * step)
        point = point + scale * step
        value, slope, information = tried
    return point, curve(point)[0], information


def _inverse(information: np.ndarray, k: int, penalty: float) -> np.ndarray:
    """Of an information that is blind to a constant on the first k coordinates, where these have sum 0."""
    level = np.zeros(len(information))
    level[:k] = 1 / np.sqrt(k)
    diagonal = np.zeros(len(information))
    diagonal[:k] = penalty
    constant = np.outer(level, level)
    return np.linalg.inv(information + np.diag(diagonal) + constant) - constant / (1 + penalty)
