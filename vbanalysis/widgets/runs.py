"""The run browser without a view: records of one run, or of two side by side, sorted, filtered, looked at."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from vbanalysis import plugins
from vbanalysis.datasets import DataSet
from vbanalysis.errors import InputError, VbanalysisError
from vbanalysis.evaluation import Comparison, Results, compare, open_run
from vbanalysis.tasks import VisionTask
from vbanalysis.types import Instruction, Sample
from vbanalysis.widgets.answers import answer_panel, error_panel, picture_panel
from vbanalysis.widgets.look import Panel

if TYPE_CHECKING:
    import pandas as pd

STATUSES = ("all", "ok", "failed")


class RecordFilter(NamedTuple):
    """Which records are listed.

    Attributes:
        text: In the id, the prompt or the reason of a failure, capitals or not.
        status: Of the first run; one of `STATUSES`.
        low: Least value in the column that is sorted by, where that is a number.
        high: And largest.
    """

    text: str = ""
    status: str = "all"
    low: float = -math.inf
    high: float = math.inf


class RecordLook(NamedTuple):
    """One sample, looked at.

    Attributes:
        panels: The input, then of each run the picture, what it says and where it errs, if there are such.
        details: Of each run, the record by column; None where it has none.
        problem: Why something is not shown, or "".
    """

    panels: tuple[Panel, ...]
    details: tuple[Mapping[str, Any] | None, ...]
    problem: str


class RunBrowser:
    """One run of `vbanalysis evaluate`, or two of one task.

    Args:
        first: Folder of a run that has come to its end.
        second: Another one on the same data, to be compared with it; or None.

    Attributes:
        runs: One or two.
        names: Of the runs' models; told apart by their folders where they are the same.

    Raises:
        DataError: One of them is no such run.
        InputError: They are of different tasks, other data, or share no scored sample.
        PluginError: The task is not installed.
    """

    def __init__(self, first: str | os.PathLike[str], second: str | os.PathLike[str] | None = None) -> None:
        folders = [first] if second is None else [first, second]
        self.runs: tuple[Results, ...] = tuple(map(open_run, folders))
        self.task = plugins.load("tasks", self.runs[0].about["task"], VisionTask)  # type: ignore[call-overload]
        self.comparisons: tuple[Comparison, ...] = () if second is None else tuple(compare(first, second))
        models = [str(run.about["model"]) for run in self.runs]
        if len(set(models)) < len(models):
            models = [f"{name} in {run.folder.name}" for name, run in zip(models, self.runs, strict=True)]
        self.names = tuple(models)
        self._tables = [run.records().set_index("id") for run in self.runs]

    @property
    def metrics(self) -> tuple[str, ...]:
        """Columns that can be sorted by, the headline first: every number that the records hold."""
        table = self._tables[0]
        numbers = [name for name in table.columns if table[name].dtype.kind in "fiu" and name != "place"]
        told = [name for name in (self.task.headline, *self.task.compared) if name in numbers]
        return tuple(dict.fromkeys([*told, *numbers]))

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of `table`, which can be sorted by."""
        return ("place", "first") if len(self.runs) == 1 else ("place", "first", "second", "difference")

    def table(
        self,
        metric: str,
        *,
        sort: str = "place",
        descending: bool = False,
        where: RecordFilter | None = None,
    ) -> pd.DataFrame:
        """Records by one metric.

        Args:
            metric: One of `metrics`.
            sort: One of `columns`; samples without a number come last.
            descending: Large ones first.
            where: Which are listed; all unless given.

        Returns:
            Columns `id`, `status`, `place`, `first`, and of two runs `second` and `difference`, second minus
            first. Samples of the first run.

        Raises:
            InputError: There is no such metric, column or status.
        """
        where = where or RecordFilter()
        for value, options, name in (
            (metric, self.metrics, "metric"),
            (sort, self.columns, "sort"),
            (where.status, STATUSES, "status"),
        ):
            if value not in options:
                raise InputError(f"{name} must be one of {', '.join(options)}, got {value!r}")
        table = self._tables[0]
        rows = table[["status", "place"]].assign(first=table[metric].astype(float))
        if len(self.runs) == 2:
            other = self._tables[1]
            values = other[metric].astype(float) if metric in other else float("nan") * other.place
            rows["second"] = values.reindex(rows.index)
            rows["difference"] = rows.second - rows["first"]
        keep = np.ones(len(rows), bool)
        if where.status != "all":
            keep &= (rows.status == where.status).to_numpy()
        if where.text.strip():
            keep &= np.array([where.text.strip().casefold() in text for text in self._texts])
        if where.low > -math.inf or where.high < math.inf:
            keep &= rows[sort].between(where.low, where.high).to_numpy()
        rows = rows[keep].sort_values(sort, ascending=not descending, kind="stable", na_position="last")
        return rows.reset_index()

    def differences(self, metric: str) -> np.ndarray:
        """Second minus first over the samples that both have scored, from the least to the largest.

        Raises:
            InputError: There is one run, or no such metric.
        """
        if len(self.runs) == 1:
            raise InputError("there is one run: give two to see differences")
        rows = self.table(metric)
        found = rows.difference.to_numpy(float)
        return np.sort(found[np.isfinite(found)])

    def look(self, sample: str) -> RecordLook:
        """See one sample: what was given, what was answered, where it errs.

        Without the data set there is no input and no error, and `problem` says why.

        Raises:
            InputError: No run has such a sample.
        """
        if not any(sample in table.index for table in self._tables):
            raise InputError(f"no run has a sample {sample!r}")
        problems: list[str] = []
        found = self._sample(sample, problems)
        panels = []
        if found is not None and found.image is not None:
            panels.append(picture_panel("Input", np.asarray(found.image)))
        details = []
        for k in range(len(self.runs)):
            record = self._record(k, sample)
            details.append(record)
            if record is not None:
                panels += self._panels(k, record, found, problems)
        return RecordLook(tuple(panels), tuple(details), "; ".join(dict.fromkeys(problems)))

    @cached_property
    def _texts(self) -> list[str]:
        """What each record of the first run is searched in."""
        table = self._tables[0].reset_index()
        parts = [table[name].fillna("").astype(str) for name in ("id", "prompt", "reason") if name in table]
        return ["\n".join(row).casefold() for row in zip(*parts, strict=True)]

    @cached_property
    def _data(self) -> DataSet | VbanalysisError:
        try:
            return plugins.load("datasets", self.runs[0].about["dataset"], DataSet)  # type: ignore[call-overload]
        except VbanalysisError as error:
            return error

    def _sample(self, sample: str, problems: list[str]) -> Sample | None:
        data = self._data
        try:
            if isinstance(data, VbanalysisError):
                raise data
            return data[sample]
        except VbanalysisError as error:
            problems.append(f"no input and no error are shown: {error}")
            return None

    def _record(self, k: int, sample: str) -> dict[str, Any] | None:
        if sample not in self._tables[k].index:
            return None
        row = self._tables[k].loc[sample]
        return {"id": sample, **{name: value for name, value in row.items() if _is_told(value)}}

    def _panels(
        self, k: int, record: Mapping[str, Any], sample: Sample | None, problems: list[str]
    ) -> list[Panel]:
        run, name, sample_id = self.runs[k], self.names[k], record["id"]
        panels: list[Panel | None] = []
        try:
            instruction = self._instruction(record, sample)
            answer = run.numbers(sample_id)
            if answer is None:
                picture = run.picture(sample_id)
                panels.append(picture_panel(f"{name}: colours", picture))
                if instruction is None or self.task.name in ("generation", "edit"):
                    return [panel for panel in panels if panel is not None]
                answer = self.task.decode(picture, instruction)
            panels.append(answer_panel(f"{name}: decoded", self.task, answer, instruction, sample))
            if sample is not None:
                panels.append(error_panel(f"{name}: error", self.task, answer, sample))
        except VbanalysisError as error:
            problems.append(f"{name}: {error}")
        return [panel for panel in panels if panel is not None]

    def _instruction(self, record: Mapping[str, Any], sample: Sample | None) -> Instruction | None:
        if sample is None:
            # These two ask the same of every sample.
            same = self.task.name in ("depth", "normals")
            return self.task.instruction(Sample(record["id"], None)) if same else None
        if isinstance(description := record.get("description"), str):
            sample = replace(sample, phrase=description)
        return self.task.instruction(sample)


def _is_told(value: Any) -> bool:
    """Whether a value of a record is something to read: no list of counts, nothing missing."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, str | int | bool | np.integer | np.floating | np.bool_)
