"""`generation`: a picture for a prompt, read by an exact judge where the world is known, and by scores."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from vbanalysis import plugins
from vbanalysis.perceptual import TextImageScore
from vbanalysis.stats import Estimate
from vbanalysis.tasks._pictures import at_size, judge, names_of, target, told
from vbanalysis.tasks._task import Answer, Row, VisionTask, means
from vbanalysis.types import Instruction, Sample

if TYPE_CHECKING:
    from vbanalysis.mini.judge.reading import Judge

ATTRIBUTES = ("setting", "kind", "colour", "count", "relation", "only")
"""What the judge tells apart in a caption of a scene, as `mini.judge.reading.ATTRIBUTES`."""


class GenerationTask(VisionTask):
    """Text to image, by each sample's own prompt.

    Pictures for captions of `scenes?ask=generation` are read by the judge, who knows that world alone. A run
    on other prompts keeps the pictures; `rescore` adds scores to them without the model.

    Args:
        scores: Spec strings of text-image scores with commas between, such as
            `clipscore:openai/clip-vit-base-patch32`; each gives a column of its name.
        judge_px: Side of the square to which pictures are brought for the judge, as it was trained.

    Raises:
        PluginError: A score is not known, or cannot be loaded.
    """

    name = "generation"
    headline = "attributes"
    larger_is_better = True

    def __init__(self, *, scores: str = "", judge_px: int = 64) -> None:
        self._scores = {
            each.name: each
            for each in (plugins.load("scores", spec, TextImageScore) for spec in names_of(scores))  # type: ignore[call-overload]
        }
        self.judge_px = judge_px
        self.averaged = ("attributes", "whole", *ATTRIBUTES, *self._scores)  # type: ignore[misc]
        self.compared = ("attributes", "whole", *self._scores)  # type: ignore[misc]
        read = [f"{name}: {each.protocol}" for name, each in self._scores.items()]
        self.protocol = "; ".join(
            [
                f"captions of scenes: the share of claims that the judge finds true at {judge_px} px, a mean "
                "over pictures",
                *read,
            ]
        )

    @cached_property
    def _judge(self) -> Judge:
        return judge()

    def instruction(self, sample: Sample) -> Instruction:
        """The sample's prompt."""
        return told(sample, "generation")

    def decode(self, rgb: np.ndarray, instruction: Instruction) -> Answer:
        """The picture as it is."""
        return rgb

    def encode(self, sample: Sample, instruction: Instruction) -> np.ndarray:
        """The picture that the caption was taken from, which only rendered scenes have."""
        return target(sample)

    def score(self, answer: Answer, sample: Sample) -> Row:
        """`attributes`, `whole` and a share for each sort of claim, where these are known; and each score."""
        from vbanalysis.mini.judge.reading import check

        row: dict[str, float] = {}
        if (claims := sample.info.get("claims")) is not None:
            (reading,) = self._judge.read(at_size(answer, (self.judge_px, self.judge_px))[None])
            verdict = check(reading, claims)
            row |= {"attributes": verdict.share, "whole": float(verdict.whole)}
            row |= {name: verdict.right[name] / n for name, n in verdict.claimed.items()}
        for name, each in self._scores.items():
            row[name] = float(each.score([answer], [str(sample.prompt)])[0])
        return row

    def aggregate(self, rows: Sequence[Row]) -> dict[str, Estimate]:
        """The mean of each column over the pictures that have it."""
        return means(rows, self.averaged)


load = GenerationTask
"""Factory of the spec strings `generation`, `generation?scores=clipscore:REPO,vqascore:REPO`."""
