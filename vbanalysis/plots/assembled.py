"""Figures of a paper about this suite, assembled from kept results.

Panels are lettered; captions hold n and protocol.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from string import ascii_lowercase
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import pandas as pd

from vbanalysis.errors import InputError
from vbanalysis.paths import data_dir
from vbanalysis.plots.art import forgetting_panel, told_apart_panel, training_panel
from vbanalysis.plots.atlas import shares_panel
from vbanalysis.plots.embedded import marks_panel
from vbanalysis.plots.heads import one_answer_panel, steps_panel
from vbanalysis.plots.intrinsics import explained_panel, field_panel
from vbanalysis.plots.labels import labels_panel
from vbanalysis.plots.narrow import contrast_panel
from vbanalysis.plots.probing import TITLES, layers_panel
from vbanalysis.plots.style import size
from vbanalysis.probing.targets import PROBED
from vbanalysis.studies.art import mixing_by_ratio
from vbanalysis.studies.atlas import WORDS
from vbanalysis.studies.kept import read_kept
from vbanalysis.studies.report_card import MODELS, TARGETS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Assembled(NamedTuple):
    """A figure of the paper.

    Attributes:
        figure: As wide as its columns.
        columns: Of the page: 1 or 2.
        caption: What each letter shows, with n and protocol.
        sources: Commands that measured what is shown.
    """

    figure: Figure
    columns: Literal[1, 2]
    caption: str
    sources: tuple[str, ...]


def lettered(axes: Sequence[Axes], titles: Sequence[str]) -> None:
    """Title the panels and letter them from a on; a single panel gets no letter."""
    for letter, ax, title in zip(ascii_lowercase, axes, titles, strict=False):
        ax.set_title(title if len(axes) == 1 else rf"$\bf{{{letter}}}$  {title}", fontsize=7)


def marks() -> Assembled:
    """What the embedded generator reaches."""
    table = pd.read_csv(data_dir() / "mini" / "results.tsv", sep="\t")
    names = {
        ("depth", "delta1"): "depth, delta1",
        ("normals", "mean_deg"): "normals, mean degrees",
        ("semantic", "miou"): "classes, mIoU",
        ("referring", "giou"): "referring, gIoU",
        ("generation", "attributes"): "drawing, attributes",
        ("edit", "done"): "edits done",
    }
    targets = {(target.task, target.metric): target for target in TARGETS}
    fig, axes = _grid(2, 3, 0.46)
    for ax, key in zip(axes, names, strict=True):
        marks_panel(ax, table, targets[key])
    lettered(axes, list(names.values()))
    mine = table[table.who == MODELS[0]]
    return Assembled(
        fig, 2,
        f"The embedded generator (mini), its controls and references on n = {mine.n.max()} held-out "
        "questions a task; value and 95 % interval (bootstrap over scenes). Depth is not aligned, depths "
        "from 0.1 to 80 m count. Lines: the least that was asked for, dotted the goal.",
        ("vbanalysis mini examine --card",),
    )  # fmt: skip


def intrinsics() -> Assembled:
    """Hard-coded intrinsics against none and the true ones."""
    kept = read_kept("intrinsics")
    fig, axes = _grid(1, 3, 0.4)
    field_panel(axes[0], kept.table, "delta1")
    field_panel(axes[1], kept.table, "absrel")
    explained_panel(axes[2])
    if legend := axes[2].get_legend():
        legend.remove()  # the caption says it, and the panel is small
    lettered(axes, ["accuracy by lens", "error by lens", "nuScenes, as printed"])
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    each = kept.table[kept.table.seed.astype(str) == "all"]
    return Assembled(
        fig, 2,
        f"Camera intrinsics built into a pipeline. a, b: the same n = {each.n.max()} held-out scenes at "
        f"each field of view, means of {_seeds(kept.table.seed)} trainings of each arm on equal terms, "
        "bands are 95 % intervals over scenes, faint lines single trainings; grey is what training saw. "
        "c: where one factor on all depths takes the printed figures of UniK3D (blue) and MoGe-2 "
        "(orange), solid for too near, dashed for too far, dotted for a factor of its own for each image; "
        "star: Vision Banana as printed.",
        (kept.command,),
    )  # fmt: skip


def narrow() -> Assembled:
    """Narrow tuning against broad."""
    kept = read_kept("narrow")
    table = kept.table[kept.table.arm == "narrow - broad"]
    fig, axes = _grid(1, 2, 0.6, sharey=True)
    contrast_panel(axes[0], table, "level")
    contrast_panel(axes[1], table, "interaction")
    lettered(axes, ["IoU, narrow $-$ broad", "IoU lost to the novelty, narrow $-$ broad"])
    counts = table[table.measure == "interaction"].n
    return Assembled(
        fig, 2,
        f"Tuning on a narrow slice, {_seed_columns(table)} trainings of each arm on equal terms, by kind "
        f"of novelty, pooled in bold: n = {counts.min():.0f} to {counts.max():.0f} expressions. a: who is "
        "better there. b: how much more narrow loses against its own domain than broad does, which is the "
        "pitfall. Thick bars: 95 % intervals over scenes; dots: single trainings.",
        (kept.command,),
    )  # fmt: skip


def heads() -> Assembled:
    """A head of numbers against pictures."""
    kept = read_kept("heads")
    fig, axes = _grid(1, 4, 0.3)
    one_answer_panel(axes[0], kept.table, "delta1")
    one_answer_panel(axes[1], kept.table, "edge between")
    steps_panel(axes[2], kept.table, "delta1")
    steps_panel(axes[3], kept.table, "spread rgb_sd")
    lettered(axes, ["delta1", "edges: between both", "delta1 by steps", "spread of draws (/255)"])
    axes[2].legend(fontsize=6)
    one = kept.table[(kept.table.part == "one answer") & (kept.table.seed == "all")]
    many = kept.table[(kept.table.part == "steps") & (kept.table.seed == "all")]
    return Assembled(
        fig, 2,
        "The same network with a head of numbers and with pictures, trained on the same exercises. a, b: "
        f"one answer on n = {one.n.max():.0f} held-out scenes; b is the share of edge pixels that are "
        f"given a depth between their two sides. c, d: by steps from noise, n = {many.n.max():.0f}. Bars "
        "and bands: 95 % intervals over scenes; rings: single trainings.",
        (kept.command,),
    )  # fmt: skip


def atlas() -> Assembled:
    """What explains the embedded generator's error."""
    kept = read_kept("failure_atlas")
    table = kept.table[kept.table.part == "model"].rename(columns={"task": "by", "cause": "bin"})
    table = table.assign(is_range=False)
    causes = [word for word in WORDS.values() if (table.bin == word).any()]
    tasks = list(table.by.unique())
    fig, axes = _grid(1, len(tasks), 0.42, sharey=True)
    for ax, task in zip(axes, tasks, strict=True):
        shares_panel(ax, table[table.by == task], causes)
    axes[0].set_yticks(range(len(causes)), causes, fontsize=6.5)
    lettered(axes, tasks)
    found = kept.table[kept.table.part == "injected"]
    kinds = found[["task", "name"]].drop_duplicates().shape[0]
    return Assembled(
        fig, 2,
        "Share of the embedded generator's summed error that each cause explains (exact Shapley values "
        f"over repairs), n = {table.n.max():.0f} held-out scenes a task, 95 % intervals over scenes; a "
        f"dash: no cause of that task. The same method was held against {kinds} kinds of damage of a known "
        "cause.",
        (kept.command,),
    )  # fmt: skip


def probing() -> Assembled:
    """What the base knows before tuning, and what labels it saves."""
    kept, counted = read_kept("probing"), read_kept("labels")
    grid = kept.table[kept.table.part == "grid"].dropna(axis=1, how="all")
    curves = counted.table[counted.table.part == "curve"]
    fig, axes = _grid(2, len(PROBED), 0.68)
    for ax, task in zip(axes, PROBED, strict=False):
        layers_panel(ax, grid, task, "base", "untrained")
    for ax, task in zip(axes[len(PROBED) :], PROBED, strict=True):
        labels_panel(ax, curves, task)
        ax.set_xlabel("labelled scenes")
    lettered(axes, [TITLES[task] for task in PROBED] * 2)
    drawn = [axes[k].get_legend_handles_labels() for k in (0, len(PROBED))]
    handles, labels = drawn[0][0] + drawn[1][0], drawn[0][1] + drawn[1][1]
    fig.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=6)
    seeds = _seeds(curves.seed)
    return Assembled(
        fig, 2,
        "Top: what ridge probes read from the base before any vision tuning, by layer and level of noise, "
        f"folds by scene, n = {grid.n.max():.0f} held-out scenes; grey lines: pixels, place and chance; "
        "grey band: networks with random weights. Bottom: the same figures against the number of labelled "
        f"scenes, n = {curves.n.max():.0f} held-out scenes, {seeds} seeds, a dot each.",
        (kept.command, counted.command),
    )  # fmt: skip


def generation() -> Assembled:
    """What tuning does to drawing."""
    kept, mixing = read_kept("art"), mixing_by_ratio()
    fig, axes = _grid(1, 4, 0.3)
    training_panel(axes[0], kept.table, "generation", "attributes")
    training_panel(axes[1], kept.table, "edit", "done_kept")
    for ax, (task, metric) in zip(axes[2:], (("generation", "attributes"), ("edit", "done")), strict=True):
        forgetting_panel(ax, mixing, task, metric)
        ax.set_xlabel("own trade mixed in, %")
    lettered(axes, ["attributes drawn", "edits, rest kept", "attributes drawn", "edits done"])
    return Assembled(
        fig, 2,
        "What tuning does to drawing and editing, judged by a reader trained on rendered scenes. a, b: "
        f"each training on n = {kept.table.n.max():.0f} held-out prompts, the same seeds. c, d: short "
        "tunings by the share of drawing and editing among their exercises, one training each, n = "
        f"{mixing.n.max():.0f}; dashed: the base. 95 % intervals over prompts.",
        (kept.command, "vbanalysis mini mixing"),
    )  # fmt: skip


def votes() -> Assembled:
    """How large an experiment must be."""
    import matplotlib.pyplot as plt

    kept = read_kept("genai_told_apart")
    fig, ax = plt.subplots(figsize=size(1, 0.72))
    told_apart_panel(ax, kept.table, {"527 rated prompts": 527, "1,600 prompts": 1600})
    lettered([ax], [""])
    return Assembled(
        fig, 1,
        "How often an experiment drawn from GenAI-Bench's votes tells two models apart whose win rate is "
        "that of the paper, two-sided at 0.05, prompts drawn with their votes; bands: 95 % Wilson "
        "intervals of the simulation; line: a power of 80 %.",
        (kept.command,),
    )  # fmt: skip


FIGURES: Mapping[str, Callable[[], Assembled]] = {
    "marks": marks,
    "intrinsics": intrinsics,
    "narrow": narrow,
    "heads": heads,
    "atlas": atlas,
    "probing": probing,
    "generation": generation,
    "votes": votes,
}
"""All figures, in the paper's order."""


def assemble(names: str = "") -> dict[str, Assembled]:
    """Some figures or all, by name.

    Args:
        names: With commas between; "" for all.

    Raises:
        InputError: There is no such figure, or a result that it needs is not kept.
    """
    chosen = [name.strip() for name in names.split(",") if name.strip()] or list(FIGURES)
    for name in chosen:
        if name not in FIGURES:
            raise InputError(f"no figure {name!r}: there are {', '.join(FIGURES)}")
    return {name: FIGURES[name]() for name in chosen}


def captions_tex(figures: Mapping[str, Assembled]) -> str:
    """LaTeX that sets the figures with their captions, beside the PDFs.

    Args:
        figures: By the name of their files.
    """
    blocks = []
    for name, each in figures.items():
        star = "*" if each.columns == 2 else ""
        text = textwrap.fill(each.caption.replace("%", r"\%").replace("&", r"\&"), 100)
        blocks.append(
            f"\\begin{{figure{star}}}\n\\centering\n\\includegraphics{{{name}}}\n\\caption{{{text}}}\n"
            f"\\label{{fig:{name}}}\n\\end{{figure{star}}}\n"
        )
    return "\n".join(blocks)


def _grid(rows: int, columns: int, aspect: float, sharey: bool = False) -> tuple[Figure, list[Axes]]:
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(rows, columns, figsize=size(2, aspect), squeeze=False, sharey=sharey)
    return fig, list(axes.flat)


def _seeds(column: pd.Series) -> int:
    return len({str(seed) for seed in column.dropna()} - {"all", "seeds"})


def _seed_columns(table: pd.DataFrame) -> int:
    seeds = table.filter(regex=r"^seed \d").dropna(axis=1, how="all")
    return int(np.max(seeds.notna().sum(axis=1)))
