"""One long table a family of benchmarks: a model on a data set, one figure a row."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from vbanalysis.errors import InputError
from vbanalysis.studies.paper.rounding import Printed
from vbanalysis.studies.paper.tables import read_table


class Family(NamedTuple):
    """Benchmarks whose figures the paper averages.

    Attributes:
        table: Of `data/paper`.
        datasets: In the paper's order.
        metrics: Their columns, and whether a larger one is better.
        of: The column of the data set.
    """

    table: str
    datasets: tuple[str, ...]
    metrics: dict[str, bool]
    of: str = "dataset"


FAMILIES: dict[str, Family] = {
    "depth": Family(
        "depth",
        ("NYU", "iBims-1", "ETH3D", "DIODE-Indoor", "KITTI", "nuScenes"),
        {"delta1": True, "absrel": False},
    ),
    "normals": Family(
        "normals",
        ("NYUv2", "DIODE-indoor", "ScanNet", "VKITTI"),
        {"mean_deg": False, "median_deg": False},
    ),
    "instances": Family(
        "saco_gold",
        ("Metaclip", "SA-1B", "Crowded", "Food&Drink", "Sports Equip.", "Attributes", "Wiki-Common"),
        {"cgF1": True, "IL_MCC": True, "pmF1": True},
        "subset",
    ),
}


def numbers(family: str, folder: Path | None = None) -> pd.DataFrame:
    """The figures that the paper prints for single data sets, averages left out.

    Args:
        family: Of `FAMILIES`.
        folder: Of the tables; by default what the project ships.

    Returns:
        Columns `model`, `dataset`, `metric`, `value` (float) and `printed` (a `Printed`), in the order of
        the paper.

    Raises:
        InputError: There is no such family.
        DataError: Its table is missing or damaged.
    """
    if family not in FAMILIES:
        raise InputError(f"family must be one of {', '.join(FAMILIES)}, got {family!r}")
    table, datasets, metrics, of = FAMILIES[family]
    rows = read_table(table, folder)
    found = [
        {
            "model": row["model"],
            "dataset": row[of],
            "metric": metric,
            "value": float(row[metric]),
            "printed": Printed.read(row[metric]),
        }
        for _, row in rows.iterrows()
        for metric in metrics
        if row[metric] and row[of] in datasets
    ]
    return pd.DataFrame(found, columns=["model", "dataset", "metric", "value", "printed"])


def pick(table: pd.DataFrame, metric: str, model: str) -> dict[str, Printed]:
    """One model's figures in one metric, by data set."""
    part = table[(table.metric == metric) & (table.model == model)]
    return dict(zip(part.dataset, part.printed, strict=True))
