"""Figures of `01_codec_invertibility`: each takes tables of `vbanalysis.studies.invertibility`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vbanalysis.codecs import WALKS, DepthCodec, PowerCurve
from vbanalysis.plots.panels import show_depth, show_picture, show_scalar
from vbanalysis.plots.style import COLOURS, size
from vbanalysis.stats import mean_estimate
from vbanalysis.types import DepthResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TICKS_M = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 40.0, np.inf)


def code_figure(curves: Mapping[str, PowerCurve]) -> Figure:
    """The six walks as strips over depth, and the curve's share of the code by depth."""
    import matplotlib.pyplot as plt

    fig, (strips, share) = plt.subplots(2, 1, figsize=size(1, 1.1), height_ratios=(1, 1))
    f = np.linspace(0, 1, 1024)
    depth = PowerCurve().inverse(f)
    strips.imshow(
        np.stack([DepthCodec(walk=walk).encode(depth) for walk in WALKS]),
        aspect="auto",
        extent=(0, 1, len(WALKS) - 0.5, -0.5),
    )
    strips.set_yticks(range(len(WALKS)), list(WALKS), family="monospace")
    strips.set_xticks(
        PowerCurve().forward(np.array(_TICKS_M)), ["∞" if np.isinf(t) else f"{t:g}" for t in _TICKS_M]
    )
    strips.set_xlabel("depth (m)")
    strips.grid(visible=False)
    d = np.geomspace(0.1, 300, 400)
    for name, curve in curves.items():
        # Share of the code spent on each e-fold of depth: its resolution there.
        share.plot(d, 100 * curve.slope(d) * d, label=name)
    share.set_xscale("log")
    share.set_xlabel("depth (m)")
    share.set_ylabel("code per e-fold (%)")
    _log(share, "x")
    share.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, -0.85))
    return fig


def round_trip_figure(
    by_code: Mapping[str, pd.DataFrame], bounds: Mapping[str, np.ndarray], depths_m: np.ndarray
) -> Figure:
    """Relative error of 8-bit round trips by depth: means as lines, analytic bounds dashed."""
    import matplotlib.pyplot as plt

    fig, ax = plt.subplots(figsize=size(1, 0.8))
    for k, (name, table) in enumerate(by_code.items()):
        colour = COLOURS[k % len(COLOURS)]
        ax.plot(table.depth_m, 100 * table["mean"], color=colour, label=name)
        if name in bounds:
            ax.plot(depths_m, 100 * bounds[name], color=colour, linestyle=(0, (3, 2)), linewidth=0.8)
    ax.set(xscale="log", yscale="log", xlabel="depth (m)", ylabel="relative error (%)", ylim=(0.01, 100))
    _log(ax, "xy")
    fig.legend(ncols=3, loc="outside lower center")
    return fig


def overview_figure(photograph: np.ndarray, painted: np.ndarray, decoded: DepthResult) -> Figure:
    """A photograph, depth painted as a picture, what is decoded from it, and how far to trust each pixel."""
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(1, 4, figsize=size(2, 0.185))
    show_picture(axes[0], photograph, "photograph")
    show_picture(axes[1], painted, "depth, painted as a picture")
    show_depth(axes[2], decoded.depth_m, "decoded: metres")
    show_scalar(axes[3], decoded.residual, "residual: how far to trust it", limits=(0, 48), unit="/255")
    return fig


def pictures_figure(columns: Sequence[tuple[str, np.ndarray, np.ndarray]], limit: float = 0.1) -> Figure:
    """A degraded picture over the relative error of its depth, one column each."""
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(2, len(columns), figsize=size(2, 0.29), squeeze=False)
    for k, (title, rgb, error) in enumerate(columns):
        show_picture(axes[0, k], rgb, title)
        drawn = show_picture(axes[1, k], error * 100, cmap="magma", vmin=0, vmax=100 * limit)
    bar = fig.colorbar(drawn, ax=axes[1, :], fraction=0.02, pad=0.01)
    bar.ax.tick_params(labelsize=6, length=2)
    bar.ax.set_title("%", fontsize=6)
    return fig


def absrel_figure(table: pd.DataFrame) -> Figure:
    """AbsRel after each degradation, away from edges and at them, as decoded and after each remedy."""
    import matplotlib.pyplot as plt

    kinds = {"absrel": "as decoded", "absrel_calibrated": "calibrated", "absrel_repaired": "edges repaired"}
    names = list(dict.fromkeys(table.degradation))
    fig, axes = plt.subplots(1, 2, figsize=size(2, 0.55), sharey=True)
    for ax, region in zip(axes, ("flat", "edges"), strict=True):
        part = table[table.region == region]
        for k, (column, label) in enumerate(kinds.items()):
            _dots(ax, part, names, column, label, COLOURS[k], (k - 1) * 0.22, factor=100)
        ax.set_title("away from depth edges" if region == "flat" else "at depth edges")
        ax.set_xlabel("AbsRel (%), mean and 95 % interval over scenes")
        ax.set_xscale("log")
        _log(ax, "x")
    axes[0].set_yticks(range(len(names)), names)
    axes[0].invert_yaxis()
    fig.legend(*axes[1].get_legend_handles_labels(), ncols=3, loc="outside lower center")
    return fig


def by_distance_figure(table: pd.DataFrame, names: Sequence[str]) -> Figure:
    """Median relative error by depth, away from edges, one line a degradation."""
    import matplotlib.pyplot as plt

    fig, ax = plt.subplots(figsize=size(1, 0.8))
    for k, name in enumerate(names):
        part = table[table.degradation == name]
        style = ("-", (0, (4, 1.5)))[k % 2]
        ax.plot(part.depth_m, 100 * part.error, label=name, linestyle=style)
    ax.set(xscale="log", yscale="log", xlabel="depth (m)", ylabel="median relative error (%)")
    _log(ax, "xy")
    fig.legend(ncols=2, loc="outside lower center")
    return fig


def walks_figure(table: pd.DataFrame) -> Figure:
    """Mean AbsRel (%) of the six walks, a row a degradation; shaded by its ratio to the paper's walk."""
    import matplotlib.pyplot as plt
    import seaborn

    mean = (
        100 * table.pivot_table(index="degradation", columns="walk", values="absrel", sort=False)[list(WALKS)]
    )
    ratio = np.log2(mean.div(mean["KRYGCBMW"], axis=0))
    fig, ax = plt.subplots(figsize=size(1, 0.75))
    seaborn.heatmap(
        ratio, ax=ax, annot=mean, fmt=".2f", annot_kws={"fontsize": 6}, cmap="RdBu_r", vmin=-1, vmax=1,
        cbar=False, linewidths=0.5, linecolor="white",
    )  # fmt: skip
    ax.set(xlabel="", ylabel="")
    ax.set_xticklabels(list(WALKS), family="monospace", fontsize=5.5, rotation=30, ha="right")
    ax.tick_params(length=0)
    ax.grid(visible=False)
    return fig


def masks_figure(normals: pd.DataFrame, palettes: pd.DataFrame, instances: pd.DataFrame) -> Figure:
    """Normals by degradation, palettes and instances by noise.

    Args:
        normals: Of `studies.invertibility.normals_under`.
        palettes: Of `palette_under_noise`.
        instances: Of `instances_under`, its degradations named by their noise in /255.
    """
    import matplotlib.pyplot as plt

    fig, (angle, wrong, iou) = plt.subplots(1, 3, figsize=size(2, 0.5), width_ratios=(1, 1, 1))
    names = list(dict.fromkeys(normals.degradation))
    _dots(angle, normals, names, "mean_deg", "", COLOURS[0], 0.0)
    angle.set_yticks(range(len(names)), names)
    angle.invert_yaxis()
    angle.set(xscale="log", xlabel="mean angle (°)", title="normals")
    _log(angle, "x")
    for k, (n, part) in enumerate(palettes.groupby("classes")):
        for kind, line in (("separated", "-"), ("random", (0, (3, 2)))):
            of_maps = part[part.palette == kind].groupby("sigma").wrong
            mean = of_maps.mean()
            wrong.fill_between(
                mean.index,
                100 * of_maps.min(),
                100 * of_maps.max(),
                color=COLOURS[k],
                alpha=0.15,
                linewidth=0,
            )
            wrong.plot(
                mean.index,
                100 * mean,
                color=COLOURS[k],
                linestyle=line,
                label=f"{n} classes" if line == "-" else None,
            )
    wrong.plot([], [], color="0.4", linestyle=(0, (3, 2)), label="random colours")
    wrong.set(xlabel="noise (/255)", ylabel="wrong pixels (%)", title="palettes")
    wrong.legend()
    by_noise = instances.assign(
        sigma=instances.degradation.astype(float), share=instances.found / instances.painted
    )
    for k, (column, label) in enumerate((("mean_iou", "mean IoU"), ("share", "found / painted"))):
        found = [(sigma, mean_estimate(part[column].to_numpy())) for sigma, part in by_noise.groupby("sigma")]
        sigmas = [sigma for sigma, _ in found]
        iou.plot(sigmas, [f.value for _, f in found], color=COLOURS[k], label=label)
        iou.fill_between(
            sigmas,
            [f.low for _, f in found],
            [f.high for _, f in found],
            color=COLOURS[k],
            alpha=0.2,
            linewidth=0,
        )
    iou.set(xlabel="noise (/255)", title="instances", ylim=(-0.02, None))
    iou.legend()
    return fig


def budget_figure(measured: pd.DataFrame, quoted: pd.DataFrame, value: str, label: str) -> Figure:
    """What the code costs, measured here (dots), beside what the paper prints for the model (lines).

    Args:
        measured: Columns `degradation` and `value`, one row a sample.
        quoted: Columns `dataset` and `value`.
        value: The column.
        label: Of the axis.
    """
    import matplotlib.pyplot as plt

    names = list(dict.fromkeys(measured.degradation))
    fig, ax = plt.subplots(figsize=size(1, 0.9))
    _dots(ax, measured, names, value, "measured here: the code alone", COLOURS[0], 0.0)
    low, high = quoted[value].min(), quoted[value].max()
    ax.axvspan(low, high, color=COLOURS[1], alpha=0.18, linewidth=0)
    for at in quoted[value]:
        ax.axvline(at, color=COLOURS[1], linewidth=0.8)
    ax.plot([], [], color=COLOURS[1], label="quoted: the model on " + ", ".join(quoted.dataset))
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.set_xscale("log")
    ax.set_xlabel(label)
    _log(ax, "x")
    fig.legend(loc="outside lower center", fontsize=6)
    return fig


def _log(ax: Axes, which: str) -> None:
    """Plain numbers on logarithmic axes."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    for axis in (ax.xaxis if name == "x" else ax.yaxis for name in which):
        low, high = axis.get_view_interval()
        decades = np.log10(high / low)
        subs = (1.0,) if decades > 2.5 else (1.0, 3.0) if decades > 1 else (1.0, 2.0, 5.0)
        axis.set_major_locator(LogLocator(subs=subs))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())


def _dots(
    ax: Axes,
    table: pd.DataFrame,
    names: Sequence[str],
    column: str,
    label: str,
    colour: str,
    shift: float,
    factor: float = 1,
) -> None:
    """Means with intervals over samples, one line of the axis a degradation."""
    for row, name in enumerate(names):
        values = table[table.degradation == name][column].to_numpy() * factor
        values = values[np.isfinite(values)]
        if not len(values):
            continue
        found = mean_estimate(values)
        if len(values) > 1:
            ax.plot([found.low, found.high], [row + shift] * 2, color=colour, linewidth=1)
        ax.plot(found.value, row + shift, "o", color=colour, markersize=3, label=label if row == 0 else None)
