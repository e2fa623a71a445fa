"""What became of each notebook, and `results.json`, which keeps it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from vbanalysis.errors import SuiteError
from vbanalysis.paths import homeless, replacing

FILE = "results.json"
Status = Literal["passed", "failed", "timed out", "no kernel", "skipped"]


@dataclass(frozen=True)
class Cause:
    """Why a notebook did not pass.

    Attributes:
        exception: Name of the exception.
        message: Of the exception.
        cell: The n of `In [n]`, or None where no cell had begun.
        source: First lines of that cell.
        traceback: Last lines of the traceback, without the message.
    """

    exception: str
    message: str
    cell: int | None = None
    source: str = ""
    traceback: str = ""

    def __str__(self) -> str:
        parts = [] if self.cell is None else [f"cell {self.cell}:\n{_indented(self.source)}"]
        if self.traceback:
            parts.append(_indented(self.traceback))
        return "\n".join([*parts, f"{self.exception}: {self.message}"])


@dataclass(frozen=True)
class NotebookRun:
    """One notebook, run once.

    Attributes:
        name: Of the notebook.
        profile: `"quick"` or `"full"`.
        status: `"passed"`, `"failed"`, `"timed out"`, `"no kernel"` (none would start, twice)
            or `"skipped"` (an earlier notebook failed).
        seconds: Wall time.
        parameters: Value of every declared parameter.
        cause: Why it did not pass, or None.
        attempts: How many kernels were started: 2 where the first did not come up.
        notebook: The executed notebook, or None where there is none.
        log: What the kernel and papermill wrote, or None.
        figures: The folder handed over for figures, or None where the default held.
        finished: ISO date and time, UTC.
        versions: Of Python and of the packages that matter.
        machine: Its class: system, cores, memory; empty in older records.
    """

    name: str
    profile: str
    status: Status
    seconds: float
    parameters: Mapping[str, Any]
    cause: Cause | None
    attempts: int
    notebook: Path | None
    log: Path | None
    figures: Path | None
    finished: str
    versions: Mapping[str, str]
    machine: str = ""


def read_results(folder: Path) -> list[NotebookRun]:
    """The runs recorded in a folder.

    Args:
        folder: That `run` was given as `out`.

    Raises:
        SuiteError: There are none, or the file is damaged.
    """
    file = folder / FILE
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))["notebooks"]
        return [_from_row(row, folder) for row in rows]
    except FileNotFoundError:
        raise SuiteError(f"there is no {file}: run  vbanalysis suite run  first") from None
    except (ValueError, TypeError, KeyError) as error:
        raise SuiteError(f"{file} is damaged ({error}): delete it and run the suite again") from error


def write_results(folder: Path, runs: Iterable[NotebookRun]) -> None:
    """Replace `results.json`, whole or not at all."""
    rows = [_to_row(run) for run in runs]
    with replacing(folder / FILE) as file:
        file.write(json.dumps({"notebooks": rows}, indent=2, ensure_ascii=False).encode() + b"\n")


def _to_row(run: NotebookRun) -> dict[str, Any]:
    row = asdict(run)
    # File names alone, so that the folder can be moved.
    row["notebook"] = run.notebook and run.notebook.name
    row["log"] = run.log and run.log.name
    row["figures"] = run.figures and str(run.figures)
    return dict(json.loads(homeless(json.dumps(row))))


def _from_row(row: dict[str, Any], folder: Path) -> NotebookRun:
    run = NotebookRun(**row)
    return replace(
        run,
        cause=run.cause and Cause(**row["cause"]),
        notebook=run.notebook and folder / run.notebook,
        log=run.log and folder / run.log,
        figures=run.figures and Path(run.figures).expanduser(),
    )


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
