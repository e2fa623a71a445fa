import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from vbanalysis.plots import COLOURS, style
from vbanalysis.plots import paper as figures
from vbanalysis.studies import paper as study

matplotlib.use("Agg")
import matplotlib.pyplot as plt


@pytest.fixture(autouse=True)
def _styled():
    with plt.rc_context(style()):
        yield
    plt.close("all")


def texts(fig):
    fig.canvas.draw()
    return [
        text.get_text()
        for text in fig.findobj(matplotlib.text.Text)
        if text.get_visible() and text.get_text()
    ]


def test_every_average_has_a_line_with_both_numbers_and_the_colour_of_its_verdict():
    table = pd.concat([study.recomputed_averages(family) for family in study.FAMILIES])
    fig = figures.averages_figure(table)
    assert [len(ax.get_yticks()) for ax in fig.axes] == table.groupby("family", sort=False).size().tolist()
    shown = " ".join(texts(fig))
    assert "0.929   0.92875" in shown
    assert "Depth Anything 3, 4 with KITTI, δ1" in shown
    dots = [line for line in fig.axes[0].lines if line.get_marker() == "D" and len(line.get_xdata())]
    assert [dot.get_ydata().item() for dot in dots] == [0]  # Depth Pro's, which was cut off


def test_bars_of_a_lead_point_to_who_is_ahead_and_diamonds_leave_one_data_set_out():
    each = study.lead("depth", "delta1", "Vision Banana", "Depth Anything 3")
    fig = figures.leads_figure([each])
    (ax,) = fig.axes
    assert [bar.get_width() for bar in ax.patches] == pytest.approx(each.by_dataset.difference)
    assert {to_hex(bar.get_facecolor()).upper() for bar in ax.patches if bar.get_width() > 0} == {COLOURS[5]}
    np.testing.assert_allclose(ax.lines[0].get_xdata(), each.by_dataset.without)
    assert {"+0.079", "−0.038", "+0.011", "DIODE-Indoor", "average"} <= set(texts(fig))


def test_the_first_of_each_column_is_bold():
    ranking = study.ranked_without("normals", "mean_deg")
    fig = figures.rankings_figure({"mean angle": ranking})
    bold = [t.get_text() for t in fig.axes[0].texts if t.get_fontweight() == "bold"]
    first = ranking.table[ranking.table["rank"] == 1]
    assert sorted(bold) == sorted(f"{average:.2f}" for average in first.average)
    assert not fig.axes[1].get_visible()


def test_votes_are_marked_where_each_rate_is_told_and_where_it_has_power():
    rates = study.win_rates()
    needed = study.votes_needed(rates)
    fig = figures.votes_figure(
        study.curves(rates, [200, 500, 1000, 5000]), needed, study.plausible_studies(rates), 0.05, 0.8
    )
    seen, chance = fig.axes
    for ax, column, height in ((seen, "decisive", 50), (chance, "powered", 0.8)):
        dots = [line for line in ax.lines if line.get_marker() == "o"]
        assert [dot.get_xdata()[0] for dot in dots] == needed[column].tolist()
        assert {dot.get_ydata()[0] for dot in dots} == {height}
    assert {"828", "2,069", "1,643", "4,138", "527", "737", "1,600"} <= set(texts(fig))


def test_the_versions_show_every_model_and_both_of_v1():
    instances = study.instance_versions()
    fig = figures.versions_figure(instances, study.subsets())
    shown = set(texts(fig))
    assert {"v1: DINO-X 55.2", "v1: Vision Banana 54.0", "OWLv2", "SAM 3", "Wiki-Common"} <= shown
    assert len([line for line in fig.axes[0].lines if line.get_marker() in "oD"]) == 9
