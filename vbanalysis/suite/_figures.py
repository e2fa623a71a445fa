"""What a notebook put on disk: figures, tables, and the `manifest.json` that tells where they come from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Origin:
    """Where a figure or a table comes from, as far as its manifest tells.

    Attributes:
        inputs: The data, in words, as a spec string or as a command; empty where not told.
        parameters: What it depends on.
        versions: Of the packages that drew it.
    """

    inputs: str
    parameters: Mapping[str, Any]
    versions: Mapping[str, str]


@dataclass(frozen=True)
class Figure:
    """A figure on disk; `pdf` is None where there is none, `caption` is never empty."""

    name: str
    caption: str
    png: Path
    pdf: Path | None
    origin: Origin


@dataclass(frozen=True)
class Table:
    """A table on disk; `tex` is None where there is none, `caption` is never empty."""

    name: str
    caption: str
    csv: Path
    tex: Path | None
    origin: Origin


@dataclass(frozen=True)
class Shelf:
    """All of one notebook.

    Attributes:
        figures: By name.
        tables: By name.
        lost: Names that the manifest has without a file.
        trouble: Why the manifest cannot be read, or empty.
    """

    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    lost: tuple[str, ...] = ()
    trouble: str = ""


def read_shelf(folder: Path) -> Shelf:
    """The figures and tables of one notebook; an empty shelf where the folder is not there."""
    manifest, trouble = _manifest(folder / "manifest.json")
    figures = tuple(
        Figure(png.stem, _caption(manifest, png.stem), png, _beside(png, ".pdf"), _origin(manifest, png.stem))
        for png in sorted(folder.glob("*.png"))
    )
    tables = tuple(
        Table(csv.stem, _caption(manifest, csv.name), csv, _beside(csv, ".tex"), _origin(manifest, csv.name))
        for csv in sorted(folder.glob("*.csv"))
    )
    there = {figure.name for figure in figures}
    lost = tuple(name for name in manifest if name not in there and not _is_file(folder, name))
    return Shelf(figures, tables, lost, trouble)


def _is_file(folder: Path, name: str) -> bool:
    try:
        return (folder / name).is_file()
    except (OSError, ValueError):
        return False


def _beside(file: Path, suffix: str) -> Path | None:
    other = file.with_suffix(suffix)
    return other if other.is_file() else None


def _manifest(file: Path) -> tuple[Mapping[str, Any], str]:
    # A manifest tells of figures: a damaged one must not cost the report, which says so.
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}, ""
    except (OSError, ValueError) as error:
        return {}, f"its manifest.json cannot be read ({error})"
    if not isinstance(content, dict):
        return {}, "its manifest.json is not a list of names"
    return content, ""


def _caption(manifest: Mapping[str, Any], name: str) -> str:
    entry = manifest.get(name)
    for key in ("alt", "caption", "title"):
        if isinstance(entry, dict) and isinstance(entry.get(key), str) and entry[key].strip():
            return str(entry[key]).strip()
    stem = name.removesuffix(".csv")
    return stem.replace("_", " ").replace("-", " ").strip().capitalize() or name


def _origin(manifest: Mapping[str, Any], name: str) -> Origin:
    entry = manifest.get(name)
    found: Mapping[str, Any] = entry if isinstance(entry, dict) else {}
    inputs, parameters, versions = (found.get(key) for key in ("inputs", "parameters", "versions"))
    return Origin(
        inputs if isinstance(inputs, str) else "",
        parameters if isinstance(parameters, dict) else {},
        versions if isinstance(versions, dict) else {},
    )
