"""Figures of `22_failure_regression_heads`: mixtures on the walk, answers in doubt, what draws are worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vbanalysis.codecs.mixtures import SIDES
from vbanalysis.plots.panels import show_metres, show_picture
from vbanalysis.plots.style import COLOURS, PAGE_INCH, size
from vbanalysis.studies.heads.ideal import LOSSES, ideal_answers, ideal_flow, two_depths
from vbanalysis.studies.heads.mixing_map import MixingMap

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ARM_COLOURS = {
    "pictures": COLOURS[0], "numbers": COLOURS[1], "flow": COLOURS[2],
    "scratch": COLOURS[5], "regression": COLOURS[4],
}  # fmt: skip
"""Of each arm, the same everywhere; paler ones of the same kind are those that were trained longer."""

_SIDE_COLOURS = ("#56B4E9", "#0072B2", "0.88", "#D55E00", "0.6")
_LINES = {
    "mean log": (COLOURS[1], "-"), "median log": (COLOURS[1], "--"),
    "mean colour": (COLOURS[0], "-"), "median colour": (COLOURS[0], "--"),
}  # fmt: skip


def mixing_figure(found: MixingMap, near_m: float, far_m: float, seed: int = 0) -> Figure:
    """Where mixtures decode to a third depth, what ideal heads say on an edge, and what an ideal flow draws.

    Args:
        found: Of all pairs of depths.
        near_m: Of the edge in the second and third panel.
        far_m: Likewise.
        seed: Of the flow's noise.
    """
    import matplotlib.pyplot as plt
    from matplotlib.colors import BoundaryNorm, ListedColormap
    from matplotlib.patches import Patch

    fig, (left, middle, right) = plt.subplots(1, 3, figsize=(PAGE_INCH, 2.5))
    shown = np.where(found.near_m[:, None] < found.far_m[None], found.sides, -1).astype(float)
    shown[shown < 0] = np.nan
    left.pcolormesh(
        found.near_m, found.far_m, shown.T, cmap=ListedColormap(_SIDE_COLOURS),
        norm=BoundaryNorm(np.arange(-0.5, 5), 5), rasterized=True,
    )  # fmt: skip
    refused = (found.refused & (found.near_m[:, None] < found.far_m[None])).T.astype(float)
    left.contour(found.near_m, found.far_m, refused, levels=[0.5], colors="black", linewidths=0.7)
    left.set(xscale="log", yscale="log", xlabel="near (m)", ylabel="far (m)")
    left.set_title("half-way between two colours")
    left.grid(visible=False)
    named = [Patch(color=_SIDE_COLOURS[k], label=SIDES[k]) for k in range(4)]
    left.legend(handles=named, loc="lower right", title="reads as", title_fontsize=7)
    _plain_metres(left, "x")
    _plain_metres(left, "y")

    shares = np.linspace(0, 1, 201)
    said = [ideal_answers(two_depths(near_m, far_m, share)) for share in shares]
    for loss in LOSSES:
        colour, line = _LINES[loss]
        depths = np.array([each[loss].depth_m for each in said])
        middle.plot(shares, depths, color=colour, linestyle=line, label=loss)
    _edge_lines(middle, near_m, far_m)
    middle.set(yscale="log", xlabel="probability of the far side", ylabel="depth (m)")
    middle.set_title(f"an ideal head, {near_m:g} m or {far_m:g} m")
    middle.legend(fontsize=6, loc="lower right", handlelength=1.4, borderaxespad=0.1)
    _plain_metres(middle, "y")

    belief, steps = two_depths(near_m, far_m, 0.5), (1, 2, 4, 8, 16)
    rng = np.random.default_rng(seed)
    for place, count in enumerate(steps):
        drawn = ideal_flow(belief, count, 300, rng)
        right.scatter(
            place + rng.uniform(-0.28, 0.28, len(drawn)), drawn, s=2, color=ARM_COLOURS["flow"], linewidths=0
        )
    _edge_lines(right, near_m, far_m)
    right.set(yscale="log", xlabel="steps", ylim=middle.get_ylim())
    right.set_xticks(range(len(steps)), [str(count) for count in steps])
    right.set_title("draws of an ideal flow")
    _plain_metres(right, "y")
    return fig


def answers_figure(
    images: Sequence[np.ndarray], truths: Sequence[np.ndarray], answers: Mapping[str, Sequence[np.ndarray]],
    spreads: Mapping[str, Sequence[np.ndarray]], most: float = 0.1,
) -> Figure:  # fmt: skip
    """A row an image: the image, its true depth, each head's first answer, and the spread of its draws.

    Args:
        images: (H, W, 3) uint8.
        truths: (H, W) metres.
        answers: By head, (H, W) metres an image.
        spreads: By head, (H, W) standard deviation of log metres an image.
        most: End of the scale of spreads.
    """
    import matplotlib.pyplot as plt

    columns = 2 + len(answers) + len(spreads)
    fig, axes = plt.subplots(
        len(images), columns, figsize=(PAGE_INCH, 0.2 + len(images) * PAGE_INCH / columns), squeeze=False
    )
    for k, row in enumerate(axes):
        top = k == 0
        show_picture(row[0], images[k], "image" if top else "")
        show_metres(row[1], truths[k], "truth" if top else "")
        for ax, (name, said) in zip(row[2:], answers.items(), strict=False):
            show_metres(ax, said[k], name if top else "")
        for ax, (name, wide) in zip(row[2 + len(answers) :], spreads.items(), strict=True):
            show_picture(ax, np.clip(wide[k], 0, most), name if top else "", cmap="magma", vmin=0, vmax=most)
    return fig


def profile_figure(
    column_px: np.ndarray,
    truth_m: np.ndarray,
    lines: Mapping[str, np.ndarray],
    strips: Mapping[str, np.ndarray],
) -> Figure:
    """Depth along a row of pixels through an edge, by head, and the colours that were painted there.

    Args:
        column_px: (n,) the pixels' columns.
        truth_m: (n,) metres.
        lines: By head, (S, n) metres of S draws.
        strips: By head, (S, n, 3) uint8 painted colours.
    """
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(
        1 + len(strips), 1, figsize=size(1, 0.62 + 0.13 * len(strips)), sharex=True, squeeze=False,
        height_ratios=[4, *[0.55] * len(strips)],
    )  # fmt: skip
    top = axes[0, 0]
    top.step(column_px, truth_m, where="mid", color="black", label="truth", linewidth=1.6)
    for name, depth in lines.items():
        colour = ARM_COLOURS.get(name.partition(",")[0], "0.3")
        for draw, line in enumerate(depth):
            top.plot(
                column_px, line, color=colour, marker="o", ms=2, linewidth=0.8,
                alpha=1.0 if len(depth) == 1 else 0.6, label=name if draw == 0 else None,
            )  # fmt: skip
    top.set(yscale="log", ylabel="depth (m)")
    _plain_metres(top, "y")
    top.legend()
    left, right = column_px[0] - 0.5, column_px[-1] + 0.5
    for ax, (name, colours) in zip(axes[1:, 0], strips.items(), strict=True):
        ax.imshow(colours, extent=(left, right, 0, 1), aspect="auto")
        ax.set_yticks([])
        ax.grid(visible=False)
        ax.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=6)
    axes[-1, 0].set_xlabel("column (px)")
    return fig


def one_answer_figure(table: pd.DataFrame, metrics: Mapping[str, str], columns: int = 4) -> Figure:
    """Each figure of the arms: every training's value and the interval of their mean over scenes.

    Args:
        table: The kept table.
        metrics: Which, with their titles.
        columns: Panels side by side.
    """
    import matplotlib.pyplot as plt

    arms = [arm for arm in dict.fromkeys(table.arm) if " - " not in arm]
    rows = -(-len(metrics) // columns)
    fig, axes = plt.subplots(
        rows, columns, figsize=(PAGE_INCH, rows * (0.55 + 0.28 * len(arms))), squeeze=False
    )
    for ax in axes.flat[len(metrics) :]:
        ax.set_axis_off()
    for ax, (metric, title) in zip(axes.flat, metrics.items(), strict=False):
        one_answer_panel(ax, table, metric)
        ax.set_title(title, fontsize=7)
    return fig


def one_answer_panel(ax: Axes, table: pd.DataFrame, metric: str) -> None:
    """One figure of `one_answer_figure`."""
    arms = [arm for arm in dict.fromkeys(table.arm) if " - " not in arm]
    part = table[(table.part == "one answer") & table.case.isna() & (table.metric == metric)]
    for y, arm in enumerate(arms):
        chosen = part[part.arm == arm]
        whole = chosen[chosen.seed == "all"].iloc[0]
        seeds = chosen[chosen.seed != "all"]
        colour = ARM_COLOURS.get(arm, "0.3")
        ax.errorbar(
            whole.value, y, xerr=[[whole.value - whole.low], [whole.high - whole.value]], fmt="none",
            color=colour, elinewidth=1.2, capsize=2,
        )  # fmt: skip
        ax.plot(seeds.value, np.full(len(seeds), y), "o", ms=3.5, color=colour, mfc="white")
    ax.set_yticks(range(len(arms)), arms)
    ax.set_ylim(len(arms) - 0.4, -0.6)


def steps_figure(table: pd.DataFrame, metrics: Mapping[str, str]) -> Figure:
    """Figures against the number of steps, by arm, with intervals over scenes; one answer is a line across.

    Args:
        table: The kept table.
        metrics: Which, with their titles.
    """
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(1, len(metrics), figsize=(PAGE_INCH, 2.1))
    for ax, (metric, title) in zip(axes, metrics.items(), strict=True):
        steps_panel(ax, table, metric)
        ax.set_title(title, fontsize=7)
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return fig


def steps_panel(ax: Axes, table: pd.DataFrame, metric: str) -> None:
    """One figure of `steps_figure`."""
    part = table[(table.part == "steps") & (table.seed == "all") & table.case.isna()]
    for arm, chosen in part[part.metric == metric].groupby("arm", sort=False):
        if " - " in str(arm):
            continue
        colour = ARM_COLOURS.get(str(arm), "0.3")
        chosen = chosen.sort_values("steps")
        if len(chosen) == 1:
            ax.axhline(chosen.value.iloc[0], color=colour, linestyle="--", label=arm)
            ax.axhspan(chosen.low.iloc[0], chosen.high.iloc[0], color=colour, alpha=0.1, linewidth=0)
            continue
        ax.plot(chosen.steps, chosen.value, "o-", ms=3, color=colour, label=arm)
        ax.fill_between(chosen.steps, chosen.low, chosen.high, color=colour, alpha=0.2, linewidth=0)
    ax.set_xscale("log", base=2)
    ax.set_xticks([1, 2, 4, 8, 16], ["1", "2", "4", "8", "16"])
    ax.set_xlabel("steps")


def doubt_figure(table: pd.DataFrame) -> Figure:
    """Three questions without one answer: grounds without scale, mirrors, pixels that see two depths."""
    import matplotlib.pyplot as plt

    fig, (plane, mirror, mixed) = plt.subplots(1, 3, figsize=(PAGE_INCH, 2.9), width_ratios=[1.15, 1, 1])
    whole = table[(table.seed == "all") & ~table.arm.str.contains(" - ")]
    who = [
        (arm, steps) for (arm, steps), _ in whole[whole.part == "plane"].groupby(["arm", "steps"], sort=False)
    ]
    names = [arm if arm == "numbers" else f"{arm}, {steps} step{'s' * (steps > 1)}" for arm, steps in who]

    def row(part: str, arm: str, steps: int, metric: str, case: str | None = None) -> Any:
        chosen = whole[(whole.part == part) & (whole.arm == arm) & (whole.steps == steps)]
        chosen = chosen[chosen.metric == metric]
        return chosen[chosen.case.isna() if case is None else chosen.case == case].iloc[0]

    for y, (arm, steps) in enumerate(who):
        for ax, part, metric, marker, filled in (
            (plane, "plane", "share of lower heights", "o", True),
            (mirror, "mirror", "way to the image", "o", True),
            (mirror, "mirror", "way without a mirror", "s", False),
        ):
            found = row(part, arm, steps, metric)
            colour = ARM_COLOURS.get(arm, "0.3")
            ax.errorbar(
                found.value, y + (0.0 if filled else 0.22), fmt=marker, ms=4, color=colour,
                xerr=[[found.value - found.low], [found.high - found.value]], elinewidth=1, capsize=2,
                mfc=colour if filled else "white",
            )  # fmt: skip
    for ax in (plane, mirror):
        ax.set_yticks(range(len(who)), names, fontsize=6)
        ax.set_ylim(len(who) - 0.3, -0.6)
    mirror.set_yticklabels([])
    plane.axvline(0.5, color="0.4", linewidth=0.8, linestyle=":")
    plane.set(xlim=(0, 1), xlabel="share of lower cameras", title="ground without scale")
    mirror.axvline(0, color="0.4", linewidth=0.8, linestyle=":")
    mirror.axvline(1, color="0.4", linewidth=0.8, linestyle=":")
    mirror.set(xlim=(-0.2, 1.1), xlabel="from the wall, 0, to its image, 1")
    mirror.set_title("mirror (squares: without)")

    middles = np.arange(0.1, 1, 0.2)
    for (arm, steps), name in zip(who, names, strict=True):
        cases = [f"far share {low:.1f} to {low + 0.2:.1f}" for low in middles - 0.1]
        ways = [row("mixed", arm, steps, "way", case) for case in cases]
        mixed.errorbar(
            middles, [each.value for each in ways], color=ARM_COLOURS.get(arm, "0.3"), marker="o", ms=3,
            yerr=[[each.value - each.low for each in ways], [each.high - each.value for each in ways]],
            linestyle="-" if steps == 1 else ":", elinewidth=0.8, capsize=1.5, label=name,
        )  # fmt: skip
    mixed.plot([0, 1], [0, 1], color="0.4", linewidth=0.8, label="a mean")
    mixed.step([0, 0.5, 1], [0, 0, 1], color="0.4", linewidth=0.8, linestyle="--", label="the likelier")
    mixed.set(xlabel="share of the pixel that is far", ylabel="from near, 0, to far, 1", ylim=(-0.2, 1.2))
    mixed.set_title("pixel with two depths")
    fig.legend(*mixed.get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=6)
    return fig


def pools_figure(table: pd.DataFrame, metric: str = "absrel") -> Figure:
    """What is made of several draws, less what one draw is worth, by the number of steps."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import MaxNLocator

    part = table[(table.part == "pools") & (table.seed == "all") & (table.metric == metric)]
    part = part[part.case.str.endswith(" less one draw")]
    who = [key for key, _ in part.groupby(["arm", "steps"], sort=False)]
    fig, axes = plt.subplots(
        1,
        len(who),
        figsize=(min(max(3.35, 1.4 + 2.2 * len(who)), PAGE_INCH), 2.1),
        sharey=True,
        squeeze=False,
    )
    for ax, (arm, steps) in zip(axes[0], who, strict=True):
        chosen = part[(part.arm == arm) & (part.steps == steps)]
        names = [case.removesuffix(" less one draw") for case in chosen.case]
        for y, found in enumerate(chosen.itertuples()):
            ax.errorbar(
                found.value, y, xerr=[[found.value - found.low], [found.high - found.value]], fmt="o", ms=3.5,
                color=ARM_COLOURS.get(arm, "0.3"), elinewidth=1, capsize=2,
            )  # fmt: skip
        ax.axvline(0, color="0.4", linewidth=0.8, linestyle=":")
        ax.set_yticks(range(len(names)), names)
        ax.set_ylim(len(names) - 0.5, -0.5)
        ax.set_title(f"{arm}, {steps} step{'s' * (steps > 1)}")
        ax.xaxis.set_major_locator(MaxNLocator(3))
        ax.set_xlabel(f"{metric} less one draw's", fontsize=7)
    return fig


def _edge_lines(ax: Axes, near_m: float, far_m: float) -> None:
    for depth in (near_m, far_m):
        ax.axhline(depth, color="0.4", linewidth=0.8, linestyle=":")


def _plain_metres(ax: Axes, axis: str) -> None:
    """Ticks of a logarithmic axis as plain numbers."""
    from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

    one = ax.xaxis if axis == "x" else ax.yaxis
    one.set_major_locator(LogLocator(subs=(1, 2, 5)))
    one.set_major_formatter(ScalarFormatter())
    one.set_minor_formatter(NullFormatter())
