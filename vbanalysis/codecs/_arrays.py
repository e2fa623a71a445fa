"""What all codecs ask of an array: its namespace, its colour range, its shape."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device, is_torch_array

from vbanalysis.errors import InputError

LEVELS = {"uint8": 255, "uint16": 65535}
"""Largest value of each integer colour type."""


def namespace(array: Any, name: str = "rgb") -> ModuleType:
    """The array API namespace of a NumPy array or torch tensor.

    Raises:
        InputError: `array` is of another kind.
    """
    if not isinstance(array, (np.ndarray, np.generic)) and not is_torch_array(array):
        raise InputError(
            f"{name} must be a numpy array or a torch tensor, got {type(array).__name__}: "
            f"convert it first, e.g. numpy.asarray({name})"
        )
    return array_namespace(array)


def dtype_name(array: Any) -> str:
    """`"uint8"`, `"float32"`, ... for NumPy and torch alike."""
    return str(array.dtype).removeprefix("torch.")


def check_rgb(rgb: Any, name: str = "rgb") -> ModuleType:
    """Hold an array to the contract of colours: (..., 3), uint8, uint16 or float in [0, 1].

    Returns:
        The array's namespace.

    Raises:
        InputError: Naming what came and what was expected.
    """
    xp = namespace(rgb, name)
    if rgb.ndim < 1 or rgb.shape[-1] != 3:
        hint = ": drop the alpha channel" if rgb.ndim and rgb.shape[-1] == 4 else ""
        raise InputError(f"{name} must have shape (..., 3), got {tuple(rgb.shape)}{hint}")
    kind = dtype_name(rgb)
    if kind not in LEVELS and kind not in ("float16", "float32", "float64", "bfloat16"):
        raise InputError(f"{name} must be uint8, uint16 or float in [0, 1], got {kind}")
    return xp


def unit_rgb(rgb: Any, name: str = "rgb") -> Any:
    """Colours as floats in [0, 1]: float64 from integers, floats keep their width (at least 32 bits).

    NaN passes through (a codec answers it with "unknown"); anything else outside
    [0, 1] by more than 1e-6 is an error, as is a float image that holds 0 to 255.
    """
    xp = check_rgb(rgb, name)
    kind = dtype_name(rgb)
    if kind in LEVELS:
        return xp.astype(rgb, xp.float64) / LEVELS[kind]
    if kind in ("float16", "bfloat16"):
        rgb = xp.astype(rgb, xp.float32)
    outside = (rgb < -1e-6) | (rgb > 1 + 1e-6)
    if bool(xp.any(outside)):
        finite = rgb[xp.isfinite(rgb)]
        low, high = (float(xp.min(finite)), float(xp.max(finite))) if finite.shape[0] else (0.0, 0.0)
        raise InputError(
            f"{name} is {kind} and must lie in [0, 1], got values from {low:.4g} to {high:.4g}"
            f"{' and infinities' if bool(xp.any(xp.isinf(rgb))) else ''}: "
            "divide an 8-bit image by 255 or pass it as uint8"
        )
    return xp.clip(rgb, 0.0, 1.0)


def quantise(rgb: Any, dtype: str) -> Any:
    """Round float colours in [0, 1] to `dtype` (`"uint8"`, `"uint16"`) or cast to a float type."""
    xp = array_namespace(rgb)
    if dtype in LEVELS:
        return xp.astype(xp.round(rgb * LEVELS[dtype]), getattr(xp, dtype))
    if dtype in ("float32", "float64"):
        return xp.astype(rgb, getattr(xp, dtype))
    raise InputError(f"dtype must be uint8, uint16, float32 or float64, got {dtype!r}")


def to_numpy(array: Any) -> np.ndarray:
    """A NumPy view or copy of a NumPy array or torch tensor, detached and on the CPU."""
    return array.detach().cpu().numpy() if is_torch_array(array) else np.asarray(array)


def like(array: np.ndarray, reference: Any) -> Any:
    """`array` as the kind, and on the device, of `reference`."""
    if is_torch_array(reference):
        return array_namespace(reference).asarray(array, device=device(reference))
    return array
