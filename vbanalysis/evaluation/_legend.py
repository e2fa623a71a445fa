"""The same question in other legends: colours and order change places, the meaning stays.

A generator that reads its legend answers alike whichever class has which colour and is named first. Where it
does not, at least one of the answers is wrong, and no truth is needed to see it. A vote of the answers, pixel
by pixel, is a remedy that costs as many calls as there are legends.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations, product
from math import factorial

import numpy as np

from vbanalysis.codecs import PaletteCodec
from vbanalysis.errors import InputError
from vbanalysis.models import Generator
from vbanalysis.tasks import resized
from vbanalysis.types import Instruction, Rgb


@dataclass(frozen=True, eq=False)
class LegendVote:
    """The answers to one question in several legends.

    Attributes:
        answers: (V, H, W) int32, one a legend: k is class k of the first legend, -1 none.
        labels: (H, W) int32, the most frequent label of each pixel; where several are, the first answer's
            if it is among them, else the lowest.
        agreement: (H, W) float, the share of the answers that say `labels`.
        consistency: Over the pixels that any answer marks, how often two answers agree; 1 if none marks any.
        calls: Of the generator.
        seconds: That all of them took; of a batch, this question's share.
    """

    answers: np.ndarray
    labels: np.ndarray
    agreement: np.ndarray
    consistency: float
    calls: int
    seconds: float


def permuted_legends(
    classes: Mapping[str, Rgb],
    prompt: Callable[[Mapping[str, Rgb]], Instruction],
    most: int = 4,
    rng: np.random.Generator | None = None,
) -> list[Instruction]:
    """One question in several legends, the given one first.

    All permutations of the colours among the classes and of the order of the classes where there are no
    more than `most` (two classes have four); otherwise `most` different ones at random.

    Args:
        classes: Colour of each class or expression.
        prompt: Words the question, such as `functools.partial(referring_prompt, style="plain")`.
        most: Legends, at least 1.
        rng: Draws them; needed where they are not all asked.

    Raises:
        InputError: There is no class, `most` is less than 1, or `rng` is missing.

    Examples:
        >>> from vbanalysis.instructions import referring_prompt
        >>> for each in permuted_legends({"cat": (255, 0, 0), "dog": (0, 0, 255)}, referring_prompt):
        ...     print(each.text)
        A segmentation map image. The cat is rendered in red. The dog is rendered in blue.
        A segmentation map image. The dog is rendered in blue. The cat is rendered in red.
        A segmentation map image. The cat is rendered in blue. The dog is rendered in red.
        A segmentation map image. The dog is rendered in red. The cat is rendered in blue.
    """
    names, colours = list(classes), list(classes.values())
    if not names:
        raise InputError("classes must name at least one class and its colour, got none")
    if most < 1:
        raise InputError(f"most must be at least 1, got {most}")
    count = len(names)
    # 7 classes have more than 25 million legends: they are not listed to draw a few.
    if count < 7 and factorial(count) ** 2 <= most:
        chosen = list(product(permutations(range(count)), permutations(range(count))))
    elif rng is None:
        raise InputError(
            f"{count} classes have more than {most} legends: give rng, which draws those that are asked"
        )
    else:
        usual = tuple(range(count))
        chosen = [(usual, usual)]
        while len(chosen) < most:
            drawn = tuple(rng.permutation(count).tolist()), tuple(rng.permutation(count).tolist())
            if drawn not in chosen:
                chosen.append(drawn)
    return [prompt({names[k]: colours[paint[k]] for k in order}) for paint, order in chosen]


def ask_legends(
    generator: Generator,
    images: Sequence[np.ndarray],
    questions: Sequence[Sequence[Instruction]],
    *,
    seeds: Sequence[Sequence[int]] | None = None,
) -> list[LegendVote]:
    """Ask each question in all its legends, and vote.

    Args:
        generator: Who is asked.
        images: (H, W, 3) uint8, one a question.
        questions: For each image its legends, as `permuted_legends` gives them: the same classes each time.
        seeds: As many for each image as it has legends; by default k for all of image k, so that nothing
            but the legend differs.

    Returns:
        One vote a question, at the size of its first answer; answers of another size are brought to it, each
        pixel taking the label nearest to its middle.

    Raises:
        InputError: The lengths differ, a question has no legend, or its legends have not the same classes.
    """
    if len(images) != len(questions):
        raise InputError(f"expected as many questions as the {len(images)} images, got {len(questions)}")
    seeds = [[k] * len(each) for k, each in enumerate(questions)] if seeds is None else seeds
    if [len(each) for each in seeds] != [len(each) for each in questions]:
        raise InputError("seeds must hold one seed for each legend of each image")
    for each in questions:
        if not each or any(not i.classes or set(i.classes) != set(each[0].classes) for i in each):
            raise InputError("a question must be one or more instructions that name the same classes")
    began = time.perf_counter()
    pictures = generator.sample_many(
        [image for image, each in zip(images, questions, strict=True) for _ in each],
        [instruction for each in questions for instruction in each],
        seeds=[seed for each in seeds for seed in each],
    )
    seconds = (time.perf_counter() - began) / max(len(pictures), 1)
    answered = iter(pictures)
    return [_vote(each, [next(answered) for _ in each], seconds * len(each)) for each in questions]


def _vote(legends: Sequence[Instruction], pictures: Sequence[np.ndarray], seconds: float) -> LegendVote:
    names = list(legends[0].classes)
    answers = [_read(each, picture, names) for each, picture in zip(legends, pictures, strict=True)]
    stacked = np.stack([np.asarray(resized(each, answers[0].shape)) for each in answers])
    counts = np.stack([(stacked == label).sum(axis=0) for label in range(-1, len(names))])
    labels = counts.argmax(axis=0).astype(np.int32) - 1
    first = stacked[0]
    tied = np.take_along_axis(counts, first[None] + 1, axis=0)[0] == counts.max(axis=0)
    labels = np.where(tied, first, labels)
    marked = (stacked >= 0).any(axis=0)
    together = [(one == other)[marked].mean() for one, other in combinations(stacked, 2) if marked.any()]
    return LegendVote(
        stacked,
        labels,
        counts.max(axis=0) / len(stacked),
        float(np.mean(together)) if together else 1.0,
        len(stacked),
        seconds,
    )


def _read(instruction: Instruction, picture: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Labels in the order of `names`."""
    behind = instruction.background
    classes = dict(zip(instruction.classes, instruction.colours, strict=True))
    codec = PaletteCodec(classes, "implicit" if behind is None else behind)
    order = np.array([names.index(name) for name in codec.names] + [-1], np.int32)
    return order[np.asarray(codec.decode(picture).labels)]
