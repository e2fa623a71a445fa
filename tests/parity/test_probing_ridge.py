"""Ridge regression from sums against numpy's least squares on rows with the penalty appended (Tikhonov)."""

import numpy as np
import pytest

from vbanalysis.probing.ridge import Sums, chosen_ridge, ridge, squared_error


def data(n=80, c=6, k=3, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, c)) @ rng.normal(size=(c, c)) * rng.uniform(0.01, 100, c) + rng.normal(0, 50, c)
    y = x @ rng.normal(size=(c, k)) * 0.1 + rng.normal(size=(n, k)) + 3
    return x, y


def augmented(x, y, penalty):
    """min ||Z w - y||^2 / n + penalty ||w||^2 as one least-squares problem, back in units of x."""
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    z = (x - mean) / deviation
    rows = np.concatenate([z, np.sqrt(len(x) * penalty) * np.eye(x.shape[1])])
    right = np.concatenate([y - y.mean(axis=0), np.zeros((x.shape[1], y.shape[1]))])
    weights = np.linalg.lstsq(rows, right, rcond=None)[0] / deviation[:, None]
    return weights, y.mean(axis=0) - mean @ weights


@pytest.mark.parametrize("penalty", [0.0, 1e-6, 1e-3, 0.1, 1.0, 100.0])
@pytest.mark.parametrize("seed", range(3))
def test_weights_and_bias_are_those_of_least_squares_with_appended_rows(penalty, seed):
    x, y = data(seed=seed)
    (probe,) = ridge(Sums.of(x, y), [penalty])
    weights, bias = augmented(x, y, penalty)
    spread = x.std(axis=0)[:, None]
    np.testing.assert_allclose(probe.weights * spread, weights * spread, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(probe.bias, bias, rtol=1e-5, atol=1e-5)


def test_the_error_from_sums_is_the_error_of_the_rows():
    x, y = data()
    other, targets = data(50, seed=4)
    (probe,) = ridge(Sums.of(x, y), [0.1])
    direct = ((other @ probe.weights + probe.bias - targets) ** 2).sum(axis=1).mean()
    assert squared_error(probe, Sums.of(other, targets)) == pytest.approx(direct, rel=1e-8)


def test_cross_validation_from_sums_is_cross_validation_by_hand():
    x, y = data(90)
    fold = np.arange(90) % 3
    penalties = [1e-4, 1e-2, 1.0]
    errors = []
    for penalty in penalties:
        total = 0.0
        for k in range(3):
            weights, bias = augmented(x[fold != k], y[fold != k], penalty)
            total += ((x[fold == k] @ weights + bias - y[fold == k]) ** 2).sum()
        errors.append(total / 90)
    found = chosen_ridge([Sums.of(x[fold == k], y[fold == k]) for k in range(3)], penalties)
    assert found.penalty == penalties[int(np.argmin(errors))]
    assert found.loss == pytest.approx(min(errors), rel=1e-6)


def test_sums_of_parts_are_the_sums_of_all_and_of_some_targets():
    x, y = data()
    parts = Sums.of(x[:30], y[:30]) + Sums.of(x[30:], y[30:])
    whole = Sums.of(x, y)
    for name in ("n", "x", "y", "xx", "xy", "yy"):
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name))
    some = whole.of_targets(slice(1, 3))
    (all_of_it,), (part,) = ridge(whole, [0.1]), ridge(some, [0.1])
    np.testing.assert_allclose(part.weights, all_of_it.weights[:, 1:3])
