"""Metric depth as a walk through the RGB cube: Vision Banana's depth codec.

Source: arXiv 2604.20329, the depth output format: the power curve of
`vbanalysis.codecs.curve`, painted along a walk of `vbanalysis.codecs.walk`.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import device

from vbanalysis.codecs._arrays import LEVELS, check_rgb, dtype_name, namespace, quantise, unit_rgb
from vbanalysis.codecs._numba import kernels
from vbanalysis.codecs.curve import PowerCurve
from vbanalysis.codecs.walk import EDGES, channel_order, project, root, walk_colour
from vbanalysis.errors import InputError
from vbanalysis.types import Array, DepthResult, Rgb

_LEAST_DISTANCE_TO_UNKNOWN = 64


@dataclass(frozen=True)
class DepthCodec:
    """Depth in metres <-> colour.

    Black is 0 m and white is infinitely far, exactly, both ways. Unknown depth (NaN) is
    painted in `nan_colour`, and a colour that lies nearer to `nan_colour` than to the
    walk is read as unknown: grey is not a depth. Everything else is read as the nearest
    point of the walk unless a policy says otherwise.

    Attributes:
        lam: Shape of the curve, below -1; the paper uses -3.
        c: Scale of the curve in metres, above 0; the paper uses 10/3.
        walk: One of the six walks (`vbanalysis.codecs.WALKS`); the paper uses `KRYGCBMW`.
        nan_colour: Colour of unknown depth, at least 64/255 off the walk; None for no such
            colour, and then NaN cannot be encoded and every colour is a depth.
        max_residual: Colours farther than this from the walk, in /255, decode to NaN; None keeps them.
        min_margin: Colours whose best non-adjacent edge is not at least this much farther,
            in /255, decode to NaN; None keeps them.

    Examples:
        >>> codec = DepthCodec()
        >>> codec.encode(np.array([0.0, 1.0, 10.0, np.inf, np.nan])).tolist()
        [[0, 0, 0], [255, 55, 0], [64, 0, 255], [255, 255, 255], [128, 128, 128]]
        >>> result = codec.decode(np.array([[0, 0, 255], [9, 12, 0]], dtype=np.uint8))
        >>> [f"{m:.2f} m, {r:.0f}/255 off" for m, r in zip(result.depth_m, result.residual)]
        ['8.71 m, 0/255 off', '0.03 m, 12/255 off']
    """

    lam: float = -3.0
    c: float = 10.0 / 3.0
    walk: str = "KRYGCBMW"
    nan_colour: Rgb | None = (128, 128, 128)
    max_residual: float | None = None
    min_margin: float | None = None

    def __post_init__(self) -> None:
        _ = self.curve
        channel_order(self.walk)
        for name in ("max_residual", "min_margin"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise InputError(f"{name} must be None or a distance in /255, at least 0; got {value!r}")
        if self.nan_colour is not None:
            colour = np.asarray(self.nan_colour)
            if colour.shape != (3,) or colour.min() < 0 or colour.max() > 255:
                raise InputError(f"nan_colour must be three numbers from 0 to 255, got {self.nan_colour!r}")
            distance = float(project(colour.astype(np.float64), self.walk, 255).residual)
            if distance < _LEAST_DISTANCE_TO_UNKNOWN:
                raise InputError(
                    f"nan_colour {self.nan_colour} lies {distance:.0f}/255 from the walk {self.walk} "
                    "and would be taken for a depth: choose one at least 64/255 away, such as (128, 128, 128)"
                )

    @property
    def curve(self) -> PowerCurve:
        """The power curve of `lam` and `c`."""
        return PowerCurve(self.lam, self.c)

    def encode(self, depth_m: Array, dtype: str = "uint8") -> Array:
        """Paint depth.

        Args:
            depth_m: (...) real numbers, z in metres, in [0, inf]; NaN is unknown.
            dtype: Of the colours: `"uint8"`, `"uint16"`, or `"float32"`, `"float64"` in [0, 1].

        Returns:
            (..., 3) colours, of the kind and on the device of `depth_m`.

        Raises:
            InputError: Negative depth (the message counts it), NaN without a `nan_colour`,
                or no array of real numbers.
        """
        xp = namespace(depth_m, "depth_m")
        kind = dtype_name(depth_m)
        if not kind.startswith(("float", "int", "uint", "bfloat")):
            raise InputError(f"depth_m must hold real numbers, in metres; got {kind}")
        if kind in ("float16", "bfloat16"):
            depth_m = xp.astype(depth_m, xp.float32)
        elif "int" in kind:
            depth_m = xp.astype(depth_m, xp.float64)
        if self.nan_colour is None and bool(xp.any(xp.isnan(depth_m))):
            raise InputError(
                f"depth_m holds {int(xp.sum(xp.astype(xp.isnan(depth_m), xp.int64)))} NaN values "
                "and this codec has no nan_colour for them: set nan_colour or fill the depth"
            )
        compiled = kernels("_walk_kernels") if isinstance(depth_m, np.ndarray) and dtype == "uint8" else None
        if compiled is not None:
            return self._encode_uint8(compiled, depth_m)
        negative = depth_m < 0
        if bool(xp.any(negative)):
            _refuse_negative(int(xp.sum(xp.astype(negative, xp.int64))))
        unknown = xp.isnan(depth_m)
        known = xp.where(unknown, xp.zeros_like(depth_m), depth_m)
        rgb = walk_colour(self.curve.forward(known), self.walk, self.curve.tail(known))
        if self.nan_colour is not None:
            rgb = xp.where(unknown[..., None], _constant(self.nan_colour, rgb) / 255, rgb)
        return quantise(rgb, dtype)

    def decode(self, rgb: Array) -> DepthResult:
        """Read depth.

        Args:
            rgb: (..., 3) uint8, uint16 or float in [0, 1], at the generator's own resolution:
                resizing colours mixes depths (resize what is decoded).

        Returns:
            Depth (float32 from integers, else the width of `rgb`), residual, margin and
            validity, of the kind and on the device of `rgb`; the maths is differentiable.

        Raises:
            InputError: `rgb` is not an image of colours.
        """
        xp = check_rgb(rgb)
        compiled = (
            kernels("_walk_kernels") if isinstance(rgb, np.ndarray) and dtype_name(rgb) in LEVELS else None
        )
        if compiled is not None:
            return self._decode_integers(compiled, rgb)
        top = float(LEVELS.get(dtype_name(rgb), 1))
        colours = unit_rgb(rgb) if top == 1 else xp.astype(rgb, xp.float64)
        nearest = project(colours, self.walk, top)
        known = xp.all(xp.isfinite(colours), axis=-1)
        if self.nan_colour is not None:
            grey = _constant(self.nan_colour, colours) * (top / 255)
            known = known & ~(root(xp.sum((colours - grey) ** 2, axis=-1)) < nearest.residual)
        residual, margin = nearest.residual * (255 / top), nearest.margin * (255 / top)
        if self.max_residual is not None:
            known = known & ~(residual > self.max_residual)
        if self.min_margin is not None:
            known = known & ~(margin < self.min_margin)
        edge = xp.astype(nearest.edge, colours.dtype)
        depth_m = self.curve.inverse(
            (edge + nearest.along) / EDGES, (EDGES - 1 - edge + nearest.ahead) / EDGES
        )
        depth_m = xp.where(known, depth_m, xp.full_like(depth_m, math.nan))
        if top > 1:
            depth_m, residual, margin = (xp.astype(a, xp.float32) for a in (depth_m, residual, margin))
        return DepthResult(depth_m, residual, margin, known, rgb)

    def quantization_error(self, depth_m: Array, bits: int = 8) -> Array:
        """The largest relative error that rounding colours to `bits` a channel can cause.

        Half a step of the code, `1 / (14 * (2**bits - 1))`, taken through the inverse curve to
        both sides. Near the paper's values this is `5 * (1 + d/10)**3 / d / (14 * (2**bits - 1))`;
        it is inf where the next code is white.

        Args:
            depth_m: (...) floats in [0, inf], metres.
            bits: Bits a channel, 1 to 32.

        Returns:
            (...) floats: |decoded - depth| / depth is at most this. 0 at 0 and at inf, which are exact.

        Raises:
            InputError: `bits` is out of range or a depth is negative.

        Examples:
            >>> DepthCodec().quantization_error(np.array([1.0, 5.0, 50.0])).round(4).tolist()
            [0.0019, 0.0009, 0.0061]
        """
        xp = namespace(depth_m, "depth_m")
        if not (isinstance(bits, int) and 1 <= bits <= 32):
            raise InputError(f"bits must be an integer from 1 to 32, got {bits!r}")
        if bool(xp.any(depth_m < 0)):
            _refuse_negative(int(xp.sum(xp.astype(depth_m < 0, xp.int64))))
        half_step = 1 / (2 * EDGES * (2**bits - 1))
        exact = (depth_m == 0) | xp.isinf(depth_m)
        inner = xp.where(exact, xp.ones_like(depth_m), depth_m)
        f, tail = self.curve.forward(inner), self.curve.tail(inner)
        above = self.curve.inverse(xp.clip(f + half_step, 0.0, 1.0), xp.clip(tail - half_step, 0.0, 1.0))
        below = self.curve.inverse(xp.clip(f - half_step, 0.0, 1.0), xp.clip(tail + half_step, 0.0, 1.0))
        worst = xp.where(above - inner > inner - below, above - inner, inner - below)
        return xp.where(exact, xp.zeros_like(depth_m), worst / inner)

    def _decode_integers(self, compiled: Any, rgb: np.ndarray) -> DepthResult:
        order = channel_order(self.walk)
        pixels = rgb if order == (0, 1, 2) else rgb[..., order]
        rows = np.ascontiguousarray(pixels).reshape(-1, rgb.shape[-2] if rgb.ndim > 1 else 1, 3)
        # float32 holds all squares of 8-bit values exactly, float64 those of 16 bits.
        number = np.float32 if rgb.dtype == np.uint8 else np.float64
        top = LEVELS[dtype_name(rgb)]
        shape = rows.shape[:2]
        depth_m, residual, margin = (np.empty(shape, np.float32) for _ in range(3))
        valid = np.empty(shape, np.bool_)
        compiled.decode(
            rows,
            number(top),
            self._unknown(order, top, number),
            _depth_table(self.lam, self.c, top),
            number(255 / top),
            number(math.inf if self.max_residual is None else self.max_residual),
            number(-math.inf if self.min_margin is None else self.min_margin),
            depth_m,
            residual,
            margin,
            valid,
        )
        grid = rgb.shape[:-1]
        return DepthResult(
            depth_m.reshape(grid), residual.reshape(grid), margin.reshape(grid), valid.reshape(grid), rgb
        )

    def _encode_uint8(self, compiled: Any, depth_m: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):
            depth = np.ascontiguousarray(depth_m, dtype=np.float32)
        rows = depth.reshape(-1, depth.shape[-1] if depth.ndim else 1)
        rgb = np.empty((*rows.shape, 3), np.uint8)
        first_code, next_depth_bits, colours = _encode_tables(self.lam, self.c, self.walk)
        unknown = np.array(self.nan_colour or (0, 0, 0), np.uint8)
        negative = np.zeros(len(rows), np.int64)
        compiled.encode(rows.view(np.uint32), first_code, next_depth_bits, colours, unknown, rgb, negative)
        if negative.any():
            _refuse_negative(int(negative.sum()))
        return rgb.reshape(*depth_m.shape, 3)

    def _unknown(self, order: tuple[int, int, int], top: int, number: Any) -> tuple[Any, Any, Any]:
        if self.nan_colour is None:
            return (number(8 * top),) * 3  # farther from every colour than the walk can be
        a, b, c = (number(self.nan_colour[channel] * (top // 255)) for channel in order)
        return (a, b, c)


def _constant(values: Rgb, reference: Array) -> Array:
    """A colour as an array of the kind, dtype and device of another."""
    return namespace(reference).asarray(values, dtype=reference.dtype, device=device(reference))


def _refuse_negative(count: int) -> None:
    raise InputError(
        f"depth_m holds {count} negative value{'s' if count != 1 else ''}: depth is z in metres, 0 or more; "
        "mark unknown depth with NaN"
    )


@functools.lru_cache(maxsize=16)
def _depth_table(lam: float, c: float, top: int) -> np.ndarray:
    """Depth in metres of each of the 7 * top + 1 codes, then NaN for "not a depth"."""
    code = np.arange(EDGES * top + 1, dtype=np.float64)
    depth = PowerCurve(lam, c).inverse(code / (EDGES * top), (EDGES * top - code) / (EDGES * top))
    return np.append(depth, np.nan).astype(np.float32)


@functools.lru_cache(maxsize=16)
def _encode_tables(lam: float, c: float, walk: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The tables of `_walk_kernels.encode` for 8-bit colours."""
    codes = EDGES * 255
    half = np.arange(codes) + 0.5
    with np.errstate(over="ignore"):
        exact = PowerCurve(lam, c).inverse(half / codes, (codes - half) / codes)
        threshold = exact.astype(np.float32)
    below = threshold < exact
    threshold[below] = np.nextafter(threshold[below], np.float32(np.inf))
    bits = threshold.view(np.uint32)
    bucket_starts = np.arange((0x7F800000 >> 13) + 1, dtype=np.uint32) << np.uint32(13)
    first_code = np.searchsorted(bits, bucket_starts, side="right").astype(np.uint16)
    next_depth_bits = np.append(bits, np.uint32(0xFFFFFFFF))
    colours = quantise(walk_colour(np.arange(codes + 1) / codes, walk), "uint8")
    return first_code, next_depth_bits, colours
