"""What a pointer reads at each pixel, as words that are made here and only looked up in the browser."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vbanalysis.errors import InputError


class Readout(NamedTuple):
    """One line of a reading: the words of every pixel.

    Attributes:
        name: What is read.
        codes: (H, W) uint16 or uint32, the place of each pixel's words in `texts`.
        texts: All words that occur.
    """

    name: str
    codes: np.ndarray
    texts: tuple[str, ...]

    def at(self, row: int, column: int) -> str:
        """The words of a pixel."""
        return self.texts[int(self.codes[row, column])]


def significant(
    name: str, values: np.ndarray, unit: str, *, digits: int = 3, unknown: str = "unread"
) -> Readout:
    """Numbers of 0 and above with so many digits, as `format(value, "#.3g")` has them.

    Args:
        name: What is read.
        values: (H, W) floats; inf is told as "infinite".
        unit: Put behind each number.
        digits: Significant ones.
        unknown: What NaN is told as.
    """
    known = np.isfinite(values) & (values > 0)
    safe = np.where(known, values, 1).astype(np.float64)
    power = np.floor(np.log10(safe)).astype(np.int64) - digits + 1
    power -= safe < 10.0 ** (power + digits - 1)  # log10 rounds up just below a power of ten
    key = np.rint(safe / 10.0**power).astype(np.int64)
    span = 10 ** (digits + 1)
    places, found = _numbered(np.where(known, power * span + key, _special(values)))
    special = _words(unit, "0", unknown)
    texts = [
        special.get(k) or _told(f"{float(f'{k % span}e{k // span}'):#.{digits}g}".rstrip("."), unit)
        for k in found
    ]
    return Readout(name, places, tuple(texts))


def decimal(
    name: str,
    values: np.ndarray,
    unit: str,
    *,
    decimals: int = 1,
    signed: bool = False,
    unknown: str = "unread",
) -> Readout:
    """Numbers with so many decimals.

    Args:
        name: What is read.
        values: (H, W) floats; inf is told as "infinite".
        unit: Put behind each number.
        decimals: Digits behind the point.
        signed: Whether a plus is written.
        unknown: What NaN is told as.
    """
    known = np.isfinite(values)
    key = np.rint(np.where(known, values, 0).astype(np.float64) * 10**decimals).astype(np.int64)
    places, found = _numbered(np.where(known, key, _special(values)))
    sign = "+" if signed else ""
    special = _words(unit, f"{0:{sign}.{decimals}f}", unknown)
    texts = [special.get(k) or _told(f"{k / 10**decimals:{sign}.{decimals}f}", unit) for k in found]
    return Readout(name, places, tuple(texts))


def pixel_of(row: int, column: int, shape: tuple[int, int]) -> tuple[int, int]:
    """A pixel that lies in a picture.

    Args:
        row: From the top, from 0.
        column: From the left, from 0.
        shape: (H, W) of the picture.

    Raises:
        InputError: It does not.
    """
    if not (0 <= row < shape[0] and 0 <= column < shape[1]):
        raise InputError(
            f"row and column must be from 0 to {shape[0] - 1} and {shape[1] - 1}, got {row!r} and {column!r}"
        )
    return int(row), int(column)


_UNREAD, _INFINITE, _ZERO = -(2**40), -(2**40) + 1, -(2**40) + 2


def _words(unit: str, zero: str, unknown: str) -> dict[int, str]:
    return {_UNREAD: unknown, _INFINITE: "infinite", _ZERO: _told(zero, unit)}


def _special(values: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(values), _UNREAD, np.where(np.isinf(values), _INFINITE, _ZERO))


def _told(number: str, unit: str) -> str:
    return f"{number}{unit if unit.startswith(('/', '°')) else ' ' + unit}" if unit else number


def _numbered(keys: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Each key's place among those that occur."""
    usual = keys > _ZERO
    low = int(keys[usual].min()) if usual.any() else 0
    index = np.where(usual, keys - low + 3, keys - _UNREAD)
    if (high := int(index.max())) < 8 * keys.size + 10_000_000:  # a table is ten times as fast as sorting
        occurs = np.zeros(high + 1, bool)
        occurs[index] = True
        found = np.flatnonzero(occurs)
        place = np.cumsum(occurs) - 1
        places = place[index]
    else:
        found, places = np.unique(index, return_inverse=True)
    kind = np.uint16 if len(found) <= 1 << 16 else np.uint32
    told = [int(k) + low - 3 if k > 2 else int(k) + _UNREAD for k in found]
    return places.reshape(keys.shape).astype(kind), told
