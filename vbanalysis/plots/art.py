"""Figures of `40_generative_quality`: what tuning did to drawing, and what votes can tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vbanalysis.errors import InputError
from vbanalysis.plots.style import COLOURS, size
from vbanalysis.studies.votes.rows import figure_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


_WORDS: dict[str | tuple[str, str], str] = {
    ("generation", "attributes"): "drawings: true claims, share",
    ("generation", "held_out_loss"): "drawings: loss",
    ("edit", "done_kept"): "edits: done, rest kept",
    "attributes": "drawings: true claims",
    "whole": "drawings: all claims true",
    "done": "edits: done",
    "done_kept": "edits: done, rest kept",
}
"""What figures are called in titles; others keep their names."""


def _title(task: str, metric: str) -> str:
    if metric.startswith("kid_"):
        return f"drawings: KID, {metric.removeprefix('kid_')}"
    return _WORDS.get((task, metric), f"{task}: {metric}")


def differences_figure(table: pd.DataFrame, before: str, after: str) -> Figure:
    """Differences with their intervals, from the table of `studies.art.differences`; 0 is no difference."""
    import matplotlib.pyplot as plt

    fig, ax = plt.subplots(figsize=size(1, 0.09 * len(table) + 0.2))
    places = np.arange(len(table))
    _bars(ax, table.difference, places, table.low, table.high, COLOURS[0])
    ax.axvline(0, color="0.35", linewidth=0.8)
    ax.set_yticks(places, [_WORDS.get(name, name) for name in table.figure])
    ax.set_ylim(len(table) - 0.5, -0.5)
    ax.set_xlabel(f"{after} minus {before}, share of pictures")
    return fig


def forgetting_figure(mixing: pd.DataFrame, shown: Sequence[tuple[str, str]]) -> Figure:
    """Figures over the share of the own trade among the exercises; dashed where the base is known.

    Args:
        mixing: As `studies.art.mixing_by_ratio` gives it.
        shown: Task and figure of each panel.

    Raises:
        InputError: No ratio was measured.
    """
    import matplotlib.pyplot as plt

    ratios = mixing[mixing.ratio.notna()]
    if ratios.empty:
        raise InputError("mixing holds no stage of a ratio: measure it with  vbanalysis mini mixing")
    columns = 2
    fig, axes = plt.subplots(
        -(-len(shown) // columns), columns, figsize=size(1, 0.85), sharex=True, squeeze=False
    )
    for ax, (task, metric) in zip(axes.flat, shown, strict=False):
        forgetting_panel(ax, mixing, task, metric)
        ax.set_title(_title(task, metric), fontsize=7)
    fig.supxlabel("drawing and editing among the exercises, %", fontsize=8)
    return fig


def forgetting_panel(ax: Axes, mixing: pd.DataFrame, task: str, metric: str) -> None:
    """One figure of `forgetting_figure`."""
    rows = mixing[(mixing.task == task) & (mixing.metric == metric)]
    here, base = rows[rows.ratio.notna()], rows[rows.who == "base"]
    ax.errorbar(
        100 * here.ratio, here.value,
        yerr=[(here.value - here.low).clip(lower=0), (here.high - here.value).clip(lower=0)],
        fmt="o-", ms=3, color=COLOURS[0] if task in ("generation", "edit") else COLOURS[1],
        elinewidth=1, capsize=1.5, linewidth=0.8,
    )  # fmt: skip
    if len(base) == 1:
        ax.axhline(base.value.iloc[0], color="0.35", linewidth=0.8, linestyle="--")
    if metric == "held_out_loss":
        ax.set_yscale("log")
    else:
        ax.set_ylim(bottom=0)


def trainings_figure(rows: pd.DataFrame, shown: Sequence[tuple[str, str]]) -> Figure:
    """Each training's figure with its interval over prompts, a panel each, trainings of an arm side by side.

    Args:
        rows: As `studies.art.examined` gives them.
        shown: Task and figure of each panel.
    """
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(1, len(shown), figsize=size(2, 0.26), squeeze=False)
    for ax, (task, metric) in zip(axes[0], shown, strict=True):
        training_panel(ax, rows, task, metric)
        ax.set_title(_title(task, metric), fontsize=7)
    return fig


def training_panel(ax: Axes, rows: pd.DataFrame, task: str, metric: str) -> None:
    """One figure of `trainings_figure`."""
    names = list(dict.fromkeys(rows.who))
    for place, who in enumerate(names):
        here = rows[(rows.who == who) & (rows.task == task) & (rows.metric == metric)]
        offsets = place + 0.16 * (np.arange(len(here)) - (len(here) - 1) / 2)
        _bars(ax, here.value, offsets, here.low, here.high, COLOURS[place % len(COLOURS)], upright=True)
    ax.set_xticks(range(len(names)), names, rotation=30, ha="right")
    ax.set_xlim(-0.6, len(names) - 0.4)
    if metric == "held_out_loss":
        ax.set_yscale("log")


def strengths_figure(table: pd.DataFrame) -> Figure:
    """Davidson's strengths of the rated models, from the kept rows of GenAI-Bench."""
    import matplotlib.pyplot as plt

    found = table[table.what == "strength"].sort_values("value", ascending=False)
    fig, ax = plt.subplots(figsize=size(1, 0.09 * len(found) + 0.16))
    places = np.arange(len(found))
    _bars(ax, found.value, places, found.low, found.high, COLOURS[0])
    ax.axvline(0, color="0.35", linewidth=0.8)
    ax.set_yticks(places, [name.replace("_", " ") for name in found.who])
    ax.set_ylim(len(found) - 0.5, -0.5)
    ax.set_xlabel("strength, logarithm of the odds to win")
    return fig


def told_apart_figure(told: pd.DataFrame, marks: dict[str, int], power: float = 0.8) -> Figure:
    """How often an experiment on real votes tells two models apart, over its prompts, by votes on each.

    Args:
        told: As `studies.votes.genai_bench.told_apart` gives it.
        marks: Numbers of prompts to be marked, by what they are.
        power: Marked by a line.
    """
    import matplotlib.pyplot as plt

    fig, ax = plt.subplots(figsize=size(1, 0.72))
    told_apart_panel(ax, told, marks, power)
    return fig


def told_apart_panel(ax: Axes, told: pd.DataFrame, marks: dict[str, int], power: float = 0.8) -> None:
    """What `told_apart_figure` holds."""
    for (raters, rows), colour in zip(told.groupby("raters"), COLOURS, strict=False):
        noun = "vote" if raters == 1 else "votes"
        ax.plot(rows.prompts, rows.value, "o-", ms=3, color=colour, label=f"{raters} {noun} on each prompt")
        ax.fill_between(rows.prompts, rows.low, rows.high, color=colour, alpha=0.2, linewidth=0)
    ax.axhline(power, color="0.35", linewidth=0.8)
    for name, n in marks.items():
        ax.axvline(n, color="0.35", linewidth=0.8, linestyle=":")
        ax.annotate(
            name,
            (n, 0.02),
            xycoords=("data", "axes fraction"),
            rotation=90,
            ha="right",
            va="bottom",
            fontsize=6,
        )
    ax.set(xscale="log", ylim=(0, 1.02), xlabel="prompts", ylabel="told apart, share of experiments")
    ax.set_xticks([50, 100, 200, 400, 800, 1600, 3200], ["50", "100", "200", "400", "800", "1,600", "3,200"])
    ax.minorticks_off()
    ax.legend(loc="lower right" if not marks else "upper left")


def voters_figure(arena: pd.DataFrame) -> Figure:
    """People and the GPT-4o judge side by side: ties, both bad, and the left picture among decided votes."""
    import matplotlib.pyplot as plt

    shown = {"ties": "no winner", "both_bad": "both bad", "left": "left picture,\namong decided"}
    fig, ax = plt.subplots(figsize=size(1, 0.5))
    for offset, who, colour in ((-0.12, "human", COLOURS[0]), (0.12, "judge", COLOURS[1])):
        found = [figure_of(arena, what, who) for what in shown]
        _bars(
            ax, pd.Series([each.value for each in found]), np.arange(len(found)) + offset,
            pd.Series([each.low for each in found]), pd.Series([each.high for each in found]), colour,
            label={"human": "people", "judge": "GPT-4o"}[who],
        )  # fmt: skip
    ax.axvline(0.5, color="0.35", linewidth=0.8, linestyle=":")
    ax.set_yticks(range(len(shown)), list(shown.values()))
    ax.set_ylim(len(shown) - 0.5, -0.5)
    ax.set(xlabel="share of votes", xlim=(0, 0.65))
    fig.legend(loc="outside upper right", ncols=2)
    return fig


def _bars(
    ax: Axes,
    values: pd.Series,
    places: np.ndarray,
    low: pd.Series,
    high: pd.Series,
    colour: str,
    upright: bool = False,
    label: str | None = None,
) -> None:
    """Points with their intervals, along x, or upright."""
    reach = np.stack([(values - low).clip(lower=0), (high - values).clip(lower=0)])
    points = (
        {"x": places, "y": values, "yerr": reach} if upright else {"x": values, "y": places, "xerr": reach}
    )
    ax.errorbar(**points, fmt="o", ms=3, color=colour, elinewidth=1, capsize=1.5, label=label)
