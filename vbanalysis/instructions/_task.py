"""Which task a prompt asks for, by its wording outside of quotes."""

from __future__ import annotations

import re

from vbanalysis.instructions._names import mask_quotes
from vbanalysis.types import Task

_SEMANTIC = re.compile(
    r"\bsemantic\b|\bper[- ](?:pixel|class)\b|\bclass label|\bcolou?r[- ]mapping\b", re.IGNORECASE
)
_INSTANCE = re.compile(r"\binstances?\b", re.IGNORECASE)
SEPARATE_COLOURS = re.compile(
    r"\bcolou?r(?:ed|s)?(?: \w+){0,3} differently\b"
    r"|\b(?:different|unique|distinct|separate|own)(?:,? \w+){0,2} colou?rs?\b",
    re.IGNORECASE,
)
_NORMALS = re.compile(
    r"\bsurface[- ]normals?\b|\bnormals?[- ](?:map|image|vector|estimat)|\bnormals\b", re.IGNORECASE
)
_DEPTH = re.compile(
    r"\b(?:metric|relative|monocular|dense|inverse)[- ]depth\b"
    r"|\bdepth[- ](?:maps?\b|image|estimat|predict|visuali)"
    r"|\b(?:predict|estimate|infer|compute|render|visuali[sz]e)(?: the)? depth\b"
    r"|\bdepth of (?:the|this) (?:scene|image|input|picture|photo)",
    re.IGNORECASE,
)
_SEGMENT = re.compile(r"\bsegment|\bmasks?\b", re.IGNORECASE)


def perceives(text: str) -> bool:
    """Whether a flattened prompt speaks of perception at all, or gives a mapping in braces."""
    words = mask_quotes(text)
    return "{" in words or any(
        sign.search(words) for sign in (_SEMANTIC, _INSTANCE, _NORMALS, _DEPTH, _SEGMENT)
    )


def perception_task(text: str, *, mapped: bool) -> Task:
    """The task of a flattened prompt that `perceives`; `mapped`: braces gave classes their colours."""
    words = mask_quotes(text)
    separated = _INSTANCE.search(words) or (SEPARATE_COLOURS.search(words) and _SEGMENT.search(words))
    if _SEMANTIC.search(words) or mapped:
        return "semantic"
    if separated:
        return "instance"
    if _NORMALS.search(words):
        return "normals"
    if _DEPTH.search(words):
        return "depth"
    return "referring" if _SEGMENT.search(words) else "semantic"
