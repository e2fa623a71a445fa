"""Blind votes on pairs of pictures: the table that `vbanalysis rating export` writes."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from vbanalysis.errors import DataError, InputError
from vbanalysis.metrics.preference import WinRate, win_rate
from vbanalysis.paths import shown
from vbanalysis.stats import krippendorff_alpha

COLUMNS = ("pair_id", "prompt", "left", "right", "choice", "rater", "seconds", "time")
"""Of the table: names of the models, and what was chosen; columns beyond these are passed over."""

_NEEDED = ("pair_id", "prompt", "left", "right", "choice", "rater")
_CHOICES = {"left": 1.0, "right": 0.0, "tie": 0.5, "skip": np.nan}


class BlindVotes(NamedTuple):
    """Votes, and what of the file was none.

    Attributes:
        table: One row a pair and rater: `pair_id`, `prompt`, `left`, `right`, `choice`, `rater`, `seconds`.
        skipped: Pairs that a rater passed over; they are not in the table.
        replaced: Votes that the same rater cast again on the same pair later on; the last one counts.
        truncated: Whether the last line was cut short, as when a machine stops; it is left out.
    """

    table: pd.DataFrame
    skipped: int
    replaced: int
    truncated: bool


class BlindResult(NamedTuple):
    """What blind votes say of two models.

    Attributes:
        first: Name of the one whose wins are counted.
        second: Name of the other.
        half: Its win rate, a tie as half a win; prompts are drawn together.
        decided: Its win rate among votes that are no ties; None where all are.
        left: Share of decided votes for the left picture, whichever it was; None where none is decided.
        alpha: Krippendorff's, of raters on the same pairs; None where nobody voted on another's pair, or all
            votes are alike.
        raters: Who voted.
    """

    first: str
    second: str
    half: WinRate
    decided: WinRate | None
    left: WinRate | None
    alpha: float | None
    raters: int


def read_votes(path: str | Path) -> BlindVotes:
    """The votes in a table of `vbanalysis rating export`.

    Args:
        path: Tab-separated, with the columns of `COLUMNS` in any order; `seconds` and `time` may be wanting.

    Raises:
        DataError: There is no such file, a column is missing, or a line that is not the last one is damaged.
    """
    path = Path(path).expanduser()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{shown(path)} cannot be read: {' '.join(str(error).split())}") from error
    # Nothing is quoted in these tables, and a prompt may hold a quotation mark.
    head, *rows = (line.rstrip("\r").split("\t") for line in text.split("\n"))
    lacking = [name for name in _NEEDED if name not in head]
    if lacking:
        raise DataError(
            f"{shown(path)} has no column {', '.join(lacking)}: write it with  vbanalysis rating export"
        )
    votes: dict[tuple[str, str], dict[str, str]] = {}
    replaced, truncated = 0, False
    for number, row in enumerate(rows, start=2):
        if row == [""]:
            continue
        told = dict(zip(head, row, strict=False))
        fault = _fault(head, row, told)
        if fault:
            # The line being written when a machine stops is cut short, and has no end; none comes after it.
            if number == len(rows) + 1:
                truncated = True
                continue
            raise DataError(f"{shown(path)}, line {number}: {fault}")
        key = told["pair_id"], told["rater"]
        replaced += key in votes
        votes[key] = told
    skipped = sum(told["choice"] == "skip" for told in votes.values())
    kept = [
        {**{name: told[name] for name in _NEEDED}, "seconds": _seconds(told.get("seconds"))}
        for told in votes.values()
        if told["choice"] != "skip"
    ]
    return BlindVotes(pd.DataFrame(kept, columns=[*_NEEDED, "seconds"]), skipped, replaced, truncated)


def blind_result(votes: BlindVotes, first: str, second: str) -> BlindResult:
    """Win rate of one model against another, with what may speak against it.

    Args:
        votes: As `read_votes` gives them.
        first: Name of the model whose wins are counted.
        second: Name of the other.

    Raises:
        InputError: There is no vote on the two.
    """
    table = votes.table
    chosen = table[
        ((table.left == first) & (table.right == second)) | ((table.left == second) & (table.right == first))
    ]
    if chosen.empty:
        known = ", ".join(sorted({*table.left, *table.right})) or "none"
        raise InputError(f"there is no vote on {first!r} and {second!r}: the models voted on are {known}")
    on_left = chosen.choice.map(_CHOICES).to_numpy(float)
    outcome = np.where(chosen.left == first, on_left, 1 - on_left)
    prompts = chosen.prompt.tolist()
    some = bool((outcome != 0.5).any())
    by_pair = chosen.assign(outcome=outcome).pivot(index="pair_id", columns="rater", values="outcome")
    try:
        alpha = krippendorff_alpha(by_pair.to_numpy(float), "ordinal")
    except InputError:
        alpha = None
    return BlindResult(
        first,
        second,
        win_rate(outcome, clusters=prompts),
        win_rate(outcome, ties="drop", clusters=prompts) if some else None,
        win_rate(on_left, ties="drop", clusters=prompts) if some else None,
        alpha,
        chosen.rater.nunique(),
    )


def _fault(head: list[str], row: list[str], told: dict[str, str]) -> str | None:
    if len(row) != len(head):
        return f"{len(row)} columns, expected {len(head)}"
    if told["choice"] not in _CHOICES:
        return f"choice is {told['choice']!r}, expected one of {', '.join(_CHOICES)}"
    if told["left"] == told["right"]:
        return f"{told['left']!r} is compared with itself"
    return None


def _seconds(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return float("nan")
