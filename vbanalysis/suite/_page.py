"""One executed notebook as the body of an HTML page that needs nothing from the network."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from vbanalysis.errors import SuiteError
from vbanalysis.suite._clean import Heading, box_wide_parts, make_harmless, make_ids_unique, order_headings
from vbanalysis.suite._figures import Figure
from vbanalysis.suite._math import draw_formulas
from vbanalysis.suite._media import Media

ERROR_MARKER = "papermill-error-cell-tag"
TEMPLATES = Path(__file__).parent / "template"
# Of the page around it.
PAGE_IDS = frozenset({"content", "theme", "contents"})

# Widgets and scripts need a kernel or a network; each of them comes with a plainer form of itself.
PRIORITY = [
    "text/html",
    "text/markdown",
    "image/svg+xml",
    "image/png",
    "image/jpeg",
    "text/latex",
    "text/plain",
]


# How the code of a notebook gets at results that took long and are kept in `data/`.
_READS_KEPT = re.compile(r"\bread_kept\(|\bresults\.tsv\b|\bfindings\(\)")


@dataclass(frozen=True)
class Body:
    """A rendered notebook.

    Attributes:
        html: Without a head.
        answer: HTML of what its last cell says, without pictures; empty where it says nothing.
        headings: Of the second level.
        has_title: Whether there is a heading at all.
        reads_kept: Whether its code reads kept results, so that not all it says was measured in this run.
    """

    html: str
    answer: str
    headings: tuple[Heading, ...]
    has_title: bool
    reads_kept: bool


def notebook_body(
    path: Path, *, source: Path, media: Media, pages: Collection[str], figures: Collection[Figure] = ()
) -> Body:
    """Render an executed notebook.

    Args:
        path: The executed notebook.
        source: The notebook it was made from: its relative links start there.
        media: Takes the pictures.
        pages: Names of the notebooks that have a page of their own.
        figures: Those that it saved: their captions describe what its cells drew.

    Raises:
        SuiteError: The notebook cannot be read.
    """
    import nbformat
    from bs4 import BeautifulSoup
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception as error:
        raise SuiteError(f"{path} cannot be read as a notebook ({error}): run it again") from error
    # papermill frames a failing cell with banners; the page says so itself, on top.
    notebook.cells = [cell for cell in notebook.cells if ERROR_MARKER not in cell.metadata.get("tags", [])]
    _caption_outputs(notebook, figures)
    exporter = HTMLExporter(
        template_name="notebook",
        extra_template_basedirs=[str(TEMPLATES)],
        config=Config({"NbConvertBase": {"display_data_priority": PRIORITY}}),
    )
    html, _ = exporter.from_notebook_node(notebook)
    body = BeautifulSoup(html, "html.parser")
    make_harmless(body)
    for link in body.select("a[href]"):
        _relink(link, source.parent, media.report, pages)
    for image in body.select("img"):
        _place(image, source.parent, media)
    draw_formulas(body)
    make_ids_unique(body, PAGE_IDS)
    headings = order_headings(body)
    box_wide_parts(body)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    return Body(
        html=str(body),
        answer=_answer(body),
        headings=headings,
        has_title=body.find("h1") is not None,
        reads_kept=_READS_KEPT.search(code) is not None,
    )


def _caption_outputs(notebook: Any, figures: Collection[Figure]) -> None:
    """Describe what a cell drew by the captions of the figures that it names, where these are as many."""
    captions = {figure.name: figure.caption for figure in figures}
    heading = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            found = re.findall(r"^#+\s+(.+)$", cell.source, re.MULTILINE)
            heading = found[-1].strip(" #") if found else heading
        if cell.cell_type != "code":
            continue
        drawn = [
            (output, kind)
            for output in cell.outputs
            for kind in ("image/png", "image/jpeg", "image/svg+xml")
            if kind in output.get("data", {})
        ]
        named = [
            captions[name]
            for name in re.findall(r"""["'](?:\{NOTEBOOK\}/)?([\w-]+)["']""", cell.source)
            if name in captions
        ]
        for number, (output, kind) in enumerate(drawn):
            about = f"Figure of cell {cell.execution_count or '?'}" + (f", {heading}" if heading else "")
            words = named[number] if len(named) == len(drawn) else about
            output.setdefault("metadata", {}).setdefault(kind, {}).setdefault("alt", words)


def _answer(body: Any) -> str:
    from bs4 import BeautifulSoup

    cells = body.select(".output_wrapper, .text_cell_render")
    if not cells:
        return ""
    answer = BeautifulSoup(str(cells[-1]), "html.parser")
    for element in answer.select(
        "img, style, table, .output_error, .output_stderr, .anchor-link, h1, h2, h3, h4, h5, h6"
    ):
        element.decompose()
    for element in answer.find_all(id=True):
        del element["id"]
    for link in answer.select('a[href^="#"]'):
        link.unwrap()
    for box in answer.select(".scroll"):
        box.decompose()
    for block in answer.select("pre"):
        # Columns made of blanks need letters of one width.
        if re.search(r"\S {3,}\S", block.get_text()):
            block["class"] = "aligned"
    return str(answer) if answer.get_text(strip=True) else ""


def _relink(link: Any, folder: Path, report: Path, pages: Collection[str]) -> None:
    """Let a relative link of the notebook reach its target from the page."""
    try:
        parts = urlsplit(link["href"])
        target = (folder / unquote(parts.path)).resolve()
        exists = target.exists()
    except (ValueError, OSError):
        del link["href"]
        return
    if parts.scheme or parts.netloc or not parts.path:
        return
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    if target.suffix == ".ipynb" and target.parent == folder.resolve() and target.stem in pages:
        link["href"] = quote(f"{target.stem}.html") + fragment
    elif exists:
        link["href"] = quote(Path(os.path.relpath(target, report)).as_posix()) + fragment
    else:
        del link["href"]


def _place(image: Any, folder: Path, media: Media) -> None:
    """Put a picture beside the pages, or its description where it cannot be had."""
    address = image.get("src") or ""
    words = image.get("alt") or image.get("title") or "Picture in an output"
    kept = None
    if address.startswith("data:"):
        kept = media.from_address(address)
    elif address and not urlsplit(address).scheme and not urlsplit(address).netloc:
        file = folder / unquote(urlsplit(address).path)
        kept = media.picture(file.read_bytes()) if file.is_file() else None
    if kept is None:
        image.replace_with(f"[picture: {words}]")
        return
    image["src"], image["alt"], image["loading"] = kept.address, words, "lazy"
    if kept.width and kept.height:
        wide = image.get("width")
        if wide and str(wide).isdigit() and int(wide):
            image["height"] = str(round(kept.height * int(wide) / kept.width))
        else:
            image["width"], image["height"] = str(kept.width), str(kept.height)
