"""Results that took long, kept as small tables with the command that made them: `data/results/`."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from vbanalysis.errors import DataError, InputError
from vbanalysis.paths import data_dir, homeless, replacing, shown

_COMMAND = "# made by: "


class Kept(NamedTuple):
    """A kept result.

    Attributes:
        table: Its rows.
        command: What makes it again.
    """

    table: pd.DataFrame
    command: str


def results_dir() -> Path:
    """Where the kept results are."""
    return data_dir() / "results"


def write_kept(path: Path, table: pd.DataFrame, command: str) -> None:
    """Write a table with the command that made it, whole or not at all.

    Args:
        path: A .tsv file, `results_dir() / "NAME.tsv"` for one that is shipped.
        table: Figures are kept to five digits.
        command: One line that makes the table again.

    Raises:
        InputError: The table is empty, or the command is not one line.
    """
    if table.empty:
        raise InputError("there is nothing to keep: the table has no rows")
    if not command.strip() or "\n" in command:
        raise InputError(f"command must be one line, got {command!r}")
    body = table.to_csv(sep="\t", index=False, float_format="%.5g", lineterminator="\n")
    with replacing(path) as file:
        file.write(homeless(f"{_COMMAND}{command}\n{body}").encode())


def read_kept(name: str | Path) -> Kept:
    """A kept result by its name, or from a .tsv file.

    Raises:
        InputError: There is none of that name; the message lists those that there are.
        DataError: The file is damaged.
    """
    path = Path(name)
    if path.suffix != ".tsv":
        path = results_dir() / f"{name}.tsv"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in results_dir().glob("*.tsv"))) or "none"
        raise InputError(f"no kept result {str(name)!r}: there are {known}; or give the path of a .tsv file")
    try:
        with path.open(encoding="utf-8") as file:
            first = file.readline()
            if not first.startswith(_COMMAND):
                raise DataError(f"{shown(path)} does not begin with the command that made it")
            table = pd.read_csv(file, sep="\t")
    except (ValueError, OSError) as error:
        raise DataError(f"{shown(path)} cannot be read as a table: {error}") from error
    return Kept(table, first.removeprefix(_COMMAND).strip())
