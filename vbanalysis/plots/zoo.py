"""Figures of the model zoo: the same images through every model, and how alike the answers are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vbanalysis.plots.panels import DEPTH_MAP, show_normals, show_picture
from vbanalysis.plots.style import PAGE_INCH
from vbanalysis.stats import FEWEST_FOR_INTERVAL
from vbanalysis.studies.zoo import Said
from vbanalysis.types import Sample, Task

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARK = np.array([255, 40, 40])


def zoo_figure(task: Task, samples: Sequence[Sample], said: Mapping[str, Sequence[Said]]) -> Figure:
    """A row an image: the image, then what each model says; a grey field where one fails.

    Depth is shown by rank, from near (dark) to far, so that models which leave scale open can be compared;
    what is marked is red on the image.
    """
    import matplotlib.pyplot as plt

    columns = 1 + len(said)
    side = PAGE_INCH / columns
    shape = np.median([np.divide(*np.asarray(sample.image).shape[:2]) for sample in samples])
    fig, axes = plt.subplots(
        len(samples), columns, figsize=(PAGE_INCH, (side * shape + 0.05) * len(samples) + 0.2), squeeze=False
    )
    for row, (place, sample) in zip(axes, enumerate(samples), strict=True):
        assert sample.image is not None
        show_picture(row[0], sample.image, "image" if place == 0 else "")
        for ax, (name, answers) in zip(row[1:], said.items(), strict=True):
            _show(ax, task, sample.image, answers[place].answer, _short(name) if place == 0 else "")
    return fig


def agreement_figure(tables: Mapping[str, pd.DataFrame], lower_is_alike: Sequence[str] = ()) -> Figure:
    """A panel a task, a row a pair of models: how alike they are, with the interval over images.

    Few images have their range in place of an interval, dotted, and one has neither.

    Args:
        tables: Rows of `studies.zoo.agreement` by the panel's title.
        lower_is_alike: Titles of those in which small numbers mean alike.
    """
    import matplotlib.pyplot as plt

    lengths = {title: len(table) + 2 for title, table in tables.items()}
    columns: tuple[list[str], list[str]] = ([], [])
    for title in tables:
        sums = [sum(lengths[each] for each in column) for column in columns]
        columns[sums[1] < sums[0]].append(title)
    used = [column for column in columns if column]
    rows = max(sum(lengths[title] for title in column) for column in used)
    fig = plt.figure(figsize=(PAGE_INCH, 0.17 * rows + 0.3))
    halves = fig.add_gridspec(1, len(used))
    for k, column in enumerate(used):
        ratios = [lengths[title] for title in column]
        places = halves[0, k].subgridspec(len(column), 1, height_ratios=ratios)
        for row, title in enumerate(column):
            _draw_agreement(fig.add_subplot(places[row, 0]), title, tables[title], title in lower_is_alike)
    return fig


def _draw_agreement(ax: Axes, title: str, table: pd.DataFrame, lower: bool) -> None:
    for y, row in enumerate(table.itertuples()):
        if row.n > 1:
            dotted = row.n < FEWEST_FOR_INTERVAL
            ax.plot([row.low, row.high], [y, y], color="C0", linewidth=1, linestyle=":" if dotted else "-")
        ax.plot(row.value, y, "o", color="C0", markersize=3)
    names = [f"{_short(row.first)}, {_short(row.second)} (n={row.n})" for row in table.itertuples()]
    ax.set_yticks(range(len(table)), names, fontsize=6)
    ax.set_ylim(len(table) - 0.4, -0.6)
    if not lower:
        ax.set_xlim(min(0, float(np.nanmin(table[["value", "low"]]))) - 0.05, 1.05)
    else:
        ax.set_xlim(0, None)
    ax.tick_params(axis="x", labelsize=6)
    ax.set_title(f"{title}{', less is alike' if lower else ''}", fontsize=7)


def _show(ax: Axes, task: Task, image: np.ndarray, answer: np.ndarray | None, title: str) -> None:
    if answer is None:
        show_picture(ax, np.full((*image.shape[:2], 3), 225, np.uint8), title)
        ax.text(0.5, 0.5, "no answer", transform=ax.transAxes, ha="center", va="center", fontsize=6)
    elif task == "depth":
        show_picture(ax, _ranks(answer), title, cmap=DEPTH_MAP, vmin=0, vmax=1)
    elif task == "normals":
        show_normals(ax, answer, title)
    else:
        marked = answer == 0 if task == "referring" else answer > 0
        show_picture(ax, np.where(marked[..., None], (image + _MARK) // 2, image // 2 + 100), title)


def _ranks(depth: np.ndarray) -> np.ndarray:
    """Each pixel's share of pixels that are nearer; NaN where the depth is unknown."""
    known = ~np.isnan(depth)
    order = np.sort(depth[known])
    found = np.full(depth.shape, np.nan)
    found[known] = np.searchsorted(order, depth[known]) / max(len(order) - 1, 1)
    return found


def _short(name: str) -> str:
    head, _, tail = name.partition(":")
    return name if len(name) <= 18 else f"{head}:…{tail[-(16 - len(head)) :]}" if tail else name
