"""Names as prompts write them: with articles, in quotes, or for all the rest."""

from __future__ import annotations

import re

from vbanalysis.instructions._mapping import unescape

# Repeats over quoted text are bounded, so that a stray quote cannot make the search quadratic.
_QUOTED = re.compile(r'"(?:[^"\\]|\\.){0,400}"|“[^”]{0,400}”', re.DOTALL)
_WHOLE_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"|“([^”]*)”|\'([^\']*)\'|‘([^’]*)’', re.DOTALL)

_ARTICLE = re.compile(r"(?:the|an?)\b(?=[ \n]) ?", re.IGNORECASE)

BACKGROUND = re.compile(
    r"(?:the )?(?:(?:image |scene )?background|bg|rest|everything else|anything else|all else|all others"
    r"|(?:all |any )?(?:the )?(?:other|remaining)(?: \w+)? ?(?:pixels?|areas?|regions?|parts?))"
    r"(?: (?:colou?r|pixels?))?(?: (?:of|in) (?:the|this) \w+)?",
    re.IGNORECASE,
)


def flatten(text: str) -> str:
    """Runs of blanks as one space, or one newline where they hold one; numbers of a list as dashes."""
    text = re.sub(r"(?m)^[ \t]{0,20}[0-9]{1,3}[.)](?=[ \t])", "-", text)
    return re.sub(r"\s+", lambda run: "\n" if "\n" in run[0] else " ", text).strip()


def mask_quotes(text: str) -> str:
    """`text` with what stands in double quotes replaced by underscores, its length kept."""
    return _QUOTED.sub(lambda match: match[0][0] + "_" * (len(match[0]) - 2) + match[0][-1], text)


def is_background(name: str) -> bool:
    """Whether `name` means all that no class names ("background", "the rest", "all other pixels")."""
    return BACKGROUND.fullmatch(" ".join(name.split())) is not None


def clean_name(text: str) -> str:
    """A name without its leading article and quotes; wholly in quotes it is taken literally."""
    name = text.strip(" \n,:")
    if article := _ARTICLE.match(name):
        name = name[article.end() :]
    if whole := _WHOLE_QUOTED.fullmatch(name):
        name = next(unescape(part) for part in whole.groups() if part is not None)
    else:
        name = re.sub(r"[\"“”]", "", name)
    return " ".join(name.split())
