"""Colours given in sentences: "the cat that is cleaning itself is in cyan".

A colour decides what is a statement: a linking phrase counts only where a colour follows it and
the clause ends after that colour. So "the man in pink t shirt is rendered white" has one statement,
and the words before the link, from the end of the last statement on, are the name.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import pairwise

from vbanalysis.errors import InstructionError
from vbanalysis.instructions._clause import colour_at
from vbanalysis.instructions._mapping import Assignment
from vbanalysis.instructions._names import BACKGROUND, clean_name, mask_quotes
from vbanalysis.instructions._place import quote

_BE = (
    r"(?:is|are|was|were|be|becomes?|appears?|remains?|stays?"
    r"|(?:will|should|must|shall|to) (?:be|stay|remain))"
)
_ADVERB = r"(?:all|each|both|then|also|always)"
_VERB = (
    r"(?:rendered|represented|depicted|shown|colou?red|color-coded|painted|marked|drawn|displayed|visuali[sz]ed"
    r"|labell?ed|highlighted|set|filled|assigned|given|mapped|encoded|masked|segmented|indicated|denoted)"
)
_PREPOSITION = r"(?:in|as|by|with|using|to)"
_LINK = re.compile(
    rf"(?<![\w'’-])(?:{_BE}(?: {_ADVERB})?(?: {_VERB})?(?: {_PREPOSITION})?"
    r"|(?:has|have|gets?|takes?|uses?)(?= (?:the |an? )?(?:solid |pure )?colou?r)"
    rf"|(?P<bare>{_VERB} {_PREPOSITION}|{_PREPOSITION}))(?=[ \n#(<\[])[ \n]?"
    r"|(?P<sign>[ \n]?(?:=>|->|[:=→])[ \n]?)"
    r"|(?:(?<=background)|(?<=\brest)|(?<=\belse)) (?P<rest>(?:to be |to |in |as |with )?)",
    re.IGNORECASE,
)
_ON_BACKGROUND = re.compile(
    r"(?:^|[.,;:] |\b(?:on|with|against|over|use|using|and) )(?:an? |the )?"
    r"(?P<colour>[\w#-]{1,30}(?: [\w-]{1,30}){0,3}?) background(?=[.,;!)\n]|$| and\b)",
    re.IGNORECASE,
)
_RELATIVE = re.compile(r"\b(?:(?:that|which|who)|whose(?: [\w'’-]+){0,3}) $", re.IGNORECASE)

# What may stand before a name without being part of it.
_LEAD = re.compile(
    r"(?:[\s,;:*•-]|[0-9]{1,3}\)|(?:and|while|but|whereas|then|with|where|so that)\b){0,100}", re.IGNORECASE
)
_IMPERATIVE = re.compile(
    r"(?:please )?(?:render|paint|colou?r|mark|show|depict|highlight|draw|represent|fill|set|keep|leave|make"
    r"|label)\b ?",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"(?:please )?(?:(?:generate|create|produce|make|draw|render|show|predict|conduct|perform|output|segment"
    r"|do|use|using|visuali[sz]e|give|provide)\b|(?:[\w-]+ ){0,3}?(?:segmentation|visuali[sz]ation)\b)",
    re.IGNORECASE,
)
_ORDER_END = re.compile(r"\b(?:where|in which|with|so that|such that)\b|[,\n]", re.IGNORECASE)
_PICTURE = re.compile(
    r"(?:this|the|an?) (?:[\w-]+ ){0,3}?(?:image|picture|photo|photograph|masks?|map|output|result|input"
    r"|scene|task)\b",
    re.IGNORECASE,
)
_PICTURE_END = re.compile(r"\b(?:where|in which|so that|such that)\b|\n", re.IGNORECASE)
_COLON = re.compile(r":(?=\s|$)")
_REGION = re.compile(
    r"(?:the |all )?(?:areas?|regions?|pixels?|masks?|parts?)(?: that| which)? "
    r"(?:corresponds? to|corresponding to|belongs? to|belonging to|covered by|covering|showing|for|of)\b ?",
    re.IGNORECASE,
)
_BACKGROUND_CLAUSE = re.compile(
    rf"(?:^|[,:\n]|\b(?:and|while|with|where|but|set|keep|leave|make)) ?{BACKGROUND.pattern}$", re.IGNORECASE
)

_SENTENCE_END = re.compile(r"(?<!\bMr)(?<!\bMrs)(?<!\bDr)(?<!\bSt)(?<!\bNo)(?<!\bvs)[.!?](?=\s|$)|;")
_MEANT_AS_COLOUR = re.compile(
    r"(?:(?:an?|the|solid|pure|colou?r|hex|values?|code|of)[ \n]){0,6}[\"“'`]?"
    r"(?:(?:#|0x)[0-9a-f]{1,40}\b|(?:rgb ?)?[(<\[]?\s?[-+.0-9%]{1,9}\s?,\s?[-+.0-9%]{1,9}\s?,)",
    re.IGNORECASE,
)
_ANY_COLOUR = re.compile(
    r"#[0-9a-f]{3,6}\b|[(<\[] ?[0-9]{1,3} ?,|\b(?:red|green|blue|yellow|orange|purple|pink|brown|black|white"
    r"|gr[ae]y|cyan|magenta|violet)\b",
    re.IGNORECASE,
)


def read_background(text: str) -> list[Assignment]:
    """The statements about the background, whatever else a flattened text says."""
    masked = mask_quotes(text)
    starts = sentence_starts(masked)
    found = _on_background(text)
    for link in _LINK.finditer(masked):
        start = starts[bisect_right(starts, link.start()) - 1]
        clause = _BACKGROUND_CLAUSE.search(masked[max(start, link.start() - 80) : link.start()].rstrip())
        if clause is None or (link["bare"] and " " not in link["bare"]):
            continue
        colour = colour_at(text, link.end())
        if colour is not None:
            found.append(Assignment("background", colour.rgb, link.start()))
        elif _tells(link):
            raise _unknown(text[start:], text[link.end() :])
    return found


def states_colours(text: str) -> bool:
    """Whether a flattened text says of something that it has a colour, or a colour in digits gone wrong."""
    masked = mask_quotes(text)
    for link in _LINK.finditer(masked):
        relative = _RELATIVE.search(masked[max(0, link.start() - 80) : link.start()])
        if link["bare"] or link["rest"] is not None or relative:
            continue
        try:
            if colour_at(text, link.end()) is not None:
                return True
        except InstructionError:
            # Elsewhere digits are the time or a ratio ("16:9, in colour").
            if _MEANT_AS_COLOUR.match(text, link.end()):
                return True
    return False


def first_statement(text: str) -> str | None:
    """The first place of a flattened text that links something to a colour, or None."""
    masked = mask_quotes(text)
    for link in _LINK.finditer(masked):
        if not link["bare"] and colour_at(text, link.end()) is not None:
            return text[max(0, link.start() - 30) : link.end() + 30]
    return None


def read_statements(text: str) -> list[Assignment]:
    """Every statement of a flattened text that gives something a colour, in order.

    Raises:
        InstructionError: A sentence links something to what is not a colour, or colours are left over.
    """
    masked = mask_quotes(text)
    starts = sentence_starts(masked)
    found: list[Assignment] = []
    cursor, imperative = 0, False
    for link in _LINK.finditer(masked):
        if link.start() < cursor or _RELATIVE.search(masked[max(0, link.start() - 80) : link.start()]):
            continue
        start = max(cursor, starts[bisect_right(starts, link.start()) - 1])
        commanded = (imperative and start == cursor) or _commands(masked[start : link.start()])
        if link["bare"] and not commanded:
            continue
        colour = colour_at(text, link.end())
        if colour is None:
            continue
        _check_unread(text, masked, cursor, start, starts)
        name = _subject(text[start : link.start()], masked[start : link.start()], sign=bool(link["sign"]))
        found.append(Assignment(name, colour.rgb, start))
        cursor, imperative = colour.end, bool(link["bare"])
    _check_unread(text, masked, cursor, len(text), starts)
    return sorted(found + _on_background(text), key=lambda item: item.start)


def sentence_starts(masked: str) -> list[int]:
    return [0, *(match.end() for match in _SENTENCE_END.finditer(masked))]


def _on_background(text: str) -> list[Assignment]:
    found = []
    for match in _ON_BACKGROUND.finditer(mask_quotes(text)):
        colour = colour_at(match["colour"], 0)
        if colour is not None:
            found.append(Assignment("background", colour.rgb, match.start()))
    return found


def _commands(subject: str) -> bool:
    lead = _LEAD.match(subject)
    start = lead.end() if lead else 0
    return bool(_IMPERATIVE.match(subject, start)) or bool(
        _ORDER.match(subject, start) and re.search(r"\bwith\b", subject[-200:])
    )


def _subject(text: str, masked: str, *, sign: bool) -> str:
    """The name in the words before a link."""
    whole = text
    lead = _LEAD.match(masked)
    start = lead.end() if lead else 0
    for opening, close in ((_ORDER, _ORDER_END), (_PICTURE, _PICTURE_END)):
        frame = opening.match(masked, start)
        if frame and (end := _COLON.search(masked, frame.end()) or close.search(masked, frame.end())):
            start = end.end()
            break
    if sign and (line := masked.rstrip().rfind("\n") + 1) > start:  # one line of a list
        for above in masked[start:line].splitlines():
            if _links(above.strip()):
                raise _unknown(above, above)
        start = line
    for strip in (_LEAD, _IMPERATIVE, _REGION):
        if match := strip.match(masked, start):
            start = match.end()
    text, masked = text[start:], masked[start:]
    _check_subject(text, masked)
    name = clean_name(text)
    if not name:
        raise InstructionError(f"at {quote(whole)}: expected the name of what gets the colour before it")
    return name


def _check_subject(text: str, masked: str) -> None:
    if re.match(
        r"(?:who|whose|which)\b|(?:it|they|them|this|that|these|those|he|she)\s*$", masked, re.IGNORECASE
    ):
        raise InstructionError(f"cannot tell what {quote(text)} refers to: name the class in one piece")
    for piece in re.split(r",|\n|\band\b", masked):
        if _links(piece):
            begin = masked.index(piece)
            raise _unknown(text[begin:], text[begin : begin + len(piece)])


def _links(piece: str) -> bool:
    """Whether a piece says that something is something, outside of a relative clause."""
    for link in _LINK.finditer(piece):
        if not _tells(link) or not piece[: link.start()].strip():
            continue
        if not re.search(r"\b(?:that|which|who|whose|where)\b", piece[: link.start()], re.IGNORECASE):
            return True
    return False


def _tells(link: re.Match[str]) -> bool:
    """Whether a link, where no colour follows it, must have been meant for one."""
    if link["sign"]:
        return link[0] != link[0].strip()
    return not link["bare"] and (link["rest"] is None or link["rest"].startswith("to"))


def _check_unread(text: str, masked: str, cursor: int, end: int, starts: list[int]) -> None:
    """Refuse what lies between two statements where it seems to say something about colours."""
    bounds = [cursor, *starts[bisect_right(starts, cursor) : bisect_right(starts, end)], end]
    for first, last in pairwise(bounds):
        piece = masked[first:last].strip(" \n.;,!?")
        if not piece or _ON_BACKGROUND.search(piece):
            continue
        if first == cursor and cursor > 0 and _ANY_COLOUR.search(piece):
            raise InstructionError(f"at {quote(text[first:last])}: no statement explains this colour")
        if not (_ORDER.match(piece) or _PICTURE.match(piece)) and _links(piece):
            raise _unknown(text[first:last], text[first:last])


def _unknown(sentence: str, rest: str) -> InstructionError:
    where = "" if sentence == rest else f" in {quote(sentence)}"
    return InstructionError(
        f"at {quote(rest)}{where}: expected a colour (a CSS or XKCD name, #rrggbb or (r, g, b)) "
        "and then the end of the clause"
    )
