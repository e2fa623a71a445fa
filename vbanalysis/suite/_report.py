"""The report: static pages that show what the last run of each notebook found.

Everything a page needs lies in the page or beside it, so the folder can be opened
from a disk, moved, or put on any web server.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from vbanalysis.errors import SuiteError
from vbanalysis.paths import figures_dir, replacing
from vbanalysis.suite._config import Notebook, Suite
from vbanalysis.suite._figures import Figure, find_figures
from vbanalysis.suite._page import notebook_body
from vbanalysis.suite._results import NotebookRun, read_results

TEMPLATES = Path(__file__).parent / "template"


@dataclass(frozen=True)
class _Thumbnail:
    title: str
    picture: str
    link: str


@dataclass(frozen=True)
class _Entry:
    notebook: Notebook
    run: NotebookRun | None
    page: str | None
    figures: tuple[_Thumbnail, ...]

    @property
    def status(self) -> str:
        return self.run.status if self.run else "not run"


def write_report(
    suite: Suite,
    *,
    results: str | Path = "build/suite",
    figures: str | Path | None = None,
    out: str | Path = "build/report",
) -> Path:
    """Write an index of all notebooks and a page for each that has run.

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
    pages = frozenset(name for name, run in runs.items() if run.notebook and run.notebook.is_file())
    entries = []
    for notebook in suite.notebooks:
        run = runs.get(notebook.name)
        origin = Path(figures) if figures is not None else (run and run.figures) or figures_dir()
        found = find_figures(origin / notebook.name) if run else []
        thumbnails = tuple(_copied(figure, folder, notebook.name) for figure in found)
        page = f"{notebook.name}.html" if notebook.name in pages else None
        entries.append(_Entry(notebook, run, page, thumbnails))
    templates = _templates()
    for entry in entries:
        if entry.page and entry.run and entry.run.notebook:
            body = notebook_body(entry.run.notebook, source=entry.notebook.path, report=folder, pages=pages)
            _write(
                folder / entry.page, templates.get_template("notebook.html.j2").render(entry=entry, body=body)
            )
    passed = sum(entry.status == "passed" for entry in entries)
    index = folder / "index.html"
    _write(index, templates.get_template("index.html.j2").render(entries=entries, passed=passed))
    return index


def _copied(figure: Figure, report: Path, name: str) -> _Thumbnail:
    beside = report / "figures" / name
    beside.mkdir(parents=True, exist_ok=True)
    links = []
    for file in (figure.png, figure.pdf or figure.png):
        if file != beside / file.name:
            shutil.copyfile(file, beside / file.name)
        links.append(quote(f"figures/{name}/{file.name}"))
    return _Thumbnail(figure.title, *links)


def _templates() -> Any:
    import jinja2
    from pygments.formatters import HtmlFormatter

    light = HtmlFormatter(style="default").get_style_defs(".highlight")
    dark = HtmlFormatter(style="github-dark").get_style_defs(".highlight")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["code_style"] = f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}"
    environment.filters["duration"] = _duration
    environment.filters["literal"] = repr
    return environment


def _duration(seconds: float) -> str:
    """A duration as people say it.

    >>> _duration(3.21), _duration(125)
    ('3.2 s', '2 min 5 s')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def _write(path: Path, text: str) -> None:
    with replacing(path) as file:
        file.write(text.encode("utf-8"))
