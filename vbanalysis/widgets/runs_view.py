"""The run browser in a browser: menus, a list and pictures around `RunBrowser`."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from vbanalysis.errors import VbanalysisError
from vbanalysis.widgets.charts import Axis, Series, chart
from vbanalysis.widgets.controls import (
    labelled,
    message_html,
    pictures_widget,
    row,
    show_panels,
    style_box,
)
from vbanalysis.widgets.look import figures_html, needed
from vbanalysis.widgets.runs import STATUSES, RecordFilter, RecordLook, RunBrowser

_LISTED = 500
"""Records that the list holds at once; the rest is found by sorting and filtering."""


class RunView:
    """Menus that sort and filter, a list of records, and what the chosen one looks like.

    Attributes:
        browser: The model.
        controls: The widgets by name.
        records: The list.
        pictures: Of the chosen record.
        widget: All of it.
    """

    def __init__(self, browser: RunBrowser) -> None:
        w = needed("ipywidgets")
        self.browser = browser
        self.controls = {
            "metric": labelled(w.Dropdown, "metric", browser.metrics[0], options=browser.metrics),
            "sort": labelled(w.Dropdown, "sort by", "first", options=_sorts(browser)),
            "order": labelled(w.Dropdown, "order", browser.task.larger_is_better, options=_ORDERS),
            "status": labelled(w.Dropdown, "status", "all", options=STATUSES),
            "text": labelled(w.Text, "contains", "", placeholder="id, prompt or reason"),
            "low": labelled(w.Text, "from", "", placeholder="any value"),
            "high": labelled(w.Text, "to", "", placeholder="any value"),
        }
        self.records = w.Select(
            options=(),
            description="records",
            rows=10,
            style={"description_width": "6rem"},
            layout={"width": "auto", "max_width": "60rem"},
        )
        self._listing, self._shown = False, ""
        self.count, self.details, self.differences = w.HTML(), w.HTML(), w.HTML()
        self.pictures = pictures_widget()
        for control in self.controls.values():
            control.observe(lambda _: self.update(), "value")
        self.records.observe(lambda _: self.look(), "value")
        comparison = [w.HTML(_compared(browser))] if browser.comparisons else []
        self.widget = style_box(
            w.HTML(figures_html(_about(browser))),
            *comparison,
            row(list(self.controls.values())),
            self.count,
            self.records,
            self.pictures,
            self.details,
            self.differences,
        )
        self.update()

    def update(self) -> None:
        """List the records anew; the chosen one stays chosen while it is listed."""
        said = {name: control.value for name, control in self.controls.items()}
        try:
            where = RecordFilter(
                said["text"], said["status"], _number(said["low"], -math.inf), _number(said["high"], math.inf)
            )
            found = self.browser.table(
                said["metric"], sort=said["sort"], descending=not said["order"], where=where
            )
        except (VbanalysisError, ValueError) as error:
            self.count.value = message_html(str(error))
            return
        told = f"{len(found)} of {self.browser.runs[0].n_samples} records"
        if len(found) > _LISTED:
            told += f", the first {_LISTED} are listed"
        told += f"; in each line {_columns(self.browser, said['metric'])}"
        self.count.value = f'<p role="status">{escape(told)}</p>'
        chosen = self.records.value
        shown = found.head(_LISTED)
        options = _lines(list(shown.itertuples()))
        ids = [each for _, each in options]
        self._listing = True
        try:
            self.records.options = options
            self.records.value = chosen if chosen in ids else next(iter(ids), None)
        finally:
            self._listing = False
        if self.records.value != self._shown:
            self.look()
        if len(self.browser.runs) == 2:
            self.differences.value = _differences(self.browser, said["metric"])

    def look(self) -> None:
        """Show the chosen record."""
        if self._listing:
            return
        self._shown = self.records.value
        if self.records.value is None:
            show_panels(self.pictures, ())
            self.details.value = ""
            return
        found = self.browser.look(self.records.value)
        show_panels(self.pictures, found.panels)
        problem = message_html(found.problem) if found.problem else ""
        self.details.value = problem + _details(self.browser, found)


def browse_runs(first: str | os.PathLike[str], second: str | os.PathLike[str] | None = None) -> Any:
    """Leaf through a run of `vbanalysis evaluate`, or through two with their differences.

    Args:
        first: Folder of a run that has come to its end.
        second: Another one on the same data; or None.

    Returns:
        A widget: the last line of a cell shows it.

    Raises:
        DataError: One of them is no such run.
        InputError: They cannot be compared.
        MissingDependencyError: A package for widgets is not installed.
    """
    return RunView(RunBrowser(first, second)).widget


_ORDERS = (("small first", True), ("large first", False))


def _sorts(browser: RunBrowser) -> tuple[tuple[str, str], ...]:
    names = {"place": "place in the data"}
    names |= {"first": "metric"} if len(browser.runs) == 1 else {"first": f"metric of {browser.names[0]}"}
    if len(browser.runs) == 2:
        names |= {"second": f"metric of {browser.names[1]}", "difference": "difference"}
    return tuple((names[column], column) for column in browser.columns)


def _number(text: str, otherwise: float) -> float:
    """A number that a user wrote.

    Raises:
        ValueError: It is none.
    """
    try:
        value = float(text) if text.strip() else otherwise
    except ValueError as error:
        raise ValueError(
            f"{text!r} is no number: write one such as 0.25, or leave the field empty"
        ) from error
    return otherwise if math.isnan(value) else value


def _columns(browser: RunBrowser, metric: str) -> str:
    """What the numbers of a line are."""
    if len(browser.runs) == 1:
        return f"the {metric}"
    return f"the {metric} of {browser.names[0]}, of {browser.names[1]}, and the difference"


def _lines(records: Sequence[Any]) -> list[tuple[str, str]]:
    """Records as lines with their ids: columns of one width, by blanks that a browser does not join."""
    rows = [
        (str(record.id), *_values(record), "" if record.status == "ok" else "failed") for record in records
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for name, *values in rows:
        told = [value.rjust(width) for value, width in zip(values, widths[1:], strict=True)]
        lines.append(("  ".join([name.ljust(widths[0]), *told]).rstrip().replace(" ", "\u00a0"), name))
    return lines


def _values(record: Any) -> list[str]:
    values = [record.first]
    if hasattr(record, "difference"):
        values += [record.second, record.difference]
    return ["–" if math.isnan(value) else f"{value:.4g}" for value in values]


def _about(browser: RunBrowser) -> dict[str, str]:
    told = {"task": str(browser.runs[0].about["task"]), "data": str(browser.runs[0].about["dataset"])}
    for name, run in zip(browser.names, browser.runs, strict=True):
        headline = run.figures.get(browser.task.headline) or next(iter(run.figures.values()), None)
        figure = next((each for each in run.figures if run.figures[each] is headline), "")
        value = (
            f"{figure} {headline.value:.4g} [{headline.low:.4g}, {headline.high:.4g}] n={headline.n}"
            if headline is not None
            else "nothing scored"
        )
        told[name] = f"{value}, {run.n_failed} failed"
    return {**told, "protocol": browser.runs[0].protocol}


def _compared(browser: RunBrowser) -> str:
    rows = "".join(
        f"<tr><td>{escape(each.metric)}</td><td>{each.first:.4g}</td><td>{each.second:.4g}</td>"
        f"<td>{each.difference.value:+.4g} [{each.difference.low:+.4g}, {each.difference.high:+.4g}]</td>"
        f"<td>{each.difference.n}</td><td>{each.p_holm:.3g}</td></tr>"
        for each in browser.comparisons
    )
    heads = ("metric", *browser.names, "difference [95 %]", "n", "p, Holm")
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    return (
        '<div class="vba-scroll"><table class="vba-compared">'
        "<caption>Paired differences, second minus first, on the samples that both have scored</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _details(browser: RunBrowser, found: RecordLook) -> str:
    names = list(dict.fromkeys(name for record in found.details if record for name in record))
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        + "".join(f"<td>{escape(_told(record, name))}</td>" for record in found.details)
        + "</tr>"
        for name in names
        if name != "id"
    )
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in ("record", *browser.names))
    return (
        '<details><summary>The whole record</summary><div class="vba-scroll"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></details>"
    )


def _told(record: Any, name: str) -> str:
    value = None if record is None else record.get(name)
    if value is None:
        return "–"
    return f"{value:.5g}" if isinstance(value, float | np.floating) else str(value)


def _differences(browser: RunBrowser, metric: str) -> str:
    found = browser.differences(metric)
    if not found.size:
        return ""
    most = float(np.abs(found).max()) or 1.0
    better = float(np.mean(found > 0)), float(np.mean(found < 0))
    title = (
        f"Differences in {metric} of {found.size} samples, second minus first, sorted: above 0 in "
        f"{100 * better[0]:.0f} %, below in {100 * better[1]:.0f} %"
    )
    drawn = chart(
        title,
        Axis("samples, from the least to the largest", 0, max(found.size - 1, 1)),
        Axis("difference", -most, most),
        [Series("", np.arange(found.size), found, "dots")],
    )
    return f'<div class="vba-panels vba-charts">{drawn}</div>'
