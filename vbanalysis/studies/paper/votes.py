"""What a win rate means, for as many votes as there may have been."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from vbanalysis.errors import InputError
from vbanalysis.stats import (
    clopper_pearson,
    decisive_n,
    effective_n,
    win_rate_n,
    win_rate_power,
)
from vbanalysis.studies.paper.rounding import Printed
from vbanalysis.studies.paper.tables import read_table


class WinRate(NamedTuple):
    """A printed win rate.

    Attributes:
        benchmark: Whose prompts or edits were voted on.
        rate: Share of votes for the model under study, ties left out or split.
        against: The other model.
    """

    benchmark: str
    rate: float
    against: str


def win_rates(folder: Path | None = None) -> list[WinRate]:
    """The win rates that the paper prints.

    Args:
        folder: Of the tables; those that ship unless given.

    Raises:
        DataError: The table is missing or damaged.
    """
    rows = read_table("headline", folder)
    rows = rows[rows.metric == "win rate"]
    return [
        WinRate(row.benchmark, float(Printed.read(row.vision_banana).value), row.counterpart_name)
        for row in rows.itertuples()
    ]


def curves(rates: Sequence[WinRate], votes: Sequence[int], alpha: float = 0.05) -> pd.DataFrame:
    """What independent votes could tell, by their number.

    Args:
        rates: Printed win rates.
        votes: Numbers of votes, each at least 1.
        alpha: Level of the test.

    Returns:
        Columns `benchmark`, `rate`, `votes`; `low` and `high` of the 95 % Clopper-Pearson interval around the
        rate as observed; and `power`, the chance that a study of a true rate of this size tells it from 0.5.

    Raises:
        InputError: A number of votes or `alpha` is not in its range.
    """
    rows = []
    for each in rates:
        for n in votes:
            seen = clopper_pearson(round(each.rate * n), n)
            power = win_rate_power(each.rate, n, alpha=alpha).power
            rows.append((each.benchmark, each.rate, n, seen.low, seen.high, power))
    return pd.DataFrame(rows, columns=["benchmark", "rate", "votes", "low", "high", "power"])


def votes_needed(rates: Sequence[WinRate], power: float = 0.8, alpha: float = 0.05) -> pd.DataFrame:
    """Independent votes from which on a rate as observed, or as true, is told from 0.5.

    Args:
        rates: As printed.
        power: Chance of finding a true rate.
        alpha: Level of the two-sided exact sign test.

    Returns:
        Columns `benchmark`, `rate`, `decisive` (an observed share of this size has p of at most alpha from
        here on) and `powered` (a study of a true share of this size gets such a p with the chance `power`).

    Raises:
        InputError: `power` or `alpha` is not in its range.
    """
    return pd.DataFrame(
        {
            "benchmark": each.benchmark,
            "rate": each.rate,
            "decisive": decisive_n(each.rate, alpha=alpha),
            "powered": win_rate_n(each.rate, power=power, alpha=alpha).n,
        }
        for each in rates
    )


def plausible_studies(
    rates: Sequence[WinRate],
    per_item: Sequence[int] = (1, 3, 5),
    correlation: float = 0.3,
    alpha: float = 0.05,
    folder: Path | None = None,
) -> pd.DataFrame:
    """What the printed rates would mean if each item of its benchmark had had so many votes.

    Args:
        rates: Printed win rates.
        per_item: Votes on each prompt or edit.
        correlation: Of two votes on the same item; they are worth as many independent ones as
            `stats.effective_n` says.
        alpha: Level of the tests.
        folder: Of the tables; by default what the project ships.

    Returns:
        One row a benchmark, size and votes on an item: `benchmark`, `rate`, `items`, `per_item`, `votes`,
        `independent` (what they are worth), `low` and `high` (95 % Clopper-Pearson), `p` (sign test),
        `power`, and `told`, whether p is at most `alpha`.

    Raises:
        InputError: There is no item count of a benchmark, or an argument is not in its range.
    """
    from scipy.stats import binomtest

    sizes = read_table("votes", folder)
    rows = []
    for each in rates:
        items = (
            sizes.items_of(each.benchmark) if hasattr(sizes, "items_of") else _items(sizes, each.benchmark)
        )
        for n in items:
            for votes_each in per_item:
                votes = n * votes_each
                worth = effective_n(votes, votes_each, correlation)
                independent = max(1, round(worth))
                wins = round(each.rate * independent)
                seen = clopper_pearson(wins, independent)
                p = float(binomtest(wins, independent).pvalue)
                rows.append(
                    {
                        "benchmark": each.benchmark,
                        "rate": each.rate,
                        "items": n,
                        "per_item": votes_each,
                        "votes": votes,
                        "independent": independent,
                        "low": seen.low,
                        "high": seen.high,
                        "p": p,
                        "power": win_rate_power(each.rate, independent, alpha=alpha).power,
                        "told": p <= alpha,
                    }
                )
    return pd.DataFrame(rows)


def _items(sizes: pd.DataFrame, benchmark: str) -> list[int]:
    found = [int(text) for text in sizes[sizes.benchmark == benchmark]["items"]]
    if not found:
        raise InputError(f"votes.tsv holds no number of items of {benchmark!r}")
    return found
