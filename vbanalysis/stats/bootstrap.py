"""Bootstrap intervals over units, or over clusters of units that are not independent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar, get_args

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.stats._arguments import Clusters, count, finite_row, members
from vbanalysis.stats.estimate import FEWEST_FOR_INTERVAL, RANGE, Estimate

T = TypeVar("T")
Bootstrap = Literal["percentile", "bca"]

_WORDS = {"percentile": "percentile bootstrap", "bca": "BCa bootstrap"}
_BATCH = 4_000_000  # numbers drawn at once, so that memory does not grow with the number of units


def mean_estimate(values: np.ndarray, seed: int = 0, *, clusters: Clusters | None = None) -> Estimate:
    """Mean over units with a 95 % BCa bootstrap interval (Efron 1987; `scipy.stats.bootstrap`).

    With clusters, whole clusters are drawn, and each unit still counts once in the mean: a scene of many
    images weighs more than one of few (the ratio estimator of cluster sampling).

    Args:
        values: (n,) one finite number a unit: an image, not a pixel.
        seed: Of the 9,999 resamples.
        clusters: One label a unit, for instance its scene; None where the units are independent.

    Returns:
        The mean; with fewer independent units than `FEWEST_FOR_INTERVAL`, the range of the values, or of
        the clusters' means, in place of an interval.

    Raises:
        InputError: `values` is empty, not one-dimensional or not finite, or `clusters` does not fit it.

    Examples:
        >>> f"{mean_estimate(np.array([1.0, 2.0, 3.0, 4.0, 5.0])):.1f}"
        '3.0 [1.8, 4.2] n=5'
        >>> f"{mean_estimate(np.array([1.0, 2.0])):.1f}"
        '1.5 (from 1.0 to 2.0) n=2'
        >>> scenes = ["a", "a", "b", "c", "d", "e"]
        >>> f"{mean_estimate(np.array([1.0, 1.0, 2.0, 3.0, 4.0, 5.0]), clusters=scenes):.1f}"
        '2.7 [1.4, 4.0] n=6 in 5 clusters'
    """
    values = finite_row(values, "values")
    groups = members(clusters, len(values))
    n_clusters = None if clusters is None else len(groups)
    mean = float(values.mean())
    sums = values if clusters is None else np.array([values[group].sum() for group in groups])
    sizes = np.array([len(group) for group in groups], np.float64)
    means = sums / sizes
    if len(means) < FEWEST_FOR_INTERVAL:
        return Estimate(mean, float(means.min()), float(means.max()), len(values), RANGE, n_clusters)
    if np.ptp(means) == 0:
        return Estimate(mean, mean, mean, len(values), _WORDS["bca"], n_clusters)

    def ratio(sums: np.ndarray, sizes: np.ndarray, axis: int) -> np.ndarray:
        return np.asarray(sums.sum(axis=axis) / sizes.sum(axis=axis))

    if clusters is None:
        low, high, method = _bca((values,), np.mean, len(means), 9999, seed, vectorized=True)
    else:
        low, high, method = _bca((sums, sizes), ratio, len(means), 9999, seed, vectorized=True)
    return Estimate(mean, low, high, len(values), method, n_clusters)


def resampled_estimate(
    units: Sequence[T],
    statistic: Callable[[Sequence[T]], float],
    resamples: int = 1000,
    seed: int = 0,
    *,
    clusters: Clusters | None = None,
    method: Bootstrap = "percentile",
) -> Estimate:
    """A figure of a whole data set, with a 95 % bootstrap interval over its units (Efron 1979).

    For figures that are no mean over images: mIoU from summed confusions, F1 from summed matches.

    Args:
        units: One entry a unit, whatever `statistic` takes.
        statistic: The figure of a list of units; resamples where it is NaN are left out of the interval.
        resamples: Of the bootstrap.
        seed: Of the resamples.
        clusters: One label a unit, drawn together where they are equal; None for independent units.
        method: `"percentile"`, or `"bca"`, which corrects for bias and skew and calls `statistic` once more
            for each cluster left out; where it is not defined the percentiles stand, and the result says so.

    Returns:
        The figure; with fewer independent units than `FEWEST_FOR_INTERVAL`, its range over single units or
        clusters in place of an interval.

    Raises:
        InputError: There are no units, `clusters` does not fit them, or `method` is neither.

    Examples:
        >>> hits = [(1, 2), (1, 4), (3, 4), (2, 2), (0, 3)]
        >>> def ratio(units):
        ...     return sum(a for a, _ in units) / sum(b for _, b in units)
        >>> f"{resampled_estimate(hits, ratio):.2f}"
        '0.47 [0.19, 0.78] n=5'
    """
    if not len(units):
        raise InputError("units must hold at least one unit, got none")
    if method not in get_args(Bootstrap):
        raise InputError(f"method must be one of {', '.join(get_args(Bootstrap))}, got {method!r}")
    count(resamples, "resamples", 1)
    groups = members(clusters, len(units))
    n_clusters = None if clusters is None else len(groups)
    value = float(statistic(units))
    if len(groups) < FEWEST_FOR_INTERVAL:
        alone = [statistic([units[k] for k in group]) for group in groups]
        return Estimate(value, *_ends(alone, (0.0, 1.0)), len(units), RANGE, n_clusters)

    def figure(drawn: np.ndarray) -> float:
        return statistic([units[k] for group in drawn for k in groups[group]])

    if method == "bca":
        places = np.arange(len(groups))
        low, high, words = _bca((places,), figure, len(groups), resamples, seed, vectorized=False)
        return Estimate(value, low, high, len(units), words, n_clusters)
    rng = np.random.default_rng(seed)
    figures = [figure(rng.integers(len(groups), size=len(groups))) for _ in range(resamples)]
    return Estimate(value, *_ends(figures), len(units), _WORDS[method], n_clusters)


def _bca(
    data: tuple[np.ndarray, ...],
    statistic: Callable[..., Any],
    n: int,
    resamples: int,
    seed: int,
    *,
    vectorized: bool,
) -> tuple[float, float, str]:
    """Ends of the BCa interval of a statistic of `n` units, and the method that they are by."""
    import warnings

    from scipy.stats import DegenerateDataWarning, bootstrap

    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        warnings.simplefilter("ignore", DegenerateDataWarning)
        found = bootstrap(
            data,
            statistic,
            paired=len(data) > 1,
            vectorized=vectorized,
            n_resamples=resamples,
            batch=max(1, _BATCH // n),
            method="BCa",
            rng=np.random.default_rng(seed),
        )
    low, high = map(float, found.confidence_interval)
    if np.isfinite([low, high]).all():
        return low, high, _WORDS["bca"]
    return *_ends(found.bootstrap_distribution), f"{_WORDS['percentile']} (BCa is not defined)"


def _ends(
    figures: Sequence[float] | np.ndarray, quantiles: tuple[float, float] = (0.025, 0.975)
) -> tuple[float, float]:
    known = np.asarray(figures, np.float64)
    known = known[~np.isnan(known)]
    if not len(known):
        return np.nan, np.nan
    low, high = np.quantile(known, quantiles)
    return float(low), float(high)
