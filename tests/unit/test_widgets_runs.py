"""The run browser without a browser: sorting, filtering, looking at samples, two runs side by side."""

import io
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from vbanalysis.codecs import DepthCodec
from vbanalysis.errors import DataError, InputError
from vbanalysis.evaluation import compare, evaluate, open_run
from vbanalysis.metrics import depth_metrics
from vbanalysis.tasks.depth import DepthTask
from vbanalysis.tasks.instance import InstanceTask
from vbanalysis.tasks.normals import NormalsTask
from vbanalysis.tasks.referring import ReferringTask
from vbanalysis.tasks.semantic import SemanticTask
from vbanalysis.types import Sample
from vbanalysis.widgets.answers import answer_panel, error_panel
from vbanalysis.widgets.runs import RecordFilter, RunBrowser

DATA = "analytic?n=5&height=40"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run of the truth and one of the truth through JPEG."""
    folder = tmp_path_factory.mktemp("runs")
    for name, model in (("clean", "oracle"), ("jpeg", "oracle:jpeg=40")):
        evaluate("depth", model, DATA, folder / name)
    return folder / "clean", folder / "jpeg"


@pytest.fixture
def with_failure(runs, tmp_path):
    """The second run, where one sample failed."""
    import pandas as pd

    folder = tmp_path / "failed"
    shutil.copytree(runs[1], folder)
    table = pd.read_parquet(folder / "records.parquet")
    numbers = [name for name in table.columns if table[name].dtype.kind == "f"]
    table.loc[2, numbers] = np.nan
    table.loc[2, "status"] = "failed"
    table.loc[2, "failed_step"], table.loc[2, "reason"] = "generate", "REFUSED: not in the mood"
    table.to_parquet(folder / "records.parquet", index=False)
    summary = json.loads((folder / "summary.json").read_text()) | {"n_failed": 1}
    (folder / "summary.json").write_text(json.dumps(summary))
    (folder / "outputs" / "analytic%2F2.png").unlink()
    return folder


def pixels(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def test_records_are_those_of_the_run(runs):
    browser = RunBrowser(runs[1])
    kept = open_run(runs[1]).records()
    found = browser.table("absrel")
    assert found.id.tolist() == kept.id.tolist()
    assert found["first"].tolist() == kept.absrel.tolist()
    assert browser.metrics[0] == "absrel"
    assert {"delta1", "rmse", "seconds_generate", "n_pixels"} <= set(browser.metrics)


@pytest.mark.parametrize("descending", [False, True])
def test_records_are_sorted_either_way(runs, descending):
    values = RunBrowser(runs[1]).table("rmse", sort="first", descending=descending)["first"].tolist()
    assert values == sorted(values, reverse=descending)
    assert len(set(values)) == 5


def test_what_failed_comes_last_and_can_be_found(with_failure):
    browser = RunBrowser(with_failure)
    for descending in (False, True):
        rows = browser.table("absrel", sort="first", descending=descending)
        assert rows.status.tolist() == ["ok"] * 4 + ["failed"]
    assert browser.table("absrel", where=RecordFilter(status="failed")).id.tolist() == ["analytic/2"]
    assert len(browser.table("absrel", where=RecordFilter(status="ok"))) == 4
    assert browser.table("absrel", where=RecordFilter(text=" refused ")).id.tolist() == ["analytic/2"]
    look = browser.look("analytic/2")
    assert look.details[0]["reason"] == "REFUSED: not in the mood"
    assert [panel.title for panel in look.panels] == ["Input"]
    assert "holds no picture of 'analytic/2'" in look.problem


def test_records_are_filtered_by_words_and_by_value(runs):
    browser = RunBrowser(runs[1])
    assert browser.table("absrel", where=RecordFilter(text="Analytic/3")).id.tolist() == ["analytic/3"]
    assert len(browser.table("absrel", where=RecordFilter(text="depth"))) == 5  # a word of the prompt
    assert browser.table("absrel", where=RecordFilter(text="no such")).empty
    middle = browser.table("absrel")["first"].median()
    upper = browser.table("absrel", sort="first", where=RecordFilter(low=middle))
    assert len(upper) == 3
    assert (upper["first"] >= middle).all()
    assert len(browser.table("absrel", sort="place", where=RecordFilter(high=1))) == 2


@pytest.mark.parametrize(
    "asked", [{"metric": "best"}, {"sort": "difference"}, {"where": RecordFilter(status="lost")}]
)
def test_what_is_not_there_is_listed(runs, asked):
    with pytest.raises(InputError, match="must be one of"):
        RunBrowser(runs[0]).table(**{"metric": "absrel", **asked})


def test_a_sample_is_seen_as_input_colours_answer_and_error(runs):
    browser = RunBrowser(runs[1])
    look = browser.look("analytic/1")
    assert [panel.title.partition(":")[0] for panel in look.panels[:1]] == ["Input"]
    assert [panel.title.rpartition("jpeg=40: ")[2].partition(":")[0] for panel in look.panels[1:]] == [
        "colours", "decoded", "error",
    ]  # fmt: skip
    from vbanalysis import plugins

    sample = plugins.load("datasets", DATA)["analytic/1"]
    assert np.array_equal(pixels(look.panels[0].picture), sample.image)
    assert np.array_equal(pixels(look.panels[1].picture), open_run(runs[1]).picture("analytic/1"))
    assert look.problem == ""
    assert look.details[0]["absrel"] == browser.table("absrel")["first"][1]


def test_two_runs_have_the_differences_of_their_comparison(runs):
    browser = RunBrowser(*runs)
    rows = browser.table("absrel", sort="difference", descending=True)
    assert rows.difference.tolist() == (rows.second - rows["first"]).tolist()
    assert rows.difference.is_monotonic_decreasing
    found = browser.differences("absrel")
    (compared,) = [each for each in compare(*runs) if each.metric == "absrel"]
    assert found.mean() == pytest.approx(compared.difference.value)
    assert (found > 0).all()
    assert len(browser.look("analytic/0").panels) == 1 + 2 * 3
    assert browser.names == ("oracle", "oracle:jpeg=40")


def test_a_sample_that_one_run_failed_on_has_no_difference(runs, with_failure):
    browser = RunBrowser(runs[0], with_failure)
    assert browser.differences("absrel").size == 4
    assert browser.table("absrel", sort="difference").id.tolist()[-1] == "analytic/2"


def test_runs_of_one_model_are_told_apart_by_their_folders(runs, tmp_path):
    shutil.copytree(runs[0], tmp_path / "again")
    assert RunBrowser(runs[0], tmp_path / "again").names == ("oracle in clean", "oracle in again")
    with pytest.raises(InputError, match="there is one run"):
        RunBrowser(runs[0]).differences("absrel")


def test_without_its_data_set_a_run_still_shows_what_it_kept(runs, tmp_path):
    shutil.copytree(runs[1], tmp_path / "moved")
    about = json.loads((tmp_path / "moved" / "run.json").read_text()) | {"dataset": "nyuv2:/no/such/folder"}
    (tmp_path / "moved" / "run.json").write_text(json.dumps(about))
    look = RunBrowser(tmp_path / "moved").look("analytic/1")
    assert [panel.title.split(": ")[1] for panel in look.panels] == ["colours", "decoded"]
    assert "no input and no error are shown" in look.problem


def test_what_is_no_run_or_no_sample_is_refused(runs, tmp_path):
    with pytest.raises(DataError, match=r"is no folder of a run, .*vbanalysis evaluate"):
        RunBrowser(tmp_path)
    with pytest.raises(InputError, match="no run has a sample 'x'"):
        RunBrowser(runs[0]).look("x")


# Answers and errors as pictures


def scene(**known):
    return Sample("s", np.zeros((4, 6, 3), np.uint8), **known)


def test_the_depth_error_is_the_one_that_is_scored():
    truth = np.full((4, 6), 2.0, np.float32)
    truth[0] = np.nan
    answer = (truth * 3).astype(np.float32)
    answer[1], answer[2] = np.nan, 6.0
    answer[0] = 1.0
    sample = scene(depth_m=truth)
    median = DepthTask(alignment="median")
    assert depth_metrics(answer, truth, cap_m=(1e-3, 80), alignment="median", unknown="drop").absrel < 1e-6
    shown = pixels(error_panel("e", median, answer, sample).picture)
    assert (shown[0] == 255).all()  # not scored
    assert (shown[1] == 216).all()  # no depth
    aligned, plain = (
        shown[2, 0].astype(int),
        pixels(error_panel("e", DepthTask(), answer, sample).picture)[2, 0],
    )
    assert aligned.sum() < 40  # an error of 0 is dark
    assert plain.sum() > 400  # one of 200 % is bright


def test_a_normal_error_is_an_angle():
    truth = np.zeros((4, 6, 3), np.float32)
    truth[..., 2] = 1
    answer = truth.copy()
    answer[1] = (1, 0, 0)
    answer[2] = np.nan
    shown = pixels(error_panel("e", NormalsTask(), answer, scene(normals=truth)).picture)
    assert shown[0].sum() < shown[1].sum()
    assert (shown[2] == 216).all()
    valid = np.ones((4, 6), bool)
    valid[:3] = False
    hidden = pixels(error_panel("e", NormalsTask(), answer, scene(normals=truth, valid=valid)).picture)
    assert (hidden[:3] == 255).all()
    assert (hidden[3] != 255).any()
    painted = pixels(answer_panel("a", NormalsTask(), answer, None, None).picture)
    assert (painted[2] == 255).all()


def test_classes_have_the_colours_of_the_prompt_and_errors_their_own():
    task = SemanticTask()
    truth = np.array([[0, 0, 1, 1, 1, -1]] * 4, np.int32)
    sample = scene(classes=truth, class_names=("cat", "dog"))
    instruction = task.instruction(sample)
    answer = np.array([[0, 1, 1, 1, -1, 0]] * 4, np.int32)
    painted = pixels(answer_panel("a", task, answer, instruction, sample).picture)
    assert painted[0, 0].tolist() == list(instruction.colours[0])
    assert painted[0, 2].tolist() == list(instruction.colours[1])
    error = pixels(error_panel("e", task, answer, sample).picture)[0]
    right, other, none, unscored = error[0], error[1], error[4], error[5]
    assert right.tolist() == [235, 235, 235]
    assert other.tolist() == [213, 94, 0]
    assert none.tolist() == [0, 114, 178]
    assert unscored.tolist() == [255, 255, 255]


@pytest.mark.parametrize(("task", "first"), [(ReferringTask(), 0), (InstanceTask(), 1)])
def test_masks_are_compared_pixel_by_pixel(task, first):
    mask = np.zeros((1, 4, 6), bool)
    mask[:, :, :3] = True
    sample = scene(phrase="cat", masks=(mask,))
    answer = np.full((4, 6), first - 1, np.int32)
    answer[:, 2:4] = first
    error = pixels(error_panel("e", task, answer, sample).picture)[0]
    assert [tuple(colour) for colour in error] == [
        (0, 114, 178), (0, 114, 178), (235, 235, 235), (213, 94, 0), (20, 20, 20), (20, 20, 20),
    ]  # fmt: skip
    painted = pixels(answer_panel("a", task, answer, None, sample).picture)[0]
    assert (painted[2] != painted[0]).any()
    assert (painted[0] == painted[5]).all()


def test_without_truth_no_error_is_shown():
    sample = scene()
    assert error_panel("e", DepthTask(), np.ones((4, 6), np.float32), sample) is None
    assert error_panel("e", NormalsTask(), np.ones((4, 6, 3), np.float32), sample) is None
    assert error_panel("e", ReferringTask(), np.zeros((4, 6), np.int32), sample) is None
    nothing = replace(sample, phrase="cat", masks=(np.zeros((0, 4, 6), bool),))
    shown = pixels(error_panel("e", InstanceTask(), np.ones((4, 6), np.int32), nothing).picture)
    assert (shown == (213, 94, 0)).all()


def test_answers_of_another_size_are_compared_at_the_size_of_the_truth():
    truth = np.full((8, 12), 5.0, np.float32)
    answer = DepthCodec().decode(DepthCodec().encode(np.full((4, 6), 5.0))).depth_m
    assert pixels(error_panel("e", DepthTask(), answer, scene(depth_m=truth)).picture).shape == (8, 12, 3)


# The view


@pytest.fixture
def view(runs):
    pytest.importorskip("ipywidgets")
    from vbanalysis.widgets.runs_view import RunView

    return RunView(RunBrowser(*runs))


def test_the_list_follows_the_menus_and_shows_the_worst_first(view):
    worst = view.browser.table("absrel", sort="first", descending=True).id.tolist()
    assert [value for _, value in view.records.options] == worst
    assert view.records.value == worst[0]
    view.controls["sort"].value = "difference"
    view.controls["order"].value = True
    least = view.browser.table("absrel", sort="difference").id.tolist()
    assert [value for _, value in view.records.options] == least
    assert view.records.value == worst[0]  # stays chosen
    view.controls["text"].value = "analytic/4"
    assert view.records.value == "analytic/4"
    assert "1 of 5 records" in view.count.value
    assert len(view.pictures.panels) == 7
    view.controls["text"].value = "nothing of that kind"
    assert view.records.value is None
    assert view.pictures.panels == []


def test_the_view_says_what_is_no_number(view):
    view.controls["low"].value = "much"
    assert "&#x27;much&#x27; is no number" in view.count.value
    view.controls["low"].value = "1e9"
    assert "0 of 5 records" in view.count.value


def test_the_view_has_the_comparison_with_intervals(view):
    page = view.widget.children
    text = "".join(getattr(child, "value", "") or "" for child in page if hasattr(child, "value"))
    assert "Paired differences" in text
    assert "absrel" in text
    assert "above 0 in 100 %" in view.differences.value
    assert "<svg" in view.differences.value


def test_records_cannot_write_into_the_page(runs, tmp_path):
    pytest.importorskip("ipywidgets")
    import pandas as pd

    from vbanalysis.widgets.runs_view import RunView

    folder = tmp_path / "evil"
    shutil.copytree(runs[0], folder)
    table = pd.read_parquet(folder / "records.parquet")
    table["prompt"] = "<script>alert(1)</script>"
    table.to_parquet(folder / "records.parquet", index=False)
    view = RunView(RunBrowser(folder))
    assert "<script>" not in view.details.value
    assert "&lt;script&gt;" in view.details.value


def test_the_lines_of_the_list_are_columns_with_their_meaning(view):
    lines = [text for text, _ in view.records.options]
    assert len({len(line) for line in lines}) == 1
    assert not any(" " in line for line in lines)  # blanks that a browser would join
    first, second = view.browser.names
    assert f"in each line the absrel of {first}, of {second}, and the difference" in view.count.value
