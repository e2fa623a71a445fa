"""Figures of narrow tuning, drawn from small tables."""

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from vbanalysis.evaluation import LegendVote
from vbanalysis.plots import narrow as figures
from vbanalysis.plots import style
from vbanalysis.studies.narrow import FAMILIES
from vbanalysis.studies.novelty import pairs

ENDS = {"low": 0.1, "high": 0.3, "n": 9, "seed 1": 0.15, "seed 2": 0.25}


@pytest.fixture(autouse=True)
def _styled():
    with plt.rc_context(style()):
        yield
    plt.close("all")


def row(group, measure, arm, value=0.2, seeds=(np.nan, np.nan)):
    return {"group": group, "measure": measure, "arm": arm, "value": value, **ENDS} | dict(
        zip(("seeds_low", "seeds_high"), seeds, strict=True)
    )


def test_families_stand_before_their_kinds_and_seeds_have_a_dot_each():
    names = ["negation", "open", "words neither met", "scenes the broad arm met"]
    table = pd.DataFrame(
        [
            row(name, m, "narrow - broad", seeds=(0.0, 0.4))
            for name in names
            for m in ("level", "interaction", "kept")
        ]
    )
    fig = figures.contrasts_figure(table)
    told = [label.get_text() for label in fig.axes[0].get_yticklabels()]
    assert told == ["words neither met", "negation", "scenes the broad arm met", "open"]
    bold = [label.get_text() for label in fig.axes[0].get_yticklabels() if label.get_fontweight() == "bold"]
    assert set(bold) <= set(FAMILIES)
    dots = [line for line in fig.axes[0].lines if line.get_marker() == "."]
    assert len(dots) == 4
    assert all(len(line.get_xdata()) == 2 for line in dots)


def test_the_parts_of_the_loss_fill_the_bar():
    parts = {"iou_double": 0.5, "binding_loss": 0.3, "region_loss": 0.2}
    table = pd.DataFrame(
        [row(g, m, arm, v) for arm in ("broad", "narrow") for g in ("own", "open") for m, v in parts.items()]
    )
    fig = figures.binding_figure(table)
    assert len(fig.axes) == 2
    ends = [patch.get_x() + patch.get_width() for patch in fig.axes[0].patches]
    assert max(ends) == pytest.approx(1)


def test_levels_show_the_taught_words_as_rings():
    table = pd.DataFrame(
        [row(g, m, arm) for arm in ("broad", "tuned") for g in ("own", "negation") for m in ("iou", "plain")]
    )
    fig = figures.levels_figure(table)
    assert [text.get_text() for text in fig.legends[0].get_texts()] == ["broad", "tuned"]
    assert [text.get_text() for text in fig.axes[0].texts] == ["new words"]


def test_legends_show_gain_and_area_of_each_exam():
    table = pd.DataFrame(
        [
            {"task": task, "scenes": "own", "arm": "tuned", "measure": m, "value": 0.6, **ENDS}
            for task in ("referring", "semantic")
            for m in ("gain", "repeats_gain", "auc", "repeats_auc")
        ]
    )
    fig = figures.legend_figure(table)
    assert [t.get_text() for t in fig.axes[0].get_yticklabels()] == [
        "referring,\nown domain",
        "semantic,\nown domain",
    ]
    markers = [line for line in fig.axes[1].lines if line.get_marker() == "o"]
    assert len(markers) == 4


def test_a_row_of_votes_has_image_legends_vote_and_truth():
    asked = pairs("own", 2)
    votes = [LegendVote(np.stack([a.truth] * 4), a.truth, np.ones(a.truth.shape), 1.0, 4, 0.1) for a in asked]
    fig = figures.votes_figure(asked, votes)
    assert len(fig.axes) == 2 * 7
    assert fig.axes[6].get_title(loc="left") == "truth"
