"""`semantic`: every class in a colour that the prompt names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from vbanalysis.codecs import PaletteCodec
from vbanalysis.codecs.instances import InstanceCodec
from vbanalysis.errors import InputError
from vbanalysis.instructions import CITYSCAPES, NOTATIONS, STYLES, semantic_prompt
from vbanalysis.metrics import confusion_matrix, semantic_metrics
from vbanalysis.tasks._pooled import Pooled
from vbanalysis.tasks._task import Answer, Row, VisionTask, needed, one_of, resized
from vbanalysis.types import Instruction, Rgb, Sample


class SemanticTask(VisionTask):
    """Classes of the data set, all named in one prompt: IoU of the summed confusions.

    Cityscapes' classes are asked for in their official colours, others in colours of a grid, far apart.

    Args:
        style: One of `STYLES["semantic"]`.
        notation: One of `NOTATIONS`.
        background: Whether the codec keeps black for what no class names. Left out where the classes
            name everything, a pixel is then always the nearest class.

    Raises:
        InputError: No such style or notation.
    """

    name = "semantic"
    headline = "miou"
    larger_is_better = True
    compared = ("miou", "pixel_accuracy")

    def __init__(self, *, style: str = "json", notation: str = "rgb", background: bool = True) -> None:
        self.style = one_of(style, "style", STYLES["semantic"])
        self.notation = one_of(notation, "notation", NOTATIONS)
        if not isinstance(background, bool):
            raise InputError(f"background must be true or false, got {background!r}")
        self.background = background
        self.protocol = "confusions of all images summed, mean IoU over the classes that occur"

    def instruction(self, sample: Sample) -> Instruction:
        """All classes of the sample, whether they are there or not."""
        needed(sample, sample.classes, "classes")
        return semantic_prompt(palette(sample.class_names), self.style, self.notation)

    def decode(self, rgb: np.ndarray, instruction: Instruction) -> Answer:
        """(h, w) int32, k is class k of the prompt, -1 what no class names."""
        return np.asarray(self._codec(instruction).decode(rgb).labels)

    def encode(self, sample: Sample, instruction: Instruction) -> np.ndarray:
        """What is not to be scored is painted as the first class."""
        classes = needed(sample, sample.classes, "classes")
        return np.asarray(self._codec(instruction).encode(np.maximum(classes, 0)))

    def score(self, answer: Answer, sample: Sample) -> Row:
        """The image's own `miou` and `pixel_accuracy`, and its `confusion` of `class_names`, row by row."""
        truth = needed(sample, sample.classes, "classes")
        if sample.valid is not None:
            truth = np.where(sample.valid, truth, -1)
        counts = confusion_matrix(resized(answer, truth.shape), truth, len(sample.class_names))
        figures = semantic_metrics(counts)
        return {
            "miou": figures.miou,
            "pixel_accuracy": figures.pixel_accuracy,
            "n_pixels": figures.n,
            "class_names": list(sample.class_names),
            "confusion": counts.ravel().tolist(),
        }

    def pooled(self, rows: Sequence[Row]) -> Pooled:
        """`miou` and `pixel_accuracy` of the summed confusions, and `iou_NAME` of each class that occurs."""
        counts = np.array([row["confusion"] for row in rows], np.int64)
        names = rows[0]["class_names"]
        side = (len(names), len(names) + 1)

        def figures(sums: np.ndarray) -> dict[str, float]:
            found = semantic_metrics(sums.reshape(side))
            classes = {f"iou_{name}": float(iou) for name, iou in zip(names, found.iou, strict=True)}
            return {"miou": found.miou, "pixel_accuracy": found.pixel_accuracy, **classes}

        return Pooled(counts, figures)

    def _codec(self, instruction: Instruction) -> PaletteCodec:
        classes = dict(zip(instruction.classes, instruction.colours, strict=True))
        if instruction.background is not None:
            return PaletteCodec(classes, instruction.background)
        return PaletteCodec(classes, "implicit" if self.background else None)


@lru_cache(maxsize=32)
def palette(names: tuple[str, ...]) -> Mapping[str, Rgb]:
    """A colour for each class: the official ones of Cityscapes, else points of a grid, farthest first.

    Raises:
        InputError: More classes than colours that can be told apart.
    """
    if names == tuple(CITYSCAPES):
        return CITYSCAPES
    labels = np.arange(1, len(names) + 1, dtype=np.int32)[None]
    colours = InstanceCodec().encode(labels)[0]
    return {name: (int(rgb[0]), int(rgb[1]), int(rgb[2])) for name, rgb in zip(names, colours, strict=True)}


load = SemanticTask
"""Factory of the spec strings `semantic`, `semantic?style=list&notation=hex`."""
