"""Colour words: names, hex and triples to 8-bit RGB, and back.

Which table a name comes from was settled on the flat areas of published outputs:
"red" (255, 1, 1), "pink" (255, 192, 203), "yellow" (255, 254, 0) and "cyan" (0, 254, 254)
are the CSS colours, where XKCD has (229, 0, 0), (255, 129, 192) and (255, 255, 20) for the
first three. "green" is (2, 253, 0), neither CSS (0, 128, 0) nor XKCD (21, 176, 26) but the
corner of the cube. "light purple" is (212, 196, 227) on all of its 971 flat pixels; CSS lacks
it and the XKCD colour (191, 119, 246) lies 82/255 away, farther than "pink" of the same
prompt does. So: what was measured, then CSS, then XKCD, then a rule for the modifier.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from functools import cache, lru_cache

from vbanalysis.errors import InstructionError
from vbanalysis.instructions._place import quote
from vbanalysis.types import Rgb

_MEASURED: dict[str, Rgb] = {"green": (0, 255, 0), "lightpurple": (212, 196, 227)}

_FILLER = re.compile(r"an?|the|solid|pure|plain|uniform|colou?r(?:s|ed)?|tone|shade|of|in")

_MAX_WORDS = 6
"""Words of the longest name in the tables."""

_LITERAL_START = re.compile(r"#\w|0[xX][0-9a-fA-F]|(?:[rR][gG][bB] ?)?[(<\[]\s*[-+.]?[0-9]|[0-9]{1,9} ?,")
_HEX = re.compile(r"(?:#|0[xX])(\w*)")
_TRIPLE = re.compile(r"(?:[rR][gG][bB] ?)?([(<\[])([^()<>\[\]{}\n]{0,80})([)>\]])")
_BARE_TRIPLE = re.compile(r"[0-9]{1,9}\s{0,3},\s{0,3}[0-9]{1,9}\s{0,3},\s{0,3}[0-9]{1,9}(?![\w.])")
_NUMBER = re.compile(r"[-+]?[0-9]{1,9}(?:\.[0-9]{1,9})?%?")
_CLOSING = {"(": ")", "<": ">", "[": "]"}


def parse_colour(text: str) -> Rgb:
    """Read one colour.

    Understands names (CSS, then XKCD; case, hyphens, "grey" or "gray" and words such as
    "solid" or "color" do not matter), `#rgb`, `#rrggbb`, `0xrrggbb`, and triples
    `(r, g, b)`, `<r, g, b>`, `[r, g, b]`, `RGB(r, g, b)`, `rgb(r%, g%, b%)` or bare.

    A modifier on a name that no table holds as a whole follows the median of how XKCD uses it:
    "light" goes 2/5 and "pale" 1/2 of the way to white, "dark" 1/3 of the way to black, and
    "bright" stretches the channels to the full range 0 to 255.

    Args:
        text: The words or the notation, e.g. `"solid light purple"`.

    Returns:
        Red, green and blue, each 0 to 255.

    Raises:
        InstructionError: Not a colour, or a number out of range; quotes it.

    >>> parse_colour("a solid Dark-Grey color"), parse_colour("#80C000"), parse_colour("<125, 0, 125>")
    ((169, 169, 169), (128, 192, 0), (125, 0, 125))
    """
    if not isinstance(text, str):
        raise InstructionError(f"a colour must be a string, got {type(text).__name__}: use e.g. '#ff0000'")
    words = text.strip()
    literal = scan_literal(words, 0)
    if literal is not None:
        rgb, end = literal
        if words[end:].strip():
            raise InstructionError(
                f"expected nothing after the colour {words[:end]!r}, got {quote(words[end:])}"
            )
        return rgb
    named = find_name(words) if len(words) <= 200 else None
    if named is None:
        css, xkcd = _tables()
        near = difflib.get_close_matches(_squeeze(words[:40]), [*css, *xkcd], n=3)
        hint = f" (nearest: {', '.join(near)})" if near else ""
        raise InstructionError(
            f"{quote(text)} is not a known colour{hint}: use a CSS or XKCD name, #rrggbb or (r, g, b)"
        )
    return named


def scan_literal(text: str, start: int) -> tuple[Rgb, int] | None:
    """The colour in digits that begins at `start`, and where it ends; None if there is none.

    Raises:
        InstructionError: It begins like one but is malformed or out of range.
    """
    if not _LITERAL_START.match(text, start):
        return None
    if match := _HEX.match(text, start):
        return _from_hex(match[1], match[0]), match.end()
    if match := _TRIPLE.match(text, start):
        if _CLOSING[match[1]] != match[3]:
            raise InstructionError(f"{match[0]!r} opens with {match[1]!r} and closes with {match[3]!r}")
        return _from_numbers(match[2], match[0]), match.end()
    if match := _BARE_TRIPLE.match(text, start):
        return _from_numbers(match[0], match[0]), match.end()
    raise InstructionError(f"{quote(text[start:])} begins like a colour in numbers: write it as (r, g, b)")


def _from_hex(digits: str, whole: str) -> Rgb:
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    if not re.fullmatch(r"[0-9a-fA-F]{6}", digits):
        raise InstructionError(f"{quote(whole)} is not a colour in hex: it needs 3 or 6 digits, e.g. #80c000")
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


def _from_numbers(body: str, whole: str) -> Rgb:
    parts = [part for part in re.split(r"[,;\s]+", body) if part]
    if len(parts) != 3 or not all(_NUMBER.fullmatch(part) for part in parts):
        raise InstructionError(f"{quote(whole)} is not a colour: expected three numbers, e.g. (255, 165, 0)")
    percent = [part.endswith("%") for part in parts]
    if any(percent) and not all(percent):
        raise InstructionError(f"{quote(whole)} mixes percent and plain numbers: use one of them")
    channels = []
    for part in parts:
        value = float(part.rstrip("%"))
        top = 100 if percent[0] else 255
        if not 0 <= value <= top:
            raise InstructionError(f"{part!r} in {quote(whole)} is outside 0 to {top}")
        if not percent[0] and value != int(value):
            raise InstructionError(f"{part!r} in {quote(whole)} is not a whole number from 0 to 255")
        channels.append(round(value * 255 / top))
    return channels[0], channels[1], channels[2]


@lru_cache(maxsize=4096)
def find_name(text: str) -> Rgb | None:
    """The colour that `text` names as a whole, or None."""
    plain = text.lower().replace("gray", "grey").replace("’", "'")
    if not re.fullmatch(r"[a-z][a-z'/ \-\n]*", plain):
        return None
    words = re.split(r"[ \-\n]+", plain.strip(" -\n"))
    core = tuple(word for word in words if not _FILLER.fullmatch(word))
    if not 0 < len(core) <= _MAX_WORDS:
        return None
    _, xkcd = _tables()
    # Words that fill a sentence are part of a few XKCD names ("pure blue"), so the whole is tried too,
    # but only after CSS has had its say on the rest.
    found = _modified(core)
    return found if found is not None else xkcd.get(_squeeze(plain))


def _modified(words: tuple[str, ...]) -> Rgb | None:
    css, xkcd = _tables()
    key = _squeeze("".join(words))
    for table in (_MEASURED, css, xkcd):
        if key in table:
            return table[key]
    if len(words) > 1 and words[0] in _MODIFIERS:
        base = _modified(words[1:])
        return None if base is None else _MODIFIERS[words[0]](base)
    return None


def _towards(level: int, share: float) -> Callable[[Rgb], Rgb]:
    def move(rgb: Rgb) -> Rgb:
        red, green, blue = (round(channel + share * (level - channel)) for channel in rgb)
        return red, green, blue

    return move


def _stretch(rgb: Rgb) -> Rgb:
    low, high = min(rgb), max(rgb)
    if low == high:
        return rgb
    red, green, blue = (round(255 * (channel - low) / (high - low)) for channel in rgb)
    return red, green, blue


_MODIFIERS: dict[str, Callable[[Rgb], Rgb]] = {
    "light": _towards(255, 2 / 5),
    "pale": _towards(255, 1 / 2),
    "dark": _towards(0, 1 / 3),
    "bright": _stretch,
}


def _squeeze(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower().replace("gray", "grey"))


@cache
def _tables() -> tuple[dict[str, Rgb], dict[str, Rgb]]:
    from matplotlib.colors import CSS4_COLORS, XKCD_COLORS

    css = {_squeeze(name): _from_hex(str(value)[1:], str(value)) for name, value in CSS4_COLORS.items()}
    xkcd: dict[str, Rgb] = {}
    # "blue green", "bluegreen" and "blue/green" differ in XKCD; the plainer spelling keeps the shared key.
    for name in sorted(XKCD_COLORS, key=lambda name: ("/" in name, " " not in name)):
        value = str(XKCD_COLORS[name])
        xkcd.setdefault(_squeeze(name.removeprefix("xkcd:")), _from_hex(value[1:], value))
    return css, xkcd


@cache
def _names() -> dict[Rgb, str]:
    from matplotlib.colors import CSS4_COLORS, XKCD_COLORS

    names: dict[Rgb, str] = {}
    # Of twins the later one is the commoner word: cyan after aqua, magenta after fuchsia.
    candidates = ["light purple", "green", *sorted(CSS4_COLORS, reverse=True)]
    candidates += [name.removeprefix("xkcd:") for name in XKCD_COLORS if "/" not in name]
    for name in candidates:
        rgb = find_name(name)
        if rgb is not None:
            names.setdefault(rgb, name)
    return names


def colour_name(rgb: Rgb) -> str | None:
    """A name that `parse_colour` reads as exactly `rgb`, or None where no table has one.

    Args:
        rgb: 8 bits a channel.

    >>> colour_name((0, 255, 255)), colour_name((1, 2, 3))
    ('cyan', None)
    """
    return _names().get(rgb)
