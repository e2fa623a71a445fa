"""Oracle: the recipe of Cheng et al. on scikit-image: pad, erode by 3x3 as often as the boundary is wide."""

from __future__ import annotations

import math

import numpy as np
import pytest
from skimage.morphology import erosion

from vbanalysis.metrics import boundary_iou, boundary_overlap, boundary_overlaps


def boundary(mask, dilation_ratio):
    times = max(1, round(dilation_ratio * math.hypot(*mask.shape)))
    eroded = np.pad(mask, 1)
    for _ in range(times):
        eroded = erosion(eroded, np.ones((3, 3)))
        eroded[[0, -1]] = eroded[:, [0, -1]] = False
    return mask & ~eroded[1:-1, 1:-1]


def blobs(seed, n_classes):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(5, 70, 2))
    maps = []
    for _ in range(2):
        labels = np.full(shape, rng.integers(-1, n_classes))
        for _ in range(6):
            y, x = rng.integers(0, shape)
            labels[y : y + rng.integers(1, 30), x : x + rng.integers(1, 30)] = rng.integers(-1, n_classes)
        maps.append(labels)
    return maps


@pytest.mark.parametrize("dilation_ratio", [0.005, 0.02, 0.1])
def test_masks(dilation_ratio):
    for seed in range(30):
        predicted, true = (labels == 0 for labels in blobs(seed, 2))
        found = boundary_overlap(predicted, true, dilation_ratio=dilation_ratio)
        a, b = boundary(predicted, dilation_ratio), boundary(true, dilation_ratio)
        assert found == (np.sum(a & b), np.sum(a | b)), seed


def test_the_classes_of_several_images():
    for seed in range(10):
        images = [blobs(10 * seed + k, 4) for k in range(3)]
        found = boundary_iou(sum(boundary_overlaps(p, t, 4) for p, t in images))
        for k in range(4):
            intersection = union = 0
            for p, t in images:
                a, b = (boundary(labels == k, 0.02) & (t >= 0) for labels in (p, t))
                intersection, union = intersection + np.sum(a & b), union + np.sum(a | b)
            expected = intersection / union if union else np.nan
            np.testing.assert_allclose(found.iou[k], expected)
