"""Learning curves: losses by task against the samples seen, of one run or several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.mini.training.batches import TASKS
from vbanalysis.mini.training.curves import Progress
from vbanalysis.plots.style import COLOURS, size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 4


def learning_figure(runs: Mapping[str, Sequence[Progress]]) -> Figure:
    """A panel a task, on a log scale: each run's losses faint, and their running geometric mean as a line.

    Args:
        runs: Rows of each run's curve by its name, as `mini.training.curves.read_curve` gives them.

    Raises:
        InputError: No run has a row, or there are more runs than colours.
    """
    import matplotlib.pyplot as plt

    tasks = [task for task in TASKS if any(task in row.losses for rows in runs.values() for row in rows)]
    if not tasks:
        raise InputError("no run has a loss yet: train for some steps first")
    if len(runs) > len(COLOURS):
        raise InputError(f"expected at most {len(COLOURS)} runs, one a colour, got {len(runs)}")
    columns = min(_COLUMNS, len(tasks))
    lines = -(-len(tasks) // columns)
    fig, axes = plt.subplots(lines, columns, figsize=size(2, 0.05 + 0.23 * lines), sharex=True, squeeze=False)
    for ax, task in zip(axes.flat, tasks, strict=False):
        for (name, rows), colour in zip(runs.items(), COLOURS, strict=False):
            points = [(row.samples, row.losses[task]) for row in rows if task in row.losses]
            if points:
                samples, losses = np.array(points).T
                ax.plot(
                    samples / 1000, losses, ".", color=colour, alpha=0.35, markersize=2.5, markeredgewidth=0
                )
                ax.plot(samples / 1000, smoothed(losses), color=colour, label=name)
        ax.set(title=task, yscale="log")
        _round_ticks(ax)
    # The column above an empty place has no panel below to bear its samples.
    for ax in axes.flat[len(tasks) :]:
        ax.set_visible(False)
    for ax in axes.flat[max(0, len(tasks) - columns) : len(tasks)]:
        ax.tick_params(labelbottom=True)
    fig.supxlabel("samples seen (thousands)", fontsize=8)
    fig.supylabel("loss", fontsize=8)
    if len(runs) > 1:
        handles = {
            label: line
            for ax in axes.flat
            for line, label in zip(*ax.get_legend_handles_labels(), strict=True)
        }
        named = [name for name in runs if name in handles]
        fig.legend([handles[name] for name in named], named, ncols=len(named), loc="outside upper right")
    return fig


def smoothed(losses: np.ndarray, share: float = 0.03) -> np.ndarray:
    """Geometric mean over a Gaussian window that is narrower at the start, where a curve falls steeply.

    Args:
        losses: (N,) above 0, a row each.
        share: Standard deviation of the window in lengths of the curve; at most a quarter of the rows before.

    >>> smoothed(np.array([4.0, 1.0, 1.0]))
    array([4., 1., 1.])
    """
    places = np.arange(len(losses))
    width = np.minimum(share * len(losses), places / 4).clip(1e-3)
    weights = np.exp(-0.5 * ((places[:, None] - places) / width[:, None]) ** 2)
    return np.exp(weights @ np.log(losses) / weights.sum(axis=1))


def _round_ticks(ax: Axes) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter

    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter(NullFormatter())
