"""A number with its interval, what it is over, and how the interval was found."""

from __future__ import annotations

from typing import NamedTuple

FEWEST_FOR_INTERVAL = 5
"""Below this many independent units no resampled interval is worth its name: the range is given instead."""

RANGE = "range"
"""The method of an estimate with the smallest and the largest value in place of an interval."""


class Estimate(NamedTuple):
    """A figure, and how sure it is.

    Attributes:
        value: The figure.
        low: Lower end of the 95 % interval; where `is_range`, the smallest value.
        high: Upper end; or the largest value.
        n: Units (images, scenes, outputs, votes) that the figure is over.
        method: How `low` and `high` were found, in words; empty where nobody said.
        clusters: Groups of units that were drawn together, or None where each unit stands alone.
    """

    value: float
    low: float
    high: float
    n: int
    method: str = ""
    clusters: int | None = None

    @property
    def is_range(self) -> bool:
        """Whether `low` and `high` are the ends of what was seen, and no interval."""
        independent = self.n if self.clusters is None else self.clusters
        return self.method == RANGE or (not self.method and independent < FEWEST_FOR_INTERVAL)

    def __format__(self, spec: str) -> str:
        """`0.012 [0.010, 0.015] n=8`, or `0.012 (from 0.010 to 0.015) n=3`, numbers formatted by `spec`."""
        value, low, high = (format(number, spec) for number in self[:3])
        units = f"n={self.n}" if self.clusters is None else f"n={self.n} in {self.clusters} clusters"
        if self.is_range and self.n == 1:
            return f"{value} {units}"
        if self.is_range:
            return f"{value} (from {low} to {high}) {units}"
        return f"{value} [{low}, {high}] {units}"
