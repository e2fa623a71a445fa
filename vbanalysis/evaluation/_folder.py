"""A run's folder: what is written, in which order, so that a kill at any instant loses no finished sample.

`run.json` says what the run is. Each sample first leaves its picture, or a specialist's numbers, in
`outputs/`, then one line in `journal.jsonl`, which is handed to the system at once, so that a kill takes
nothing of it; it is synced to the disk at most once a second, and at the end. A line that was cut short is
not there. At the end `records.parquet` and `summary.json` are made from the journal, each whole or not at
all.
"""

from __future__ import annotations

import json
import os
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zipfile import BadZipFile

import numpy as np

from vbanalysis.errors import DataError, InputError
from vbanalysis.images import read_rgb, write_png
from vbanalysis.paths import homeless, replacing, shown

_SYNC_SECONDS = 1.0

_LONGEST = 200
"""File systems take names of 255 bytes."""


class RunFolder:
    """The files of one run.

    Args:
        path: The folder.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).expanduser()
        self.journal = self.path / "journal.jsonl"
        self.ledger = self.path / "calls.jsonl"
        self._synced = 0.0

    def exists(self) -> bool:
        """Whether a run was begun here."""
        return (self.path / "run.json").is_file()

    def begin(self, identity: Mapping[str, Any], about: Mapping[str, Any]) -> None:
        """Write `run.json`, or hold that the run which is there is the same.

        Args:
            identity: What decides the records: specs, seed, versions.
            about: What else is worth knowing.

        Raises:
            InputError: Another run is in the folder; the message names what differs.
            DataError: The folder cannot be written.
        """
        try:
            (self.path / "outputs").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(
                f"the folder {shown(self.path)} cannot be made ({error.strerror}): choose another one"
            ) from error
        if not self.exists():
            with replacing(self.path / "run.json") as file:
                file.write(homeless(_json({**identity, **about}).decode()).encode())
            return
        self.hold(identity)

    def hold(self, identity: Mapping[str, Any]) -> None:
        """Hold that the run which is there is the same.

        Raises:
            InputError: It is another one; the message names what differs.
            DataError: There is none, or its file is damaged.
        """
        kept = self.about()
        plain = json.loads(homeless(json.dumps(identity)))
        changed = sorted(key for key in plain if kept.get(key) != plain[key])
        if changed:
            told = ", ".join(f"{key} {kept.get(key)!r} instead of {plain[key]!r}" for key in changed)
            raise InputError(
                f"{shown(self.path)} holds another run, with {told}: choose another folder, or remove it"
            )

    def about(self) -> dict[str, Any]:
        """What `run.json` says.

        Raises:
            DataError: There is no run, or its file is damaged.
        """
        absent = (
            f"{shown(self.path)} is no folder of a run, it has no run.json: name one that "
            "`vbanalysis evaluate ... -o FOLDER` made"
        )
        return _read_object(self.path / "run.json", absent)

    def summary(self) -> dict[str, Any]:
        """What `summary.json` says.

        Raises:
            DataError: The run has not come to its end, or the file is damaged.
        """
        why = f"the run in {shown(self.path)} has no summary yet: give the command that began it once more"
        return _read_object(self.path / "summary.json", why)

    def records(self) -> Iterator[dict[str, Any]]:
        """The records in the journal, in the order in which they were finished; the last of an id counts.

        Raises:
            DataError: A line other than the last is damaged.
        """
        try:
            file = self.journal.open("rb")
        except FileNotFoundError:
            return
        with file:
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):  # cut short by a kill: the sample is done once more
                    return
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise DataError(
                        f"line {number} of {shown(self.journal)} is damaged: remove the line, and give the "
                        "command that began the run once more"
                    ) from error

    @contextmanager
    def writing(self) -> Iterator[Any]:
        """Open the journal for `append`, alone, after what a kill cut short was taken off."""
        with ExitStack() as held:
            with self._whole():
                file = held.enter_context(self.journal.open("ab", buffering=0))
                held.enter_context(_alone(file, self.path))
                _trim(self.journal, file)
            yield file
            with self._whole():
                os.fsync(file.fileno())

    @contextmanager
    def _whole(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if isinstance(error, DataError):
                raise
            raise DataError(_not_written(self.journal, error)) from error

    def append(self, file: Any, record: Mapping[str, Any]) -> None:
        """Add one record. No kill of this process loses it; a failure of the machine may lose the last few.

        Raises:
            DataError: The disk is full, or the folder is gone.
        """
        with self._whole():
            left = json.dumps(record, allow_nan=True, separators=(",", ":")).encode() + b"\n"
            while left:  # a full disk may take a part, and says why at the next
                left = left[file.write(left) :]
            if time.monotonic() - self._synced > _SYNC_SECONDS:
                os.fsync(file.fileno())
                self._synced = time.monotonic()

    def output(self, sample: str) -> Path:
        """Where the picture of a sample is kept; every id has a name of its own."""
        name = quote(sample, safe=" ")
        if len(name) > _LONGEST:
            import hashlib

            name = f"{name[:_LONGEST]}-{hashlib.sha256(sample.encode()).hexdigest()[:16]}"
        return self.path / "outputs" / f"{name}.png"

    def read_output(self, sample: str) -> np.ndarray | None:
        """The (h, w, 3) uint8 picture of a sample, or None where none is kept.

        Raises:
            ImageError: It is damaged.
        """
        path = self.output(sample)
        return read_rgb(path) if path.is_file() else None

    def read_numbers(self, sample: str) -> np.ndarray | None:
        """The answer of a specialist to a sample, or None where none is kept.

        Raises:
            DataError: It is damaged.
        """
        path = self.output(sample).with_suffix(".npz")
        if not path.is_file():
            return None
        try:
            with np.load(path, allow_pickle=False) as kept:
                return np.asarray(kept["answer"])
        except (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error) as error:
            raise DataError(f"{shown(path)} is damaged: {' '.join(str(error).split())}") from error

    def keep_output(self, sample: str, output: np.ndarray, *, numbers: bool = False) -> None:
        """Write a picture, or a specialist's numbers, whole or not at all."""
        path = self.output(sample)
        if not numbers:
            write_png(path, output)
            return
        with replacing(path.with_suffix(".npz")) as file:
            np.savez_compressed(file, answer=output)

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        """Write `summary.json`."""
        with replacing(self.path / "summary.json") as file:
            file.write(_json(summary))


def _json(values: Mapping[str, Any]) -> bytes:
    return (json.dumps(values, indent=2, ensure_ascii=False) + "\n").encode()


def _read_object(path: Path, absent: str) -> dict[str, Any]:
    try:
        values = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise DataError(absent) from error
    except (OSError, ValueError) as error:
        raise DataError(f"{shown(path)} is damaged: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise DataError(f"{shown(path)} is damaged: expected an object")
    return values


def _trim(path: Path, file: Any) -> None:
    """Take off a last line without an end."""
    size = path.stat().st_size
    with path.open("rb") as reader:
        end = size
        while end:
            start = max(0, end - 65536)
            reader.seek(start)
            newline = reader.read(end - start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
    if end < size:
        file.truncate(end)


@contextmanager
def _alone(file: Any, folder: Path) -> Iterator[None]:
    """Hold that no other process writes this run; the kernel lets go of it with the process."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise DataError(
            f"another process writes the run in {shown(folder)}: wait for its end, or choose another folder"
        ) from error
    yield


def _not_written(path: Path, error: OSError) -> str:
    return (
        f"{shown(path)} cannot be written ({error.strerror}): what is finished is kept; make room and give \
the same command once more"
    )
