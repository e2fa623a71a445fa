"""What a probe is asked for: depth, normals and classes as numbers a pixel, and how answers are marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.metrics import confusion_matrix, depth_metrics, normal_metrics, semantic_metrics
from vbanalysis.stats import Clusters, Estimate, mean_estimate, resampled_estimate
from vbanalysis.types import Sample

Probed = Literal["depth", "normals", "semantic"]
PROBED: tuple[Probed, ...] = get_args(Probed)
"""The tasks that a probe can be asked."""

METRIC: Mapping[Probed, str] = {"depth": "delta1", "normals": "mean_deg", "semantic": "miou"}
"""The figure of each task that tables lead with."""

RISES: Mapping[str, bool] = {"delta1": True, "absrel": False, "mean_deg": False, "miou": True}
"""Whether more of a figure is better."""

MEANS: tuple[Probed, ...] = ("depth", "normals")
"""The tasks whose figure is a mean over pictures."""

CAP_M = (0.1, 80.0)
"""Depths that count, in metres."""


class Target(NamedTuple):
    """The labels of one picture.

    Attributes:
        task: What they are of.
        values: (H, W, K) float32: the natural logarithm of z in metres; the normal's x, y, z; or 1 for the
            class that is there and 0 for the others.
        known: (H, W) bool, where there is a label.
        truth: What marks are held against: z in metres, unit vectors, or int32 labels, (H, W, ...).
        cap_m: Depths that count, in metres: the benchmark's own where it has one.
    """

    task: Probed
    values: np.ndarray
    known: np.ndarray
    truth: np.ndarray
    cap_m: tuple[float, float] = CAP_M


def target_of(task: Probed, sample: Sample) -> Target:
    """The labels of a sample.

    Raises:
        InputError: There is no such task, or the sample has no such labels.
    """
    if task not in PROBED:
        raise InputError(f"task must be one of {', '.join(PROBED)}, got {task!r}")
    truth = {"depth": sample.depth_m, "normals": sample.normals, "semantic": sample.classes}[task]
    if truth is None:
        raise InputError(f"the sample {sample.id!r} has no labels for {task}: leave that task out")
    truth = np.asarray(truth)
    cap = sample.info.get("cap_m", CAP_M)
    if task == "depth":
        with np.errstate(invalid="ignore"):
            known = (truth > cap[0]) & (truth <= cap[1])
        values = np.log(np.where(known, truth, 1.0))[..., None]
    elif task == "normals":
        known = np.isfinite(truth).all(axis=-1)
        values = np.where(known[..., None], truth, 0)
    else:
        known = truth >= 0
        values = np.eye(len(sample.class_names))[np.where(known, truth, 0)]
    if sample.valid is not None:
        known = known & np.asarray(sample.valid)
    return Target(task, values.astype(np.float32), known, truth, cap)


def told(task: Probed, values: np.ndarray) -> np.ndarray:
    """A probe's numbers (H, W, K) in the units of `Target.truth`.

    Depth in metres; normals at unit length, NaN where all is zero; the class of the largest number.
    """
    if task == "depth":
        return np.exp(values[..., 0].astype(np.float64))
    if task == "normals":
        length = np.linalg.norm(values, axis=-1, keepdims=True)
        return np.where(length > 0, values / np.maximum(length, 1e-12), np.nan)
    return values.argmax(axis=-1).astype(np.int32)


Answer = Any
"""What is kept of a picture's marks: a mapping of figures, or a confusion matrix."""


def marked(predicted: np.ndarray, target: Target) -> Answer | None:
    """The marks of one picture; None where nothing is known of it.

    Args:
        predicted: (H, W, K), what a probe says, in the numbers of `target`.
        target: The labels.

    Returns:
        Depth: delta1 and AbsRel, not aligned. Normals: the mean angle in degrees. Classes: the confusion
        matrix of the class of the largest number.
    """
    if not target.known.any():
        return None
    said = told(target.task, predicted)
    if target.task == "depth":
        found = depth_metrics(said, target.truth, cap_m=target.cap_m, valid=target.known)
        return {"delta1": found.delta1, "absrel": found.absrel}
    if target.task == "normals":
        return {"mean_deg": normal_metrics(said, target.truth, valid=target.known).mean_deg}
    true = np.where(target.known, target.truth, -1).astype(np.int32)
    return confusion_matrix(said, true, target.values.shape[-1])


def figure(task: Probed, answers: Sequence[Answer], metric: str | None = None) -> float:
    """One figure of several pictures: a mean over them, or the mIoU of their summed confusions."""
    if task == "semantic":
        return semantic_metrics(np.sum(answers, axis=0)).miou
    return float(np.mean([answer[metric or METRIC[task]] for answer in answers]))


def estimated(
    task: Probed, answers: Sequence[Answer], clusters: Clusters | None = None
) -> dict[str, Estimate]:
    """The figures of several pictures with intervals over them, or over the scenes that they share."""
    if task == "semantic":
        return {
            "miou": resampled_estimate(
                list(answers), lambda units: figure("semantic", units), resamples=500, clusters=clusters
            )
        }
    return {
        name: mean_estimate(np.array([answer[name] for answer in answers]), clusters=clusters)
        for name in answers[0]
    }
