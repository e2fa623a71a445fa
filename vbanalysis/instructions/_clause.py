"""A colour at the end of a clause: "... is rendered as light purple color"."""

from __future__ import annotations

import re
from typing import NamedTuple

from vbanalysis.instructions._colours import find_name, scan_literal
from vbanalysis.types import Rgb

_CLAUSE_END = re.compile(
    r"\s?(?:$|[.,;!?)}\]\"”`\n]|(?:and|while|but|whereas|where)\b"
    r"|(?:on|against|over|with) (?:an?|the) [\w#-]{1,30}(?: [\w-]{1,30}){0,3} background\b)",
    re.IGNORECASE,
)

_FILLER_BEFORE = re.compile(
    r"(?:(?:an?|the|solid|pure|colou?r|rgb|hex|values?|code|of)[ \n]){0,6}", re.IGNORECASE
)
_FILLER_AFTER = re.compile(r"[ \n](?:solid )?colou?r\b", re.IGNORECASE)
_COLOUR_IN_QUOTES = re.compile(r"[\"“'`]([^\"”'`\n]{1,60})[\"”'`]")
_NAME_IN_BRACKETS = re.compile(r" ?\(([A-Za-z -]{3,30})\)")
_WORDS = re.compile(r"[A-Za-z][A-Za-z'’/-]*(?: [A-Za-z][A-Za-z'’/-]*){0,8}")


class Found(NamedTuple):
    """A colour and where its clause ends."""

    rgb: Rgb
    end: int


def colour_at(text: str, start: int) -> Found | None:
    """The colour that begins at `start`, if the clause ends after it."""
    filler = _FILLER_BEFORE.match(text, start)
    begin = filler.end() if filler else start
    if text[begin : begin + 1] in ('"', "“", "'", "`"):
        quoted = _COLOUR_IN_QUOTES.match(text, begin)
        if quoted is None:
            return None
        literal = scan_literal(quoted[1], 0)
        rgb = literal[0] if literal and literal[1] == len(quoted[1]) else find_name(quoted[1])
        return _ended(text, rgb, quoted.end()) if rgb else None
    literal = scan_literal(text, begin)
    if literal is not None:
        rgb, end = literal
        name = _NAME_IN_BRACKETS.match(text, end)
        return _ended(text, rgb, name.end() if name and find_name(name[1]) else end)
    words = _WORDS.match(text, start)
    if words is None:
        return None
    ends = [start + gap.start() for gap in re.finditer(r" |$", words[0])]
    for end in reversed(ends):
        rgb_or_none = find_name(text[start:end])
        if rgb_or_none is None:
            continue
        if text[end : end + 2] == " (" and (literal := scan_literal(text, end + 1)):
            return _ended(text, *literal)
        return _ended(text, rgb_or_none, end)
    return None


def _ended(text: str, rgb: Rgb, end: int) -> Found | None:
    filler = _FILLER_AFTER.match(text, end)
    end = filler.end() if filler else end
    return Found(rgb, end) if _CLAUSE_END.match(text, end) else None
