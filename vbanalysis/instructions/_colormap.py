"""Which colour map a depth prompt names."""

from __future__ import annotations

import re

from vbanalysis.errors import InstructionError
from vbanalysis.instructions._place import quote
from vbanalysis.instructions._prose import first_statement

RAINBOW = "black-red-yellow-green-cyan-blue-violet-white"
"""The paper's walk over the corners of the colour cube, as its prompts spell it."""

_TRAINED = r"rainbow|viridis|plasma|inferno|gr[ae]y[- ]?scale"
_WALK = re.compile(r" ?\([^()]{0,200}\)")

# A name counts beside the word "colormap" or its like, and the paper's own names also after "in" or before
# "depth", so that a rainbow in the scene is not taken for the colour map.
_NAMED = re.compile(
    r"\b([\w-]{1,40})['\"]?(?: ?\([^()]{0,200}\))? colou?r(?:[- ]?(?:map|palette|scale|scheme|ramp)|s\b)"
    rf"|\b(?:in|using|with|as)(?: an?| the)? ({_TRAINED})\b"
    rf"|\b({_TRAINED})(?: metric)? (?:palette|depth|image|visuali[sz]ation)",
    re.IGNORECASE,
)
_NO_NAME = re.compile(r"an?|the|this|that|as|in|of|its|own|with|using|single|standard|same|one|and|or")
_CORNERS = {"black": "K", "red": "R", "yellow": "Y", "green": "G", "cyan": "C", "blue": "B", "white": "W"}
_CORNERS |= {"violet": "M", "magenta": "M", "purple": "M"}


def find_colormap(text: str) -> str | None:
    """The colour map that a flattened depth prompt names, or None.

    Returns:
        `"rainbow"` (the paper's walk), `"gray"` or a matplotlib name.

    Raises:
        InstructionError: An unknown map, two maps, another order of the rainbow, or colours given in
            sentences ("near is white"), which no colour map here would decode rightly.
    """
    found: dict[str, None] = {}
    for match in _NAMED.finditer(text):
        index = match.lastindex or 0
        name = match[index].lower()
        if _NO_NAME.fullmatch(name):
            continue
        name = _known(name, text[match.start() :])
        if name == "rainbow" and (walk := _WALK.match(text, match.end(index))):
            _check_walk(walk[0])
        found[name] = None
    if len(found) > 1:
        raise InstructionError(f"the depth prompt names two colour maps ({', '.join(found)}): keep one")
    if (place := first_statement(text)) is not None:
        raise InstructionError(
            f"at {quote(place)}: a depth prompt is read by the name of its colour map, "
            "not by single colours; name one, or leave this out"
        )
    return next(iter(found), None)


def _known(name: str, place: str) -> str:
    if re.fullmatch(r"gr[ae]y(?:[- ]?scale)?", name):
        return "gray"
    if re.fullmatch(_TRAINED, name):
        return name
    from matplotlib import colormaps

    if name in colormaps:
        return name
    raise InstructionError(
        f"at {quote(place)}: {name!r} is no known colour map; use rainbow, viridis, plasma, inferno, gray "
        "or another matplotlib name"
    )


def _check_walk(walk: str) -> None:
    words = re.findall(r"[a-z]+", walk.lower())
    if "".join(_CORNERS.get(word, "?") for word in words) != "KRYGCBMW":
        raise InstructionError(
            f"at {quote(walk)}: 'rainbow' means the order {RAINBOW}; for another, decode with "
            "DepthCodec(walk=...) and leave the order out of the prompt"
        )
