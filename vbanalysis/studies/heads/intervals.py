"""From one row a scene and figure to figures with intervals: of each training, of all, of differences."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from vbanalysis.stats import Estimate, mean_estimate

KEYS = ("part", "arm", "seed", "steps", "case", "metric")
"""Columns that name a figure."""


def figures(rows: pd.DataFrame) -> pd.DataFrame:
    """Means over scenes with 95 % intervals, for each training, for all of them, and for their differences.

    Args:
        rows: As `measure` gives them.

    Returns:
        `KEYS`, value, low, high, n. Where `seed` is "all" each scene's mean over trainings is the unit. All
        differences are paired, scene by scene: an `arm` "A - B" is that of trainings of one seed or of all, a
        `case` "less one step" or "WAY less one draw" that of all trainings to one step or to a single draw.
    """
    known = rows[np.isfinite(rows.value)]
    names = [key for key in KEYS if key != "seed"]
    pooled_rows = known[known.part != "trainings"].groupby([*names, "unit"], sort=False, as_index=False)
    every = pooled_rows.value.mean().assign(seed="all")
    whole = pd.concat([known, every], ignore_index=True)
    steps = every[every.part == "steps"].assign(base=lambda rows: rows.steps == 1, case="less one step")
    pools = every[every.part == "pools"].assign(
        base=lambda rows: rows.case == "one draw", case=lambda rows: rows.case + " less one draw"
    )
    less = [*_less(steps, "steps"), *_less(pools, "case")]
    whole = pd.concat([whole, *_differences(whole), *less], ignore_index=True)
    found = [
        dict(zip(KEYS, key, strict=True)) | _told(mean_estimate(part.value.to_numpy(float)))
        for key, part in whole.groupby(list(KEYS), sort=False)
    ]
    return pd.DataFrame(found)


def _differences(rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Rows of "A - B" for every two arms, where both have the same unit, steps and case."""
    arms = list(dict.fromkeys(rows.arm))
    keys = [key for key in (*KEYS, "unit") if key != "arm"]
    for place, first in enumerate(arms):
        for second in arms[:place]:
            both = rows[rows.arm == first].merge(rows[rows.arm == second], on=keys)
            if len(both):
                yield both.assign(arm=f"{first} - {second}", value=both.value_x - both.value_y)[
                    [*KEYS, "unit", "value"]
                ]


def _less(rows: pd.DataFrame, key: str) -> Iterator[pd.DataFrame]:
    """Each row less the base's of the same scene, where the two differ in one key alone."""
    keys = [each for each in (*KEYS, "unit") if each not in (key, "case")]
    both = rows[~rows.base].merge(rows[rows.base], on=keys, suffixes=("", "_base"))
    if len(both):
        yield both.assign(value=both.value - both.value_base)[[*KEYS, "unit", "value"]]


def _told(estimate: Estimate) -> dict[str, float]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high, "n": estimate.n}
