"""MATLAB's files of version 5, as far as benchmarks use them: numbers, text and single structs.

SciPy's reader ends the whole process on some damaged files, so this one takes the bytes apart in Python and
holds every length to what is there. Source: MathWorks, "MAT-File Format" (level 5).
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vbanalysis.datasets._files import reading, require_file
from vbanalysis.errors import DataError
from vbanalysis.paths import shown

_HEADER = 128
_LARGEST = 1 << 27
"""Bytes that a file may hold once inflated."""

_MATRIX, _COMPRESSED = 14, 15
_STRUCT, _CHAR, _OPAQUE = 2, 4, 17
_COMPLEX, _LOGICAL = 0x0800, 0x0200

_STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
"""How numbers lie in the file, by the type of their element."""

_CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
"""What they are in MATLAB, by the class of their array."""

_LETTERS = {2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
_LONGEST_NAME, _MOST_AXES, _MOST_FIELDS = 64, 8, 1000


class _Element(NamedTuple):
    kind: int
    data: memoryview


def read_mat(path: Path, *names: str) -> dict[str, Any]:
    """Variables of a `.mat` file of version 5.

    Args:
        path: The file.
        names: The variables wanted; each must be there.

    Returns:
        The variables by name: numbers as arrays of at least two axes (truth values as bool), text as str, a
        struct as a dict of its fields; None for what is of another kind, as cells and arrays of structs are.

    Raises:
        DataError: The file is missing, damaged, of version 7.3, too large or without one of the variables.
    """
    require_file(path)
    found = reading(path, lambda: _variables(path, set(names)))
    for name in names:
        if name not in found:
            raise DataError(f"{shown(path)} holds no variable {name!r}: it is another file, or damaged")
    return found


def _variables(path: Path, names: set[str]) -> dict[str, Any]:
    if path.stat().st_size > _LARGEST:
        raise DataError(f"{shown(path)} is larger than {_LARGEST:,} bytes")
    content = path.read_bytes()
    if content[:19] == b"MATLAB 7.3 MAT-file":
        raise DataError(f"{shown(path)} is of version 7.3; one of version 5 is expected here")
    order = {b"IM": "<", b"MI": ">"}.get(content[126:_HEADER])
    if order is None:
        raise DataError(f"{shown(path)} is no MATLAB file of version 5, or its header is damaged")
    found, left = {}, _LARGEST
    for element in _elements(memoryview(content)[_HEADER:], order):
        if element.kind == _COMPRESSED:
            inflate = zlib.decompressobj()
            inflated = inflate.decompress(element.data, left)
            left -= len(inflated)
            if left <= 0 or inflate.unconsumed_tail:
                raise DataError(f"{shown(path)} inflates to more than {_LARGEST:,} bytes")
            if not inflate.eof:
                raise ValueError("a compressed variable is not whole")
            element = next(_elements(memoryview(inflated), order))
        if element.kind == _MATRIX:
            name, value = _array(element.data, order, names, depth=0)
            if name in names:
                found[name] = value
    return found


def _elements(data: memoryview, order: str) -> Iterator[_Element]:
    """The elements one after the other; each begins on a multiple of 8 bytes, but for compressed ones."""
    place = 0
    while place < len(data):
        first, size = struct.unpack_from(f"{order}II", data, place)
        if first >> 16:  # up to four bytes lie in the tag itself
            kind, size, start, end = first & 0xFFFF, first >> 16, place + 4, place + 8
            if size > 4:
                raise ValueError(f"a small element claims {size} bytes")
        else:
            kind, start = first, place + 8
            end = start + (size if kind == _COMPRESSED else -(-size // 8) * 8)
        if start + size > len(data):
            raise ValueError("an element goes on behind its end")
        yield _Element(kind, data[start : start + size])
        place = end


def _array(data: memoryview, order: str, wanted: set[str] | None, depth: int) -> tuple[str, Any]:
    """Name and value of an array; the value of one that is not wanted is not read."""
    if not len(data):
        return "", np.empty((0, 0))
    parts = _elements(data, order)
    flags = int(_numbers(next(parts), order)[0])
    if flags & 0xFF == _OPAQUE:  # laid out in another way
        return "", None
    shape = tuple(int(length) for length in _numbers(next(parts), order))
    name = _text(next(parts), order)
    if not 2 <= len(shape) <= _MOST_AXES or min(shape) < 0:
        raise ValueError(f"an array claims the shape {shape}")
    if wanted is not None and name not in wanted:
        return name, None
    kind = flags & 0xFF
    if kind == _STRUCT and math.prod(shape) == 1 and depth < 4:
        return name, _fields(parts, order, depth)
    if kind == _CHAR:
        return name, _text(next(parts), order) if math.prod(shape) else ""
    if kind not in _CLASSES or flags & _COMPLEX:
        return name, None
    numbers = _numbers(next(parts), order)
    if numbers.size != math.prod(shape):
        raise ValueError(f"an array of shape {shape} holds {numbers.size} numbers")
    dtype = np.dtype(bool) if flags & _LOGICAL else np.dtype(_CLASSES[kind])
    return name, numbers.astype(dtype).reshape(shape, order="F")


def _fields(parts: Iterator[_Element], order: str, depth: int) -> dict[str, Any]:
    length = int(_numbers(next(parts), order)[0])
    names = bytes(next(parts).data)
    if not 0 < length <= _LONGEST_NAME or len(names) % length or len(names) // length > _MOST_FIELDS:
        raise ValueError("a struct has damaged names of fields")
    found = {}
    for start in range(0, len(names), length):
        element = next(parts)
        if element.kind != _MATRIX:
            raise ValueError("a field of a struct is no array")
        name = names[start : start + length].partition(b"\0")[0].decode("ascii")
        found[name] = _array(element.data, order, None, depth + 1)[1]
    return found


def _numbers(element: _Element, order: str) -> np.ndarray:
    if element.kind not in _STORED:
        raise ValueError(f"numbers are expected, not an element of type {element.kind}")
    return np.frombuffer(element.data, np.dtype(order + _STORED[element.kind]))


def _text(element: _Element, order: str) -> str:
    encoding = _LETTERS.get(element.kind, "latin-1")
    if encoding in ("utf-16", "utf-32"):
        encoding += "-le" if order == "<" else "-be"
    return bytes(element.data).decode(encoding)
