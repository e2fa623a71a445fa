"""What a page takes from an output: no script, nothing from elsewhere, ids once, headings in order."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import unquote

_GONE = (
    "script, link, meta, base, title, iframe, frame, frameset, object, embed, applet, portal, template, "
    "noscript, input, button, select, textarea, dialog, audio, video, source, track, svg use, svg animate, "
    "svg set"
)
_ADDRESSES = ("href", "src", "xlink:href", "action", "formaction", "poster", "background", "data", "cite")
_REFUSED = (
    "srcdoc",
    "srcset",
    "imagesrcset",
    "ping",
    "autofocus",
    "contenteditable",
    "target",
    "accesskey",
    "tabindex",
)
_FETCHES = re.compile(r"@import[^;]*;?|(?:url|image-set|src|expression)\s*\([^)]*\)?", re.IGNORECASE)
_BLANK = re.compile(r"[\x00-\x20\x7f-\xa0]+")
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*:", re.IGNORECASE)


class Heading(NamedTuple):
    """A heading of a page: its id and its words."""

    id: str
    words: str


def make_harmless(body: Any) -> None:
    """Take from a parsed page all that could run, load or cover something.

    The page's content security policy forbids the same once more: this keeps the console quiet.
    """
    for element in body.select(_GONE):
        element.decompose()
    for element in body.find_all(True):
        for name in list(element.attrs):
            value = element[name] if isinstance(element[name], str) else " ".join(element[name])
            lower = name.lower()
            leads_off = lower in _ADDRESSES and not _is_safe(value, picture=element.name == "img")
            if lower.startswith("on") or lower in _REFUSED or leads_off:
                del element[name]
            elif lower == "style":
                element[name] = _FETCHES.sub("", value)
        if element.name == "style":
            element.string = _FETCHES.sub("", element.get_text())
        if element.name == "form":
            element.unwrap()


def _is_safe(address: str, *, picture: bool) -> bool:
    plain = _BLANK.sub("", address).lower()
    if not _SCHEME.match(plain):
        return True
    return plain.startswith(("http:", "https:", "mailto:")) or (picture and plain.startswith("data:image/"))


def order_headings(body: Any) -> tuple[Heading, ...]:
    """One heading of the first level, no level left out; returns those of the second."""
    level = 0
    found = []
    for element in body.find_all(["h1", "h2", "h3", "h4", "h5", "h6"]):
        wanted = int(element.name[1])
        wanted = level = max(2, min(wanted, level + 1)) if level else 1
        element.name = f"h{wanted}"
        words = "".join(
            text for text in element.find_all(string=True) if not text.find_parent(class_="anchor-link")
        ).strip()
        if wanted == 2 and element.get("id") and words:
            found.append(Heading(str(element["id"]), words))
    return tuple(found)


def make_ids_unique(body: Any, taken: Iterable[str]) -> None:
    """Let each id of a parsed page occur once; a later one is left out, for links mean the first."""
    seen = set(taken)
    for element in body.find_all(id=True):
        if element["id"] in seen or not element["id"]:
            del element["id"]
        else:
            seen.add(element["id"])
    for link in body.select('a[href^="#"]'):
        if link["href"] != "#" and not {link["href"][1:], unquote(link["href"][1:])} & seen:
            del link["href"]


def box_wide_parts(body: Any) -> None:
    """Let tables and code scroll in boxes of their own, which a keyboard reaches too."""
    for table in body.find_all("table"):
        if not table.find_parent("table") and not table.find_parent(class_="scroll"):
            box = body.new_tag(
                "div",
                attrs={"class": "scroll", "tabindex": "0", "role": "region", "aria-label": "Table"},
            )
            table.wrap(box)
    for block in body.find_all("pre"):
        block["tabindex"] = "0"
