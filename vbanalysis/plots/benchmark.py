"""Figures of a benchmark run: single cases, the distribution over images, where the errors lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vbanalysis.metrics import mask_ious
from vbanalysis.plots.panels import show_depth, show_labels, show_normals, show_picture, show_scalar
from vbanalysis.plots.style import COLOURS, COLUMN_INCH, PAGE_INCH, size
from vbanalysis.studies.cases import Case
from vbanalysis.types import Task

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def cases_figure(task: Task, cases: Sequence[Case], metric: str) -> Figure:
    """A row a case: image, what was painted, what that says, the truth and the error, with score and reason.

    Args:
        task: Of the run.
        cases: To show.
        metric: Name of their score.
    """
    import matplotlib.pyplot as plt

    shape = cases[0].error.shape
    side = PAGE_INCH / 5.4
    height = side * min(shape[0] / shape[1], 1.0) + 0.2
    fig, axes = plt.subplots(len(cases), 5, figsize=(PAGE_INCH, height * len(cases)), squeeze=False)
    for k, (row, case) in enumerate(zip(axes, cases, strict=True)):
        titles = ("image", "output", "decoded", "truth", "error") if k == 0 else ("",) * 5
        image = (
            np.full((*case.error.shape, 3), 255, np.uint8) if case.sample.image is None else case.sample.image
        )
        show_picture(row[0], image, titles[0])
        show_picture(row[1], case.picture, titles[1])
        _show(row[2], task, case, case.answer, titles[2])
        _show(row[3], task, case, None, titles[3])
        _show_error(row[4], task, case, titles[4])
        asked = f" “{case.sample.phrase}”:" if case.sample.phrase else ""
        words = row[0].annotate(
            f"{case.sample.id}:{asked} {metric} {case.score:.3g}; {case.reason}",
            (0, -0.06),
            xycoords="axes fraction",
            fontsize=6,
            va="top",
        )
        words.set_in_layout(False)
        row[0].set_xlabel(" ", fontsize=8, labelpad=2)  # room for the words
    return fig


def distribution_figure(values: Mapping[str, np.ndarray], label: str) -> Figure:
    """How a figure is spread over images: the share of images below each value, one line a run."""
    import matplotlib.pyplot as plt

    fig, ax = plt.subplots(figsize=size(1, 0.62))
    for colour, style, (name, each) in zip(COLOURS, ("-", "--", "-.", ":"), values.items(), strict=False):
        if len(each):
            order = np.sort(each)
            ax.step(order, np.arange(1, len(order) + 1) / len(order), style, where="post", color=colour,
                    label=f"{name}, n={len(order)}")  # fmt: skip
            ax.plot(np.median(order), 0.5, "o", color=colour, markersize=4)
    ax.axhline(0.5, color="0.8", linewidth=0.6, zorder=0)
    ax.set_xlabel(label)
    ax.set_ylabel("share of images below")
    ax.set_ylim(0, 1.02)
    ax.legend(frameon=False)
    return fig


def breakdown_figure(table: pd.DataFrame, labels: Mapping[str, str]) -> Figure:
    """Values by bin with their 95 % intervals, one panel a question; ranges are open and say so.

    Args:
        table: Columns by, bin, metric, value, low, high, n, is_range, as the breakdowns of a run give them.
        labels: What each metric is called on its axis; others are not shown.
    """
    import matplotlib.pyplot as plt

    shown = table[table.metric.isin(list(labels))]
    panels = list(shown.groupby(["by", "metric"], sort=False))
    rows = [len(each) for _, each in panels]
    columns = min(2, len(panels))
    lines = -(-len(panels) // columns)
    heights = [max(rows[k * columns : (k + 1) * columns]) for k in range(lines)]
    fig, axes = plt.subplots(
        lines,
        columns,
        figsize=(PAGE_INCH, sum(0.18 * n + 0.55 for n in heights)),
        squeeze=False,
        height_ratios=[n + 2.5 for n in heights],
    )
    for ax in axes.flat[len(panels) :]:
        ax.set_axis_off()
    for ax, ((by, metric), each) in zip(axes.flat, panels, strict=False):
        places = np.arange(len(each))
        values = each[["value", "low", "high"]].to_numpy(float)
        ax.errorbar(
            values[:, 0],
            places,
            xerr=np.clip(np.abs(values[:, 1:].T - values[:, 0]), 0, None),
            fmt="o",
            markersize=3.5,
            color=COLOURS[0],
            elinewidth=1,
        )
        ranges = each.is_range.to_numpy(bool)
        ax.plot(
            values[ranges, 0], places[ranges], "o", color="white", markeredgecolor=COLOURS[0], markersize=3.5
        )
        names = [
            f"{row.bin} (n={row.n}{', range' if row.is_range else ''})"
            for row in each.itertuples(index=False)
        ]
        ax.set_yticks(places, names, fontsize=6)
        ax.invert_yaxis()
        ax.set_xlabel(labels[metric])
        ax.set_title(by, fontsize=7, loc="left")
        if metric == "bias":
            ax.axvline(0, color="0.8", linewidth=0.6, zorder=0)
        else:
            ax.set_xlim(left=0)
        ax.set_ylim(len(each) - 0.4, -0.6)
    return fig


def confusion_figure(counts: np.ndarray, names: Sequence[str]) -> Figure:
    """What the pixels of each class were read as.

    Args:
        counts: (n, n + 1), by true class and read class; the last column is what no class names.
        names: Of the n classes.
    """
    import matplotlib.pyplot as plt

    there = counts.sum(axis=1) > 0
    shares = counts[there] / counts[there].sum(axis=1, keepdims=True)
    fig, ax = plt.subplots(figsize=(COLUMN_INCH * 1.25, COLUMN_INCH * 1.1))
    drawn = ax.imshow(shares, cmap="cividis", vmin=0, vmax=1)
    ax.set_yticks(
        range(len(shares)), [name for name, yes in zip(names, there, strict=True) if yes], fontsize=6
    )
    ax.set_xticks(range(len(names) + 1), [*names, "nothing"], fontsize=6, rotation=60, ha="right")
    ax.grid(visible=False)
    for row, line in enumerate(shares):
        for column, share in enumerate(line):
            if 0.01 <= share < 0.995:
                colour = "black" if share > 0.55 else "white"
                ax.text(column, row, f"{100 * share:.0f}", fontsize=5, ha="center", va="center", color=colour)
    ax.set_ylabel("true class")
    ax.set_xlabel("read as, % of the class")
    fig.colorbar(drawn, ax=ax, fraction=0.046, pad=0.02).ax.tick_params(labelsize=6)
    return fig


def _show(ax: Axes, task: Task, case: Case, answer: np.ndarray | None, title: str) -> None:
    """An answer, or the truth where `answer` is None, in the same colours."""
    sample = case.sample
    if task == "depth":
        truth = np.asarray(sample.depth_m)
        known = truth[np.isfinite(truth) & (truth > 0)]
        limits = (float(known.min()), float(min(known.max(), 80.0))) if len(known) else (0.1, 10.0)
        show_depth(ax, _thick(truth) if answer is None else answer, title, limits)
    elif task == "normals":
        show_normals(ax, np.asarray(sample.normals) if answer is None else answer, title)
    elif task == "semantic":
        labels = np.asarray(sample.classes) if answer is None else answer
        show_labels(ax, np.where(labels < 0, -1, labels + 1), title)
    elif task == "instance":
        masks = sample.masks[0]
        show_labels(ax, _stacked(masks) if answer is None else _numbered_as(masks, answer), title)
    else:
        show_labels(ax, (sample.masks[0].any(axis=0) if answer is None else answer == 0).astype(int), title)


def _numbered_as(masks: np.ndarray, answer: np.ndarray) -> np.ndarray:
    """Instances under the numbers, so in the colours, of the true ones that they fit; others come after."""
    from scipy.optimize import linear_sum_assignment

    labels = np.unique(answer[answer > 0])
    numbers = len(masks) + 1 + np.arange(len(labels))
    if len(labels) and len(masks):
        ious = mask_ious(np.maximum(answer, 0).astype(np.int32), masks)
        for found, true in zip(*linear_sum_assignment(-ious), strict=True):
            if ious[found, true] > 0:
                numbers[found] = true + 1
    shown = np.zeros(answer.shape, np.int32)
    for label, number in zip(labels, numbers, strict=True):
        shown[answer == label] = number
    return shown


def _show_error(ax: Axes, task: Task, case: Case, title: str) -> None:
    if task == "depth":
        show_scalar(ax, _thick(case.error), title, limits=(0, 0.5), unit="|Δ|/d")
    elif task == "normals":
        show_scalar(ax, case.error, title, limits=(0, 60), unit="deg")
    else:
        show_picture(ax, case.error, title, cmap="cividis", vmin=0, vmax=1)


def _stacked(masks: np.ndarray) -> np.ndarray:
    labels = np.zeros(masks.shape[1:], int)
    for k, mask in enumerate(masks):
        labels[mask] = k + 1
    return labels


def _thick(values: np.ndarray) -> np.ndarray:
    """Sparse truth, such as a lidar's, made visible: a pixel without a value takes one beside it."""
    from scipy.ndimage import grey_dilation

    if np.mean(np.isfinite(values)) > 0.4 or not np.isfinite(values).any():
        return values
    spread = max(3, values.shape[1] // 200)
    filled = grey_dilation(np.where(np.isfinite(values), values, -1.0), size=(spread, spread))
    return np.where(filled < 0, np.nan, filled)
