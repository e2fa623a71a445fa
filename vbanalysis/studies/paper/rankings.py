"""How averages and ranks change when one data set is left out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from vbanalysis.errors import InputError
from vbanalysis.studies.paper.numbers import FAMILIES, numbers, pick

ALL = "none"
"""Stands for no data set where one is left out."""


class LeftOut(NamedTuple):
    """Averages of several models, over all data sets and with one left out.

    Attributes:
        family: Of `FAMILIES`.
        metric: What is averaged.
        rises: Whether a larger one is better.
        datasets: Over which.
        table: Columns `left_out` (`"none"` or a data set), `model`, `n`, `average` and `rank` from 1 (equal
            averages share the better rank); models in the order of their average over all.
    """

    family: str
    metric: str
    rises: bool
    datasets: tuple[str, ...]
    table: pd.DataFrame

    def first_without(self) -> dict[str, str]:
        """Who is first, by what is left out."""
        best = self.table[self.table["rank"] == 1]
        return {name: " = ".join(part.model) for name, part in best.groupby("left_out", sort=False)}


def ranked_without(
    family: str, metric: str, datasets: Sequence[str] | None = None, folder: Path | None = None
) -> LeftOut:
    """Rank the models for which the paper prints a figure on every one of the data sets.

    Args:
        family: Of `FAMILIES`.
        metric: Of that family.
        datasets: At least two; by default all of the family.
        folder: Of the tables; by default what the project ships.

    Raises:
        InputError: There is no such family or metric, or fewer than two data sets or two models.
        DataError: A table is missing or damaged.

    Examples:
        >>> ranked_without("normals", "mean_deg").first_without()["DIODE-indoor"]
        'Lotus-2'
    """
    known = numbers(family, folder)
    if metric not in FAMILIES[family].metrics:
        raise InputError(f"metric must be one of {', '.join(FAMILIES[family].metrics)}, got {metric!r}")
    chosen = tuple(FAMILIES[family].datasets if datasets is None else datasets)
    figures = {model: pick(known, metric, model) for model in dict.fromkeys(known.model)}
    models = [model for model, found in figures.items() if set(chosen) <= set(found)]
    if len(chosen) < 2 or len(models) < 2:
        raise InputError(
            "a ranking needs two data sets and two models with figures on all of them, "
            f"got {len(models)} models on {', '.join(chosen) or 'none'}"
        )
    rises = FAMILIES[family].metrics[metric]
    tables = []
    for left_out in (ALL, *chosen):
        kept = [name for name in chosen if name != left_out]
        exact = {model: sum(figures[model][name].value for name in kept) / len(kept) for model in models}
        for model, average in exact.items():
            better = sum(other > average if rises else other < average for other in exact.values())
            tables.append(
                {
                    "left_out": left_out,
                    "model": model,
                    "n": len(kept),
                    "average": float(average),
                    "rank": better + 1,
                }
            )
    table = pd.DataFrame(tables)
    order = table[table.left_out == ALL].sort_values("rank", kind="stable").model.tolist()
    place = {name: k for k, name in enumerate((ALL, *chosen))}
    table = table.sort_values(
        ["left_out", "model"],
        key=lambda column: column.map(place if column.name == "left_out" else order.index),
        ignore_index=True,
    )
    return LeftOut(family, metric, rises, chosen, table)
