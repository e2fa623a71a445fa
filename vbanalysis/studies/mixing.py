"""What tuning keeps of the base's own trade, and what it learns, by how much of the trade is mixed in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from vbanalysis.mini.judge.reading import Judge
from vbanalysis.mini.model import Mini
from vbanalysis.studies import drawing
from vbanalysis.studies.answerers import Painter
from vbanalysis.studies.examination import examine
from vbanalysis.studies.marks import figures_table
from vbanalysis.studies.questions import ask

SHOWN = (
    ("generation", "held_out_loss"),
    ("generation", "attributes"),
    ("edit", "done"),
    ("depth", "delta1"),
    ("normals", "mean_deg"),
    ("semantic", "miou"),
    ("instance", "pmf1_50"),
    ("referring", "giou"),
)
"""Task and figure of each column of `mixing_table`: first what may be lost, then what is learnt."""


def mixing(
    weights: Mapping[str, str | Path], split: str = "validation", n: int = 100
) -> Iterator[pd.DataFrame]:
    """Examine several weights in everything, without controls and guesses.

    Args:
        weights: As `Mini` takes them, by the name that they get.
        split: Of the scenes.
        n: Questions a task.

    Yields:
        Rows of `task, metric, who, value, low, high, n`, by weights and task.
    """
    judge = Judge.load()
    captions, orders = ask("generation", split, n), ask("edit", split, n)
    for name, source in weights.items():
        mini = Mini(source)
        for _, marks in examine({name: Painter(mini)}, split, n):
            yield figures_table(marks.task, name, marks.figures)
        artist = drawing.artist(mini)
        drawn = drawing.judge_drawings(captions, artist, judge)
        loss = drawing.held_out_loss(mini, captions)
        yield figures_table("generation", name, {**drawn.marks.figures, "held_out_loss": loss})
        yield figures_table("edit", name, drawing.judge_edits(orders, artist, judge).marks.figures)


def mixing_table(rows: pd.DataFrame) -> pd.DataFrame:
    """A row for each of the weights, a column for each figure of `SHOWN`, with 95 % intervals."""
    found = {(row.who, row.task, row.metric): row for row in rows.itertuples()}
    table = {}
    for who in dict.fromkeys(rows.who):
        told = {}
        for task, metric in SHOWN:
            row = found.get((who, task, metric))
            told[metric] = "" if row is None else f"{row.value:.3g} [{row.low:.3g}, {row.high:.3g}]"
        table[who] = told
    return pd.DataFrame.from_dict(table, orient="index").rename_axis("weights").reset_index()
