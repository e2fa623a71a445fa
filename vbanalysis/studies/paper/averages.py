"""Every average that the paper prints, beside the one that its own per-data-set numbers give."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pandas as pd

from vbanalysis.errors import DataError
from vbanalysis.studies.paper.numbers import FAMILIES, numbers, pick
from vbanalysis.studies.paper.rounding import Printed, mean, verdict
from vbanalysis.studies.paper.tables import read_table

AVERAGES: dict[str, tuple[str, str]] = {
    "depth": ("depth_averages_as_printed", "over"),
    "normals": ("normals_averages_as_printed", "over"),
    "instances": ("saco_gold", "subset"),
}
"""The table of each family's averages, and its column that says what they are over."""


def averages_as_printed(family: str, folder: Path | None = None) -> pd.DataFrame:
    """The averages that the paper prints.

    Args:
        family: One of `FAMILIES`.
        folder: Of the tables; those that ship unless given.

    Returns:
        Columns `model`, `over`, `datasets` (a tuple of names), `metric` and `printed` (a `Printed`).

    Raises:
        DataError: A table is missing or damaged, or an average is over data sets that nobody knows.
    """
    name, column = AVERAGES[family]
    found = [
        {
            "model": row["model"],
            "over": row[column],
            "datasets": _datasets(family, row[column]),
            "metric": metric,
            "printed": Printed.read(row[metric]),
        }
        for _, row in read_table(name, folder).iterrows()
        for metric in FAMILIES[family].metrics
        if row[metric] and row[column] not in FAMILIES[family].datasets
    ]
    return pd.DataFrame(found)


def recomputed_averages(family: str, folder: Path | None = None) -> pd.DataFrame:
    """Printed averages beside recomputed ones, where the paper prints all the numbers that they need.

    Args:
        family: One of `FAMILIES`.
        folder: Of the tables; those that ship unless given.

    Returns:
        Columns `family`, `model`, `over`, `metric`, `n` (data sets), `printed`, `step` (of the last digit),
        `recomputed`, `low` and `high` (what rounding leaves for it), `off_steps` (recomputed minus printed,
        in steps) and `verdict`; the order is the paper's.

    Raises:
        DataError: A table is missing or damaged.
    """
    known = numbers(family, folder)
    rows = []
    for row in averages_as_printed(family, folder).itertuples():
        parts = pick(known, row.metric, row.model)
        if set(row.datasets) <= set(parts):
            found = mean([parts[dataset] for dataset in row.datasets])
            rows.append(
                {
                    "family": family,
                    "model": row.model,
                    "over": row.over,
                    "metric": row.metric,
                    "n": found.n,
                    **_beside(row.printed, *found[:3]),
                }
            )
    return pd.DataFrame(rows)


def products(folder: Path | None = None) -> pd.DataFrame:
    """cgF1 of SA-Co's subsets beside the product of pmF1 and IL_MCC, which it is by definition.

    (Not of their average: a product of averages is no average of products.)

    Args:
        folder: Of the tables; those that ship unless given.

    Returns:
        Columns `model`, `dataset` and those of `recomputed_averages` from `printed` on.
    """
    known = numbers("instances", folder)
    rows = []
    for model in dict.fromkeys(known.model):
        f1, mcc, product = (pick(known, metric, model) for metric in ("pmF1", "IL_MCC", "cgF1"))
        for dataset in product:
            a, b = f1[dataset], mcc[dataset]
            ends = a.value * b.value, a.low * b.low, a.high * b.high
            rows.append({"model": model, "dataset": dataset, **_beside(product[dataset], *ends)})
    return pd.DataFrame(rows)


def _beside(printed: Printed, value: Fraction, low: Fraction, high: Fraction) -> dict[str, float | str]:
    return {
        "printed": float(printed.value),
        "step": float(printed.step),
        "recomputed": float(value),
        "low": float(low),
        "high": float(high),
        "off_steps": float((value - printed.value) / printed.step),
        "verdict": verdict(printed, value, low, high),
    }


def _datasets(family: str, over: str) -> tuple[str, ...]:
    everything = FAMILIES[family].datasets
    if over in ("Average", f"{len(everything)} datasets"):
        return everything
    if family == "normals" and over == "3 indoor":
        return everything[:3]
    named = tuple(over.split("+"))
    unknown = [name for name in named if name not in everything]
    if unknown:
        raise DataError(
            f"an average of {family} is over {over!r}: {unknown[0]!r} is none of {', '.join(everything)}"
        )
    return named
