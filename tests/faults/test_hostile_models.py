"""Models that misbehave in every way: none ends a run, and none spoils the record of another sample."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from vbanalysis import plugins
from vbanalysis.errors import InputError
from vbanalysis.evaluation import evaluate, open_run, rescore

DATA = "analytic?n=6&height=32"
HOSTILE = Path(__file__).with_name("hostile_package")

NUMBERS = (
    "none",
    "nan",
    "negative",
    "shape",
    "integers",
    "raises",
    "exits",
    "prints",
    "more memory than there is",
)
PICTURES = ("none", "float", "grey", "alpha", "empty", "short", "generator", "raises", "exits", "prints")


@pytest.fixture
def hostile(tmp_path, monkeypatch):
    """Models `hostile` and `painter` that an installed distribution offers, in this and any other process."""
    site = tmp_path / "site"
    info = site / "vbanalysis_hostile-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "vbanalysis_hostile.py").write_text(HOSTILE.joinpath("vbanalysis_hostile.py").read_text())
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vbanalysis-hostile\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[vbanalysis.models]\nhostile = vbanalysis_hostile:Hostile\npainter = vbanalysis_hostile:Painter\n"
    )
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", str(site))
    yield
    sys.modules.pop("vbanalysis_hostile", None)


def depth(place):
    return plugins.load("datasets", DATA)[place].depth_m


def check(run, spared=(3,)):
    """All samples but the spared ones are as a good model's; those are failures, or good as well."""
    rows = run.records()
    assert list(rows.place) == list(range(6))
    good = rows[~rows.place.isin(spared)]
    assert set(good.status) == {"ok"}
    assert (good.absrel < 0.01).all()
    bad = rows[rows.place.isin(spared) & (rows.status == "failed")]
    assert "absrel" not in bad or bad.absrel.isna().all()
    return bad


@pytest.mark.parametrize("how", NUMBERS)
def test_a_specialist_that_misbehaves_on_one_sample(hostile, tmp_path, capsys, how):
    run = evaluate("depth", f"hostile:{how}", DATA, tmp_path / "run")
    bad = check(run)
    if how in ("prints", "nan"):  # unknown depth is a miss, and no crime
        assert bad.empty
        assert run.records().absrel.notna().all()
    else:
        assert list(bad.place) == [3]
        assert bad.failed_step.iloc[0] == "generate"
        assert bad.reason.iloc[0]
    assert "noise" not in capsys.readouterr().out


@pytest.mark.parametrize("how", PICTURES)
@pytest.mark.parametrize("batch", [1, 4])
def test_a_generator_that_misbehaves_on_one_sample(hostile, tmp_path, capsys, how, batch):
    run = evaluate("depth", f"painter:{how}?batch={batch}", DATA, tmp_path / "run")
    bad = check(run)
    assert len(bad) == (how != "prints")
    assert "noise" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("how", "limits", "reason"),
    [
        ("sleeps", {"timeout_s": 3}, "TimedOut: no answer within 3 s"),
        ("dies", {"timeout_s": 600}, "ProcessDied: the model ended its process with exit code 7"),
        ("memory", {"memory_gb": 5}, "MemoryError"),
    ],
)
@pytest.mark.parametrize("batch", [1, 4])
def test_a_model_that_hangs_dies_or_eats_memory_costs_its_sample(
    hostile, tmp_path, how, limits, reason, batch
):
    if how == "memory" and sys.platform != "linux":
        pytest.skip("only Linux holds a process to its address space")
    run = evaluate("depth", f"painter:{how}?batch={batch}", DATA, tmp_path / "run", **limits)
    bad = check(run)
    assert list(bad.place) == [3]
    assert reason in bad.reason.iloc[0]
    assert run.about["generator"]["about"] == "a hostile painter"


def test_a_run_apart_has_the_records_of_one_that_is_not(hostile, tmp_path):
    one = evaluate("depth", "painter:prints?batch=4", DATA, tmp_path / "one")
    two = evaluate("depth", "painter:prints?batch=4", DATA, tmp_path / "two", timeout_s=600)
    seconds = [name for name in one.records().columns if name.startswith("seconds")]
    assert one.records().drop(columns=seconds).equals(two.records().drop(columns=seconds))
    assert json.loads((tmp_path / "two/run.json").read_text()) == json.loads(
        (tmp_path / "one/run.json").read_text()
    )
    evaluate("depth", "painter:prints?batch=4", DATA, tmp_path / "two")  # either goes on with the other's


def test_a_model_that_cannot_be_loaded_apart_says_why(hostile, tmp_path):
    with pytest.raises(InputError, match="unknown model 'painterr': did you mean 'painter'"):
        evaluate("depth", "painterr", DATA, tmp_path / "run", timeout_s=60)
    with pytest.raises(InputError, match="timeout_s must be above 0"):
        evaluate("depth", "painter", DATA, tmp_path / "run", timeout_s=0)
    with pytest.raises(InputError, match="memory_gb is for one worker"):
        evaluate("depth", "painter", DATA, tmp_path / "run", memory_gb=4, workers=2)


def test_numbers_are_scored_again_without_the_specialist(hostile, tmp_path):
    first = evaluate("depth", "hostile:prints", DATA, tmp_path / "run")
    again = rescore(tmp_path / "run", tmp_path / "again", task="depth?alignment=median")
    assert again.n_failed == 0
    assert first.figures["delta1"].value == again.figures["delta1"].value == 1
    np.testing.assert_allclose(open_run(tmp_path / "run").numbers("analytic/2"), depth(2), rtol=1e-6)
