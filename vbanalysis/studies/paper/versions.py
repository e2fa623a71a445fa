"""What the paper's first and third versions say of instance segmentation, side by side."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from vbanalysis.errors import DataError, InputError
from vbanalysis.studies.paper.claims import OURS
from vbanalysis.studies.paper.leads import Lead, lead
from vbanalysis.studies.paper.rounding import Printed
from vbanalysis.studies.paper.tables import read_table


class Factors(NamedTuple):
    """A lead in cgF1 as what its two factors, finding masks and knowing presence, add to it.

    Attributes:
        other: Who the lead is over.
        cgf1_ratio: Vision Banana's over the other's, of the printed averages.
        pmf1_ratio: The same of pmF1.
        il_mcc_ratio: The same of IL_MCC.
        presence_share: How much of the lead is presence: ln(IL_MCC ratio) over the sum of both logarithms.
        with_same_presence: pmF1 of the other times Vision Banana's IL_MCC: its cgF1 if it had asked the same
            language model, nearly.
        vision_banana: The same product of Vision Banana itself, to compare that with.
    """

    other: str
    cgf1_ratio: float
    pmf1_ratio: float
    il_mcc_ratio: float
    presence_share: float
    with_same_presence: float
    vision_banana: float


def differences(folder: Path | None = None) -> pd.DataFrame:
    """What differs between the versions, in words: columns `what`, `v1`, `v3`, `source`.

    Args:
        folder: Of the tables; those that ship unless given.
    """
    return read_table("versions", folder)


def instance_versions(folder: Path | None = None) -> pd.DataFrame:
    """Averages on SA-Co/Gold in both versions.

    Args:
        folder: Of the tables; those that ship unless given.

    Returns:
        Columns `version`, `over`, `metric`, `model`, `value` (F1 in percent) and `ours` (bool: it is
        Vision Banana's).

    Raises:
        DataError: A table is missing or damaged.
    """
    first = read_table("headline", folder)
    first = first[(first.capability == "instance segmentation") & first.source.str.contains("v1")]
    if len(first) != 1:
        raise DataError(f"headline.tsv must have one row of instance segmentation in v1, got {len(first)}")
    row = first.iloc[0]
    rows = [
        {
            "version": "v1",
            "over": row.benchmark,
            "metric": row.metric,
            "model": name,
            "value": 100 * float(Printed.read(value).value),
        }
        for name, value in ((OURS, row.vision_banana), (row.counterpart_name, row.counterpart))
    ]
    averages = _averages(folder)
    for metric in averages.columns:
        rows += [
            {"version": "v3", "over": "SA-Co/Gold", "metric": metric, "model": model, "value": value}
            for model, value in averages[metric].items()
        ]
    table = pd.DataFrame(rows)
    return table.assign(ours=table.model.str.startswith(OURS))


def factors(other: str, folder: Path | None = None) -> Factors:
    """Split the lead of Vision Banana in cgF1 over another model, in v3, into masks and presence.

    cgF1 is pmF1 times IL_MCC on each subset; of the averages that holds nearly, and the shares are as near.

    Args:
        other: Name of the other model, as the tables have it.
        folder: Of the tables; those that ship unless given.

    Raises:
        InputError: There is no such model, or it is not behind in cgF1.
        DataError: A table is missing or damaged.

    Examples:
        >>> found = factors("DINO-X")
        >>> f"{found.cgf1_ratio:.2f} = {found.pmf1_ratio:.2f} x {found.il_mcc_ratio:.2f}, nearly"
        '2.23 = 1.01 x 2.21, nearly'
    """
    averages = _averages(folder)
    (ours,) = [model for model in averages.index if model.startswith(OURS)]
    if other not in averages.index:
        raise InputError(f"other must be one of {', '.join(averages.index)}, got {other!r}")
    ratios = averages.loc[ours] / averages.loc[other]
    if not ratios.cgF1 > 1:
        raise InputError(f"other must be behind in cgF1, but {other} has {averages.cgF1[other]:g}")
    logs = math.log(ratios.pmF1), math.log(ratios.IL_MCC)
    return Factors(
        other,
        float(ratios.cgF1),
        float(ratios.pmF1),
        float(ratios.IL_MCC),
        logs[1] / sum(logs),
        float(averages.pmF1[other] * averages.IL_MCC[ours]),
        float(averages.pmF1[ours] * averages.IL_MCC[ours]),
    )


def subsets(metric: str = "cgF1", folder: Path | None = None) -> Lead:
    """The lead of Vision Banana over SAM 3, which was trained on such data, by subset of SA-Co/Gold.

    Args:
        metric: `cgF1`, `pmF1` or `IL_MCC`.
        folder: Of the tables; those that ship unless given.
    """
    ours = next(model for model in _averages(folder).index if model.startswith(OURS))
    return lead("instances", metric, ours, "SAM 3", folder=folder)


def _averages(folder: Path | None) -> pd.DataFrame:
    rows = read_table("saco_gold", folder)
    rows = rows[rows.subset == "Average"].set_index("model")
    return rows[["pmF1", "IL_MCC", "cgF1"]].astype(float)
