"""The power curve that squeezes depth in [0, inf] onto [0, 1].

Source: Barron, "A power transform" (arXiv 2502.10647), as used by Vision Banana
(arXiv 2604.20329, depth codec) with lambda = -3 and c = 10/3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vbanalysis.codecs._arrays import check_number, dtype_name, namespace
from vbanalysis.errors import InputError
from vbanalysis.types import Array


@dataclass(frozen=True)
class PowerCurve:
    """`f(d) = 1 - (1 - d / (lam * c)) ** (lam + 1)`, strictly rising from f(0) = 0 to f(inf) = 1.

    Attributes:
        lam: Shape, below -1. The smaller, the more of the code goes to near depths.
        c: Scale in metres, above 0. The curve's knee lies at `-lam * c` metres.

    Examples:
        >>> curve = PowerCurve()
        >>> float(curve.forward(np.array(10.0)))
        0.75
        >>> float(curve.inverse(np.array(0.75)))
        10.0
    """

    lam: float = -3.0
    c: float = 10.0 / 3.0

    def __post_init__(self) -> None:
        check_number(self.lam, "lam", below=-1, note="the paper uses -3")
        check_number(self.c, "c", above=0, note="metres; the paper uses 10/3")
        if not math.isfinite(self.lam * self.c):
            raise InputError(f"lam * c must be finite, got {self.lam} * {self.c}: choose a smaller c")

    @property
    def knee_m(self) -> float:
        """Metres at which the curve bends from linear to saturating, `-lam * c`."""
        return -self.lam * self.c

    def forward(self, depth_m: Array) -> Array:
        """Curve value of a depth; NaN stays NaN.

        Args:
            depth_m: Metres from 0 to inf.

        Returns:
            The same shape, in [0, 1].
        """
        xp = namespace(depth_m, "depth_m")
        return -xp.expm1((self.lam + 1) * self._bend(depth_m))

    def tail(self, depth_m: Array) -> Array:
        """`1 - forward(depth_m)`, without the rounding of that subtraction: far depths live there."""
        xp = namespace(depth_m, "depth_m")
        return xp.exp((self.lam + 1) * self._bend(depth_m))

    def inverse(self, f: Array, tail: Array | None = None) -> Array:
        """Depth in metres of a curve value in [0, 1]; 0 gives 0 and 1 gives inf, exactly.

        Args:
            f: Floats in [0, 1].
            tail: `1 - f` where the caller knows it better than float subtraction does.
        """
        xp = namespace(f, "f")
        tail = 1 - f if tail is None else tail
        near, end = f < 0.5, tail <= 0
        # Each branch sees only arguments that it can take, so that gradients stay finite.
        log_tail = xp.where(
            near,
            xp.log1p(-xp.where(near, f, xp.zeros_like(f))),
            xp.log(xp.where(near | end, xp.ones_like(f), tail)),
        )
        with np.errstate(over="ignore"):  # where the depth is beyond what floats hold it is inf
            depth_m = self.knee_m * xp.expm1(log_tail / (self.lam + 1))
        return xp.where(end, xp.full_like(f, math.inf), depth_m)

    def slope(self, depth_m: Array) -> Array:
        """Derivative of `forward`, per metre.

        Args:
            depth_m: Metres from 0 to inf.
        """
        xp = namespace(depth_m, "depth_m")
        return -(self.lam + 1) / self.knee_m * xp.exp(self.lam * self._bend(depth_m))

    def _bend(self, depth_m: Array) -> Array:
        xp = namespace(depth_m, "depth_m")
        with np.errstate(over="ignore", invalid="ignore"):
            return xp.log1p(depth_m / self.knee_m)


def real_depth(depth_m: Array) -> Array:
    """Depth as floats of at least 32 bits: integers become float64.

    Raises:
        InputError: Not an array of real numbers.
    """
    xp = namespace(depth_m, "depth_m")
    kind = dtype_name(depth_m)
    if kind in ("float32", "float64"):
        return depth_m
    if kind in ("float16", "bfloat16"):
        return xp.astype(depth_m, xp.float32)
    if kind.startswith(("int", "uint")):
        return xp.astype(depth_m, xp.float64)
    raise InputError(f"depth_m must hold real numbers, in metres; got {kind}: convert it to float32")


def as_width(depth_m: Array, width: str) -> Array:
    """Depth as `"float32"` or `"float64"`: quietly, whatever NaN it holds and however deep it is."""
    xp = namespace(depth_m, "depth_m")
    with np.errstate(over="ignore", invalid="ignore"):
        return xp.astype(depth_m, getattr(xp, width))


def refuse_negative(depth_m: Array) -> None:
    """Raise an InputError that counts the negative depths, if there are any."""
    xp = namespace(depth_m, "depth_m")
    if count := int(xp.sum(xp.astype(depth_m < 0, xp.int64))):
        raise InputError(
            f"depth_m holds {count} negative value{'s' if count != 1 else ''}: "
            "depth is z in metres, 0 or more; mark unknown depth with NaN"
        )
