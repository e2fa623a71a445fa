"""Oracles: mask IoU of pycocotools, matching by trying all, phi of NumPy, and SA-Co's official figures."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from vbanalysis.metrics import (
    IOU_THRESHOLDS,
    InstanceCounts,
    instance_counts,
    instance_metrics,
    mask_ious,
    match_instances,
)
from vbanalysis.paths import samples_dir


def coco_ious(predicted, true):
    if not len(predicted) or not len(true):
        return np.zeros((len(predicted), len(true)))
    runs = [
        [coco_mask.encode(np.asfortranarray(mask, np.uint8)) for mask in stack] for stack in (predicted, true)
    ]
    return np.asarray(coco_mask.iou(*runs, [0] * len(true)))


def stack_of(labels):
    occurring = [label for label in np.unique(labels) if label > 0]
    return np.array([labels == label for label in occurring], bool).reshape(-1, *labels.shape)


def label_map(rng, shape):
    """Blobs that hide one another; some labels vanish, some pixels are rejected."""
    labels = np.zeros(shape, np.int32)
    ys, xs = np.indices(shape)
    for label in range(1, rng.integers(1, 7)):
        cy, cx, radius = rng.uniform((0, 0, 1), (*shape, 9))
        labels[(ys - cy) ** 2 + (xs - cx) ** 2 < radius**2] = label
    labels[rng.random(shape) < 0.05] = -1
    return labels


@pytest.mark.parametrize("forms", [("labels", "labels"), ("labels", "stack"), ("stack", "stack")])
def test_ious_equal_those_of_pycocotools(forms):
    for seed in range(40):
        rng = np.random.default_rng(seed)
        shape = tuple(rng.integers(3, 30, 2))
        maps = [label_map(rng, shape) for _ in range(2)]
        given = [stack_of(m) if form == "stack" else m for m, form in zip(maps, forms, strict=True)]
        np.testing.assert_array_equal(mask_ious(*given), coco_ious(*map(stack_of, maps)))


def test_ious_of_masks_that_overlap_or_are_empty_equal_those_of_pycocotools():
    for seed in range(40):
        rng = np.random.default_rng(seed)
        shape = rng.integers(3, 30, 2)
        stacks = [
            rng.random((rng.integers(0, 5), *shape)) < rng.choice([0, 0.3, 0.8], (1, 1, 1)) for _ in range(2)
        ]
        np.testing.assert_array_equal(mask_ious(*stacks), coco_ious(*stacks))


def test_the_matching_is_the_best_of_all():
    for seed in range(60):
        rng = np.random.default_rng(seed)
        ious = rng.random((rng.integers(1, 6), rng.integers(1, 6)))
        few, many = sorted(ious.shape)
        wide = ious if ious.shape[0] == few else ious.T
        best = max(
            (wide[range(few), columns] for columns in itertools.permutations(range(many), few)), key=np.sum
        )
        expected = [sum(iou >= threshold for iou in best) for threshold in IOU_THRESHOLDS]
        assert match_instances(ious).true_positives.tolist() == expected


def loop_figures(pairs):
    """The sums of the protocol, a pair and a threshold at a time; presence as a correlation of 0 and 1."""
    f1s = []
    for k in range(10):
        tp = fp = fn = 0
        for pair in pairs:
            if pair.n_true and pair.n_predicted:
                tp += pair.true_positives[k]
                fp += pair.n_predicted - pair.true_positives[k]
                fn += pair.n_true - pair.true_positives[k]
            elif pair.n_true:
                fn += pair.n_true
        precision, recall = tp / (tp + fp + 1e-4), tp / (tp + fn + 1e-4)
        f1s.append(2 * precision * recall / (precision + recall + 1e-4))
    presence = [[pair.n_predicted > 0 for pair in pairs], [pair.n_true > 0 for pair in pairs]]
    constant = any(len(set(row)) == 1 for row in presence)
    phi = 0.0 if constant else np.corrcoef(np.array(presence, float))[0, 1]
    return [np.mean(f1s) * phi, np.mean(f1s), phi, f1s[0] * phi, f1s[0]]


def test_figures_of_a_data_set_equal_plain_loops():
    correlated = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        pairs = [
            match_instances(rng.random((n, m)) ** 0.3)
            for n, m in rng.integers(0, rng.integers(2, 6), (rng.integers(1, 30), 2))
        ]
        found = instance_metrics(pairs)
        assert found[:5] == pytest.approx(loop_figures(pairs), abs=1e-6)
        correlated += abs(found.il_mcc) > 0.1
    assert correlated > 20


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of pycocotools
def test_the_official_figures_of_the_sample_come_out():
    samples = samples_dir()
    if samples is None or not (samples / "saco").is_dir():
        pytest.skip("VBANALYSIS_SAMPLES with saco/ is not set")
    truth = json.loads((samples / "saco" / "gt.json").read_text())
    answers = json.loads((samples / "saco" / "pred.json").read_text())
    true, predicted = defaultdict(list), defaultdict(list)
    for item in truth["annotations"]:
        if not item["iscrowd"]:
            true[item["image_id"]].append(item["segmentation"])
    for item in answers:
        if item["score"] >= 0.5:
            predicted[item["image_id"]].append(item["segmentation"])

    def stack(runs, image):
        shape = (len(runs), image["height"], image["width"])
        masks = [coco_mask.decode(run).astype(bool) for run in runs]
        return np.array(masks, bool).reshape(shape)

    pairs: list[InstanceCounts] = []
    for number, image in enumerate(truth["images"]):
        p, t = predicted[image["id"]], true[image["id"]]
        ious = np.asarray(coco_mask.iou(p, t, [0] * len(t))) if p and t else np.zeros((len(p), len(t)))
        pairs.append(match_instances(ious))
        if number % 50 == 0:
            ours = instance_counts(stack(p, image), stack(t, image))
            np.testing.assert_array_equal(ours.true_positives, pairs[-1].true_positives)
    found = instance_metrics(pairs)
    assert found.n == 1168
    official = [0.183112, 0.370216, 0.494608, 0.266964, 0.539749]
    assert found[:5] == pytest.approx(official, abs=1e-6)
