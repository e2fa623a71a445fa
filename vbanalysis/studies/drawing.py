"""How well the embedded generator draws: pictures for captions and edits, read by the judge.

The base and the tuned weights are given the same prompts and seeds, so their difference is the tuning's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from vbanalysis.mini.judge.quality import accuracy
from vbanalysis.mini.judge.reading import EditVerdict, Judge, check, judge_edit
from vbanalysis.mini.model import Mini
from vbanalysis.mini.training.batches import collate
from vbanalysis.models import Generator
from vbanalysis.stats import Estimate, mean_estimate
from vbanalysis.studies.answerers import pictures_of
from vbanalysis.studies.marks import Marks
from vbanalysis.studies.questions import Question

Artist = Callable[[Sequence[Question]], list[np.ndarray]]
"""Gives a (H, W, 3) uint8 picture for each question."""

LEVELS = (0.2, 0.4, 0.6, 0.8, 1.0)
"""Shares of noise at which the loss on held-out pictures is taken."""


class Drawn(NamedTuple):
    """Pictures and what the judge says of them.

    Attributes:
        pictures: (H, W, 3) uint8, one a question.
        marks: The figures.
    """

    pictures: list[np.ndarray]
    marks: Marks


def artist(generator: Generator) -> Artist:
    """A generator that answers question k with seed k."""
    return partial(pictures_of, generator)


def renderer(questions: Sequence[Question]) -> list[np.ndarray]:
    """The true pictures: what the judge makes of them is its own accuracy."""
    return [question.exercise.target for question in questions]


def shuffler(questions: Sequence[Question]) -> list[np.ndarray]:
    """The true picture of the next question: chance."""
    targets = renderer(questions)
    return [*targets[1:], targets[0]]


def untouched(questions: Sequence[Question]) -> list[np.ndarray]:
    """The picture as it was: an edit that is not done."""
    return [question.view.rgb for question in questions]


def judge_drawings(questions: Sequence[Question], paint: Artist, judge: Judge) -> Drawn:
    """Attribute accuracy of pictures for captions.

    `attributes` is the mean over pictures of the share of a caption's claims that are true; `whole` the
    share of pictures of which all are; the others are one attribute each.

    Args:
        questions: Of the task generation.
        paint: Who draws.
        judge: Who reads.
    """
    pictures = paint(questions)
    verdicts = [
        check(reading, question.exercise.about["claims"])
        for question, reading in zip(questions, judge.read(np.stack(pictures)), strict=True)
    ]
    rows = pd.DataFrame(
        [
            {"id": question.id, "attributes": verdict.share, "whole": verdict.whole}
            for question, verdict in zip(questions, verdicts, strict=True)
        ]
    )
    return Drawn(pictures, Marks("generation", rows, accuracy(verdicts), {}))


def judge_edits(questions: Sequence[Question], paint: Artist, judge: Judge) -> Drawn:
    """Accuracy of edits.

    `done` is the share of pictures in which the thing is of the new colour, or gone; `done_recolour` and
    `done_remove` tell the kinds apart; `rest_psnr_db` is the mean over pictures of how well all else was
    kept, bounded at 60 dB, and `done_kept` the share of those done with the rest unchanged.

    Args:
        questions: Of the task edit.
        paint: Who edits.
        judge: Who reads.
    """
    pictures = paint(questions)
    orders = [question.exercise.about["edit"] for question in questions]
    verdicts: list[EditVerdict] = [
        judge_edit(question.view, order, picture, judge)
        for question, order, picture in zip(questions, orders, pictures, strict=True)
    ]
    rows = pd.DataFrame(
        [
            {
                "id": question.id,
                "kind": order.kind,
                "done": verdict.done,
                "rest_psnr_db": min(verdict.rest_psnr_db, 60.0),
                "done_kept": verdict.done and verdict.rest_kept,
            }
            for question, order, verdict in zip(questions, orders, verdicts, strict=True)
        ]
    )
    figures = {
        name: mean_estimate(rows[name].to_numpy(float)) for name in ("done", "rest_psnr_db", "done_kept")
    }
    for kind in sorted(set(rows.kind)):
        figures[f"done_{kind}"] = mean_estimate(rows.done[rows.kind == kind].to_numpy(float))
    return Drawn(pictures, Marks("edit", rows, figures, {}))


@torch.inference_mode()
def held_out_loss(mini: Mini, questions: Sequence[Question], batch: int = 16) -> Estimate:
    """Mean squared error of the picture that is guessed from a noisy one, on held-out captions.

    Each picture is given once at each of `LEVELS`, with the same noise for all weights. Channels count from 0
    to 1, so 0.01 is an error of 26 of 255.

    Args:
        mini: Whose.
        questions: Of the task generation.
        batch: Pictures at once.
    """
    errors = []
    for first in range(0, len(questions), batch):
        asked = [question.exercise for question in questions[first : first + batch]]
        shape = asked[0].target.shape[:2]
        noise = np.stack(
            [
                np.random.default_rng(first + k).standard_normal((3, *shape), np.float32)
                for k in range(len(asked))
            ]
        )
        found = []
        for level in LEVELS:
            given = collate(asked, [level] * len(asked), noise)
            painting = mini.network(given.noisy, given.level, given.image, given.has_image, given.text)
            error = (painting.colours(hard=False) - given.target) / 2
            found.append(error.square().mean(dim=(1, 2, 3)).numpy())
        errors += np.mean(found, axis=0).tolist()
    return mean_estimate(np.array(errors))
