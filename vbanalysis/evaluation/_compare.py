"""Two runs on the same samples: paired differences with intervals."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vbanalysis import plugins
from vbanalysis.errors import InputError
from vbanalysis.evaluation._results import Results, open_run
from vbanalysis.paths import shown
from vbanalysis.stats import Estimate, holm, permutation_test
from vbanalysis.tasks import VisionTask, scenes, summed_difference

if TYPE_CHECKING:
    import pandas as pd


class Comparison(NamedTuple):
    """One metric of two runs, over the samples that both have scored.

    Attributes:
        metric: Column of the records, such as `miou` of a picture; or, where `pooled`, the run's figure, such
            as `pooled miou`.
        first: The first run's: a mean over samples, or pooled.
        second: The second run's.
        difference: Second minus first, the same samples drawn for both, with its interval.
        p: Of a two-sided permutation test: the runs change places on samples, or scenes, at random.
        p_holm: The same, corrected by Holm's rule for all metrics that are compared here.
        better: Share of the samples on which the second run has the larger value, ties counted half; NaN
            where the metric is pooled.
        pooled: Whether it follows from sums over samples, such as an IoU of summed confusions.
    """

    metric: str
    first: float
    second: float
    difference: Estimate
    p: float
    p_holm: float
    better: float
    pooled: bool


def compare(first: str | os.PathLike[str], second: str | os.PathLike[str]) -> list[Comparison]:
    """Compare two runs sample by sample, and by what their samples add up to.

    Samples of one scene are drawn together.

    Args:
        first: Folder of a run.
        second: Folder of a run of the same task on samples with the same ids and inputs.

    Returns:
        One comparison a metric, the pooled ones last.

    Raises:
        DataError: One of them is no run that has come to its end.
        InputError: They are of different tasks or other classes, share no sample, or a shared sample had
            another input.
        PluginError: The task is not installed.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> from vbanalysis.evaluation import evaluate
        >>> with TemporaryDirectory() as folder:
        ...     clean, noisy = f"{folder}/clean", f"{folder}/noisy"
        ...     _ = evaluate("normals", "oracle", "scenes:heldout?n=5", clean)
        ...     _ = evaluate("normals", "oracle:noise=8", "scenes:heldout?n=5", noisy)
        ...     first = compare(clean, noisy)[0]
        >>> first.metric, first.difference.low > 1, first.better
        ('mean_deg', True, 1.0)
    """
    one, two = open_run(first), open_run(second)
    if one.about["task"].split("?")[0] != two.about["task"].split("?")[0]:
        raise InputError(f"the runs are of {one.about['task']!r} and {two.about['task']!r}: compare one task")
    task = plugins.load("tasks", one.about["task"], VisionTask)  # type: ignore[call-overload]
    tables = _paired(one, two)
    found = [*_by_sample(task, *tables), *_pooled(task, *tables)]
    if not found:
        return []
    corrected = holm([each.p for each in found]).p
    return [each._replace(p_holm=float(p)) for each, p in zip(found, corrected, strict=True)]


def _by_sample(task: VisionTask, one: pd.DataFrame, two: pd.DataFrame) -> Iterator[Comparison]:
    for name in task.compared:
        if name not in one or name not in two:
            continue
        a, b = one[name].to_numpy(float), two[name].to_numpy(float)
        known = np.isfinite(a) & np.isfinite(b)
        if known.any():
            a, b = a[known], b[known]
            test = permutation_test(b, a, clusters=scenes(one[known].to_dict("records")))
            better = float(np.mean((b > a) + 0.5 * (b == a)))
            yield Comparison(
                name, float(a.mean()), float(b.mean()), test.difference, test.p, np.nan, better, False
            )


def _pooled(task: VisionTask, one: pd.DataFrame, two: pd.DataFrame) -> Iterator[Comparison]:
    rows, others = one.to_dict("records"), two.to_dict("records")
    names = [list(table[0].get("class_names", ())) for table in (rows, others)]
    if names[0] != names[1]:
        raise InputError(f"the runs are of other classes, {names[0]} and {names[1]}: compare like with like")
    first, second = task.pooled(rows), task.pooled(others)
    if first is None or second is None:
        return
    for name, each in summed_difference(first, second, scenes(rows)).items():
        yield Comparison(
            f"pooled {name}", each.first, each.second, each.difference, each.p, np.nan, np.nan, True
        )


def _paired(one: Results, two: Results) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The records of the samples that both have scored, in one order."""
    tables = []
    for run in (one, two):
        rows = run.records()
        tables.append(rows[rows.status == "ok"].set_index("id"))
    shared = tables[0].index.intersection(tables[1].index, sort=False)
    if shared.empty:
        raise InputError(f"{shown(one.folder)} and {shown(two.folder)} share no scored sample")
    a, b = (table.loc[shared] for table in tables)
    if "input_sha256" in a and "input_sha256" in b:
        known = a.input_sha256.notna() & b.input_sha256.notna()
        other = shared[known & (a.input_sha256 != b.input_sha256)]
        if len(other):
            raise InputError(
                f"{len(other)} samples of the same id had another input, such as {other[0]!r}: the runs are "
                "not of the same data"
            )
    return a, b
