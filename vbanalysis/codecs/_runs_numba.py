"""Reading COCO's run-length code, and overlaps of what it codes, compiled. Import it lazily: it needs numba.

`_runs_numpy` holds the same two functions on NumPy alone; the tests hold them equal.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from vbanalysis.codecs._runs_numpy import CUT_SHORT, LONGEST, NEGATIVE, NOT_CODE, TOO_LONG, WHOLE, WRONG_SUM


@njit(nogil=True, cache=True)
def read_runs(text, bounds, pixels):
    """See `vbanalysis.codecs._runs_numpy.read_runs`."""
    ends = np.empty(len(text), np.int64)  # a number has at least one character
    first = np.zeros(len(pixels) + 1, np.int64)
    areas = np.zeros(len(pixels), np.int64)
    count = 0
    for mask in range(len(pixels)):
        begin, end = count, np.int64(0)
        before = last = np.int64(0)  # the last number but one, and the last
        place, stop = bounds[mask], bounds[mask + 1]
        state = WHOLE
        for p in range(place, stop):
            if text[p] < 48 or text[p] > 111:
                state = NOT_CODE
        while state == WHOLE and place < stop:
            number, width = np.int64(0), 0
            more = True
            while more:
                if place == stop:
                    state = CUT_SHORT
                    break
                if width == LONGEST:
                    state = TOO_LONG
                    break
                group = np.int64(text[place]) - 48
                place += 1
                number |= (group & 31) << (5 * width)
                width += 1
                more = (group & 32) != 0
                if not more and (group & 16) != 0:
                    number -= np.int64(1) << (5 * width)
            if state != WHOLE:
                break
            if count - begin > 2:
                number += before
            before, last = last, number
            if number < 0:
                state = NEGATIVE
                break
            end += number
            if (count - begin) & 1:
                areas[mask] += number
            ends[count] = end
            count += 1
        if state == WHOLE and end != pixels[mask]:
            state = WRONG_SUM
        if state != WHOLE:
            return ends[:0], first, areas, mask, state
        first[mask + 1] = count
    return ends[:count], first, areas, -1, WHOLE


@njit(nogil=True, cache=True)
def overlaps(ends, first, left, right):
    """See `vbanalysis.codecs._runs_numpy.overlaps`."""
    shared = np.zeros(len(left), np.int64)
    for pair in range(len(left)):
        # The runs of ones of either mask, begun at ends[i] and ended at ends[i + 1].
        i, i_stop = first[left[pair]], first[left[pair] + 1] - 1
        j, j_stop = first[right[pair]], first[right[pair] + 1] - 1
        both = np.int64(0)
        while i < i_stop and j < j_stop:
            low, high = max(ends[i], ends[j]), min(ends[i + 1], ends[j + 1])
            if high > low:
                both += high - low
            if ends[i + 1] < ends[j + 1]:
                i += 2
            else:
                j += 2
        shared[pair] = both
    return shared
