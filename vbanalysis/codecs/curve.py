"""The power curve that squeezes depth in [0, inf] onto [0, 1].

Source: Barron, "A power transform" (arXiv 2502.10647), as used by Vision Banana
(arXiv 2604.20329, depth codec) with lambda = -3 and c = 10/3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vbanalysis.codecs._arrays import namespace
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
        if not (math.isfinite(self.lam) and self.lam < -1):
            raise InputError(f"lam must be a finite number below -1, got {self.lam}: the paper uses -3")
        if not (math.isfinite(self.c) and self.c > 0):
            raise InputError(
                f"c must be a finite number of metres above 0, got {self.c}: the paper uses 10/3"
            )

    @property
    def knee_m(self) -> float:
        """Metres at which the curve bends from linear to saturating, `-lam * c`."""
        return -self.lam * self.c

    def forward(self, depth_m: Array) -> Array:
        """Curve value in [0, 1] of a depth in [0, inf] metres; NaN stays NaN."""
        xp = namespace(depth_m, "depth_m")
        return -xp.expm1((self.lam + 1) * xp.log1p(depth_m / self.knee_m))

    def tail(self, depth_m: Array) -> Array:
        """`1 - forward(depth_m)`, without the rounding of that subtraction: far depths live there."""
        xp = namespace(depth_m, "depth_m")
        return xp.exp((self.lam + 1) * xp.log1p(depth_m / self.knee_m))

    def inverse(self, f: Array, tail: Array | None = None) -> Array:
        """Depth in metres of a curve value in [0, 1]; 0 gives 0 and 1 gives inf, exactly.

        Args:
            f: Floats in [0, 1].
            tail: `1 - f` where the caller knows it better than float subtraction does.
        """
        xp = namespace(f, "f")
        tail = 1 - f if tail is None else tail
        near = f < 0.5
        # Each branch sees only arguments that it can take, so that gradients stay finite.
        with np.errstate(divide="ignore"):
            log_tail = xp.where(
                near,
                xp.log1p(-xp.where(near, f, xp.zeros_like(f))),
                xp.log(xp.where(near, xp.ones_like(f), tail)),
            )
        return self.knee_m * xp.expm1(log_tail / (self.lam + 1))

    def slope(self, depth_m: Array) -> Array:
        """Derivative df/dd at a depth, per metre."""
        xp = namespace(depth_m, "depth_m")
        return -(self.lam + 1) / self.knee_m * xp.exp(self.lam * xp.log1p(depth_m / self.knee_m))
