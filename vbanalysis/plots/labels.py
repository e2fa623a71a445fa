"""The figure of labels: quality against the number of labelled scenes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from vbanalysis.plots.probing import TITLES
from vbanalysis.plots.style import COLOURS, size
from vbanalysis.probing.targets import METRIC, RISES, Probed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LOOKS = {
    "base": (COLOURS[0], "o-", "probe of the base"),
    "untrained": ("0.55", "o-", "probe of random weights"),
    "pixels": ("0.55", "o:", "probe of pixels"),
    "tuned from base": (COLOURS[1], "s-", "tuned from the base"),
    "trained from nothing": (COLOURS[2], "s--", "trained from nothing"),
}
PLENTY = "pictures"
"""Who had labels without end."""


def labels_figure(table: pd.DataFrame) -> Figure:
    """One panel a task: a line through the means over seeds, a point each seed.

    Args:
        table: Rows `curve` of `studies.labels.study.labels_study`.
    """
    import matplotlib.pyplot as plt

    tasks = [task for task in METRIC if task in set(table.task)]
    fig, axes = plt.subplots(1, len(tasks), figsize=size(2, 0.42), squeeze=False)
    for ax, task in zip(axes[0], tasks, strict=True):
        labels_panel(ax, table, task)
        ax.set_title(TITLES[task])
    fig.supxlabel("labelled scenes", fontsize=8)
    handles, labels = axes[0][0].get_legend_handles_labels()
    fig.legend(handles, labels, ncols=3, loc="outside upper center")
    return fig


def labels_panel(ax: Axes, table: pd.DataFrame, task: Probed) -> None:
    """One task of `labels_figure`."""
    rows = table[table.task == task]
    for who, (colour, form, label) in _LOOKS.items():
        found = rows[rows.who == who]
        if len(found):
            means = found.groupby("n_labelled").value.mean()
            ax.plot(means.index, means, form, color=colour, ms=3, label=label)
            ax.plot(found.n_labelled, found.value, ".", color=colour, ms=3, alpha=0.6, mew=0)
    plenty = rows[rows.who == PLENTY]
    if len(plenty):
        scenes = int(plenty.n_labelled.iloc[0])
        ax.plot(
            plenty.n_labelled, plenty.value, "*", color=COLOURS[1], ms=5, mew=0,
            label=f"tuned twice as long on {scenes:,} scenes",
        )  # fmt: skip
    ax.set_xscale("log", base=2)
    counts = sorted(set(rows.n_labelled))
    ax.set_xticks(counts, [f"{count:,}" for count in counts], rotation=45)
    ax.minorticks_off()
    if not RISES[METRIC[task]]:
        ax.invert_yaxis()
