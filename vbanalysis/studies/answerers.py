"""Who answers questions: generators, the regression control, guesses without a look, and the truth itself.

Answers are numbers: metres, unit vectors, labels. A generator's pictures are decoded by the codecs, as
anyone's would be.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from vbanalysis.codecs import DepthCodec, InstanceCodec, NormalCodec, PaletteCodec
from vbanalysis.mini.regression import Regressor
from vbanalysis.mini.world.graph import CLASSES
from vbanalysis.models import Generator
from vbanalysis.studies.questions import CAP_M, SIZE, Question, seen


class Answerer(Protocol):
    """Anyone who answers questions in numbers.

    An answer is depth in metres (H, W), normals (H, W, 3), labels (H, W) of the named classes or instances,
    or one boolean mask an expression (K, H, W); None where there is no answer to such a question.
    """

    def answer(self, questions: Sequence[Question]) -> list[np.ndarray | None]:
        """One answer a question."""
        ...


def pictures_of(generator: Generator, questions: Sequence[Question]) -> list[np.ndarray]:
    """(H, W, 3) uint8 pictures of a generator that answers question k with seed k."""
    return generator.sample_many(
        [question.exercise.image for question in questions],
        [question.exercise.prompt for question in questions],
        seeds=list(range(len(questions))),
    )


class Painter:
    """A generator, its pictures decoded as their prompts ask."""

    def __init__(self, generator: Generator) -> None:
        self.generator = generator

    def answer(self, questions: Sequence[Question]) -> list[np.ndarray | None]:
        """Paint and decode."""
        pictures = pictures_of(self.generator, questions)
        return [decode(question, rgb) for question, rgb in zip(questions, pictures, strict=True)]


class Oracle:
    """The truth, painted in the code at this resolution and decoded: what the code alone costs."""

    def answer(self, questions: Sequence[Question]) -> list[np.ndarray | None]:
        """Decode the right pictures."""
        return [decode(question, question.exercise.target) for question in questions]


class Blind:
    """Guesses without a look: what is usual over training scenes.

    Depth is the one of least AbsRel over those scenes, normals their mean, the class the most frequent one.

    Args:
        by_pixel: At each pixel of the picture, instead of one answer for all pixels.
        scenes: Training scenes that the usual is taken from.
    """

    def __init__(self, by_pixel: bool, scenes: int = 600) -> None:
        views = [seen("train", number)[1] for number in range(scenes)]
        depth = np.stack([view.depth_m for view in views])
        depth = np.where((depth > CAP_M[0]) & (depth <= CAP_M[1]), depth, np.nan)
        normals = np.nansum(np.stack([view.normals for view in views]), axis=0)
        labels = np.stack([view.classes for view in views])
        classes = np.stack([(labels == k).sum(axis=0) for k in range(len(CLASSES))])
        if not by_pixel:
            depth = depth.reshape(-1, 1, 1)
            normals = normals.sum(axis=(0, 1), keepdims=True)
            classes = classes.sum(axis=(1, 2), keepdims=True)
        shape = (SIZE, SIZE)
        self.depth = np.broadcast_to(_least_absrel(depth), shape).astype(np.float32)
        length = np.linalg.norm(normals, axis=-1, keepdims=True)
        self.normals = np.broadcast_to(normals / length.clip(1e-6), (*shape, 3)).astype(np.float32)
        self.classes = np.broadcast_to(classes.argmax(axis=0), shape).astype(np.int32)

    def answer(self, questions: Sequence[Question]) -> list[np.ndarray | None]:
        """The same each time, for the dense tasks; every object marked, for referring."""
        return [self._one(question) for question in questions]

    def _one(self, question: Question) -> np.ndarray | None:
        task = question.exercise.task
        if task == "depth":
            return self.depth
        if task == "normals":
            return self.normals
        if task == "semantic":
            return self.classes
        if task == "referring":
            # Not quite blind: it sees the objects, and only not which of them is meant.
            marked = question.view.instances > 0
            return np.stack([marked] * len(question.exercise.about["classes"]))
        return None


class Numbers:
    """The regression control."""

    def __init__(self, regressor: Regressor) -> None:
        self.regressor = regressor

    def answer(self, questions: Sequence[Question]) -> list[np.ndarray | None]:
        """Read each image; None for tasks that need words for their answers."""
        return [self._one(question) for question in questions]

    def _one(self, question: Question) -> np.ndarray | None:
        task = question.exercise.task
        if task not in ("depth", "normals", "semantic"):
            return None
        assert question.exercise.image is not None
        prompt = question.exercise.prompt
        said = self.regressor.predict(question.exercise.image, depth=prompt, normals=prompt, semantic=prompt)
        return {"depth": said.depth_m, "normals": said.normals, "semantic": said.classes}[task]


def _least_absrel(depth_m: np.ndarray) -> np.ndarray:
    """The depth of least mean |p - t| / t over (n, ...) true depths: their median, weighted by 1 / t."""
    order = np.sort(depth_m, axis=0)  # unknown ones last
    weights = np.nan_to_num(1 / order).cumsum(axis=0)
    half = (weights < weights[-1] / 2).sum(axis=0, keepdims=True)
    middle = np.take_along_axis(order, np.minimum(half, len(order) - 1), axis=0)[0]
    return np.nan_to_num(middle, nan=CAP_M[1])


def decode(question: Question, rgb: np.ndarray) -> np.ndarray:
    """What a picture says in answer to a question, as `Answerer` describes it."""
    about, task = question.exercise.about, question.exercise.task
    if task == "depth":
        return DepthCodec().decode(rgb).depth_m
    if task == "normals":
        return NormalCodec(tolerance=None).decode(rgb).normals
    if task == "instance":
        # At 64 pixels an erosion by one takes a table's legs and top away, and there are no halos to remove.
        return InstanceCodec(erosion=0).decode(rgb).labels  # type: ignore[union-attr]
    codec = PaletteCodec(about["classes"], "implicit" if about["background"] is None else about["background"])
    labels = codec.decode(rgb).labels
    if task == "referring":
        return np.stack([labels == k for k in range(len(codec.names))])
    # Labels in the order of the prompt, to labels of `CLASSES`.
    order = np.array([CLASSES.index(name) for name in codec.names] + [-1], np.int32)
    return order[labels]
