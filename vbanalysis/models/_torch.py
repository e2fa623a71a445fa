"""What models of torch share: how they are loaded, and in which numbers."""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vbanalysis.errors import DataError, InputError, VbanalysisError
from vbanalysis.paths import shown

_DTYPES = {"F32": "float32", "BF16": "bfloat16", "F16": "float16"}


@contextmanager
def loading(what: str) -> Iterator[None]:
    """Turn whatever a loader raises into one line, and keep its progress bars off the terminal.

    Damaged files fail in as many ways as there are readers.

    Raises:
        DataError: Something was raised.
    """
    shown_before = [log for log in _logs() if log.is_progress_bar_enabled()]
    for log in shown_before:
        log.disable_progress_bar()
    try:
        yield
    except VbanalysisError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        raise DataError(f"{what} cannot be loaded: {type(error).__name__}: {reason}") from error
    finally:
        for log in shown_before:
            log.enable_progress_bar()


def _logs() -> list[Any]:
    """The logging of those libraries in use that draw bars."""
    names = ("transformers.utils.logging", "diffusers.utils.logging")
    return [sys.modules[name] for name in names if name in sys.modules]


def dtype_of(name: str, folder: Path) -> Any:
    """The torch dtype of a name; `auto` is what most bytes of the folder's safetensors are.

    Raises:
        InputError: No such name.
        DataError: A file is damaged.
    """
    import torch

    if name == "auto":
        name = _stored(folder)
    if name not in _DTYPES.values():
        raise InputError(f"dtype must be auto, {', '.join(_DTYPES.values())}, got {name!r}")
    return getattr(torch, name)


def check_device(name: str) -> None:
    """Hold that a device can be used, before gigabytes are read for it.

    Raises:
        InputError: It cannot.
    """
    import torch

    try:
        torch.zeros(1, device=name).cpu()
    except (RuntimeError, AssertionError, TypeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"device {name!r} cannot be used, 'cpu' can: {reason}") from error


def weights_size(folder: Path) -> int:
    """Bytes of all safetensors of a repository: about the memory that they take."""
    return sum(path.stat().st_size for path in folder.rglob("*.safetensors"))


def _stored(folder: Path) -> str:
    sizes: dict[str, int] = {}
    for path in folder.rglob("*.safetensors"):
        for entry in _header(path).values():
            if isinstance(entry, dict) and (name := _DTYPES.get(entry.get("dtype", ""))):
                start, end = entry.get("data_offsets", (0, 0))
                sizes[name] = sizes.get(name, 0) + end - start
    return max(sizes, key=lambda name: sizes[name]) if sizes else "float32"


def _header(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > path.stat().st_size:
                raise ValueError("its header is longer than the file")
            found = json.loads(file.read(length))
    except (OSError, ValueError, struct.error) as error:
        raise DataError(f"{shown(path)} is no safetensors file: {' '.join(str(error).split())}") from error
    return found if isinstance(found, dict) else {}
