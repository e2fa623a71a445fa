"""Pictures and decoded values written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from PIL import Image

from vbanalysis.errors import InputError
from vbanalysis.paths import replacing, shown


def write_png(path: str | os.PathLike[str], rgb: np.ndarray) -> None:
    """Write 8-bit colours as PNG, whole or not at all.

    Args:
        path: The file; its folder must exist.
        rgb: (H, W, 3) uint8 RGB.

    Raises:
        InputError: `rgb` is of another shape or type.
        DataError: The file cannot be written.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> from vbanalysis.images import read_rgb
        >>> with TemporaryDirectory() as folder:
        ...     write_png(f"{folder}/grey.png", np.full((2, 3, 3), 128, np.uint8))
        ...     read_rgb(f"{folder}/grey.png").shape
        (2, 3, 3)
    """
    array = np.asarray(rgb)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[-1] != 3 or not array.size:
        raise InputError(
            f"rgb must be (H, W, 3) uint8 to be written as PNG, got {array.shape} {array.dtype}: "
            "encode it with dtype='uint8' first"
        )
    with replacing(path) as file:
        Image.fromarray(np.ascontiguousarray(array)).save(file, format="PNG")


def write_array(path: str | os.PathLike[str], array: np.ndarray) -> None:
    """Write decoded values in the format that the suffix names, whole or not at all.

    `.npy` keeps any array as it is. `.tif` and `.tiff` hold (H, W) or (H, W, 3): floats as
    float32, integers as uint16 (uint8 stays); integers that do not fit are an error.

    Args:
        path: The file, ending in `.npy`, `.tif` or `.tiff`; its folder must exist.
        array: Numbers or truth values.

    Raises:
        InputError: The suffix is another one, or the array does not fit the format.
        DataError: The file cannot be written.
    """
    array = np.asarray(array)
    if array.dtype.kind not in "biuf":
        raise InputError(f"array must hold numbers, got {array.dtype}")
    match Path(path).suffix.lower():
        case ".npy":
            with replacing(path) as file:
                np.save(file, array, allow_pickle=False)
        case ".tif" | ".tiff":
            import tifffile

            values = _tiff_values(array)
            photometric = "rgb" if values.ndim == 3 else "minisblack"
            with replacing(path) as file:
                # Without metadata the same array always gives the same bytes.
                tifffile.imwrite(file, values, photometric=photometric, metadata=None, software=False)
        case suffix:
            raise InputError(
                f"path must end in .npy, .tif or .tiff, which say the format, "
                f"got {suffix or 'no suffix'}: {shown(path)}"
            )


def _tiff_values(array: np.ndarray) -> np.ndarray:
    if not (array.ndim == 2 or (array.ndim == 3 and array.shape[-1] == 3)) or not array.size:
        raise InputError(f"array must be (H, W) or (H, W, 3) to be a TIFF, got {array.shape}: write .npy")
    if array.dtype.kind == "f":
        return array.astype(np.float32)
    if array.dtype == np.uint8:
        return array
    low, high = int(array.min()), int(array.max())
    if low < 0 or high > 65535:
        raise InputError(
            f"array holds integers from {low} to {high}, a TIFF here takes 0 to 65535: "
            "write .npy, which keeps them"
        )
    return array.astype(np.uint16)
