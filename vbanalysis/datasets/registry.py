"""Remote files that the project may not ship: their hashes, where they are on disk, how they get there.

A registry is a table of path, size and SHA-256. A file is looked for in every cache folder and is
handed out only if it is, byte for byte, the one in the table.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from vbanalysis.errors import DataError
from vbanalysis.paths import cache_dirs, shown, user_cache_dir

_FAILURES_ENOUGH = 3
"""After so many failed files a server is not asked for more."""


class RemoteFile(NamedTuple):
    """One line of a registry.

    Attributes:
        path: Below the base address, and below the folder that it is fetched to.
        bytes: Its size.
        sha256: Its hash, 64 hexadecimal digits.
    """

    path: str
    bytes: int
    sha256: str


class FileStatus(NamedTuple):
    """What is known of a file on disk.

    Attributes:
        file: Its line in the registry.
        state: `"ok"` where size and hash are those of the registry.
        where: Its path; None for a missing one.
    """

    file: RemoteFile
    state: Literal["ok", "damaged", "missing"]
    where: Path | None


@dataclass(frozen=True)
class RemoteFiles:
    """The files of one data set.

    Attributes:
        name: Of the data set, as `vbanalysis data fetch` takes it.
        folder: Below each cache folder, where the files lie in the layout of their source.
        base_url: What a file's path is appended to.
        files: By path.
    """

    name: str
    folder: str
    base_url: str
    files: dict[str, RemoteFile]

    def locate(self, path: str) -> Path | None:
        """Where a file is, its bytes not yet checked, or None."""
        return next((place for place in self._places(path) if place.is_file()), None)

    def status(self, path: str) -> FileStatus:
        """The state of one file, hashed (once a process).

        A good copy in any cache folder counts; a damaged one is named only where there is no other.
        """
        file = self.files[path]
        copies = [place for place in self._places(path) if place.is_file()]
        for copy in copies:
            if _is_file(copy, file):
                return FileStatus(file, "ok", copy)
        return FileStatus(file, "damaged", copies[0]) if copies else FileStatus(file, "missing", None)

    def verified(self, path: str) -> Path:
        """Where the file is, after its hash was found right.

        Raises:
            DataError: It is missing or damaged; the message says which and how to get it.
        """
        status = self.status(path)
        if status.state == "ok" and status.where is not None:
            return status.where
        if status.where is None:
            raise DataError(f"{path} of {self.name!r} is not on disk: run  {self.command}")
        raise DataError(
            f"{shown(status.where)} is damaged: its bytes are not those that the registry of {self.name!r} "
            f"names; run  {self.command}"
        )

    @property
    def command(self) -> str:
        """What a user runs to get the files."""
        return f"vbanalysis data fetch {self.name}"

    def fetch(
        self,
        paths: Iterable[str] | None = None,
        *,
        base_url: str | None = None,
        retries: int = 2,
        on_file: Callable[[RemoteFile], None] | None = None,
    ) -> list[RemoteFile]:
        """Fetch the files that are not at hand into the user's cache folder.

        Each file appears under its name only when it is whole and its hash is right. One that the
        server does not have, or has otherwise, does not stop the rest; the third such file and a lost
        connection do. The next call goes on where this one stopped.

        Args:
            paths: Which files; all unless given.
            base_url: A mirror to use in place of `self.base_url`.
            retries: How often a failed file is tried again.
            on_file: Called with each file once it is at hand or has failed.

        Returns:
            The files that were fetched.

        Raises:
            DataError: Some could not be fetched or written; the message says how many and why.
        """
        import pooch
        import requests.exceptions

        folder = user_cache_dir() / self.folder
        store = pooch.create(
            path=folder,
            base_url=(base_url or self.base_url).rstrip("/") + "/",
            registry={file.path: f"sha256:{file.sha256}" for file in self.files.values()},
            retry_if_failed=retries,
        )
        download = pooch.HTTPDownloader(timeout=30)
        wanted = [self.files[path] for path in paths] if paths is not None else list(self.files.values())
        fetched: list[RemoteFile] = []
        failures: list[str] = []
        with _quiet(pooch.get_logger()):
            for file in wanted:
                try:
                    if self.status(file.path).state != "ok":
                        store.fetch(file.path, downloader=download)
                        fetched.append(file)
                except requests.exceptions.HTTPError as error:
                    failures.append(f"{file.path}: the server refuses it ({error})")
                except (requests.exceptions.ConnectionError, requests.exceptions.Timeout) as error:
                    failures.append(
                        f"{file.path}: no connection to {store.base_url} ({type(error).__name__})"
                    )
                    break
                except requests.exceptions.RequestException as error:
                    failures.append(f"{file.path}: the transfer broke off ({type(error).__name__})")
                except ValueError:
                    failures.append(f"{file.path}: what came has another hash than the registry's")
                except OSError as error:
                    failures.append(f"{file.path}: cannot be written to {shown(folder)} ({error.strerror})")
                    break
                if len(failures) == _FAILURES_ENOUGH:
                    break
                if on_file is not None:
                    on_file(file)
        if failures:
            more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
            left = sum(self.status(file.path).state != "ok" for file in wanted)
            raise DataError(
                f"{left} of {len(wanted)} files of {self.name!r} are still missing: {failures[0]}{more}; "
                f"{len(fetched)} were fetched, run  {self.command}  again for the rest"
            )
        return fetched

    def _places(self, path: str) -> Iterator[Path]:
        for cache in cache_dirs():
            yield cache / self.folder / path


def read_registry(path: Path) -> dict[str, RemoteFile]:
    """Read a table of `path`, `bytes` and `sha256`, tab-separated with a header."""
    return {row["path"]: RemoteFile(row["path"], int(row["bytes"]), row["sha256"]) for row in read_tsv(path)}


def read_tsv(path: Path) -> list[dict[str, str]]:
    """The rows of a tab-separated table with a header; quotes are ordinary characters.

    Raises:
        DataError: The table cannot be read.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    except OSError as error:
        raise DataError(
            f"{shown(path)} cannot be read ({error.strerror}): install the package again"
        ) from error


def _is_file(path: Path, file: RemoteFile) -> bool:
    """Whether the bytes at `path` are the file's; the size is compared before anything is read."""
    try:
        stat = path.stat()
        return stat.st_size == file.bytes and _sha256(path, stat.st_size, stat.st_mtime_ns) == file.sha256
    except OSError:
        return False


@functools.cache
def _sha256(path: Path, size: int, mtime_ns: int) -> str:
    """The hash of a file, remembered until its size or time changes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _quiet(logger: Any) -> Iterator[None]:
    """Keep a logger's routine messages off the terminal for a while."""
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
