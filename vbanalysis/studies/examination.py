"""An examination: the same questions to the embedded generator, to its controls and to those who guess."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from vbanalysis.models import Generator
from vbanalysis.studies.answerers import Answerer, Painter
from vbanalysis.studies.marks import Marks, mark
from vbanalysis.studies.questions import ANSWERS, ask


def examine(
    answerers: Mapping[str, Answerer], split: str = "validation", n: int = 400
) -> Iterator[tuple[str, Marks]]:
    """Ask everyone everything.

    Args:
        answerers: By name.
        split: Of the scenes.
        n: Questions a task.

    Yields:
        Name and marks, task by task; answerers without an answer to a task are passed over.
    """
    for task in ANSWERS:
        questions = ask(task, split, n)
        for name, answerer in answerers.items():
            marks = mark(questions, answerer.answer(questions))
            if marks is not None:
                yield name, marks


def swapped(generator: Generator, split: str = "validation", n: int = 400) -> np.ndarray:
    """Whether masks follow the colours of a prompt when its two colours change places.

    Args:
        generator: Who is asked for two expressions at a time.
        split: Of the scenes.
        n: Questions.

    Returns:
        (images,) the share of the pixels marked before that are marked for the same expression after, which
        means that they changed their colour; 0 for an image on which nothing was marked.
    """
    before = ask("referring", split, n, two=True)
    after = ask("referring", split, n, two=True, swap=True)
    painter = Painter(generator)
    shares = []
    for one, two in zip(painter.answer(before), painter.answer(after), strict=True):
        if one is None or two is None:
            continue
        marked = one.any(axis=0)
        shares.append(float((one == two).all(axis=0)[marked].mean()) if marked.any() else 0.0)
    return np.array(shares)
