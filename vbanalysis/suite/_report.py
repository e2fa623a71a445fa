"""The report: static pages that show what was found, and what the last run of each notebook says.

Everything a page needs lies in the page or beside it, so the folder can be opened
from a disk, moved, or put on any web server.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vbanalysis.errors import SuiteError
from vbanalysis.paths import figures_dir
from vbanalysis.suite._config import Notebook, Suite
from vbanalysis.suite._figures import Figure, Origin, Shelf, Table, read_shelf
from vbanalysis.suite._findings import DRAWN_BY, Finding, Topic, read_findings
from vbanalysis.suite._media import Media, Picture
from vbanalysis.suite._page import Body, notebook_body
from vbanalysis.suite._results import NotebookRun, read_results
from vbanalysis.suite._theme import templates

ROWS_SHOWN = 60


@dataclass(frozen=True)
class _Shown:
    """A figure or a table as the pages show it; a figure that cannot be read has no picture."""

    name: str
    caption: str
    origin: Origin
    picture: Picture | None
    links: tuple[tuple[str, str], ...]
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    n_rows: int = 0


@dataclass(frozen=True)
class _Entry:
    notebook: Notebook
    run: NotebookRun | None
    page: str | None
    body: Body | None
    shelf: Shelf
    figures: tuple[_Shown, ...]
    tables: tuple[_Shown, ...]

    @property
    def status(self) -> str:
        return self.run.status if self.run else "not run"

    @property
    def command(self) -> str:
        """What runs it again, but for parameters given by hand."""
        profile = f" --profile {self.run.profile}" if self.run else ""
        return f"vbanalysis suite run --only {self.notebook.name}{profile}"


@dataclass(frozen=True)
class _Card:
    topic: Topic
    findings: tuple[Finding, ...]
    figure: _Shown | None
    page: str | None


def write_report(
    suite: Suite,
    *,
    results: str | Path = "build/suite",
    figures: str | Path | None = None,
    out: str | Path = "build/report",
) -> Path:
    """Write an overview, a page for each notebook that has run, and pages of figures, tables and versions.

    Args:
        suite: From `load_suite`.
        results: The folder that `run` wrote to.
        figures: The folder of the figures; by default the one that each run was given.
        out: Folder of the pages; those already there are replaced.

    Returns:
        The path of `index.html`.

    Raises:
        SuiteError: Nothing has run yet, or what a run left is damaged.
    """
    runs = {run.name: run for run in read_results(Path(results).expanduser().resolve())}
    folder = Path(out).expanduser().resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SuiteError(f"out: cannot make the folder {folder}: {error.strerror}") from error
    media = Media(folder)
    pages = frozenset(name for name, run in runs.items() if run.notebook and run.notebook.is_file())
    entries = [
        _entry(notebook, runs.get(notebook.name), figures, media, pages) for notebook in suite.notebooks
    ]
    cards, trouble = _cards(entries)
    environment = templates()
    common = {"entries": entries, "names": {entry.notebook.name: entry for entry in entries}}
    for position, entry in enumerate(entries):
        if entry.page and entry.body:
            page = environment.get_template("notebook.html.j2").render(
                common, entry=entry, body=entry.body, around=_around(entries, position)
            )
            media.page(entry.page, page)
    for name in ("figures", "tables", "environment"):
        media.page(
            f"{name}.html",
            environment.get_template(f"{name}.html.j2").render(common, versions=_versions(entries)),
        )
    overview = environment.get_template("index.html.j2").render(
        common, cards=cards, trouble=trouble, passed=sum(entry.status == "passed" for entry in entries)
    )
    media.page("index.html", overview)
    media.finish()
    return folder / "index.html"


def _entry(
    notebook: Notebook,
    run: NotebookRun | None,
    figures: str | Path | None,
    media: Media,
    pages: frozenset[str],
) -> _Entry:
    origin = Path(figures).expanduser() if figures is not None else (run and run.figures) or figures_dir()
    shelf = read_shelf(origin / notebook.name)
    page = body = None
    if run and run.notebook and notebook.name in pages:
        page = f"{notebook.name}.html"
        body = notebook_body(
            run.notebook, source=notebook.path, media=media, pages=pages, figures=shelf.figures
        )
    return _Entry(
        notebook,
        run,
        page,
        body,
        shelf,
        tuple(_shown_figure(figure, media, notebook.name) for figure in shelf.figures),
        tuple(_shown_table(table, media, notebook.name) for table in shelf.tables),
    )


def _shown_figure(figure: Figure, media: Media, folder: str) -> _Shown:
    picture = media.picture(figure.png.read_bytes())
    links = [("PDF", figure.pdf)] if figure.pdf else [("PNG", figure.png)]
    addresses = tuple((kind, media.copy(file, f"figures/{folder}/{file.name}")) for kind, file in links)
    return _Shown(figure.name, figure.caption, figure.origin, picture, addresses)


def _shown_table(table: Table, media: Media, folder: str) -> _Shown:
    with table.csv.open(encoding="utf-8", errors="replace", newline="") as file:
        try:
            rows = [tuple(row) for row in csv.reader(file)]
        except csv.Error:
            rows = []
    files = [("CSV", table.csv), *([("LaTeX", table.tex)] if table.tex else [])]
    links = tuple((kind, media.copy(file, f"figures/{folder}/{file.name}")) for kind, file in files)
    head, body = (rows[0], rows[1:]) if rows else ((), [])
    return _Shown(
        table.name, table.caption, table.origin, None, links, head, tuple(body[:ROWS_SHOWN]), len(body)
    )


def _cards(entries: list[_Entry]) -> tuple[list[_Card], str]:
    """The findings with their figures, where this suite is the one that they come from."""
    by_name = {entry.notebook.name: entry for entry in entries}
    if DRAWN_BY not in by_name:
        return [], ""
    found, trouble = read_findings()
    drawn = {figure.name: figure for figure in by_name[DRAWN_BY].figures}
    cards = []
    for topic, rows in found.items():
        entry = by_name.get(topic.notebook)
        cards.append(_Card(topic, tuple(rows), drawn.get(topic.figure), entry.page if entry else None))
    return cards, trouble


def _around(entries: list[_Entry], position: int) -> tuple[_Entry | None, _Entry | None]:
    """The nearest notebooks before and after that have a page."""

    before = next((entry for entry in reversed(entries[:position]) if entry.page), None)
    after = next((entry for entry in entries[position + 1 :] if entry.page), None)
    return before, after


def _versions(entries: list[_Entry]) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Package -> version -> the notebooks that ran with it."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for entry in entries:
        for package, version in (entry.run.versions if entry.run else {}).items():
            of = found.setdefault(package, {})
            of[version] = (*of.get(version, ()), entry.notebook.name)
    return found
