"""What comes in, checked, and how often a network is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from vbanalysis.errors import DataError, InputError


def checked(pictures: Sequence[np.ndarray], name: str = "pictures") -> list[np.ndarray]:
    """At least one (h, w, 3) uint8 picture.

    Raises:
        InputError: There is none, or one is no such picture.
    """
    found = list(pictures)
    if not found:
        raise InputError(f"{name} must hold at least one picture, got none")
    for place, picture in enumerate(found):
        if not isinstance(picture, np.ndarray) or picture.dtype != np.uint8 or picture.shape[2:] != (3,):
            came = (
                f"{picture.dtype} of shape {picture.shape}"
                if isinstance(picture, np.ndarray)
                else type(picture).__name__
            )
            raise InputError(f"{name} must be (h, w, 3) uint8 RGB, got {came} at place {place}")
        if not picture.size:
            raise InputError(f"{name} must not be empty, got shape {picture.shape} at place {place}")
    return found


def as_many(first: Sequence[Any], second: Sequence[Any], names: tuple[str, str]) -> None:
    """Hold two lists to one length.

    Raises:
        InputError: They differ.
    """
    if len(first) != len(second):
        raise InputError(f"expected as many {names[1]} as {names[0]}, got {len(second)} and {len(first)}")


def in_batches(items: Sequence[Any], size: int, ask: Callable[[Sequence[Any]], np.ndarray]) -> np.ndarray:
    """What a network answers to all items, some at a time; float64.

    Raises:
        DataError: It gave a number that is not finite.
    """
    parts = [ask(items[first : first + size]) for first in range(0, len(items), size)]
    found = np.concatenate(parts).astype(np.float64)
    if not np.isfinite(found).all():
        raise DataError(
            "the network gave numbers that are not finite: try dtype=float32, or its weights are damaged"
        )
    return found


def whole(value: Any, name: str) -> int:
    """A whole number of at least 1.

    Raises:
        InputError: It is not.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(f"{name} must be a whole number of at least 1, got {value!r}")
    return value
