"""Depth in 8- and 16-bit colours: a table has the depth of every code, compiled loops find the code.

Without numba, and for torch, array functions do the same: depth and validity are equal, residual and
margin may differ in the last bit of float32.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from array_api_compat import array_namespace

from vbanalysis.codecs._arrays import LEVELS, dtype_name, like, quantise
from vbanalysis.codecs._bands import in_bands
from vbanalysis.codecs._numba import kernels
from vbanalysis.codecs.colour_spaces import check_colour
from vbanalysis.codecs.curve import PowerCurve, refuse_negative
from vbanalysis.codecs.walk import EDGES, channel_order, project, root, walk_colour
from vbanalysis.types import Array, DepthResult, Rgb

if TYPE_CHECKING:
    from vbanalysis.codecs.depth import DepthCodec

_FLOAT32_HOLDS = (1e-30, 3e38)  # metres, well inside the normal numbers


def decode_integers(codec: DepthCodec, rgb: Array) -> DepthResult:
    """Read depth from uint8 or uint16 colours (..., 3)."""
    compiled = kernels("_walk_kernels") if isinstance(rgb, np.ndarray) else None
    if compiled is None:
        return _decode_arrays(codec, rgb)
    order = channel_order(codec.walk)
    top = LEVELS[dtype_name(rgb)]
    # float32 holds all squares of 8-bit values exactly, float64 those of 16 bits.
    number: Any = np.float32 if top == 255 else np.float64
    rows = _rows(rgb, 3)
    shape = rows.shape[:2]
    found = [np.empty(shape, kind) for kind in (np.float32, np.float32, np.float32, np.bool_)]
    # Without a colour for "unknown", one that is farther from every colour than the walk can be.
    unknown = (
        [8 * top] * 3 if codec.nan_colour is None else [codec.nan_colour[k] * (top // 255) for k in order]
    )
    settings = (
        (*(number(edge * top) for edge in range(EDGES)), number(EDGES * top + 1)),
        tuple(number(value) for value in unknown),
        depth_table(codec.lam, codec.c, top),
        number(255 / top),
        number(math.inf if codec.max_residual is None else codec.max_residual),
        number(-math.inf if codec.min_margin is None else codec.min_margin),
    )

    def work(band: slice) -> None:
        compiled.decode(_in_order(rows[band], order), *settings, *(array[band] for array in found))

    in_bands(work, *shape)
    depth_m, residual, margin, valid = (array.reshape(rgb.shape[:-1]) for array in found)
    return DepthResult(depth_m, residual, margin, valid, rgb)


def _in_order(pixels: np.ndarray, order: tuple[int, int, int]) -> np.ndarray:
    """The channels in the order in which the walk raises them; copied a channel at a time, which is fast."""
    if order == (0, 1, 2):
        return pixels
    ordered = np.empty_like(pixels)
    for place, channel in enumerate(order):
        ordered[..., place] = pixels[..., channel]
    return ordered


def _decode_arrays(codec: DepthCodec, rgb: Array) -> DepthResult:
    xp = array_namespace(rgb)
    top = LEVELS[dtype_name(rgb)]
    colours = xp.astype(rgb, xp.float32 if top == 255 else xp.float64)
    nearest = project(colours, codec.walk, top)
    residual, margin = nearest.residual * (255 / top), nearest.margin * (255 / top)
    known = kept(codec, residual, margin)
    if codec.nan_colour is not None:
        grey = like(np.asarray(codec.nan_colour) * (top // 255), rgb)
        known = known & ~(root(xp.sum((colours - grey) ** 2, axis=-1)) < nearest.residual)
    code = xp.astype(nearest.edge, xp.int64) * top + xp.astype(xp.round(nearest.along * top), xp.int64)
    code = xp.where(known, code, xp.full_like(code, EDGES * top + 1))
    depth_m = xp.take(like(depth_table(codec.lam, codec.c, top), rgb), xp.reshape(code, (-1,)), axis=0)
    residual, margin = (xp.astype(array, xp.float32) for array in (residual, margin))
    return DepthResult(xp.reshape(depth_m, tuple(code.shape)), residual, margin, known, rgb)


def kept(codec: DepthCodec, residual: Array, margin: Array) -> Array:
    """Which colours the codec's policies keep, given their distances in /255."""
    xp = array_namespace(residual)
    keep = xp.ones_like(residual, dtype=xp.bool)
    if codec.max_residual is not None:
        keep = keep & ~(residual > codec.max_residual)
    if codec.min_margin is not None:
        keep = keep & ~(margin < codec.min_margin)
    return keep


def encode_uint8(codec: DepthCodec, depth_m: Array) -> Array:
    """Paint float32 depth (...) in uint8 (..., 3); `float32_suffices` must hold."""
    unknown = (0, 0, 0) if codec.nan_colour is None else check_colour(codec.nan_colour, "nan_colour")
    first_code, threshold, colours = _encode_tables(codec.lam, codec.c, codec.walk, unknown)
    compiled = kernels("_walk_kernels") if isinstance(depth_m, np.ndarray) else None
    if compiled is None:
        refuse_negative(depth_m)
        xp = array_namespace(depth_m)
        flat = xp.reshape(depth_m, (-1,))
        code = xp.searchsorted(like(threshold, depth_m), flat, side="right")
        code = xp.where(xp.isnan(flat), xp.full_like(code, len(colours) - 1), code)
        return xp.reshape(xp.take(like(colours, depth_m), code, axis=0), (*depth_m.shape, 3))
    rows = _rows(depth_m)
    bits, rgb = rows.view(np.uint32), np.empty((*rows.shape, 3), np.uint8)
    next_depth_bits = np.append(threshold.view(np.uint32), np.uint32(0xFFFFFFFF))
    negative = np.zeros(len(rows), np.int64)

    def work(band: slice) -> None:
        compiled.encode(bits[band], first_code, next_depth_bits, colours.ravel(), rgb[band], negative[band])

    in_bands(work, *rows.shape)
    if negative.any():
        refuse_negative(depth_m)
    return rgb.reshape(*depth_m.shape, 3)


def _rows(array: np.ndarray, *channels: int) -> np.ndarray:
    """(..., W, *channels) as contiguous (H, W, *channels), whatever is empty or missing."""
    grid = array.shape[: array.ndim - len(channels)]
    width = grid[-1] if grid else 1
    return np.ascontiguousarray(array).reshape(math.prod(grid[:-1]), width, *channels)


@functools.lru_cache(maxsize=16)
def depth_table(lam: float, c: float, top: int) -> np.ndarray:
    """Depth in metres of each of the 7 * top + 1 codes, then NaN for "not a depth"."""
    codes = EDGES * top
    code = np.arange(codes + 1, dtype=np.float64)
    depth_m = PowerCurve(lam, c).inverse(code / codes, (codes - code) / codes)
    with np.errstate(over="ignore"):
        return np.append(depth_m, np.nan).astype(np.float32)


@functools.lru_cache(maxsize=16)
def float32_suffices(lam: float, c: float) -> bool:
    """Whether all 8-bit colours are told apart by depths that are normal float32 numbers."""
    threshold = _thresholds(lam, c)
    return bool(threshold[0] > _FLOAT32_HOLDS[0] and threshold[-1] < _FLOAT32_HOLDS[1])


def _thresholds(lam: float, c: float) -> np.ndarray:
    """Depths in metres, float64, at which one 8-bit code gives way to the next."""
    codes = EDGES * 255
    half = np.arange(codes) + 0.5
    return PowerCurve(lam, c).inverse(half / codes, (codes - half) / codes)


@functools.lru_cache(maxsize=16)
def _encode_tables(lam: float, c: float, walk: str, unknown: Rgb) -> tuple[np.ndarray, ...]:
    """The code at the start of each bucket (see the kernel), the least float32 depth of each code
    but the first, and the (N, 3) colours of all codes and then of NaN.
    """
    exact = _thresholds(lam, c)
    threshold = exact.astype(np.float32)
    below = threshold < exact
    threshold[below] = np.nextafter(threshold[below], np.float32(np.inf))
    bucket_starts = np.arange((0x7F800000 >> 13) + 1, dtype=np.uint32) << np.uint32(13)
    first_code = np.searchsorted(threshold, bucket_starts.view(np.float32), side="right").astype(np.uint16)
    codes = len(exact)
    colours = quantise(walk_colour(np.arange(codes + 1) / codes, walk), "uint8")
    return first_code, threshold, np.vstack([colours, np.array(unknown, np.uint8)])
