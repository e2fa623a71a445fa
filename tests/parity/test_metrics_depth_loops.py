"""Oracle: the definitions of Eigen et al. 2014, a pixel at a time in Python's own arithmetic."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest

from vbanalysis.metrics import depth_metrics, depth_metrics_by_region, pool_depth


def oracle(predicted, true, cap_m, alignment, unbounded, unknown, valid):
    low, high = cap_m
    pairs, n_unbounded, n_unknown = [], 0, 0
    for p, t, inside in zip(predicted.ravel(), true.ravel(), valid.ravel(), strict=True):
        p, t = float(p), float(t)
        if not inside or math.isnan(t) or math.isinf(t) or t <= low or t > high:
            continue
        kind = "unbounded" if p == math.inf else "unknown" if math.isnan(p) or p <= 0 else "known"
        n_unbounded += kind == "unbounded"
        n_unknown += kind == "unknown"
        pairs.append((kind, p, t))

    known = [(p, t) for kind, p, t in pairs if kind == "known"]
    scale = 1.0
    if alignment == "median" and known:
        scale = statistics.median(t for _, t in known) / statistics.median(p for p, _ in known)

    compared = []
    for kind, p, t in pairs:
        if kind == "known":
            compared.append((min(max(p * scale, low), high), t))
        elif kind == "unbounded" and unbounded == "clip":
            compared.append((high, t))
        elif kind == "unknown" and unknown == "miss":
            compared.append((low, t))
    n = len(compared)
    logs = [math.log(p) - math.log(t) for p, t in compared]
    ratios = [max(p / t, t / p) for p, t in compared]
    return {
        "delta1": sum(ratio < 1.25 for ratio in ratios) / n,
        "delta2": sum(ratio < 1.5625 for ratio in ratios) / n,
        "delta3": sum(ratio < 1.953125 for ratio in ratios) / n,
        "absrel": sum(abs(p - t) / t for p, t in compared) / n,
        "sqrel": sum((p - t) ** 2 / t for p, t in compared) / n,
        "rmse": math.sqrt(sum((p - t) ** 2 for p, t in compared) / n),
        "rmse_log": math.sqrt(sum(error**2 for error in logs) / n),
        "log10": sum(abs(math.log10(p) - math.log10(t)) for p, t in compared) / n,
        "silog": 100 * statistics.pstdev(logs),
        "silog_eigen": sum(error**2 for error in logs) / n - 0.5 * (sum(logs) / n) ** 2,
        "log_bias": sum(logs) / n,
        "n": n,
        "n_unbounded": n_unbounded,
        "n_unknown": n_unknown,
        "scale": scale,
        "shift": 0.0,
    }


def maps(seed):
    """Depths over three orders of magnitude with all that may be wrong with a pixel, in either map."""
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(3, 14, 2))
    true = np.exp(rng.uniform(-3, 5, shape))
    predicted = true * np.exp(rng.normal(rng.normal(), 0.3, shape))
    for values in (true, predicted):
        for strange in (np.nan, np.inf, -np.inf, 0.0, -2.0):
            values[rng.random(shape) < 0.04] = strange
    true[0, 0] = predicted[0, 0] = 5.0
    dtype = (np.float32, np.float64)[seed % 2]
    valid = rng.random(shape) < 0.8
    valid[0, 0] = True
    return predicted.astype(dtype), true.astype(dtype), valid


@pytest.mark.parametrize("unknown", ["miss", "drop"])
@pytest.mark.parametrize("unbounded", ["clip", "drop"])
@pytest.mark.parametrize("alignment", ["none", "median"])
def test_all_figures_equal_the_definitions(alignment, unbounded, unknown):
    for seed in range(40):
        predicted, true, valid = maps(seed)
        settings = {
            "cap_m": [(1e-3, 10.0), (0.1, 80.0), (1.0, 1000.0)][seed % 3],
            "alignment": alignment,
            "unbounded": unbounded,
            "unknown": unknown,
            "valid": valid,
        }
        found = depth_metrics(predicted, true, **settings)._asdict()
        assert found == pytest.approx(oracle(predicted, true, **settings), rel=1e-9, abs=1e-12), seed


def test_the_pixels_of_all_images_are_pooled_as_if_they_were_one():
    settings = {"cap_m": (1e-3, 100.0), "alignment": "none", "unbounded": "clip", "unknown": "miss"}
    for seed in range(0, 40, 4):
        images = [maps(seed + 2 * k) for k in range(3)]
        found = pool_depth([depth_metrics(p, t, valid=valid, **settings) for p, t, valid in images], "pixels")
        one = [np.concatenate([image[k].ravel() for image in images]) for k in range(3)]
        assert found._asdict() == pytest.approx(oracle(*one[:2], valid=one[2], **settings), rel=1e-9), seed


@pytest.mark.parametrize("alignment", ["none", "median"])
def test_a_region_is_what_is_valid_after_the_whole_was_aligned(alignment):
    for seed in range(20):
        predicted, true, valid = maps(seed)
        settings = {"cap_m": (1e-3, 100.0), "alignment": alignment, "unbounded": "drop", "unknown": "drop"}
        region = np.random.default_rng(seed).random(true.shape) < 0.5
        region[0, 0] = True
        found = depth_metrics_by_region(predicted, true, {"here": region}, valid=valid, **settings)["here"]
        scale = oracle(predicted, true, valid=valid, **settings)["scale"]
        scaled = predicted.astype(np.float64) * scale
        expected = oracle(scaled, true, valid=valid & region, **settings | {"alignment": "none"})
        assert found._asdict() == pytest.approx(expected | {"scale": scale}, rel=1e-9, abs=1e-12), seed
