"""Where the benchmarks compare depth: their crops, as masks for the shape of an image.

Source: the evaluators of BTS, Monodepth2 and ZoeDepth, which cut off fractions of a pixel. The KITTI
crops in fractions were fitted to one image size by Eigen et al. 2014 and Garg et al. 2016, and mean
different pixels when taken of the whole frame or of its KB crop: hence `"kb+garg"` beside `"garg"`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from vbanalysis.errors import InputError

Shape = tuple[int, int]
"""Height and width in pixels."""

KB_SHAPE = (352, 1216)
"""Of the KITTI benchmark crop."""

NYU_SHAPE = (480, 640)
"""Of the frames of NYUv2, for which alone its crop is defined."""


class CropBox(NamedTuple):
    """Rows `top` to `bottom` and columns `left` to `right`, half-open, pixels.

    Attributes:
        top: First row.
        bottom: Row after the last.
        left: First column.
        right: Column after the last.
    """

    top: int
    bottom: int
    left: int
    right: int


def no_crop(shape: Shape) -> CropBox:
    """`"none"`: all of the image (iBims-1, ETH3D, DIODE)."""
    return CropBox(0, shape[0], 0, shape[1])


def nyu_eigen_crop(shape: Shape) -> CropBox:
    """`"nyu_eigen"`: rows 45 to 470 and columns 41 to 600 of NYUv2, inside the white frame of its images.

    Raises:
        InputError: The image is not 480x640.
    """
    if shape != NYU_SHAPE:
        raise InputError(
            f"the Eigen crop of NYUv2 is defined for {NYU_SHAPE} pixels, got {shape}: "
            "resize the decoded result to the truth first"
        )
    return CropBox(45, 471, 41, 601)


def kitti_eigen_crop(shape: Shape) -> CropBox:
    """`"kitti_eigen"`: rows .3324324 to .91351351 and columns .0359477 to .96405229 of the image."""
    return _fractions(shape, (0.3324324, 0.91351351, 0.0359477, 0.96405229))


def garg_crop(shape: Shape) -> CropBox:
    """`"garg"`: rows .40810811 to .99189189 and columns .03594771 to .96405229 of the image."""
    return _fractions(shape, (0.40810811, 0.99189189, 0.03594771, 0.96405229))


def kb_crop(shape: Shape) -> CropBox:
    """`"kb"`: the 352x1216 pixels at the bottom and in the middle, as the KITTI benchmark crops.

    Raises:
        InputError: The image is smaller than that.
    """
    height, width = KB_SHAPE
    if shape[0] < height or shape[1] < width:
        raise InputError(f"the KB crop takes {KB_SHAPE} pixels, the image has {shape}")
    top, left = shape[0] - height, (shape[1] - width) // 2
    return CropBox(top, top + height, left, left + width)


CROPS: Mapping[str, Callable[[Shape], CropBox]] = MappingProxyType(
    {
        "none": no_crop,
        "nyu_eigen": nyu_eigen_crop,
        "kitti_eigen": kitti_eigen_crop,
        "garg": garg_crop,
        "kb": kb_crop,
    }
)
"""The crops by name. Names joined by `+` are cut one after the other, each from what the last left."""


def crop_box(name: str, shape: Shape) -> CropBox:
    """The rectangle that a crop keeps of an image.

    Args:
        name: One of `CROPS`, or several joined by `+`: `"kb+garg"` is the Garg crop of the KB crop.
        shape: Height and width of the image, pixels.

    Raises:
        InputError: No such crop, or it is not defined for this shape.

    Examples:
        >>> crop_box("kb+garg", (375, 1242))
        CropBox(top=166, bottom=372, left=56, right=1185)
    """
    if len(shape) != 2 or min(shape) < 1:
        raise InputError(f"shape must be the height and width of an image in pixels, got {shape}")
    box = CropBox(0, int(shape[0]), 0, int(shape[1]))
    for part in name.split("+"):
        if part not in CROPS:
            raise InputError(f"crop must be one of {', '.join(CROPS)}, or several joined by +; got {name!r}")
        inner = CROPS[part]((box.bottom - box.top, box.right - box.left))
        box = CropBox(
            box.top + inner.top, box.top + inner.bottom, box.left + inner.left, box.left + inner.right
        )
    return box


def crop_mask(name: str, shape: Shape) -> np.ndarray:
    """Where a crop compares.

    Args:
        name: As in `crop_box`.
        shape: As in `crop_box`.

    Returns:
        (H, W) bool, True inside.

    Raises:
        InputError: As `crop_box`.

    Examples:
        >>> int(crop_mask("nyu_eigen", (480, 640)).sum()) == 426 * 560
        True
    """
    box = crop_box(name, shape)
    mask = np.zeros(shape, bool)
    mask[box.top : box.bottom, box.left : box.right] = True
    return mask


def _fractions(shape: Shape, box: tuple[float, float, float, float]) -> CropBox:
    """A box in fractions of the height and the width, cut off to whole pixels as the evaluators do."""
    (height, width), (top, bottom, left, right) = shape, box
    return CropBox(int(top * height), int(bottom * height), int(left * width), int(right * width))
