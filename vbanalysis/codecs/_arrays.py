"""What all codecs ask of an array: its namespace, its colour range, its shape."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, TypeVar

import numpy as np
from array_api_compat import array_namespace, device, is_torch_array

from vbanalysis.errors import InputError

LEVELS = {"uint8": 255, "uint16": 65535}
"""Largest value of each integer colour type."""

_LARGEST = sys.float_info.max

_Value = TypeVar("_Value")


def check_number(
    value: _Value,
    name: str,
    *,
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    below: float | None = None,
    whole: bool = False,
    optional: bool = False,
    note: str = "",
) -> _Value:
    """Hold a setting to a range; without a bound any finite number will do.

    Args:
        value: What came. NumPy scalars are numbers, bools are not.
        name: Of the argument.
        low: Least accepted value.
        high: Largest accepted value; inf lets inf in.
        above: The value must be larger than this.
        below: The value must be smaller than this.
        whole: Ask for an integer.
        optional: Let None pass.
        note: What else the message should say of what is expected: the unit, a usual value.

    Returns:
        `value`, a NumPy scalar as the Python number that it holds.

    Raises:
        InputError: Naming the argument, what came and what was expected.

    Examples:
        >>> check_number(np.uint8(3), "bits", low=1, high=8, whole=True)
        3
    """
    if optional and value is None:
        return value
    number: Any = value
    kinds = (int, np.integer) if whole else (int, float, np.integer, np.floating)
    if isinstance(number, kinds) and not isinstance(number, bool):
        if isinstance(number, np.generic):  # small NumPy integers would overflow in later arithmetic
            number = int(number) if isinstance(number, np.integer) else float(number)
        least = -_LARGEST if low is None else low
        largest = _LARGEST if high is None else high
        strictly = (above is None or number > above) and (below is None or number < below)
        if least <= number <= largest and strictly:
            return number
    ends = (("of at least", low), ("above", above), ("at most", high), ("below", below))
    bounds = [f"{word} {end:g}" for word, end in ends if end is not None and abs(end) <= _LARGEST]
    span = f"from {low:g} to {high:g}" if len(bounds) == 2 and None not in (low, high) else ", ".join(bounds)
    kind = "an integer" if whole else "a number" if len(bounds) == 2 else "a finite number"
    expected = " ".join(
        filter(None, ("None or" if optional else "", kind, span, f"({note})" if note else ""))
    )
    raise InputError(f"{name} must be {expected}, got {value!r}")


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
    if isinstance(dtype, str) and dtype in LEVELS:
        return xp.astype(xp.round(rgb * LEVELS[dtype]), getattr(xp, dtype))
    if dtype in ("float32", "float64"):
        return xp.astype(rgb, getattr(xp, dtype))
    raise InputError(f"dtype must be uint8, uint16, float32 or float64, got {dtype!r}")


def check_picture(rgb: Any, name: str = "rgb") -> np.ndarray:
    """One NumPy picture (H, W, 3), as float64 in [0, 1].

    Raises:
        InputError: It is anything else, or holds NaN.
    """
    check_rgb(rgb, name)
    if not isinstance(rgb, np.ndarray) or rgb.ndim != 3 or 0 in rgb.shape:
        raise InputError(
            f"{name} must be one numpy image (H, W, 3), got {type(rgb).__name__} {tuple(rgb.shape)}"
        )
    picture = unit_rgb(rgb, name).astype(np.float64, copy=False)
    if dtype_name(rgb) in LEVELS:
        return picture
    if count := int(np.isnan(picture).any(axis=-1).sum()):
        raise InputError(f"{name} holds {count} NaN pixels: no picture can store them")
    return picture


def to_numpy(array: Any) -> np.ndarray:
    """A NumPy view or copy of a NumPy array or torch tensor, detached and on the CPU."""
    return array.detach().cpu().numpy() if is_torch_array(array) else np.asarray(array)


def like(array: np.ndarray, reference: Any) -> Any:
    """`array` as the kind, and on the device, of `reference`."""
    if is_torch_array(reference):
        return array_namespace(reference).asarray(array, device=device(reference))
    return array
