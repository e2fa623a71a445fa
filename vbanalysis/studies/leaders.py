"""Who is best at a task among models on the same samples, and whether that is shown."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from vbanalysis.evaluation import compare
from vbanalysis.stats import Estimate

_COLUMNS = {"giou": "iou"}
"""Headlines that are a mean of a column by another name."""


class Leader(NamedTuple):
    """Who has the best figure of a task, and whether it is shown to be better than the next.

    Attributes:
        task: Of the models.
        metric: The task's headline.
        model: With the best figure; references do not count.
        figure: Its own.
        of: How many models answered.
        second: With the next best, or None where there is none.
        lead: By how much the figure is better than the next, on the samples that both answered, the same
            samples drawn for both; positive is better, also where less is.
    """

    task: str
    metric: str
    model: str
    figure: Estimate
    of: int
    second: str | None
    lead: Estimate | None

    @property
    def told_apart(self) -> bool:
        """Whether the interval of the lead leaves out 0."""
        return self.lead is not None and not self.lead.is_range and self.lead.low > 0


def leaders(table: pd.DataFrame, folder: Path) -> list[Leader]:
    """The best of each task among the models that answer, beside the next best.

    Args:
        table: From `studies.zoo.measured`.
        folder: Of its runs.
    """
    found = []
    answering = table[(table.model != "oracle") & table.value.notna()]
    for task, rows in answering.groupby("task", sort=False):
        less_is_better = task == "normals"
        rows = rows.sort_values("value", ascending=less_is_better, kind="stable")
        best = rows.iloc[0]
        figure = Estimate(best["value"], best["low"], best["high"], int(best["n"]))
        second, lead = None, None
        if len(rows) > 1:
            places = [folder / f"{task}-{k}" for k in rows.index[:2]]
            by_name = {each.metric.removeprefix("pooled "): each for each in compare(places[1], places[0])}
            second, lead = str(rows.model.iloc[1]), by_name[_COLUMNS.get(best.metric, best.metric)].difference
            if less_is_better:
                lead = lead._replace(value=-lead.value, low=-lead.high, high=-lead.low)
        found.append(Leader(str(task), best.metric, best.model, figure, len(rows), second, lead))
    return found
