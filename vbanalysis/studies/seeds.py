"""A figure of networks trained with several seeds: over scenes, and over the seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from vbanalysis.errors import InputError
from vbanalysis.stats import Estimate, resampled_estimate

_FEWEST_SEEDS = 3


class Units(NamedTuple):
    """Values of units by cell and seed.

    Attributes:
        values: (units, cells, seeds); NaN where a unit has nothing in a cell.
        scenes: Of each unit: what was drawn.
        seeds: Names of the seeds.
    """

    values: np.ndarray
    scenes: list[str]
    seeds: list[Any]


def over_seeds(units: Units, statistic: Callable[[np.ndarray], np.ndarray]) -> dict[str, Any]:
    """A figure of the cells' means, with an interval over scenes and one over seeds.

    Args:
        units: The values.
        statistic: Maps (cells, seeds) means over units to (seeds,) figures; their mean is the figure.

    Returns:
        `value`; `low`, `high`, of the bootstrap over scenes with these networks; `n` units and `scenes`; one
        column `seed K` each; `seeds_low`, `seeds_high`, Student's interval over the seeds' figures, NaN below
        three seeds.

    Raises:
        InputError: There are no units, or a cell has none.

    Examples:
        >>> units = Units(np.arange(12.0).reshape(6, 1, 2), list("aabbcd"), [1, 2])
        >>> found = over_seeds(units, lambda means: means[0])
        >>> found["value"], found["seed 1"], found["scenes"]
        (5.5, 5.0, 4)
    """
    if not len(units.values) or np.isnan(units.values).all(axis=0).any():
        raise InputError("units must hold at least one value in each cell and seed: ask more questions")

    def figure(chosen: Sequence[int]) -> float:
        return float(statistic(_means(units.values[np.asarray(chosen)])).mean())

    found = resampled_estimate(list(range(len(units.values))), figure, clusters=units.scenes)
    each = statistic(_means(units.values))
    low, high = _student(each)
    return {
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "n": len(units.values),
        "scenes": len(set(units.scenes)),
        **{f"seed {seed}": float(value) for seed, value in zip(units.seeds, each, strict=True)},
        "seeds_low": low,
        "seeds_high": high,
    }


def _means(values: np.ndarray) -> np.ndarray:
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore"):  # a resample without any of a cell has no figure
        return np.asarray(np.where(known, values, 0).sum(axis=0) / known.sum(axis=0))


def _student(values: np.ndarray) -> tuple[float, float]:
    from scipy.stats import t

    n = len(values)
    if n < _FEWEST_SEEDS:
        return np.nan, np.nan
    reach = float(t.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n))
    return float(values.mean()) - reach, float(values.mean()) + reach


def told(table: pd.DataFrame, spec: str = "+.3f", **where: str) -> str:
    """One row of a table in words: value, interval over scenes, each seed, interval over seeds.

    Args:
        table: With the columns of `over_seeds`.
        spec: Of its numbers.
        where: What picks the row, column by column.

    Raises:
        InputError: No row fits, or more than one.

    Examples:
        >>> row = {"arm": "a", "value": 0.5, "low": 0.4, "high": 0.6, "n": 9, "seed 1": 0.45, "seed 2": 0.55}
        >>> told(pd.DataFrame([row]), arm="a")
        '+0.500 [+0.400, +0.600] n=9 (seeds +0.450, +0.550)'
    """
    chosen = table
    for column, value in where.items():
        chosen = chosen[chosen[column] == value]
    if len(chosen) != 1:
        raise InputError(f"{where} must pick one row of the table, got {len(chosen)}")
    row = chosen.iloc[0]
    figure = Estimate(row.value, row.low, row.high, int(row.n), "bootstrap")
    seeds = ", ".join(format(value, spec) for value in row.filter(like="seed ").dropna())
    low, high = row.get("seeds_low", np.nan), row.get("seeds_high", np.nan)
    over = f"; over seeds [{low:{spec}}, {high:{spec}}]" if np.isfinite(low) else ""
    return f"{figure:{spec}} (seeds {seeds}{over})"
