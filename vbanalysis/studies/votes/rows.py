"""Figures of a study as rows of a table, and back."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from vbanalysis.errors import InputError
from vbanalysis.stats import Estimate

COLUMNS = ("what", "who", "value", "low", "high", "n", "clusters")


def table_of(figures: Mapping[tuple[str, str], Estimate]) -> pd.DataFrame:
    """One row a figure: `what` it is, of `who`, and the estimate; `clusters` may be empty."""
    rows = [
        {"what": what, "who": who, **{name: getattr(each, name) for name in COLUMNS[2:]}}
        for (what, who), each in figures.items()
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"clusters": "Int64"})


def figure_of(table: pd.DataFrame, what: str, who: str = "all") -> Estimate:
    """One figure of such a table.

    Raises:
        InputError: There is none, or more than one.
    """
    found = table[(table.what == what) & (table.who == who)]
    if len(found) != 1:
        raise InputError(
            f"expected one row of {what!r} of {who!r}, got {len(found)}: measure the table again"
        )
    row = found.iloc[0]
    clusters = None if pd.isna(row.clusters) else int(row.clusters)
    return Estimate(float(row.value), float(row.low), float(row.high), int(row.n), clusters=clusters)
