"""A decoded mask beside its truth, as the tasks score it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vbanalysis.metrics import (
    best_annotator,
    confusion_matrix,
    instance_counts,
    mask_overlap,
    semantic_metrics,
)
from vbanalysis.tasks import resized
from vbanalysis.types import Sample


@dataclass(frozen=True)
class Compared:
    """A mask beside its truth.

    Attributes:
        miou: Mean IoU over the classes that occur, or of the one mask of an expression; None for instances.
        iou: By class; NaN for one that never occurs.
        n_true: True instances, of the annotator who fits best; None for classes.
        f1_50: Of the instances at an IoU of 0.5; 1 where none are and none were found; None for classes.
    """

    miou: float | None
    iou: Mapping[str, float]
    n_true: int | None = None
    f1_50: float | None = None


def compare_classes(labels: np.ndarray, names: tuple[str, ...], sample: Sample | None) -> Compared | None:
    """Classes beside the truth; None where the prompt and the truth have no class in common.

    Args:
        labels: (h, w) int32, k is class k of `names`, -1 none.
        names: The classes of the prompt, in any order; what the truth lacks counts as none of its classes.
        sample: With its truth.
    """
    if sample is None:
        return None
    asked = [name.casefold() for name in names]
    if sample.phrase is not None and sample.masks:
        if sample.phrase.casefold() not in asked:
            return None
        mask = np.asarray(np.asarray(sample.masks[0]).any(axis=0))
        mine = np.asarray(resized(labels, mask.shape) == asked.index(sample.phrase.casefold()))
        iou = float(mask_overlap(mine, mask, valid=sample.valid).iou)
        return Compared(iou, {sample.phrase: iou})
    if sample.classes is None:
        return None
    places = {name.casefold(): k for k, name in enumerate(sample.class_names)}
    if not places.keys() & set(asked):
        return None
    table = np.array([*(places.get(name, -1) for name in asked), -1], np.int32)
    true = sample.classes if sample.valid is None else np.where(sample.valid, sample.classes, -1)
    found = semantic_metrics(confusion_matrix(resized(table[labels], true.shape), true, len(places)))
    return Compared(found.miou, dict(zip(sample.class_names, found.iou.tolist(), strict=True)))


def compare_instances(labels: np.ndarray, name: str, sample: Sample | None) -> Compared | None:
    """Instances beside the truth; None where it is not known for this phrase.

    Args:
        labels: (h, w) int32, instance k is k from 1.
        name: What the prompt asks for.
        sample: With its masks.
    """
    if sample is None or not sample.masks or sample.phrase is None or "expression" in sample.info:
        return None
    if sample.phrase.casefold() != name.casefold():
        return None
    found = np.maximum(resized(labels, sample.masks[0].shape[1:]), 0)
    best = best_annotator([instance_counts(found, masks) for masks in sample.masks])
    whole = best.n_true + best.n_predicted
    f1_50 = 2 * float(best.true_positives[0]) / whole if whole else 1.0
    return Compared(None, {}, best.n_true, f1_50)
