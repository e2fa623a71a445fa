"""The SA-Co sample of 1,168 pairs, files to figures, against the official evaluator."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from vbanalysis.paths import samples_dir
from vbanalysis.scoring import score_saco


def test_scoring_the_saco_sample(benchmark, versus, best):
    samples = samples_dir()
    if samples is None or not (samples / "saco").is_dir():
        pytest.skip("VBANALYSIS_SAMPLES with saco/ is not set")
    found = importlib.util.find_spec("sam3")
    if found is None:
        pytest.skip("needs the peer: pip install --no-deps sam3")
    spec = importlib.util.spec_from_file_location(
        "cgf1_eval", Path(found.submodule_search_locations[0], "eval", "cgf1_eval.py")
    )
    official = importlib.util.module_from_spec(spec)
    sys.modules["cgf1_eval"] = official  # dataclasses look their module up
    spec.loader.exec_module(official)
    gt, pred = samples / "saco" / "gt.json", samples / "saco" / "pred.json"

    def peer():
        return official.CGF1Evaluator([str(gt)]).evaluate(str(pred))

    figures, theirs = benchmark(score_saco, [gt], pred), peer()
    names = {"cgf1": "cgF1", "pmf1": "positive_micro_F1", "il_mcc": "IL_MCC"}
    for ours, name in names.items():
        assert figures[ours] == pytest.approx(theirs[f"cgF1_eval_segm_{name}"], abs=1e-12)
    versus(
        "SA-Co sample of 1,168 pairs, files to figures",
        best(5, lambda: score_saco([gt], pred)),
        "the official evaluator",
        best(3, peer),
        at_least=5,
    )
