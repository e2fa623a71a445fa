"""How an error quotes the place of a prompt that it is about."""

from __future__ import annotations


def quote(text: str, longest: int = 60) -> str:
    """`text` on one line, in quotes, cut where it is longer than `longest` characters.

    >>> quote("the cat is  blurple")
    "'the cat is blurple'"
    """
    line = " ".join(text[: 4 * longest].split())
    cut = line if len(line) <= longest and len(text) <= 4 * longest else line[: longest - 1].rstrip() + "…"
    return repr(cut)
