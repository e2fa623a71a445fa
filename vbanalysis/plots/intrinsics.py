"""Figures of `20_failure_intrinsics`: the cliff, fields of view, zooms, focal lengths, nuScenes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vbanalysis.plots.style import COLOURS, size
from vbanalysis.studies import scale_error
from vbanalysis.studies.intrinsics import FIELDS_DEG, PIPELINES, TRAINED_DEG
from vbanalysis.studies.paper.scale_explained import rests, scored
from vbanalysis.studies.scale_error import LogErrors

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

LOOKS: Mapping[str, tuple[str, str]] = {
    "none": (COLOURS[0], "no intrinsics"),
    "true": (COLOURS[2], "true focal length"),
    "hard-coded": (COLOURS[1], "hard-coded focal length"),
}
"""Colour and words of each pipeline."""

_FIELD_WORDS = {"delta1": "delta1", "absrel": "AbsRel", "log_bias": "mean ln(predicted / true)"}


def cliff_figure(focal: float, spreads: Sequence[float]) -> Figure:
    """delta1 and AbsRel of a pipeline with a hard-coded focal length against the camera's field of view.

    Args:
        focal: That is hard-coded, in widths of the picture.
        spreads: Standard deviations of ln(predicted / true) at the right scale, a line each.
    """
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(1, 2, figsize=size(2, 0.33))
    fields = np.linspace(20, 130, 1101)
    ratios = [focal / scale_error.focal_of(field) for field in fields]
    for spread, colour in zip(spreads, COLOURS, strict=False):
        errors = LogErrors((1.0,), (spread,))
        axes[0].plot(
            fields, [scale_error.delta1(r, errors) for r in ratios], color=colour, label=f"{spread:g}"
        )
        axes[1].plot(fields, [scale_error.absrel(r, errors) for r in ratios], color=colour)
    for ax in axes:
        ax.axvspan(*scale_error.cliff_deg(focal), color="0.92", zorder=0)
        ax.set(xlabel="horizontal field of view (degrees)", xlim=(20, 130))
    axes[0].set(ylabel="delta1", ylim=(-0.02, 1.02))
    axes[1].set(ylabel="AbsRel", ylim=(0, 2))
    axes[0].legend(title="spread of\nother errors", title_fontsize=7)
    return fig


def fields_figure(kept: pd.DataFrame, predicted: pd.DataFrame | None = None) -> Figure:
    """delta1, AbsRel and the error of scale of each pipeline over fields of view; bands are 95 % intervals.

    Args:
        kept: Rows of `studies.intrinsics.summary`; those of seed `all` are drawn, each seed's own faint.
        predicted: Columns `hfov_deg, delta1`: what the algebra says of the hard-coded pipeline, dotted.
    """
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(1, 3, figsize=size(2, 0.36))
    for ax, metric in zip(axes, _FIELD_WORDS, strict=True):
        field_panel(ax, kept, metric)
    if predicted is not None:
        axes[0].plot(predicted.hfov_deg, predicted.delta1, ":", color="black", label="hard-coded, by algebra")
    handles, labels = axes[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside upper center", ncols=4)
    return fig


def field_panel(ax: Axes, kept: pd.DataFrame, metric: str) -> None:
    """One figure of `fields_figure`: `"delta1"`, `"absrel"` or `"log_bias"`."""
    ax.axvspan(*TRAINED_DEG, color="0.94", zorder=0)
    kept = kept.assign(seed=kept.seed.astype(str), look=kept["look"].astype(str))
    fixed = kept[kept["look"].isin({f"{field:g}" for field in FIELDS_DEG}) & (kept.metric == metric)]
    fixed = fixed.assign(hfov_deg=fixed["look"].astype(float))
    for name in PIPELINES:
        colour, label = LOOKS[name]
        rows = fixed[fixed.pipeline == name]
        for _, each in rows[~rows.seed.isin(["all", "seeds"])].groupby("seed"):
            ax.plot(each.hfov_deg, each.value, color=colour, linewidth=0.5, alpha=0.45, zorder=1)
        every = rows[rows.seed == "all"].sort_values("hfov_deg")
        ax.plot(every.hfov_deg, every.value, "o-", markersize=2.5, color=colour, label=label)
        ax.fill_between(every.hfov_deg, every.low, every.high, color=colour, alpha=0.2, linewidth=0)
    ax.set(xlabel="field of view (degrees)", ylabel=_FIELD_WORDS[metric])
    if metric == "delta1":
        ax.set_ylim(0, 1)
    elif metric == "absrel":
        ax.set_yscale("log")
        _round_ticks(ax.yaxis, (0.1, 0.2, 0.5, 1, 2))
    else:
        ax.axhline(0, color="0.4", linewidth=0.6)


def zoom_figure(exponents: pd.DataFrame) -> Figure:
    """The power of the zoom that each model's depth follows, a panel a group of pictures.

    Args:
        exponents: Of `studies.zoom.exponents`.
    """
    import matplotlib.pyplot as plt

    groups = list(dict.fromkeys(exponents.group))
    models = list(dict.fromkeys(exponents.model))
    fig, axes = plt.subplots(1, len(groups), figsize=size(2, 0.3), sharey=True, sharex=True, squeeze=False)
    for ax, group in zip(axes[0], groups, strict=True):
        rows = exponents[exponents.group == group].set_index("model")
        for y, model in enumerate(models):
            if model not in rows.index:
                continue
            row = rows.loc[model]
            ax.errorbar(
                row.value, y, xerr=[[max(row.value - row.low, 0)], [max(row.high - row.value, 0)]], fmt="o",
                markersize=4, capsize=2, color=_colour(model),
            )  # fmt: skip
        ax.axvline(0, color="0.35", linewidth=0.8)
        ax.axvline(-1, color="0.35", linewidth=0.8, linestyle=":")
        ax.set_title(f"{group}, n = {int(rows.n.max())}")
    axes[0][0].set_yticks(range(len(models)), models)
    axes[0][0].invert_yaxis()
    fig.supxlabel("power of the zoom that depth follows (0 is right, -1 follows the lens)", fontsize=8)
    return fig


def recovered_figure(rooms: Mapping[str, pd.DataFrame], real: pd.DataFrame) -> Figure:
    """Recovered against true focal lengths: rendered rooms, a panel a source of depth, and real depth.

    Args:
        rooms: Rows `true, focal, low, high, refused` by what their depth is.
        real: The same with `name`; `true` is NaN where the camera is unknown.
    """
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(1, len(rooms) + 1, figsize=size(2, 0.36), squeeze=False)
    for ax, (name, rows) in zip(axes[0], rooms.items(), strict=False):
        _against_truth(ax, rows[rows.refused == ""], COLOURS[0])
        ax.set(title=name, xlabel="true focal length / width")
    axes[0][0].set_ylabel("recovered")
    ax = axes[0][-1]
    told = real[real.refused == ""].reset_index(drop=True)
    for y, row in told.iterrows():
        ax.errorbar(
            row.focal, y, xerr=[[row.focal - row.low], [row.high - row.focal]], fmt="o", markersize=4,
            capsize=2, color=COLOURS[0],
        )  # fmt: skip
        if np.isfinite(row.true):
            ax.plot(row.true, y, "|", color="black", markersize=12, markeredgewidth=1.5)
    ax.set_yticks(range(len(told)), list(told.name))
    ax.set_ylim(len(told) - 0.5, -0.5)
    ax.set(title="real (bar: camera's)", xlabel="recovered focal length / width")
    return fig


def explained_figure(dataset: str = "nuScenes") -> Figure:
    """Where one factor takes the rivals' printed delta1 and AbsRel, and where Vision Banana's are."""
    import matplotlib.pyplot as plt

    fig, ax = plt.subplots(figsize=size(1, 0.8))
    explained_panel(ax, dataset)
    return fig


def explained_panel(ax: Axes, dataset: str = "nuScenes") -> None:
    """What `explained_figure` holds."""
    ours, rivals = scored(dataset)
    factors = np.linspace(1.0, 1.3, 61)
    for rival, colour in zip(rivals, COLOURS, strict=False):
        name = "normal, outliers of 1"
        errors = rests(rival)[name]
        for ratios, line, words in ((1 / factors, "-", "too near"), (factors, "--", "too far")):
            path = [(scale_error.delta1(r, errors), scale_error.absrel(r, errors)) for r in ratios]
            ax.plot(*np.transpose(path), line, color=colour, label=f"{rival.model}, {words}")
        tau = [scale_error.spread_over_images(errors, t) for t in np.linspace(0, 0.3, 40)]
        path = [(scale_error.delta1(1, each), scale_error.absrel(1, each)) for each in tau]
        ax.plot(*np.transpose(path), ":", color=colour, label=f"{rival.model}, own for each image")
        ax.plot(float(rival.delta1.value), float(rival.absrel.value), "o", color=colour, markersize=4)
    ax.plot(float(ours.delta1.value), float(ours.absrel.value), "*", color="black", markersize=11)
    ax.annotate(
        "Vision Banana,\nprinted", (float(ours.delta1.value), float(ours.absrel.value)), (-42, -26),
        textcoords="offset points", fontsize=7,
    )  # fmt: skip
    ax.set(xlabel="delta1", ylabel="AbsRel", xlim=(0.5, 0.9), ylim=(0.15, 0.35))
    ax.legend(fontsize=6)


def _colour(model: str) -> str:
    kind = "true" if "true" in model else "hard-coded" if "hard-coded" in model else "none"
    return LOOKS[kind][0]


def _against_truth(ax: Axes, rows: pd.DataFrame, colour: str) -> None:
    bars = np.stack([rows.focal - rows.low, rows.high - rows.focal]).clip(0)
    ax.errorbar(rows.true, rows.focal, yerr=bars, fmt="o", markersize=2.5, elinewidth=0.7, color=colour)
    ax.plot([0.3, 4], [0.3, 4], color="0.4", linewidth=0.7)
    ax.set(xscale="log", yscale="log", xlim=(0.3, 2), ylim=(0.3, 4))
    _round_ticks(ax.xaxis, (0.3, 0.5, 1, 2))
    _round_ticks(ax.yaxis, (0.3, 0.5, 1, 2, 4))


def _round_ticks(axis: Axis, places: Sequence[float]) -> None:
    from matplotlib.ticker import FixedLocator

    axis.set_major_locator(FixedLocator(places))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter("")
