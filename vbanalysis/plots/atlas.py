"""Figures of the failure atlas: shares by cause, what was injected and found, the profiles of the worst."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vbanalysis.plots.style import COLOURS, COLUMN_INCH, PAGE_INCH
from vbanalysis.studies.atlas import UNEXPLAINED, WORDS, Diagnosis, by_cause

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROW_INCH = 0.16


def shares_figure(table: pd.DataFrame) -> Figure:
    """What each cause explains of the error, a panel a run, with 95 % intervals; ranges are hollow.

    Args:
        table: Rows of `vbanalysis.studies.atlas.causes_table`, of one run or several told apart by `by`.
    """
    import matplotlib.pyplot as plt

    causes = [word for word in WORDS.values() if (table.bin == word).any()]
    runs = list(table.by.unique())
    width = PAGE_INCH if len(runs) > 2 else COLUMN_INCH
    fig, axes = plt.subplots(
        1, len(runs), figsize=(width, _ROW_INCH * len(causes) + 0.7), sharey=True, squeeze=False
    )
    for ax, run in zip(axes[0], runs, strict=True):
        rows = table[table.by == run]
        shares_panel(ax, rows, causes)
        ax.set_title(f"{run}\nn={rows.n.max()}", fontsize=6.5)
    axes[0, 0].set_yticks(range(len(causes)), causes, fontsize=6.5)
    fig.supxlabel("share of the error that the cause explains", fontsize=7)
    return fig


def shares_panel(ax: Axes, rows: pd.DataFrame, causes: Sequence[str]) -> None:
    """One run of `shares_figure`, on the rows of these causes, from above."""
    for row in rows.itertuples():
        place, colour = causes.index(row.bin), COLOURS[0]
        if row.bin == WORDS[UNEXPLAINED]:
            colour = "0.45"
        ax.barh(place, row.value, height=0.62, color=colour, alpha=0.25, linewidth=0)
        ax.plot([row.low, row.high], [place, place], color=colour, linewidth=1)
        face = "white" if row.is_range else colour
        ax.plot(row.value, place, "o", markersize=3, color=colour, markerfacecolor=face)
    ax.set_xlim(0, 1)
    ax.set_xticks([0, 0.5, 1], ["0", "½", "1"])
    ax.set_ylim(len(causes) - 0.4, -0.6)
    ax.grid(visible=False, axis="y")
    asked = [causes.index(word) for word in rows.bin]
    for place in set(range(len(causes))) - set(asked):
        ax.text(0.04, place, "–", color="0.7", fontsize=6, va="center")


def injected_figure(shares: pd.DataFrame) -> Figure:
    """Which cause was found where a damage of a known cause was done; the cell of that cause is framed.

    Args:
        shares: As `vbanalysis.studies.atlas.confusion` gives it.
    """
    import matplotlib.pyplot as plt
    from matplotlib.patches import Rectangle

    values = shares.to_numpy(float)
    injections = list(shares.index)
    causes = list(shares.columns)
    fig, ax = plt.subplots(figsize=(PAGE_INCH, _ROW_INCH * len(injections) + 1.0))
    drawn = ax.imshow(values, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row, injection in enumerate(injections):
        expected = causes.index(injection.cause)
        ax.add_patch(
            Rectangle((expected - 0.5, row - 0.5), 1, 1, fill=False, linewidth=0.9, edgecolor="black")
        )
        for column in np.flatnonzero(values[row] > 0).tolist():
            colour = "white" if values[row, column] > 0.6 else "black"
            told = f"{100 * values[row, column]:.0f}"
            ax.text(column, row, told, fontsize=5.5, ha="center", va="center", color=colour)
        if row and injections[row - 1].task != injection.task:
            ax.axhline(row - 0.5, color="0.3", linewidth=0.8)
    names = [f"{injection.task}: {injection.name}" for injection in injections]
    ax.set_yticks(range(len(injections)), names, fontsize=6)
    ax.set_xticks(range(len(causes)), [WORDS[cause] for cause in causes], fontsize=6, rotation=50, ha="right")
    ax.grid(visible=False)
    ax.set_xlabel("dominant cause found, % of the damaged samples")
    bar = fig.colorbar(drawn, ax=ax, fraction=0.03, pad=0.01)
    bar.ax.tick_params(labelsize=6)
    return fig


def profiles_figure(runs: Mapping[str, Sequence[Diagnosis]]) -> Figure:
    """The share of every cause in each of the worst samples, grouped by their dominant cause.

    Args:
        runs: By name, samples that have an error.
    """
    import matplotlib.pyplot as plt

    shown = {name: by_cause(each) for name, each in runs.items() if each}
    causes = {
        name: [cause for cause in WORDS if cause in next(iter(groups.values()))[0].found.shares()]
        for name, groups in shown.items()
    }
    tallest = max(sum(map(len, groups.values())) for groups in shown.values())
    fig, axes = plt.subplots(
        1,
        len(shown),
        figsize=(PAGE_INCH if len(shown) > 1 else COLUMN_INCH, max(0.12 * tallest, 0.8) + 1.2),
        squeeze=False,
        width_ratios=[len(each) for each in causes.values()],
    )
    for ax, (name, groups) in zip(axes[0], shown.items(), strict=True):
        ordered = [
            each
            for cause, members in groups.items()
            for each in sorted(members, key=lambda one: -one.found.shares()[cause])
        ]
        values = np.array([[each.found.shares()[cause] for cause in causes[name]] for each in ordered])
        drawn = ax.imshow(values, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for end in np.cumsum([len(members) for members in groups.values()])[:-1]:
            ax.axhline(end - 0.5, color=COLOURS[1], linewidth=1)
        ax.set_title(name, fontsize=6.5)
        words = [WORDS[cause] for cause in causes[name]]
        ax.set_xticks(range(len(words)), words, fontsize=5.5, rotation=90)
        ax.set_yticks([])
        ax.set_ylim(tallest - 0.5, -0.5)
        for spine in ax.spines.values():
            spine.set_visible(False)
        ax.grid(visible=False)
    bar = fig.colorbar(drawn, ax=axes[0, -1], fraction=0.1, pad=0.03)
    bar.ax.tick_params(labelsize=6)
    axes[0, 0].set_ylabel("samples, by dominant cause", fontsize=7)
    return fig
