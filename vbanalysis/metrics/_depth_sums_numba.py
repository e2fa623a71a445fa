"""Sums for the figures of a depth map, compiled. Import it lazily: it needs numba.

Pixels are compared in blocks that stay in the fastest cache: those to compare are gathered, then each
sum is a loop of its own, short and without branches, which the compiler turns into vector
instructions. Without `error_model="numpy"` each division would test for zero, and none would be one.
All of it is one compiled function. A function that another one calls would be compiled twice, alone and
within its caller, and sum in another order each time; which of the two runs depends on whether the caller was
compiled in this process or found in the cache, and the last bits of a figure would tell.
`_depth_sums.numpy_sums` holds the same arithmetic on NumPy; the tests hold the two equal.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

BLOCK = 1024
"""Pixels a block: four buffers of them fill the fastest cache of today's machines."""

_FAST = {"reassoc", "contract", "nsz"}  # sums may be taken in any order, NaN and inf stay what they are
_LN2 = math.log(2)
_ROOT_HALF = int(np.float64(math.sqrt(0.5)).view(np.int64))


@njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy")
def add_sums(predicted, true, compared, low, high, drop_unbounded, drop_unknown, counts, sums):
    """Add to the counts and the sums of `DepthSums`, in its order, those of flat arrays."""
    p, t, quotient = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    exponents, bits = np.empty(BLOCK), quotient.view(np.int64)
    for start in range(0, predicted.size, BLOCK):
        stop = min(start + BLOCK, predicted.size)
        n = _gather(
            predicted, true, compared, start, stop, low, high, drop_unbounded, drop_unknown, p, t, counts
        )
        if n == 0:
            continue
        _add_plain(p, t, quotient, n, counts, sums)
        _log(quotient, bits, exponents, n)
        _add_logs(quotient, n, counts[0], sums)
        counts[0] += n


@njit(inline="always")
def _gather(predicted, true, compared, start, stop, low, high, drop_unbounded, drop_unknown, p, t, counts):
    """Put the pixels to compare side by side, clipped, and return how many they are."""
    n = 0
    for i in range(start, stop):
        depth = np.float64(true[i])
        if compared[i] and low < depth <= high:
            answer = np.float64(predicted[i])
            if 0 < answer < np.inf:
                answer = min(max(answer, low), high)
            elif answer > 0:
                counts[4] += 1
                if drop_unbounded:
                    continue
                answer = high
            else:
                counts[5] += 1
                if drop_unknown:
                    continue
                answer = low
            p[n], t[n] = answer, depth
            n += 1
    return n


@njit(inline="always")
def _add_plain(p, t, quotient, n, counts, sums):
    """Add all but the logarithms, and leave the quotients p / t in `quotient`."""
    under1 = under2 = under3 = 0
    relative = squared_relative = squared = 0.0
    for i in range(n):
        answer, depth = p[i], t[i]
        larger, smaller = max(answer, depth), min(answer, depth)
        under1 += larger < 1.25 * smaller
        under2 += larger < 1.5625 * smaller
        under3 += larger < 1.953125 * smaller
        error = answer - depth
        share = error * (1.0 / depth)
        relative += abs(share)
        squared_relative += error * share
        squared += error * error
        quotient[i] = answer / depth
    counts[1] += under1
    counts[2] += under2
    counts[3] += under3
    sums[0] += relative
    sums[1] += squared_relative
    sums[2] += squared


@njit(inline="always")
def _log(x, bits, exponents, n):
    """Natural logarithm in place, to 4 units in the last place; `math.log` would not become vectors.

    x = 2^k m with m in [sqrt(1/2), sqrt(2)), taken apart in the bits of x, which `bits` shows as
    integers; ln m = 2 artanh((m - 1) / (m + 1)) by its power series, and exactly 0 for m = 1.
    """
    for i in range(n):
        k = (bits[i] - _ROOT_HALF) >> 52
        bits[i] -= k << 52
        exponents[i] = k
    for i in range(n):
        s = (x[i] - 1.0) / (x[i] + 1.0)
        z = s * s
        tail = 1 / 23
        tail = tail * z + 1 / 21
        tail = tail * z + 1 / 19
        tail = tail * z + 1 / 17
        tail = tail * z + 1 / 15
        tail = tail * z + 1 / 13
        tail = tail * z + 1 / 11
        tail = tail * z + 1 / 9
        tail = tail * z + 1 / 7
        tail = tail * z + 1 / 5
        tail = tail * z + 1 / 3
        x[i] = exponents[i] * _LN2 + 2 * (s + s * z * tail)


@njit(inline="always")
def _add_logs(d, n, before, sums):
    """Add the logarithms of a block to those of `before` pixels (Chan et al. 1979, equation 2.1)."""
    total = absolute = 0.0
    for i in range(n):
        total += d[i]
        absolute += abs(d[i])
    mean = total / n
    scatter = 0.0
    for i in range(n):
        scatter += (d[i] - mean) ** 2
    step = mean - sums[4]
    sums[3] += absolute
    sums[4] += step * n / (before + n)
    sums[5] += scatter + step * step * before * n / (before + n)
