"""Reading COCO's run-length code, and overlaps of what it codes, on NumPy alone.

`_runs_numba` holds the same two functions compiled; the tests hold them equal.
"""

from __future__ import annotations

import numpy as np

LONGEST = 7
"""Characters of one number; seven hold 34 bits and a sign, more than any picture has pixels."""

WHOLE, NOT_CODE, CUT_SHORT, TOO_LONG, NEGATIVE, WRONG_SUM = range(6)
"""What may be said of one mask's text."""


def read_runs(
    text: np.ndarray, bounds: np.ndarray, pixels: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int, int]:
    """Where the runs of many masks end.

    Args:
        text: (t,) uint8, the characters of all masks one after the other.
        bounds: (n + 1,) int64, where each mask's characters begin, and the end of the last.
        pixels: (n,) int64, how many pixels each mask has.

    Returns:
        The ends of the runs of all masks, int64, each counted in its own mask; (n + 1,) int64, where each
        mask's ends begin, and the end of the last; (n,) int64, the pixels that each mask marks; the first
        mask that is not whole, or -1; what is wrong with it. The arrays mean nothing where one is not whole.
    """
    ends, first = [np.empty(0, np.int64)], np.zeros(len(pixels) + 1, np.int64)
    areas = np.zeros(len(pixels), np.int64)
    for place, size in enumerate(pixels):
        lengths, state = _lengths(text[bounds[place] : bounds[place + 1]])
        if state == WHOLE and lengths.min(initial=0) < 0:
            state = NEGATIVE
        if state == WHOLE and int(lengths.sum()) != size:
            state = WRONG_SUM
        if state != WHOLE:
            return ends[0], first, areas, place, state
        ends.append(np.cumsum(lengths))
        first[place + 1] = first[place] + len(lengths)
        areas[place] = lengths[1::2].sum()
    return np.concatenate(ends), first, areas, -1, WHOLE


def _lengths(characters: np.ndarray) -> tuple[np.ndarray, int]:
    """The lengths of one mask's runs."""
    nothing = np.empty(0, np.int64)
    groups = characters.astype(np.int64) - 48
    if np.any((groups < 0) | (groups > 63)):
        return nothing, NOT_CODE
    last = np.flatnonzero(groups < 32)
    if len(groups) and (not len(last) or last[-1] != len(groups) - 1):
        return nothing, CUT_SHORT
    widths = np.diff(last, prepend=-1)
    if widths.max(initial=0) > LONGEST:
        return nothing, TOO_LONG
    numbers = np.zeros(len(last), np.int64)
    for place in range(int(widths.max(initial=0))):
        there = widths > place
        numbers[there] |= (groups[(last - widths + 1 + place)[there]] & 31) << (5 * place)
    numbers -= np.where(groups[last] & 16, np.int64(1) << (5 * widths), 0)
    # From the fourth on a number is the difference to the last but one, so two sums run side by side.
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    return numbers, WHOLE


def overlaps(ends: np.ndarray, first: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Pixels that the masks of each pair share.

    Args:
        ends: Of `read_runs`.
        first: Of `read_runs`.
        left: (m,) int64, one mask of each pair.
        right: (m,) int64, the other one; of as many pixels.

    Returns:
        (m,) int64.
    """
    shared = np.zeros(len(left), np.int64)
    for pair, (a, b) in enumerate(zip(left, right, strict=True)):
        edges, other = ends[first[a] : first[a + 1]], ends[first[b] : first[b + 1]]
        # Pixels of the one mask before each edge of the other; a run of ones spans edges 2k and 2k + 1.
        before = _marked_before(edges, other[: len(other) // 2 * 2])
        shared[pair] = (before[1::2] - before[::2]).sum()
    return shared


def _marked_before(ends: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """How many pixels before each position a mask marks."""
    lengths = np.diff(ends, prepend=0)
    marked = np.append(0, np.cumsum(lengths * (np.arange(len(lengths)) % 2)))
    run = np.minimum(np.searchsorted(ends, positions, side="left"), len(ends) - 1)
    start = np.append(0, ends)[run]
    return marked[run] + np.where(run % 2, positions - start, 0)
