"""Compiled inner loops of the depth codec for integer colours.

The loops are written for the vector units: float32 holds every integer that 8-bit
colours need exactly (one float64 constant among them would halve the speed), selections
replace branches, and the channels must come in the walk's own order because an index
known only at run time would stop the compiler. `vbanalysis.codecs.walk` holds the same
arithmetic for any array; the tests hold the two together.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(nogil=True, cache=True, fastmath={"nnan", "nsz"})
def decode(rgb, starts, unknown, table, scale, max_residual, min_margin, depth, residual, margin, valid):
    """Decode (H, W, 3) integers.

    `starts` holds the first code of each of the seven edges and then the one that means "not a
    depth"; `table` the depth of all codes. All floats are of one type.
    """
    height, width = rgb.shape[0], rgb.shape[1]
    zero, top, start2, start3, start4, start5, start6, invalid = starts
    u0, u1, u2 = unknown
    codes = np.empty(width, np.uint32)  # signed ones would be tested for wrapping around
    for i in range(height):
        row = rgb[i].reshape(-1)
        for j in range(width):
            p = zero + row[3 * j]
            q = zero + row[3 * j + 1]
            s = zero + row[3 * j + 2]
            pu = top - p
            qu = top - q
            su = top - s
            d0 = q * q + s * s
            d1 = pu * pu + s * s
            d2 = qu * qu + s * s
            d3 = p * p + qu * qu
            d4 = p * p + su * su
            d5 = q * q + su * su
            d6 = pu * pu + su * su
            # Nearest edge of those before (b*) and after (a*): all that do not touch the winner.
            a5 = min(d5, d6)
            a4 = min(d4, a5)
            a3 = min(d3, a4)
            a2 = min(d2, a3)
            b1 = min(d0, d1)
            b2 = min(b1, d2)
            b3 = min(b2, d3)
            best = min(b1, a2)
            # From the last edge to the first, so that the earlier of two equally near ones wins.
            code = start6 + q
            rival = min(b3, d4)
            c = d5 == best
            code = start5 + p if c else code
            rival = b3 if c else rival
            c = d4 == best
            code = start4 + qu if c else code
            rival = min(b2, d6) if c else rival
            c = d3 == best
            code = start3 + s if c else code
            rival = min(b1, a5) if c else rival
            c = d2 == best
            code = start2 + pu if c else code
            rival = min(d0, a4) if c else rival
            c = d1 == best
            code = top + q if c else code
            rival = a3 if c else rival
            c = d0 == best
            code = p if c else code
            rival = a2 if c else rival
            off = (p - u0) * (p - u0) + (q - u1) * (q - u1) + (s - u2) * (s - u2)
            root = np.sqrt(best)
            near = root * scale
            lead = (np.sqrt(rival) - root) * scale
            drop = (off < best) | (near > max_residual) | (lead < min_margin)
            code = invalid if drop else code
            residual[i, j] = near
            margin[i, j] = lead
            codes[j] = np.uint32(np.int32(code))
        last = np.uint32(np.int32(invalid))
        for j in range(width):
            depth[i, j] = table[codes[j]]
            valid[i, j] = codes[j] < last


@njit(nogil=True, cache=True)
def encode(bits, first_code, next_depth_bits, colours, rgb, negative):
    """Paint float32 depths, given by their bits, in 8-bit colours; counts the negative ones of each row.

    Positive floats sort like their bits. `first_code[b >> 13]` is the code at the start of a
    bucket of equal leading bits, which holds at most one threshold: `next_depth_bits[code]`,
    the least depth that gets the following code. So one comparison gives the exact code.
    `colours` holds those of all codes, one after the other, and last that of NaN.
    """
    infinity = np.uint32(0x7F800000)
    unknown = np.uint32(len(colours) - 3)
    for i in range(bits.shape[0]):
        row = rgb[i].reshape(-1)
        below_zero = 0
        for j in range(bits.shape[1]):
            b = bits[i, j]
            at = np.uint32(0)
            if b <= infinity:
                code = np.uint32(first_code[b >> np.uint32(13)])
                at = np.uint32(3) * (code + np.uint32(b >= next_depth_bits[code]))
            else:
                magnitude = b & np.uint32(0x7FFFFFFF)
                if magnitude > infinity:
                    at = unknown
                elif magnitude != 0:
                    below_zero += 1
            row[3 * j] = colours[at]
            row[3 * j + 1] = colours[at + np.uint32(1)]
            row[3 * j + 2] = colours[at + np.uint32(2)]
        negative[i] = below_zero
