"""How far raters agree beyond chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.stats._arguments import Clusters, paired_rows
from vbanalysis.stats.bootstrap import resampled_estimate
from vbanalysis.stats.estimate import Estimate

Level = Literal["nominal", "ordinal", "interval"]


def krippendorff_alpha(ratings: np.ndarray | Sequence[Sequence[float]], level: Level = "nominal") -> float:
    """Krippendorff's alpha: 1 for full agreement, 0 for what chance would give, below it for less.

    Any number of raters, and ratings may be missing. Source: Krippendorff, "Computing Krippendorff's
    Alpha-Reliability", 2011.

    Args:
        ratings: (units, raters) numbers, NaN where a rater did not rate. A unit with one rating tells
            nothing.
        level: How far two ratings are apart: `"nominal"`, equal or not; `"ordinal"`, by how many ratings lie
            between them; `"interval"`, by the square of their difference.

    Raises:
        InputError: No table of numbers, no unit with two ratings, or all ratings alike, so that nothing can
            be said.

    Examples:
        >>> round(krippendorff_alpha([[1, 1], [2, 2], [3, 3], [1, 2]], "interval"), 3)
        0.821
    """
    if level not in get_args(Level):
        raise InputError(f"level must be one of {', '.join(get_args(Level))}, got {level!r}")
    table = _table(ratings)
    table = table[(~np.isnan(table)).sum(axis=1) >= 2]
    if not len(table):
        raise InputError("ratings hold no unit with two ratings: nothing can be compared")
    values = np.unique(table[~np.isnan(table)])
    counts = np.stack([(table == value).sum(axis=1) for value in values], axis=1).astype(float)
    raters = counts.sum(axis=1, keepdims=True)
    together = (counts / (raters - 1)).T @ counts - np.diag((counts / (raters - 1)).sum(axis=0))
    totals = together.sum(axis=0)
    distance = _distance(values, totals, level)
    by_chance = float((np.outer(totals, totals) * distance).sum() / (totals.sum() - 1))
    if by_chance == 0:
        raise InputError("ratings are all alike: agreement beyond chance is not defined")
    return float(1 - (together * distance).sum() / by_chance)


def cohen_kappa(
    first: np.ndarray, second: np.ndarray, weights: Literal["nominal", "linear", "quadratic"] = "nominal"
) -> float:
    """Cohen's kappa of two raters: 1 for full agreement, 0 for what their own shares would give by chance.

    Args:
        first: (units,) ratings.
        second: (units,) ratings of the same units.
        weights: How much a disagreement counts: all alike, by the distance of the categories' places, or by
            its square (Cohen 1968).

    Raises:
        InputError: The rows differ in length, are empty or not finite, or there is one category.

    Examples:
        >>> first, second = np.array([1, 2, 3, 3, 2]), np.array([1, 2, 3, 2, 2])
        >>> cohen_kappa(first, second), cohen_kappa(first, second, "quadratic")
        (0.6875, 0.8)
    """
    if weights not in ("nominal", "linear", "quadratic"):
        raise InputError(f"weights must be nominal, linear or quadratic, got {weights!r}")
    one, other = np.asarray(first, float), np.asarray(second, float)
    if one.ndim != 1 or one.shape != other.shape or not one.size:
        raise InputError(f"first and second must be rows of one length, got {one.shape} and {other.shape}")
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        raise InputError("first and second must be finite: leave out units that one did not rate")
    values, places = np.unique(np.concatenate([one, other]), return_inverse=True)
    if len(values) < 2:
        raise InputError("ratings are all alike: agreement beyond chance is not defined")
    a, b = places[: len(one)], places[len(one) :]
    gap = np.abs(np.subtract.outer(np.arange(len(values)), np.arange(len(values)))).astype(float)
    cost = {"nominal": (gap > 0).astype(float), "linear": gap, "quadratic": gap**2}[weights]
    shares_a = np.bincount(a, minlength=len(values)) / len(a)
    shares_b = np.bincount(b, minlength=len(values)) / len(b)
    return 1 - float(cost[a, b].mean()) / float(shares_a @ cost @ shares_b)


def fleiss_kappa(ratings: np.ndarray | Sequence[Sequence[float]]) -> float:
    """Fleiss' kappa of several raters in unordered categories (Fleiss 1971); every unit has all ratings.

    It differs from the nominal `krippendorff_alpha` by a correction for few units alone.

    Args:
        ratings: (units, raters) numbers, at least two raters.

    Raises:
        InputError: No such table, a rating is missing, or there is one category.

    Examples:
        >>> round(fleiss_kappa([[1, 1, 1], [2, 2, 1], [2, 2, 2]]), 3)
        0.55
    """
    table = _table(ratings)
    if np.isnan(table).any() or table.shape[1] < 2:
        raise InputError(
            "ratings must be of at least two raters and none missing: use krippendorff_alpha where some are"
        )
    values = np.unique(table)
    if len(values) < 2:
        raise InputError("ratings are all alike: agreement beyond chance is not defined")
    counts = np.stack([(table == value).sum(axis=1) for value in values], axis=1).astype(float)
    raters = table.shape[1]
    seen = float(((counts**2).sum(axis=1) - raters).mean() / (raters * (raters - 1)))
    by_chance = float(((counts.sum(axis=0) / table.size) ** 2).sum())
    return (seen - by_chance) / (1 - by_chance)


def rank_correlation(
    first: np.ndarray,
    second: np.ndarray,
    method: Literal["spearman", "kendall"] = "spearman",
    *,
    clusters: Clusters | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> Estimate:
    """How far two scores order the same units alike: Spearman's rho or Kendall's tau-b, from -1 to 1.

    Args:
        first: (n,) scores, such as an automatic judge's.
        second: (n,) scores of the same units, such as means of people's ratings.
        method: Tau-b counts pairs in the same order, with a correction for ties (Kendall 1945).
        clusters: One label a unit, such as its prompt; units of a label are drawn together.
        resamples: Of the bootstrap of the 95 % percentile interval.
        seed: Of the resamples.

    Raises:
        InputError: The rows do not fit each other or are not finite, one of them is constant, or `method` is
            neither.

    Examples:
        >>> f"{rank_correlation([1, 2, 3, 4, 5], [1, 3, 2, 4, 5]).value:.2f}"
        '0.90'
    """
    from scipy.stats import kendalltau, rankdata

    a, b = paired_rows(first, second)
    if method not in ("spearman", "kendall"):
        raise InputError(f"method must be spearman or kendall, got {method!r}")
    for name, row in (("first", a), ("second", b)):
        if np.ptp(row) == 0:
            raise InputError(f"{name} is the same for all units: it gives them no order")

    def figure(places: Sequence[int]) -> float:
        x, y = a[np.asarray(places)], b[np.asarray(places)]
        if np.ptp(x) == 0 or np.ptp(y) == 0:
            return np.nan
        if method == "kendall":
            return float(kendalltau(x, y).statistic)
        return float(np.corrcoef(rankdata(x), rankdata(y))[0, 1])

    return resampled_estimate(range(len(a)), figure, resamples, seed, clusters=clusters)


def _table(ratings: np.ndarray | Sequence[Sequence[float]]) -> np.ndarray:
    try:
        table = np.asarray(ratings, float)
    except (TypeError, ValueError):
        raise InputError("ratings must be numbers, NaN where there is none") from None
    if table.ndim != 2 or not table.size:
        raise InputError(f"ratings must be (units, raters), got shape {table.shape}")
    if np.isinf(table).any():
        raise InputError("ratings must be finite, NaN where there is none; got an infinite one")
    return table


def _distance(values: np.ndarray, totals: np.ndarray, level: Level) -> np.ndarray:
    if level == "nominal":
        return 1 - np.eye(len(values))
    if level == "interval":
        return np.asarray(np.subtract.outer(values, values) ** 2)
    below = np.cumsum(totals) - totals / 2  # the middle of each value's ranks
    return np.asarray(np.subtract.outer(below, below) ** 2)
