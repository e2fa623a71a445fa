"""`referring`: what an expression means, in a colour that the prompt names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vbanalysis.codecs import PaletteCodec
from vbanalysis.errors import DataError
from vbanalysis.instructions import STYLES, referring_prompt, words_and_colours
from vbanalysis.metrics import MaskOverlap, mask_overlap, referring_metrics
from vbanalysis.stats import Estimate
from vbanalysis.tasks._pooled import Pooled
from vbanalysis.tasks._task import Answer, Row, VisionTask, means, needed, one_of, resized
from vbanalysis.types import Instruction, Rgb, Sample

_COLOURS: tuple[Rgb, ...] = ((255, 0, 0), (0, 0, 255), (255, 255, 0), (255, 0, 255), (0, 255, 255))
_THRESHOLDS = (0.5, 0.7, 0.9)


class ReferringTask(VisionTask):
    """One expression a prompt, in red, or in another colour where the expression itself speaks of red.

    Args:
        style: One of `STYLES["referring"]`.

    Raises:
        InputError: No such style.
    """

    name = "referring"
    headline = "iou"
    larger_is_better = True
    compared = ("iou",)
    protocol = "one expression a prompt; gIoU is 1 where both masks are empty; cIoU sums over expressions"

    def __init__(self, *, style: str = "rendered") -> None:
        self.style = one_of(style, "style", STYLES["referring"])

    def instruction(self, sample: Sample) -> Instruction:
        """The sample's phrase."""
        phrase = needed(sample, sample.phrase, "phrase")
        spoken = [rgb for _, rgb in words_and_colours(phrase) if rgb is not None]
        colour = max(_COLOURS, key=lambda rgb: min((_far(rgb, other) for other in spoken), default=0.0))
        return referring_prompt({phrase: colour}, self.style)

    def decode(self, rgb: np.ndarray, instruction: Instruction) -> Answer:
        """(h, w) int32: 0 is what the expression means, -1 all else."""
        return np.asarray(self._codec(instruction).decode(rgb).labels)

    def encode(self, sample: Sample, instruction: Instruction) -> np.ndarray:
        """The mask in its colour on black."""
        return np.asarray(self._codec(instruction).encode(_truth(sample).astype(np.int32) - 1))

    def nothing(self, sample: Sample) -> Answer:
        """Not a pixel."""
        return np.full(_truth(sample).shape, -1, np.int32)

    def score(self, answer: Answer, sample: Sample) -> Row:
        """`iou`, and the `intersection` and `union` that cIoU sums."""
        truth = _truth(sample)
        overlap = mask_overlap(resized(answer, truth.shape) == 0, truth, valid=sample.valid)
        return {"iou": overlap.iou, **overlap._asdict()}

    def pooled(self, rows: Sequence[Row]) -> Pooled:
        """`ciou`."""
        return Pooled(np.array([(row["intersection"], row["union"]) for row in rows]), _ciou)

    def aggregate(self, rows: Sequence[Row]) -> dict[str, Estimate]:
        """`giou`, `ciou` and the share of expressions whose IoU reaches 0.5, 0.7 and 0.9."""
        reached = {
            f"precision_{100 * threshold:.0f}": [{**row, "iou": row["iou"] >= threshold} for row in rows]
            for threshold in _THRESHOLDS
        }
        shares = {name: means(each, ("iou",))["iou"] for name, each in reached.items()}
        return {"giou": means(rows, ("iou",))["iou"], **super().aggregate(rows), **shares}

    @staticmethod
    def _codec(instruction: Instruction) -> PaletteCodec:
        behind = instruction.background
        classes = dict(zip(instruction.classes, instruction.colours, strict=True))
        return PaletteCodec(classes, "implicit" if behind is None else behind)


def _truth(sample: Sample) -> np.ndarray:
    if not sample.masks:
        raise DataError(f"sample {sample.id} has no masks: choose another task, or another data set")
    return np.asarray(sample.masks[0].any(axis=0))


def _ciou(sums: np.ndarray) -> dict[str, float]:
    return {"ciou": referring_metrics([MaskOverlap(*sums.tolist())]).ciou}


def _far(one: Rgb, other: Rgb) -> float:
    return float(np.linalg.norm(np.subtract(one, other)))


load = ReferringTask
"""Factory of the spec strings `referring`, `referring?style=rendered`."""
