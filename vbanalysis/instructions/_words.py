"""A prompt as words and colours, for a reader that wants no grammar."""

from __future__ import annotations

import re

from vbanalysis.errors import InstructionError
from vbanalysis.instructions._colours import find_name, scan_literal
from vbanalysis.types import Rgb

_LITERAL = re.compile(r"#|0x|(?:rgb ?)?[(<\[]\s*[0-9]", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|[0-9]+|\.(?=\s|$)")
_NAME = re.compile(r"[a-z]+(?:[ -][a-z]+){0,2}", re.IGNORECASE)
_LINKS = re.compile(r"an?|the|solid|pure|plain|uniform|colou?r(?:s|ed)?|tone|shade|of|in")


def words_and_colours(text: str) -> list[tuple[str, Rgb | None]]:
    """Split a prompt into lower-case words and full stops, each with the colour it names, if any.

    A colour is one word, however many it is spelled with; one in digits is the word "colour". The name of
    two or three words wins over that of one. What only looks like a colour in digits is read as words.

    Args:
        text: Any prompt, in any form.

    Returns:
        Words in their order, each with its colour in 8 bits a channel, or None.

    >>> words_and_colours("The red ball is (0, 0, 255). Light blue!")
    [('the', None), ('red', (255, 0, 0)), ('ball', None), ('is', None), ('colour', (0, 0, 255)), ('.', None),
     ('light blue', (173, 216, 230))]
    """
    found: list[tuple[str, Rgb | None]] = []
    place = 0
    while place < len(text):
        literal = _literal(text, place)
        if literal is not None:
            rgb, place = literal
            found.append(("colour", rgb))
            continue
        word = _WORD.match(text, place)
        if word is None:
            place += 1
            continue
        name = _named(text, place)
        if name is not None:
            phrase, rgb = name
            found.append((phrase.lower().replace("-", " "), rgb))
            place += len(phrase)
        else:
            found.append((word[0].lower(), None))
            place = word.end()
    return found


def _literal(text: str, place: int) -> tuple[Rgb, int] | None:
    if not _LITERAL.match(text, place):
        return None
    try:
        return scan_literal(text, place)
    except InstructionError:
        return None


def _named(text: str, place: int) -> tuple[str, Rgb] | None:
    """The longest colour name of up to three words that begins at `place`."""
    match = _NAME.match(text, place)
    if match is None:
        return None
    phrase = match[0]
    while phrase:
        words = re.split("[ -]", phrase.lower())
        ends = place + len(phrase)
        whole = ends == len(text) or not (text[ends].isalnum() or text[ends] in "_'’")
        if whole and not any(map(_LINKS.fullmatch, (words[0], words[-1]))):
            rgb = find_name(phrase)
            if rgb is not None:
                return phrase, rgb
        phrase = phrase[: max(phrase.rfind(" "), phrase.rfind("-"), 0)]
    return None
