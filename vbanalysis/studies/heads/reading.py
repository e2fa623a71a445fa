"""The kept table read: one figure at a time, and who is better by a rule that is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from vbanalysis.errors import InputError
from vbanalysis.stats import Estimate

RISES = {
    "delta1": True,
    "absrel": False,
    "absrel at edges": False,
    "absrel away": False,
    "edge f1": True,
    "edge between": False,
    "edge third": False,
    "normals mean_deg": False,
    "normals median_deg": False,
    "normals mean_deg at creases": False,
    "normals mean_deg away": False,
}
"""Figures of one answer, and whether more is better."""

FEWEST_SEEDS = 3
"""Trainings of either arm below which nothing is said of the arms."""


def pick(
    table: pd.DataFrame,
    part: str,
    arm: str,
    metric: str,
    *,
    steps: int = 1,
    case: str | None = None,
    seed: str = "all",
) -> Estimate:
    """One figure of the kept table.

    Raises:
        InputError: It is not in the table, or there twice.
    """
    chosen = table[
        (table.part == part)
        & (table.arm == arm)
        & (table.metric == metric)
        & (table.steps == steps)
        & (table.seed.astype(str) == seed)
        & (table.case.isna() if case is None else table.case == case)
    ]
    if len(chosen) != 1:
        raise InputError(
            f"the table has {len(chosen)} rows of {part}, {arm}, {metric}, {steps} steps, {case}, seed {seed}"
        )
    row = chosen.iloc[0]
    return Estimate(float(row.value), float(row.low), float(row.high), int(row.n))


def arms_of(table: pd.DataFrame) -> dict[str, list[str]]:
    """The arms of the table and the seeds of their trainings."""
    single = table[~table.arm.str.contains(" - ")]
    seeds = single.assign(seed=single.seed.astype(str)).query("seed != 'all'")
    return {arm: sorted(set(part.seed)) for arm, part in seeds.groupby("arm", sort=False)}


def duel(
    table: pd.DataFrame, first: str = "numbers", second: str = "pictures", metrics: Mapping[str, bool] = RISES
) -> pd.DataFrame:
    """Two arms, figure by figure, one answer each.

    `better` names an arm where the 95 % interval over scenes of the paired difference, of each scene's mean
    over trainings, leaves out 0, and the differences of all pairs of trainings of one seed, at least
    `FEWEST_SEEDS`, have its sign.

    Returns:
        Rows of metric, both figures, their difference as text, the differences by seed, and who is better.
    """
    arms = arms_of(table)
    if not {first, second} <= set(arms):
        raise InputError(f"the table compares {', '.join(arms)}, not {first} and {second}")
    seeds = [seed for seed in arms[first] if seed in arms[second]]
    name = _difference(table, first, second)
    sign = 1 if name == f"{first} - {second}" else -1
    rows = []
    for metric, rises in metrics.items():
        both = [pick(table, "one answer", arm, metric) for arm in (first, second)]
        whole = pick(table, "one answer", name, metric)
        low, high = sorted((sign * whole.low, sign * whole.high))
        each = [sign * pick(table, "one answer", name, metric, seed=seed).value for seed in seeds]
        ahead = np.sign(sign * whole.value) * (1 if rises else -1)
        agreed = len(each) >= FEWEST_SEEDS and len({float(np.sign(value)) for value in each}) == 1
        sure = agreed and (low > 0 or high < 0)
        rows.append(
            {
                "metric": metric,
                first: f"{both[0]:.3g}",
                second: f"{both[1]:.3g}",
                "difference": f"{sign * whole.value:+.3g} [{low:+.3g}, {high:+.3g}]",
                "by seed": ", ".join(f"{value:+.3g}" for value in each),
                "better": (first if ahead > 0 else second) if sure else "undecided",
            }
        )
    return pd.DataFrame(rows)


def beside(
    table: pd.DataFrame, part: str, metrics: Sequence[str], cases: Sequence[str | None] = (None,)
) -> pd.DataFrame:
    """Figures of a part as text, a row a metric and case, a column an arm and number of steps."""
    chosen = table[(table.part == part) & (table.seed.astype(str) == "all") & ~table.arm.str.contains(" - ")]
    rows = []
    for metric in metrics:
        for case in cases:
            found = chosen[
                (chosen.metric == metric) & (chosen.case.isna() if case is None else chosen.case == case)
            ]
            row = {"metric": metric} | ({} if cases == (None,) else {"case": case or ""})
            for each in found.itertuples():
                row[f"{each.arm}, {each.steps}"] = f"{each.value:.3g} [{each.low:.3g}, {each.high:.3g}]"
            rows.append(row)
    return pd.DataFrame(rows).fillna("")


def _difference(table: pd.DataFrame, first: str, second: str) -> str:
    for name in (f"{first} - {second}", f"{second} - {first}"):
        if (table.arm == name).any():
            return name
    raise InputError(f"the table has no difference of {first} and {second}")
