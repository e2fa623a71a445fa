"""What the tasks share whose answer is a picture and no code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vbanalysis.errors import DataError
from vbanalysis.tasks._task import needed
from vbanalysis.types import Instruction, Sample, Task

if TYPE_CHECKING:
    from vbanalysis.mini.judge.reading import Judge


def told(sample: Sample, task: Task) -> Instruction:
    """The sample's own prompt, as it is.

    Raises:
        DataError: It has none, or one of another task.
    """
    prompt = needed(sample, sample.prompt, f"prompt for {task}")
    if sample.task != task:
        raise DataError(
            f"sample {sample.id} asks for {sample.task}, not {task}: choose that task, or another data set"
        )
    return Instruction(task, prompt)


def target(sample: Sample) -> np.ndarray:
    """The picture that the prompt was taken from, where the data set has it.

    Raises:
        DataError: It has none: many pictures are right, and nobody knows one.
    """
    return np.asarray(needed(sample, sample.info.get("target"), "picture that would be right"))


def judge() -> Judge:
    """Who reads pictures of the embedded generator's world."""
    from vbanalysis.mini.judge.reading import Judge

    return Judge.load()


def at_size(rgb: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """An (h, w, 3) uint8 picture at (H, W), by averages as a camera would."""
    from PIL import Image

    if rgb.shape[:2] == tuple(shape):
        return rgb
    return np.array(Image.fromarray(rgb).resize(shape[::-1], Image.Resampling.BILINEAR))


def names_of(scores: str) -> tuple[str, ...]:
    """The spec strings of a list with commas between."""
    return tuple(part.strip() for part in scores.split(",") if part.strip())
