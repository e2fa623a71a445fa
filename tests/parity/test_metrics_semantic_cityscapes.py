"""Oracle: cityscapesScripts itself, on label files written for it and on real frames where at hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from cityscapesscripts.evaluation import evalPixelLevelSemanticLabeling as official
from cityscapesscripts.helpers.labels import labels
from PIL import Image

from vbanalysis.metrics import confusion_matrix, group_classes, keep_classes, semantic_metrics
from vbanalysis.metrics.semantic import numpy_count
from vbanalysis.paths import samples_dir

EVALUATED = [label for label in labels if not label.ignoreInEval]
N_IDS = 34


@pytest.fixture
def score_officially(tmp_path):
    """Write the maps as the files that the official evaluator reads, and let it read them."""

    def score(images):
        files = []
        for number, pair in enumerate(images):
            files.append([str(tmp_path / f"{number}_{kind}_labelIds.png") for kind in ("pred", "gt")])
            for path, ids in zip(files[-1], pair, strict=True):
                Image.fromarray(ids.astype(np.uint8)).save(path)
        settings = official.CArgs()
        settings.__dict__.update(official.args.__dict__)
        settings.quiet, settings.JSONOutput, settings.evalInstLevelScore = True, False, False
        return official.evaluateImgLists(*zip(*files, strict=True), settings)

    return score


def ours(images):
    return sum(confusion_matrix(predicted, true, N_IDS) for predicted, true in images)


def check(images, expected):
    confusion = ours(images)
    np.testing.assert_array_equal(confusion[:, :-1], np.array(expected["confMatrix"]))
    assert not confusion[:, -1].any()

    kept = keep_classes(confusion, [label.id for label in EVALUATED])
    found = semantic_metrics(kept)
    for label, iou in zip(EVALUATED, found.iou, strict=True):
        assert iou == pytest.approx(expected["classScores"][label.name], nan_ok=True), label.name
    assert found.miou == pytest.approx(expected["averageScoreClasses"], nan_ok=True)

    names, grouped = group_classes(kept, [label.category for label in EVALUATED])
    categories = semantic_metrics(grouped)
    for name, iou in zip(names, categories.iou, strict=True):
        assert iou == pytest.approx(expected["categoryScores"][name], nan_ok=True), name
    assert categories.miou == pytest.approx(expected["averageScoreCategories"], nan_ok=True)
    return found


def label_ids(rng):
    """Maps of label ids, void ones too; some classes never occur, and some are made up."""
    occurring = rng.permutation(N_IDS)[: rng.integers(1, N_IDS + 1)]
    shape = rng.integers(2, 30, 2)
    true = rng.choice(occurring, shape)
    return np.where(rng.random(shape) < 0.6, true, rng.integers(0, N_IDS, shape)), true


def test_random_label_files(score_officially):
    absent = 0
    for seed in range(25):
        rng = np.random.default_rng(seed)
        images = [label_ids(rng) for _ in range(rng.integers(1, 4))]
        found = check(images, score_officially(images))
        absent += np.isnan(found.iou).any() and not math.isnan(found.miou)
    assert absent > 3, "classes that never occur must be met"


def test_void_alone_has_no_figures(score_officially):
    images = [(np.full((4, 5), 7), np.zeros((4, 5), int))]
    assert math.isnan(check(images, score_officially(images)).miou)


def test_real_frames(score_officially):
    samples = samples_dir()
    if samples is None or not (samples / "cityscapes").is_dir():
        pytest.skip("VBANALYSIS_SAMPLES with cityscapes/ is not set")
    frames = [np.array(Image.open(p)) for p in sorted((samples / "cityscapes").rglob("*_labelIds.png"))]
    assert len(frames) == 3
    # The answer to a frame is the frame itself, moved; or another one, which knows other classes.
    images = [(np.roll(frames[0], 9, axis=1), frames[0]), (frames[2], frames[1]), (frames[2], frames[2])]
    found = check(images, score_officially(images))
    assert 0.3 < found.miou < 0.95


def test_compiled_counts_equal_those_of_numpy():
    for seed in range(40):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(1, 300))
        ignored = [[-1], [], [255, n - 1], [0, -7]][seed % 4]
        true = rng.choice([*ignored, *range(n)], rng.integers(1, 40, 2))
        predicted = rng.integers(-1, n, true.shape)
        expected = numpy_count(predicted, true, n, ignored)
        np.testing.assert_array_equal(confusion_matrix(predicted, true, n, ignored), expected[:n])
