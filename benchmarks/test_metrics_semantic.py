"""The confusion matrix of a Cityscapes frame of 2048x1024 against cityscapesScripts without its Cython."""

from __future__ import annotations

import numpy as np
import pytest

from vbanalysis.metrics import confusion_matrix

N_IDS = 34


def frame() -> tuple[np.ndarray, np.ndarray]:
    """Label ids in blocks, as of things, and a prediction that is wrong at a tenth of the pixels."""
    rng = np.random.default_rng(0)
    true = np.repeat(np.repeat(rng.integers(0, N_IDS, (32, 64)), 32, axis=0), 32, axis=1)
    predicted = np.where(rng.random(true.shape) < 0.9, true, rng.integers(0, N_IDS, true.shape))
    return predicted.astype(np.uint8), true.astype(np.uint8)


def test_confusion_matrix_of_a_frame(benchmark, versus, best, monkeypatch):
    official = pytest.importorskip(
        "cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling",
        reason="needs the peer: pip install 'vbanalysis[dev]'",
    )
    frames = dict(zip(("pred", "gt"), frame(), strict=True))

    class Opened:
        """What the evaluator opens, decoded already, so that counting alone is timed."""

        def __init__(self, path):
            self.array = frames[path]
            self.size = self.array.shape[::-1]

        def __array__(self, dtype=None, copy=None):
            return self.array

    monkeypatch.setattr(official.Image, "open", Opened)
    monkeypatch.setattr(official, "CSUPPORT", False)
    monkeypatch.setattr(official.args, "evalInstLevelScore", False)
    totals = official.generateMatrix(official.args)

    def peer():
        official.evaluatePair("pred", "gt", totals, None, {}, official.args)

    peer()
    np.testing.assert_array_equal(
        benchmark(confusion_matrix, frames["pred"], frames["gt"], N_IDS)[:, :-1], totals
    )
    versus(
        "confusion matrix, uint8 2048x1024",
        best(30, lambda: confusion_matrix(frames["pred"], frames["gt"], N_IDS)),
        "cityscapesScripts' Python path",
        best(10, peer),
        at_least=5,
    )
