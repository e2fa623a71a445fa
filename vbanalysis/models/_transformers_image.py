"""Images as Depth Pro and SAM 3 take them.

Their processors in transformers ask for torchvision; what they do is a resize to a fixed size and a
normalisation, done here in the same order and with the settings of the repository.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vbanalysis.errors import DataError
from vbanalysis.models._hub import read_config
from vbanalysis.paths import shown

_BILINEAR = 2
_LARGEST = 8192


class ImageSettings(NamedTuple):
    """Of a processor: the network's side lengths in pixels, and the normalisation of each channel."""

    height: int
    width: int
    scale: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


def read_settings(folder: Path) -> ImageSettings:
    """The settings in `preprocessor_config.json`, or in the part of `processor_config.json` on images.

    Raises:
        DataError: There are none, or they are none of a processor of these models.
    """
    path = folder / "preprocessor_config.json"
    if path.exists():
        told = read_config(path)
    else:
        path = folder / "processor_config.json"
        told = read_config(path).get("image_processor", {})
    try:
        size = told["size"]
        found = ImageSettings(
            int(size["height"]),
            int(size["width"]),
            float(told.get("rescale_factor", 1 / 255)),
            _three(told.get("image_mean", [0.5] * 3)),
            _three(told.get("image_std", [0.5] * 3)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{shown(path)} says nothing of size, image_mean and image_std that can be used: "
            f"{type(error).__name__}: {error}"
        ) from error
    if not (0 < found.height <= _LARGEST and 0 < found.width <= _LARGEST) or 0 in found.std:
        raise DataError(f"{shown(path)} has a size or an image_std out of range: {size}, {found.std}")
    if told.get("resample", _BILINEAR) != _BILINEAR:
        raise DataError(f"{shown(path)} asks for the resampling {told['resample']}, expected 2 (bilinear)")
    return found


def resized_then_normalised(image: np.ndarray, settings: ImageSettings) -> Any:
    """(1, 3, h, w) float32 tensor of an (H, W, 3) uint8 image, as `Sam3ImageProcessor` makes it."""
    import torch
    from PIL import Image

    small = Image.fromarray(image).resize((settings.width, settings.height), Image.Resampling.BILINEAR)
    return torch.from_numpy(_normalised(np.asarray(small), settings))


def normalised_then_resized(image: np.ndarray, settings: ImageSettings) -> Any:
    """(1, 3, h, w) float32 tensor of an (H, W, 3) uint8 image, as `DepthProImageProcessor` makes it."""
    import torch

    return torch.nn.functional.interpolate(
        torch.from_numpy(_normalised(image, settings)),
        size=(settings.height, settings.width),
        mode="bilinear",
        align_corners=False,
    )


def _normalised(image: np.ndarray, settings: ImageSettings) -> np.ndarray:
    mean, std = np.array(settings.mean, np.float32), np.array(settings.std, np.float32)
    values = (image * np.float32(settings.scale) - mean) / std
    return np.ascontiguousarray(np.moveaxis(values, 2, 0)[None], np.float32)


def _three(values: Any) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in values)
    return red, green, blue
