import matplotlib
import numpy as np
import pytest

from vbanalysis.errors import InputError
from vbanalysis.mini.training.curves import Progress
from vbanalysis.plots import style
from vbanalysis.plots.learning import learning_figure, smoothed

matplotlib.use("Agg")
import matplotlib.pyplot as plt


@pytest.fixture(autouse=True)
def _styled():
    with plt.rc_context(style()):
        yield
    plt.close("all")


def falling(tasks, factor=1.0, rows=60):
    rng = np.random.default_rng(0)
    return [
        Progress(960 * k, 25.0 * k, {task: factor * k**-0.3 * np.exp(rng.normal(0, 0.1)) for task in tasks})
        for k in range(1, rows + 1)
    ]


def test_each_task_has_a_panel_with_points_and_a_line_of_each_run_that_learnt_it():
    fig = learning_figure(
        {"tuned": falling(["depth", "edit"]), "from scratch": falling(["depth"], factor=1.5)}
    )
    shown = {ax.get_title(loc="left"): ax for ax in fig.axes if ax.get_visible()}
    assert list(shown) == ["depth", "edit"]
    assert [len(ax.lines) for ax in shown.values()] == [4, 2]
    assert all(ax.get_yscale() == "log" for ax in shown.values())
    samples, losses = shown["depth"].lines[0].get_data()
    assert samples[-1] == pytest.approx(57.6)
    np.testing.assert_allclose(losses, [row.losses["depth"] for row in falling(["depth", "edit"])])
    (legend,) = fig.legends
    assert [text.get_text() for text in legend.get_texts()] == ["tuned", "from scratch"]


def test_one_run_needs_no_legend_and_rows_without_a_task_are_left_out():
    rows = [*falling(["depth"]), Progress(10**6, 1.0, {})]
    fig = learning_figure({"base": rows})
    assert not fig.legends
    assert len(fig.axes[0].lines[0].get_xdata()) == 60


def test_the_line_follows_the_fall_and_evens_out_the_noise():
    rows = falling(["depth"], rows=250)
    losses = np.array([row.losses["depth"] for row in rows])
    truth = np.arange(1, 251) ** -0.3
    assert (
        np.abs(np.log(smoothed(losses) / truth))[20:].mean()
        < 0.5 * np.abs(np.log(losses / truth))[20:].mean()
    )
    assert smoothed(losses)[0] == pytest.approx(losses[0])
    np.testing.assert_allclose(smoothed(np.full(30, 0.4)), 0.4)


def test_nothing_to_draw_and_too_much_to_tell_apart_are_refused():
    with pytest.raises(InputError, match="no run has a loss yet"):
        learning_figure({"base": []})
    with pytest.raises(InputError, match="at most 7 runs"):
        learning_figure({str(k): falling(["depth"]) for k in range(8)})
