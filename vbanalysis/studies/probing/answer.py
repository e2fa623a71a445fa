"""The answer of the probing study in words, each with its numbers."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from vbanalysis.probing.targets import METRIC, Probed

WORDS = {"depth": "depth (δ1)", "normals": "normals (degrees)", "semantic": "classes (mIoU)"}
"""What each task is called, with its figure."""


def said(chosen: pd.DataFrame, ahead: pd.DataFrame, who: str) -> Iterator[str]:
    """One sentence a task: what is read, how far ahead of pixels and of random weights, and what that means.

    Args:
        chosen: Rows of `grid.best_table`.
        ahead: Rows of `grid.beyond`.
        who: The network.
    """
    for task, metric in METRIC.items():
        mine = chosen[(chosen.who == who) & (chosen.task == task) & (chosen.metric == metric)]
        rows = ahead[ahead.task == task]
        if not len(mine) or not len(rows):
            continue
        best = mine.iloc[0]
        random = rows[rows.other.str.contains("untrained-|shuffled-")]
        pixels = rows[rows.other == "pixels"]
        beats = len(pixels) and len(random) and min(pixels.low.min(), random.low.min()) > 0
        differences = [f"pixels alone by {_interval(row)}" for row in pixels.itertuples()]
        if len(random):
            least, most = random.value.min(), random.value.max()
            differences.append(
                f"{len(random)} networks of random weights by {_number(least, task)} to "
                f"{_number(most, task)} (lowest end of an interval {_number(random.low.min(), task)})"
            )
        yield (
            f"{WORDS[task]}: {_interval(best)}, n={best.n:.0f}, read from {best.layer} ({best.way}, noise "
            f"{best.level:g}); ahead of {' and of '.join(differences)}. "
            + ("It is there beyond pixels." if beats else "That it is there beyond pixels is not shown.")
        )


def _interval(row: object) -> str:
    task: Probed = row.task  # type: ignore[attr-defined]
    value, low, high = (_number(getattr(row, name), task) for name in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def _number(value: float, task: Probed) -> str:
    return f"{value:.1f}" if task == "normals" else f"{value:.3f}"
