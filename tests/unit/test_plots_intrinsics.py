"""Figures of notebook 20: each pipeline is drawn once, and only what is told."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

from vbanalysis.plots import intrinsics as figures
from vbanalysis.plots import style
from vbanalysis.studies.intrinsics import METRICS, PIPELINES

matplotlib.use("Agg")
import matplotlib.pyplot as plt


@pytest.fixture(autouse=True)
def _styled():
    with plt.rc_context(style()):
        yield
    plt.close("all")


def kept():
    rows = [
        {
            "look": look,
            "pipeline": name,
            "seed": seed,
            "metric": metric,
            "value": 0.5,
            "low": 0.4,
            "high": 0.6,
        }
        for look in ("20", "60", "110", "fov-wide")
        for name in (*PIPELINES, "none - true")
        for seed in ("1", "2", "all", "seeds")
        for metric in METRICS
    ]
    return pd.DataFrame(rows).assign(value=0.5, low=0.4, high=0.6, n=9)


def test_the_cliff_is_drawn_for_each_spread():
    fig = figures.cliff_figure(0.83, (0.0, 0.1))
    assert [len(ax.lines) for ax in fig.axes] == [2, 2]
    sharp = fig.axes[0].lines[0].get_ydata()
    assert set(np.unique(sharp)) == {0.0, 1.0}


def test_fields_have_a_mean_and_each_seed_of_three_pipelines():
    predicted = pd.DataFrame({"hfov_deg": [20.0, 60.0], "delta1": [0.1, 0.9]})
    fig = figures.fields_figure(kept(), predicted)
    first, *others = fig.axes
    assert len(first.lines) == 3 * (1 + 2) + 1
    assert all(len(ax.lines) >= 9 for ax in others)
    assert max(first.lines[0].get_xdata()) == 110  # the splits have no field of view of their own


def test_zoom_has_a_panel_a_group_and_a_point_a_model():
    rows = [
        {"group": group, "model": model, "value": 0.1, "low": 0.0, "high": 0.2, "n": 5}
        for group, model in (("a", "x, true focal"), ("a", "y, hard-coded"), ("b", "y, hard-coded"))
    ]
    fig = figures.zoom_figure(pd.DataFrame(rows))
    assert [ax.get_title(loc="left") for ax in fig.axes] == ["a, n = 5", "b, n = 5"]
    assert [len(ax.containers) for ax in fig.axes] == [2, 1]


def test_recovered_draws_what_is_told_and_marks_cameras_that_are_known():
    rooms = pd.DataFrame(
        {"true": [0.8, 0.9], "focal": [0.8, np.nan], "low": [0.7, np.nan], "high": [0.9, np.nan],
         "refused": ["", "no"]}
    )  # fmt: skip
    real = pd.DataFrame(
        {"name": ["a", "b"], "true": [1.0, np.nan], "focal": [1.1, 0.6], "low": [0.9, 0.5],
         "high": [1.2, 0.7], "refused": ["", ""]}
    )  # fmt: skip
    fig = figures.recovered_figure({"coded": rooms}, real)
    assert len(fig.axes) == 2
    assert [label.get_text() for label in fig.axes[1].get_yticklabels()] == ["a", "b"]
    bars = [line for line in fig.axes[1].lines if line.get_marker() == "|" and line.get_markersize() == 12]
    assert [bar.get_xdata()[0] for bar in bars] == [1.0]


def test_the_star_is_at_the_printed_figures():
    fig = figures.explained_figure()
    (star,) = [line for line in fig.axes[0].lines if line.get_marker() == "*"]
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (0.643, 0.219)
