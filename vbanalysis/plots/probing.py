"""Figures of probing: by layer and level of noise, beside other networks, on other labels, and pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vbanalysis.plots.panels import DEPTH_MAP, label_colours, show_normals, show_picture
from vbanalysis.plots.style import COLOURS, PAGE_INCH, size
from vbanalysis.probing.targets import METRIC, RISES, Probed, Target, told

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLES: Mapping[Probed, str] = {
    "depth": "depth, δ1 (more is better)",
    "normals": "normals, degrees (less is better)",
    "semantic": "classes, mIoU (more is better)",
}
WITHOUT = {"pixels": "-", "place": "--", "chance": ":"}
"""Lines of what is told without a network."""

_LABELS = ("real", "by colour", "of another picture", "random")
_KINDS = {"ridge": "o", "network": "s", "logistic": "^"}


def layers_figure(table: pd.DataFrame, who: str, control: str | None = None) -> Figure:
    """One panel a task: what is read at each layer, a line for each way in and level of noise.

    Args:
        table: Rows of `studies.probing.grid.grid_table`.
        who: The network.
        control: Beginning of the names of networks with random weights; the range of their figures, over
            seeds and levels, is a grey band.
    """
    leads = _leads(table)
    fig, axes = _panels(leads, 0.46)
    for ax, task in zip(axes, _tasks(leads), strict=True):
        layers_panel(ax, leads, task, who, control)
    _legend(fig, axes[0], 4)
    return fig


def layers_panel(ax: Axes, table: pd.DataFrame, task: Probed, who: str, control: str | None = None) -> None:
    """One task of `layers_figure`."""
    rows = _leads(table)
    rows = rows[rows.task == task]
    mine = rows[rows.who == who]
    layers = list(dict.fromkeys(mine.layer))
    lines = list(dict.fromkeys(zip(mine.way, mine.level, strict=True)))
    noised = sorted(level for way, level in lines if way == "noised")
    for way, level in lines:
        line = mine[(mine.way == way) & (mine.level == level)].set_index("layer").value
        share = (noised.index(level) + 1) / len(noised) if way == "noised" else 0
        colour = _shade(share) if way == "noised" else COLOURS[1]
        label = f"noise {level:g}" if way == "noised" else f"given as the image, noise {level:g}"
        ax.plot(range(len(layers)), line.reindex(layers), "o-", color=colour, ms=2.5, lw=1, label=label)
    if control is not None:
        random = rows[rows.who.str.startswith(control) & rows.layer.isin(layers)]
        band = random.groupby("layer").value.agg(["min", "max"]).reindex(layers)
        ax.fill_between(
            range(len(layers)), band["min"], band["max"], color="0.8", lw=0, label=f"{control}, all seeds"
        )
    _without(ax, rows)
    _name_layers(ax, layers, task)


def networks_figure(table: pd.DataFrame, names: Sequence[str], way: str) -> Figure:
    """One panel a task: what is read at each layer of several networks that are looked at in one way.

    Args:
        table: Rows of `studies.probing.grid.grid_table`; of each network, the lowest level of that way.
        names: Beginnings of names: networks that share one, such as the seeds of an arm, are a mean with a
            thin line each.
        way: In which pictures entered.
    """
    leads = _leads(table)
    fig, axes = _panels(leads, 0.46)
    for ax, task in zip(axes, _tasks(leads), strict=True):
        rows = leads[(leads.task == task) & (leads.way == way)]
        layers = list(dict.fromkeys(rows.layer))
        for name, colour in zip(names, COLOURS, strict=False):
            found = rows[(rows.who == name) | rows.who.str.match(rf"{name}-\d+$")]
            found = found[found.level == found.level.min()]
            each = found.pivot_table(index="layer", columns="who", values="value").reindex(layers)
            places = range(len(layers))
            if each.shape[1] > 1:
                ax.plot(places, each, color=colour, lw=0.4, alpha=0.7)
            seeds = f" ({each.shape[1]} seeds)" if each.shape[1] > 1 else ""
            ax.plot(places, each.mean(axis=1), "o-", ms=2.5, lw=1.1, color=colour, label=f"{name}{seeds}")
        _without(ax, leads[leads.task == task])
        _name_layers(ax, layers, task)
    _legend(fig, axes[0], 5)
    return fig


def label_controls_figure(table: pd.DataFrame) -> Figure:
    """One panel a task: the same probes on real labels and on those that mean less; a bar is chance on them.

    Args:
        table: Rows of `studies.probing.label_controls.label_controls`.
    """
    fig, axes = _panels(table, 0.36)
    for ax, task in zip(axes, _tasks(table), strict=True):
        rows = table[table.task == task]
        kinds = list(dict.fromkeys(rows.probe))
        for place, labels in enumerate(_LABELS):
            found = rows[rows.labels == labels]
            ax.plot([place - 0.36, place + 0.36], [found.chance.iloc[0]] * 2, color="0.45", lw=2)
            for row in found.itertuples():
                k = kinds.index(row.probe)
                ax.errorbar(
                    place + 0.24 * (k - (len(kinds) - 1) / 2), row.value,
                    yerr=[[max(0, row.value - row.low)], [max(0, row.high - row.value)]],
                    fmt=_KINDS[row.probe], ms=3.5, lw=1, capsize=1.5, color=COLOURS[k],
                    label=row.probe if place == 0 else None,
                )  # fmt: skip
        ax.plot([], [], color="0.45", lw=2, label="chance on these labels")
        ax.set_xticks(range(len(_LABELS)), ["real", "by\ncolour", "another\npicture's", "random"])
        ax.set_title(TITLES[task])
        ax.set_ylim(bottom=0)
    _legend(fig, axes[0], 3)
    return fig


def readings_figure(
    images: Sequence[np.ndarray],
    targets: Mapping[Probed, Sequence[Target]],
    said: Mapping[str, Mapping[Probed, Sequence[np.ndarray]]],
) -> Figure:
    """A row an image and task: the image, the truth, and what probes of each network read there.

    Args:
        images: (H, W, 3) uint8.
        targets: Of each image.
        said: (H, W, K) answers by network, task and image.
    """
    import matplotlib.pyplot as plt

    columns = 2 + len(said)
    rows = len(images) * len(targets)
    side = PAGE_INCH / columns
    fig, axes = plt.subplots(rows, columns, figsize=(PAGE_INCH, side * rows * 1.04 + 0.2), squeeze=False)
    for k, image in enumerate(images):
        for j, (task, of_task) in enumerate(targets.items()):
            row, target, top = axes[k * len(targets) + j], of_task[k], k == j == 0
            show_picture(row[0], image, "image" if top else "")
            row[0].set_ylabel(task, fontsize=7)
            _show(row[1], task, np.where(_spread(target.known, target.truth), target.truth, _UNKNOWN[task]),
                  target, "truth" if top else "")  # fmt: skip
            for ax, (name, answers) in zip(row[2:], said.items(), strict=True):
                _show(ax, task, told(task, answers[task][k]), target, name if top else "")
    return fig


_UNKNOWN: Mapping[Probed, float] = {"depth": np.nan, "normals": np.nan, "semantic": -1}


def _spread(known: np.ndarray, truth: np.ndarray) -> np.ndarray:
    return known[..., None] if truth.ndim > known.ndim else known


def _show(ax: Axes, task: Probed, answer: np.ndarray, target: Target, title: str) -> None:
    """An answer; depth on the truth's own logarithmic scale."""
    from matplotlib import colormaps

    if task == "normals":
        show_normals(ax, answer, title)
    elif task == "semantic":
        n = target.values.shape[-1]
        show_picture(ax, label_colours(n + 1)[np.where(answer < 0, -1, answer + 1)], title)
    else:
        near, far = np.log(np.percentile(target.truth[target.known], [2, 98]))
        rgb = colormaps[DEPTH_MAP](np.clip((np.log(answer) - near) / max(far - near, 0.05), 0, 1))[..., :3]
        rgb[~np.isfinite(answer)] = 1
        show_picture(ax, rgb, title)


def _leads(table: pd.DataFrame) -> pd.DataFrame:
    return table[[METRIC[task] == metric for task, metric in zip(table.task, table.metric, strict=True)]]


def _tasks(table: pd.DataFrame) -> list[Probed]:
    return [task for task in METRIC if task in set(table.task)]


def _panels(table: pd.DataFrame, aspect: float) -> tuple[Figure, list[Axes]]:
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(1, len(_tasks(table)), figsize=size(2, aspect), squeeze=False)
    return fig, list(axes[0])


def _without(ax: Axes, rows: pd.DataFrame) -> None:
    for name, dashes in WITHOUT.items():
        found = rows[rows.who == name]
        if len(found):
            ax.axhline(found.value.iloc[0], color="0.25", lw=0.9, ls=dashes, label=f"{name} alone"
                       if name != "chance" else name)  # fmt: skip


def _name_layers(ax: Axes, layers: Sequence[str], task: Probed) -> None:
    ax.set_xticks(range(len(layers)), layers, rotation=90)
    ax.set_title(TITLES[task])
    if not RISES[METRIC[task]]:
        ax.invert_yaxis()


def _shade(share: float) -> tuple[float, ...]:
    """Blues, the darkest for the least noise."""
    from matplotlib import colormaps

    return tuple(colormaps["Blues"](1.15 - 0.8 * share if share < 1 else 0.35))


def _legend(fig: Figure, ax: Axes, columns: int) -> None:
    handles, labels = ax.get_legend_handles_labels()
    fig.legend(handles, labels, ncols=columns, loc="outside lower center")
