"""Marks: answers held against the truth, by the metrics of each task."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from vbanalysis.metrics import (
    InstanceCounts,
    MaskOverlap,
    SemanticMetrics,
    confusion_matrix,
    depth_metrics,
    instance_counts,
    instance_metrics,
    mask_overlap,
    normal_metrics,
    referring_metrics,
    semantic_metrics,
)
from vbanalysis.mini.world.graph import CLASSES
from vbanalysis.stats import Estimate, mean_estimate, resampled_estimate
from vbanalysis.studies.questions import CAP_M, Question
from vbanalysis.types import Task


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


def figures_table(task: Task, who: str, figures: Mapping[str, Estimate]) -> pd.DataFrame:
    """One row a figure: task, metric, who, value, low, high, n."""
    return pd.DataFrame(
        [{"task": task, "metric": metric, "who": who, **each._asdict()} for metric, each in figures.items()],
        columns=["task", "metric", "who", "value", "low", "high", "n"],
    )


def mark(questions: Sequence[Question], answers: Sequence[np.ndarray | None]) -> Marks | None:
    """Mark the answers to questions of one task; None if there is none to mark.

    Depth: delta1 and AbsRel without any alignment, delta1 after the medians were made equal; true depths
    within `CAP_M`; means over images. Normals: mean and median angle of each image, averaged over images
    (Marigold's way, not DSINE's pool of all pixels). Semantic: mIoU of the summed confusions over the classes
    that occur, the IoU of the worst of them, pixel accuracy. Instance: pmF1 at IoU 0.5 and on average over
    .50:.05:.95. Referring: gIoU and cIoU over expressions.
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

    def pooled(figure: Callable[[SemanticMetrics], float]) -> Estimate:
        return resampled_estimate(confusions, lambda units: figure(semantic_metrics(np.sum(units, axis=0))))

    iou = semantic_metrics(np.sum(confusions, axis=0)).iou
    return Marks(
        task,
        pd.DataFrame(rows),
        {
            "miou": pooled(lambda figures: figures.miou),
            "worst_class_iou": pooled(lambda figures: float(np.nanmin(figures.iou))),
            "pixel_accuracy": pooled(lambda figures: figures.pixel_accuracy),
        },
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
