"""Figures of `21_failure_narrow_domain`: what narrow tuning loses and to what, and what a vote wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vbanalysis.evaluation import LegendVote
from vbanalysis.plots.panels import show_labels, show_picture
from vbanalysis.plots.style import COLOURS, PAGE_INCH, size
from vbanalysis.studies.narrow import FAMILIES
from vbanalysis.studies.novelty import NOVELTIES, Asked

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ARMS = {"broad": COLOURS[0], "narrow": COLOURS[1], "tuned": "0.45"}
_CONTRASTS = {
    "level": "narrow $-$ broad\nIoU on the novelty",
    "interaction": "interaction\nIoU lost, narrow $-$ broad",
    "kept": "share of IoU kept\nnarrow $-$ broad",
}
_PARTS = {"iou_double": "right", "binding_loss": "lost to colours", "region_loss": "lost to regions"}
_SETS = {"own": "own domain", "words": "new words", "scenes": "new scenes"}


def contrasts_figure(table: pd.DataFrame) -> Figure:
    """Who is better on each novelty, and who loses more to it: a row each, pooled ones in bold.

    Dots are seeds; bars are 95 % intervals over scenes, thin lines those over seeds.

    Args:
        table: Rows of `studies.narrow.contrasts`.
    """
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(1, len(_CONTRASTS), figsize=size(2, 0.68), sharey=True)
    for ax, (measure, title) in zip(axes, _CONTRASTS.items(), strict=True):
        contrast_panel(ax, table, measure)
        ax.set_title(title, fontsize=7)
    return fig


def contrast_panel(ax: Axes, table: pd.DataFrame, measure: str) -> None:
    """One figure of `contrasts_figure`: `"level"`, `"interaction"` or `"kept"`."""
    rows = _rows_of(table)
    part = table[table.measure == measure].set_index("group")
    for y, name in enumerate(rows):
        row, colour = part.loc[name], COLOURS[0] if name in FAMILIES else "0.35"
        if np.isfinite(row.seeds_low):
            ax.plot([row.seeds_low, row.seeds_high], [y, y], color=colour, linewidth=0.6)
        ax.plot([row.low, row.high], [y, y], color=colour, linewidth=2.4, solid_capstyle="butt")
        ax.plot(row.value, y, "o", color=colour, markersize=4)
        seeds = row.filter(like="seed ").dropna().to_numpy(float)
        if len(seeds) > 1:
            ax.plot(seeds, np.full(len(seeds), y + 0.26), ".", color=colour, markersize=2.5)
    ax.axvline(0, color="0.2", linewidth=0.8)
    # An interval over three seeds can be wider than all else; its ends are in the table.
    reach = 1.15 * float(np.nanmax(np.abs(part.loc[rows, ["low", "high"]].to_numpy())))
    ax.set_xlim(-reach, reach)
    _name_rows(ax, rows)


def levels_figure(table: pd.DataFrame) -> Figure:
    """IoU of each network on each group, with one expression; for new words, the taught ones as rings.

    Args:
        table: Rows of `studies.narrow.losses`.
    """
    import matplotlib.pyplot as plt

    groups = [group for group in NOVELTIES if group in set(table.group)]
    fig, ax = plt.subplots(figsize=size(2, 0.42))
    arms = [arm for arm in _ARMS if arm in set(table.arm)]
    for k, arm in enumerate(arms):
        for measure, marker in (("plain", "none"), ("iou", None)):
            part = table[(table.arm == arm) & (table.measure == measure)].set_index("group")
            places = [x for x, group in enumerate(groups) if group in part.index]
            chosen = part.loc[[groups[x] for x in places]]
            x = np.array(places) + 0.22 * (k - (len(arms) - 1) / 2)
            bars = [np.maximum(chosen.value - chosen.low, 0), np.maximum(chosen.high - chosen.value, 0)]
            ax.errorbar(
                x, chosen.value, yerr=bars if marker is None else None, fmt="o", markersize=4,
                color=_ARMS[arm], markerfacecolor=marker, elinewidth=1, label=arm if marker is None else None,
            )  # fmt: skip
    ax.set_xticks(range(len(groups)), groups, rotation=40, ha="right")
    ax.set_ylabel("IoU")
    ax.set_ylim(0, 1)
    _part_sides(ax, groups)
    fig.legend(loc="outside upper right", ncols=3)
    return fig


def binding_figure(table: pd.DataFrame) -> Figure:
    """Of each group with two colours, the IoU, what was lost to wrong colours and what to wrong regions.

    Args:
        table: Rows of `studies.narrow.losses`.
    """
    import matplotlib.pyplot as plt

    arms = [arm for arm in _ARMS if arm in set(table.arm)]
    groups = [group for group in NOVELTIES if group in set(table.group)]
    fig, axes = plt.subplots(1, len(arms), figsize=size(2, 0.5), sharey=True, squeeze=False)
    for ax, arm in zip(axes[0], arms, strict=True):
        left = np.zeros(len(groups))
        for (measure, label), colour in zip(_PARTS.items(), (COLOURS[2], COLOURS[4], "0.75"), strict=True):
            part = table[(table.arm == arm) & (table.measure == measure)].set_index("group")
            values = part.value.reindex(groups).to_numpy(float)
            ax.barh(range(len(groups)), values, left=left, color=colour, height=0.75, label=label)
            left += values
        ax.set_title(arm)
        ax.set_xlabel("IoU, and IoU lost")
        ax.set_xlim(0, 1)
        ax.grid(visible=False)
        ax.set_yticks(range(len(groups)), groups)
    axes[0][0].invert_yaxis()
    fig.legend(*axes[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=len(_PARTS))
    return fig


def legend_figure(table: pd.DataFrame) -> Figure:
    """What the vote gains, of permuted legends and of repeats, and how well disagreement tells wrong answers.

    Args:
        table: Rows of `studies.legend.verdicts` with `arm`.
    """
    import matplotlib.pyplot as plt

    exams = [
        (task, name)
        for task in ("referring", "semantic")
        for name in _SETS
        if ((table.task == task) & (table.scenes == name)).any()
    ]
    arms = [arm for arm in _ARMS if arm in set(table.arm)]
    panels = ((("gain", "repeats_gain"), "gain of a vote of four, IoU or mIoU", 0.0),
              (("auc", "repeats_auc"), "ROC AUC: disagreement tells errors", 0.5))  # fmt: skip
    fig, axes = plt.subplots(1, 2, figsize=size(2, 0.085 * len(exams) * len(arms) / 3 + 0.16), sharey=True)
    for ax, (measures, title, chance) in zip(axes, panels, strict=True):
        for y, (task, name) in enumerate(exams):
            for k, arm in enumerate(arms):
                for measure in measures:
                    chosen = table[
                        (table.task == task) & (table.scenes == name) & (table.arm == arm)
                        & (table.measure == measure)
                    ]  # fmt: skip
                    for row in chosen.dropna(subset=["value"]).itertuples():
                        shift = 0.24 * (k - (len(arms) - 1) / 2) + (0.08 if measure.startswith("rep") else 0)
                        ax.plot([row.low, row.high], [y + shift] * 2, color=_ARMS[arm], linewidth=1.2)
                        ax.plot(
                            row.value, y + shift, "o", markersize=3.5, color=_ARMS[arm],
                            markerfacecolor="white" if measure.startswith("rep") else _ARMS[arm],
                        )  # fmt: skip
        ax.axvline(chance, color="0.2", linewidth=0.8)
        ax.set_title(title, fontsize=7)
    axes[0].set_yticks(range(len(exams)), [f"{task},\n{_SETS[name]}" for task, name in exams])
    axes[0].invert_yaxis()
    handles = [plt.Line2D([], [], marker="o", color=_ARMS[arm], markersize=4, label=arm) for arm in arms]
    handles += [
        plt.Line2D([], [], marker="o", color="0.2", linestyle="", markersize=4, label="legends permuted"),
        plt.Line2D([], [], marker="o", color="0.2", linestyle="", markersize=4, markerfacecolor="white",
                   label="same legend, other noise"),
    ]  # fmt: skip
    fig.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=6.5)
    return fig


def votes_figure(asked: Sequence[Asked], votes: Sequence[LegendVote]) -> Figure:
    """The image, the answers in each legend, their vote and the truth; a question a row.

    Args:
        asked: Questions with two expressions.
        votes: Of each.
    """
    import matplotlib.pyplot as plt

    legends = len(votes[0].answers)
    titles = ["image", *(f"legend {k + 1}" for k in range(legends)), "vote", "truth"]
    side = PAGE_INCH / (len(titles) + 0.2)
    fig, axes = plt.subplots(
        len(asked), len(titles), figsize=(PAGE_INCH, (side + 0.16) * len(asked) + 0.15), squeeze=False
    )
    for k, (row, each, vote) in enumerate(zip(axes, asked, votes, strict=True)):
        show_picture(row[0], each.view.rgb, titles[0] if k == 0 else "")
        maps = [*vote.answers, vote.labels, each.truth]
        for ax, labels, title in zip(row[1:], maps, titles[1:], strict=True):
            show_labels(ax, labels + 1, title if k == 0 else "")
        words = ", ".join(f"{n + 1}: {e.text}" for n, e in enumerate(each.expressions))
        told = row[0].annotate(
            f"{words} (consistency {vote.consistency:.2f})",
            (0, -0.04),
            xycoords="axes fraction",
            fontsize=6,
            va="top",
        )
        told.set_in_layout(False)
        row[0].set_xlabel(" ", fontsize=6, labelpad=1)
    return fig


def _rows_of(table: pd.DataFrame) -> list[str]:
    """Families, each before its groups."""
    known = set(table.group)
    rows: list[str] = []
    for family, of in FAMILIES.items():
        groups = [g for g, kind in NOVELTIES.items() if g in known and (kind.side, kind.neither) == of]
        rows += [family, *groups] if groups else []
    return rows


def _name_rows(ax: Axes, rows: Sequence[str]) -> None:
    ax.set_yticks(range(len(rows)), rows)
    for label in ax.get_yticklabels():
        if label.get_text() in FAMILIES:
            label.set_fontweight("bold")
    ax.set_ylim(len(rows) - 0.4, -0.6)


def _part_sides(ax: Axes, groups: Sequence[str]) -> None:
    """A line where another side of novelty begins, and what is new there."""
    sides: Mapping[str, str] = {group: NOVELTIES[group].side for group in groups}
    for x in range(1, len(groups)):
        if sides[groups[x]] != sides[groups[x - 1]]:
            ax.axvline(x - 0.5, color="0.5", linewidth=0.6, linestyle=":")
            words = {"language": "new words", "domain": "new scenes"}.get(sides[groups[x]], "")
            ax.annotate(
                words, (x - 0.5, 1), (3, -2), xycoords=("data", "axes fraction"),
                textcoords="offset points", va="top", fontsize=7,
            )  # fmt: skip
