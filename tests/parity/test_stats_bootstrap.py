"""Oracles: Efron's BCa interval written out from his formulas, a unit and a resample at a time, over the same
random draws; and `scipy.stats.bootstrap` where there are no clusters."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
import scipy.stats

from vbanalysis.stats import mean_estimate, paired_difference, resampled_estimate


def bca(figure, units, drawn):
    """Efron 1987: bias from the share of resamples below the figure, acceleration from the jackknife."""
    normal = statistics.NormalDist()
    value = figure(units)
    resampled = sorted(figure([units[k] for k in row]) for row in drawn)
    below = sum(each < value for each in resampled) + sum(each == value for each in resampled) / 2
    bias = normal.inv_cdf(below / len(resampled))
    left_out = [figure(units[:k] + units[k + 1 :]) for k in range(len(units))]
    away = [statistics.fmean(left_out) - each for each in left_out]
    acceleration = sum(a**3 for a in away) / (6 * sum(a**2 for a in away) ** 1.5)
    ends = []
    for q in (0.025, 0.975):
        z = bias + normal.inv_cdf(q)
        place = normal.cdf(bias + z / (1 - acceleration * z)) * (len(resampled) - 1)
        under = int(place)
        over = min(under + 1, len(resampled) - 1)
        ends.append(resampled[under] + (place - under) * (resampled[over] - resampled[under]))
    return ends


def scenes(seed):
    """Skewed values of images that share scenes of uneven size, scenes in mixed order."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, rng.integers(6, 15), size=rng.integers(25, 60))
    level = rng.gamma(1.0, 1.0, 20)
    # In steps of 1/64, so that sums are exact and a resample with the figure of the whole is seen as equal.
    values = np.round(64 * (level[labels] + rng.gamma(0.5, 1.0, len(labels)))) / 64
    return values, labels.astype(str)


def grouped(values, labels):
    return [values[labels == label].tolist() for label in dict.fromkeys(labels)]


@pytest.mark.parametrize("seed", range(12))
def test_a_mean_over_clusters_has_the_interval_of_the_formulas(seed):
    values, labels = scenes(seed)
    units = grouped(values, labels)
    found = mean_estimate(values, seed, clusters=labels)

    def mean(clusters):
        return sum(map(sum, clusters)) / sum(map(len, clusters))

    drawn = np.random.default_rng(seed).integers(0, len(units), size=(9999, len(units)))
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx(bca(mean, units, drawn), rel=1e-6)
    assert (found.n, found.clusters, found.method) == (len(values), len(units), "BCa bootstrap")


@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_any_figure_has_the_interval_of_the_formulas(seed, clustered):
    values, labels = scenes(seed)
    units = grouped(values, labels) if clustered else [[value] for value in values]

    def spread(values):
        return float(np.std(list(values)))

    found = resampled_estimate(
        values.tolist(), spread, 400, seed, clusters=labels if clustered else None, method="bca"
    )
    drawn = np.random.default_rng(seed).integers(0, len(units), size=(400, len(units)))
    expected = bca(lambda parts: spread([v for part in parts for v in part]), units, drawn)
    assert (found.low, found.high) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_without_clusters_it_is_scipys_interval(seed):
    rng = np.random.default_rng(100 + seed)
    first, second = rng.gamma(1.0, 1.0, (2, rng.integers(5, 80)))
    found = paired_difference(first, second, seed=seed)
    expected = scipy.stats.bootstrap(
        (first, second),
        lambda a, b, axis: (a - b).mean(axis=axis),
        paired=True,
        method="BCa",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx(tuple(expected), rel=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_clusters_of_one_unit_each_change_nothing(seed):
    values, _ = scenes(seed)
    alone, labelled = (
        mean_estimate(values, seed),
        mean_estimate(values, seed, clusters=np.arange(len(values))),
    )
    assert labelled[:4] == pytest.approx(alone[:4], rel=1e-9)
    figures = [
        resampled_estimate(values.tolist(), np.median, 200, seed, clusters=labels)
        for labels in (None, list(range(len(values))))
    ]
    assert figures[0][:4] == figures[1][:4]
