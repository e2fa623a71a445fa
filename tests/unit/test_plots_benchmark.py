"""Figures of a benchmark run hold what they were given; how they look is for the eye."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from vbanalysis import plugins
from vbanalysis.evaluation import evaluate
from vbanalysis.plots import benchmark
from vbanalysis.plots.benchmark import breakdown_figure, cases_figure, confusion_figure, distribution_figure
from vbanalysis.studies.cases import each_case

SETS = {
    "depth": "analytic?n=2&height=48",
    "normals": "analytic?n=2&height=48",
    "semantic": "scenes:validation?n=2",
    "instance": "scenes:validation?n=2&ask=instance",
    "referring": "scenes:validation?n=2&ask=referring",
}


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


@pytest.mark.parametrize("task", SETS)
def test_each_case_has_a_row_with_its_score_and_reason(task, tmp_path):
    run = evaluate(task, "oracle", SETS[task], tmp_path / "run")
    cases = list(each_case(run))
    fig = cases_figure(task, cases, "score")
    titles = [ax.get_title() for ax in fig.axes]
    assert {"image", "output", "decoded", "truth", "error"} <= set(titles)
    words = [text.get_text() for ax in fig.axes for text in ax.texts]
    for case in cases:
        (told,) = [each for each in words if each.startswith(f"{case.sample.id}:")]
        assert case.reason in told
        assert f"{case.score:.3g}" in told
    assert plugins.load("tasks", task).headline in run.records()
    fig.canvas.draw()


def test_a_distribution_is_the_share_of_images_below_a_value():
    fig = distribution_figure({"mini": np.array([3.0, 1.0, 2.0]), "none": np.zeros(0)}, "absrel")
    (ax,) = fig.axes
    steps = next(line for line in ax.lines if len(line.get_xdata()) == 3)
    np.testing.assert_allclose(steps.get_xdata(), [1, 2, 3])
    np.testing.assert_allclose(steps.get_ydata(), [1 / 3, 2 / 3, 1])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["mini, n=3"]


def test_a_breakdown_has_a_panel_a_question_and_its_intervals():
    rows = [
        ("depth", "1 to 2 m", "absrel", 0.1, 0.05, 0.2, 7, True),
        ("depth", "2 to 4 m", "absrel", 0.2, 0.1, 0.25, 9, False),
        ("place", "at edges", "bias", -0.1, -0.2, 0.1, 9, False),
        ("place", "at edges", "unseen", 1.0, 1.0, 1.0, 9, False),
    ]
    columns = ["by", "bin", "metric", "value", "low", "high", "n", "is_range"]
    table = pd.DataFrame(rows, columns=columns)
    fig = breakdown_figure(table, {"absrel": "AbsRel", "bias": "signed error"})
    first, second = fig.axes
    assert (first.get_title(loc="left"), second.get_title(loc="left")) == ("depth", "place")
    assert [label.get_text() for label in first.get_yticklabels()] == [
        "1 to 2 m (n=7, range)",
        "2 to 4 m (n=9)",
    ]
    (bars,) = first.containers[0].lines[2]
    np.testing.assert_allclose([segment[:, 0] for segment in bars.get_segments()], [[0.05, 0.2], [0.1, 0.25]])


def test_a_confusion_is_in_shares_of_the_true_class():
    fig = confusion_figure(np.array([[6, 2, 0], [0, 0, 0]]), ["wall", "door"])
    ax = fig.axes[0]
    np.testing.assert_allclose(ax.images[0].get_array(), [[0.75, 0.25, 0]])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["wall"]
    assert {text.get_text() for text in ax.texts} == {"75", "25"}


def test_found_instances_have_the_colours_of_the_true_ones():
    masks = np.zeros((2, 4, 6), bool)
    masks[0, :, :2], masks[1, :, 4:] = True, True
    answer = np.zeros((4, 6), np.int32)
    answer[:, 4:], answer[:, :2], answer[0, 3] = 7, 2, 5
    shown = benchmark._numbered_as(masks, answer)
    assert (shown[:, :2] == 1).all()
    assert (shown[:, 4:] == 2).all()
    assert shown[0, 3] > 2
    assert (benchmark._numbered_as(masks[:0], answer) > 0).sum() == 17
    assert not benchmark._numbered_as(masks, np.zeros_like(answer)).any()
