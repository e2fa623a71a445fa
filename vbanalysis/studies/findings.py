"""What the suite found, a line a finding: a number with its interval, from the kept results alone."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from vbanalysis.errors import DataError
from vbanalysis.paths import data_dir
from vbanalysis.studies.kept import read_kept


def findings() -> pd.DataFrame:
    """All findings.

    Returns:
        Columns `finding, value, low, high, n, measured_by`; 95 % intervals over scenes, prompts or simulated
        experiments, as each command has them.

    Raises:
        DataError: A kept result lacks the row that a finding needs.
    """
    rows = [row for part in _PARTS for row in part()]
    return pd.DataFrame(rows, columns=["finding", "value", "low", "high", "n", "measured_by"])


_Row = tuple[str, float, float, float, int, str]


def _marks() -> list[_Row]:
    table = pd.read_csv(data_dir() / "mini" / "results.tsv", sep="\t")
    names = {
        ("mini", "depth", "delta1"): "the embedded generator reads depth, delta1",
        ("scratch", "depth", "delta1"): "the same network that never drew reads depth, delta1",
        ("mini", "normals", "mean_deg"): "the embedded generator reads normals, degrees",
        ("scratch", "normals", "mean_deg"): "the same network that never drew reads normals, degrees",
    }
    return [
        _row(words, table, "vbanalysis mini examine --card", who=who, task=task, metric=metric)
        for (who, task, metric), words in names.items()
    ]


def _intrinsics() -> list[_Row]:
    kept = read_kept("intrinsics")
    table = kept.table.assign(seed=kept.table.seed.astype(str))
    at = {"seed": "all", "metric": "delta1", "look": "inside"}
    return [
        _row(f"from 30 to 110 degrees, {words}, delta1", table, kept.command, pipeline=name, **at)
        for name, words in (
            ("none", "no intrinsics"),
            ("true", "the true focal length"),
            ("hard-coded", "a hard-coded focal length"),
        )
    ]


def _narrow() -> list[_Row]:
    kept = read_kept("narrow")
    return [
        _row(f"IoU more lost by narrow tuning on {group}", kept.table, kept.command,
             arm="narrow - broad", measure="interaction", group=group)
        for group in ("words the broad arm met", "words neither met", "scenes neither met")
    ]  # fmt: skip


def _heads() -> list[_Row]:
    kept = read_kept("heads")
    at = {"part": "one answer", "seed": "all", "arm": "numbers - pictures"}
    whole = kept.table[kept.table.case.isna()].assign(seed=kept.table.seed.astype(str))
    return [
        _row(f"a head of numbers less pictures, {words}", whole, kept.command, metric=metric, **at)
        for metric, words in (
            ("delta1", "delta1"),
            ("normals mean_deg", "degrees of normals"),
            ("edge between", "share of edge pixels between both sides"),
        )
    ]


def _atlas() -> list[_Row]:
    kept = read_kept("failure_atlas")
    model = kept.table[kept.table.part == "model"]
    rows = []
    for task in model.task.unique():
        known = model[(model.task == task) & (model.cause != "unexplained")]
        first = known.loc[known.value.idxmax()]
        words = f"{task}: share of the error that is {first.cause}"
        rows.append(_row(words, model, kept.command, task=task, cause=first.cause))
    return rows


def _probing() -> list[_Row]:
    kept = read_kept("probing")
    ahead = kept.table[kept.table.part == "ahead"]
    names = {"delta1": "depth, delta1", "mean_deg": "normals, degrees", "miou": "classes, mIoU"}
    return [
        _row(f"the base before any tuning is ahead of random weights, {words}", ahead, kept.command,
             metric=metric, other="untrained-1")
        for metric, words in names.items()
    ]  # fmt: skip


def _labels() -> list[_Row]:
    kept = read_kept("labels")
    ahead = kept.table[kept.table.part == "ahead"]
    at = {"task": "depth", "who": "tuned from base"}
    return [
        _row(f"delta1 gained with {count} labelled scenes by the tuned base, over {words}", ahead,
             kept.command, other=other, n_labelled=count, **at)
        for other, words in (("base", "a probe of it"), ("trained from nothing", "training from nothing"))
        for count in sorted(set(ahead.n_labelled))
    ]  # fmt: skip


def _art() -> list[_Row]:
    kept = read_kept("art")
    return [
        _row(
            f"attributes drawn, {who}",
            kept.table,
            kept.command,
            who=who,
            task="generation",
            metric="attributes",
        )
        for who in ("base", "tuned")
    ]


def _votes() -> list[_Row]:
    kept = read_kept("genai_told_apart")
    return [
        _row("527 prompts with a vote each tell a win rate of 53.6 % from a half", kept.table, kept.command,
             prompts=527, raters=1),
    ]  # fmt: skip


_PARTS: tuple[Callable[[], list[_Row]], ...] = (
    _marks, _intrinsics, _narrow, _heads, _atlas, _probing, _labels, _art, _votes,
)  # fmt: skip


def _row(words: str, table: pd.DataFrame, command: str, **where: object) -> _Row:
    found = table
    for column, value in where.items():
        found = found[found[column] == value]
    if len(found) != 1:
        told = ", ".join(f"{column} {value}" for column, value in where.items())
        raise DataError(f"{command} left {len(found)} rows of {told}, expected one: run it again")
    row = found.iloc[0]
    n = row.n if "n" in found.columns else row.votes
    return words, float(row.value), float(row.low), float(row.high), int(n), command
