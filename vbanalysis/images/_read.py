"""Pictures read strictly, to be decoded, or tolerantly, as a model was shown them."""

from __future__ import annotations

import os
import re
import shlex
import threading
import warnings
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from vbanalysis.errors import ImageError
from vbanalysis.paths import shown

MAX_PIXELS = 100_000_000
"""Largest picture that is read unless the caller says otherwise (300 MB of RGB)."""

_STRICT_FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP")
_PHOTO_FORMATS = (*_STRICT_FORMATS, "GIF", "PPM", "JPEG2000", "AVIF")

_WANTED = (
    "8-bit RGB or grey is wanted: convert it, e.g. with  magick {path} -alpha off -depth 8 png24:OUT.png"
)
_BITS_PER_SAMPLE, _ORIENTATION = 258, 274  # TIFF 6.0

_MODES = {
    "1": "a black-and-white image of 1 bit",
    "P": "a palette image",
    "PA": "a palette image with an alpha channel",
    "LA": "a grey image with an alpha channel",
    "RGBA": "an RGB image with an alpha channel",
    "CMYK": "a CMYK image",
    "YCbCr": "a YCbCr image",
    "LAB": "a CIELAB image",
    "I": "a 32-bit integer image",
    "F": "a floating-point image",
}
"""What Pillow's modes are called in messages."""


def read_rgb(path: str | os.PathLike[str], max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Read a picture that is to be decoded, and refuse any whose colours are not the file's own.

    Accepts PNG, JPEG, WebP, TIFF and BMP of one frame with 8-bit RGB, or 8-bit grey, which is
    repeated over the channels. A rotation tag (EXIF orientation) is applied: it only moves
    pixels. The checksums of a PNG are held, so a flipped bit in one is found.

    Args:
        path: The file.
        max_pixels: Refuse larger pictures, from the header, before a pixel is decoded
            (Pillow's own limit of 179 megapixels holds as well).

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        ImageError: The file is missing, unreadable, no image, damaged, too large or of a kind
            whose colours cannot be trusted; one line that names it and says what to do.
    """
    with _open(path) as file, _Decoding(path):
        image = _opened(file, path, _STRICT_FORMATS, max_pixels)
        _refuse_changed_colours(image, path)
        _load(image)
        return _upright(_three_channels(np.array(image)), image)


def read_photo(path: str | os.PathLike[str], max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Read an input photograph, converting what is not 8-bit RGB.

    EXIF orientation is applied; palettes and CMYK become RGB; 16 bits become 8; what is
    transparent lies on white; of several frames the first is taken.

    Args:
        path: The file.
        max_pixels: As in `read_rgb`.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        ImageError: The file is missing, unreadable, no image, damaged or too large, or holds
            floating-point or 32-bit values, whose white is unknown.
    """
    with _open(path) as file, _Decoding(path):
        image = _opened(file, path, _PHOTO_FORMATS, max_pixels)
        if image.mode in ("I", "F", "LAB"):
            raise ImageError(f"{shown(path)} is {_MODES[image.mode]}, not a photograph: save it as 8-bit RGB")
        _load(image)
        return _upright(_three_channels(_converted(image)), image)


def photo_size(path: str | os.PathLike[str], max_pixels: int = MAX_PIXELS) -> tuple[int, int]:
    """Height and width of what `read_photo` would give, from the header: no pixel is decoded.

    Args:
        path: As in `read_photo`.
        max_pixels: As in `read_photo`.

    Returns:
        `(height, width)` in pixels, upright as EXIF says.

    Raises:
        ImageError: As `read_photo`, as far as the header and the checksums of a PNG tell.
    """
    with _open(path) as file, _Decoding(path):
        image = _opened(file, path, _PHOTO_FORMATS, max_pixels)
        height, width = _upright(np.empty(image.size[::-1], np.bool_), image).shape
        return height, width


_STDERR_LOCK = threading.Lock()


class _Decoding:
    """While a picture is decoded: no warning leaks, and any fault of a decoder is an `ImageError`.

    Decoders meet damaged bytes with whatever error they fell over (struct, index, memory, ...),
    so everything that is not already ours is taken as damage of the file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = path
        self._warnings = warnings.catch_warnings()

    def __enter__(self) -> None:
        self._warnings.__enter__()
        warnings.simplefilter("ignore")

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        self._warnings.__exit__(kind, error, trace)
        if isinstance(error, Exception) and not isinstance(error, ImageError):
            cause = " ".join(str(error).split()).rstrip(".") or type(error).__name__
            raise ImageError(
                f"{shown(self._path)} is damaged or truncated ({cause[:120]}): fetch or export it again"
            ) from error


def _open(path: str | os.PathLike[str]) -> BinaryIO:
    name = shown(path)
    try:
        # A pipe would block the open, a device may never end.
        if Path(path).exists() and not Path(path).is_file():
            kind = "a folder" if Path(path).is_dir() else "no regular file"
            raise ImageError(f"{name} is {kind}: give the path of an image file")
        file = Path(path).open("rb")  # noqa: SIM115 - closed by the caller's with
    except FileNotFoundError as error:
        raise ImageError(f"{name} does not exist: check the path") from error
    except PermissionError as error:
        raise ImageError(f"{name} may not be read: change its permissions, e.g. chmod u+r") from error
    except ImageError:
        raise
    except (OSError, ValueError) as error:
        raise ImageError(
            f"{name} cannot be opened ({getattr(error, 'strerror', None) or error}): check the path"
        ) from error
    if os.fstat(file.fileno()).st_size == 0:
        file.close()
        raise ImageError(f"{name} is empty: fetch or export it again")
    return file


def _opened(
    file: BinaryIO, path: str | os.PathLike[str], formats: tuple[str, ...], max_pixels: int
) -> Image.Image:
    """A file whose header was read and, in a PNG, whose checksums were held; no pixel is decoded."""
    image = _header(file, path, formats, max_pixels)
    if image.format == "PNG":
        # Pillow holds the checksums of pixel data only when asked, and then wants a fresh start.
        image.verify()
        image = _header(file, path, formats, max_pixels)
    return image


def _header(
    file: BinaryIO, path: str | os.PathLike[str], formats: tuple[str, ...], max_pixels: int
) -> Image.Image:
    """What the header says, with the size checked and no pixel decoded."""
    name = shown(path)
    file.seek(0)
    try:
        image = Image.open(file, formats=formats)
    except UnidentifiedImageError as error:
        raise ImageError(
            f"{name} is not an image in a known format ({', '.join(formats)}), or its header is damaged: "
            "export it as PNG"
        ) from error
    except Image.DecompressionBombError as error:
        size, limit = (int(number) for number in re.findall(r"\d+", str(error))[:2])
        raise ImageError(
            f"{name} claims {size:,} pixels, over the limit of {min(limit, max_pixels):,}: "
            "it is damaged or hostile, export it again"
        ) from error
    width, height = image.size
    if width * height > max_pixels:
        raise ImageError(
            f"{name} claims {width:,} x {height:,} pixels, over the limit of {max_pixels:,}: "
            "tile it, or raise max_pixels if it can be trusted"
        )
    return image


def _load(image: Image.Image) -> None:
    """Decode the pixels; what libtiff writes past Python to standard error is kept off the terminal."""
    if image.format != "TIFF":
        image.load()
        return
    # The descriptor belongs to the whole process, so one thread at a time.
    with _STDERR_LOCK, Path(os.devnull).open("wb") as nowhere:
        try:
            kept = os.dup(2)
        except OSError:  # a service may have no standard error
            image.load()
            return
        try:
            os.dup2(nowhere.fileno(), 2)
            image.load()
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _refuse_changed_colours(image: Image.Image, path: str | os.PathLike[str]) -> None:
    """Raise for every kind of file whose decoded 8-bit RGB would not be what was stored."""
    name, wanted = shown(path), _WANTED.format(path=shlex.quote(os.fspath(path)))
    frames = getattr(image, "n_frames", 1)
    if frames != 1:
        raise ImageError(f"{name} holds {frames} frames, one is wanted: extract one and save it as PNG")
    bits = _bits(image)
    if image.mode in _MODES or (image.mode not in ("RGB", "L") and bits is None):
        raise ImageError(f"{name} is {_MODES.get(image.mode, f'of mode {image.mode}')}, {wanted}")
    if bits not in (8, None):
        raise ImageError(f"{name} has {bits} bits a channel, {wanted}")
    if "transparency" in image.info:
        raise ImageError(f"{name} has a transparent colour, {wanted}")


def _bits(image: Image.Image) -> int | None:
    """Bits a channel as stored, where the header tells; Pillow's mode does not.

    Pillow cuts 16-bit RGB down to 8 without a word and widens 4-bit grey; what was stored shows
    only in the raw mode of a tile: `RGB;16B`, `L;4`, and `BGR;15` or `BGR;16` for 5 bits.
    """
    stored = getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE)
    if stored:
        return max(stored)
    for tile in getattr(image, "tile", ()):
        raw = str(tile[3] if isinstance(tile[3], str) else next(iter(tile[3] or ()), ""))
        if found := re.search(r";(\d+)", raw):
            return 5 if raw.startswith("BGR") else int(found.group(1))
    return None


def _converted(image: Image.Image) -> np.ndarray:
    """(H, W) or (H, W, 3) uint8 from any mode that a photograph may have."""
    if image.mode.startswith("I;16"):
        return ((np.array(image).astype(np.uint32) + 128) // 257).astype(np.uint8)
    if "transparency" in image.info or image.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        over = image.convert("RGBA")
        white = Image.new("RGBA", over.size, (255, 255, 255, 255))
        return np.array(Image.alpha_composite(white, over).convert("RGB"))
    return np.array(image if image.mode in ("RGB", "L") else image.convert("RGB"))


def _three_channels(pixels: np.ndarray) -> np.ndarray:
    return np.repeat(pixels[..., None], 3, axis=-1) if pixels.ndim == 2 else pixels


def _upright(pixels: np.ndarray, image: Image.Image) -> np.ndarray:
    """Turn or mirror as the EXIF orientation asks; a broken tag asks nothing."""
    try:
        orientation = image.getexif().get(_ORIENTATION, 1)
    except Exception:
        orientation = 1
    match orientation:
        case 2:
            pixels = pixels[:, ::-1]
        case 3:
            pixels = pixels[::-1, ::-1]
        case 4:
            pixels = pixels[::-1]
        case 5:
            pixels = pixels.swapaxes(0, 1)
        case 6:
            pixels = pixels.swapaxes(0, 1)[:, ::-1]
        case 7:
            pixels = pixels.swapaxes(0, 1)[::-1, ::-1]
        case 8:
            pixels = pixels.swapaxes(0, 1)[::-1]
    return np.ascontiguousarray(pixels)
