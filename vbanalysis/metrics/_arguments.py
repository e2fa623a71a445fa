"""What all metrics ask of their arguments, and how they say that it was not what came."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TypeVar

import numpy as np

from vbanalysis.errors import InputError

T = TypeVar("T")

KINDS = {"b": "booleans", "iu": "integers", "f": "floats", "fiu": "numbers"}
"""Words for NumPy's kinds of dtype."""


def array_of(kind: str, array: np.ndarray, name: str) -> np.ndarray:
    """The array, if it holds at least one element of a kind of `KINDS`.

    Raises:
        InputError: It does not.
    """
    array = np.asarray(array)
    if array.dtype.kind not in kind or not array.size:
        raise InputError(f"{name} must hold {KINDS[kind]}, got {array.dtype} of shape {array.shape}")
    return array


def check_same_shape(predicted: np.ndarray, true: np.ndarray, names: tuple[str, str]) -> None:
    """Hold a pair to one shape: results are resized before they are scored, never here.

    Raises:
        InputError: The shapes differ.
    """
    if predicted.shape != true.shape:
        raise InputError(
            f"{names[0]} has shape {predicted.shape} but {names[1]} {true.shape}: "
            "resize the decoded result to the truth first"
        )


def mask_or_all(valid: np.ndarray | None, shape: tuple[int, ...], name: str = "valid") -> np.ndarray:
    """The mask, or one that holds everywhere where none was given.

    Raises:
        InputError: It is not boolean, or of another shape.
    """
    if valid is None:
        return np.ones(shape, bool)
    valid = np.asarray(valid)
    if valid.dtype != bool or valid.shape != shape:
        raise InputError(f"{name} must be booleans of shape {shape}, got {valid.dtype} {valid.shape}")
    return valid


def check_choice(value: str, name: str, choices: Collection[str]) -> None:
    """Hold a setting to its names.

    Raises:
        InputError: It is none of them.
    """
    if value not in choices:
        raise InputError(f"{name} must be one of {', '.join(choices)}; got {value!r}")


def check_cap(cap_m: tuple[float, float]) -> tuple[float, float]:
    """The range of depths that a benchmark compares, as floats.

    Raises:
        InputError: It is no range of positive depths.
    """
    if np.shape(cap_m) != (2,) or not 1e-100 <= cap_m[0] < cap_m[1]:
        raise InputError(
            f"cap_m must be (low, high) in metres with 0 < low < high, low at least 1e-100; got {cap_m}"
        )
    return float(cap_m[0]), float(cap_m[1])


def each_of(kind: type[T], items: Iterable[T], name: str) -> list[T]:
    """The items in a list, if each is of the kind that the first function of a metric gives.

    Raises:
        InputError: One is not.
    """
    found = list(items)
    for item in found:
        if not isinstance(item, kind):
            raise InputError(f"{name} must hold {kind.__name__} alone, got {type(item).__name__}")
    return found
