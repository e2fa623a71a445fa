"""Which convention a normals prompt names: "in OpenGL convention"."""

from __future__ import annotations

import math
import re
from typing import get_args

from vbanalysis.errors import InstructionError
from vbanalysis.instructions._place import quote
from vbanalysis.types import Frame

SPELLINGS: dict[Frame, str] = {
    "paper": "paper",
    "opengl": "OpenGL",
    "opencv": "OpenCV",
    "dsine": "DSINE",
    "diode": "DIODE",
}
"""Each convention as prompts spell it."""

# Paper and diodes are also things in scenes, so those two count only where the words make them conventions.
_ANYWHERE = re.compile(
    r"\b(?P<opengl>open[ -]?gl)\b|\b(?P<opencv>open[ -]?cv)\b|\b(?P<dsine>d-?sine)\b"
    r"|\b(?P<diode>(?-i:DIODE)|(?<=\bin )diode|(?<=\blike )diode|(?<=\busing )diode"
    r"|diode(?=[- ](?:style|format|frame|axes|coordinates|normals)))\b",
    re.IGNORECASE,
)
_OTHER = re.compile(r"\b(?:direct ?x|direct ?3d|d3d)\b", re.IGNORECASE)
_HANDED = re.compile(
    r"\b(left|right)[- ]?hand(?:ed\b|(?=[- ](?:rule|coordinate|system|frame|convention)))", re.IGNORECASE
)
_CONVENTION = re.compile(
    r"\b(?:conventions?|coordinate[- ](?:system|frame)s?)\b"
    r"(?:(?: used)?(?: of| from| by| in|:) ?(?:the )?(?P<after>\w{1,40}))?",
    re.IGNORECASE,
)
_PLAIN = re.compile(
    r"the|an?|this|that|its|same|usual|standard|common|default|normals?|surface|map|camera|image|views?|viewer"
    r"|input|scene|coordinates?|axis|axes|sign|colou?rs?|left|right|hand(?:ed)?",
    re.IGNORECASE,
)
_STOP = re.compile(
    r"in|with|using|use|by|under|following|follow|follows|as|per|to|of|and|or|for|from|on|is", re.IGNORECASE
)


def find_convention(text: str) -> Frame | None:
    """The convention that a flattened normals prompt names, or None.

    Raises:
        InstructionError: An unknown convention, two of them, or a handedness that names none alone or
            is not that of the one named.
    """
    whole = text
    text = re.sub(r"[\"“”'‘’`](?:s\b)?", "", text)
    found: dict[Frame, str] = {}
    for match in _ANYWHERE.finditer(text):
        found.setdefault(_frame(str(match.lastgroup)), match[0])
    if other := _OTHER.search(text):
        raise _unknown(other[0], text[other.start() :])
    # One word for each name, so that the words around "convention" can be taken one by one.
    text = _ANYWHERE.sub(lambda match: str(match.lastgroup), text)
    for match in _CONVENTION.finditer(text):
        name = _before(text[max(0, match.start() - 80) : match.start()]) or _after(match["after"])
        place = (
            max(0, text.rfind(name, 0, match.start())) if name and name != match["after"] else match.start()
        )
        if name is None:
            continue
        if name.lower() not in SPELLINGS:
            raise _unknown(name, text[place:])
        found.setdefault(_frame(name.lower()), name)
    if len(found) > 1:
        raise InstructionError(f"two conventions, {' and '.join(found)}, in {quote(whole)}: name one")
    frame = next(iter(found), None)
    for match in _HANDED.finditer(text):
        _check_hand(match[1].lower(), frame, text[match.start() :])
    return frame


def _frame(name: str) -> Frame:
    return next(frame for frame in get_args(Frame) if frame == name)


def _before(words: str) -> str | None:
    """The name right before "convention", past plain words such as "camera"."""
    tail = re.search(r"[\w -]*$", words)
    for word in reversed(re.split(r"[ -]+", tail[0].strip(" -") if tail else "")):
        if not word or _STOP.fullmatch(word):
            return None
        if not _PLAIN.fullmatch(word):
            return word
    return None


def _after(word: str | None) -> str | None:
    return None if word is None or _PLAIN.fullmatch(word) else word


def _check_hand(hand: str, frame: Frame | None, place: str) -> None:
    from vbanalysis.codecs.normals import AXES

    if frame is None:
        raise InstructionError(
            f"at {quote(place)}: {hand}-handed alone does not say which way the axes point; name one of "
            + ", ".join(SPELLINGS.values())
        )
    if (math.prod(AXES[frame]) > 0) != (hand == "right"):
        raise InstructionError(f"at {quote(place)}: the frame of {SPELLINGS[frame]} is not {hand}-handed")


def _unknown(name: str, place: str) -> InstructionError:
    return InstructionError(
        f"at {quote(place)}: {name!r} is no known convention of normals; use one of "
        + ", ".join(SPELLINGS.values())
    )
