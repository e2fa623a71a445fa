"""A picture as the input of a network, as its card says."""

from __future__ import annotations

import numpy as np
from PIL import Image

from vbanalysis.errors import DataError
from vbanalysis.models._file_card import InputCard
from vbanalysis.models._network import TensorInfo

_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "area": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def check_input(card: InputCard, tensor: TensorInfo) -> None:
    """Hold that a card and its network mean the same input.

    Raises:
        DataError: They do not; the message names the key of the card.
    """
    first, second, third = tensor.shape[1:]
    channels, sides = (first, (second, third)) if card.layout == "NCHW" else (third, (first, second))
    if channels not in (None, 3):
        raise DataError(
            f"the card's input.layout is {card.layout}, but the network takes {tensor}, which has {channels} "
            "channels there, expected 3"
        )
    if card.size is None:
        if None not in sides:
            raise DataError(
                f"the card's input.multiple_of asks for many sizes, but the network takes {tensor}: give "
                f" input.size: [{sides[0]}, {sides[1]}]"
            )
        return
    if any(side not in (None, wanted) for side, wanted in zip(sides, card.size, strict=True)):
        raise DataError(f"the card's input.size is {card.size}, but the network takes {tensor}")


def input_size(card: InputCard, height: int, width: int) -> tuple[int, int]:
    """Height and width that a picture is brought to.

    >>> input_size(InputCard(layout="NCHW", multiple_of=14, longest=518), 480, 640)
    (392, 518)
    """
    if card.size is not None:
        return card.size[0], card.size[1]
    step = card.multiple_of or 1
    factor = 1.0 if card.longest is None else card.longest / max(height, width)
    rows, columns = (max(1, round(side * factor / step)) * step for side in (height, width))
    return rows, columns


def network_input(image: np.ndarray, card: InputCard, tensor: TensorInfo) -> np.ndarray:
    """The input for one picture.

    Args:
        image: (H, W, 3) uint8 RGB.
        card: How it is prepared.
        tensor: The input that it is for.

    Returns:
        (1, 3, h, w) or (1, h, w, 3), of the tensor's type.
    """
    height, width = input_size(card, *image.shape[:2])
    picture = Image.fromarray(image).resize((width, height), _FILTERS[card.resample])
    values = np.asarray(picture, np.float64)
    if card.channels == "BGR":
        values = values[..., ::-1]
    largest = max(float(image.max()), 1.0) if card.divide_by == "max" else card.divide_by
    values = (values / largest - np.array(card.mean)) / np.array(card.std)
    if card.layout == "NCHW":
        values = np.moveaxis(values, -1, 0)
    return np.ascontiguousarray(_quantised(values, tensor)[None])


def _quantised(values: np.ndarray, tensor: TensorInfo) -> np.ndarray:
    """Values as the tensor's numbers; integers without a scale of their own are the rounded values."""
    if tensor.dtype.kind == "f":
        return values.astype(tensor.dtype)
    if tensor.scale:
        values = values / tensor.scale + tensor.zero_point
    limits = np.iinfo(tensor.dtype)
    return np.clip(np.rint(values), limits.min, limits.max).astype(tensor.dtype)
