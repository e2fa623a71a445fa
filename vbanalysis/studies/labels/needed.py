"""What one needs to be as good as another: learning curves read across."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from vbanalysis.paths import data_dir
from vbanalysis.probing.targets import METRIC, RISES
from vbanalysis.studies.probing.answer import WORDS


def labels_needed(table: pd.DataFrame, who: str, other: str) -> pd.DataFrame:
    """How many labelled scenes `who` needs to be as good as `other` is with N, seed by seed.

    Between two measured numbers of scenes, quality is taken to be linear in the logarithm of the number.

    Args:
        table: Rows `curve` of `labels_study`.
        who: Such as `"base"`.
        other: Such as `"tuned from base"`.

    Returns:
        One row a task, N and seed: task, n_labelled, seed, quality, needed, and factor, needed over N. 0
        means that it was as good with the fewest that were tried, inf that it was not with the most.
    """
    rows = []
    for (task, seed), part in table.groupby(["task", "seed"], sort=False):
        rises = RISES[str(part.metric.iloc[0])]
        ours, theirs = (part[part.who == name].sort_values("n_labelled") for name in (who, other))
        if not len(ours) or not len(theirs):
            continue
        for row in theirs.itertuples():
            needed = _crossing(
                ours.n_labelled.to_numpy(float), ours.value.to_numpy(float), float(row.value), rises
            )
            rows.append(
                {
                    "task": task,
                    "n_labelled": row.n_labelled,
                    "seed": seed,
                    "quality": row.value,
                    "needed": needed,
                    "factor": needed / row.n_labelled,
                }
            )
    return pd.DataFrame(rows)


def _crossing(counts: np.ndarray, values: np.ndarray, quality: float, rises: bool) -> float:
    """The number of scenes at which a curve first comes to a quality."""
    above = values >= quality if rises else values <= quality
    if not above.any():
        return np.inf
    first = int(above.argmax())
    if first == 0:
        return 0.0
    share = (quality - values[first - 1]) / (values[first] - values[first - 1])
    return float(np.exp(np.log(counts[first - 1]) + share * np.log(counts[first] / counts[first - 1])))


def labels_said(table: pd.DataFrame, guesses: Mapping[str, float]) -> list[str]:
    """The answer of the study of labels in words, a sentence a comparison that was measured.

    Args:
        table: Of `studies.labels.study.labels_study`.
        guesses: By task, what the best answer without a look at the picture gets. Two who are no better are
            not compared: which of them is the worse guess says nothing about labels.
    """
    curves, ahead = (table[table.part == part].dropna(axis=1, how="all") for part in ("curve", "ahead"))
    lines = []
    for (who, other, task), rows in ahead.groupby(["who", "other", "task"], sort=False):
        unlearnt = [name for name in (who, other) if _guesses(curves, name, task, guesses)]
        what = f"{WORDS[task].capitalize()}: {_NAMES[who]}"
        if len(unlearnt) == 2:
            lines.append(
                f"{what} and {_NAMES[other]} are no better than a guess, {guesses[task]:.3g}: not compared."
            )
            continue
        by = ", ".join(map(_by, rows.itertuples()))
        note = f" ({_NAMES[unlearnt[0]]} is no better than a guess)" if unlearnt else ""
        needed = labels_needed(curves[curves.task == task], other, who)
        lines.append(
            f"{what} is ahead of {_NAMES[other]} by {by}{note}; n={rows.n.iloc[0]:.0f}. "
            f"To be as good as it is with N, {_NAMES[other]} needs (a number a seed) {_told(needed)}."
        )
    if "tuned from base" not in set(curves.who):
        lines.append("What was tuned and trained with few scenes has not been measured yet.")
    return lines


_NAMES = {
    "base": "a probe of the base",
    "untrained": "a probe of random weights",
    "tuned from base": "the tuned base",
    "trained from nothing": "the network trained from nothing",
}


def _by(row: Any) -> str:
    """One difference, its interval over scenes, and whether the seeds carry it."""
    form = "+.1f" if row.task == "normals" else "+.3f"
    value, low, high = (format(each, form) for each in (row.value, row.low, row.high))
    decided = row.low * row.high > 0
    over = " (three seeds do not carry it)" if decided and not row.seeds_low * row.seeds_high > 0 else ""
    return f"{value} [{low}, {high}] with {row.n_labelled} scenes{over}"


def _told(needed: pd.DataFrame) -> str:
    if _alike(needed):
        return f"{_scenes(needed.needed.iloc[0])}, whatever N"
    return "; ".join(
        f"{n}: {', '.join(map(_scenes, rows.needed[:1] if _alike(rows) else rows.needed))}"
        for n, rows in needed.groupby("n_labelled")
    )


def _alike(needed: pd.DataFrame) -> bool:
    """Whether all are the fewest that were tried, or all more than were tried."""
    first = float(needed.needed.iloc[0])
    return first in (0.0, np.inf) and bool((needed.needed == first).all())


def blind_guesses() -> dict[str, float]:
    """By task, what the model card's blind guess gets: the usual answer at each place of a picture."""
    table = pd.read_csv(data_dir() / "mini" / "results.tsv", sep="\t")
    blind = table[table.who == "blind"].set_index(["task", "metric"]).value
    return {task: float(blind[task, metric]) for task, metric in METRIC.items()}


def _guesses(table: pd.DataFrame, who: str, task: str, guesses: Mapping[str, float]) -> bool:
    """Whether no mean over seeds is better than a guess."""
    part = table[(table.who == who) & (table.task == task)]
    means = part.groupby("n_labelled").value.mean()
    rises = RISES[str(part.metric.iloc[0])]
    return bool((means <= guesses[task]).all() if rises else (means >= guesses[task]).all())


def _scenes(needed: float) -> str:
    if needed == 0:
        return "the fewest tried"
    return "more than tried" if np.isinf(needed) else f"{needed:.0f}"
