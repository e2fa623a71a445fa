"""Distances of distributions against torchmetrics, SciPy and loops written out."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from vbanalysis.metrics.distributions import frechet_distance, kernel_distance
from vbanalysis.stats import jackknife_estimate

SIZES = [(40, 60, 5), (30, 30, 64), (25, 12, 1)]


def features(seed, n, m, dimensions):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, dimensions)), rng.normal(0.3, 1.4, (m, dimensions))


@pytest.mark.parametrize("size", [(60, 60, 5), (30, 30, 64), (12, 12, 1)])
def test_the_kernel_distance_is_that_of_torchmetrics(size):
    torch, kid = pytest.importorskip("torch"), pytest.importorskip("torchmetrics.image.kid")
    x, y = features(0, *size)
    theirs = kid.poly_mmd(torch.from_numpy(x), torch.from_numpy(y))
    assert kernel_distance(x, y).value == pytest.approx(float(theirs), rel=1e-9)


def by_loops(x, y):
    def k(a, b):
        return (float(a @ b) / len(a) + 1) ** 3

    n, m = len(x), len(y)
    own = sum(k(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    other = sum(k(y[i], y[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return own + other - 2 * sum(k(a, b) for a in x for b in y) / (n * m)


def gretton(x, y):
    """Equation 3 of Gretton et al. 2012: over pairs of two prompts, no prompt with itself."""

    def k(a, b):
        return (float(a @ b) / len(a) + 1) ** 3

    n = len(x)
    return sum(
        k(x[i], x[j]) + k(y[i], y[j]) - k(x[i], y[j]) - k(x[j], y[i])
        for i in range(n)
        for j in range(n)
        if i != j
    ) / (n * (n - 1))


def test_pictures_of_the_same_prompts_are_not_biased_towards_each_other():
    # Two draws for each prompt have one distribution: their distance is 0 on average.
    rng = np.random.default_rng(5)
    found = {True: [], False: []}
    for _ in range(300):
        prompt = 2 * rng.normal(size=(12, 3))
        x, y = (prompt + 0.3 * rng.normal(size=prompt.shape) for _ in range(2))
        for paired, values in found.items():
            values.append(kernel_distance(x, y, paired=paired).value)
    error = np.std(found[True]) / np.sqrt(300)
    assert abs(np.mean(found[True])) < 3 * error
    assert np.mean(found[False]) < -10 * error


@pytest.mark.parametrize("size", SIZES[1:])
def test_the_kernel_distance_is_its_definition_and_so_is_each_with_one_left_out(size):
    x, y = features(1, *size)
    found = kernel_distance(x, y)
    assert found.value == pytest.approx(by_loops(x, y), rel=1e-9)
    assert found.without[3] == pytest.approx(by_loops(np.delete(x, 3, 0), y), rel=1e-9)
    if len(x) == len(y):
        paired = kernel_distance(x, y, paired=True)
        assert paired.value == pytest.approx(gretton(x, y), rel=1e-9)
        expected = gretton(np.delete(x, 3, 0), np.delete(y, 3, 0))
        assert paired.without[3] == pytest.approx(expected, rel=1e-9)


def test_the_jackknife_covers_the_distance_of_the_populations():
    # E k(x, x') of independent normal vectors in closed form would be long: a large sample stands for it.
    x, y = features(2, 3000, 3000, 6)
    truth = kernel_distance(x, y).value
    hits = 0
    for seed in range(100):
        x, y = features(100 + seed, 80, 80, 6)
        found = kernel_distance(x, y, paired=True)
        each = jackknife_estimate(found.value, found.without)
        hits += each.low <= truth <= each.high
    assert 88 <= hits <= 100


@pytest.mark.parametrize("size", [(200, 150, 5), (300, 300, 40)])
def test_the_frechet_distance_is_that_of_scipy_and_torchmetrics(size):
    x, y = features(3, *size)
    one, other = np.cov(x.T), np.cov(y.T)
    apart = x.mean(axis=0) - y.mean(axis=0)
    expected = apart @ apart + np.trace(one + other - 2 * sqrtm(one @ other).real)
    found = frechet_distance(x, y).value
    assert found == pytest.approx(expected, rel=1e-6)
    torch, fid = pytest.importorskip("torch"), pytest.importorskip("torchmetrics.image.fid")
    theirs = fid._compute_fid(*(torch.from_numpy(each) for each in (x.mean(0), one, y.mean(0), other)))
    assert found == pytest.approx(float(theirs), rel=1e-6)


def test_the_extrapolated_distance_is_less_biased_than_the_plain_one():
    rng = np.random.default_rng(4)
    plain, unlimited = [], []
    for _ in range(20):
        found = frechet_distance(rng.normal(size=(200, 16)), rng.normal(size=(200, 16)), rng=rng)
        plain.append(found.value)
        unlimited.append(found.unlimited)
    assert np.mean(plain) > 0.6  # the truth is 0
    assert abs(np.mean(unlimited)) < 0.35 * np.mean(plain)
