"""Annotation files in JSON: read fast, and every fault of their form an error that names the place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vbanalysis.datasets._files import reading, require_file
from vbanalysis.errors import DataError
from vbanalysis.paths import shown


def read_json(path: Path, encodings: tuple[str, ...] = ("utf-8",)) -> Any:
    """What a JSON file holds.

    Args:
        path: The file.
        encodings: Of its text, tried in turn.

    Raises:
        DataError: It is missing, or no JSON in any of these encodings.
    """
    from pydantic_core import (
        from_json,
    )  # parses a file of annotations in half the time of the standard library

    require_file(path)
    data = reading(path, path.read_bytes)
    for encoding in encodings:
        try:
            text = data if encoding == "utf-8" else data.decode(encoding).encode()
            return from_json(text)
        except ValueError as error:
            fault = " ".join(str(error).split())
    raise DataError(f"{shown(path)} is no JSON, or truncated ({fault[:160]}): fetch or export it again")


def read_entries(path: Path, document: Any, key: str) -> list[Any]:
    """The list that a document holds under a key.

    Raises:
        DataError: There is no such list.
    """
    entries = document.get(key) if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise DataError(f"{shown(path)} has no list {key!r} at its top: it is of another format")
    return entries


def fault_of(path: Path, where: str, entry: Any, keys: tuple[str, ...]) -> DataError:
    """The error, to be raised, that an entry lacks keys, or holds values of another type under them."""
    if not isinstance(entry, dict):
        return DataError(
            f"{shown(path)}: {where} is a {type(entry).__name__}, expected an object with {keys}"
        )
    lacking = [key for key in keys if key not in entry]
    if lacking:
        return DataError(f"{shown(path)}: {where} lacks {', '.join(map(repr, lacking))}")
    values = ", ".join(f"{key}: {str(entry[key])[:40]!r}" for key in keys)
    return DataError(f"{shown(path)}: {where} has values of another type than expected ({values})")
