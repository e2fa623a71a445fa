"""Figures of `15_paper_audit`: each takes tables of `vbanalysis.studies.paper`, all of quoted numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vbanalysis.plots.style import COLOURS, COLUMN_INCH, PAGE_INCH, size
from vbanalysis.studies.paper.leads import Lead
from vbanalysis.studies.paper.rankings import ALL, LeftOut

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FAMILY_TITLES = {"depth": "metric depth", "normals": "surface normals", "instances": "SA-Co/Gold"}
METRIC_NAMES = {
    "delta1": "δ1",
    "absrel": "AbsRel",
    "mean_deg": "mean angle (°)",
    "median_deg": "median angle (°)",
    "cgF1": "cgF1",
    "IL_MCC": "IL_MCC",
    "pmF1": "pmF1",
}

_VERDICTS = {
    "agrees": ("o", COLOURS[0]),
    "within rounding": ("D", COLOURS[1]),
    "disagrees": ("X", COLOURS[6]),
}
_STEPS_SHOWN = 2.0


def short_name(model: str) -> str:
    """A model's name without the language model beside it.

    >>> short_name("Vision Banana + Gemini 3.1 Flash-Lite")
    'Vision Banana'
    """
    return model.partition(" + Gemini")[0]


def averages_figure(table: pd.DataFrame) -> Figure:
    """Printed averages against recomputed ones, in units of the last printed digit, a line an average.

    Args:
        table: Of `studies.paper.recomputed_averages`, of one family or several.
    """
    import matplotlib.pyplot as plt

    parts = list(table.groupby("family", sort=False))
    fig, axes = plt.subplots(
        len(parts), 1, sharex=True, squeeze=False,
        figsize=(COLUMN_INCH, 0.75 + 0.145 * len(table) + 0.22 * len(parts)),
        height_ratios=[len(part) + 1 for _, part in parts],
    )  # fmt: skip
    for ax, (family, part) in zip(axes[:, 0], parts, strict=True):
        ax.axvspan(-0.5, 0.5, color="0.9", linewidth=0)
        for k, row in enumerate(part.itertuples()):
            marker, colour = _VERDICTS[row.verdict]
            ends = np.clip(
                [(end - row.printed) / row.step for end in (row.low, row.high)], -_STEPS_SHOWN, _STEPS_SHOWN
            )
            ax.plot(ends, [k, k], color=colour, linewidth=1)
            ax.plot(np.clip(row.off_steps, *ends), k, marker, color=colour, markersize=3.5)
            digits = max(0, round(-np.log10(row.step)))
            ax.annotate(
                f"{row.printed:>7.{digits}f} {row.recomputed:>9.{digits + 2}f}", (1.02, k),
                xycoords=("axes fraction", "data"), va="center", fontsize=5.5, family="monospace",
            )  # fmt: skip
        names = [
            ", ".join(
                (short_name(row.model), _over(row.over, row.n), METRIC_NAMES[row.metric].partition(" (")[0])
            )
            for row in part.itertuples()
        ]
        ax.set_yticks(range(len(part)), names, fontsize=5.5)
        ax.set_ylim(len(part) - 0.4, -0.6)
        ax.set_xlim(-_STEPS_SHOWN, _STEPS_SHOWN)
        ax.set_title(FAMILY_TITLES[family])
        ax.grid(visible=False)
        ax.tick_params(axis="y", length=0)
    axes[0, 0].annotate(
        "printed recomp.", (1.02, 1), xycoords="axes fraction", va="bottom", fontsize=5.5, xytext=(0, 3),
        textcoords="offset points", family="monospace",
    )  # fmt: skip
    axes[-1, 0].set_xlabel("recomputed minus printed\n(steps of the last printed digit)", fontsize=7)
    for name, (marker, colour) in _VERDICTS.items():
        axes[0, 0].plot([], [], marker, color=colour, markersize=3.5, label=name)
    fig.legend(ncols=3, loc="outside lower center", fontsize=6, handletextpad=0.2)
    return fig


def leads_figure(leads: Sequence[Lead]) -> Figure:
    """Differences by data set as bars, and the average lead with each data set left out as open diamonds."""
    import matplotlib.pyplot as plt

    lines = sum(len(each.by_dataset) + 1 for each in leads)
    fig, axes = plt.subplots(
        len(leads), 1, squeeze=False, figsize=(COLUMN_INCH, 0.55 + 0.19 * lines + 0.5 * len(leads)),
        height_ratios=[len(each.by_dataset) + 1 for each in leads],
    )  # fmt: skip
    for ax, each in zip(axes[:, 0], leads, strict=True):
        _lead(ax, each)
    axes[-1, 0].plot([], [], "D", color="black", markersize=4, label="average lead")
    axes[-1, 0].plot(
        [],
        [],
        "D",
        color="black",
        markerfacecolor="white",
        markersize=4,
        label="average lead without this data set",
    )
    fig.legend(*axes[-1, 0].get_legend_handles_labels(), ncols=2, loc="outside lower center", fontsize=6)
    return fig


def rankings_figure(rankings: Mapping[str, LeftOut]) -> Figure:
    """Averages with one data set left out, a column each, shaded by rank; the first of a column is bold.

    Args:
        rankings: By the title of the panel.
    """
    import matplotlib.pyplot as plt

    lines = -(-len(rankings) // 2)
    rows = [max(each.table.model.nunique() for each in pair) for pair in _pairs(list(rankings.values()))]
    fig, axes = plt.subplots(
        lines, 2, squeeze=False, figsize=(PAGE_INCH, 0.2 + sum(0.95 + 0.2 * n for n in rows)),
        height_ratios=[n + 3.5 for n in rows],
    )  # fmt: skip
    for ax, (title, each) in zip(axes.flat, rankings.items(), strict=False):
        _ranking(ax, title, each)
    for ax in axes.flat[len(rankings) :]:
        ax.set_visible(False)
    return fig


def votes_figure(
    curves: pd.DataFrame, needed: pd.DataFrame, studies: pd.DataFrame, alpha: float, power: float
) -> Figure:
    """What the win rates mean for numbers of votes: intervals above, power below.

    Args:
        curves: Of `studies.paper.curves`.
        needed: Of `studies.paper.votes_needed`.
        studies: Of `studies.paper.plausible_studies`; those of one vote an item are marked.
        alpha: Level of the test.
        power: That `needed` asks for.
    """
    import matplotlib.pyplot as plt
    from matplotlib.ticker import LogLocator, NullFormatter

    fig, (seen, chance) = plt.subplots(2, 1, figsize=size(1, 1.25), sharex=True)
    colours = dict(zip(needed.benchmark, COLOURS, strict=False))
    for (benchmark, rate), part in curves.groupby(["benchmark", "rate"], sort=False):
        colour, label = colours[benchmark], f"{benchmark}: {100 * rate:.1f} %"
        seen.fill_between(part.votes, 100 * part.low, 100 * part.high, color=colour, alpha=0.18, linewidth=0)
        for end in (part.low, part.high):
            seen.plot(part.votes, 100 * end, color=colour, linewidth=0.8)
        seen.axhline(100 * rate, color=colour, linewidth=0.8, linestyle=(0, (4, 2)))
        chance.plot(part.votes, part.power, color=colour, label=label)
    for row in needed.itertuples():
        seen.plot(row.decisive, 50, "o", color=colours[row.benchmark], markersize=4, zorder=3)
        chance.plot(row.powered, power, "o", color=colours[row.benchmark], markersize=4, zorder=3)
        # Clear of both curves, which cross between the dots.
        shift = (4, -7) if row.rate > 0.5 else (4, 13)
        for ax, n, at, beside in ((seen, row.decisive, 50, shift), (chance, row.powered, power, (5, -7))):
            ax.annotate(
                f"{n:,}", (n, at), xytext=beside, textcoords="offset points", va="center", fontsize=6,
                color=colours[row.benchmark],
            )  # fmt: skip
    seen.axhline(50, color="black", linewidth=0.8)
    chance.axhline(power, color="black", linewidth=0.8)
    single = studies[studies.per_item == 1]
    for row in single.itertuples():
        for ax in (seen, chance):
            ax.axvline(row.votes, color=colours[row.benchmark], linewidth=0.7, linestyle=":")
        seen.annotate(
            f"{row.items:,}", (row.votes, 1), xycoords=("data", "axes fraction"), xytext=(0, 2),
            textcoords="offset points", ha="center", fontsize=6, color=colours[row.benchmark],
        )  # fmt: skip
    seen.set(xscale="log", ylabel="win rate (%), 95 % interval", ylim=(40, 60))
    chance.set(
        ylabel=f"chance of p ≤ {alpha:g}", ylim=(0, 1), xlabel="independent votes",
        xlim=(curves.votes.min(), curves.votes.max()),
    )  # fmt: skip
    chance.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    chance.xaxis.set_major_formatter("{x:,.0f}")
    chance.xaxis.set_minor_formatter(NullFormatter())
    seen.plot([], [], color="0.4", linewidth=0.7, linestyle=":", label="one vote for each prompt or edit")
    handles = [*chance.get_legend_handles_labels()[0], *seen.get_legend_handles_labels()[0]]
    fig.legend(handles=handles, ncols=2, loc="outside lower center", fontsize=6)
    return fig


def versions_figure(instances: pd.DataFrame, subsets: Lead) -> Figure:
    """Instance segmentation in v1 and v3: masks against presence, and v3's subsets beside SAM 3.

    Args:
        instances: Of `studies.paper.instance_versions`.
        subsets: Of `studies.paper.subsets`.
    """
    import matplotlib.pyplot as plt

    fig, (plane, parts) = plt.subplots(2, 1, figsize=size(1, 1.5), height_ratios=(1.35, 1))
    _plane(plane, instances)
    rows = subsets.by_dataset.sort_values("difference", ascending=False)
    places = range(len(rows))
    parts.hlines(places, rows["first"], rows.second, color="0.7", linewidth=2)
    for column, model, colour, marker in (
        ("first", subsets.first, COLOURS[1], "D"),
        ("second", subsets.second, COLOURS[0], "o"),
    ):
        parts.plot(rows[column], places, marker, color=colour, markersize=4, label=short_name(model))
    parts.set_yticks(places, rows.dataset)
    parts.invert_yaxis()
    parts.set(xlabel="cgF1 (%), printed in v3", title=f"by subset of SA-Co/Gold, beside {subsets.second}")
    fig.legend(*parts.get_legend_handles_labels(), ncols=2, loc="outside lower center")
    return fig


def _lead(ax: Axes, each: Lead) -> None:
    rows = each.by_dataset
    n = len(rows)
    ahead = rows.difference > 0
    ax.barh(range(n), rows.difference, height=0.6, color=np.where(ahead, COLOURS[5], COLOURS[4]), linewidth=0)
    ax.plot(rows.without, range(n), "D", color="black", markerfacecolor="white", markersize=4)
    ax.plot([each.low, each.high], [n, n], color="black", linewidth=1)
    ax.plot(each.average.value, n, "D", color="black", markersize=4)
    ax.axvline(0, color="black", linewidth=0.8)
    digits = 3 if abs(rows.difference).max() < 1 else 2
    values = [*rows.difference, each.average.value]
    for k, value in enumerate(values):
        ax.annotate(
            f"{value:+.{digits}f}".replace("-", "−"), (1.01, k), xycoords=("axes fraction", "data"),
            va="center", fontsize=6.5, fontweight="bold" if k == n else "normal",
        )  # fmt: skip
    ax.set_yticks(range(n + 1), [*rows.dataset, "average"])
    ax.set_ylim(n + 0.6, -0.6)
    ax.margins(x=0.08)
    ax.grid(visible=False, axis="y")
    ax.tick_params(axis="y", length=0)
    ax.set_title(f"{METRIC_NAMES[each.metric]} against {short_name(each.second)}")
    ax.set_xlabel("behind  ←   →  ahead", fontsize=7, x=_zero(ax))


def _zero(ax: Axes) -> float:
    """Where zero lies along the axis, as a share of its length."""
    low, high = ax.get_xlim()
    return -low / (high - low)


def _ranking(ax: Axes, title: str, each: LeftOut) -> None:
    import seaborn
    from matplotlib.colors import LinearSegmentedColormap

    columns = [ALL, *each.datasets]
    models = list(dict.fromkeys(each.table.model))
    ranks, averages = (
        each.table.pivot(index="model", columns="left_out", values=value).loc[models, columns]
        for value in ("rank", "average")
    )
    shades = LinearSegmentedColormap.from_list("ranks", [COLOURS[5], "white"])
    digits = 3 if averages.to_numpy().max() < 1 else 2
    seaborn.heatmap(
        ranks, ax=ax, cmap=shades, vmin=1, vmax=len(models), cbar=False, linewidths=0.6,
        linecolor="white",
    )  # fmt: skip
    for i, model in enumerate(models):
        for j, column in enumerate(columns):
            first = ranks.loc[model, column] == 1
            ax.text(
                j + 0.5, i + 0.5, f"{averages.loc[model, column]:.{digits}f}", ha="center", va="center",
                fontsize=6.5, fontweight="bold" if first else "normal",
            )  # fmt: skip
    ax.set_xticklabels(
        ["all", *(f"− {name}" for name in each.datasets)], rotation=35, ha="right", fontsize=6.5
    )
    ax.set_yticklabels([short_name(model) for model in models], rotation=0, fontsize=6.5)
    ax.axvline(1, color="black", linewidth=0.8)
    ax.set(xlabel="", ylabel="", title=title)
    ax.tick_params(length=0)
    ax.grid(visible=False)


def _plane(ax: Axes, instances: pd.DataFrame) -> None:
    """pmF1 over IL_MCC of every model in v3 with lines of equal cgF1, and v1's pmF1 as level lines."""
    last = instances[instances.version == "v3"].pivot(index="model", columns="metric", values="value")
    x = np.linspace(0.02, 1, 200)
    for cgf1 in (10, 20, 30, 40, 50, 60):
        ax.plot(x, cgf1 / x, color="0.85", linewidth=0.7, zorder=0)
        ax.annotate(f"{cgf1}", (cgf1 / 77, 77), fontsize=5.5, color="0.45", ha="center", va="center",
                    bbox={"facecolor": "white", "linewidth": 0, "pad": 0.6})  # fmt: skip
    ours, compared = set(instances[instances.ours].model), set(instances[instances.version == "v1"].model)
    for model, row in last.iterrows():
        own = model in ours
        ax.plot(
            row.IL_MCC, row.pmF1, "D" if own else "o", color=COLOURS[1] if own else COLOURS[0], markersize=4
        )
        left = row.IL_MCC > 0.7
        # Clear of v1's level lines, which pass through the points.
        lift = 7 if own else -7 if model in compared else 0
        ax.annotate(
            short_name(str(model)).replace(" + Llama 3.2 (ft)", " + Llama"), (row.IL_MCC, row.pmF1),
            xytext=(-3 if left else 5, lift), textcoords="offset points", ha="right" if left else "left",
            va="center", fontsize=6, fontweight="bold" if own else "normal",
        )  # fmt: skip
    for row in instances[instances.version == "v1"].itertuples():
        ax.axhline(
            row.value, color=COLOURS[1] if row.ours else COLOURS[0], linewidth=0.8, linestyle=(0, (4, 2))
        )
        ax.annotate(
            f"v1: {row.model} {row.value:.1f}", (0.01, row.value), xycoords=("axes fraction", "data"),
            xytext=(0, -2 if row.ours else 2), textcoords="offset points", va="top" if row.ours else "bottom",
            fontsize=5.5, color=COLOURS[1] if row.ours else COLOURS[0],
        )  # fmt: skip
    ax.set(
        xlim=(0, 1), ylim=(10, 80), xlabel="IL_MCC: knowing what is there",
        ylabel="pmF1 (%): its masks", title="SA-Co/Gold, averages (grey: equal cgF1)",
    )  # fmt: skip
    ax.grid(visible=False)


def _over(over: str, n: int) -> str:
    """What an average is over, short: the last data set tells lists of equal length apart."""
    named = over.split("+")
    if len(named) > 1:
        return f"{n} with {named[-1]}"
    return f"{n} subsets" if over == "Average" else over.replace("datasets", "data sets")


def _pairs(items: list[LeftOut]) -> list[list[LeftOut]]:
    return [items[k : k + 2] for k in range(0, len(items), 2)]
