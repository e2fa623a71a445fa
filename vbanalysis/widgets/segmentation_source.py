"""What the segmentation inspector looks at: a painted picture, its prompt, and what is known beside them."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.types import Instruction, Sample
from vbanalysis.widgets.inspected import opened, painted_picture
from vbanalysis.widgets.segmentation_prompt import read_prompt

_LOOKED_AT = 100
"""Samples of a data set that are looked at for one with a mask."""


class SegmentationSource(NamedTuple):
    """What is looked at.

    Attributes:
        picture: (h, w, 3) uint8, painted.
        prompt: That it was painted to.
        sample: The input photograph and the truth, as far as they are known; or None.
        painter: Who painted it, in words.
    """

    picture: np.ndarray
    prompt: str
    sample: Sample | None
    painter: str

    @classmethod
    def of(cls, source: Any, prompt: str | None = None) -> SegmentationSource:
        """A picture with its prompt; a scene or photograph without one is painted by the embedded generator.

        Args:
            source: (h, w, 3) uint8; the path of a picture; a `Sample`; a spec string of a data set, whose
                first sample with a mask is taken; or a pair of a spec string and a sample's id.
            prompt: In place of the sample's own.

        Raises:
            ImageError: A path names no picture that keeps its colours.
            InputError: There is no picture, or no prompt that says what the colours mean.
            VbanalysisError: The data set cannot be loaded.
        """
        if prompt is not None and not isinstance(prompt, str):
            raise InputError(f"prompt must be a string, got {type(prompt).__name__}")
        source = opened(source)
        if isinstance(source, str):
            source = _first(source, prompt)
        elif isinstance(source, tuple):
            source = _named(source)
        if not isinstance(source, Sample):
            if prompt is None:
                raise InputError("a picture alone does not say what its colours mean: give prompt='...'")
            return cls(painted_picture(source, "source"), prompt, None, "given")
        if source.output is not None:
            asked = source.prompt if prompt is None else prompt
            if asked is None:
                raise InputError(f"sample {source.id} has no prompt: give prompt='...', as it was asked")
            return cls(painted_picture(source.output, f"output of {source.id}"), asked, source, source.id)
        return _painted(source, prompt)


def _first(spec: str, prompt: str | None) -> Sample:
    for sample in itertools.islice(_loaded(spec), _LOOKED_AT):
        if sample.output is None:
            suits = sample.image is not None and (sample.classes is not None or bool(sample.masks))
        elif prompt is not None:
            suits = True
        else:
            suits = sample.prompt is not None and read_prompt(sample.prompt).instruction is not None
        if suits:
            return sample
    raise InputError(
        f"no sample of {spec} has an output with a prompt for a mask, or classes or masks to be asked for: "
        "choose another data set, or give prompt='...'"
    )


def _named(pair: tuple[Any, ...]) -> Sample:
    if len(pair) != 2 or not all(isinstance(each, str) for each in pair):
        raise InputError(f"a pair must be a data set and a sample's id, both strings, got {pair!r}")
    return _loaded(pair[0])[pair[1]]


def _loaded(spec: str) -> Any:
    from vbanalysis import plugins
    from vbanalysis.datasets import DataSet

    return plugins.load("datasets", spec, DataSet)  # type: ignore[call-overload]


def _painted(sample: Sample, prompt: str | None) -> SegmentationSource:
    from vbanalysis import plugins
    from vbanalysis.models import Generator

    if sample.image is None:
        raise InputError(f"sample {sample.id} has neither an output nor an image: choose another one")
    asked: str | Instruction = _instruction(sample) if prompt is None else prompt
    painter = plugins.load("models", "mini", Generator)  # type: ignore[call-overload]
    painted = painter.sample(sample.image, asked)
    text = asked.text if isinstance(asked, Instruction) else asked
    return SegmentationSource(painted, text, sample, f"{sample.id}, by the embedded generator")


def _instruction(sample: Sample) -> Instruction:
    from vbanalysis.tasks.instance import InstanceTask
    from vbanalysis.tasks.referring import ReferringTask
    from vbanalysis.tasks.semantic import SemanticTask

    if sample.phrase is not None:
        task = ReferringTask() if "expression" in sample.info else InstanceTask()
        return task.instruction(sample)
    if sample.classes is None:
        raise InputError(f"sample {sample.id} has no output, classes or phrase: give prompt='...'")
    return SemanticTask().instruction(sample)
