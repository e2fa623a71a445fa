"""Preference statistics against statsmodels, scipy and loops written out."""

from itertools import permutations

import numpy as np
import pytest
from scipy.optimize import minimize

from vbanalysis.stats import bradley_terry, cohen_kappa, davidson, krippendorff_alpha

sm = pytest.importorskip("statsmodels.api")

NAMES = ["ada", "bo", "cy", "di"]


def comparisons(seed, n=300, tie=0.0):
    rng = np.random.default_rng(seed)
    strength = rng.normal(size=len(NAMES))
    pairs = [rng.choice(len(NAMES), 2, replace=False) for _ in range(n)]
    outcome = [
        0.5 if rng.random() < tie else float(rng.random() < 1 / (1 + np.exp(strength[b] - strength[a])))
        for a, b in pairs
    ]
    return [NAMES[a] for a, _ in pairs], [NAMES[b] for _, b in pairs], np.array(outcome)


@pytest.mark.parametrize("seed", range(4))
def test_bradley_terry_is_the_logistic_regression_of_statsmodels(seed):
    first, second, outcome = comparisons(seed)
    fit = bradley_terry(first, second, outcome)
    design = np.zeros((len(outcome), len(NAMES)))
    for row, (a, b) in enumerate(zip(first, second, strict=True)):
        design[row, NAMES.index(a)] += 1
        design[row, NAMES.index(b)] -= 1
    logit = sm.Logit(outcome, design[:, 1:]).fit(disp=0, tol=1e-12)
    for k, name in enumerate(NAMES[1:]):
        value, low, high = fit.difference(name, "ada")
        assert value == pytest.approx(logit.params[k], abs=1e-6)
        assert [low, high] == pytest.approx(logit.conf_int()[k].tolist(), abs=1e-6)
    assert fit.log_likelihood == pytest.approx(logit.llf, abs=1e-8)
    assert fit.strength.sum() == pytest.approx(0, abs=1e-9)


def davidson_loss(point, first, second, outcome):
    theta, nu = dict(zip(NAMES, point, strict=False)), np.exp(point[-1])
    loss = 0.0
    for a, b, won in zip(first, second, outcome, strict=True):
        p, q = np.exp(theta[a]), np.exp(theta[b])
        tie = nu * np.sqrt(p * q)
        loss -= np.log({1.0: p, 0.0: q, 0.5: tie}[float(won)] / (p + q + tie))
    return loss + sum(point[:-1]) ** 2  # pins the level, which the likelihood leaves free


@pytest.mark.parametrize("seed", range(3))
def test_davidson_is_the_peak_that_scipy_finds(seed):
    first, second, outcome = comparisons(seed, 150, tie=0.3)
    fit = davidson(first, second, outcome)
    found = minimize(
        davidson_loss, np.zeros(5), (first, second, outcome), method="BFGS", options={"gtol": 1e-7}
    )
    np.testing.assert_allclose(fit.strength, found.x[:4], atol=1e-4)
    assert fit.log_tie == pytest.approx(found.x[4], abs=1e-4)
    assert fit.log_likelihood == pytest.approx(-found.fun, abs=1e-6)
    np.testing.assert_allclose(fit.covariance, curvature_inverse(found.x, first, second, outcome), atol=2e-3)


def curvature_inverse(point, *data, step=1e-3):
    size = len(point)
    hessian = np.empty((size, size))
    for i in range(size):
        for j in range(size):
            value = 0.0
            for s, t in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
                moved = point.copy()
                moved[i] += s * step
                moved[j] += t * step
                value += s * t * davidson_loss(moved, *data)
            hessian[i, j] = value / (4 * step**2)
    inverse = np.linalg.inv(hessian)[:4, :4]
    centred = np.eye(4) - 0.25
    return centred @ inverse @ centred


@pytest.mark.parametrize(
    ("weights", "theirs"), [("nominal", None), ("linear", "linear"), ("quadratic", "quadratic")]
)
def test_cohen_kappa_is_that_of_statsmodels(weights, theirs):
    from statsmodels.stats.inter_rater import cohens_kappa

    rng = np.random.default_rng(0)
    first = rng.integers(0, 5, 80)
    second = np.where(rng.random(80) < 0.5, first, rng.integers(0, 5, 80))
    table = np.zeros((5, 5))
    np.add.at(table, (first, second), 1)
    expected = cohens_kappa(table, wt=theirs, return_results=False)
    assert cohen_kappa(first, second, weights) == pytest.approx(expected)


def alpha_by_loops(table, distance):
    units = [[v for v in row if not np.isnan(v)] for row in table]
    units = [row for row in units if len(row) > 1]
    pool = [v for row in units for v in row]
    seen = sum(distance(a, b, pool) / (len(row) - 1) for row in units for a, b in permutations(row, 2)) / len(
        pool
    )
    chance = sum(distance(a, b, pool) for a, b in permutations(pool, 2)) / (len(pool) * (len(pool) - 1))
    return 1 - seen / chance


def ordinal(a, b, pool):
    low, high = min(a, b), max(a, b)
    between = sum(low <= v <= high for v in pool)
    return (between - (pool.count(a) + pool.count(b)) / 2) ** 2


@pytest.mark.parametrize(
    ("level", "distance"),
    [
        ("nominal", lambda a, b, pool: float(a != b)),
        ("interval", lambda a, b, pool: (a - b) ** 2),
        ("ordinal", ordinal),
    ],
)
def test_krippendorff_alpha_is_its_definition_pair_by_pair(level, distance):
    rng = np.random.default_rng(1)
    table = rng.integers(1, 6, (12, 3)).astype(float)
    table[:, 1] = np.where(rng.random(12) < 0.6, table[:, 0], table[:, 1])
    table[rng.random(table.shape) < 0.15] = np.nan
    assert krippendorff_alpha(table, level) == pytest.approx(alpha_by_loops(table.tolist(), distance))


def test_krippendorff_alpha_of_his_own_example():
    # Krippendorff 2011, example C: four observers, twelve units, values missing.
    nan = np.nan
    table = np.array(
        [
            [1, 2, 3, 3, 2, 1, 4, 1, 2, nan, nan, nan],
            [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, nan, 3],
            [nan, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, nan],
            [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, nan],
        ]
    ).T
    assert [round(krippendorff_alpha(table, level), 3) for level in ("nominal", "ordinal", "interval")] == [
        0.743,
        0.815,
        0.849,
    ]
