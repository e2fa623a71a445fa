"""Oracle: cityscapesScripts' own evaluation, run on the same files."""

from __future__ import annotations

import math

import numpy as np
import pytest
from cityscapesscripts.evaluation import evalPixelLevelSemanticLabeling as official
from cityscapesscripts.helpers.labels import id2label
from PIL import Image

from vbanalysis.datasets.cityscapes import LABELS
from vbanalysis.paths import samples_dir
from vbanalysis.scoring import score_cityscapes


def official_figures(pairs):
    """What the script computes, without what it prints and without instance scores."""
    settings = official.args
    settings.evalInstLevelScore, settings.quiet, settings.JSONOutput = False, True, False
    predictions, truths = zip(*pairs, strict=True)
    return official.evaluateImgLists(list(map(str, predictions)), list(map(str, truths)), settings)


def label_image(rng, shape, labels):
    coarse = rng.choice(labels, (shape[0] // 8 + 1, shape[1] // 8 + 1))
    return np.kron(coarse, np.ones((8, 8)))[: shape[0], : shape[1]].astype(np.uint8)


def write(folder, seed):
    """Frames of a few cities; some classes never occur, some only in the truth or the prediction."""
    rng = np.random.default_rng(seed)
    in_truth, in_prediction = (rng.choice(34, rng.integers(2, 30), replace=False) for _ in range(2))
    pairs = []
    for number in range(rng.integers(1, 5)):
        shape, city = rng.integers(9, 90, 2), ("ulm", "bonn")[number % 2]
        key = f"{city}_{number:06}_000019"
        truth = label_image(rng, shape, in_truth)
        prediction = np.where(rng.random(shape) < 0.6, truth, label_image(rng, shape, in_prediction))
        paths = folder / "pred" / f"{key}_pred.png", folder / "gt" / city / f"{key}_gtFine_labelIds.png"
        for path, labels in zip(paths, (prediction, truth), strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(labels.astype(np.uint8)).save(path)
        pairs.append(paths)
    return pairs


def same(ours, theirs):
    return math.isnan(theirs) if ours is None else ours == pytest.approx(theirs, abs=1e-12)


def check(found, expected):
    classes, categories = expected["classScores"], expected["categoryScores"]
    assert same(found["miou"], expected["averageScoreClasses"])
    assert same(found["category_miou"], expected["averageScoreCategories"])
    assert all(same(iou, classes[name]) for name, iou in found["iou"].items())
    assert all(math.isnan(classes[name]) for name in classes.keys() - found["iou"].keys())
    assert all(same(iou, categories[name]) for name, iou in found["category_iou"].items())
    assert categories.keys() - found["category_iou"].keys() == {"void"}
    matrix = np.array(expected["confMatrix"])
    scored = [k for k in range(34) if not id2label[k].ignoreInEval]
    assert found["n_pixels"] == matrix[scored].sum()
    if found["n_pixels"]:
        right = np.diagonal(matrix)[scored].sum()
        assert found["pixel_accuracy"] == pytest.approx(right / matrix[scored].sum(), abs=1e-12)
        unscored = np.setdiff1d(np.arange(34), scored)
        share = matrix[np.ix_(scored, unscored)].sum() / matrix[scored].sum()
        assert found["unscored_predictions"] == pytest.approx(share, abs=1e-12)


def test_the_labels_are_those_of_the_official_script():
    for place, label in enumerate(LABELS):
        theirs = id2label[place]
        assert label == (theirs.name, theirs.category, not theirs.ignoreInEval)
    assert max(id2label) + 1 == len(LABELS)


@pytest.mark.parametrize("seed", range(25))
def test_all_figures_equal_those_of_the_official_script(tmp_path, seed):
    pairs = write(tmp_path, seed)
    check(score_cityscapes(tmp_path / "gt", tmp_path / "pred"), official_figures(pairs))


def test_they_agree_on_real_frames(tmp_path):
    samples = samples_dir()
    if samples is None or not (samples / "cityscapes").is_dir():
        pytest.skip("VBANALYSIS_SAMPLES with cityscapes/ is not set")
    truths = sorted((samples / "cityscapes" / "gtFine" / "train").rglob("*_labelIds.png"))
    pairs = []
    for number, truth in enumerate(truths):
        labels = np.roll(np.array(Image.open(truth)), (5 * number, 11), axis=(0, 1))
        labels[: 100 * number] = 23
        path = tmp_path / truth.name.replace("_gtFine_labelIds", "")
        Image.fromarray(labels).save(path)
        pairs.append((path, truth))
    found = score_cityscapes(samples / "cityscapes" / "gtFine", tmp_path)
    check(found, official_figures(pairs))
    assert found["n"] == 3
    assert 0.2 < found["miou"] < found["pixel_accuracy"] < 0.95
