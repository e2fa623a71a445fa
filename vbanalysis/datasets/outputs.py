"""`outputs:FOLDER`: pictures that somebody's generator made, to be looked at without ground truth.

The folder holds the pictures, and, if there is one, `prompts.csv` with a header and the columns
`output` (file name) and `prompt`, and optionally `input` (the photograph's file name).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from vbanalysis.errors import DataError, InputError
from vbanalysis.images import read_photo, read_rgb
from vbanalysis.paths import shown
from vbanalysis.types import Sample

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp")


class _Entry(NamedTuple):
    output: Path
    prompt: str | None
    input: Path | None


class Outputs:
    """The pictures of a folder, by name; with prompts where `prompts.csv` gives them.

    Args:
        folder: Where they lie.

    Raises:
        DataError: The folder is missing, holds no picture, or its `prompts.csv` is damaged.
    """

    name = "outputs"

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder).expanduser()
        if not self.folder.is_dir():
            raise DataError(
                f"no folder {shown(self.folder.absolute())}: name the one that holds the pictures "
                "(a notebook runs in its own folder, so name it in full there)"
            )
        table = self.folder / "prompts.csv"
        self._entries = _from_table(table) if table.is_file() else _from_names(self.folder)
        if not self._entries:
            raise DataError(
                f"no picture in {shown(self.folder)}: files that end in {', '.join(SUFFIXES)} are read"
            )

    def __len__(self) -> int:
        """Pictures in the folder."""
        return len(self._entries)

    def __iter__(self) -> Iterator[Sample]:
        """The pictures, read one at a time."""
        return (self._read(entry) for entry in self._entries)

    def __getitem__(self, key: int | str) -> Sample:
        """A picture by its place or its file name.

        Raises:
            IndexError: There are fewer.
            InputError: No such file.
        """
        if isinstance(key, int):
            return self._read(self._entries[key])
        for entry in self._entries:
            if entry.output.name == key:
                return self._read(entry)
        raise InputError(f"no picture {key!r} in {shown(self.folder)}")

    def describe(self) -> dict[str, Any]:
        """Counts and source."""
        return {
            "name": self.name,
            "about": "pictures made by a generator",
            "samples": len(self),
            "samples_at_hand": len(self),
            "licence": "the user's own",
            "source": shown(self.folder),
        }

    def _read(self, entry: _Entry) -> Sample:
        return Sample(
            id=entry.output.name,
            image=read_photo(entry.input) if entry.input else None,
            output=read_rgb(entry.output),
            prompt=entry.prompt,
        )


def _from_names(folder: Path) -> list[_Entry]:
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
    return [_Entry(path, None, None) for path in files]


def _from_table(table: Path) -> list[_Entry]:
    entries = []
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{shown(table)} is not a CSV table in UTF-8: {error}") from error
    for line, row in enumerate(rows, start=2):
        if None in row:
            raise DataError(
                f"{shown(table)}, line {line}: more cells than the header has columns: "
                'put a prompt with commas in double quotes, "like this, for one"'
            )
        if not row.get("output"):
            raise DataError(f"{shown(table)}, line {line}: the column 'output' is missing or empty")
        paths = [table.parent / row["output"], table.parent / row["input"] if row.get("input") else None]
        for path in paths:
            if path is not None and not path.is_file():
                raise DataError(f"{shown(table)}, line {line}: there is no file {path.name} beside it")
        entries.append(_Entry(paths[0], row.get("prompt") or None, paths[1]))  # type: ignore[arg-type]
    return entries


def load(argument: str | None = None) -> Outputs:
    """Factory of the spec string `outputs:FOLDER`.

    Raises:
        InputError: No folder is given.
    """
    if argument is None:
        raise InputError("name the folder: outputs:FOLDER")
    return Outputs(argument)
