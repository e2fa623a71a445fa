"""Where things lie: what the project ships, what it fetched, what it writes.

Three environment variables move them: `VBANALYSIS_CACHE` is one more folder to look for
remote files in (read before the user's cache folder), `VBANALYSIS_SAMPLES` holds files of
public benchmarks for tests, `VBANALYSIS_FIGURES` takes the figures.
"""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from vbanalysis.errors import DataError

_PACKAGE = Path(__file__).resolve().parent


def data_dir() -> Path:
    """The folder of the files that the project ships.

    Inside an installed wheel these are the package's own, in a checkout they are `data/`.

    Raises:
        DataError: Neither folder is there: the installation is incomplete.
    """
    for folder in (_PACKAGE / "_data", _PACKAGE.parent / "data"):
        if folder.is_dir():
            return folder
    raise DataError(f"the data files of vbanalysis are missing beside {_PACKAGE}: install the package again")


def user_cache_dir() -> Path:
    """The user's own cache folder, where fetched files are written; it need not exist yet.

    The same folder as `pooch.os_cache("vbanalysis")`, without the import of pooch.
    """
    from platformdirs import user_cache_dir as platform_cache_dir

    return Path(platform_cache_dir("vbanalysis"))


def cache_dirs() -> list[Path]:
    """The folders that may hold remote files, in the order to look in.

    Returns:
        `VBANALYSIS_CACHE` if it names an existing folder (it is only read), then `user_cache_dir()`.
    """
    extra = _from_environment("VBANALYSIS_CACHE")
    own = user_cache_dir()
    return [extra, own] if extra is not None and extra.is_dir() else [own]


def samples_dir() -> Path | None:
    """The folder of benchmark samples, `VBANALYSIS_SAMPLES`, or None where that is not set.

    Raises:
        DataError: The variable names a folder that does not exist.
    """
    folder = _from_environment("VBANALYSIS_SAMPLES")
    if folder is not None and not folder.is_dir():
        raise DataError(
            f"VBANALYSIS_SAMPLES names {shown(folder)}, which is not a folder: "
            "correct the variable or unset it"
        )
    return folder


def figures_dir() -> Path:
    """The folder that figures and tables are written to; it need not exist yet.

    Returns:
        `VBANALYSIS_FIGURES` if set, else `figures/` of the checkout that the package or the
        current folder lies in, else `figures/` of the current folder.
    """
    folder = _from_environment("VBANALYSIS_FIGURES")
    if folder is not None:
        return folder
    here = Path.cwd()
    for root in (_PACKAGE.parent, here, *here.parents):
        if _is_checkout(root):
            return root / "figures"
    return here / "figures"


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Write a file whole or not at all: bytes go to a hidden neighbour that then takes its name.

    A run killed half way, or an exception inside the block, leaves what was there before.

    Raises:
        DataError: The folder is missing or not writable, the disk is full, or `path` is
            something other than a regular file.
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        kind = "a folder" if path.is_dir() else "no regular file"
        raise DataError(f"cannot write {shown(path)}: it is {kind}; give the path of a file")
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            yield file
        part.replace(path)
    except OSError as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"cannot write {shown(path)}: {_cause(error, path)}") from error
    finally:
        part.unlink(missing_ok=True)


def homeless(text: str) -> str:
    """A text in which the user's home folder is `~`: what is written may be shared, and names nobody.

    Spec strings and folders with `~` are read as any shell would.
    """
    home = str(Path.home())
    if len(Path(home).parts) < 2:
        return text
    for form in dict.fromkeys((home, json.dumps(home)[1:-1])):  # as it is, and as JSON writes it
        text = re.sub(rf"(?:(?<=file://)|(?<![\w./~-])){re.escape(form)}(?![\w-])(?!\.\w)", "~", text)
    return text


def shown(path: str | os.PathLike[str]) -> str:
    r"""A path as one line of a message: as it is, or quoted where it holds line breaks and the like.

    >>> print(shown("a b.png"), shown("a\nb.png"))
    a b.png 'a\nb.png'
    """
    text = os.fspath(path)
    return text if text.isprintable() and text else repr(text)


def _from_environment(variable: str) -> Path | None:
    value = os.environ.get(variable, "").strip()
    return Path(value).expanduser() if value else None


def _is_checkout(root: Path) -> bool:
    try:
        return 'name = "vbanalysis"' in (root / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return False


def _cause(error: OSError, path: Path) -> str:
    """The reason of a failed write and what to do about it."""
    folder = shown(path.parent)
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return f"the folder {folder} does not exist; create it first"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return f"the folder {folder} is not writable; choose another one"
        case errno.ENOSPC | errno.EDQUOT:
            return f"no space is left for it in {folder}; free some or choose another folder"
        case _:
            return f"{error.strerror or error}; choose another path"
