"""`recorded:FOLDER`: pictures that somebody made elsewhere, found by the ids of the samples.

A CSV table says which picture answers which sample; without one, names are compared. As a step, the table's
columns `present` and `description` answer instead.
"""

from __future__ import annotations

import csv
import fnmatch
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import numpy as np

from vbanalysis.errors import DataError, InputError
from vbanalysis.images import read_rgb
from vbanalysis.models._card import Card
from vbanalysis.paths import shown
from vbanalysis.types import Instruction, Sample

CARD = Card(
    about="pictures made elsewhere, matched to the samples by id or by a table",
    role="reference",
    tasks=("depth", "normals", "semantic", "instance", "referring"),
    steps=("presence", "reasoner"),
    licence="the user's own",
    memory_mb=100,
    example="recorded:my/pictures?pattern=*_depth.png",
)

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp")
_ID_COLUMNS = ("id", "sample", "sample_id")
_FILE_COLUMNS = ("output", "file", "path", "picture")
_YES, _NO = ("1", "true", "yes", "present"), ("0", "false", "no", "absent")


class Matches(NamedTuple):
    """What was found for the samples of a data set.

    Attributes:
        found: Picture by id.
        missing: Ids without a picture.
        ambiguous: Ids for which several pictures fit equally well, with those.
        unused: Pictures that no id claims.
    """

    found: dict[str, Path]
    missing: list[str]
    ambiguous: dict[str, list[Path]]
    unused: list[Path]


class Recorded:
    """Pictures of a folder, by sample id.

    With a table, its columns `id` and `output` decide, the paths being relative to the table. Without one, a
    picture answers a sample if its name is the id, with or without the folders of either and whatever stands
    between the words (`scenes/heldout/7` is `scenes_heldout_7.png`, or `7.png`), or else holds it as whole
    words (`7_depth_v2.png`); where several fit equally well, none is taken.

    Args:
        folder: That holds the pictures, folders in it too; or the table itself.
        table: Its file name, if the folder holds more than one; with none in it, names are compared.
        pattern: Of the file names that count, such as `*_depth.png`; what `*` stands for is compared.

    Raises:
        DataError: The folder or the table is missing, or the table cannot be read.
        InputError: The pattern is no single `*` with text around it.
    """

    def __init__(self, folder: str | Path, *, table: str | None = None, pattern: str | None = None) -> None:
        path = Path(folder).expanduser()
        if path.is_file():
            if table is not None:
                raise InputError(f"{shown(path)} is a file: give either the table itself, or table=")
            path, table = path.parent, path.name
        if not path.is_dir():
            raise DataError(
                f"no folder {shown(path.absolute())}: name the one that holds the pictures (a notebook runs "
                "in its own folder, so name it in full there)"
            )
        if pattern is not None and (pattern.count("*") != 1 or "/" in pattern):
            raise InputError(f"pattern must be a file name with one *, such as *_depth.png, got {pattern!r}")
        self.folder, self.pattern = path, pattern
        self.name = f"recorded:{folder}"
        self.table = _table_of(path, table)
        self.rows = None if self.table is None else _read_table(self.table)

    def respond(
        self, sample: Sample, instruction: Instruction, truth: Callable[[], np.ndarray], *, seed: int = 0
    ) -> np.ndarray:
        """The sample's picture.

        Raises:
            DataError: There is none, or more than one.
            ImageError: It cannot be read as RGB of 8 bits.
        """
        fitting = self.find(sample.id)
        if not fitting:
            raise DataError(f"no picture of {sample.id!r} in {shown(self.folder)}: {self._wanting()}")
        if len(fitting) > 1:
            named = ", ".join(shown(path.relative_to(self.folder)) for path in fitting[:3])
            raise DataError(f"{len(fitting)} pictures fit {sample.id!r} ({named}): give pattern=, or a table")
        return read_rgb(fitting[0])

    def find(self, sample: str) -> list[Path]:
        """The pictures that fit an id equally well."""
        if self.rows is not None and self._has_files:
            named = self.rows.get(sample, {}).get("output")
            return [self.folder / named] if named else []
        for names, key in (
            (self._by_path, _words(sample)),
            (self._by_stem, _words(sample)),
            (self._by_stem, _words(sample.rpartition("/")[2])),
        ):
            if found := names.get(key):
                return found
        return self._holding(_words(sample)) or self._holding(_words(sample.rpartition("/")[2]))

    def matches(self, ids: Iterable[str]) -> Matches:
        """What answers the samples of a data set, and what is left over."""
        found: dict[str, Path] = {}
        missing: list[str] = []
        ambiguous: dict[str, list[Path]] = {}
        for key in ids:
            fitting = self.find(key)
            if len(fitting) == 1 and fitting[0].is_file():
                found[key] = fitting[0]
            elif len(fitting) > 1:
                ambiguous[key] = fitting
            else:
                missing.append(key)
        claimed = set(found.values())
        return Matches(found, missing, ambiguous, [path for path in self.pictures if path not in claimed])

    def present(self, sample: Sample) -> bool:
        """What the table's column `present` says.

        Raises:
            DataError: There is no such column or row, or it is neither yes nor no.
        """
        told = self._cell(sample.id, "present").lower()
        if told not in (*_YES, *_NO):
            raise DataError(
                f"{shown(self.folder)}: present of {sample.id!r} is {told!r}, expected true or false"
            )
        return told in _YES

    def reason(self, sample: Sample) -> str:
        """What the table's column `description` says.

        Raises:
            DataError: There is no such column or row.
        """
        return self._cell(sample.id, "description")

    def describe(self) -> dict[str, Any]:
        """What it is."""
        return {
            "name": self.name,
            "about": CARD.about,
            "tasks": CARD.tasks,
            "pictures": len(self.pictures),
            "matched_by": "names" if self.table is None else self.table.name,
            "licence": CARD.licence,
            "source": self.folder.name,
        }

    @cached_property
    def pictures(self) -> list[Path]:
        """All pictures of the folder that count."""
        return sorted(
            path
            for path in self.folder.rglob("*")
            if path.suffix.lower() in SUFFIXES
            and (self.pattern is None or fnmatch.fnmatch(path.name, self.pattern))
            and path.is_file()
        )

    @property
    def _has_files(self) -> bool:
        return any("output" in row for row in (self.rows or {}).values())

    @cached_property
    def _by_path(self) -> dict[str, list[Path]]:
        return _grouped(
            (_words(f"{p.relative_to(self.folder).parent}/{self._stem(p)}"), p) for p in self.pictures
        )

    @cached_property
    def _by_stem(self) -> dict[str, list[Path]]:
        return _grouped((_words(self._stem(path)), path) for path in self.pictures)

    def _stem(self, path: Path) -> str:
        if self.pattern is None:
            return unquote(path.stem)
        before, _, after = self.pattern.partition("*")
        return unquote(path.name[len(before) : len(path.name) - len(after)].removesuffix(path.suffix))

    def _holding(self, key: str) -> list[Path]:
        return [path for name, paths in self._by_stem.items() if f"-{key}-" in f"-{name}-" for path in paths]

    def _cell(self, sample: str, column: str) -> str:
        row = (self.rows or {}).get(sample)
        if row is None:
            raise DataError(f"no table in {shown(self.folder)} has a row of the id {sample!r}")
        if not row.get(column):
            raise DataError(f"the table in {shown(self.folder)} has no {column!r} of {sample!r}")
        return row[column]

    def _wanting(self) -> str:
        if self.table is not None:
            return f"{self.table.name} names none"
        some = ", ".join(shown(path.name) for path in self.pictures[:3]) or "there is no picture at all"
        return f"names are compared, and there are {some}; a table with the columns id and output says it all"


def _words(text: str) -> str:
    """Letters and digits in lower case, with one dash between."""
    return "-".join(re.findall(r"\w+", text.lower().replace("_", "-")))


def _grouped(pairs: Iterable[tuple[str, Path]]) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = defaultdict(list)
    for key, path in pairs:
        found[key].append(path)
    return dict(found)


def _table_of(folder: Path, name: str | None) -> Path | None:
    if name is not None:
        if not (folder / name).is_file():
            raise DataError(f"no table {shown(folder / name)}")
        return folder / name
    tables = sorted(folder.glob("*.csv"))
    if len(tables) > 1:
        named = ", ".join(path.name for path in tables)
        raise InputError(f"{shown(folder)} holds {len(tables)} tables ({named}): name one with table=")
    return tables[0] if tables else None


def _read_table(path: Path) -> dict[str, dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = [name.strip().lower() for name in reader.fieldnames or ()]
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{shown(path)} is no CSV table in UTF-8: {error}") from error
    key = _one_of(columns, _ID_COLUMNS, path, needed=True)
    file_column = _one_of(columns, _FILE_COLUMNS, path)
    found: dict[str, dict[str, str]] = {}
    for line, raw in enumerate(rows, start=2):
        if None in raw:
            raise DataError(f"{shown(path)}, line {line}: more cells than the header has columns")
        row = {name: (value or "").strip() for name, value in zip(columns, raw.values(), strict=False)}
        sample = row.pop(key)
        if not sample:
            raise DataError(f"{shown(path)}, line {line}: the column {key!r} is empty")
        if sample in found:
            raise DataError(f"{shown(path)}, line {line}: the id {sample!r} stands there twice")
        if file_column is not None:
            row["output"] = row.pop(file_column)
        found[sample] = row
    return found


def _one_of(columns: Sequence[str], names: Sequence[str], path: Path, needed: bool = False) -> Any:
    for name in names:
        if name in columns:
            return name
    if needed:
        raise DataError(
            f"{shown(path)} has the columns {', '.join(columns) or 'none'}, expected id and output"
        )
    return None


load = Recorded
"""Factory of the spec strings `recorded:FOLDER`, `recorded:FOLDER?pattern=*_depth.png`, `recorded:A.csv`."""
