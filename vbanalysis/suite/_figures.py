"""The figures that a notebook wrote: `figures/NOTEBOOK/NAME.png`, `.pdf` and a `manifest.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Figure:
    """A figure on disk; `pdf` is None where there is none, `title` is never empty."""

    title: str
    png: Path
    pdf: Path | None


def find_figures(folder: Path) -> list[Figure]:
    """The figures of one notebook, by name; none where the folder is not there."""
    manifest = _manifest(folder / "manifest.json")
    return [
        Figure(_title(manifest, png.stem), png, pdf if (pdf := png.with_suffix(".pdf")).is_file() else None)
        for png in sorted(folder.glob("*.png"))
    ]


def _manifest(file: Path) -> Mapping[str, Any]:
    # A manifest only adds titles: a damaged one must not cost the report.
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    figures = content.get("figures", content) if isinstance(content, dict) else {}
    return figures if isinstance(figures, dict) else {}


def _title(manifest: Mapping[str, Any], name: str) -> str:
    entry = manifest.get(name)
    for key in ("alt", "caption", "title"):
        if isinstance(entry, dict) and isinstance(entry.get(key), str) and entry[key].strip():
            return entry[key].strip()
    return name.replace("_", " ").replace("-", " ").strip().capitalize()
