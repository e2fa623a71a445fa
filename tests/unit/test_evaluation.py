"""A run: one record a sample, failures among them, gone on with, scored again, compared."""

import json
import os
import sys

import numpy as np
import pytest

from vbanalysis import plugins
from vbanalysis.codecs import DepthCodec
from vbanalysis.errors import DataError, InputError, PluginError
from vbanalysis.evaluation import _run, _work, compare, evaluate, open_run, rescore
from vbanalysis.evaluation._folder import RunFolder

DATA = "analytic?n=9&height=48"


class Painter:
    """Paints depth a little wrong, and refuses what it is told to."""

    name = "painter"

    def __init__(self, batch=1, refuses=(), factor=1.1, gives=None):
        self.batch, self.refuses, self.factor, self.gives = batch, refuses, factor, gives
        self.calls = []
        self.truth = plugins.load("datasets", DATA)

    def sample(self, image, instruction, *, seed=0):
        return self.sample_many([image], [instruction], seeds=[seed])[0]

    def sample_many(self, images, instructions, *, seeds=None):
        self.calls.append(list(seeds))
        if set(seeds) & set(self.refuses):
            raise RuntimeError("refused:\nnot in the mood")
        if self.gives is not None:
            return self.gives
        return [DepthCodec().encode(self.truth[seed].depth_m * self.factor) for seed in seeds]

    def describe(self):
        return {"about": "wrong by a factor", "parameters": 0}


@pytest.fixture
def painter(monkeypatch):
    """Let the model `fake` be a painter; `painter(...)` sets it up anew."""
    given = {}
    load = plugins.load

    def loading(kind, spec, expect=object):
        return given["model"] if (kind, spec) == ("models", "fake") else load(kind, spec, expect)

    monkeypatch.setattr(_work.plugins, "load", loading)
    monkeypatch.setattr(_run, "_provenances", lambda job: {})

    def set_up(**options):
        _work.bench.cache_clear()
        given["model"] = Painter(**options)
        return given["model"]

    yield set_up
    _work.bench.cache_clear()


def table(run):
    rows = run.records()
    return rows.drop(columns=[name for name in rows.columns if name.startswith("seconds_")])


def test_a_run_has_a_record_a_sample_and_figures_with_intervals(tmp_path, painter):
    painter()
    heard = []
    run = evaluate(
        "depth", "fake", DATA, tmp_path / "run", on_record=lambda record, done, n: heard.append((done, n))
    )
    rows = run.records()
    assert list(rows.id) == [f"analytic/{k}" for k in range(9)]
    assert set(rows.status) == {"ok"}
    assert rows.absrel.between(0.05, 0.15).all()
    assert heard == [(k, 9) for k in range(10)]
    assert run.figures["absrel"].value == pytest.approx(rows.absrel.mean())
    assert (run.n_samples, run.n_failed) == (9, 0)
    assert run.picture("analytic/3").shape == (48, 64, 3)
    told = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (told["task"], told["model"], told["dataset"], told["seed"]) == ("depth", "fake", DATA, 0)
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert {"value", "low", "high", "n", "method", "protocol"} <= set(summary["metrics"]["delta1"])
    assert open_run(tmp_path / "run").figures == run.figures


def test_a_bad_sample_is_a_record_and_not_the_end(tmp_path, painter):
    painter(batch=4, refuses=[5])
    run = evaluate("depth", "fake", DATA, tmp_path / "run")
    rows = run.records().set_index("id")
    assert run.n_failed == 1
    assert run.figures["delta1"].n == 8
    assert rows.status["analytic/5"] == "failed"
    assert rows.failed_step["analytic/5"] == "generate"
    assert rows.reason["analytic/5"] == "RuntimeError: refused: not in the mood"
    assert rows.prompt["analytic/5"] == rows.prompt["analytic/4"]
    with pytest.raises(DataError, match="no picture of 'analytic/5'"):
        run.picture("analytic/5")
    # Later it is in the mood: only what failed is asked again.
    model = painter(batch=4)
    again = evaluate("depth", "fake", DATA, tmp_path / "run", retry_failed=True)
    assert (again.n_failed, again.figures["delta1"].n) == (0, 9)
    assert model.calls == [[4, 5, 6, 7]]


@pytest.mark.parametrize(
    "gives",
    [[], [None], [np.zeros((4, 4), np.uint8)], [np.zeros((4, 4, 3))], [np.zeros((4, 4, 4), np.uint8)]],
)
def test_a_model_that_gives_no_picture_has_failed(tmp_path, painter, gives):
    painter(gives=gives)
    run = evaluate("depth", "fake", DATA, tmp_path / "run", limit=2)
    assert run.n_failed == 2
    assert run.figures == {}
    assert not list((tmp_path / "run" / "outputs").iterdir())


@pytest.mark.parametrize("batch", [1, 4])
def test_what_is_done_is_not_done_again(tmp_path, painter, batch):
    painter(batch=batch)
    whole = evaluate("depth", "fake", DATA, tmp_path / "whole")
    model = painter(batch=batch)
    evaluate("depth", "fake", DATA, tmp_path / "run", limit=4)
    assert len(model.calls) == 4 / batch
    model = painter(batch=batch)
    parts = evaluate("depth", "fake", DATA, tmp_path / "run")
    assert len(model.calls) == {1: 5, 4: 2}[batch]
    assert table(parts).equals(table(whole))
    model = painter(batch=batch)
    evaluate("depth", "fake", DATA, tmp_path / "run")
    assert model.calls == []


def test_a_line_that_was_cut_short_and_a_lost_picture_are_made_good(tmp_path, painter):
    painter(batch=4)
    whole = table(evaluate("depth", "fake", DATA, tmp_path / "run"))
    journal = tmp_path / "run" / "journal.jsonl"
    for cut in (1, 40, len(journal.read_bytes().splitlines()[-1])):
        journal.write_bytes(journal.read_bytes()[:-cut])
        model = painter(batch=4)
        assert table(evaluate("depth", "fake", DATA, tmp_path / "run")).equals(whole)
        assert model.calls == []  # the picture was kept
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-1]))
    RunFolder(tmp_path / "run").output("analytic/8").write_bytes(b"no picture")
    model = painter(batch=4)
    assert table(evaluate("depth", "fake", DATA, tmp_path / "run")).equals(whole)
    assert model.calls == [[8]]


def test_a_damaged_line_before_the_last_says_so(tmp_path, painter):
    painter()
    evaluate("depth", "fake", DATA, tmp_path / "run")
    journal = tmp_path / "run" / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([lines[0], b"{nonsense\n", *lines[2:]]))
    with pytest.raises(DataError, match=r"line 2 of .*journal.jsonl is damaged"):
        evaluate("depth", "fake", DATA, tmp_path / "run")


def test_a_folder_holds_one_run(tmp_path, painter):
    painter()
    evaluate("depth", "fake", DATA, tmp_path / "run", limit=2)
    with pytest.raises(InputError, match="holds another run, with seed 0 instead of 7"):
        evaluate("depth", "fake", DATA, tmp_path / "run", limit=2, seed=7)
    with RunFolder(tmp_path / "run").writing(), pytest.raises(DataError, match="another process writes"):
        evaluate("depth", "fake", DATA, tmp_path / "run", limit=2)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_says_so(tmp_path, painter):
    painter()
    tmp_path.chmod(0o500)
    with pytest.raises(DataError, match="cannot be made"):
        evaluate("depth", "fake", DATA, tmp_path / "run")


def test_a_file_in_the_folders_place_says_so(tmp_path, painter):
    painter()
    (tmp_path / "run").write_text("a file")
    with pytest.raises(DataError, match=r"the folder .*run cannot be made"):
        evaluate("depth", "fake", DATA, tmp_path / "run")


@pytest.mark.skipif(sys.platform == "win32", reason="the limit is POSIX's")
def test_a_disk_that_takes_no_more_says_so_and_loses_nothing(tmp_path, painter):
    import resource

    painter()
    whole = table(evaluate("depth", "fake", DATA, tmp_path / "whole"))
    evaluate("depth", "fake", DATA, tmp_path / "run", limit=3)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))  # in the midst of a later line
    try:
        with pytest.raises(DataError, match=r"journal.jsonl cannot be written \(File too large\).*is kept"):
            evaluate("depth", "fake", DATA, tmp_path / "run")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert table(evaluate("depth", "fake", DATA, tmp_path / "run")).equals(whole)


def test_pictures_are_scored_again_without_the_model(tmp_path, painter):
    model = painter(refuses=[2])
    evaluate("depth", "fake", DATA, tmp_path / "run")
    asked = len(model.calls)
    again = rescore(tmp_path / "run", tmp_path / "aligned", task="depth?alignment=median")
    assert len(model.calls) == asked
    assert again.figures["absrel"].value < 0.02 < open_run(tmp_path / "run").figures["absrel"].value
    assert again.n_failed == 1
    np.testing.assert_array_equal(
        again.picture("analytic/1"), open_run(tmp_path / "run").picture("analytic/1")
    )
    with pytest.raises(InputError, match="holds answers to 'depth', not to 'normals'"):
        rescore(tmp_path / "run", tmp_path / "other", task="normals")
    with pytest.raises(InputError, match="out is the run itself"):
        rescore(tmp_path / "run", tmp_path / "run")
    with pytest.raises(DataError, match=r"is no folder of a run, .*vbanalysis evaluate"):
        rescore(tmp_path / "nothing", tmp_path / "other")


def test_two_runs_are_compared_sample_by_sample(tmp_path, painter):
    painter(factor=1.1)
    evaluate("depth", "fake", DATA, tmp_path / "one")
    painter(factor=1.05, refuses=[3])
    evaluate("depth", "fake", DATA, tmp_path / "two")
    found = {each.metric: each for each in compare(tmp_path / "one", tmp_path / "two")}
    absrel = found["absrel"]
    assert absrel.difference.n == 8
    assert absrel.difference.value == pytest.approx(absrel.second - absrel.first)
    assert absrel.difference.high < 0
    assert absrel.p == pytest.approx(2 / 2**8)
    assert absrel.better == 0
    assert "place" not in found
    assert "n_unbounded" not in found
    assert all(each.p <= each.p_holm <= 1 for each in found.values())
    assert not any(each.pooled for each in found.values())
    evaluate("normals", "oracle", DATA, tmp_path / "three")
    with pytest.raises(InputError, match="are of 'depth' and 'normals'"):
        compare(tmp_path / "one", tmp_path / "three")
    evaluate("depth", "oracle", "analytic?n=9&height=48&seed=1", tmp_path / "four")
    with pytest.raises(InputError, match="9 samples of the same id had another input"):
        compare(tmp_path / "one", tmp_path / "four")
    with pytest.raises(DataError, match=r"is no folder of a run, .*vbanalysis evaluate"):
        compare(tmp_path / "one", tmp_path / "nothing")


def test_two_runs_are_compared_by_what_their_samples_add_up_to(tmp_path):
    for name, background in (("one", "false"), ("two", "true")):
        spec = f"semantic?background={background}"
        evaluate(spec, "mini?steps=1", "scenes:validation?n=6", tmp_path / name)
    found = {each.metric: each for each in compare(tmp_path / "one", tmp_path / "two") if each.pooled}
    runs = [open_run(tmp_path / name) for name in ("one", "two")]
    miou = found["pooled miou"]
    assert (miou.first, miou.second) == tuple(run.figures["miou"].value for run in runs)
    assert miou.difference.value == pytest.approx(miou.second - miou.first)
    assert miou.difference.low <= miou.difference.value <= miou.difference.high
    assert np.isnan(miou.better)
    assert {f"pooled iou_{name}" for name in ("floor", "wall")} <= found.keys()


def test_what_cannot_be_loaded_ends_before_it_begins(tmp_path):
    with pytest.raises(PluginError, match="did you mean 'depth'"):
        evaluate("deph", "mini", DATA, tmp_path / "run")
    with pytest.raises(InputError, match="limit must be a whole number of at least 1"):
        evaluate("depth", "oracle", DATA, tmp_path / "run", limit=0)
    assert not (tmp_path / "run").exists()


def test_every_sample_has_a_picture_of_its_own(tmp_path):
    folder = RunFolder(tmp_path)
    odd = ["a/b", "a_b", "a%2Fb", "../../etc", "Ä" * 300, "Ä" * 300 + "x", "", ".", "a b", "A/B"]
    paths = [folder.output(name) for name in odd]
    assert len({str(path).lower() for path in paths[:-1]}) == len(odd) - 1
    assert all(path.parent == tmp_path / "outputs" and len(path.name) < 240 for path in paths)


def test_the_commands_print_what_they_found(tmp_path, vbanalysis, refused):
    data = ["--model", "oracle", "--dataset", "analytic?n=6&height=48", "-o"]
    code, out, _ = vbanalysis("evaluate", "depth", *data, tmp_path / "one")
    assert code == 0
    assert "protocol  alignment none, the data set's cap, mean over images" in out
    assert "n=6" in out
    code, out, _ = vbanalysis(
        "rescore", tmp_path / "one", "--task", "depth?high=5&low=0.1", "-o", tmp_path / "two"
    )
    assert code == 0
    code, out, _ = vbanalysis("compare", tmp_path / "one", tmp_path / "two")
    assert code == 0
    assert "absrel" in out
    assert "second larger on" in out
    assert "holds another run" in refused("evaluate", "normals", *data, tmp_path / "one")


def test_a_run_of_failures_only_ends_with_1(tmp_path, vbanalysis):
    data = "analytic?n=2&height=48"
    code, out, _ = vbanalysis(
        "evaluate", "instance", "--model", "oracle", "--dataset", data, "-o", tmp_path / "run"
    )
    assert code == 1
    assert "failed    2 of 2 samples" in out
    assert "has no phrase" in out
