"""An examination of the embedded generator: the same questions to it, to its controls and to those who guess.

Questions are scenes with an instruction each; whoever answers them gives numbers: metres, unit vectors,
labels. A generator's pictures are decoded by the codecs, as anyone's would be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd

from vbanalysis.codecs import DepthCodec, InstanceCodec, NormalCodec, PaletteCodec
from vbanalysis.metrics import (
    InstanceCounts,
    MaskOverlap,
    confusion_matrix,
    depth_metrics,
    instance_counts,
    instance_metrics,
    mask_overlap,
    normal_metrics,
    referring_metrics,
    semantic_metrics,
)
from vbanalysis.mini.regression import Regressor
from vbanalysis.mini.training import exercises
from vbanalysis.mini.training.exercises import Exercise
from vbanalysis.mini.world.graph import CLASSES, Scene
from vbanalysis.mini.world.layout import make_scene
from vbanalysis.mini.world.render import View, render
from vbanalysis.models import Generator
from vbanalysis.stats import Estimate, mean_estimate, resampled_estimate
from vbanalysis.types import Task

ANSWERS: tuple[Task, ...] = ("depth", "normals", "semantic", "instance", "referring")
"""The tasks that have one right answer."""

CAP_M = (0.1, 80.0)
"""Depths that count, in metres."""

_SIZE = 64


class Question(NamedTuple):
    """One scene and what is asked of it.

    Attributes:
        id: `SPLIT/NUMBER/TASK`.
        scene: The scene.
        view: The truth.
        exercise: The instruction, with the picture that would be the right answer.
    """

    id: str
    scene: Scene
    view: View
    exercise: Exercise


def ask(task: Task, split: str = "heldout", n: int = 400, **options: Any) -> list[Question]:
    """Questions of one task; scenes that have no answer to it are passed over.

    Wordings and colours are drawn as in training, from another seed. Depth is asked for without naming a
    colour map, semantic segmentation with all classes named.

    Args:
        task: What is asked.
        split: Of the scenes.
        n: Scenes that are tried, from number 0 on.
        options: Passed on to the exercise of the task, such as `two=True` for referring.
    """
    usual: Mapping[str, dict[str, Any]] = {"depth": {"colormap": None}, "semantic": {"named": CLASSES}}
    found = []
    for number in range(n):
        scene, view = _seen(split, number)
        rng = np.random.default_rng([7, number])
        exercise = exercises.EXERCISES[task](scene, view, rng, **{**usual.get(task, {}), **options})
        if exercise is not None:
            found.append(Question(f"{scene.id}/{task}", scene, view, exercise))
    return found


class Answerer(Protocol):
    """Anyone who answers questions in numbers.

    An answer is depth in metres (H, W), normals (H, W, 3), labels (H, W) of the named classes or instances,
    or one boolean mask an expression (K, H, W); None where there is no answer to such a question.
    """

    def answer(self, questions: Sequence[Question]) -> list[np.ndarray | None]:
        """One answer a question."""
        ...


class Painter:
    """A generator, its pictures decoded as their prompts ask."""

    def __init__(self, generator: Generator) -> None:
        self.generator = generator

    def answer(self, questions: Sequence[Question]) -> list[np.ndarray | None]:
        """Paint and decode."""
        pictures = self.generator.sample_many(
            [question.exercise.image for question in questions],
            [question.exercise.prompt for question in questions],
            seeds=list(range(len(questions))),
        )
        return [decode(question, rgb) for question, rgb in zip(questions, pictures, strict=True)]


class Oracle:
    """The truth, painted in the code at this resolution and decoded: what the code alone costs."""

    def answer(self, questions: Sequence[Question]) -> list[np.ndarray | None]:
        """Decode the right pictures."""
        return [decode(question, question.exercise.target) for question in questions]


class Blind:
    """Guesses without a look: what is usual over training scenes.

    Args:
        by_pixel: At each pixel of the picture, instead of one answer for all pixels.
        scenes: Training scenes that the usual is taken from.
    """

    def __init__(self, by_pixel: bool, scenes: int = 600) -> None:
        views = [_seen("train", number)[1] for number in range(scenes)]
        depth = np.stack([np.where(np.isfinite(view.depth_m), view.depth_m, np.nan) for view in views])
        normals = np.nansum(np.stack([view.normals for view in views]), axis=0)
        seen = np.stack([view.classes for view in views])
        classes = np.stack([(seen == k).sum(axis=0) for k in range(len(CLASSES))])
        if not by_pixel:
            depth = depth.reshape(-1, 1, 1)
            normals = normals.sum(axis=(0, 1), keepdims=True)
            classes = classes.sum(axis=(1, 2), keepdims=True)
        shape = (_SIZE, _SIZE)
        # The mean of the logarithms: half of the guesses are too near, half too far, by the same factors.
        counts = np.isfinite(depth).sum(axis=0)
        logs = np.nansum(np.log(depth), axis=0) / np.maximum(counts, 1)
        self.depth = np.broadcast_to(np.where(counts > 0, np.exp(logs), np.inf), shape).astype(np.float32)
        length = np.linalg.norm(normals, axis=-1, keepdims=True)
        self.normals = np.broadcast_to(normals / length.clip(1e-6), (*shape, 3)).astype(np.float32)
        self.classes = np.broadcast_to(classes.argmax(axis=0), shape).astype(np.int32)

    def answer(self, questions: Sequence[Question]) -> list[np.ndarray | None]:
        """The same each time, for the dense tasks; every object marked, for referring."""
        return [self._one(question) for question in questions]

    def _one(self, question: Question) -> np.ndarray | None:
        task = question.exercise.task
        if task == "depth":
            return self.depth
        if task == "normals":
            return self.normals
        if task == "semantic":
            return self.classes
        if task == "referring":
            # Not quite blind: it sees the objects, and only not which of them is meant.
            marked = question.view.instances > 0
            return np.stack([marked] * len(question.exercise.about["classes"]))
        return None


class Numbers:
    """The regression control."""

    def __init__(self, regressor: Regressor) -> None:
        self.regressor = regressor

    def answer(self, questions: Sequence[Question]) -> list[np.ndarray | None]:
        """Read each image; None for tasks that need words for their answers."""
        return [self._one(question) for question in questions]

    def _one(self, question: Question) -> np.ndarray | None:
        task = question.exercise.task
        if task not in ("depth", "normals", "semantic"):
            return None
        assert question.exercise.image is not None
        said = self.regressor.predict(question.exercise.image, [question.exercise.prompt] * 3)
        return {"depth": said.depth_m, "normals": said.normals, "semantic": said.classes}[task]


def decode(question: Question, rgb: np.ndarray) -> np.ndarray:
    """What a picture says in answer to a question, as `Answerer` describes it."""
    about, task = question.exercise.about, question.exercise.task
    if task == "depth":
        return DepthCodec().decode(rgb).depth_m
    if task == "normals":
        return NormalCodec().decode(rgb).normals
    if task == "instance":
        # At 64 pixels an erosion by one takes a table's legs and top away, and there are no halos to remove.
        return InstanceCodec(erosion=0).decode(rgb).labels  # type: ignore[union-attr]
    codec = PaletteCodec(about["classes"], "implicit" if about["background"] is None else about["background"])
    labels = codec.decode(rgb).labels
    if task == "referring":
        return np.stack([labels == k for k in range(len(codec.names))])
    # Labels in the order of the prompt, to labels of `CLASSES`.
    order = np.array([CLASSES.index(name) for name in codec.names] + [-1], np.int32)
    return order[labels]


@dataclass(frozen=True, eq=False)
class Marks:
    """The marks of one answerer in one task.

    Attributes:
        task: The task.
        rows: One row a question: its id and its figures.
        figures: The aggregates by name.
        per_class: IoU of each class, for semantic segmentation; else empty.
    """

    task: Task
    rows: pd.DataFrame
    figures: Mapping[str, Estimate]
    per_class: Mapping[str, float]


def mark(questions: Sequence[Question], answers: Sequence[np.ndarray | None]) -> Marks | None:
    """Mark the answers to questions of one task; None if there is none to mark.

    Depth: delta1 and AbsRel without any alignment, delta1 after the medians were made equal; true depths
        within
    `CAP_M`; means over images. Normals: mean and median angle of each image, averaged over images. Semantic:
    mIoU of the summed confusions over the classes that occur, pixel accuracy. Instance: pmF1 at IoU 0.5 and
    on average over .50:.05:.95. Referring: gIoU and cIoU over expressions.
    """
    pairs = [(q, a) for q, a in zip(questions, answers, strict=True) if a is not None]
    if not pairs:
        return None
    task = pairs[0][0].exercise.task
    return _MARKING[task](task, pairs)


_Pairs = list[tuple[Question, np.ndarray]]


def _mark_depth(task: Task, pairs: _Pairs) -> Marks:
    rows = []
    for question, depth in pairs:
        plain = depth_metrics(depth, question.view.depth_m, cap_m=CAP_M)
        aligned = depth_metrics(depth, question.view.depth_m, cap_m=CAP_M, alignment="median")
        if plain.n:
            rows.append(
                {
                    "id": question.id,
                    "delta1": plain.delta1,
                    "absrel": plain.absrel,
                    "rmse": plain.rmse,
                    "delta1_median": aligned.delta1,
                }
            )
    return _averaged(task, rows)


def _mark_normals(task: Task, pairs: _Pairs) -> Marks:
    rows = []
    for question, normals in pairs:
        figures = normal_metrics(normals, question.view.normals)
        if figures.n:
            rows.append(
                {
                    "id": question.id,
                    "mean_deg": figures.mean_deg,
                    "median_deg": figures.median_deg,
                    "under_11_25": figures.under_11_25,
                }
            )
    return _averaged(task, rows)


def _averaged(task: Task, rows: list[dict[str, Any]]) -> Marks:
    table = pd.DataFrame(rows)
    names = [name for name in table.columns if name != "id"]
    return Marks(task, table, {name: mean_estimate(table[name].to_numpy()) for name in names}, {})


def _mark_semantic(task: Task, pairs: _Pairs) -> Marks:
    confusions = [confusion_matrix(labels, question.view.classes, len(CLASSES)) for question, labels in pairs]
    rows = [
        {"id": question.id, **_some(semantic_metrics(confusion), "miou", "pixel_accuracy")}
        for (question, _), confusion in zip(pairs, confusions, strict=True)
    ]

    def pooled(name: str) -> Estimate:
        return resampled_estimate(
            confusions, lambda units: getattr(semantic_metrics(np.sum(units, axis=0)), name)
        )

    iou = semantic_metrics(np.sum(confusions, axis=0)).iou
    return Marks(
        task,
        pd.DataFrame(rows),
        {"miou": pooled("miou"), "pixel_accuracy": pooled("pixel_accuracy")},
        dict(zip(CLASSES, np.asarray(iou, float).tolist(), strict=True)),
    )


def _mark_instance(task: Task, pairs: _Pairs) -> Marks:
    counts = [
        instance_counts(np.maximum(labels, 0), question.exercise.about["labels"])
        for question, labels in pairs
    ]
    rows = [
        {
            "id": question.id,
            "true": count.n_true,
            "predicted": count.n_predicted,
            "found": count.true_positives[0],
        }
        for (question, _), count in zip(pairs, counts, strict=True)
    ]

    def pooled(name: str) -> Estimate:
        def figure(units: Sequence[InstanceCounts]) -> float:
            return float(getattr(instance_metrics(units), name))

        return resampled_estimate(counts, figure)

    names = ("pmf1_50", "pmf1", "il_mcc")
    return Marks(task, pd.DataFrame(rows), {name: pooled(name) for name in names}, {})


def _mark_referring(task: Task, pairs: _Pairs) -> Marks:
    rows, images = [], []
    for question, masks in pairs:
        truth = question.exercise.about["labels"]
        overlaps = [mask_overlap(mask, truth == k) for k, mask in enumerate(masks)]
        images.append(overlaps)
        rows += [
            {"id": question.id, "kind": kind, "iou": overlap.iou}
            for kind, overlap in zip(question.exercise.about["kinds"], overlaps, strict=True)
        ]

    def pooled(name: str) -> Estimate:
        # Two expressions of one image are no two units.
        def figure(units: Sequence[list[MaskOverlap]]) -> float:
            return float(getattr(referring_metrics([each for unit in units for each in unit]), name))

        return resampled_estimate(images, figure)

    return Marks(task, pd.DataFrame(rows), {name: pooled(name) for name in ("giou", "ciou")}, {})


def _some(figures: Any, *names: str) -> dict[str, float]:
    return {name: float(getattr(figures, name)) for name in names}


_MARKING: Mapping[Task, Callable[[Task, _Pairs], Marks]] = {
    "depth": _mark_depth,
    "normals": _mark_normals,
    "semantic": _mark_semantic,
    "instance": _mark_instance,
    "referring": _mark_referring,
}


def swapped(generator: Generator, split: str = "heldout", n: int = 400) -> np.ndarray:
    """Whether masks follow the colours of a prompt when its two colours change places.

    Args:
        generator: Who is asked for two expressions at a time.
        split: Of the scenes.
        n: Scenes that are tried.

    Returns:
        (images,) the share of the pixels marked before that are marked for the same expression after, which
        means that they changed their colour.
    """
    before = ask("referring", split, n, two=True)
    after = ask("referring", split, n, two=True, swap=True)
    painter = Painter(generator)
    shares = []
    for one, two in zip(painter.answer(before), painter.answer(after), strict=True):
        if one is None or two is None:
            continue
        marked = one.any(axis=0)
        if marked.any():
            shares.append(float((one == two).all(axis=0)[marked].mean()))
    return np.array(shares)


def examine(
    answerers: Mapping[str, Answerer], split: str = "heldout", n: int = 400
) -> Iterator[tuple[str, Marks]]:
    """Ask everyone everything.

    Args:
        answerers: By name.
        split: Of the scenes.
        n: Scenes a task.

    Yields:
        Name and marks, task by task; answerers without an answer to a task are passed over.
    """
    for task in ANSWERS:
        questions = ask(task, split, n)
        for name, answerer in answerers.items():
            marks = mark(questions, answerer.answer(questions))
            if marks is not None:
                yield name, marks


def table_of(marks: Sequence[tuple[str, Marks]]) -> pd.DataFrame:
    """One row a figure: task, metric, who, value, low, high, n."""
    return pd.DataFrame(
        [
            {"task": each.task, "metric": metric, "who": name, **estimate._asdict()}
            for name, each in marks
            for metric, estimate in each.figures.items()
        ]
    )


@cache
def _seen(split: str, number: int) -> tuple[Scene, View]:
    scene = make_scene(split, number)
    return scene, render(scene, _SIZE)
