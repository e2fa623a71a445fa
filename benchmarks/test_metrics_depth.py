"""The figures of a depth map of 480x640 against torchmetrics and torch, a pass or more for each figure."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vbanalysis.metrics import depth_metrics

CAP_M = (1e-3, 10.0)


def frame(dtype: type) -> tuple[np.ndarray, np.ndarray]:
    """A room, its holes, and a prediction that is some 20 % off."""
    rng = np.random.default_rng(0)
    true = np.linspace(9.0, 0.8, 480)[:, None] * rng.uniform(0.9, 1.1, (480, 640))
    predicted = true * np.exp(rng.normal(0.05, 0.2, true.shape))
    true[100:140, 200:300] = np.nan
    return predicted.astype(dtype), true.astype(dtype)


def separate_passes(predicted: torch.Tensor, true: torch.Tensor) -> dict[str, float]:
    """What an evaluator in that style does: mask and clip once, then let each metric look for itself."""
    from torchmetrics.functional import mean_absolute_percentage_error, mean_squared_error

    compared = (true > CAP_M[0]) & (true <= CAP_M[1])
    p, t = predicted[compared].clamp(*CAP_M), true[compared]
    ratio = torch.maximum(p / t, t / p)
    found = {
        **{f"delta{k}": (ratio < 1.25**k).double().mean() for k in (1, 2, 3)},
        "absrel": mean_absolute_percentage_error(p, t),
        "sqrel": mean_squared_error(p / t.sqrt(), t.sqrt()),
        "rmse": mean_squared_error(p, t, squared=False),
        "rmse_log": mean_squared_error(p.log(), t.log(), squared=False),
        "log10": (p.log10() - t.log10()).abs().mean(),
        "silog": 100 * (p.log() - t.log()).std(correction=0),
    }
    return {name: float(value) for name, value in found.items()}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_figures_of_a_frame(benchmark, versus, best, dtype):
    predicted, true = frame(dtype)
    tensors = torch.from_numpy(predicted), torch.from_numpy(true)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        expected = separate_passes(*tensors)
        peer_s = best(30, lambda: separate_passes(*tensors))
    finally:
        torch.set_num_threads(before)
    found = benchmark(depth_metrics, predicted, true, cap_m=CAP_M)
    # In float32 the peer's own sums are good to a few digits.
    tolerance = 1e-9 if dtype is np.float64 else 1e-4
    assert {name: getattr(found, name) for name in expected} == pytest.approx(expected, rel=tolerance)
    versus(
        f"depth metrics, {np.dtype(dtype).name} 640x480",
        best(60, lambda: depth_metrics(predicted, true, cap_m=CAP_M)),
        "torchmetrics, one thread",
        peer_s,
        at_least=5,
    )
