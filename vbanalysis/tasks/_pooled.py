"""Figures that follow from sums over samples and are no mean of theirs: an IoU of summed confusions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from vbanalysis.stats import FEWEST_FOR_INTERVAL, RANGE, Clusters, Estimate

RESAMPLES = 1000
PERMUTATIONS = 9999

_METHOD = "percentile bootstrap"


class Pooled(NamedTuple):
    """What the samples of a run add up to.

    Attributes:
        parts: (n, k) what each sample adds to the sums.
        figures: From (k,) sums to figures by name; NaN where one is not defined.
    """

    parts: np.ndarray
    figures: Callable[[np.ndarray], Mapping[str, float]]


class PooledDifference(NamedTuple):
    """A pooled figure of two runs on the same samples.

    Attributes:
        first: The first run's.
        second: The second run's.
        difference: Second minus first, with its interval.
        p: Of a two-sided permutation test: how often the difference is as large when the runs change places
            on samples at random.
    """

    first: float
    second: float
    difference: Estimate
    p: float


def summed(pooled: Pooled, clusters: Clusters | None = None, seed: int = 0) -> dict[str, Estimate]:
    """Pooled figures with 95 % percentile intervals.

    The bootstrap draws how often each sample is taken, so a resample is one product with `parts`.

    Args:
        pooled: The samples' parts.
        clusters: One label a sample, drawn together where they are equal.
        seed: Of the resamples.

    Returns:
        By name, those left out that are not defined for the whole; with fewer samples, or clusters, than
        `FEWEST_FOR_INTERVAL` the range over them in place of an interval.
    """
    parts, n_clusters = _together(pooled.parts, clusters)
    drawn = list(map(pooled.figures, _weights(len(parts), seed) @ parts))
    ends = {}
    for name, value in pooled.figures(parts.sum(axis=0)).items():
        if np.isfinite(value):
            low, high, method = _interval([each.get(name, np.nan) for each in drawn], len(parts))
            # A sample that adds nothing, such as one without a pixel to compare, is none.
            n = int(np.count_nonzero(pooled.parts.any(axis=1)))
            ends[name] = Estimate(float(value), low, high, n, method, n_clusters)
    return ends


def summed_difference(
    first: Pooled, second: Pooled, clusters: Clusters | None = None, seed: int = 0
) -> dict[str, PooledDifference]:
    """Differences of pooled figures of two runs, the same samples drawn for both.

    Args:
        first: Parts of a run.
        second: Of another one, of the same samples in the same order.
        clusters: As in `summed`; the runs change places on all samples of a cluster at once.
        seed: Of the resamples and permutations.
    """
    (one, n_clusters), (two, _) = _together(first.parts, clusters), _together(second.parts, clusters)
    weights = _weights(len(one), seed)
    drawn = [(first.figures(a), second.figures(b)) for a, b in zip(weights @ one, weights @ two, strict=True)]
    swaps = np.random.default_rng([seed, 1]).integers(0, 2, (PERMUTATIONS, len(one)))
    moved = swaps @ (two - one)
    swapped = [
        (first.figures(a), second.figures(b))
        for a, b in zip(one.sum(axis=0) + moved, two.sum(axis=0) - moved, strict=True)
    ]
    found: dict[str, PooledDifference] = {}
    whole, other = first.figures(one.sum(axis=0)), second.figures(two.sum(axis=0))
    for name, value in whole.items():
        difference = other.get(name, np.nan) - value
        if not np.isfinite(difference):
            continue
        low, high, method = _interval([b[name] - a[name] for a, b in drawn], len(one))
        by_chance = np.array([b[name] - a[name] for a, b in swapped])
        # As large but for rounding; the observed one counts among them (Phipson and Smyth 2010).
        as_large = np.abs(by_chance) >= abs(difference) - 1e-12
        p = float((1 + np.count_nonzero(as_large)) / (1 + np.count_nonzero(np.isfinite(by_chance))))
        estimate = Estimate(float(difference), low, high, len(first.parts), method, n_clusters)
        found[name] = PooledDifference(float(value), float(other[name]), estimate, p)
    return found


def _together(parts: np.ndarray, clusters: Clusters | None) -> tuple[np.ndarray, int | None]:
    """The sums of each cluster, and how many clusters there are."""
    if clusters is None:
        return parts, None
    labels, places = np.unique(np.asarray(clusters), return_inverse=True)
    sums = np.zeros((len(labels), parts.shape[1]), parts.dtype)
    np.add.at(sums, places, parts)
    return sums, len(labels)


def _weights(n: int, seed: int) -> np.ndarray:
    """How often each unit is taken in each resample; where they are too few for that, each unit alone."""
    if n < FEWEST_FOR_INTERVAL:
        return np.eye(n, dtype=np.int64)
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=RESAMPLES)


def _interval(values: list[float], n: int) -> tuple[float, float, str]:
    known = np.array(values, np.float64)
    known = known[np.isfinite(known)]
    few = n < FEWEST_FOR_INTERVAL
    if not len(known):
        return np.nan, np.nan, RANGE if few else _METHOD
    low, high = np.quantile(known, (0.0, 1.0) if few else (0.025, 0.975))
    return float(low), float(high), RANGE if few else _METHOD
