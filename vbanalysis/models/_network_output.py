"""What the output of a network says, as its card reads it."""

from __future__ import annotations

import numpy as np
from PIL import Image

from vbanalysis.codecs.normals import convert_normals
from vbanalysis.errors import DataError, InputError
from vbanalysis.models._file_card import (
    DepthCard,
    FileCard,
    Layout,
    MaskCard,
    NormalsCard,
    SemanticCard,
    same_words,
)
from vbanalysis.models._network import TensorInfo
from vbanalysis.types import Instruction, Task


def tasks_of(card: FileCard) -> tuple[Task, ...]:
    """The tasks that an output answers."""
    return ("referring", "instance") if isinstance(card.output, MaskCard) else (card.output.kind,)


def numbers(output: np.ndarray, tensor: TensorInfo) -> np.ndarray:
    """An output as numbers: dequantised where it is quantised, integers as they are.

    Raises:
        DataError: It is no array of numbers, or holds NaN.
    """
    if not isinstance(output, np.ndarray) or output.dtype.kind not in "fuib" or not output.size:
        raise DataError(f"the network gave {_came(output)} as {tensor.name!r}, expected numbers")
    if output.dtype.kind in "ui" and tensor.scale:
        return (output.astype(np.float32) - tensor.zero_point) * np.float32(tensor.scale)
    if output.dtype.kind == "f" and np.isnan(output).any():
        raise DataError(f"the network gave NaN in {np.isnan(output).mean():.1%} of {tensor.name!r}")
    return output


def planes(output: np.ndarray, layout: Layout, given: tuple[int, int], count: int | None) -> np.ndarray:
    """An output as (h, w, n) planes.

    Args:
        output: A batch of one, or what is in it.
        layout: Of the output.
        given: Height and width of the input, whose shape the planes must have within a pixel.
        count: How many planes there must be; None for any number. One plane needs no axis of its own.

    Raises:
        DataError: It has another shape.
    """
    came = f"the network gave {_came(output)}"
    wanted = "" if count is None else f"{count} " if count > 1 else "one "
    expected = f"{came}, expected {wanted}plane{'' if count == 1 else 's'} in the layout {layout}"
    found = output
    if count == 1 and found.ndim == 3:
        found = found[0] if found.shape[0] == 1 else found[..., 0] if found.shape[-1] == 1 else found
    elif found.ndim == 4:
        if found.shape[0] != 1:
            raise DataError(f"{expected}, one picture a batch")
        found = found[0] if layout == "NHWC" else np.moveaxis(found[0], 0, -1)
    elif found.ndim == 3 and layout == "NCHW":
        found = np.moveaxis(found, 0, -1)
    if found.ndim == 2:
        found = found[..., None]
    if found.ndim != 3 or (count is not None and found.shape[2] != count):
        raise DataError(expected)
    height, width = found.shape[:2]
    if min(height, width) < 2 or abs(height * given[1] - width * given[0]) > max(*given, height, width):
        raise DataError(f"{expected}, of the shape of the input's {given[0]} x {given[1]} pixels")
    return found


def depth_answer(values: np.ndarray, card: DepthCard) -> np.ndarray:
    """(h, w) float32 depth of the card's invariance; of disparity 1 / disparity, inf where it is not above 0.

    Raises:
        DataError: A depth that is known up to a factor at most is negative.
    """
    depth = values[..., 0].astype(np.float32)
    if card.invariance == "disparity":
        with np.errstate(divide="ignore", over="ignore"):
            return np.where(depth > 0, 1 / depth, np.inf).astype(np.float32)
    if card.invariance == "affine":
        return depth - min(float(depth.min()), 0.0)  # an offset that is not known may as well be this one
    if (depth < 0).any():
        raise DataError(
            f"the network gave negative depths, down to {depth.min():.4g}: does output.invariance of its "
            "card hold?"
        )
    return depth * np.float32(card.metres_per_unit)


def normals_answer(values: np.ndarray, card: NormalsCard) -> np.ndarray:
    """(h, w, 3) float32 unit vectors in the paper's frame, NaN where a vector has no length."""
    vectors = _finite(values).astype(np.float32)
    lengths = np.linalg.norm(vectors, axis=2, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        units = np.where(lengths > 1e-6, vectors / lengths, np.nan).astype(np.float32)
    return np.asarray(convert_normals(units, card.frame, "paper"))


def semantic_answer(values: np.ndarray, card: SemanticCard, instruction: Instruction) -> np.ndarray:
    """(h, w) int32: the place in `instruction.classes` of each pixel's class, -1 where it is not asked for.

    Raises:
        InputError: No class of the network is asked for.
        DataError: A label is none of the card's classes.
    """
    places = class_places(card, instruction.classes)
    if (places < 0).all():
        raise InputError(
            f"the model knows none of the classes {_few(instruction.classes)}; it knows "
            f"{_few(card.classes)}, and its card's output.synonyms can name more"
        )
    if card.form == "logits":
        return places[_finite(values).argmax(axis=2)]
    labels = values[..., 0]
    if labels.dtype.kind == "f" and not (labels == np.rint(labels)).all():
        raise DataError(
            "the network gave labels that are no whole numbers: is output.form of its card logits?"
        )
    if labels.min() < 0 or labels.max() >= len(card.classes):
        raise DataError(
            f"the network gave labels from {labels.min()} to {labels.max()}, and the card names "
            f"{len(card.classes)} output.classes, from 0"
        )
    return places[labels.astype(np.intp)]


def class_places(card: SemanticCard, asked: tuple[str, ...]) -> np.ndarray:
    """For each class of the network, its place among those asked for by name, then by synonym, or -1."""
    wanted = {same_words(name): place for place, name in reversed(list(enumerate(asked)))}
    found = []
    for name in card.classes:
        names = (name, *card.synonyms.get(name, ()))
        found.append(next((wanted[same_words(n)] for n in names if same_words(n) in wanted), -1))
    return np.array(found, np.int32)


def mask_answer(
    values: np.ndarray, card: MaskCard, instruction: Instruction, size: tuple[int, int]
) -> np.ndarray:
    """(H, W) int32 in the picture's size: what is marked, as the task wants it.

    Args:
        values: (h, w, n) planes.
        card: What they mean.
        instruction: With one phrase.
        size: Height and width of the picture; the share is resized to it before the threshold.

    Raises:
        InputError: The phrase is none of the card's.
        DataError: The output has fewer planes than the card says.
    """
    phrases = instruction.classes
    if len(phrases) != 1 or same_words(phrases[0]) not in map(same_words, card.phrases):
        raise InputError(
            f"the model marks {_few(card.phrases)} and nothing else, got the phrase {_few(phrases)}"
        )
    if card.channel >= values.shape[2]:
        raise DataError(
            f"the network gave {values.shape[2]} planes, the card's output.channel is {card.channel}"
        )
    share = _share(_finite(values[..., card.channel]).astype(np.float32), card.activation)
    share = np.asarray(Image.fromarray(share).resize(size[::-1], Image.Resampling.BILINEAR))
    marked = (share > card.threshold).astype(np.int32)
    return marked if instruction.task == "instance" else marked - 1


def _share(values: np.ndarray, activation: str) -> np.ndarray:
    if activation == "sigmoid":
        return 1 / (1 + np.exp(-np.clip(values, -80, 80)))
    if activation == "min-max":
        least, spread = values.min(), np.ptp(values)
        return (values - least) / spread if spread > 0 else np.zeros_like(values)
    if values.min() < -0.01 or values.max() > 1.01:
        raise DataError(
            f"the network gave shares from {values.min():.4g} to {values.max():.4g}, expected 0 to 1: "
            "output.activation of its card may be sigmoid or min-max"
        )
    return values


def _finite(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise DataError("the network gave infinite numbers, expected finite ones")
    return values


def _few(names: tuple[str, ...] | list[str]) -> str:
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return (", ".join(map(repr, names[:12])) or "none") + more


def _came(output: object) -> str:
    if isinstance(output, np.ndarray):
        return f"{output.shape} {output.dtype}"
    return f"a {type(output).__name__}"
