"""Two runs on the same samples: paired differences with intervals."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.evaluation._results import Results, open_run
from vbanalysis.paths import shown
from vbanalysis.stats import Estimate, permutation_test
from vbanalysis.tasks import scenes

if TYPE_CHECKING:
    import pandas as pd

_ABOUT = ("place", "n_pixels", "seconds_generate", "seconds_decode", "seconds_score")


class Comparison(NamedTuple):
    """One metric of two runs, over the samples that both have scored.

    Attributes:
        metric: Column of the records.
        first: Mean of the first run.
        second: Mean of the second run.
        difference: Mean of second minus first, a sample at a time, with its interval.
        p: Of a two-sided permutation test (signs of the differences changed about).
        better: Share of the samples on which the second run has the larger value, ties counted half.
    """

    metric: str
    first: float
    second: float
    difference: Estimate
    p: float
    better: float


def compare(first: str | os.PathLike[str], second: str | os.PathLike[str]) -> list[Comparison]:
    """Compare two runs sample by sample; samples of one scene are drawn together.

    Args:
        first: Folder of a run.
        second: Folder of a run of the same task on samples with the same ids and inputs.

    Raises:
        DataError: One of them is no run that has come to its end.
        InputError: They are of different tasks, share no sample, or a shared sample had another input.
    """
    one, two = open_run(first), open_run(second)
    if one.about["task"].split("?")[0] != two.about["task"].split("?")[0]:
        raise InputError(f"the runs are of {one.about['task']!r} and {two.about['task']!r}: compare one task")
    rows = _paired(one, two)
    names = [
        name.removesuffix("_1")
        for name in rows.columns
        if name.endswith("_1") and rows[name].dtype.kind in "fiu" and name.removesuffix("_1") not in _ABOUT
    ]
    found = []
    for name in names:
        a, b = rows[f"{name}_1"].to_numpy(float), rows[f"{name}_2"].to_numpy(float)
        known = np.isfinite(a) & np.isfinite(b)
        if known.any():
            clusters = scenes(rows[known].rename(columns={"scene_1": "scene"}).to_dict("records"))
            found.append(_compared(name, a[known], b[known], clusters))
    return found


def _compared(name: str, a: np.ndarray, b: np.ndarray, clusters: list[str] | None) -> Comparison:
    test = permutation_test(b, a, clusters=clusters)
    better = float(np.mean((b > a) + 0.5 * (b == a)))
    return Comparison(name, float(a.mean()), float(b.mean()), test.difference, test.p, better)


def _paired(one: Results, two: Results) -> pd.DataFrame:
    tables = []
    for run in (one, two):
        rows = run.records()
        tables.append(rows[rows.status == "ok"].set_index("id"))
    rows = tables[0].merge(tables[1], left_index=True, right_index=True, suffixes=("_1", "_2"))
    if rows.empty:
        raise InputError(f"{shown(one.folder)} and {shown(two.folder)} share no scored sample")
    if "input_sha256_1" in rows:
        other = rows.index[rows.input_sha256_1 != rows.input_sha256_2]
        if len(other):
            raise InputError(
                f"{len(other)} samples of the same id had another input, such as {other[0]!r}: the runs are "
                "not of the same data"
            )
    return rows
