"""What all metrics ask of their arguments, and how they say that it was not what came."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from vbanalysis.errors import InputError

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
