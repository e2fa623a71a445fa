"""An answer with all that is needed to hold it against its truth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vbanalysis.codecs.identify import NEAR_CODE
from vbanalysis.tasks import VisionTask, resized
from vbanalysis.types import Instruction, Sample, Task

SCORES: dict[Task, tuple[str, bool]] = {
    "depth": ("absrel", False),
    "normals": ("mean_deg", False),
    "semantic": ("miou", True),
    "instance": ("f1", True),
    "referring": ("iou", True),
}
"""By task, the column of a record that the error is made of, and whether the error is 1 less that."""

HALF = 0.5
"""Of an object or a region, what decides whether it is found, or made up, or compared at all."""


@dataclass(frozen=True)
class Answered:
    """One answer.

    Attributes:
        task: By whose protocol it is scored.
        sample: With its truth.
        instruction: What the model was told.
        picture: (h, w, 3) uint8, what it painted; None where it is a specialist, which says numbers.
        answer: What that says, at its own size.
        tolerance: Distance to the code, /255, from which a pixel is off the code.
    """

    task: VisionTask
    sample: Sample
    instruction: Instruction
    picture: np.ndarray | None
    answer: np.ndarray
    tolerance: float = NEAR_CODE

    def error(self, answer: np.ndarray, left_out: np.ndarray | None = None) -> float:
        """The error of another answer in place of the given one; 0 where nothing is left to compare.

        Args:
            answer: At any size.
            left_out: (h, w) bool, pixels that are not compared.
        """
        sample = self.sample
        if left_out is not None and left_out.any():
            truth = truth_of(self.task.name, sample)
            kept = ~resized(left_out, (truth.shape[0], truth.shape[1]))
            if self.task.name == "instance":
                labels = np.maximum(resized(answer, (kept.shape[0], kept.shape[1])), 0)
                n = int(labels.max()) + 1
                whole, rest = (np.bincount(each, minlength=n) for each in (labels.ravel(), labels[kept]))
                answer = np.where(kept & (rest >= HALF * whole)[labels], labels, 0)
                sample = replace(sample, masks=tuple(_kept(masks, kept) for masks in sample.masks))
            else:
                sample = replace(sample, valid=kept if sample.valid is None else kept & sample.valid)
        return error_of(self.task, self.task.score(answer, sample)[SCORES[self.task.name][0]])


def _kept(masks: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Masks of instances where they are compared, without those of which less than half is."""
    masks = np.asarray(masks)
    rest = masks & kept
    return np.asarray(rest[rest.sum(axis=(1, 2)) >= HALF * masks.sum(axis=(1, 2))])


def error_of(task: VisionTask, score: float) -> float:
    """The error that a score stands for, 0 where it is NaN: then nothing was compared."""
    if not np.isfinite(score):
        return 0.0
    return max(1.0 - float(score), 0.0) if SCORES[task.name][1] else float(score)


def truth_of(task: Task, sample: Sample) -> np.ndarray:
    """The truth of a task, (H, W, ...): metres, unit vectors, labels, or the mask of an expression.

    Instances are numbered from 1; where the masks of the first annotator overlap, the smaller one counts.
    """
    if task == "depth":
        return np.asarray(sample.depth_m)
    if task == "normals":
        return np.asarray(sample.normals)
    if task == "semantic":
        return np.asarray(sample.classes)
    masks = np.asarray(sample.masks[0])
    if task == "referring":
        return np.asarray(masks.any(axis=0))
    labels = np.zeros(masks.shape[1:], np.int32)
    for k in np.argsort([-mask.sum() for mask in masks], kind="stable"):
        labels[masks[k]] = k + 1
    return labels
