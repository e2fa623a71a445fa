"""What one needs to be as good as another: learning curves read across."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from vbanalysis.paths import data_dir
from vbanalysis.probing.targets import METRIC, RISES


def labels_needed(table: pd.DataFrame, who: str, other: str) -> pd.DataFrame:
    """How many labelled scenes `who` needs to be as good as `other` is with N, seed by seed.

    Between two measured numbers of scenes, quality is taken to be linear in the logarithm of the number.

    Args:
        table: Of `labels_study`.
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
    lines = []
    who = set(table.who)
    for one, other, words in (
        ("base", "tuned from base", "A probe of the base needs, to be as good as the tuned base with N"),
        (
            "tuned from base",
            "trained from nothing",
            "The tuned base needs, to be as good as training from nothing with N",
        ),
        ("base", "untrained", "A probe of the base needs, to be as good as one of random weights with N"),
    ):
        if not {one, other} <= who:
            continue
        needed = labels_needed(table, one, other)
        for task, part in needed.groupby("task", sort=False):
            unlearnt = [name for name in (one, other) if _guesses(table, name, str(task), guesses)]
            if len(unlearnt) == 2:
                lines.append(
                    f"{str(task).capitalize()}, {one} and {other}: neither is better than a guess, "
                    f"{guesses[str(task)]:.3g}, so they are not compared."
                )
                continue
            first = float(part.needed.iloc[0])
            if first in (0.0, np.inf) and (part.needed == first).all():
                answer = f"{_scenes(first)}, whatever N and seed"
            else:
                answer = "; ".join(
                    f"{n}: {', '.join(map(_scenes, rows.needed))}" for n, rows in part.groupby("n_labelled")
                )
            note = f" ({unlearnt[0]} is no better than a guess)" if unlearnt else ""
            lines.append(f"{words} ({task}, a number a seed): {answer}{note}.")
    if "tuned from base" not in who:
        lines.append("What was tuned and trained with few scenes has not been measured yet.")
    return lines


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
