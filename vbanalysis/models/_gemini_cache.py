"""Answers on disk, by what was asked: nothing is paid for twice.

An entry is `AB/KEY.json`, with `AB/KEY.picture` beside it where the answer holds one, as it came. The key is
the SHA-256 of everything that the answer depends on. The JSON file is written last and whole, so there is an
entry, or there is none; it holds a hash of itself and of the picture.
"""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vbanalysis.errors import DataError, StopError
from vbanalysis.models._lock import locked
from vbanalysis.paths import replacing, shown


class Entry(NamedTuple):
    """One answer.

    Attributes:
        about: What was asked and answered, as JSON holds it.
        picture: The file of the picture, or None.
    """

    about: dict[str, Any]
    picture: Path | None

    @property
    def problem(self) -> str | None:
        """Why the answer cannot be used, or None."""
        told = self.about.get("problem")
        return None if told is None else str(told)


class Cache:
    """A folder of answers.

    Args:
        folder: It; made when the first answer is written.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder).expanduser().absolute()

    def read(self, key: str) -> Entry | None:
        """The answer to a question, or None; one that is damaged is not there, and a warning says so."""
        path = self._path(key)
        try:
            kept = json.loads(path.read_bytes())
            about, digest = kept["about"], kept["sha256"]
            if digest != _digest(about):
                raise ValueError("its hash is another")
            named = about["picture_sha256"]
            picture = None if named is None else path.with_suffix(".picture")
            if picture is not None and hashlib.sha256(picture.read_bytes()).hexdigest() != named:
                raise ValueError("the hash of its picture is another")
        except FileNotFoundError as error:
            if path.exists():
                _warn(path, error)
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            _warn(path, error)
            return None
        return Entry(about, picture)

    def write(self, key: str, about: Mapping[str, Any], picture: bytes | None) -> Entry:
        """Keep an answer.

        Raises:
            StopError: The folder cannot be written.
        """
        path = self._path(key)
        kept: dict[str, Any] = {**about, "picture_sha256": None}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if picture is not None:
                kept["picture_sha256"] = hashlib.sha256(picture).hexdigest()
                with replacing(path.with_suffix(".picture")) as file:
                    file.write(picture)
            with replacing(path) as file:
                told = {"about": kept, "sha256": _digest(kept)}
                file.write((json.dumps(told, indent=1) + "\n").encode())
        except (OSError, DataError) as error:
            raise StopError(f"an answer that was paid for cannot be kept: {error}") from error
        return Entry(kept, None if picture is None else path.with_suffix(".picture"))

    def claim(self, key: str) -> AbstractContextManager[None]:
        """Ask a question alone: whoever else asks the same waits, and then finds the answer.

        Raises:
            StopError: The folder cannot be written.
        """
        return locked(self._path(key).with_suffix(".lock"))

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"


def key_of(settings: Mapping[str, Any], image: np.ndarray | None) -> str:
    """The key of a question.

    Args:
        settings: Everything beside the image that the answer depends on.
        image: (H, W, 3) uint8 RGB, of which the pixels count and not their file; or None.

    Returns:
        SHA-256 in hexadecimal digits.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    if image is not None:
        digest.update(f"{image.shape}".encode())
        digest.update(np.ascontiguousarray(image).tobytes())
    return digest.hexdigest()


def _digest(about: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def _warn(path: Path, error: Exception) -> None:
    warnings.warn(
        f"the kept answer {shown(path)} is damaged ({error}): it is asked and paid for once more",
        RuntimeWarning,
        stacklevel=4,
    )
