"""Oracles: rotations of scipy by a known angle, and the field's arccos of the dot product in plain loops."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from vbanalysis.metrics import (
    angular_error_deg,
    histogram_normals,
    normal_errors,
    normal_histogram,
    pool_normals,
)


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


@pytest.mark.parametrize("largest", [1e-6, 1e-2, 1.0, 180.0])
def test_a_rotation_by_an_angle_is_an_error_of_that_angle(largest):
    rng = np.random.default_rng(0)
    true = unit(rng.normal(size=(500, 3)))
    axes = unit(np.cross(true, rng.normal(size=(500, 3))))
    angles = rng.uniform(0, largest, 500)
    predicted = Rotation.from_rotvec(np.radians(angles)[:, None] * axes).apply(true)
    np.testing.assert_allclose(angular_error_deg(predicted, true), angles, rtol=1e-6, atol=1e-12)


def images(seed):
    """Maps of different sizes, whose normals are partly unknown."""
    rng = np.random.default_rng(seed)
    for _ in range(rng.integers(1, 5)):
        shape = (*rng.integers(2, 9, 2), 3)
        true = unit(rng.normal(size=shape))
        predicted = unit(true + rng.normal(0, rng.uniform(0.05, 1.0), shape))
        true[rng.random(shape[:2]) < 0.1] = np.nan
        predicted[rng.random(shape[:2]) < 0.1] = 0.0
        true[0, 0] = predicted[0, 0] = (0.0, 0.6, 0.8)
        yield predicted.astype(np.float32), true.astype(np.float32)


def loop_errors(predicted, true, unknown):
    errors = []
    for p, t in zip(predicted.reshape(-1, 3).tolist(), true.reshape(-1, 3).tolist(), strict=True):
        if any(map(math.isnan, t)):
            continue
        if any(p):
            cosine = sum(a * b for a, b in zip(p, t, strict=True)) / math.hypot(*p) / math.hypot(*t)
            errors.append(math.degrees(math.acos(max(-1.0, min(1.0, cosine)))))
        elif unknown == "miss":
            errors.append(90.0)
    return errors


def loop_figures(errors):
    return [
        statistics.fmean(errors),
        statistics.median(errors),
        math.sqrt(statistics.fmean(error**2 for error in errors)),
        *(sum(error < limit for error in errors) / len(errors) for limit in (5, 7.5, 11.25, 22.5, 30)),
    ]


@pytest.mark.parametrize("unknown", ["miss", "drop"])
@pytest.mark.parametrize("pool", ["pixels", "images"])
def test_figures_of_a_data_set_equal_plain_loops(pool, unknown):
    for seed in range(40):
        data = list(images(seed))
        found = pool_normals((normal_errors(p, t, unknown=unknown) for p, t in data), pool)
        rows = [loop_errors(p, t, unknown) for p, t in data]
        every = [error for row in rows for error in row]
        if pool == "pixels":
            expected = loop_figures(every)
        else:
            expected = [statistics.fmean(column) for column in zip(*map(loop_figures, rows), strict=True)]
        # The median of float32 angles, and the arccos near 0, are good to some 1e-5 degrees.
        assert found[:8] == pytest.approx(expected, abs=2e-4), seed
        assert found.n == len(every)


def test_the_figures_of_a_histogram_equal_plain_loops():
    for seed in range(40):
        data = list(images(seed))
        parts = [normal_histogram(normal_errors(p, t)) for p, t in data]
        found = histogram_normals(sum(parts[1:], parts[0]))
        expected = loop_figures([error for p, t in data for error in loop_errors(p, t, "miss")])
        assert found.median_deg == pytest.approx(expected.pop(1), abs=0.0052), seed
        assert [found.mean_deg, *found[2:8]] == pytest.approx(expected, abs=2e-4), seed
