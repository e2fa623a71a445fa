"""Oracles: torchmetrics' functional metrics and passes of torch, in float64; NumPy for the compiled sums."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchmetrics.functional import (
    explained_variance,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
)
from torchmetrics.functional.classification import binary_accuracy

from vbanalysis.metrics import depth_metrics
from vbanalysis.metrics._depth_sums import depth_sums, numpy_sums


def maps(seed, dtype):
    """Depths as a benchmark has them, from one pixel to several blocks of the compiled sums."""
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, rng.choice([4, 40, 90]), 2))
    true = np.exp(rng.uniform(-2, 4, shape))
    spread = rng.choice([0.0, 1e-6, 0.05, 1.0])
    predicted = true * np.exp(rng.choice([0.0, 1e-3, -2.0]) + rng.normal(0, spread, shape))
    valid = rng.random(shape) < 0.9
    valid[0, 0] = True
    return predicted.astype(dtype), true.astype(dtype), valid


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_all_figures_equal_torchmetrics(dtype):
    for seed in range(80):
        predicted, true, valid = maps(seed, dtype)
        found = depth_metrics(predicted, true, cap_m=(1e-6, 1e6), valid=valid)
        p, t = (torch.tensor(array[valid], dtype=torch.float64) for array in (predicted, true))
        d = p.log() - t.log()
        ratio = torch.maximum(p / t, t / p)
        inside = torch.ones(len(p), dtype=torch.long)
        hits = [binary_accuracy((ratio < 1.25**k).double(), inside) for k in (1, 2, 3)]  # in float32
        expected = {
            **{f"delta{k}": round(float(share) * len(p)) / len(p) for k, share in enumerate(hits, start=1)},
            "absrel": mean_absolute_percentage_error(p, t),
            "sqrel": mean_squared_error(p / t.sqrt(), t.sqrt()),
            "rmse": mean_squared_error(p, t, squared=False),
            "rmse_log": mean_squared_error(p.log(), t.log(), squared=False),
            "log10": mean_absolute_error(p.log10(), t.log10()),
            "silog": 100 * d.std(correction=0),
            "silog_eigen": (d**2).mean() - 0.5 * d.mean() ** 2,
            "log_bias": d.mean(),
        }
        for name, value in expected.items():
            # Logarithms of both sides are good to 1e-15, so their difference is.
            assert getattr(found, name) == pytest.approx(float(value), rel=1e-9, abs=1e-13), (seed, name)
        assert found.n == len(p)


def test_the_spread_of_the_logarithms_is_what_explained_variance_leaves():
    for seed in range(40):
        predicted, true, _ = maps(1000 + seed, np.float64)
        if true.size < 2:
            continue
        found = depth_metrics(predicted, true, cap_m=(1e-6, 1e6))
        p, t = (torch.tensor(np.log(array).ravel()) for array in (predicted, true))
        left = (1 - explained_variance(p, t)) * t.var(correction=0)
        assert (found.silog / 100) ** 2 == pytest.approx(float(left), rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("unbounded", [True, False])
@pytest.mark.parametrize("unknown", [True, False])
@pytest.mark.parametrize("cap", [(1e-3, 10.0), (0.5, 1e100), (1e-100, 1e100)])
def test_compiled_sums_equal_those_of_numpy(cap, unbounded, unknown):
    for seed in range(30):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(1, 5000))
        true = np.exp(rng.uniform(-230, 230, n) if cap[1] > 10 else rng.uniform(-3, 4, n))
        predicted = true * np.exp(rng.normal(0, 0.3, n)) if seed % 3 else np.exp(rng.uniform(-230, 230, n))
        for values in (true, predicted):
            for strange in (np.nan, np.inf, -np.inf, 0.0, -0.0, -2.0):
                values[rng.random(n) < 0.03] = strange
        mask = rng.random(n) < 0.8
        ours = depth_sums(predicted[None], true[None], mask[None], cap, unbounded, unknown)
        twin = numpy_sums(predicted, true, mask, cap, unbounded, unknown)
        assert ours[:6] == twin[:6]
        assert ours[6:] == pytest.approx(twin[6:], rel=1e-10, abs=1e-14), seed
