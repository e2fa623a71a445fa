"""Figures of the model zoo: the same images through every model, and how alike the answers are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vbanalysis.plots.panels import DEPTH_MAP, show_normals, show_picture
from vbanalysis.plots.style import PAGE_INCH, size
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
    """A triangle a task: how alike each two models are, with the number in each cell.

    Args:
        tables: Rows of `studies.zoo.agreement` by the panel's title.
        lower_is_alike: Titles of those in which small numbers mean alike.
    """
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(1, len(tables), figsize=size(2, 0.42), squeeze=False)
    for ax, (title, table) in zip(axes.flat, tables.items(), strict=True):
        names = list(dict.fromkeys([*table["first"], *table["second"]]))
        grid = np.full((len(names), len(names)), np.nan)
        for row in table.itertuples():
            grid[names.index(row.second), names.index(row.first)] = row.value
        low = title in lower_is_alike
        ax.imshow(
            grid[1:, :-1],
            cmap="viridis_r" if low else "viridis",
            vmin=0,
            vmax=None if low else 1,
            aspect="auto",
        )
        for (y, x), value in np.ndenumerate(grid[1:, :-1]):
            if np.isfinite(value):
                ax.text(x, y, f"{value:.3g}", ha="center", va="center", fontsize=6, color="white",
                        bbox={"facecolor": "black", "alpha": 0.45, "linewidth": 0, "pad": 1})  # fmt: skip
        ax.set_xticks(range(len(names) - 1), [_short(name) for name in names[:-1]], fontsize=6, rotation=30)
        ax.set_yticks(range(len(names) - 1), [_short(name) for name in names[1:]], fontsize=6)
        ax.set_title(title, fontsize=7)
        ax.grid(False)
        ax.spines[:].set_visible(False)
    return fig


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
