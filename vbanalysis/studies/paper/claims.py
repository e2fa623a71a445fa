"""The headline comparisons of the paper, each held against the paper's own tables."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from vbanalysis.errors import DataError
from vbanalysis.studies.paper.numbers import FAMILIES, numbers, pick
from vbanalysis.studies.paper.rounding import Printed, mean
from vbanalysis.studies.paper.tables import read_table

OURS = "Vision Banana"
"""How the names of the model under study begin, whatever language model stands beside it."""


class _Rival(NamedTuple):
    name: str
    value: Fraction
    zero_shot: bool


def claims(folder: Path | None = None) -> pd.DataFrame:
    """Each headline comparison: is it ahead, by more than rounding, and of whom else in the same table?

    Args:
        folder: Of the tables; by default what the project ships.

    Returns:
        One row a headline: `capability`, `benchmark`, `metric`, `source`, `vision_banana`, `counterpart`,
        `counterpart_name`, `lead` (positive where ahead, also where less is better), `lead_low` and
        `lead_high` (what rounding leaves), `ahead` (`"yes"`, `"no"`, `"cannot tell"`), and, where the paper
        prints a table of it, `rank` and `of` among the zero-shot models, `rank_all` and `of_all` among all,
        and `best`, who is first of all.

    Raises:
        DataError: A table is missing or damaged.
    """
    rows = []
    for row in read_table("headline", folder).itertuples():
        sign = {"higher": 1, "lower": -1}.get(row.better)
        if sign is None:
            raise DataError(f"headline.tsv: better must be higher or lower, got {row.better!r}")
        ours, theirs = Printed.read(row.vision_banana), Printed.read(row.counterpart)
        low, high = sorted((sign * (ours.low - theirs.high), sign * (ours.high - theirs.low)))
        rows.append(
            {
                "capability": row.capability,
                "benchmark": row.benchmark,
                "metric": row.metric,
                "source": row.source,
                "vision_banana": float(ours.value),
                "counterpart": float(theirs.value),
                "counterpart_name": row.counterpart_name,
                "lead": float(sign * (ours.value - theirs.value)),
                "lead_low": float(low),
                "lead_high": float(high),
                "ahead": "yes" if low > 0 else "no" if high < 0 else "cannot tell",
                **_places(_field(row.benchmark, row.metric, folder), sign),
            }
        )
    table = pd.DataFrame(rows)
    counts = ["rank", "of", "rank_all", "of_all"]
    return table.astype(dict.fromkeys(counts, "Int64"))


def _places(field: list[_Rival], sign: int) -> dict[str, object]:
    if not field:
        return {"rank": None, "of": None, "rank_all": None, "of_all": None, "best": ""}
    ours = next(rival for rival in field if rival.name.startswith(OURS))
    equals = [rival for rival in field if rival.zero_shot]

    def rank(among: list[_Rival]) -> int:
        return 1 + sum(sign * rival.value > sign * ours.value for rival in among)

    return {
        "rank": rank(equals),
        "of": len(equals),
        "rank_all": rank(field),
        "of_all": len(field),
        "best": max(field, key=lambda rival: sign * rival.value).name,
    }


def _field(benchmark: str, metric: str, folder: Path | None) -> list[_Rival]:
    """All models of the paper's table of a benchmark; none where it prints no such table."""
    rows = read_table("segmentation", folder)
    rows = rows[(rows.benchmark == benchmark) & (rows.metric == metric)]
    if len(rows):
        return [_Rival(r.model, Printed.read(r.value).value, r.zero_shot == "yes") for r in rows.itertuples()]
    if benchmark == "SA-Co/Gold" and metric in FAMILIES["instances"].metrics:
        rows = read_table("saco_gold", folder)
        rows = rows[(rows.subset == "Average") & (rows[metric] != "")]
        return [
            _Rival(row["model"], Printed.read(row[metric]).value, row["trained_on_saco"] == "no")
            for _, row in rows.iterrows()
        ]
    over = benchmark.removeprefix("average of ")
    if over == benchmark:
        return []
    named = over.split(", ")
    for family, (_, datasets, metrics, _) in FAMILIES.items():
        if set(named) <= set(datasets):
            known, figure = numbers(family, folder), next(iter(metrics))
            parts = {model: pick(known, figure, model) for model in dict.fromkeys(known.model)}
            return [
                _Rival(model, mean([found[name] for name in named]).value, True)
                for model, found in parts.items()
                if set(named) <= set(found)
            ]
    raise DataError(f"headline.tsv: {benchmark!r} names a data set that no table has")
