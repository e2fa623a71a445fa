"""One executed notebook as the body of an HTML page that needs nothing from the network."""

from __future__ import annotations

import base64
import mimetypes
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from vbanalysis.errors import SuiteError
from vbanalysis.suite._math import draw_formulas

ERROR_MARKER = "papermill-error-cell-tag"
TEMPLATES = Path(__file__).parent / "template"

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


def notebook_body(path: Path, *, source: Path, report: Path, pages: Collection[str]) -> str:
    """Render an executed notebook.

    Args:
        path: The executed notebook.
        source: The notebook it was made from: its relative links start there.
        report: Folder of the page.
        pages: Names of the notebooks that have a page of their own.

    Returns:
        HTML, without a head.

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
    exporter = HTMLExporter(
        template_name="notebook",
        extra_template_basedirs=[str(TEMPLATES)],
        config=Config({"NbConvertBase": {"display_data_priority": PRIORITY}}),
    )
    html, _ = exporter.from_notebook_node(notebook)
    body = BeautifulSoup(html, "html.parser")
    for element in body.select("script, link"):
        element.decompose()
    for link in body.select("a[href]"):
        _relink(link, source.parent, report, pages)
    for image in body.select("img[src]"):
        _embed(image, source.parent)
    draw_formulas(body)
    return str(body)


def _relink(link: Any, folder: Path, report: Path, pages: Collection[str]) -> None:
    """Let a relative link of the notebook reach its target from the page."""
    parts = urlsplit(link["href"])
    if parts.scheme or parts.netloc or not parts.path:
        return
    target = (folder / unquote(parts.path)).resolve()
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    if target.suffix == ".ipynb" and target.parent == folder.resolve() and target.stem in pages:
        link["href"] = quote(f"{target.stem}.html") + fragment
    elif target.exists():
        link["href"] = quote(Path(os.path.relpath(target, report)).as_posix()) + fragment
    else:
        del link["href"]


def _embed(image: Any, folder: Path) -> None:
    """Put a picture into the page, or its description where it lies elsewhere."""
    address = image["src"]
    if not address.startswith("data:"):
        file = folder / unquote(urlsplit(address).path)
        if urlsplit(address).scheme or not file.is_file():
            image.replace_with(f"[picture: {image.get('alt') or address}]")
            return
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        image["src"] = f"data:{kind};base64,{base64.b64encode(file.read_bytes()).decode()}"
    image["title"] = image.get("title") or image["alt"]
