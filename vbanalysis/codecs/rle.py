"""Masks out of COCO's run-length code, and what coded masks share, counted on the runs.

The code goes down the columns: lengths of runs, the first of zeros. Compressed, it is text, as
`vbanalysis.codecs.to_rle` writes it; uncompressed, a list of numbers. Source: pycocotools, `maskApi.c`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from vbanalysis.codecs import _runs_numpy
from vbanalysis.codecs._numba import kernels
from vbanalysis.codecs._rle import Rle, _compress
from vbanalysis.errors import InputError
from vbanalysis.images import MAX_PIXELS

_WORTH_COMPILING = 100_000
"""Characters from which on compiled code is worth its loading."""

_FAULTS = {
    _runs_numpy.NOT_CODE: "holds a character that is none of COCO's run-length code",
    _runs_numpy.CUT_SHORT: "ends within a number: it is truncated",
    _runs_numpy.TOO_LONG: "holds a number too large for a picture",
    _runs_numpy.NEGATIVE: "holds a run of negative length",
    _runs_numpy.WRONG_SUM: "codes another number of pixels than its size has",
}


class MaskRuns(NamedTuple):
    """Many masks by the ends of their runs.

    Attributes:
        ends: (total,) int64, the ends of the runs of all masks, each counted down its own mask's columns.
        first: (n + 1,) int64, where each mask's ends begin, and the end of the last.
        areas: (n,) int64, the pixels that each mask marks.
    """

    ends: np.ndarray
    first: np.ndarray
    areas: np.ndarray


def read_runs(
    counts: Sequence[str],
    pixels: Sequence[int] | np.ndarray,
    name: Callable[[int], str] = "counts[{}]".format,
) -> MaskRuns:
    """Read the compressed code of many masks at once.

    Args:
        counts: The text of each.
        pixels: Height times width of each.
        name: What a message calls the mask of a place.

    Raises:
        InputError: One cannot be read, or does not fill its picture; the message names it.

    Examples:
        >>> runs = read_runs(["022", "31"], [4, 4])
        >>> runs.ends.tolist(), runs.first.tolist(), runs.areas.tolist()
        ([0, 2, 4, 3, 4], [0, 3, 5], [2, 1])
    """
    bounds = np.zeros(len(counts) + 1, np.int64)
    np.cumsum([len(text) for text in counts], out=bounds[1:])
    joint = "".join(counts)
    if not joint.isascii():
        place = next(place for place, text in enumerate(counts) if not text.isascii())
        raise InputError(f"{name(place)} {_FAULTS[_runs_numpy.NOT_CODE]}")
    text = np.frombuffer(joint.encode("ascii"), np.uint8)
    read = _numpy_or_compiled(len(text)).read_runs
    ends, first, areas, place, state = read(text, bounds, np.asarray(pixels, np.int64))
    if place >= 0:
        raise InputError(f"{name(place)} {_FAULTS[state]}")
    return MaskRuns(ends, first, areas)


def overlaps(runs: MaskRuns, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Pixels that two masks share, for many pairs of masks.

    Args:
        runs: The masks.
        left: (m,) integers, the place of one mask of each pair.
        right: (m,) integers, the place of the other one, of the same height and width.

    Returns:
        (m,) int64.

    Examples:
        >>> overlaps(read_runs(["022", "031"], [4, 4]), np.array([0]), np.array([1])).tolist()
        [2]
    """
    overlap = _numpy_or_compiled(len(runs.ends)).overlaps
    return overlap(runs.ends, runs.first, np.asarray(left, np.int64), np.asarray(right, np.int64))


def runs_of(mask: np.ndarray) -> list[int]:
    """Lengths of the runs of an (H, W) bool mask down its columns, the first one of zeros: `counts`, uncoded.

    Examples:
        >>> runs_of(np.array([[True, False], [True, True]]))
        [0, 2, 1, 1]
    """
    column_major = np.asarray(mask, bool).T.ravel()
    turns = np.flatnonzero(np.diff(column_major.astype(np.int8), prepend=0))
    return np.diff(turns, prepend=0, append=column_major.size).tolist()


def masks_from_rle(codes: Sequence[Mapping[str, Any]], shape: tuple[int, int]) -> np.ndarray:
    """Masks of one picture as pixels.

    Args:
        codes: `{"size": [height, width], "counts": ...}`, each compressed or not.
        shape: Height and width that all must have.

    Returns:
        (n, H, W) bool.

    Raises:
        InputError: A code cannot be read, or is of another size.

    Examples:
        >>> masks_from_rle([{"size": [2, 2], "counts": "022"}], (2, 2)).astype(int).tolist()
        [[[1, 0], [1, 0]]]
    """
    height, width = shape
    if min(shape) < 1 or height * width > MAX_PIXELS:
        raise InputError(f"shape must be a height and a width of at most {MAX_PIXELS:,} pixels, got {shape}")
    coded = [compressed(code, f"codes[{place}]") for place, code in enumerate(codes)]
    for place, code in enumerate(coded):
        if code["size"] != [height, width]:
            raise InputError(f"codes[{place}] has the size {code['size']}, expected {[height, width]}")
    masks = np.empty((len(coded), height, width), bool)
    for place, code in enumerate(coded):
        ends = read_runs([code["counts"]], [height * width], [f"codes[{place}]"].__getitem__).ends
        lengths = np.diff(ends, prepend=0)
        masks[place] = np.repeat(np.arange(len(ends)) % 2 == 1, lengths).reshape(width, height).T
    return masks


def compressed(code: Any, name: str) -> Rle:
    """A mask's code with its form checked, and its runs as text; the text itself is read by `read_runs`.

    Args:
        code: As found in a file.
        name: What messages call it.

    Raises:
        InputError: It is no run-length code.

    Examples:
        >>> compressed({"size": [2, 2], "counts": [0, 2, 2]}, "the mask")
        {'size': [2, 2], 'counts': '022'}
    """
    if not isinstance(code, Mapping) or not {"size", "counts"} <= code.keys():
        found = f"the keys {sorted(map(str, code))}" if isinstance(code, Mapping) else type(code).__name__
        raise InputError(f"{name} is no run-length code: expected the keys 'size' and 'counts', got {found}")
    size, counts = code["size"], code["counts"]
    if not _integers(size) or len(size) != 2 or min(size) < 1:
        raise InputError(f"{name} has the size {size!r}, expected [height, width]")
    if isinstance(counts, bytes):
        counts = counts.decode("latin-1")
    if not isinstance(counts, str):
        if not _integers(counts) or min(counts, default=0) < 0 or sum(counts) != size[0] * size[1]:
            raise InputError(
                f"{name} has counts that are neither text nor lengths of runs that fill "
                f"{size[0]} x {size[1]} pixels"
            )
        counts = _compress(counts)
    return {"size": list(size), "counts": counts}


def _integers(values: Any) -> bool:
    return isinstance(values, list | tuple) and all(type(value) is int for value in values)


def _numpy_or_compiled(length: int) -> Any:
    return (kernels("_runs_numba") if length >= _WORTH_COMPILING else None) or _runs_numpy
