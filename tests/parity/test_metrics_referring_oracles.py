"""Oracles: the Jaccard distance of scipy, which is 0 for two empty masks, and the mask IoU of pycocotools."""

from __future__ import annotations

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from scipy.spatial.distance import jaccard

from vbanalysis.metrics import mask_overlap, referring_metrics


def pairs(seed):
    rng = np.random.default_rng(seed)
    shape = rng.integers(2, 25, 2)
    for _ in range(8):
        true = rng.random(shape) < rng.choice([0.0, 0.1, 0.6])
        predicted = np.where(rng.random(shape) < 0.8, true, rng.random(shape) < 0.5 * true.any())
        yield predicted, true, rng.random(shape) < 0.9


def test_iou_equals_one_minus_the_jaccard_distance():
    empty = 0
    for seed in range(30):
        for predicted, true, valid in pairs(seed):
            found = mask_overlap(predicted, true, valid=valid).iou
            assert found == pytest.approx(1 - jaccard(predicted[valid], true[valid]))
            empty += not (predicted | true).any()
    assert empty >= 10, "the rule of empty masks must be met"


def test_figures_of_a_data_set_equal_those_from_areas_of_pycocotools():
    for seed in range(30):
        overlaps, ious, intersections, unions = [], [], [], []
        for predicted, true, _ in pairs(seed):
            overlaps.append(mask_overlap(predicted, true))
            p, t = (coco_mask.encode(np.asfortranarray(mask, np.uint8)) for mask in (predicted, true))
            intersections.append(int(coco_mask.area(coco_mask.merge([p, t], intersect=True))))
            unions.append(int(coco_mask.area(coco_mask.merge([p, t]))))
            ious.append(float(coco_mask.iou([p], [t], [0])[0, 0]) if unions[-1] else 1.0)
        if not sum(unions):
            continue
        found = referring_metrics(overlaps)
        assert found.giou == pytest.approx(np.mean(ious))
        assert found.ciou == pytest.approx(sum(intersections) / sum(unions))
        for threshold, share in found.precision.items():
            assert share == pytest.approx(sum(iou >= threshold for iou in ious) / len(ious))
        assert found.n == 8
