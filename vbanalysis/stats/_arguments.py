"""What all of the package ask of their arguments."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from vbanalysis.errors import InputError

Clusters = Sequence[Hashable] | np.ndarray
"""One label a unit; units with the same label are drawn together."""


def finite_row(values: Any, name: str) -> np.ndarray:
    """(n,) float64, at least one number, all finite.

    Raises:
        InputError: They are not.
    """
    try:
        row = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{name} must be a non-empty row of finite numbers, got {values!r}") from None
    if row.ndim != 1 or not len(row):
        raise InputError(f"{name} must be a non-empty row of finite numbers, got shape {row.shape}")
    if not np.isfinite(row).all():
        bad = int(np.flatnonzero(~np.isfinite(row))[0])
        raise InputError(
            f"{name} must be a non-empty row of finite numbers, got {row[bad]} at place {bad}: "
            "leave out what was not measured, and say how much that was"
        )
    return row


def paired_rows(first: Any, second: Any) -> tuple[np.ndarray, np.ndarray]:
    """Two finite rows, value k of both being of the same unit.

    Raises:
        InputError: One is no such row, or they differ in length.
    """
    a, b = finite_row(first, "first"), finite_row(second, "second")
    if len(a) != len(b):
        raise InputError(
            f"first and second must be of the same units in the same order, got {len(a)} and {len(b)} values"
        )
    return a, b


def members(clusters: Clusters | None, n: int) -> list[np.ndarray]:
    """The places of each cluster's units, clusters in the order in which they first appear.

    Raises:
        InputError: There is not one label a unit, or a label is None or NaN.
    """
    if clusters is None:
        return [np.array([k]) for k in range(n)]
    labels = clusters.tolist() if isinstance(clusters, np.ndarray) else list(clusters)
    if len(labels) != n:
        raise InputError(f"clusters must hold one label a unit, got {len(labels)} for {n} units")
    places: dict[Hashable, list[int]] = {}
    for k, label in enumerate(labels):
        if label is None or label != label:
            raise InputError(f"clusters must name the cluster of every unit, got {label} at place {k}")
        places.setdefault(label, []).append(k)
    return [np.array(found) for found in places.values()]


def between(value: Any, name: str, low: float, high: float) -> float:
    """A finite number strictly between two.

    Raises:
        InputError: It is not.
    """
    number = float(value) if isinstance(value, int | float | np.number) else np.nan
    if not low < number < high:
        raise InputError(f"{name} must be a number between {low:g} and {high:g}, got {value!r}")
    return number


def count(value: Any, name: str, low: int = 0) -> int:
    """A whole number of at least `low`.

    Raises:
        InputError: It is not.
    """
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < low:
        raise InputError(f"{name} must be a whole number of at least {low}, got {value!r}")
    return int(value)
