"""Pictures whose numbers are not colours: depths in 16 bits, labels, masks. Each number is kept as stored."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from PIL import Image

from vbanalysis.errors import ImageError
from vbanalysis.images._read import MAX_PIXELS, _bits, _Decoding, _header, _load, _open, _opened
from vbanalysis.paths import shown


def read_uint16(path: str | os.PathLike[str], max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Read a PNG of 16-bit grey, as KITTI, NYUv2, TUM and iBims-1 store depth.

    Args:
        path: The file.
        max_pixels: Refuse larger pictures, from the header.

    Returns:
        (H, W) uint16, the numbers of the file.

    Raises:
        ImageError: The file is missing, damaged or too large, or holds anything but 16-bit grey: 8 bits
            a pixel are a picture of the depth, from which the depth does not come back.
    """
    with _open(path) as file, _Decoding(path):
        image = _opened(file, path, ("PNG",), max_pixels)
        if not image.mode.startswith("I") or _bits(image) != 16:
            raise ImageError(f"{shown(path)} is {_kind(image)}; a PNG of 16-bit grey is expected here")
        _load(image)
        return np.array(image).astype(np.uint16)


def read_labels(path: str | os.PathLike[str], max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Read a PNG of labels: grey of 8 or 16 bits, or the places in a palette, whose colours are ignored.

    Args:
        path: The file.
        max_pixels: Refuse larger pictures, from the header.

    Returns:
        (H, W) uint8 or uint16, the numbers of the file.

    Raises:
        ImageError: The file is missing, damaged or too large, or has colours in place of labels.
    """
    with _open(path) as file, _Decoding(path):
        image = _opened(file, path, ("PNG",), max_pixels)
        grey = (image.mode == "L" and _bits(image) in (8, None)) or (
            image.mode.startswith("I") and _bits(image) == 16
        )
        if not grey and image.mode != "P":
            raise ImageError(
                f"{shown(path)} is {_kind(image)}; a PNG of labels, grey of 8 or 16 bits or with a palette, "
                "is expected here"
            )
        _load(image)
        labels = np.array(image)
        return labels if labels.dtype == np.uint8 else labels.astype(np.uint16)


def read_mask(path: str | os.PathLike[str], max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Read a PNG of one bit a pixel, or of labels, as a mask.

    Args:
        path: The file.
        max_pixels: Refuse larger pictures, from the header.

    Returns:
        (H, W) bool, True where the file does not hold 0.

    Raises:
        ImageError: As `read_labels`.
    """
    with _open(path) as file, _Decoding(path):
        image = _opened(file, path, ("PNG",), max_pixels)
        if image.mode == "1":
            _load(image)
            return np.array(image).astype(bool)
    return read_labels(path, max_pixels) != 0


def read_rgb_codes(path: str | os.PathLike[str], max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Read a PNG of three numbers a pixel, as normals are stored, with 8 or 16 bits each.

    Args:
        path: The file.
        max_pixels: Refuse larger pictures, from the header.

    Returns:
        (H, W, 3) uint8 or uint16, the numbers of the file.

    Raises:
        ImageError: The file is missing, damaged or too large, or holds anything but RGB.
    """
    with _open(path) as file, _Decoding(path):
        image = _opened(file, path, ("PNG",), max_pixels)
        bits = _bits(image)
        if image.mode != "RGB" or bits not in (None, 8, 16) or "transparency" in image.info:
            raise ImageError(
                f"{shown(path)} is {_kind(image)}; a PNG of RGB with 8 or 16 bits a channel is expected here"
            )
        _load(image)
        codes = np.array(image)
        if bits != 16:
            return codes
        # Of each number Pillow keeps the first byte, the higher one. Told that the bytes are swapped, it
        # keeps the second.
        swapped: Any = _header(file, path, ("PNG",), max_pixels)
        swapped.tile = [tile._replace(args="RGB;16L") for tile in swapped.tile]
        _load(swapped)
        return codes.astype(np.uint16) << 8 | np.array(swapped)


def _kind(image: Image.Image) -> str:
    bits = _bits(image)
    return f"a PNG of mode {image.mode}" + ("" if bits is None else f" with {bits} bits a channel")
