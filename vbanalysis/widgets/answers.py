"""Answers and their errors as pictures: what a run browser shows of one sample."""

from __future__ import annotations

import colorsys

import numpy as np

from vbanalysis.codecs import NormalCodec
from vbanalysis.metrics import angular_error_deg
from vbanalysis.metrics.alignment import align_depth
from vbanalysis.tasks import VisionTask, resized
from vbanalysis.tasks.depth import CAP_M, DepthTask
from vbanalysis.types import Instruction, Sample
from vbanalysis.widgets.look import Panel, png, png_of_map

_COARSE = 256
_RIGHT, _MISSED, _FALSE = (235, 235, 235), (0, 114, 178), (213, 94, 0)
_NOTHING, _REJECTED, _UNSCORED = (20, 20, 20), (115, 115, 115), (255, 255, 255)


def picture_panel(title: str, rgb: np.ndarray) -> Panel:
    """A picture as it is."""
    return Panel(title, png(rgb), coarse=max(rgb.shape[:2]) < _COARSE)


def answer_panel(
    title: str, task: VisionTask, answer: np.ndarray, instruction: Instruction | None, sample: Sample | None
) -> Panel | None:
    """What an answer says, in colours; None for tasks whose answers are pictures.

    Args:
        title: Words before the scale.
        task: Of the answer.
        answer: As the task decodes it.
        instruction: That it answers, which names the colours of classes.
        sample: Whose true depth sets the scale of depth; or None, and the answer does.
    """
    coarse = max(answer.shape[:2]) < _COARSE
    if task.name == "depth":
        low, high = _limits(answer if sample is None or sample.depth_m is None else sample.depth_m)
        told = f"{title}: {low:.3g} m dark to {high:.3g} m bright; unknown white, infinite grey"
        return Panel(told, png_of_map(answer, low, high, "viridis", log=True), coarse=coarse)
    if task.name == "normals":
        return Panel(f"{title}: in the paper's colours, unknown white", png(_normals(answer)), coarse=coarse)
    if task.name in ("semantic", "referring", "instance"):
        first = 1 if task.name == "instance" else 0
        colours = list(instruction.colours) if instruction is not None and task.name == "semantic" else []
        painted = _labels(answer, first, colours)
        return Panel(f"{title}: {_counted(task, answer)}", png(painted), coarse=coarse)
    return None


def error_panel(title: str, task: VisionTask, answer: np.ndarray, sample: Sample) -> Panel | None:
    """Where an answer errs, at the size of the truth; None where there is no truth to compare with.

    Depth is aligned as the task asks before it is compared.
    """
    if task.name == "depth" and isinstance(task, DepthTask) and sample.depth_m is not None:
        error = _depth_error(task, answer, sample)
        told = f"{title}: relative error, 1 % dark to 100 % bright; no depth grey, not scored white"
        shown = png_of_map(error, 0.01, 1.0, "magma", log=True)
    elif task.name == "normals" and sample.normals is not None:
        truth = sample.normals
        error = angular_error_deg(resized(answer, truth.shape[:2]), truth)
        lost = np.isnan(error) & np.isfinite(truth).all(axis=-1)
        error = np.where(lost, np.inf, error) if sample.valid is None else _scored(error, lost, sample.valid)
        told = f"{title}: angle, 0° dark to 60° bright; no normal grey, not scored white"
        shown = png_of_map(error, 0.0, 60.0, "magma")
    elif task.name == "semantic" and sample.classes is not None:
        truth = sample.classes
        found = resized(answer, truth.shape)
        rgb = np.where((found == truth)[..., None], _RIGHT, _FALSE)
        rgb = np.where((found < 0)[..., None], _MISSED, rgb)
        unscored = truth < 0 if sample.valid is None else (truth < 0) | ~sample.valid
        rgb = np.where(unscored[..., None], _UNSCORED, rgb)
        told = f"{title}: other class orange, no class blue, right grey, not scored white"
        shown = png(rgb.astype(np.uint8))
    elif task.name in ("referring", "instance") and sample.masks:
        truth = np.asarray(sample.masks[0]).any(axis=0)
        found = resized(answer, truth.shape) >= (1 if task.name == "instance" else 0)
        rgb = np.full((*truth.shape, 3), _NOTHING, np.uint8)
        rgb[truth & found], rgb[truth & ~found], rgb[~truth & found] = _RIGHT, _MISSED, _FALSE
        told = f"{title}: marked rightly grey, missed blue, marked wrongly orange"
        shown = png(rgb)
    else:
        return None
    return Panel(told, shown, coarse=max(sample_shape(sample)) < _COARSE)


def sample_shape(sample: Sample) -> tuple[int, int]:
    """Height and width of what is known of a sample."""
    for known in (sample.depth_m, sample.normals, sample.classes, sample.image):
        if known is not None:
            return known.shape[0], known.shape[1]
    return sample.masks[0].shape[1:]


def _depth_error(task: DepthTask, answer: np.ndarray, sample: Sample) -> np.ndarray:
    truth = np.asarray(sample.depth_m, np.float64)
    low, high = cap = task.cap_m or sample.info.get("cap_m", CAP_M)
    aligned = align_depth(
        resized(answer, truth.shape),
        truth,
        cap_m=cap,
        alignment=task.alignment,
        space=task.space,
        valid=sample.valid,
    ).depth_m
    # As scored: what is unbounded is as far as the cap.
    aligned = np.where(np.isinf(aligned), high, aligned).clip(low, high)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.abs(aligned - truth) / truth
        scored = (truth > low) & (truth <= high)
    lost = scored & np.isnan(error)
    return _scored(error, lost, scored if sample.valid is None else scored & sample.valid)


def _scored(error: np.ndarray, lost: np.ndarray, scored: np.ndarray) -> np.ndarray:
    return np.where(scored, np.where(lost, np.inf, error), np.nan)


def _limits(depth_m: np.ndarray) -> tuple[float, float]:
    known = depth_m[np.isfinite(depth_m) & (depth_m > 0)]
    if not known.size:
        return 0.1, 10.0
    low, high = np.percentile(known, [1, 99])
    return float(low), float(max(high, low * 1.05))


def _normals(normals: np.ndarray) -> np.ndarray:
    known = np.isfinite(normals).all(axis=-1)
    filled = np.where(known[..., None], normals, (0.0, 0.0, 1.0)).astype(np.float64)
    filled /= np.linalg.norm(filled, axis=-1, keepdims=True)
    painted = np.asarray(NormalCodec(tolerance=None).encode(filled))
    painted[~known] = 255
    return painted


def _labels(labels: np.ndarray, first: int, colours: list[tuple[int, int, int]]) -> np.ndarray:
    """Labels in colours of their own: `first` and above are things, below is nothing, -1 rejected."""
    n = int(labels.max(initial=-1)) + 1 - first
    for k in range(len(colours), n):
        hue = k * 0.618034 % 1  # successive hues as far apart as can be
        red, green, blue = colorsys.hsv_to_rgb(hue, (0.85, 0.55)[k % 2], (1.0, 0.8, 0.95)[k % 3])
        colours.append((round(255 * red), round(255 * green), round(255 * blue)))
    table = np.array([*([_NOTHING] * first), *colours[: max(n, 0)], _REJECTED], np.uint8)
    return table[np.where(labels < 0, len(table) - 1, labels)]


def _counted(task: VisionTask, answer: np.ndarray) -> str:
    if task.name == "referring":
        return f"{100 * np.mean(answer >= 0):.1f} % of the pixels marked"
    things = np.unique(answer[answer >= (1 if task.name == "instance" else 0)]).size
    what = "instances" if task.name == "instance" else "classes"
    return f"{things} {what}, the rest black" if task.name == "instance" else f"{things} {what}, none grey"
