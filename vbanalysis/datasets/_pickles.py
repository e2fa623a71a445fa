"""Pickles from outside, read without running anything in them.

A pickle is a program: its opcodes may call whatever they name. Here they are walked first, so that no number
in the file makes the unpickler take memory that the file's own size does not warrant; then they run with a
list of names that is short and closed. What comes out is plain: dicts, lists, tuples, sets, numbers, text,
bytes, and NumPy's arrays and scalars of numbers and text.
"""

from __future__ import annotations

import functools
import io
import math
import pickle
import pickletools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from vbanalysis.datasets._files import reading, require_file
from vbanalysis.errors import DataError
from vbanalysis.paths import shown

LARGEST = 2 << 30
"""Bytes of the largest pickle that is read unless the caller says otherwise."""

_COMPILED_FROM = 4 << 20
"""Bytes from which on the walk is worth compiling."""

_REFUSED = {"PERSID", "BINPERSID", "EXT1", "EXT2", "EXT4", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX"} | {
    "NEXT_BUFFER",
    "READONLY_BUFFER",
}
"""Opcodes that plain values do not need: objects of classes, registries, buffers from elsewhere."""

_TWO_LINES, _REFUSE, _UNKNOWN = -6, -7, -8
_LINE, _LENGTH_1, _LENGTH_4, _LENGTH_4U, _LENGTH_8 = -1, -2, -3, -4, -5  # as in pickletools
_END, _TRUNCATED, _NOT_ALLOWED, _BAD_OPCODE, _BAD_MEMO, _MORE = 0, 1, 2, 3, 4, 5
_FAULTS = {
    _TRUNCATED: "is truncated or damaged",
    _NOT_ALLOWED: "makes objects of classes, which is not read from a file",
    _BAD_OPCODE: "is no pickle, or a damaged one",
    _BAD_MEMO: "is damaged or hostile: it numbers more values than it can hold",
    _MORE: "has bytes after its end",
}


def read_pickle(path: Path, largest: int = LARGEST) -> Any:
    """What a pickle of plain values holds.

    Args:
        path: The file, of any protocol.
        largest: Refuse files of more bytes.

    Raises:
        DataError: The file is missing, too large, damaged or truncated, or names anything but plain
            containers and NumPy's arrays and scalars; nothing of it has run then.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "infos.pkl"
        >>> _ = path.write_bytes(pickle.dumps({"cam2img": [[2.0, 0.0], [0.0, 2.0]]}))
        >>> read_pickle(path)
        {'cam2img': [[2.0, 0.0], [0.0, 2.0]]}
        >>> _ = path.write_bytes(pickle.dumps(print))
        >>> read_pickle(path)
        Traceback (most recent call last):
        vbanalysis.errors.DataError: ...infos.pkl names builtins.print, which is no plain value: ...
    """
    require_file(path)
    size = path.stat().st_size
    if size > largest:
        raise DataError(f"{shown(path)} has {size:,} bytes, over the limit of {largest:,} for a pickle")
    data = reading(path, path.read_bytes)
    walk = _compiled_walk() if size >= _COMPILED_FROM else _walk
    fault = walk(np.frombuffer(data, np.uint8), *_opcodes())
    if fault != _END:
        raise DataError(f"{shown(path)} {_FAULTS[fault]}: fetch or export it again")
    return reading(path, _PlainUnpickler(path, data).load)


class _PlainUnpickler(pickle.Unpickler):
    """Unpickles plain values; every other name is an error before it is looked up."""

    def __init__(self, path: Path, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self._path = path

    def find_class(self, module: str, name: str) -> Any:
        module = module.replace("numpy._core.", "numpy.core.").replace("__builtin__", "builtins")
        try:
            # A new one each time, for a pickle may set attributes of what it was given.
            return _Call(_PLAIN[module, name])
        except KeyError:
            raise DataError(
                f"{shown(self._path)} names {module}.{name}, which is no plain value: a pickle is a program, "
                "and only containers, numbers, text and arrays are read from it"
            ) from None


class _Call:
    """What a name in a pickle stands for: one function, and nothing else of Python."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        return self._function(*arguments)


class _Dtype:
    """A `numpy.dtype` of plain numbers or text, held to be one before NumPy sees its state."""

    __slots__ = ("value",)

    def __init__(self, code: Any, align: Any = False, copy: Any = True) -> None:
        if not isinstance(code, str) or len(code) > 12:
            raise ValueError(f"array of an unexpected type {code!r}")
        self.value = np.dtype(code)
        if self.value.kind not in "biufcSU" or self.value.subdtype is not None:
            raise ValueError(f"array of {self.value}, expected numbers or text")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, order, subtype, names, fields, *_ = state
        if order not in ("<", ">", "=", "|") or (subtype, names, fields) != (None, None, None):
            raise ValueError("array of a compound type, expected numbers or text")
        self.value = self.value.newbyteorder(order)


class _Array(np.ndarray):
    """An array that fills itself from a pickle's state once its size is held to be that of its bytes."""

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, data = state
        if not isinstance(dtype, _Dtype) or not isinstance(data, bytes):
            raise ValueError("array of objects, expected numbers or text")
        _check_shape(shape, dtype.value, len(data))
        checked: Any = (1, shape, dtype.value, bool(fortran), data)
        super().__setstate__(checked)


def _empty_array(subtype: Any, shape: Any, code: Any) -> np.ndarray:
    if shape != (0,) or code not in (b"b", "b"):
        raise ValueError("array made in an unexpected way")
    return np.empty(0, np.int8).view(_Array)


def _array_of(buffer: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray:
    if not isinstance(dtype, _Dtype) or not isinstance(buffer, (bytes, bytearray)) or order not in ("C", "F"):
        raise ValueError("array made in an unexpected way")
    _check_shape(shape, dtype.value, len(buffer))
    return np.frombuffer(buffer, dtype.value).reshape(shape, order=order).copy()


def _scalar(dtype: Any, data: Any) -> Any:
    if not isinstance(dtype, _Dtype) or not isinstance(data, bytes):
        raise ValueError("scalar made in an unexpected way")
    _check_shape((1,), dtype.value, len(data))
    return np.frombuffer(data, dtype.value)[0]


def _check_shape(shape: Any, dtype: np.dtype, n_bytes: int) -> None:
    lengths = isinstance(shape, tuple) and all(type(n) is int and n >= 0 for n in shape)
    if not lengths or math.prod(shape) * dtype.itemsize != n_bytes or not dtype.itemsize:
        raise ValueError(f"array of shape {shape} and {dtype} in {n_bytes:,} bytes")


def _latin1(text: Any, encoding: Any) -> bytes:
    """Protocols below 3 have no bytes of their own and write them as text to be encoded."""
    if not isinstance(text, str) or encoding != "latin1":
        raise ValueError("text encoded in an unexpected way")
    return text.encode("latin1")


_PLAIN: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "dtype"): _Dtype,
    ("numpy", "ndarray"): _Array,
    ("numpy.core.multiarray", "_reconstruct"): _empty_array,
    ("numpy.core.multiarray", "scalar"): _scalar,
    ("numpy.core.numeric", "_frombuffer"): _array_of,
    ("_codecs", "encode"): _latin1,
    ("collections", "OrderedDict"): lambda pairs=(): dict(pairs),
    ("builtins", "bytes"): lambda: b"",
    ("builtins", "set"): lambda values=(): set(values),
    ("builtins", "frozenset"): lambda values=(): frozenset(values),
}
"""All that a pickle may name."""


@functools.cache
def _opcodes() -> tuple[np.ndarray, int, int, int]:
    """How long each opcode's argument is, by `pickletools`; the two that number a value, and the last one."""
    sizes = np.full(256, _UNKNOWN, np.int64)
    for opcode in pickletools.opcodes:
        pair = opcode.arg is not None and opcode.arg.name.endswith("_pair")
        size = 0 if opcode.arg is None else _TWO_LINES if pair else opcode.arg.n
        sizes[ord(opcode.code)] = _REFUSE if opcode.name in _REFUSED else size
    return sizes, ord(pickle.PUT), ord(pickle.LONG_BINPUT), ord(pickle.STOP)


@functools.cache
def _compiled_walk() -> Callable[..., int]:
    try:
        from numba import njit

        return njit(nogil=True, cache=True)(_walk)
    except (ImportError, RuntimeError):  # not installed, or without a folder to keep compiled code in
        return _walk


def _walk(data: np.ndarray, sizes: np.ndarray, put: int, long_binput: int, stop: int) -> int:
    """Go over the opcodes as the unpickler will, and find what it should not meet; `_END` if nothing."""
    end = len(data)
    at = 0
    while at < end:
        code = data[at]
        size = sizes[code]
        at += 1
        if code == stop:
            return _END if at == end else _MORE
        if size == _UNKNOWN:
            return _BAD_OPCODE
        if size == _REFUSE:
            return _NOT_ALLOWED
        start = at
        if size in (_LINE, _TWO_LINES):
            for _ in range(1 if size == _LINE else 2):
                while at < end and data[at] != 10:
                    at += 1
                at += 1
        elif size >= 0:
            at += size
        else:
            width = 1 if size == _LENGTH_1 else 8 if size == _LENGTH_8 else 4
            if at + width > end:
                return _TRUNCATED
            length = 0
            for place in range(width):
                byte = int(data[at + place])
                if byte and place > 5:
                    return _TRUNCATED
                length += byte << (8 * place)
            at += width + length
        if at > end:
            return _TRUNCATED
        # The unpickler makes room for all numbers up to the one given: none may be above the file's size.
        number = 0
        if code == long_binput:
            for place in range(4):
                number += int(data[start + place]) << (8 * place)
        elif code == put:
            for place in range(start, at - 1):
                number = min(10 * number + int(data[place]) - 48, end + 1)
        if number > end:
            return _BAD_MEMO
    return _TRUNCATED
