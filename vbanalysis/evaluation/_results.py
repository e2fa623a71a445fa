"""What a run has found: its records as a table, its figures with intervals."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vbanalysis.errors import DataError
from vbanalysis.evaluation._folder import RunFolder
from vbanalysis.paths import replacing, shown
from vbanalysis.stats import Estimate
from vbanalysis.tasks import VisionTask

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Results:
    """Of a run that has come to its end.

    Attributes:
        folder: Of the run.
        about: What `run.json` says: specs, seed, versions, plugins.
        figures: The aggregates by name, each with its interval over samples, or over scenes.
        protocol: What they mean, in a line.
        n_samples: Samples of the run.
        n_failed: Those of them that failed; they are in no figure.
    """

    folder: Path
    about: Mapping[str, Any]
    figures: Mapping[str, Estimate]
    protocol: str
    n_samples: int
    n_failed: int

    def records(self) -> pd.DataFrame:
        """One row a sample, in the order of the data set: id, status, metrics, digests, timings."""
        import pandas as pd

        path = self.folder / "records.parquet"
        try:
            return pd.read_parquet(path)
        except (OSError, ValueError) as error:
            raise DataError(f"{shown(path)} cannot be read: {' '.join(str(error).split())}") from error

    def picture(self, sample: str) -> np.ndarray:
        """The (h, w, 3) uint8 picture that was generated for a sample.

        Raises:
            DataError: None is kept, since the sample failed or is not of the run.
        """
        found = self._outputs.read_output(sample)
        if found is None:
            raise DataError(f"{shown(self.folder)} holds no picture of {sample!r}")
        return found

    def picture_file(self, sample: str) -> Path:
        """Where the picture of a sample, by its id, is kept; there is no such file where none is."""
        return self._outputs.output(sample)

    def numbers(self, sample: str) -> np.ndarray | None:
        """What a specialist said to a sample, as `Specialist.predict` gives it; None if that is a picture.

        Raises:
            DataError: It is damaged.
        """
        return self._outputs.read_numbers(sample)

    @property
    def _outputs(self) -> RunFolder:
        return RunFolder(self.about.get("pictures_of") or self.folder)


def open_run(folder: str | os.PathLike[str]) -> Results:
    """Open a run that has come to its end.

    Args:
        folder: Of the run.

    Returns:
        Its figures; the records and the pictures are read when they are asked for.

    Raises:
        DataError: There is none, or its files are damaged.
    """
    run = RunFolder(folder)
    about, summary = run.about(), run.summary()
    try:
        figures = {
            name: Estimate(*(each[part] for part in Estimate._fields))
            for name, each in summary["metrics"].items()
        }
        return Results(
            run.path, about, figures, summary["protocol"], summary["n_samples"], summary["n_failed"]
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"summary.json of {shown(folder)} is damaged: it lacks {error}") from error


def finish(folder: RunFolder, task: VisionTask, n: int) -> Results:
    """Make `records.parquet` and `summary.json` of a journal, for the first `n` places.

    What is written depends on the records alone, not on the order in which they were finished.
    """
    import pandas as pd

    latest = {record["place"]: record for record in folder.records() if record["place"] < n}
    rows = [latest[place] for place in sorted(latest)]
    scored = [row for row in rows if row["status"] == "ok"]
    figures = task.aggregate(scored) if scored else {}
    with replacing(folder.path / "records.parquet") as file:
        pd.DataFrame(rows).to_parquet(file, index=False)
    folder.write_summary(
        {
            "task": task.name,
            "protocol": task.protocol,
            "n_samples": len(rows),
            "n_failed": len(rows) - len(scored),
            "metrics": {
                name: {**each._asdict(), "protocol": task.protocol} for name, each in figures.items()
            },
        }
    )
    return open_run(folder.path)
