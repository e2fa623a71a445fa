"""What was understood of a prompt for a mask, word by word, and why not where it was not."""

from __future__ import annotations

import re
from typing import NamedTuple

from vbanalysis.errors import InstructionError
from vbanalysis.instructions import parse, parse_colour, words_and_colours
from vbanalysis.types import Instruction, Rgb

MASKS = ("semantic", "referring", "instance")
"""Tasks that are answered by a picture in flat colours."""

_LITERAL = re.compile(r"#[0-9a-f]{3,6}\b|0x[0-9a-f]{6}\b|(?:rgb ?)?[(<\[][0-9 ,.%]+[)>\]]", re.IGNORECASE)


class Word(NamedTuple):
    """A piece of a prompt; all pieces together are the prompt.

    Attributes:
        text: The piece, as it stands there.
        kind: What it was read as; "" for the words between.
        rgb: The colour that it names, or that its class is asked in; None for neither.
    """

    text: str
    kind: str
    rgb: Rgb | None


class PromptReading(NamedTuple):
    """A prompt, read.

    Attributes:
        text: The prompt.
        instruction: What it asks for, or None.
        reason: Why nothing could be made of it; "" where all is well.
    """

    text: str
    instruction: Instruction | None
    reason: str

    @property
    def words(self) -> tuple[Word, ...]:
        """The prompt in pieces: classes and colours that count, and what stands between."""
        if self.instruction is None:
            return (Word(self.text, "", None),)
        return _pieces(self.text, _found(self.text, self.instruction))


def read_prompt(text: str) -> PromptReading:
    """Read a prompt for a mask; what cannot be read is told, not raised.

    >>> read_prompt("The cat is rendered in reddish-plaid.").instruction is None
    True
    """
    try:
        instruction = parse(text)
        if instruction.task in ("generation", "edit"):  # as half a prompt for a mask is taken
            instruction = parse(text, "semantic")
        if instruction.task in ("semantic", "referring") and not instruction.colours:
            return PromptReading(text, None, "no colour is named: write e.g. 'The cat is rendered in green.'")
    except InstructionError as error:
        return PromptReading(text, None, str(error))
    if instruction.task not in MASKS:
        return PromptReading(text, None, f"this asks for {instruction.task}, not for a mask of anything")
    return PromptReading(text, instruction, "")


def _found(text: str, instruction: Instruction) -> list[tuple[int, int, Word]]:
    """Where classes and colours stand; of two that overlap the longer one counts."""
    places: list[tuple[int, int, Word]] = []

    def add(start: int, end: int, kind: str, rgb: Rgb | None) -> None:
        places.append((start, end, Word(text[start:end], kind, rgb)))

    for k, name in enumerate(instruction.classes):
        rgb = instruction.colours[k] if instruction.colours else None
        spelled = r"\s+".join(map(re.escape, name.split()))
        if spelled and (match := re.search(rf"(?<!\w){spelled}(?!\w)", text, re.IGNORECASE)):
            add(*match.span(), "class", rgb)
    if match := re.search(r"\bbackground\b", text, re.IGNORECASE):
        add(*match.span(), "background", instruction.background)
    asked = {*instruction.colours} | ({instruction.background} - {None})
    for match in _LITERAL.finditer(text):
        rgb = _colour(match[0])
        if rgb in asked:
            add(*match.span(), "colour", rgb)
    at = 0
    for phrase, rgb in words_and_colours(text):
        spelled = r"[\s-]+".join(map(re.escape, phrase.split()))
        match = re.compile(spelled, re.IGNORECASE).search(text, at) if rgb in asked else None
        if match and phrase != "colour":
            add(*match.span(), "colour", rgb)
            at = match.end()
    kept: list[tuple[int, int, Word]] = []
    for start, end, word in sorted(places, key=lambda place: (place[0] - place[1], place[0])):
        if all(end <= other[0] or other[1] <= start for other in kept):
            kept.append((start, end, word))
    return sorted(kept)


def _pieces(text: str, found: list[tuple[int, int, Word]]) -> tuple[Word, ...]:
    pieces, at = [], 0
    for start, end, word in found:
        pieces += [Word(text[at:start], "", None), word]
        at = end
    pieces.append(Word(text[at:], "", None))
    return tuple(word for word in pieces if word.text)


def _colour(text: str) -> Rgb | None:
    try:
        return parse_colour(text)
    except InstructionError:
        return None
