"""Pictures on their way to the Gemini API and back."""

from __future__ import annotations

import io
import math
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from vbanalysis.errors import InputError

SIZES = ("1K", "2K", "4K")
ASPECTS = ("21:9", "16:9", "3:2", "4:3", "5:4", "1:1", "4:5", "3:4", "2:3", "9:16")
"""That all of Google's painting models take."""

_INLINE_BYTES = 14_000_000
"""Of a picture that is sent: a request may have 20 MB, and base64 takes a third more."""

_ASPECT_WITHIN = 0.08
"""Google's pictures have sides of whole tiles, so that 3:2 may be 1232 x 816."""


class Seen(NamedTuple):
    """What a picture that came is.

    Attributes:
        width: In pixels, or None where it cannot be used.
        height: As well.
        problem: Why it cannot be used, or None.
    """

    width: int | None
    height: int | None
    problem: str | None


def nearest_aspect(height: int, width: int) -> str:
    """The one of `ASPECTS` that is nearest to an image's, as a factor.

    >>> nearest_aspect(480, 640), nearest_aspect(375, 1242)
    ('4:3', '21:9')
    """
    return min(ASPECTS, key=lambda aspect: _off(aspect, height, width))


def aspect_off(aspect: str, height: int, width: int) -> float | None:
    """By which factor a picture misses the aspect ratio that was asked for; None within 8 %.

    >>> aspect_off("3:2", 816, 1232), aspect_off("3:2", 1024, 1024)
    (None, 1.5)
    """
    factor = math.exp(_off(aspect, height, width))
    return None if factor <= 1 + _ASPECT_WITHIN else round(factor, 4)


def seen(picture: bytes) -> Seen:
    """Decode a picture that came, to see whether it can be used."""
    try:
        with Image.open(io.BytesIO(picture)) as image:
            image.load()
            if image.mode not in ("RGB", "L"):
                raise ValueError(f"it is of mode {image.mode}, not RGB")
            return Seen(*image.size, None)
    except Exception as error:  # whatever a decoder falls over
        return Seen(None, None, f"sent a picture that cannot be used ({' '.join(str(error).split())[:200]})")


def encoded(image: np.ndarray) -> tuple[bytes, str]:
    """A picture as it is sent, with its type: without loss, or as a fine JPEG where it would be too large.

    Raises:
        InputError: It is too large even so.
    """
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    if file.tell() <= _INLINE_BYTES:
        return file.getvalue(), "image/png"
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=95, subsampling=0)
    if file.tell() > _INLINE_BYTES:
        raise InputError(
            f"image of {image.shape[0]} x {image.shape[1]} pixels is too large to be sent: make it smaller"
        )
    return file.getvalue(), "image/jpeg"


def checked_rgb(image: Any) -> np.ndarray:
    """An image as (H, W, 3) uint8 RGB.

    Raises:
        InputError: It is of another form.
    """
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
        raise InputError(f"image must be (H, W, 3) uint8 RGB, got {image.dtype} of shape {image.shape}")
    return np.ascontiguousarray(image)


def _off(aspect: str, height: int, width: int) -> float:
    """Logarithm of the factor between two aspect ratios, without its sign."""
    across, _, down = aspect.partition(":")
    return abs(math.log(int(across) / int(down) * height / width))
