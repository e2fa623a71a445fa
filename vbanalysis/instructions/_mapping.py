"""Colour mappings in braces: JSON, and what people write when they mean JSON."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from vbanalysis.errors import InstructionError
from vbanalysis.instructions._colours import parse_colour, scan_literal
from vbanalysis.instructions._place import quote
from vbanalysis.types import Rgb


class Assignment(NamedTuple):
    """A name that a prompt gives a colour, and where in the text it does."""

    name: str
    rgb: Rgb
    start: int


# Repeats over quoted text are bounded, so that a stray quote cannot make the search quadratic.
_BRACE = re.compile(r'"(?:[^"\\]|\\.){0,400}"|“[^”]{0,400}”|(\{)', re.DOTALL)
_BLANK = re.compile(r"[\s,;]*")
_SEPARATOR = re.compile(r"\s*(?:=>|->|:|=|→)\s*")
_BARE_KEY = re.compile(r"[^:=→,;{}\n\"]+?(?=\s{0,9}(?:=>|->|[:=→]))")
_BARE_VALUE = re.compile(r"[^,;{}\n`]*")
_QUOTED = {
    '"': re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL),
    "“": re.compile(r"“([^”]*)”"),
    "‘": re.compile(r"‘([^’]*)’"),
    "`": re.compile(r"`([^`]*)`"),
}
# An apostrophe may stand inside single quotes: the closing one is followed by what follows a key or value.
_SINGLE_KEY = re.compile(r"'((?:[^'\\]|\\.|'(?!\s?(?:[:=→]|->)))*)'", re.DOTALL)
_SINGLE_VALUE = re.compile(r"'([^'\n]*)'")


def unescape(body: str) -> str:
    """The inside of a JSON string; of a near-miss, the text with its backslashes dropped."""
    if "\\" not in body:
        return body
    try:
        return json.loads(f'"{body}"', strict=False)
    except ValueError:
        return re.sub(r"\\(.)", r"\1", body, flags=re.DOTALL)


def find_mappings(text: str) -> tuple[list[Assignment], str]:
    """Read every `{name: colour, ...}` of a prompt.

    Single quotes, no quotes, trailing or missing commas, `=` for `:`, colours in any
    notation and a missing last brace are all understood. Keys are kept as written.

    Returns:
        The entries in order, and the text with each mapping blanked out, its length kept.

    Raises:
        InstructionError: An entry without a key, a separator or a readable colour.
    """
    entries: list[Assignment] = []
    position = 0
    while match := _BRACE.search(text, position):
        if match[1] is None:
            position = match.end()
            continue
        end = _read(text, match.end(), entries)
        text = text[: match.start()] + ";" + " " * (end - match.start() - 1) + text[end:]
        position = end
    return entries, text


def _read(text: str, position: int, entries: list[Assignment]) -> int:
    while True:
        blank = _BLANK.match(text, position)
        position = blank.end() if blank else position
        if position >= len(text):
            return position
        if text.startswith("```", position):
            return position + 3
        if text[position] == "}":
            return position + 1
        start = position
        name, position = _key(text, position)
        separator = _SEPARATOR.match(text, position)
        if separator is None or not name.strip():
            raise InstructionError(
                f"in the colour mapping, at {quote(text[start:])}: expected a name, a colon and a colour"
            )
        try:
            rgb, position = _value(text, separator.end())
        except InstructionError as error:
            raise InstructionError(f"in the colour mapping, for {quote(name)}: {error}") from None
        entries.append(Assignment(name, rgb, start))


def _key(text: str, position: int) -> tuple[str, int]:
    pattern = _SINGLE_KEY if text[position] == "'" else _QUOTED.get(text[position])
    match = pattern.match(text, position) if pattern else None
    if match is not None:
        return unescape(match[1]), match.end()
    bare = _BARE_KEY.match(text, position)
    return (bare[0].strip(), bare.end()) if bare else ("", position)


def _value(text: str, position: int) -> tuple[Rgb, int]:
    opening = text[position : position + 1]
    pattern = _SINGLE_VALUE if opening == "'" else _QUOTED.get(opening)
    match = pattern.match(text, position) if pattern else None
    if match is not None:
        return parse_colour(unescape(match[1])), match.end()
    literal = scan_literal(text, position)
    if literal is not None:
        return literal
    bare = _BARE_VALUE.match(text, position)
    if bare is None or not bare[0].strip():
        raise InstructionError(f"expected a colour, got {quote(text[position:])}")
    return parse_colour(bare[0]), bare.end()
