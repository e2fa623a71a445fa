"""Compiled inner loops of the depth codec for integer colours.

The loops are written for the vector units: float32 holds every integer that 8-bit
colours need exactly, selections replace branches, and the channels must come in the
walk's own order because an index known only at run time would stop the compiler.
`vbanalysis.codecs.walk` holds the same arithmetic for any array; the tests hold the
two together.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange


@njit(parallel=True, nogil=True, cache=True, fastmath={"nnan", "nsz"})
def decode(rgb, top, unknown, table, scale, max_residual, min_margin, depth, residual, margin, valid):
    """Decode (H, W, 3) integers; `table` holds the depth of all 7 * top + 1 codes and, last, NaN."""
    height, width = rgb.shape[0], rgb.shape[1]
    zero = top - top
    invalid = 7 * top + 1
    u0, u1, u2 = unknown
    for i in prange(height):
        row = rgb[i].reshape(-1)
        codes = np.empty(width, np.int32)
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
            b4 = min(b3, d4)
            best = d0
            rival = a2
            code = p
            c = d1 < best
            best = d1 if c else best
            rival = a3 if c else rival
            code = top + q if c else code
            c = d2 < best
            best = d2 if c else best
            rival = min(d0, a4) if c else rival
            code = 2 * top + pu if c else code
            c = d3 < best
            best = d3 if c else best
            rival = min(b1, a5) if c else rival
            code = 3 * top + s if c else code
            c = d4 < best
            best = d4 if c else best
            rival = min(b2, d6) if c else rival
            code = 4 * top + qu if c else code
            c = d5 < best
            best = d5 if c else best
            rival = b3 if c else rival
            code = 5 * top + p if c else code
            c = d6 < best
            best = d6 if c else best
            rival = b4 if c else rival
            code = 6 * top + q if c else code
            off = (p - u0) * (p - u0) + (q - u1) * (q - u1) + (s - u2) * (s - u2)
            near = np.sqrt(best) * scale
            lead = np.sqrt(rival) * scale - near
            drop = (off < best) | (near > max_residual) | (lead < min_margin)
            code = invalid if drop else code
            residual[i, j] = near
            margin[i, j] = lead
            codes[j] = np.int32(code)
        for j in range(width):
            depth[i, j] = table[codes[j]]
            valid[i, j] = codes[j] < np.int32(invalid)


@njit(parallel=True, nogil=True, cache=True)
def encode(bits, first_code, next_depth_bits, colours, unknown, rgb, negative):
    """Paint float32 depths, given by their bits, in 8-bit colours; counts the negative ones of each row.

    Positive floats sort like their bits. `first_code[b >> 13]` is the code at the start of a
    bucket of equal leading bits, which holds at most one threshold: `next_depth_bits[code]`,
    the least depth that gets the following code. So one comparison gives the exact code.
    """
    infinity = np.uint32(0x7F800000)
    for i in prange(bits.shape[0]):
        below_zero = 0
        for j in range(bits.shape[1]):
            b = bits[i, j]
            colour = colours[0]
            if b <= infinity:
                code = np.int64(first_code[b >> np.uint32(13)])
                colour = colours[code + np.int64(b >= next_depth_bits[code])]
            else:
                magnitude = b & np.uint32(0x7FFFFFFF)
                if magnitude > infinity:
                    colour = unknown
                elif magnitude != 0:
                    below_zero += 1
            rgb[i, j, 0] = colour[0]
            rgb[i, j, 1] = colour[1]
            rgb[i, j, 2] = colour[2]
        negative[i] = below_zero
