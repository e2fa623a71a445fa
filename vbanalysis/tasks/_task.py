"""What every task can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from vbanalysis import types
from vbanalysis.errors import DataError, InputError
from vbanalysis.stats import FEWEST_FOR_INTERVAL, RANGE, Clusters, Estimate, mean_estimate
from vbanalysis.types import Instruction, Sample

Answer = np.ndarray
"""What a picture says: depth in metres (H, W), normals (H, W, 3), or int32 labels (H, W)."""

Row = Mapping[str, Any]
"""The figures of one sample by column; numbers, and lists of integers that pooled figures are made of."""


class VisionTask(ABC):
    """A question with one right answer.

    Attributes:
        name: Of the task.
        headline: The column by which a sample's answer is called good or bad.
        larger_is_better: Whether a good answer has a large one.
        protocol: One line: what is compared, and how it is averaged; printed beside every figure.
    """

    name: ClassVar[types.Task]
    headline: ClassVar[str]
    larger_is_better: ClassVar[bool]
    protocol: str

    @abstractmethod
    def instruction(self, sample: Sample) -> Instruction:
        """What the model is told.

        Raises:
            DataError: The sample does not hold what the task asks about.
        """

    @abstractmethod
    def decode(self, rgb: np.ndarray, instruction: Instruction) -> Answer:
        """What an (h, w, 3) uint8 picture says, at its own resolution."""

    @abstractmethod
    def encode(self, sample: Sample, instruction: Instruction) -> np.ndarray:
        """The truth as the (H, W, 3) uint8 picture that would be the right answer.

        Decoded and scored, it tells what the code alone costs on a data set.
        """

    @abstractmethod
    def score(self, answer: Answer, sample: Sample) -> Row:
        """The figures of one answer, brought to the size of the truth by `resized`."""

    @abstractmethod
    def aggregate(self, rows: Sequence[Row]) -> dict[str, Estimate]:
        """The figures of a data set by name, from the rows of its samples, with 95 % intervals."""


def needed(sample: Sample, value: Any, what: str) -> Any:
    """`value`, or a DataError that says what the sample lacks."""
    if value is None:
        raise DataError(f"sample {sample.id} has no {what}: choose another task, or another data set")
    return value


def resized(answer: Answer, shape: tuple[int, int]) -> Answer:
    """An answer at the size of the truth: each pixel takes what was decoded nearest to its middle.

    Nothing is averaged, so no depth or class appears that was not decoded.

    Args:
        answer: (h, w, ...).
        shape: (H, W).
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
    """
    labels = [str(row["scene"]) if row.get("scene") else f"#{k}" for k, row in enumerate(rows)]
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


def summed(
    parts: np.ndarray,
    figures: Callable[[np.ndarray], Mapping[str, float]],
    clusters: Clusters | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Estimate]:
    """Figures of sums over samples, such as an IoU of summed confusions, with 95 % percentile intervals.

    The bootstrap draws how often each sample is taken, so a resample is one product with `parts`.

    Args:
        parts: (n, k) what each sample adds to the sums.
        figures: From (k,) sums to figures by name; one that is NaN for the whole is left out.
        clusters: One label a sample, drawn together where they are equal.
        resamples: Of the bootstrap.
        seed: Of the resamples.

    Returns:
        By name; with fewer samples, or clusters, than `FEWEST_FOR_INTERVAL` the range over them in place of
        an interval.
    """
    n_samples, n_clusters = len(parts), None
    whole = figures(parts.sum(axis=0))
    if clusters is not None:
        _, places = np.unique(np.asarray(clusters), return_inverse=True)
        n_clusters = int(places.max()) + 1
        together = np.zeros((n_clusters, parts.shape[1]), parts.dtype)
        np.add.at(together, places, parts)
        parts = together
    n = len(parts)
    if n < FEWEST_FOR_INTERVAL:
        found = [figures(part) for part in parts]
        quantiles, method = (0.0, 1.0), RANGE
    else:
        # The same samples in every resample's order give the same sums, so counts are enough.
        counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples)
        found = [figures(count @ parts) for count in counts]
        quantiles, method = (0.025, 0.975), "percentile bootstrap"
    estimates = {}
    for name, value in whole.items():
        values = np.array([each.get(name, np.nan) for each in found], np.float64)
        values = values[np.isfinite(values)]
        if np.isfinite(value):
            low, high = np.quantile(values, quantiles) if len(values) else (np.nan, np.nan)
            estimates[name] = Estimate(float(value), float(low), float(high), n_samples, method, n_clusters)
    return estimates


def one_of(value: Any, name: str, options: Sequence[str]) -> Any:
    """`value`, or an InputError that lists the options."""
    if value not in options:
        raise InputError(f"{name} must be one of {', '.join(options)}, got {value!r}")
    return value
