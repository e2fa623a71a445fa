"""Oracles: SA-Co's official figures, its official evaluator where `sam3` is installed, and plain loops."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from scipy.optimize import linear_sum_assignment

from vbanalysis.paths import samples_dir
from vbanalysis.scoring import score_saco

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def coded(mask):
    code = coco_mask.encode(np.asfortranarray(mask, np.uint8))
    return {"size": code["size"], "counts": code["counts"].decode()}


def box_mask(rng, shape):
    mask = np.zeros(shape, bool)
    top, left = rng.integers(0, np.array(shape) - 2)
    mask[top : top + rng.integers(1, 12), left : left + rng.integers(1, 12)] = True
    return mask


def write(folder, seed):
    """Pairs that several annotators see alike, or not, and predictions that are mostly about right."""
    rng = np.random.default_rng(seed)
    images, true = [], [[] for _ in range(1 + seed % 3)]
    predictions = []
    for key in range(100, 100 + rng.integers(4, 30)):
        shape = tuple(int(side) for side in rng.integers(8, 30, 2))
        entry = {"id": key, "text_input": f"thing {key}", "height": shape[0], "width": shape[1]}
        images.append(entry | {"file_name": f"{key}.jpg"})
        things = [box_mask(rng, shape) for _ in range(rng.integers(0, 5) * (rng.random() < 0.6))]
        for seen_by_one in true:
            for mask in things:
                seen = np.roll(mask, rng.integers(-1, 2, 2), axis=(0, 1))
                crowd = int(rng.random() < 0.08)
                if rng.random() < 0.9:
                    seen_by_one.append({"image_id": key, "segmentation": coded(seen), "iscrowd": crowd})
        answers = [np.roll(mask, rng.integers(-1, 2, 2), axis=(0, 1)) for mask in things]
        answers += [box_mask(rng, shape) for _ in range(rng.integers(0, 3) * (rng.random() < 0.4))]
        predictions += [
            {"image_id": key, "segmentation": coded(mask), "score": float(rng.choice([0.2, 0.5, 0.9]))}
            for mask in answers
        ]
    files = []
    rest = {"category_id": 1, "area": 1, "bbox": [0, 0, 1, 1]}
    for number, seen_by_one in enumerate(true):
        annotated = [entry | rest | {"id": place + 1} for place, entry in enumerate(seen_by_one)]
        marked = [entry | {"is_instance_exhaustive": int(rng.random() < 0.9)} for entry in images]
        marked[0]["is_instance_exhaustive"] = 1
        content = {"images": marked, "annotations": annotated, "categories": [{"id": 1, "name": "object"}]}
        files.append(folder / f"gt_{number}.json")
        files[-1].write_text(json.dumps(content))
    (folder / "pred.json").write_text(json.dumps([prediction | rest for prediction in predictions]))
    return files, folder / "pred.json"


def loops(files, pred):
    """The protocol a pair, an annotator and a threshold at a time, on painted masks."""
    truths = [json.loads(file.read_text()) for file in files]
    predictions = [entry for entry in json.loads(pred.read_text()) if entry["score"] >= 0.5]
    total = np.zeros((3, 10))
    presence = np.zeros((2, 2))
    n = 0
    for image in truths[0]["images"]:
        key = image["id"]
        if not all(
            entry["is_instance_exhaustive"]
            for truth in truths
            for entry in truth["images"]
            if entry["id"] == key
        ):
            continue
        n += 1
        best = None
        for truth in truths:
            p = [coco_mask.decode(e["segmentation"]) for e in predictions if e["image_id"] == key]
            t = [
                coco_mask.decode(e["segmentation"])
                for e in truth["annotations"]
                if e["image_id"] == key and not e["iscrowd"]
            ]
            ious = np.array([[(a & b).sum() / max(1, (a | b).sum()) for b in t] for a in p]).reshape(
                len(p), len(t)
            )
            pairs = ious[linear_sum_assignment(-ious)]
            tp = np.array([(pairs >= threshold).sum() for threshold in np.linspace(0.5, 0.95, 10)])
            fp, fn = len(p) - tp, len(t) - tp
            precision, recall = tp / (tp + fp + 1e-4), tp / (tp + fn + 1e-4)
            f1 = np.mean(2 * precision * recall / (precision + recall + 1e-4))
            goodness = 2 if not p and not t else f1
            if best is None or goodness > best[0]:
                best = goodness, tp, fp, fn, len(p), len(t)
        _, tp, fp, fn, n_predicted, n_true = best
        presence[int(n_true > 0), int(n_predicted > 0)] += 1
        if n_true:
            total += [tp, fp if n_predicted else 0 * fp, fn]
    tp, fp, fn = total
    precision, recall = tp / (tp + fp + 1e-4), tp / (tp + fn + 1e-4)
    f1 = 2 * precision * recall / (precision + recall + 1e-4)
    (tn, false_alarm), (missed, found) = presence
    product = (found + false_alarm) * (found + missed) * (tn + false_alarm) * (tn + missed)
    mcc = (found * tn - false_alarm * missed) / (product**0.5 + 1e-6)
    return {
        "n": n,
        "cgf1": f1.mean() * mcc,
        "pmf1": f1.mean(),
        "il_mcc": mcc,
        "cgf1_50": f1[0] * mcc,
        "pmf1_50": f1[0],
    }


@pytest.mark.parametrize("seed", range(30))
def test_all_figures_equal_plain_loops(tmp_path, seed):
    files, pred = write(tmp_path, seed)
    found = score_saco(files, pred)
    expected = loops(files, pred)
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-12)
    assert found["annotators"] == len(files)


@pytest.fixture(scope="module")
def official():
    """The official evaluator's module, without the network that its package loads beside it."""
    found = importlib.util.find_spec("sam3")
    if found is None:
        pytest.skip("the official evaluator is not installed: pip install --no-deps sam3")
    source = Path(found.submodule_search_locations[0], "eval", "cgf1_eval.py")
    spec = importlib.util.spec_from_file_location("cgf1_eval", source)
    module = importlib.util.module_from_spec(spec)
    sys.modules["cgf1_eval"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def official_figures(module, files, pred):
    figures = module.CGF1Evaluator([str(file) for file in files]).evaluate(str(pred))
    names = {
        "cgf1": "cgF1",
        "pmf1": "positive_micro_F1",
        "il_mcc": "IL_MCC",
        "cgf1_50": "cgF1@0.5",
        "pmf1_50": "positive_micro_F1@0.5",
    }
    return {name: figures[f"cgF1_eval_segm_{theirs}"] for name, theirs in names.items()}


@pytest.mark.parametrize("seed", range(30))
def test_all_figures_equal_those_of_the_official_evaluator(tmp_path, seed, official):
    files, pred = write(tmp_path, seed)
    found, expected = score_saco(files, pred), official_figures(official, files, pred)
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-12)


def test_the_official_figures_of_the_sample_come_out():
    samples = samples_dir()
    if samples is None or not (samples / "saco").is_dir():
        pytest.skip("VBANALYSIS_SAMPLES with saco/ is not set")
    found = score_saco([samples / "saco" / "gt.json"], samples / "saco" / "pred.json")
    assert (found["n"], found["n_positive"], found["n_predictions"]) == (1168, 1020, 2226)
    figures = ("cgf1", "pmf1", "il_mcc", "cgf1_50", "pmf1_50")
    printed = [0.183112, 0.370216, 0.494608, 0.266964, 0.539749]
    assert [found[name] for name in figures] == pytest.approx(printed, abs=1e-6)
