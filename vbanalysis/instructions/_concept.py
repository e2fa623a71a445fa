"""What an instance prompt wants separated: "each price tag is colored differently"."""

from __future__ import annotations

import re

from vbanalysis.errors import InstructionError
from vbanalysis.instructions._names import clean_name, mask_quotes
from vbanalysis.instructions._place import quote

_IMAGE = r"(?:the|this) (?:(?:given|input|provided|original) )?(?:image|picture|photo|input|scene)"
_PAINTED = r"(?:colou?red|rendered|represented|shown|depicted|painted|marked|drawn|displayed)"
_DIFFERENT = r"(?:differently|(?:in|with|by|using) (?:an? )?(?:different|unique|distinct|separate)\b)"

# Bounded, and inside one sentence, so that reading stays linear in the length of the prompt.
_NAME = r"(?P<name>[^.;!?]{1,300}?)"

_ALL = r"(?: (?:all|every|each|the|of)){0,4}"
_END = rf"(?=[,.;:!?]|$| (?:in|from|of) {_IMAGE})"
_PATTERNS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:^|[.;!?:,]\s){_NAME} (?:is|are) each\b",
        rf"\b(?:each|every)(?: of| one of)?(?: the)? {_NAME} "
        rf"(?:(?:is|are|has|gets|should|must|will|appears)\b|{_DIFFERENT})",
        rf"(?:^|[.;!?:,]\s){_NAME} (?:is|are|should be|must be|will be)(?: all)? {_PAINTED} {_DIFFERENT}",
        rf"\bsegment(?: out)?{_ALL} {_NAME}"
        rf"(?:{_END}|(?= (?:so|such) that\b| {_DIFFERENT}| and (?:colou?r|paint|make|use)\b))",
        rf"\bmasks? (?:for|of){_ALL} {_NAME}{_END}",
        r"\binstance segmentation(?: (?:map|masks?|visuali[sz]ation|image))? (?:for|of)(?: all)? "
        rf"(?!{_IMAGE}){_NAME}{_END}",
    )
]
_INNERMOST = re.compile(r".*\b(?:each|every) (?:of the )?", re.IGNORECASE | re.DOTALL)
_INSTANCES_OF = re.compile(r"(?:all )?(?:the )?(?:instances? of )?", re.IGNORECASE)
_INSTANCES = re.compile(r" instances?$", re.IGNORECASE)
_GENERIC = re.compile(
    r"(?:(?:an )?instances?|objects?|items?|ones?|masks?|segments?|(?:this )?image|it|(?:of )?them|they)"
    r"(?: masks?)?",
    re.IGNORECASE,
)


def find_concept(text: str) -> str:
    """The one concept of a flattened instance prompt, as it words it, without article and quotes.

    Raises:
        InstructionError: No wording that is understood names one.
    """
    masked = mask_quotes(text)
    for pattern in _PATTERNS:
        for match in pattern.finditer(masked):
            begin, end = match.span("name")
            if inner := _INNERMOST.match(masked, begin, end):
                begin = inner.end()
            if kind := _INSTANCES_OF.match(masked, begin, end):
                begin = kind.end()
            if kind := _INSTANCES.search(masked, begin, end):
                end = kind.start()
            name = clean_name(text[begin:end])
            if name and not _GENERIC.fullmatch(masked[begin:end]):
                return name
    raise InstructionError(
        f"the instance prompt {quote(text)} names nothing to separate: "
        "write e.g. 'Each cup is colored differently.'"
    )
