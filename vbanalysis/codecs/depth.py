"""Metric depth as a walk through the RGB cube: Vision Banana's depth codec.

Source: arXiv 2604.20329, the depth output format: the power curve of
`vbanalysis.codecs.curve`, painted along a walk of `vbanalysis.codecs.walk`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from array_api_compat import device

from vbanalysis.codecs._arrays import (
    LEVELS,
    check_number,
    check_rgb,
    dtype_name,
    namespace,
    quantise,
    unit_rgb,
)
from vbanalysis.codecs._depth_integers import decode_integers, encode_uint8, float32_suffices, kept
from vbanalysis.codecs.colour_spaces import check_colour
from vbanalysis.codecs.curve import PowerCurve, as_width, real_depth, refuse_negative
from vbanalysis.codecs.walk import EDGES, channel_order, project, root, second_best, walk_colour
from vbanalysis.errors import InputError
from vbanalysis.types import Array, DepthResult, Rgb

_LEAST_DISTANCE_TO_UNKNOWN = 64


@dataclass(frozen=True)
class DepthCodec:
    """Depth in metres <-> colour.

    Black is 0 m and white is infinitely far, exactly, both ways. Unknown depth (NaN) is
    painted in `nan_colour`, and a colour that lies nearer to `nan_colour` than to the
    walk is read as unknown: grey is not a depth. Everything else is read as the nearest
    point of the walk unless a policy says otherwise. So a photograph or a mask decodes to
    depths too: set `max_residual`, or ask `identify_walk` first, where a picture may be no
    depth image.

    In float64 colours depth comes back to a relative 1e-6 or better up to 100 km with the paper's
    `lam` and `c`. A steep `lam` with a large `c` crowds far depths at white, where colours end:
    100 km is 2e-13 away from it with `lam=-6, c=50`, and comes back to 6.5e-6.

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
            check_number(getattr(self, name), name, low=0, optional=True, note="a distance in /255")
        if self.nan_colour is not None:
            colour = np.array(check_colour(self.nan_colour, "nan_colour"), np.float64)
            distance = float(project(colour, self.walk, 255).residual)
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
            depth_m: (...) real numbers, z in metres, in [0, inf]; NaN is unknown. Rounded to
                float32 before it is painted in 8 bits.
            dtype: Of the colours: `"uint8"`, `"uint16"`, or `"float32"`, `"float64"` in [0, 1].

        Returns:
            (..., 3) colours, of the kind and on the device of `depth_m`.

        Raises:
            InputError: Negative depth (the message counts it), NaN without a `nan_colour`,
                or no array of real numbers.
        """
        depth_m = real_depth(depth_m)
        xp = namespace(depth_m)
        if self.nan_colour is None and (count := int(xp.sum(xp.astype(xp.isnan(depth_m), xp.int64)))):
            raise InputError(
                f"depth_m holds {count} NaN values and this codec has no nan_colour for them: "
                "set nan_colour or fill the depth"
            )
        if dtype == "uint8" and float32_suffices(self.lam, self.c):
            if dtype_name(depth_m) != "float32":
                refuse_negative(depth_m)  # before a tiny one is rounded to 0
                depth_m = as_width(depth_m, "float32")
            return encode_uint8(self, depth_m)
        refuse_negative(depth_m)
        if dtype != "float32":
            depth_m = as_width(depth_m, "float64")
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
                resizing colours mixes depths (resize what is decoded). Integers are compared
                exactly. Floats `k / 255` decode as uint8 `k` does, except where a colour is
                precisely as near to one part of the walk as to another, or to `nan_colour`
                ((112, 45, 84) is): there the rounding of the floats decides.

        Returns:
            Depth (float32 from integers, else the width of `rgb`), residual, margin and
            validity, of the kind and on the device of `rgb`; the maths is differentiable.

        Raises:
            InputError: `rgb` is not an image of colours.
        """
        xp = check_rgb(rgb)
        if dtype_name(rgb) in LEVELS:
            return decode_integers(self, rgb)
        colours = unit_rgb(rgb)
        nearest = project(colours, self.walk)
        residual, margin = nearest.residual * 255, nearest.margin * 255
        known = xp.all(xp.isfinite(colours), axis=-1) & kept(self, residual, margin)
        if self.nan_colour is not None:
            grey = _constant(self.nan_colour, colours) / 255
            known = known & ~(root(xp.sum((colours - grey) ** 2, axis=-1)) < nearest.residual)
        edge = xp.astype(nearest.edge, colours.dtype)
        depth_m = self.curve.inverse(
            (edge + nearest.along) / EDGES, (EDGES - 1 - edge + nearest.ahead) / EDGES
        )
        depth_m = xp.where(known, depth_m, xp.full_like(depth_m, math.nan))
        return DepthResult(depth_m, residual, margin, known, rgb)

    def runner_up(self, rgb: Array) -> Array:
        """The other depth that each colour could be: `DepthResult.margin` is how much farther it lies.

        It is on the nearest edge of the walk that does not touch the one that is read: near depths and
        far ones have like colours where the walk comes back upon itself.

        Args:
            rgb: (..., 3) uint8, uint16 or float in [0, 1].

        Returns:
            (...) metres, float32 from integers and else of the width of `rgb`; finite but at white.

        Raises:
            InputError: `rgb` is not an image of colours.

        Examples:
            >>> pale = np.array([140, 90, 0], np.uint8)  # nearest to dark red, next to an olive green
            >>> read = DepthCodec().decode(pale)
            >>> f"{read.depth_m:.2f} or {DepthCodec().runner_up(pale):.2f} m, {read.margin:.0f}/255 farther"
            '0.42 or 2.40 m, 75/255 farther'
        """
        xp = check_rgb(rgb)
        top = LEVELS.get(dtype_name(rgb))
        # Whole numbers stay whole, so that ties are settled as `decode` settles them.
        whole = xp.float32 if top == 255 else xp.float64
        colours = xp.astype(rgb, whole) if top else unit_rgb(rgb)
        other = second_best(colours, self.walk, top or 1.0)
        edge = xp.astype(other.edge, xp.float64 if top else colours.dtype)
        depth_m = self.curve.inverse((edge + other.along) / EDGES, (EDGES - 1 - edge + other.ahead) / EDGES)
        return xp.astype(depth_m, xp.float32) if top else depth_m

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
        depth_m = real_depth(depth_m)
        xp, width = namespace(depth_m), dtype_name(depth_m)
        bits = check_number(bits, "bits", low=1, high=32, whole=True)
        refuse_negative(depth_m)
        depth_m = as_width(depth_m, "float64")  # a step of many bits is less than float32 resolves
        half_step = 1 / (2 * EDGES * (2**bits - 1))
        exact = (depth_m == 0) | xp.isinf(depth_m)
        inner = xp.where(exact, xp.ones_like(depth_m), depth_m)
        f, tail = self.curve.forward(inner), self.curve.tail(inner)
        above = self.curve.inverse(xp.clip(f + half_step, 0.0, 1.0), xp.clip(tail - half_step, 0.0, 1.0))
        below = self.curve.inverse(xp.clip(f - half_step, 0.0, 1.0), xp.clip(tail + half_step, 0.0, 1.0))
        with np.errstate(over="ignore", invalid="ignore"):
            worst = xp.where(above - inner > inner - below, above - inner, inner - below) / inner
        return as_width(xp.where(exact, xp.zeros_like(depth_m), worst), width)


def _constant(values: Rgb, reference: Array) -> Array:
    """A colour as an array of the kind, dtype and device of another."""
    return namespace(reference).asarray(values, dtype=reference.dtype, device=device(reference))
