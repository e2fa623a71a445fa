"""Oracles: linear regression of scipy, least squares of NumPy, medians of Python's statistics."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
from scipy import stats

from vbanalysis.metrics import align_depth, align_disparity, depth_metrics

CAP = (0.05, 60.0)


def maps(seed):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(3, 20, 2))
    true = np.exp(rng.uniform(-4, 5, shape))
    answers = true ** rng.uniform(0.5, 1.5) * rng.uniform(0.1, 9) + rng.uniform(0.1, 2, shape)
    true[rng.random(shape) < 0.1] = rng.choice([np.nan, 0.0, np.inf])
    answers[rng.random(shape) < 0.1] = rng.choice([np.nan, np.inf])
    valid = rng.random(shape) < 0.8
    return answers, true, valid


def expected_fit(x, y, alignment):
    if alignment == "none":
        return 1.0, 0.0
    if alignment == "median":
        return statistics.median(y.tolist()) / statistics.median(x.tolist()), 0.0
    if alignment == "scale":
        return np.linalg.lstsq(x[:, None], y, rcond=None)[0][0], 0.0
    line = stats.linregress(x, y)
    return line.slope, line.intercept


@pytest.mark.parametrize("space", ["depth", "disparity"])
@pytest.mark.parametrize("alignment", ["none", "median", "scale", "scale_and_shift"])
def test_the_fit_is_that_of_scipy(alignment, space):
    for seed in range(40):
        predicted, true, valid = maps(seed)
        found = align_depth(predicted, true, cap_m=CAP, alignment=alignment, space=space, valid=valid)
        fitted = valid & np.isfinite(predicted) & (true > CAP[0]) & (true <= CAP[1])
        x, y = predicted[fitted], true[fitted]
        scale, shift = expected_fit(*((1 / x, 1 / y) if space == "disparity" else (x, y)), alignment)
        assert (found.scale, found.shift) == pytest.approx((scale, shift), rel=1e-9, abs=1e-9), seed

        known = np.isfinite(predicted)
        line = scale * (1 / predicted[known] if space == "disparity" else predicted[known]) + shift
        with np.errstate(divide="ignore"):
            depth = np.where(line > 0, 1 / line, np.inf) if space == "disparity" else line
        np.testing.assert_allclose(found.depth_m[known], np.clip(depth, *CAP), rtol=1e-7)
        np.testing.assert_array_equal(found.depth_m[~known], predicted[~known])

        # What is aligned is what is scored.
        figures = depth_metrics(
            predicted, true, cap_m=CAP, alignment=alignment, space=space, valid=valid, unbounded="drop"
        )
        direct = depth_metrics(found.depth_m, true, cap_m=CAP, valid=valid, unbounded="drop")
        assert (figures.scale, figures.shift) == (found.scale, found.shift)
        assert figures[:14] == pytest.approx(direct[:14])


@pytest.mark.parametrize("alignment", ["median", "scale", "scale_and_shift"])
def test_a_relative_disparity_is_fitted_to_the_reciprocals_of_the_truth(alignment):
    for seed in range(40):
        answers, true, valid = maps(seed)
        answers -= 2.0  # some are negative, as those of a network are
        found = align_disparity(answers, true, cap_m=CAP, alignment=alignment, valid=valid)
        fitted = valid & np.isfinite(answers) & (true > CAP[0]) & (true <= CAP[1])
        scale, shift = expected_fit(answers[fitted], 1 / true[fitted], alignment)
        assert (found.scale, found.shift) == pytest.approx((scale, shift), rel=1e-9, abs=1e-9), seed
        known = np.isfinite(answers)
        nearness = np.clip(scale * answers[known] + shift, 1 / CAP[1], 1 / CAP[0])
        np.testing.assert_allclose(found.depth_m[known], 1 / nearness, rtol=1e-7)
        assert np.isnan(found.depth_m[~known]).all()
