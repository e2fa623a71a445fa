"""Figures of `03_embedded_generator`: its world, its answers beside the truth, its drawings, its marks."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vbanalysis.mini.world.graph import CLASSES
from vbanalysis.mini.world.render import View
from vbanalysis.plots.panels import (
    FAR_M,
    NEAR_M,
    label_colours,
    show_labels,
    show_metres,
    show_normals,
    show_picture,
)
from vbanalysis.plots.style import COLOURS, PAGE_INCH, size
from vbanalysis.studies.photographs import Impression, Photograph
from vbanalysis.studies.questions import Question
from vbanalysis.studies.report_card import MODELS, Target

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def world_figure(views: Sequence[View]) -> Figure:
    """What a scene gives, a column each: colours, depth, normals, classes, instances."""
    import matplotlib.pyplot as plt

    rows = ("image", f"depth\n{NEAR_M:g} to {FAR_M:g} m", "normals", "classes", "instances")
    fig, axes = plt.subplots(
        len(rows), len(views), figsize=(PAGE_INCH, PAGE_INCH * len(rows) / len(views)), squeeze=False
    )
    for column, view in zip(axes.T, views, strict=True):
        show_picture(column[0], view.rgb)
        show_metres(column[1], view.depth_m)
        show_normals(column[2], view.normals)
        _show_classes(column[3], view.classes)
        show_labels(column[4], view.instances)
    for ax, row in zip(axes[:, 0], rows, strict=True):
        ax.set_ylabel(row, fontsize=7)
    _name_classes(fig)
    return fig


def answers_figure(
    questions: Sequence[Question], outputs: Sequence[np.ndarray], answers: Sequence[np.ndarray]
) -> Figure:
    """Instruction, image, output, what it decodes to and the truth; two questions a row.

    Args:
        questions: Of one task, an even number.
        outputs: (H, W, 3) uint8, what was painted.
        answers: What the outputs say, as `studies.answerers.decode` gives it.
    """
    import matplotlib.pyplot as plt

    rows = -(-len(questions) // 2)
    fig, axes = plt.subplots(rows, 8, figsize=(PAGE_INCH, rows * 1.14), squeeze=False)
    for ax in axes.flat:
        ax.set_axis_off()
    for k, (question, output, answer) in enumerate(zip(questions, outputs, answers, strict=True)):
        panels = axes[k // 2][4 * (k % 2) : 4 * (k % 2) + 4]
        for ax in panels:
            ax.set_axis_on()
        shown = question.exercise.image
        show_picture(panels[0], output if shown is None else shown, "image" if k < 2 else "")
        show_picture(panels[1], output, "output" if k < 2 else "")
        _show_answer(panels[2], question, answer, "decoded" if k < 2 else "")
        _show_answer(panels[3], question, _truth(question), "truth" if k < 2 else "")
        # The words run under the panel's neighbours, so only two blank lines ask the layout for room.
        panels[0].set_xlabel(" \n ", fontsize=4.6, labelpad=2)
        words = panels[0].annotate(
            _shortened(question.exercise.prompt), (0, -0.05), xycoords="axes fraction", fontsize=4.6, va="top"
        )
        words.set_in_layout(False)
    return fig


def drawings_figure(prompts: Sequence[str], drawn: Mapping[str, Sequence[np.ndarray]]) -> Figure:
    """Pictures for the same prompts and seeds, a row each who drew them.

    Args:
        prompts: What was to be drawn.
        drawn: (H, W, 3) uint8 pictures by name, as many as prompts.
    """
    import matplotlib.pyplot as plt

    columns = len(prompts)
    side = PAGE_INCH / columns
    fig, axes = plt.subplots(
        len(drawn), columns, figsize=(PAGE_INCH, side * len(drawn) + 0.55), squeeze=False
    )
    for row, (name, pictures) in zip(axes, drawn.items(), strict=True):
        for ax, picture in zip(row, pictures, strict=True):
            show_picture(ax, picture)
        row[0].set_ylabel(name, fontsize=7)
    width = int(22 * side / 0.86)
    for ax, prompt in zip(axes[-1], prompts, strict=True):
        ax.set_xlabel("\n".join(textwrap.wrap(prompt, width)), fontsize=4.6, loc="left")
    return fig


def marks_figure(table: pd.DataFrame, targets: Sequence[Target]) -> Figure:
    """Each target's figure: everyone's value and interval; a solid line at the least, dotted at the goal.

    Trained networks are coloured, references grey.

    Args:
        table: Rows of `task, metric, who, value, low, high, n`.
        targets: What was asked for.
    """
    import matplotlib.pyplot as plt

    columns = 4
    rows = -(-len(targets) // columns)
    fig, axes = plt.subplots(rows, columns, figsize=size(2, 0.24 * rows))
    for ax in axes.flat[len(targets) :]:
        ax.set_axis_off()
    for ax, target in zip(axes.flat, targets, strict=False):
        marks_panel(ax, table, target)
        ax.set_title(f"{target.task}\n{target.metric}", fontsize=7)
    return fig


def marks_panel(ax: Axes, table: pd.DataFrame, target: Target) -> None:
    """One target of `marks_figure`."""
    colours = dict(zip(MODELS, COLOURS, strict=False))
    found = table[(table.task == target.task) & (table.metric == target.metric)]
    for y, row in enumerate(found.itertuples()):
        bars = [[max(row.value - row.low, 0)], [max(row.high - row.value, 0)]]
        ax.errorbar(
            row.value, y, xerr=bars if np.isfinite(bars).all() else None, fmt="o", ms=3,
            color=colours.get(row.who, "0.45"), elinewidth=1, capsize=1.5,
        )  # fmt: skip
    ax.axvline(target.least, color="0.35", linewidth=0.8)
    if target.goal is not None:
        ax.axvline(target.goal, color="0.35", linewidth=0.8, linestyle=":")
    ax.set_yticks(range(len(found)), list(found.who), fontsize=6)
    ax.set_ylim(len(found) - 0.4, -0.6)


def photographs_figure(pictures: Sequence[Photograph], said: Sequence[Impression]) -> Figure:
    """A column each: the photograph, the depth, the normals and the classes that were painted of it."""
    import matplotlib.pyplot as plt

    rows = ("photograph", f"depth\n{NEAR_M:g} to {FAR_M:g} m", "normals", "classes")
    fig, axes = plt.subplots(len(rows), len(pictures), figsize=(PAGE_INCH, 0.72 * PAGE_INCH), squeeze=False)
    for column, picture, impression in zip(axes.T, pictures, said, strict=True):
        show_picture(column[0], picture.rgb, picture.name)
        show_metres(column[1], impression.depth_m)
        show_normals(column[2], impression.normals)
        _show_classes(column[3], impression.labels)
    for ax, row in zip(axes[:, 0], rows, strict=True):
        ax.set_ylabel(row, fontsize=7)
    _name_classes(fig)
    return fig


def _show_answer(ax: Axes, question: Question, answer: np.ndarray | None, title: str) -> None:
    task = question.exercise.task
    if answer is None:
        show_picture(ax, question.exercise.target, title)
    elif task == "depth":
        show_metres(ax, answer, title)
    elif task == "normals":
        show_normals(ax, answer, title)
    elif task == "referring":
        show_labels(ax, (answer * np.arange(1, len(answer) + 1)[:, None, None]).max(axis=0), title)
    elif task == "semantic":
        _show_classes(ax, answer, title)
    else:
        show_labels(ax, answer, title, numbers=True)


def _truth(question: Question) -> np.ndarray | None:
    about, view = question.exercise.about, question.view
    match question.exercise.task:
        case "depth":
            return view.depth_m
        case "normals":
            return view.normals
        case "semantic":
            return view.classes
        case "instance":
            return about["labels"]
        case "referring":
            return np.stack([about["labels"] == k for k in range(len(about["classes"]))])
        case _:
            return None


def _show_classes(ax: Axes, labels: np.ndarray, title: str = "") -> None:
    """Labels of `CLASSES` in the same colours everywhere; -1 is grey."""
    show_picture(ax, label_colours(len(CLASSES) + 1)[np.where(labels < 0, -1, labels + 1)], title)


def _name_classes(fig: Figure) -> None:
    """A line below the figure with the colour of each class."""
    from matplotlib.patches import Patch

    colours = label_colours(len(CLASSES) + 1) / 255
    patches = [Patch(color=colours[k + 1], label=name) for k, name in enumerate(CLASSES)]
    fig.legend(
        handles=patches, loc="outside lower center", ncols=len(patches), fontsize=5.5,
        handlelength=0.8, columnspacing=0.9, handletextpad=0.3,
    )  # fmt: skip


def _shortened(prompt: str) -> str:
    lines = textwrap.wrap(prompt, 84)
    return "\n".join(lines if len(lines) <= 2 else [lines[0], lines[1][:82] + " …"])
