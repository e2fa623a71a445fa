"""What happens to colours between the code and the decoder, as functions of an image that compose.

Each degradation is a frozen dataclass to be called with an (H, W, 3) image, uint8 or float in
[0, 1], and returns an image of the same shape: uint8 where the degradation stores bytes (rounding,
JPEG, WebP), else the dtype it was given. `chain(a, b, ...)` applies several in order.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vbanalysis.codecs._arrays import LEVELS, check_number, check_picture, dtype_name, quantise
from vbanalysis.errors import InputError

Degradation = Callable[[np.ndarray], np.ndarray]

Subsampling = Literal["4:4:4", "4:2:2", "4:2:0"]


@dataclass(frozen=True)
class Chain:
    """Several degradations, one after the other."""

    steps: tuple[Degradation, ...]

    def __call__(self, rgb: np.ndarray) -> np.ndarray:
        """Apply the steps in order."""
        for step in self.steps:
            rgb = step(rgb)
        return rgb


def chain(*steps: Degradation) -> Chain:
    """Compose degradations, first to last.

    Examples:
        >>> both = chain(Drift(gain=0.9), Rounding())
        >>> both(np.full((1, 1, 3), 255, dtype=np.uint8)).tolist()
        [[[230, 230, 230]]]
    """
    return Chain(steps)


@dataclass(frozen=True)
class Rounding:
    """Storage in `bits` a channel, rounded to the nearest level or truncated to the one below."""

    bits: int = 8
    truncate: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "bits", check_number(self.bits, "bits", low=1, high=8, whole=True))

    def __call__(self, rgb: np.ndarray) -> np.ndarray:
        """Return uint8."""
        top = 2**self.bits - 1
        # The tiny lift keeps levels that floats hold a hair below a whole number.
        levels = (
            np.floor(check_picture(rgb) * top + 1e-9) if self.truncate else np.rint(check_picture(rgb) * top)
        )
        return quantise(levels / top, "uint8")


@dataclass(frozen=True)
class Jpeg:
    """A JPEG round trip.

    Attributes:
        quality: 1 to 100.
        subsampling: Of the chroma; `"4:2:0"` is the usual one.
    """

    quality: int = 90
    subsampling: Subsampling = "4:2:0"

    def __post_init__(self) -> None:
        quality = check_number(self.quality, "quality", low=1, high=100, whole=True)
        object.__setattr__(self, "quality", quality)
        if self.subsampling not in ("4:4:4", "4:2:2", "4:2:0"):
            raise InputError(f"subsampling must be '4:4:4', '4:2:2' or '4:2:0', got {self.subsampling!r}")

    def __call__(self, rgb: np.ndarray) -> np.ndarray:
        """Return uint8."""
        return _through_file(rgb, "JPEG", quality=self.quality, subsampling=self.subsampling)


@dataclass(frozen=True)
class WebP:
    """A lossy WebP round trip at a quality of 1 to 100 (its chroma is always 4:2:0)."""

    quality: int = 90

    def __post_init__(self) -> None:
        quality = check_number(self.quality, "quality", low=1, high=100, whole=True)
        object.__setattr__(self, "quality", quality)

    def __call__(self, rgb: np.ndarray) -> np.ndarray:
        """Return uint8."""
        return _through_file(rgb, "WEBP", quality=self.quality, method=4)


@dataclass(frozen=True)
class Resize:
    """Colours resized by `scale` and back, as happens when RGB is resized before it is decoded.

    Attributes:
        scale: Above 0, at most 16; 0.5 halves both sides. The sides are rounded to whole pixels, at least 1.
        resample: `"nearest"`, `"bilinear"`, `"bicubic"` or `"lanczos"`, area-weighted when shrinking.
    """

    scale: float = 0.5
    resample: Literal["nearest", "bilinear", "bicubic", "lanczos"] = "bilinear"

    def __post_init__(self) -> None:
        check_number(self.scale, "scale", above=0, high=16)
        if self.resample not in ("nearest", "bilinear", "bicubic", "lanczos"):
            raise InputError(f"resample must be nearest, bilinear, bicubic or lanczos, got {self.resample!r}")

    def __call__(self, rgb: np.ndarray) -> np.ndarray:
        """Return the shape and dtype of `rgb`."""
        from PIL import Image

        method = Image.Resampling[self.resample.upper()]
        image = check_picture(rgb).astype(np.float32)
        height, width = image.shape[:2]
        small = (max(1, round(width * self.scale)), max(1, round(height * self.scale)))
        planes = [
            np.asarray(Image.fromarray(image[..., k]).resize(small, method).resize((width, height), method))
            for k in range(3)
        ]
        return _stored(np.stack(planes, axis=-1), rgb)


@dataclass(frozen=True)
class Noise:
    """Gaussian noise of standard deviation `sigma` (/255), clipped to the range of colours.

    The seed is part of the value, so the same degradation does the same to the same image.
    """

    sigma: float = 4.0
    seed: int = 0

    def __post_init__(self) -> None:
        check_number(self.sigma, "sigma", low=0, note="in /255")
        object.__setattr__(self, "seed", check_number(self.seed, "seed", low=0, whole=True))

    def __call__(self, rgb: np.ndarray) -> np.ndarray:
        """Return the shape and dtype of `rgb`."""
        image = check_picture(rgb)
        noise = np.random.default_rng(self.seed).normal(0, self.sigma / 255, image.shape)
        return _stored(np.add(image, noise, out=noise), rgb)


@dataclass(frozen=True)
class Drift:
    """A global drift of colour: `(gain * (luma + saturation * (rgb - luma)) + offset) ** gamma`, clipped.

    Attributes:
        gain: Factor, 1 for none.
        offset: Added, in /255.
        gamma: Exponent, 1 for none.
        saturation: 0 is grey, 1 for no change.
    """

    gain: float = 1.0
    offset: float = 0.0
    gamma: float = 1.0
    saturation: float = 1.0

    def __post_init__(self) -> None:
        check_number(self.gain, "gain", low=0)
        check_number(self.offset, "offset", note="in /255")
        check_number(self.gamma, "gamma", above=0)
        check_number(self.saturation, "saturation", low=0)

    def __call__(self, rgb: np.ndarray) -> np.ndarray:
        """Return the shape and dtype of `rgb`."""
        image = check_picture(rgb)
        luma = (image @ np.array([0.299, 0.587, 0.114]))[..., None]  # Rec. 601
        with np.errstate(over="ignore"):  # in place: copies would take longer than the arithmetic
            image -= luma
            image *= self.saturation
            image += luma
            image *= self.gain
            image += self.offset / 255
        return _stored(np.clip(image, 0, 1, out=image) ** self.gamma, rgb)


def _stored(image: np.ndarray, rgb: np.ndarray) -> np.ndarray:
    """Float colours, clipped to [0, 1], in the dtype of `rgb`."""
    clipped = np.clip(image, 0, 1, out=image)
    return quantise(clipped, dtype_name(rgb)) if dtype_name(rgb) in LEVELS else clipped.astype(rgb.dtype)


def _through_file(rgb: np.ndarray, kind: str, **options: object) -> np.ndarray:
    from PIL import Image

    picture, stored = check_picture(rgb), io.BytesIO()
    image = rgb if dtype_name(rgb) == "uint8" else quantise(picture, "uint8")
    try:
        Image.fromarray(image).save(stored, kind, **options)
    except (OSError, ValueError) as error:  # WebP ends at 16383 pixels a side, JPEG at 65535
        height, width = rgb.shape[:2]
        raise InputError(f"rgb of {width} x {height} pixels cannot be stored as {kind}: {error}") from error
    return np.array(Image.open(stored).convert("RGB"))
