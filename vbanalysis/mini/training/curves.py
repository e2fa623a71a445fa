"""Learning curves: the losses of each task against the samples seen, as a table on disk."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor

from vbanalysis.errors import DataError
from vbanalysis.mini.training.batches import TASKS
from vbanalysis.paths import replacing, shown
from vbanalysis.types import Task

WINDOW = 20
"""Steps of a row of the curve."""


class Progress(NamedTuple):
    """What a row of the curve says.

    Attributes:
        samples: Exercises seen.
        seconds: Of training, over all goes.
        losses: Mean loss of each task since the last row; tasks without exercises are missing.
    """

    samples: int
    seconds: float
    losses: dict[Task, float]


class Curve:
    """The curve of a run that goes on: its rows on disk, and the steps since the last row.

    Args:
        path: Of the table. Rows after `samples` are dropped, for training does them again.
        samples: Exercises seen.
        window: The steps since the last row, as `window` gave them.

    Raises:
        DataError: The table is damaged.
    """

    def __init__(self, path: Path, samples: int, window: dict[str, Any] | None = None) -> None:
        self.path = path
        self.rows = [row for row in read_curve(path) if row.samples <= samples] if path.exists() else []
        kept = window or {"steps": 0, "sums": [0.0] * len(TASKS), "counts": [0.0] * len(TASKS)}
        self.steps = int(kept["steps"])
        self.sums, self.counts = np.array(kept["sums"]), np.array(kept["counts"])

    @property
    def window(self) -> dict[str, Any]:
        """The steps since the last row as plain values, for a checkpoint."""
        return {"steps": self.steps, "sums": self.sums.tolist(), "counts": self.counts.tolist()}

    def add(self, samples: int, seconds: float, tasks: Tensor, losses: Tensor) -> Progress | None:
        """Count a step; every `WINDOW` steps, write a row and return it.

        Args:
            samples: Exercises seen.
            seconds: Of training.
            tasks: (B,) places in `TASKS`.
            losses: (B,) of the exercises.
        """
        np.add.at(self.sums, tasks.numpy(), losses.double().numpy())
        np.add.at(self.counts, tasks.numpy(), 1)
        self.steps += 1
        if self.steps < WINDOW:
            return None
        means = {
            task: float(total / count)
            for task, total, count in zip(TASKS, self.sums, self.counts, strict=True)
            if count
        }
        row = Progress(samples, seconds, means)
        self.rows.append(row)
        write_curve(self.path, self.rows)
        self.sums[:], self.counts[:], self.steps = 0, 0, 0
        return row


def write_curve(path: Path, rows: list[Progress]) -> None:
    """Write a curve as a table with a column a task; empty where a task had no exercise."""
    text = io.StringIO()
    table = csv.writer(text, delimiter="\t", lineterminator="\n")
    table.writerow(["samples", "seconds", *TASKS])
    for row in rows:
        losses = [f"{row.losses[task]:.5g}" if task in row.losses else "" for task in TASKS]
        table.writerow([row.samples, f"{row.seconds:.1f}", *losses])
    with replacing(path) as file:
        file.write(text.getvalue().encode())


def read_curve(path: Path) -> list[Progress]:
    """Read what `write_curve` wrote.

    Raises:
        DataError: It is no such table.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            table = csv.DictReader(file, delimiter="\t")
            if table.fieldnames != ["samples", "seconds", *TASKS]:
                raise ValueError("expected the columns samples, seconds and one a task")
            return [
                Progress(
                    int(row["samples"]),
                    float(row["seconds"]),
                    {task: float(row[task]) for task in TASKS if row[task]},
                )
                for row in table
            ]
    except (OSError, TypeError, ValueError, csv.Error) as error:
        raise DataError(
            f"{shown(path)} is no learning curve ({error}): remove it, and training goes on with a new one"
        ) from error


def read_goes(folder: Path) -> dict[str, list[Progress]]:
    """Curves of a folder by name: the goes of one training (`tuned.tsv`, `tuned-2.tsv`, ...) as one curve.

    Raises:
        DataError: A file is no such table.
    """
    goes = sorted((*_name_and_go(path.stem), path) for path in folder.glob("*.tsv"))
    curves: dict[str, list[Progress]] = {}
    for name, _, path in goes:
        curves.setdefault(name, []).extend(read_curve(path))
    return curves


def _name_and_go(stem: str) -> tuple[str, int]:
    name, dash, go = stem.rpartition("-")
    return (name, int(go)) if dash and go.isdecimal() else (stem, 1)
