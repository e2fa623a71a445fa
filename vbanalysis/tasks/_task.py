"""What every task can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from vbanalysis import types
from vbanalysis.errors import DataError, InputError, PluginError
from vbanalysis.stats import Estimate, mean_estimate
from vbanalysis.tasks._pooled import Pooled, summed
from vbanalysis.types import Instruction, Sample

Answer = np.ndarray
"""What a picture says: depth in metres (H, W), normals (H, W, 3), or int32 labels (H, W)."""

_UNIT_WITHIN = 0.01

Row = Mapping[str, Any]
"""The figures of one sample by column; numbers, and lists of integers that pooled figures are made of."""


class VisionTask(ABC):
    """A question with one right answer.

    Attributes:
        name: Of the task.
        headline: The column by which a sample's answer is called good or bad.
        larger_is_better: Whether a good answer has a large one.
        averaged: The columns whose mean over samples is a figure of the data set.
        compared: The columns by which two runs are compared a sample at a time.
        protocol: One line: what is compared, and how it is averaged; printed beside every figure.
    """

    name: ClassVar[types.Task]
    headline: ClassVar[str]
    larger_is_better: ClassVar[bool]
    protocol: str

    @abstractmethod
    def instruction(self, sample: Sample) -> Instruction:
        """What the model is told.

        Args:
            sample: From a data set, after the steps before the model.

        Raises:
            DataError: The sample does not hold what the task asks about.
        """

    @abstractmethod
    def decode(self, rgb: np.ndarray, instruction: Instruction) -> Answer:
        """What a picture says, at its own resolution.

        Args:
            rgb: (h, w, 3) uint8, what the model painted.
            instruction: What it was told.
        """

    @abstractmethod
    def encode(self, sample: Sample, instruction: Instruction) -> np.ndarray:
        """The truth as the (H, W, 3) uint8 picture that would be the right answer.

        Decoded and scored, it tells what the code alone costs on a data set.

        Args:
            sample: With its truth.
            instruction: What the model was told.
        """

    @abstractmethod
    def score(self, answer: Answer, sample: Sample) -> Row:
        """The figures of one answer, brought to the size of the truth by `resized`.

        Args:
            answer: From `decode`, or a specialist's.
            sample: With its truth.
        """

    def checked(self, answer: Any) -> Answer:
        """A specialist's answer, in the types that scores take.

        Args:
            answer: Whatever the specialist gave.

        Raises:
            DataError: It is not of the form that the task asks for; the message says what came.
        """
        return checked(self.name, answer)

    def check_invariance(self, invariance: str) -> None:  # noqa: B027  what is no depth has none
        """Hold that the protocol can score what leaves something open.

        Args:
            invariance: What is open, one of `vbanalysis.models.Invariance`.

        Raises:
            InputError: It cannot: the figures would mean nothing.
        """

    def check_presence(self) -> None:
        """Hold that there is an answer which marks nothing.

        Raises:
            InputError: There is none.
        """
        if type(self).nothing is VisionTask.nothing:
            raise InputError(f"a presence step is for phrases, and {self.name} has none: leave it out")

    def nothing(self, sample: Sample) -> Answer:
        """The answer that marks nothing, where a presence step says that nothing is there.

        Args:
            sample: Whose answer it is.

        Raises:
            InputError: The task has none.
        """
        raise InputError(f"the task {self.name!r} has no answer that marks nothing")

    averaged: ClassVar[tuple[str, ...]] = ()
    compared: ClassVar[tuple[str, ...]] = ()

    def pooled(self, rows: Sequence[Row]) -> Pooled | None:
        """What the figures that are no mean over samples follow from, if the task has such.

        Args:
            rows: Of the samples that have been scored.
        """
        return None

    def aggregate(self, rows: Sequence[Row]) -> dict[str, Estimate]:
        """The figures of a data set by name, from the rows of its samples, with 95 % intervals.

        Samples of one scene are drawn together.

        Raises:
            PluginError: The task says neither which columns to average nor what to pool.
        """
        pooled = self.pooled(rows)
        if pooled is None and not self.averaged:
            raise PluginError(
                f"the task {self.name!r} has no figures: set `averaged`, or override `pooled` or `aggregate`"
            )
        sums = {} if pooled is None else summed(pooled, scenes(rows))
        return {**means(rows, self.averaged), **sums}


def needed(sample: Sample, value: Any, what: str) -> Any:
    """`value`, or a DataError that says what the sample lacks."""
    if value is None:
        raise DataError(f"sample {sample.id} has no {what}: choose another task, or another data set")
    return value


def checked(task: types.Task, answer: Any) -> Answer:
    """Numbers that answer a task, in the form of `vbanalysis.models.Specialist.predict`.

    Raises:
        DataError: They are not of that form; the message says what came.
    """
    if not isinstance(answer, np.ndarray):
        raise DataError(f"the model gave a {type(answer).__name__}, expected an array")
    came = f"the model gave {answer.shape} {answer.dtype}"
    if not answer.size:
        raise DataError(f"{came}, which is empty")
    if task == "depth":
        if answer.ndim != 2 or answer.dtype.kind != "f":
            raise DataError(f"{came}, expected (h, w) depth as floats")
        if (answer < 0).any():
            raise DataError(f"the model gave negative depths, down to {np.nanmin(answer):.4g}")
        return answer.astype(np.float32, copy=False)
    if task == "normals":
        if answer.ndim != 3 or answer.shape[2] != 3 or answer.dtype.kind != "f":
            raise DataError(f"{came}, expected (h, w, 3) normals as floats")
        lengths = np.linalg.norm(answer.astype(np.float64), axis=2)
        known = ~np.isnan(lengths)
        if np.any(np.abs(lengths[known] - 1) > _UNIT_WITHIN):
            raise DataError("the model gave normals that are no unit vectors")
        return answer.astype(np.float32, copy=False)
    if answer.ndim != 2 or answer.dtype.kind not in "iu":
        raise DataError(f"{came}, expected (h, w) labels as integers")
    if answer.min() < -1 or answer.max() > np.iinfo(np.int32).max:
        raise DataError(f"the model gave labels from {answer.min()} to {answer.max()}, expected -1 and above")
    return answer.astype(np.int32, copy=False)


def resized(answer: Answer, shape: tuple[int, int]) -> Answer:
    """An answer at the size of the truth: each pixel takes what was decoded nearest to its middle.

    Nothing is averaged, so no depth or class appears that was not decoded.

    Args:
        answer: (h, w, ...).
        shape: (H, W).

    Returns:
        (H, W, ...), of the answer's type.

    Examples:
        >>> resized(np.array([[1, 2]]), (2, 4)).tolist()
        [[1, 1, 2, 2], [1, 1, 2, 2]]
    """
    if answer.shape[:2] == tuple(shape):
        return answer
    rows, columns = (
        np.minimum(((np.arange(new) + 0.5) * old / new).astype(np.intp), old - 1)
        for new, old in zip(shape, answer.shape[:2], strict=True)
    )
    return answer[rows[:, None], columns]


def scenes(rows: Sequence[Row]) -> list[str] | None:
    """The scene of each row, whose samples are drawn together; None where each sample has one of its own.

    Frames of one room or one drive are much alike: as so many independent samples they would give
    intervals that are too narrow.

    Args:
        rows: Records, or rows of `VisionTask.score`, with a `scene` where one is known.

    Returns:
        A label a row.
    """
    told = [row.get("scene") for row in rows]  # a table has NaN where a record has none
    labels = [scene if isinstance(scene, str) and scene else f"#{k}" for k, scene in enumerate(told)]
    return labels if len(set(labels)) < len(labels) else None


def means(rows: Sequence[Row], names: Sequence[str]) -> dict[str, Estimate]:
    """The mean of each of the columns over the rows in which it is finite, if there are any."""
    found = {}
    for name in names:
        known = [row for row in rows if np.isfinite(row.get(name, np.nan))]
        if known:
            values = np.array([row[name] for row in known], np.float64)
            found[name] = mean_estimate(values, clusters=scenes(known))
    return found


def one_of(value: Any, name: str, options: Sequence[str]) -> Any:
    """`value`, or an InputError that lists the options."""
    if value not in options:
        raise InputError(f"{name} must be one of {', '.join(options)}, got {value!r}")
    return value
