"""Oracles: nearest edge pixels from scipy's k-d tree, and the definition of Depth Pro a pair at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial import KDTree

from vbanalysis.metrics import boundary_counts, boundary_metrics, occlusion_f1

NEIGHBOURS = ((0, 1), (0, -1), (1, 0), (-1, 0))


def maps(seed):
    """Boxes at several depths; the prediction has them elsewhere, and both have gaps and sky."""
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(4, 22, 2))
    true, predicted = np.full((2, *shape), 20.0)
    for _ in range(rng.integers(1, 5)):
        depth, (y, x) = rng.uniform(1, 19), rng.integers(0, shape)
        height, width = rng.integers(1, 9, 2)
        dy, dx = rng.integers(0, 3, 2)
        true[y : y + height, x : x + width] = depth
        predicted[y + dy : y + dy + height, x + dx : x + dx + width] = depth * rng.uniform(0.7, 1.3)
    for values in (true, predicted):
        values[rng.random(shape) < 0.05] = np.nan
        values[: rng.integers(0, 3)] = np.inf
    return predicted, true, rng.random(shape) < 0.95


def edge_pixels(depth, known, ratio):
    edges = set()
    for (y, x), near in np.ndenumerate(depth):
        for dy, dx in NEIGHBOURS:
            v, u = y + dy, x + dx
            if not (0 <= v < depth.shape[0] and 0 <= u < depth.shape[1] and known[y, x] and known[v, u]):
                continue
            if math.isfinite(near) and (math.isinf(depth[v, u]) or depth[v, u] > ratio * near):
                edges.add((y, x))
    return sorted(edges)


def to_nearest(points, others):
    if not points or not others:
        return np.full(len(points), np.inf)
    return KDTree(others).query(points)[0]


def loop_figures(predicted_edges, true_edges, radii):
    ahead, back = to_nearest(predicted_edges, true_edges), to_nearest(true_edges, predicted_edges)
    figures = {}
    for radius in radii:
        precision = float(np.mean(ahead <= radius + 1e-9)) if len(ahead) else 0.0
        recall = float(np.mean(back <= radius + 1e-9))
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        figures[radius] = (precision, recall, f1)
    near = ahead[ahead < 10]
    return figures, near.mean() if len(near) else 10.0, np.minimum([*ahead, *back], 10).mean()


@pytest.mark.parametrize("ratio", [1.05, 1.25, 2.0])
def test_counts_within_radii_equal_those_of_nearest_neighbours(ratio):
    radii = (0.0, 1.0, 1.5, 3.0)
    scored = 0
    for seed in range(40):
        predicted, true, valid = maps(seed)
        counts = boundary_counts(predicted, true, radii_px=radii, ratio=ratio, valid=valid)
        known = valid & ~np.isnan(true)
        predicted_edges = edge_pixels(predicted, known & ~np.isnan(predicted), ratio)
        true_edges = edge_pixels(true, known, ratio)
        assert (counts.n_predicted, counts.n_true) == (len(predicted_edges), len(true_edges)), seed
        if not true_edges:
            continue
        found = boundary_metrics([counts])
        figures, accuracy, completeness = loop_figures(predicted_edges, true_edges, radii)
        for radius, expected in figures.items():
            ours = (found.precision[radius], found.recall[radius], found.f1[radius])
            assert ours == pytest.approx(expected), seed
        assert (found.accuracy_px, found.completeness_px) == pytest.approx((accuracy, completeness)), seed
        scored += 1
    assert scored > 30


def loop_occlusion(predicted, true, known, ratios):
    total = [0.0, 0.0, 0.0]
    for ratio in ratios:
        precisions, recalls = [], []
        for dy, dx in NEIGHBOURS:
            hits = found = real = 0
            for y, x in np.ndindex(true.shape):
                v, u = y + dy, x + dx
                inside = 0 <= v < true.shape[0] and 0 <= u < true.shape[1]
                if not inside or not (known[y, x] and known[v, u]):
                    continue
                says, is_edge = (
                    bool(1 / max(depth[y, x], 1e-6) > ratio / max(depth[v, u], 1e-6))
                    and math.isfinite(depth[y, x])
                    for depth in (predicted, true)
                )
                hits, found, real = hits + (says and is_edge), found + says, real + is_edge
            precisions.append(hits / max(found, 1))
            recalls.append(hits / max(real, 1))
        p, r = sum(precisions) / 4, sum(recalls) / 4
        f1 = 2 * p * r / (p + r) if p + r else 0.0
        total = [a + ratio * b for a, b in zip(total, (p, r, f1), strict=True)]
    return [value / sum(ratios) for value in total]


def test_occlusions_equal_the_definition_of_depth_pro():
    for seed in range(25):
        predicted, true, valid = maps(seed)
        found = occlusion_f1(predicted, true, valid=valid)
        if not found.n:
            continue
        known = valid & ~np.isnan(true)
        expected = loop_occlusion(predicted, true, known, np.linspace(1.05, 1.25, 10).tolist())
        assert found[:3] == pytest.approx(expected, abs=1e-12), seed
