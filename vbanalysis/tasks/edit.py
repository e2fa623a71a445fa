"""`edit`: a picture changed as a prompt asks, and all else kept."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from vbanalysis import plugins
from vbanalysis.metrics import psnr, ssim
from vbanalysis.perceptual import PictureDistance
from vbanalysis.stats import Estimate
from vbanalysis.tasks._pictures import at_size, judge, names_of, target, told
from vbanalysis.tasks._task import Answer, Row, VisionTask, means, needed
from vbanalysis.types import Instruction, Sample

if TYPE_CHECKING:
    from vbanalysis.mini.judge.reading import Judge

BEST_DB = 60.0
"""PSNR is bounded at this in means: an equal picture has an infinite one."""


class EditTask(VisionTask):
    """Editing, by each sample's own order.

    Orders of `scenes?ask=edit` are judged exactly: whether the thing is of the new colour, or gone, and the
    rest as it was. On other pictures nobody knows what is right: what is told is how far the answer is from
    the picture before, which an edit that does nothing keeps best.

    Args:
        scores: Spec strings of picture distances with commas between, such as `lpips:alex`; each gives a
            column of its name, of the answer against the picture before.

    Raises:
        PluginError: A score is not known, or cannot be loaded.
    """

    name = "edit"
    headline = "done_kept"
    larger_is_better = True

    def __init__(self, *, scores: str = "") -> None:
        self._scores = {
            each.name: each
            for each in (plugins.load("scores", spec, PictureDistance) for spec in names_of(scores))  # type: ignore[call-overload]
        }
        figures = ("done", "done_kept", "rest_psnr_db", "psnr_before_db", "ssim_before", *self._scores)
        self.averaged = figures  # type: ignore[misc]
        self.compared = figures  # type: ignore[misc]
        read = [f"{name}: {each.protocol}" for name, each in self._scores.items()]
        self.protocol = "; ".join(
            [
                "orders on scenes: done as the judge sees it, the rest kept from 25 dB; PSNR up to 60 dB; "
                "psnr and ssim_before are against the picture before the edit",
                *read,
            ]
        )

    @cached_property
    def _judge(self) -> Judge:
        return judge()

    def instruction(self, sample: Sample) -> Instruction:
        """The sample's order."""
        needed(sample, sample.image, "picture to edit")
        return told(sample, "edit")

    def decode(self, rgb: np.ndarray, instruction: Instruction) -> Answer:
        """The picture as it is."""
        return rgb

    def encode(self, sample: Sample, instruction: Instruction) -> np.ndarray:
        """The picture that the order leads to, which only rendered scenes have."""
        return target(sample)

    def score(self, answer: Answer, sample: Sample) -> Row:
        """`done`, `done_kept` and `rest_psnr_db` where the scene is known; how far the picture before is."""
        from vbanalysis.mini.judge.reading import judge_edit

        before = np.asarray(sample.image)
        after = at_size(answer, (before.shape[0], before.shape[1]))
        row: dict[str, float] = {}
        if (order := sample.info.get("edit")) is not None:
            verdict = judge_edit(sample.info["view"], order, after, self._judge)
            row |= {
                "done": float(verdict.done),
                "done_kept": float(verdict.done and verdict.rest_kept),
                "rest_psnr_db": min(verdict.rest_psnr_db, BEST_DB),
            }
        row |= {"psnr_before_db": min(psnr(after, before), BEST_DB), "ssim_before": ssim(after, before)}
        for name, each in self._scores.items():
            row[name] = float(each.distance([after], [before])[0])
        return row

    def aggregate(self, rows: Sequence[Row]) -> dict[str, Estimate]:
        """The mean of each column over the pictures that have it."""
        return means(rows, self.averaged)


load = EditTask
"""Factory of the spec strings `edit` and `edit?scores=lpips:alex`."""
