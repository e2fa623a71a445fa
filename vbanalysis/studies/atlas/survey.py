"""A model's errors by cause over all tasks, and how often known damages are found: one table, kept."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from vbanalysis.errors import InputError
from vbanalysis.evaluation import Results, evaluate, open_run
from vbanalysis.specs import parse_spec
from vbanalysis.stats import Estimate, clopper_pearson, mean_estimate
from vbanalysis.studies.atlas.attribution import UNEXPLAINED
from vbanalysis.studies.atlas.causes import WORDS
from vbanalysis.studies.atlas.diagnosis import causes_table, diagnose
from vbanalysis.studies.atlas.injections import INJECTIONS, Injected, Injection, inject
from vbanalysis.types import Task

SETS: Mapping[Task, str] = {
    "depth": "scenes:heldout?n=400",
    "normals": "scenes:heldout?n=400",
    "semantic": "scenes:heldout?n=400",
    "instance": "scenes:heldout?n=400&ask=instance",
    "referring": "scenes:heldout?n=400&ask=referring",
}
"""By task, the data set that the atlas is drawn on by default: rendered scenes, everything known exactly."""

_LEAST_NAMED = 0.01  # of the error, for a cause to be worth a word

_COLUMNS = ["part", "task", "name", "cause", "value", "low", "high", "n", "share"]


def runs_of(
    run: str, model: str, n: int, folder: str | os.PathLike[str], *, seed: int = 0
) -> dict[str, Results]:
    """The run of a folder by its task; or where `run` is empty, runs of a model on all tasks.

    Args:
        run: Folder of a run that has come to its end, or empty.
        model: Spec string.
        n: Samples of each task.
        folder: Of the new runs.
        seed: Of the answers.
    """
    if run:
        found = open_run(run)
        return {parse_spec(found.about["task"]).name: found}
    return {
        task: evaluate(task, model, dataset, Path(folder) / task, limit=n, seed=seed)
        for task, dataset in SETS.items()
    }


def survey(
    model: str, n: int, n_injected: int, *, seed: int = 0, injections: Sequence[Injection] = INJECTIONS
) -> pd.DataFrame:
    """Draw the atlas of a model on all tasks, and try every injection.

    Args:
        model: Spec string.
        n: Samples of each task.
        n_injected: Samples that each damage is done to.
        seed: Of the damages, and of the model's answers.
        injections: The damages.

    Returns:
        Rows `part, task, name, cause, value, low, high, n, share`. Where `part` is `model`, `value` is the
        share of the error that `cause` explains; where it is `injected`, how often the damage `name` was
        found to be of `cause`, and `share` the mean share of the error that was given to it.

    Raises:
        InputError: `n` or `n_injected` is less than 1.
    """
    if n < 1:
        raise InputError(f"n must be at least 1, got {n}")
    rows: list[dict[str, object]] = []
    with TemporaryDirectory() as folder:
        for task, run in runs_of("", model, n, folder, seed=seed).items():
            for row in causes_table(diagnose(run)).to_dict("records"):
                told = {key: row[key] for key in ("value", "low", "high", "n")}
                rows.append({"part": "model", "task": task, "name": model, "cause": row["bin"], **told})
    table = hits_table(injected(n_injected, seed=seed, injections=injections))
    return pd.concat([pd.DataFrame(rows), table.assign(part="injected")])[_COLUMNS].reset_index(drop=True)


def injected(
    n: int, *, seed: int = 0, injections: Sequence[Injection] = INJECTIONS
) -> dict[Injection, list[Injected]]:
    """Do each damage to samples of the scenes, each from a generator of its own.

    Args:
        n: Samples of each damage.
        seed: Of the damages.
        injections: The damages.
    """
    return {
        each: list(inject(each, SETS[each.task], n, np.random.default_rng([seed, k])))
        for k, each in enumerate(injections)
    }


def hits_table(found: Mapping[Injection, Sequence[Injected]]) -> pd.DataFrame:
    """How often the cause that was injected is the dominant one, with its exact 95 % interval.

    Args:
        found: As `injected` gives it.

    Returns:
        Rows `task, name, cause, value, low, high, n, share`; injections that no sample allowed are left out.
    """
    rows = []
    for injection, each in found.items():
        if not each:
            continue
        hits = clopper_pearson(sum(one.cause == injection.cause for one in each), len(each))
        shares = [one.found.shares()[injection.cause] for one in each]
        rows.append(
            {
                "task": injection.task,
                "name": injection.name,
                "cause": WORDS[injection.cause],
                "value": hits.value,
                "low": hits.low,
                "high": hits.high,
                "n": len(each),
                "share": float(np.mean(shares)),
            }
        )
    return pd.DataFrame(rows)


def found_again(hits: pd.DataFrame) -> Estimate:
    """How often an injected cause is the one found, mean over the injections, which are the units.

    Args:
        hits: Rows of `hits_table`.
    """
    return mean_estimate(hits.value.to_numpy(float))


def first_causes(table: pd.DataFrame, most: int = 2) -> str:
    """A line a run: the causes that explain most of its error, and what stays unexplained.

    Args:
        table: Rows of `causes_table`, of one run or several told apart by `by`.
        most: Causes that are named.
    """

    def told(row: pd.Series) -> str:
        return f"{row.bin} {row.value:.0%} [{row.low:.0%}, {row.high:.0%}]"

    lines = []
    for name, rows in table.groupby("by", sort=False):
        is_left = rows.bin == WORDS[UNEXPLAINED]
        known = rows[~is_left & (rows.value >= _LEAST_NAMED)]
        named = [told(row) for _, row in known.nlargest(most, "value").iterrows()]
        left = [told(row) for _, row in rows[is_left].iterrows()]
        lines.append(f"- **{name}** (n = {int(rows.n.max())}): {'; '.join([*named, *left])}.")
    return "\n".join(lines)
