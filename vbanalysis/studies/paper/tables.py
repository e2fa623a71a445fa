"""The tables of `data/paper`, every field as it was printed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from vbanalysis.errors import DataError, InputError
from vbanalysis.paths import data_dir, shown
from vbanalysis.studies.paper.rounding import Printed

_AS_PRINTED = ("delta1", "absrel", "mean_deg", "median_deg", "cgF1", "IL_MCC", "pmF1", "value",
               "vision_banana", "counterpart")  # fmt: skip
_COUNTS = ("images", "items")

COLUMNS: dict[str, tuple[str, ...]] = {
    "depth": ("model", "uses_intrinsics", "dataset", "delta1", "absrel", "note"),
    "depth_averages_as_printed": ("model", "over", "delta1", "absrel"),
    "normals": ("model", "dataset", "mean_deg", "median_deg"),
    "normals_averages_as_printed": ("model", "over", "mean_deg", "median_deg"),
    "segmentation": ("benchmark", "metric", "model", "value", "zero_shot"),
    "saco_gold": ("model", "trained_on_saco", "subset", "cgF1", "IL_MCC", "pmF1"),
    "headline": (
        "capability",
        "benchmark",
        "metric",
        "better",
        "vision_banana",
        "counterpart",
        "counterpart_name",
        "source",
    ),
    "datasets": ("dataset", "images", "what", "source"),
    "votes": ("benchmark", "items", "what", "source"),
    "versions": ("what", "v1", "v3", "source"),
}
"""Columns of each table; they may stand in any order, and others may stand beside them."""


def read_table(name: str, folder: Path | None = None) -> pd.DataFrame:
    """Read a table of `data/paper` as text, empty where nothing was printed.

    Args:
        name: Of `COLUMNS`.
        folder: Where `{name}.tsv` lies; by default what the project ships.

    Raises:
        InputError: There is no such table.
        DataError: Its file is missing or damaged, lacks a column, or holds a number that is none.
    """
    if name not in COLUMNS:
        raise InputError(f"name must be one of {', '.join(COLUMNS)}, got {name!r}")
    path = (data_dir() / "paper" if folder is None else folder) / f"{name}.tsv"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise DataError(f"{shown(path)} cannot be read: {' '.join(str(error).split())}") from error
    header, *rows = [line.split("\t") for line in lines] or [[]]
    lacking = [column for column in COLUMNS[name] if column not in header]
    if lacking or not rows:
        raise DataError(
            f"{shown(path)} must have rows, and the columns {', '.join(lacking or COLUMNS[name])}"
        )
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            raise DataError(f"{shown(path)}, line {number}: expected {len(header)} fields, got {len(row)}")
    table = pd.DataFrame(rows, columns=header, dtype=object)
    for column in COLUMNS[name]:
        for text in filter(None, table[column]):
            _check(column, text, path)
    return table


def _check(column: str, text: str, path: Path) -> None:
    if column in _COUNTS and not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise DataError(f"{shown(path)}, column {column}: expected a whole number above 0, got {text!r}")
    if column in _AS_PRINTED:
        try:
            Printed.read(text)
        except InputError as error:
            raise DataError(f"{shown(path)}, column {column}: {error}") from error
