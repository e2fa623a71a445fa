"""Pairs of pictures that two models made of the same thing: from folders, runs or a table."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from vbanalysis.errors import DataError, InputError
from vbanalysis.images import photo_size
from vbanalysis.paths import shown

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp")
COLUMNS = ("pair_id", "prompt", "model_a", "picture_a", "model_b", "picture_b")
"""Of a table of pairs; pictures are paths, relative ones below the table's folder."""

_TOLD = 3
"""Culprits that a message names; it counts the others."""


@dataclass(frozen=True)
class Pair:
    """Two pictures to be compared.

    Attributes:
        id: Of the pair.
        prompt: What both models were asked, shown to the raters; may be empty.
        models: The names of the two, never shown.
        pictures: The two files.
    """

    id: str
    prompt: str
    models: tuple[str, str]
    pictures: tuple[Path, Path]

    def digest(self, model: str) -> str:
        """Of the picture of a model: a vote is about these very bytes.

        Raises:
            DataError: The file cannot be read.
        """
        path = self.pictures[self.models.index(model)]
        try:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()[:16]
        except OSError as error:
            raise DataError(f"{shown(path)} cannot be read ({error.strerror}): put it back") from error


def pairs_of_folders(
    first: str | os.PathLike[str],
    second: str | os.PathLike[str],
    *,
    names: tuple[str, str] | None = None,
    prompts: Mapping[str, str] | None = None,
) -> tuple[Pair, ...]:
    """Pairs of the pictures that have the same name, but for the suffix, in two folders.

    Args:
        first: A folder of pictures.
        second: Another one.
        names: Of the two models; the names of the folders unless given.
        prompts: By picture name without suffix.

    Raises:
        InputError: A picture is in one folder only, or one of `checked_pairs`.
        DataError: One is no folder, or holds two pictures of one name.
    """
    folders = (Path(first), Path(second))
    one, two = (_pictures(folder) for folder in folders)
    for here, there, lacking in ((one, two, folders[1]), (two, one, folders[0])):
        if lost := sorted(here.keys() - there.keys()):
            raise InputError(
                f"{shown(lacking)} has no picture for {_some(lost)}: both folders must hold the same names"
            )
    models = names or (folders[0].resolve().name, folders[1].resolve().name)
    told = prompts or {}
    return checked_pairs(
        Pair(name, told.get(name, ""), models, (one[name], two[name])) for name in sorted(one)
    )


def pairs_of_runs(
    first: str | os.PathLike[str],
    second: str | os.PathLike[str],
    *,
    names: tuple[str, str] | None = None,
) -> tuple[Pair, ...]:
    """Pairs of the pictures that two runs of `vbanalysis evaluate` kept of the same samples.

    Samples that one of them has no picture of are left out.

    Args:
        first: Folder of a run that has come to its end.
        second: Another one.
        names: Of the two models; the spec strings of the runs' models unless given.

    Raises:
        DataError: One is no such run.
        InputError: They share no picture, or one of `checked_pairs`.
    """
    from vbanalysis.evaluation import open_run

    runs = open_run(first), open_run(second)
    tables = [run.records().set_index("id") for run in runs]
    models = names or (str(runs[0].about["model"]), str(runs[1].about["model"]))
    pairs = []
    for sample, record in tables[0].iterrows():
        files = (runs[0].picture_file(str(sample)), runs[1].picture_file(str(sample)))
        if sample in tables[1].index and all(file.is_file() for file in files):
            prompt = record.get("prompt")
            pairs.append(Pair(str(sample), prompt if isinstance(prompt, str) else "", models, files))
    if not pairs:
        raise InputError(f"{shown(first)} and {shown(second)} share no sample that both have a picture of")
    return checked_pairs(pairs)


def pairs_of_table(path: str | os.PathLike[str]) -> tuple[Pair, ...]:
    """Pairs listed in a tab-separated table with the columns `COLUMNS`.

    Args:
        path: The table; its first line names the columns.

    Raises:
        DataError: The table cannot be read, or has other columns.
        InputError: As `checked_pairs`.
    """
    from vbanalysis.datasets.registry import read_tsv

    path = Path(path)
    if not path.is_file():
        raise DataError(f"{shown(path)} does not exist: give a table with the columns {', '.join(COLUMNS)}")
    try:
        rows = read_tsv(path)
    except UnicodeDecodeError as error:
        raise DataError(f"{shown(path)} is no text in UTF-8: save it as such") from error
    pairs = []
    for number, row in enumerate(rows, start=2):
        lacking = [name for name in COLUMNS if row.get(name) is None]
        if lacking or None in row:
            raise DataError(
                f"line {number} of {shown(path)} has other columns than {', '.join(COLUMNS)}: "
                f"{'it lacks ' + ', '.join(lacking) if lacking else 'it has more'}"
            )
        files = (path.parent / row["picture_a"], path.parent / row["picture_b"])
        pairs.append(Pair(row["pair_id"], row["prompt"], (row["model_a"], row["model_b"]), files))
    return checked_pairs(pairs)


def checked_pairs(pairs: Iterable[Pair]) -> tuple[Pair, ...]:
    """The pairs, if each can be shown without telling whose is whose; prompts become one line.

    Raises:
        InputError: There is none, two have one id, a name is empty or not printable, both models are one,
            or the two pictures differ in size.
        ImageError: A picture is missing or its header is damaged.
    """
    pairs = tuple(pairs)
    if not pairs:
        raise InputError("there are no pairs: give folders, runs or a table with pictures in them")
    for pair in pairs:
        for what, text in (("an id", pair.id), *(("a model name", model) for model in pair.models)):
            if not text.strip() or not text.isprintable():
                raise InputError(f"{what} must be printable and not blank, got {text!r}")
        if pair.models[0] == pair.models[1]:
            raise InputError(
                f"both pictures of pair {pair.id!r} are of {pair.models[0]!r}: give names, one a model"
            )
    if twice := [name for name, count in Counter(pair.id for pair in pairs).items() if count > 1]:
        raise InputError(f"several pairs are called {_some(twice)}: give each an id of its own")
    # A size would tell the models apart.
    sizes = [tuple(photo_size(path) for path in pair.pictures) for pair in pairs]
    if other := [pair.id for pair, (one, two) in zip(pairs, sizes, strict=True) if one != two]:
        one, two = sizes[next(k for k, pair in enumerate(pairs) if pair.id == other[0])]
        raise InputError(
            f"the two pictures of {_some(other)} differ in size (height x width {one[0]} x {one[1]} and "
            f"{two[0]} x {two[1]}), which would tell them apart: resize them first"
        )
    return tuple(Pair(p.id, " ".join(p.prompt.split()), p.models, p.pictures) for p in pairs)


def _pictures(folder: Path) -> dict[str, Path]:
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    except OSError as error:
        raise DataError(
            f"{shown(folder)} cannot be read as a folder of pictures ({error.strerror}): check the path"
        ) from error
    found: dict[str, Path] = {}
    for file in files:
        if file.stem in found:
            raise DataError(
                f"{shown(folder)} holds both {found[file.stem].name} and {file.name}: keep one of each name"
            )
        found[file.stem] = file
    if not found:
        raise DataError(f"{shown(folder)} holds no picture ({', '.join(SUFFIXES)})")
    return found


def _some(names: list[str]) -> str:
    told = ", ".join(repr(name) for name in names[:_TOLD])
    return told if len(names) <= _TOLD else f"{told} and {len(names) - _TOLD} more"
