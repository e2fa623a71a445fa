"""Contact sheets: what the network in training paints for the same few exercises, again and again."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count, islice

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vbanalysis.mini.network import Network
from vbanalysis.mini.sampling import ANSWER, DRAWING, paint
from vbanalysis.mini.training.batches import training_exercise
from vbanalysis.mini.training.exercises import Exercise
from vbanalysis.mini.training.stages import Stage

_ENLARGED = 2
_MARGIN = 4
_WORDS_WIDTH = 320


def sheet_exercises(stage: Stage, each: int = 2) -> list[Exercise]:
    """The first exercises of the validation split, so many of each task of the mixture."""
    chosen: list[Exercise] = []
    for task in (task for task, share in stage.mixture.items() if share > 0):
        alone = stage.model_copy(update={"split": "validation", "mixture": {task: 1.0}})
        asked = (
            training_exercise(alone, 2 * number, np.random.default_rng([stage.seed, 102, number]))
            for number in count()
        )
        # One without words would not show what they do.
        chosen += islice((exercise for exercise in asked if exercise.prompt), each)
    return chosen


def contact_sheet(network: Network, exercises: Sequence[Exercise]) -> np.ndarray:
    """A row an exercise: image, the network's answer, truth, instruction.

    Args:
        network: In evaluation mode.
        exercises: Of the network's size.

    Returns:
        (H, W, 3) uint8.
    """
    answers: list[np.ndarray] = [np.empty(0)] * len(exercises)
    for schedule in (ANSWER, DRAWING):
        places = [
            k for k, each in enumerate(exercises) if (each.task == "generation") == (schedule is DRAWING)
        ]
        if places:
            chosen = [exercises[k] for k in places]
            images, prompts = [each.image for each in chosen], [each.prompt for each in chosen]
            for k, picture in zip(places, paint(network, images, prompts, places, schedule), strict=True):
                answers[k] = picture
    side = _ENLARGED * network.config.size
    step = side + _MARGIN
    sheet = Image.new("RGB", (3 * step + _MARGIN + _WORDS_WIDTH, len(exercises) * step + _MARGIN), "white")
    for row, (exercise, answer) in enumerate(zip(exercises, answers, strict=True)):
        top = _MARGIN + row * step
        for column, picture in enumerate((exercise.image, answer, exercise.target)):
            if picture is not None:
                enlarged = Image.fromarray(picture).resize((side, side), Image.Resampling.NEAREST)
                sheet.paste(enlarged, (_MARGIN + column * step, top))
        sheet.paste(_words(exercise.prompt, side), (_MARGIN + 3 * step, top))
    return np.asarray(sheet)


def _words(text: str, height: int) -> Image.Image:
    """The text in lines, cut where its picture ends."""
    words, font = Image.new("RGB", (_WORDS_WIDTH, height), "white"), ImageFont.load_default(11)
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= _WORDS_WIDTH - 2 * _MARGIN:
            lines[-1] = longer
        else:
            lines.append(word)
    ImageDraw.Draw(words).multiline_text((_MARGIN, 0), "\n".join(lines), fill="black", font=font)
    return words
