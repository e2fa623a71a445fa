"""What the table of `studies.intrinsics` says, as a short table and in sentences."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from vbanalysis.stats import Estimate
from vbanalysis.studies.intrinsics import PAIRS, PIPELINES


def told(table: pd.DataFrame, looks: Sequence[str], *, seeds: bool = True) -> pd.DataFrame:
    """Rows of `summary` in words: a look and pipeline each, with its delta1 and AbsRel.

    Args:
        table: From `summary`, seeds as text.
        looks: Those to tell; ones that are not in the table are passed over.
        seeds: Whether each seed's own delta1 stands beside.
    """
    rows = []
    by = table.assign(seed=table.seed.astype(str)).set_index(["look", "pipeline", "metric", "seed"])
    numbers = [seed for seed in dict.fromkeys(table.seed.astype(str)) if seed not in ("all", "seeds")]
    for look in looks:
        for pipeline in dict.fromkeys(table[table["look"] == look].pipeline):
            row = {"look": look, "intrinsics": pipeline}
            for metric in ("delta1", "absrel"):
                row[metric] = _in_words(by.loc[(look, pipeline, metric, "all")])
            if seeds:
                values = [by.loc[(look, pipeline, "delta1", seed)].value for seed in numbers]
                row["delta1 of each seed"] = ", ".join(f"{value:.3f}" for value in values)
            rows.append(row)
    return pd.DataFrame(rows)


def answer(table: pd.DataFrame) -> str:
    """What the kept result says, in sentences; a difference is one only where its interval leaves out 0."""
    by = table.assign(seed=table.seed.astype(str)).set_index(["look", "pipeline", "metric", "seed"])
    lines = []
    places = {"inside": "Within the trained fields of view", "fov-wide": "On wider ones (110 to 130 degrees)",
              "fov-narrow": "On narrower ones (18 to 30 degrees)"}  # fmt: skip
    for look, words in places.items():
        if look not in set(table["look"]):
            continue
        means = ", ".join(f"{name} {_in_words(by.loc[(look, name, 'delta1', 'all')])}" for name in PIPELINES)
        lines.append(f"{words}, delta1 by intrinsics: {means}.")
        for pair in PAIRS[:2]:
            row = by.loc[(look, " - ".join(pair), "delta1", "all")]
            each = by.loc[(look, " - ".join(pair), "delta1", "seeds")]
            lead = "no difference that the interval carries"
            if row.low > 0 or row.high < 0:
                lead = f"{pair[0] if row.low > 0 else pair[1]} is better"
            lines.append(
                f"  {pair[0]} against {pair[1]}: {lead}, {_in_words(row)}; by seed of training "
                f"{each.low:+.3f} to {each.high:+.3f} ({each.n:g} seeds)."
            )
    return "\n".join([*lines, *_over_lenses(table)])


def _over_lenses(table: pd.DataFrame) -> list[str]:
    """Where the true focal length pays on the same scenes; the splits place their things for the lens."""
    chosen = (table.seed.astype(str) == "all") & (table.metric == "delta1")
    rows = table[chosen & (table.pipeline == "none - true")]
    rows = rows[rows["look"].str.fullmatch(r"[\d.]+")]
    rows = rows.assign(fov=rows["look"].astype(float)).sort_values("fov")
    sides = {"none is better": rows.low > 0, "true is better": rows.high < 0}
    undecided = ~(sides["none is better"] | sides["true is better"])
    told = [
        f"{words} at {', '.join(f'{fov:g}' for fov in rows.fov[where])} degrees"
        for words, where in (*sides.items(), ("undecided", undecided))
        if where.any()
    ]
    if not told:
        return []
    ends = "; ".join(f"at {row.fov:g} {_in_words(row)}" for _, row in rows.iloc[[0, -1]].iterrows())
    sweep = "The same scenes through one lens after the other, none against true"
    return [f"{sweep}: {', '.join(told)} (none - true {ends})."]


def _in_words(row: pd.Series) -> str:
    return f"{Estimate(row.value, row.low, row.high, int(row.n)):.3f}"
