"""The array files that `encode` reads, and the picture that it writes."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from vbanalysis.errors import ImageError, InputError, VbanalysisError
from vbanalysis.paths import shown

_SUFFIXES = (".npy", ".tif", ".tiff", ".png")


def check_output(out: Path) -> None:
    """Refuse a format that would move the colours.

    Raises:
        InputError: It is not `.png`.
    """
    if out.suffix.lower() != ".png":
        raise InputError(
            f"-o {shown(out)}: {out.suffix or 'no suffix'} is not written here, use .png, "
            "which keeps each colour as it is"
        )


def read_numbers(path: Path) -> np.ndarray:
    """Read an array of numbers, whatever the file claims to be.

    Args:
        path: `.npy` (no Python objects), `.tif` of one image, or a grey `.png` of 8 or 16 bits.

    Raises:
        ImageError: The file is missing, damaged, too large or holds something else.
        InputError: Its suffix is unknown.
    """
    from vbanalysis.images import MAX_PIXELS

    name, suffix = shown(path), path.suffix.lower()
    if suffix not in _SUFFIXES:
        raise InputError(
            f"{name}: {suffix or 'no suffix'} is no array file, give one of {', '.join(_SUFFIXES)}"
        )
    if not path.exists():
        raise ImageError(f"{name} does not exist: check the path")
    if not path.is_file():
        raise ImageError(f"{name} is no regular file: give the path of an array file")
    reader = {".npy": _npy, ".png": _png}.get(suffix, _tiff)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            array = reader(path, 3 * MAX_PIXELS)
    except VbanalysisError:
        raise
    except Exception as error:  # a reader meets damaged bytes with whatever error it fell over
        cause = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise ImageError(
            f"{name} is damaged or no {suffix} array ({cause[:120]}): write it again, e.g. with numpy.save"
        ) from error
    if array.dtype.kind not in "iuf":
        raise ImageError(f"{name} holds {array.dtype}, numbers are wanted: convert it with numpy.astype")
    if not array.size:
        raise ImageError(f"{name} holds no values: its shape is {array.shape}")
    return array


def _npy(path: Path, most: int) -> np.ndarray:
    # Mapping, not reading: a header that claims more than the file holds costs nothing.
    mapped = np.lib.format.open_memmap(path, mode="r")
    _check_size(path, mapped.shape, most)
    return np.array(mapped)


def _tiff(path: Path, most: int) -> np.ndarray:
    import logging

    import tifffile

    logger = logging.getLogger("tifffile")
    was, logger.disabled = logger.disabled, True  # it would tell of damage on the terminal as well
    try:
        with tifffile.TiffFile(path) as file:
            if len(file.pages) != 1:
                raise ImageError(f"{shown(path)} holds {len(file.pages)} images, one is wanted: extract one")
            _check_size(path, file.pages[0].shape, most)
            return file.pages[0].asarray()
    finally:
        logger.disabled = was


def _png(path: Path, most: int) -> np.ndarray:
    from PIL import Image

    with Image.open(path, formats=("PNG",)) as image:
        _check_size(path, image.size, most)
        image.verify()
    with Image.open(path, formats=("PNG",)) as image:
        if image.mode not in ("L", "I", "I;16", "I;16B"):
            raise ImageError(
                f"{shown(path)} is a picture of mode {image.mode}, "
                "one channel of numbers in 8 or 16 bits is wanted"
            )
        return np.asarray(image)


def _check_size(path: Path, shape: tuple[int, ...], most: int) -> None:
    size = 1
    for extent in shape:
        size *= extent
    if size > most:
        raise ImageError(
            f"{shown(path)} claims {' x '.join(f'{n:,}' for n in shape)} values, over the limit of {most:,}: "
            "tile it"
        )
