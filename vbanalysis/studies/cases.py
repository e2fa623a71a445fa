"""Single answers of a run: the picture, what it says, where it errs and, in a few words, why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from vbanalysis import plugins
from vbanalysis.datasets import DataSet
from vbanalysis.evaluation import Results
from vbanalysis.metrics import angular_error_deg, mask_ious
from vbanalysis.tasks import VisionTask, resized
from vbanalysis.types import Sample

FACING = {
    "left": (-1, 0, 0),
    "right": (1, 0, 0),
    "up": (0, 1, 0),
    "down": (0, -1, 0),
    "the camera": (0, 0, 1),
}
"""Directions in the paper's frame."""


class Case(NamedTuple):
    """One sample of a run.

    Attributes:
        sample: With its truth.
        prompt: What the model was told.
        picture: (h, w, 3) uint8, what it painted; a specialist's numbers in the task's code.
        answer: What that says, at the size of the truth; as the task's `decode` describes it.
        score: The record's headline metric.
        error: (H, W) float: share of the depth, degrees, or 1 where wrong and 0 where right; NaN where
            nothing is compared.
        reason: What is wrong with it, in a few words.
    """

    sample: Sample
    prompt: str
    picture: np.ndarray
    answer: np.ndarray
    score: float
    error: np.ndarray
    reason: str


def each_case(run: Results, places: list[int] | None = None) -> Iterator[Case]:
    """The answered samples of a run, decoded again one at a time from the kept pictures.

    Args:
        run: The run.
        places: Places in the data set; by default all. Those that failed are passed over.
    """
    task = plugins.load("tasks", run.about["task"], VisionTask)  # type: ignore[call-overload]
    dataset = plugins.load("datasets", run.about["dataset"], DataSet)  # type: ignore[call-overload]
    rows = run.records().set_index("place")
    for place in rows.index if places is None else places:
        row = rows.loc[place]
        if row.status != "ok":
            continue
        sample = dataset[int(place)]
        if isinstance(description := row.get("description"), str):
            sample = replace(sample, phrase=description)
        instruction = task.instruction(sample)
        said = run.numbers(sample.id)
        if said is None:
            picture = run.picture(sample.id)
            said = task.decode(picture, instruction)
        else:
            picture = task.encode(_as_truth(task, said, sample), instruction)
        answer = resized(said, _truth_shape(task, sample))
        yield Case(
            sample,
            row.prompt,
            picture,
            answer,
            float(row[task.headline]),
            _ERROR[task.name](answer, sample),
            _REASON[task.name](answer, sample),
        )


def ranked(run: Results) -> list[int]:
    """Places of the answered samples, the best first, by the task's headline metric.

    Many pairs of `instance` have an `f1_50` of 1 or 0; their order is then by `f1`, over all thresholds.
    """
    task = plugins.load("tasks", run.about["task"], VisionTask)  # type: ignore[call-overload]
    rows = run.records()
    rows = rows[(rows.status == "ok") & rows[task.headline].notna()]
    finer = ["f1"] if "f1" in task.compared else []
    larger = [task.larger_is_better, *(True for _ in finer)]
    ordered = rows.sort_values(
        [task.headline, *finer, "place"], ascending=[*(not each for each in larger), True]
    )
    return [int(place) for place in ordered.place]


def spread(run: Results, n: int) -> list[int]:
    """Places of `n` answered samples from the best to the worst, evenly by rank."""
    order = ranked(run)
    picks = np.unique(np.linspace(0, len(order) - 1, min(n, len(order))).round().astype(int))
    return [order[k] for k in picks]


def compared(sample: Sample, truth: np.ndarray) -> np.ndarray:
    """(H, W) bool: where the data set compares depth."""
    low, high = sample.info.get("cap_m", (0.1, 80.0))
    with np.errstate(invalid="ignore"):
        known = np.isfinite(truth) & (truth > low) & (truth <= high)
    return known if sample.valid is None else known & sample.valid


def _as_truth(task: VisionTask, answer: np.ndarray, sample: Sample) -> Sample:
    """The sample of which the answer is the truth."""
    if task.name == "depth":
        return replace(sample, depth_m=answer)
    if task.name == "normals":
        return replace(sample, normals=answer)
    if task.name == "semantic":
        return replace(sample, classes=answer)
    labels = answer + 1 if task.name == "referring" else answer
    return replace(sample, masks=(labels == np.arange(1, max(labels.max(), 0) + 1)[:, None, None],))


def _truth_shape(task: VisionTask, sample: Sample) -> tuple[int, int]:
    truth: Any = {
        "depth": sample.depth_m,
        "normals": sample.normals,
        "semantic": sample.classes,
    }.get(task.name, sample.masks[0].transpose(1, 2, 0) if sample.masks else None)
    return truth.shape[0], truth.shape[1]


def _depth_error(answer: np.ndarray, sample: Sample) -> np.ndarray:
    truth = np.asarray(sample.depth_m, np.float64)
    high = sample.info.get("cap_m", (0.1, 80.0))[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.abs(np.minimum(answer, high) - truth) / truth
    return np.where(compared(sample, truth), np.where(np.isnan(answer), 1.0, error), np.nan)


def _depth_reason(answer: np.ndarray, sample: Sample) -> str:
    truth = np.asarray(sample.depth_m, np.float64)
    where = compared(sample, truth)
    if not where.any():
        return "nothing to compare"
    unknown = float(np.mean(np.isnan(answer[where])))
    if unknown > 0.1:
        return f"{unknown:.0%} of the pixels say no depth"
    high = sample.info.get("cap_m", (0.1, 80.0))[1]
    p, t = np.clip(np.nan_to_num(answer[where], nan=high), 1e-3, high).astype(np.float64), truth[where]
    scale = float(np.median(p) / np.median(t))
    plain, aligned = float(np.mean(np.abs(p - t) / t)), float(np.mean(np.abs(p / scale - t) / t))
    if aligned < plain / 2:
        return f"scale: all is {scale:.2f} times as far"
    edge = depth_edges(truth)[where]
    share = float(np.sum((np.abs(p - t) / t)[edge]) / max(np.sum(np.abs(p - t) / t), 1e-9))
    if share > 0.5:
        return f"edges hold {share:.0%} of the error"
    signed = np.log(p / t)
    far = t > np.median(t)
    halves = np.array(
        [signed[~far].mean() if (~far).any() else 0.0, signed[far].mean() if far.any() else 0.0]
    )
    if np.abs(halves).max() < 0.05:
        return "small errors all over"
    half = int(np.abs(halves).argmax())
    word = "too far" if halves[half] > 0 else "too near"
    return f"the {('near', 'far')[half]} half is {np.exp(abs(halves[half])) - 1:.0%} {word}"


def depth_edges(depth_m: np.ndarray, within_px: int = 2, step: float = 1.15) -> np.ndarray:
    """(H, W) bool: within so many pixels of a step of depth by more than the factor `step`."""
    from scipy.ndimage import binary_dilation, maximum_filter, minimum_filter

    depth = np.nan_to_num(np.asarray(depth_m, np.float64), nan=0.0, posinf=1e4)
    known = depth > 0
    high = maximum_filter(np.where(known, depth, 0), 3)
    low = minimum_filter(np.where(known, depth, 1e9), 3)
    return np.asarray(binary_dilation(known & (high > step * low), iterations=within_px))


def _normals_error(answer: np.ndarray, sample: Sample) -> np.ndarray:
    truth = np.asarray(sample.normals)
    error = np.where(np.isnan(answer[..., 0]), 90.0, angular_error_deg(answer, truth))
    known = np.isfinite(truth[..., 0])
    return np.where(known if sample.valid is None else known & sample.valid, error, np.nan)


def _normals_reason(answer: np.ndarray, sample: Sample) -> str:
    error = _normals_error(answer, sample)
    if not np.isfinite(error).any():
        return "nothing to compare"
    unknown = float(np.mean(np.isnan(answer[np.isfinite(error)][..., 0])))
    if unknown > 0.1:
        return f"{unknown:.0%} of the pixels say no normal"
    axes = np.array(list(FACING.values()), float)
    towards = np.argmax(np.nan_to_num(np.asarray(sample.normals)) @ axes.T, axis=-1)
    sums = [np.nansum(error[towards == k]) for k in range(len(axes))]
    worst = int(np.argmax(sums))
    mean = float(np.nanmean(error[towards == worst]))
    share = float(sums[worst] / max(sum(sums), 1e-9))
    return f"what faces {list(FACING)[worst]}: off by {mean:.0f}°, {share:.0%} of the error"


def _semantic_error(answer: np.ndarray, sample: Sample) -> np.ndarray:
    truth = np.asarray(sample.classes)
    where = truth >= 0 if sample.valid is None else (truth >= 0) & sample.valid
    return np.where(where, (answer != truth).astype(float), np.nan)


def _semantic_reason(answer: np.ndarray, sample: Sample) -> str:
    truth = np.asarray(sample.classes)
    wrong = _semantic_error(answer, sample) == 1
    if not wrong.any():
        return "all right"
    n = len(sample.class_names)
    pairs = np.bincount(truth[wrong] * (n + 1) + np.where(answer[wrong] < 0, n, answer[wrong]))
    real, said = divmod(int(pairs.argmax()), n + 1)
    names = (*sample.class_names, "nothing")
    return f"{names[real]} read as {names[said]}: {pairs.max() / wrong.sum():.0%} of the error"


def _instance_error(answer: np.ndarray, sample: Sample) -> np.ndarray:
    """1 where only one of truth and answer has an instance; instances that are merged show in the labels."""
    return np.asarray((answer > 0) != sample.masks[0].any(axis=0), float)


def _instance_reason(answer: np.ndarray, sample: Sample) -> str:
    masks = sample.masks[0]
    labels = np.maximum(answer, 0).astype(np.int32)
    found = len(np.unique(labels[labels > 0]))
    if not len(masks):
        return f"{found} marked where there is none" if found else "all right"
    if not found:
        return f"none of {len(masks)} marked"
    ious = mask_ious(labels, masks)
    missed = int(np.sum(ious.max(axis=0) < 0.5))
    false = int(np.sum(ious.max(axis=1) < 0.5))
    numbers = [k for k in np.unique(labels) if k > 0]
    merged = sum(sum((mask & (labels == k)).sum() > 0.5 * mask.sum() for mask in masks) > 1 for k in numbers)
    told = [f"{missed} of {len(masks)} missed"] if missed else []
    told += [f"{false} false"] if false else []
    told += [f"{merged} merged"] if merged else []
    return ", ".join(told) or "all found"


def _referring_error(answer: np.ndarray, sample: Sample) -> np.ndarray:
    wrong = np.asarray((answer == 0) != sample.masks[0].any(axis=0), float)
    return wrong if sample.valid is None else np.where(sample.valid, wrong, np.nan)


def _referring_reason(answer: np.ndarray, sample: Sample) -> str:
    truth, marked = sample.masks[0].any(axis=0), answer == 0
    if not truth.any():
        return "all right" if not marked.any() else "marked though nothing fits"
    if not marked.any():
        return "nothing is marked"
    hit = float((marked & truth).sum() / truth.sum())
    false = float((marked & ~truth).sum() / marked.sum())
    if hit < 0.2:
        return "another place is marked"
    if false > 0.4:
        return f"the rest of the scene is {false:.0%} of what is marked"
    return f"{1 - hit:.0%} of it missed" if hit < 0.8 else "its outline"


_ERROR: Mapping[str, Any] = {
    "depth": _depth_error,
    "normals": _normals_error,
    "semantic": _semantic_error,
    "instance": _instance_error,
    "referring": _referring_error,
}
_REASON: Mapping[str, Any] = {
    "depth": _depth_reason,
    "normals": _normals_reason,
    "semantic": _semantic_reason,
    "instance": _instance_reason,
    "referring": _referring_reason,
}
