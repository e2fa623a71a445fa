"""The same images through every model: what each says, how alike the answers are, what fails."""

import matplotlib
import numpy as np
import pytest

from vbanalysis import plugins
from vbanalysis.errors import InputError
from vbanalysis.plots import style
from vbanalysis.plots.zoo import agreement_figure, zoo_figure
from vbanalysis.studies import zoo
from vbanalysis.studies.leaders import leaders
from vbanalysis.studies.zoo import Said
from vbanalysis.types import Sample

matplotlib.use("Agg")
import matplotlib.pyplot as plt

H, W = 20, 30


@pytest.fixture(autouse=True)
def _styled():
    with plt.rc_context(style()):
        yield
    plt.close("all")


def said(*answers):
    return [
        Said(answer, None if answer is not None else "no mood", 0.5 + k) for k, answer in enumerate(answers)
    ]


def ramp(factor=1.0, offset=0.0):
    return factor * np.linspace(1, 9, H * W).reshape(H, W) + offset


class Fake:
    name, tasks, invariance = "fake", ("depth",), "none"

    def predict(self, sample, instruction):
        if sample.id == "dark":
            raise RuntimeError("cannot see dark")
        return np.full((4, 6), 2.0)

    def describe(self):
        return {}


def samples():
    return [
        Sample(name, np.full((H, W, 3), level, np.uint8)) for name, level in (("light", 200), ("dark", 5))
    ]


def test_every_installed_model_has_a_row_that_says_whether_it_is_ready():
    table = zoo.zoo().set_index("model")
    assert set(table.index) == {info.name for info in plugins.available("models")}
    assert table.ready["mini"] == "yes"
    assert table.ready["onnx"].startswith(("with an argument: onnx:", "no: pip install"))
    assert table.role["oracle"] == "reference"


def test_at_hand_are_those_that_answer_at_once():
    found = zoo.at_hand("normals", ["mini:base", "stereo", "nobody:knows"])
    assert {"mini", "mini-regression"} <= set(found)
    assert found[-1] == "mini:base"
    assert not {"oracle", "recorded", "onnx", "stereo", "nobody:knows"} & set(found)


def test_who_fails_says_why_and_the_others_go_on(monkeypatch):
    load = plugins.load

    def loading(kind, spec, expect=object):
        if spec == "fake":
            return Fake()
        if spec == "locked":
            raise InputError("no key")
        return load(kind, spec, expect)

    monkeypatch.setattr(zoo.plugins, "load", loading)
    found = zoo.ask_all(["fake", "locked", "oracle"], "depth", samples())
    good, bad = found["fake"]
    assert good.answer.shape == (H, W)
    assert (bad.answer, bad.reason) == (None, "RuntimeError: cannot see …")
    assert [each.reason for each in found["locked"]] == ["no key", "no key"]
    assert "knows only the samples" in found["oracle"][0].reason
    table = zoo.failures({"depth": found}).set_index(["model", "reason"])
    assert table.images["locked", "no key"] == 2
    assert table.images["fake", "RuntimeError: cannot see …"] == 1
    costs = zoo.costs(found).set_index("model")
    assert (costs.answered["fake"], costs.failed["fake"]) == (1, 1)
    assert np.isnan(costs.seconds["locked"])


@pytest.mark.parametrize(
    ("task", "one", "two", "expected"),
    [
        ("depth", ramp(), ramp(3, 2), 1.0),
        ("depth", ramp(), 1 / ramp(), -1.0),
        ("depth", ramp(), np.where(ramp() < 5, np.nan, ramp()), 1.0),
        ("depth", np.where(ramp() < 5, np.inf, ramp()), np.where(ramp() < 5, np.inf, ramp()), 1.0),
        ("referring", np.where(ramp() < 5, 0, -1), np.where(ramp() < 5, 0, -1), 1.0),
        ("referring", np.where(ramp() < 5, 0, -1), np.where(ramp() < 5, -1, 0), 0.0),
        ("instance", np.zeros((H, W), int), np.zeros((H, W), int), 1.0),
        ("instance", np.ones((H, W), int), np.where(ramp() < 5, 2, 0), 0.5),
        ("semantic", np.zeros((H, W), int), np.where(ramp() < 5, 0, 1), 0.25),
    ],
)
def test_agreement_of_known_answers(task, one, two, expected):
    (row,) = zoo.agreement(task, {"a": said(one), "b": said(two)}).itertuples()
    assert row.value == pytest.approx(expected, abs=0.01)
    assert (row.first, row.second, row.n) == ("a", "b", 1)
    assert np.isnan([row.low, row.high]).all()  # one image has neither an interval nor a range


def test_agreement_of_normals_is_an_angle():
    up = np.broadcast_to([0.0, 1.0, 0.0], (H, W, 3))
    tilted = np.broadcast_to([0.0, np.cos(0.5), np.sin(0.5)], (H, W, 3))
    (row,) = zoo.agreement("normals", {"a": said(up), "b": said(tilted)}).itertuples()
    assert row.value == pytest.approx(np.degrees(0.5))


def test_what_one_does_not_answer_is_not_compared():
    table = zoo.agreement(
        "depth", {"a": said(ramp(), None), "b": said(ramp(), ramp()), "c": said(None, None)}
    )
    assert list(table["second"]) == ["b"]
    assert list(table.n) == [1]
    flat = np.ones((H, W))
    assert zoo.agreement("depth", {"a": said(flat), "b": said(ramp())}).empty


def test_where_there_is_truth_each_has_its_figure(tmp_path):
    table = zoo.measured(
        {"depth": ["oracle", "mini"], "referring": ["oracle"]},
        {"depth": "scenes:validation?n=3", "referring": "scenes:validation?n=3&ask=referring"},
        tmp_path,
        n=3,
    ).set_index(["task", "model"])
    assert table.value["depth", "oracle"] == 1
    assert table.value["depth", "mini"] < 1
    assert table.metric["referring", "oracle"] == "giou"
    assert list(table.n) == [3, 3, 3]


def test_the_best_is_told_from_the_next_on_the_same_samples(tmp_path):
    tasks = {"normals": "scenes:validation?n=6", "referring": "scenes:validation?n=6&ask=referring"}
    specs = {task: ["oracle", "oracle:noise=60", "mini"] for task in tasks}
    found = {each.task: each for each in leaders(zoo.measured(specs, tasks, tmp_path, n=6), tmp_path)}
    assert [each.model for each in found.values()] == ["mini", "mini"]
    normals = found["normals"]
    assert f"{normals.figure:.0f}".endswith("n=6")
    assert (normals.second, normals.of, normals.lead.n) == ("oracle:noise=60", 2, 6)
    assert normals.lead.low > 0  # less is better, and the lead is positive all the same
    assert normals.told_apart
    assert found["referring"].lead.value > 0
    assert not normals._replace(lead=normals.lead._replace(low=-0.1)).told_apart
    assert not normals._replace(second=None, lead=None).told_apart
    alone = zoo.measured({"normals": ["mini"]}, tasks, tmp_path / "alone", n=2)
    assert leaders(alone, tmp_path / "alone")[0].lead is None


def test_figures_have_a_panel_for_each_answer():
    answers = {"mini": said(ramp(), ramp()), "stereo": said(None, ramp())}
    fig = zoo_figure("depth", samples(), answers)
    assert len(fig.axes) == 6
    assert [text.get_text() for ax in fig.axes for text in ax.texts] == ["no answer"]
    for task, answer in (("normals", np.full((H, W, 3), 3**-0.5)), ("referring", np.zeros((H, W), int))):
        assert len(zoo_figure(task, samples(), {"a": said(answer, answer)}).axes) == 4
    table = zoo.agreement("depth", {"a": said(ramp()), "b": said(ramp()), "c": said(1 / ramp())})
    fig = agreement_figure({"depth": table, "normals": table.assign(low=0.5, high=1.5, n=5)}, ["normals"])
    names = [[text.get_text() for text in ax.get_yticklabels()] for ax in fig.axes]
    assert names == [["a, b (n=1)", "a, c (n=1)", "b, c (n=1)"], ["a, b (n=5)", "a, c (n=5)", "b, c (n=5)"]]
    one, five = ([line.get_xdata() for line in ax.lines if line.get_marker() == "None"] for ax in fig.axes)
    assert [list(ends) for ends in five if len(ends) == 2 and ends[0] == 0.5] == [[0.5, 1.5]] * 3
    assert not [ends for ends in one if np.isfinite(ends).all() and len(set(ends)) > 1]  # of n = 1 no line


def test_a_paid_model_is_asked_within_its_limit_and_its_cost_is_told(gemini_server, tmp_path):
    spec = f"gemini:gemini-3-pro-image-preview?cache={tmp_path / 'cache'}&backoff_s=0.01"
    scenes = plugins.load("datasets", "scenes:validation?n=2")
    pictures = [scenes[0], scenes[1]]
    (free,) = zoo.ask_all([spec], "depth", pictures).values()
    assert all("costs money by the call" in each.reason for each in free)
    poor = zoo.Limits(tmp_path / "poor.jsonl", max_cost=0.0)
    (refused,) = zoo.ask_all([spec], "depth", pictures, limits=poor).values()
    assert [each.answer for each in refused] == [None, None]
    rich = zoo.Limits(tmp_path / "rich.jsonl", max_cost=100.0)
    found = zoo.ask_all([spec], "depth", pictures, limits=rich)
    assert all(each.answer is not None and each.dollars > 0 for each in found[spec]), found
    assert zoo.costs(found).dollars[0] == pytest.approx(zoo.spent(rich.ledger).cost / 2)
    (again,) = zoo.ask_all([spec], "depth", pictures, limits=rich).values()
    assert [each.dollars for each in again] == [0, 0]
    table = zoo.measured(
        {"depth": [spec]}, {"depth": "scenes:validation?n=3"}, tmp_path / "runs", n=3, max_cost=0.0
    )
    assert (table.n[0], table.failed[0]) == (0, 3)
