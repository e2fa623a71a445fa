"""Single colours held to their contract, and sRGB to CIELAB, to compare colours as people see them."""

from __future__ import annotations

import contextlib
from typing import Any

from array_api_compat import device

from vbanalysis.codecs._arrays import namespace
from vbanalysis.errors import InputError
from vbanalysis.types import Array, Rgb

_TO_XYZ = ((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169), (0.019334, 0.119193, 0.950227))
_WHITE_D65 = (0.95047, 1.0, 1.08883)


def check_colour(colour: Any, name: str) -> Rgb:
    """A colour as a tuple of three ints.

    Raises:
        InputError: It is not three whole numbers from 0 to 255.
    """
    with contextlib.suppress(TypeError, ValueError, OverflowError):
        r, g, b = (int(value) for value in colour)
        if (r, g, b) == tuple(colour) and min(r, g, b) >= 0 and max(r, g, b) <= 255:
            return r, g, b
    raise InputError(f"{name} must be three whole numbers from 0 to 255, got {colour!r}")


def srgb_to_lab(rgb: Array) -> Array:
    """CIELAB of sRGB colours, D65 white, 2 degree observer.

    Args:
        rgb: (..., 3) floats in [0, 1].

    Returns:
        (..., 3) floats: L* in [0, 100], a* and b*.
    """
    xp = namespace(rgb)
    bright = rgb > 0.04045
    linear = xp.where(bright, (xp.where(bright, rgb + 0.055, xp.ones_like(rgb)) / 1.055) ** 2.4, rgb / 12.92)
    to_xyz = xp.asarray(_TO_XYZ, dtype=rgb.dtype, device=device(rgb))
    white = xp.asarray(_WHITE_D65, dtype=rgb.dtype, device=device(rgb))
    xyz = linear @ xp.matrix_transpose(to_xyz) / white
    large = xyz > (6 / 29) ** 3
    f = xp.where(
        large, xp.where(large, xyz, xp.ones_like(xyz)) ** (1 / 3), xyz * ((29 / 6) ** 2 / 3) + 4 / 29
    )
    return xp.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1
    )
