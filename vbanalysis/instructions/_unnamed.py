"""The task of a prompt without a word that names one: "The cat is red. The dog is #00ff00."

Such words may colour a mask, describe a picture or order a change, so the order is: what asks for a
change or a picture is left alone; then colours of their own, then colours given; then nothing is left
but a description.
"""

from __future__ import annotations

import re
from itertools import pairwise

from vbanalysis.errors import InstructionError
from vbanalysis.instructions._concept import find_concept
from vbanalysis.instructions._names import BACKGROUND, mask_quotes
from vbanalysis.instructions._prose import sentence_starts, states_colours
from vbanalysis.instructions._task import SEPARATE_COLOURS
from vbanalysis.types import Task

_EDIT = re.compile(
    r"(?:please )?(?:add|remove|replace|change|turn|edit|swap|delete|erase|transform|convert|recolou?r"
    r"|restyle|make (?:the|this|it|him|her|them))\b",
    re.IGNORECASE,
)
_PAINT_OVER = re.compile(r"(?:please )?(?:paint|colou?r|dye|tint) (?:the|this|that|his|her|its|it)\b", re.I)
_TO_THE_BACKGROUND = re.compile(rf"(?:please )?\w+ {BACKGROUND.pattern}\b", re.IGNORECASE)

_SOME = r"(?:an?|one|two|three|four|five|six|some|several|many)"
_PICTURE = (
    r"(?:photo(?:graph)?|picture|image|painting|drawing|illustration|sketch|portrait|rendering|poster|logo"
    r"|scene|shot|view|close-up|cartoon)"
)
_PAINTS = re.compile(
    r"(?:please )?(?:draw|paint|sketch|illustrate|imagine|design|generate|create|produce|render|make|show"
    rf"|depict|compose|give)(?: me)? {_SOME}\b"
    rf"|(?:[\w-]+ ){{0,5}}?{_PICTURE}s? (?:of|showing|depicting|where|in which|with)\b",
    re.IGNORECASE,
)
# "A house where the door is red" describes; "A cat is red, a dog is blue" states.
_THING = re.compile(rf"{_SOME}\b", re.IGNORECASE)
_ASIDE = re.compile(r",|\b(?:where|in which|while)\b", re.IGNORECASE)


def unnamed_task(text: str) -> Task:
    """The task of a flattened prompt without words of perception or braces.

    Returns:
        `"edit"` for an order to change the image, `"instance"` where each of something has a colour
        of its own, `"semantic"` where something is given a colour, else `"generation"`.
    """
    sentences = _sentences(text)
    if _PAINT_OVER.match(text) or any(
        _EDIT.match(sentence) and not (k and _TO_THE_BACKGROUND.match(sentence))
        for k, sentence in enumerate(sentences)
    ):
        return "edit"
    if _PAINTS.match(text) or _describes(sentences[0]):
        return "generation"
    if any(_separates(sentence) for sentence in sentences):
        return "instance"
    return "semantic" if states_colours(text) else "generation"


def _sentences(text: str) -> list[str]:
    bounds = [*sentence_starts(mask_quotes(text)), len(text)]
    return [text[first:last].strip() for first, last in pairwise(bounds)]


def _describes(sentence: str) -> bool:
    """Whether a sentence names some thing and says nothing of its colour but in passing."""
    return bool(_THING.match(sentence)) and not states_colours(_ASIDE.split(sentence, maxsplit=1)[0])


def _separates(sentence: str) -> bool:
    if not SEPARATE_COLOURS.search(mask_quotes(sentence)):
        return False
    try:
        find_concept(sentence)
    except InstructionError:
        return False
    return True
