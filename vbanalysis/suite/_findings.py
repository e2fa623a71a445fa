"""The kept findings as sentences, each beside the figure that shows it and the notebook that found it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vbanalysis.errors import VbanalysisError
from vbanalysis.studies.findings import findings

# Which notebook draws the figures below, from the kept results alone.
DRAWN_BY = "50_paper_figures"


@dataclass(frozen=True)
class Topic:
    """What one study asked.

    Attributes:
        commands: How the commands that measured it begin.
        question: Its heading.
        figure: The figure of `DRAWN_BY` that shows it.
        notebook: Where it was found.
    """

    commands: tuple[str, ...]
    question: str
    figure: str
    notebook: str


TOPICS = (
    Topic(("vbanalysis mini examine",), "Does drawing first help to see?", "marks", "03_embedded_generator"),
    Topic(
        ("vbanalysis study intrinsics",),
        "What do camera intrinsics do to depth?",
        "intrinsics",
        "20_failure_intrinsics",
    ),
    Topic(
        ("vbanalysis study narrow",), "What does narrow tuning cost?", "narrow", "21_failure_narrow_domain"
    ),
    Topic(("vbanalysis study heads",), "Numbers or pictures?", "heads", "22_failure_regression_heads"),
    Topic(("vbanalysis study failure-atlas",), "What goes wrong most?", "atlas", "23_failure_atlas"),
    Topic(
        ("vbanalysis study probing", "vbanalysis study labels"),
        "What is known before any tuning, and what labels does it save?",
        "probing",
        "30_probing",
    ),
    Topic(
        ("vbanalysis study art",),
        "Does tuning cost the generator its art?",
        "generation",
        "40_generative_quality",
    ),
    Topic(("vbanalysis study votes",), "What can a vote tell?", "votes", "40_generative_quality"),
)

# Words of `findings` -> a sentence; `#` is where the number goes.
_LEVELS = {
    r"(.+) reads depth, delta1": r"\1 reads depth with a delta1 of #",
    r"(.+) reads normals, degrees": r"\1 errs by # degrees in normals",
    r"from 30 to 110 degrees, (.+), delta1": r"Over views of 30 to 110 degrees, \1 gives a delta1 of #",
    r"(\w+): share of the error that is (.+)": r"In \1 tasks the largest known cause, \2, is # of the error",
    r"attributes drawn, (.+)": r"The \1 generator draws # of the attributes asked for",
    r"(\d+) prompts with a vote each tell a win rate of (.+) from a half": (
        r"With one vote on each of \1 prompts, a win rate of \2 is told from a half in # of the experiments"
    ),
}
# The same for differences, which are read against zero.
_DIFFERENCES = {
    r"IoU more lost by narrow tuning on (.+)": r"On \1, narrow tuning loses # of IoU beside broad tuning",
    r"a head of numbers less pictures, delta1": r"Against pictures, a head of numbers has # of delta1",
    r"a head of numbers less pictures, degrees of normals": (
        r"Against pictures, a head of numbers errs by # degrees in normals"
    ),
    r"a head of numbers less pictures, share of edge pixels between both sides": (
        r"Against pictures, a head of numbers puts # of the edge pixels between both sides"
    ),
    r"delta1 gained with (\d+) labelled scenes by the tuned base, over (.+)": (
        r"With \1 labelled scenes, the tuned base has # of delta1 over \2"
    ),
    r"the base before any tuning is ahead of random weights, (.+), (.+)": (
        r"Before any tuning the base is ahead of random weights in \1 by # (\2)"
    ),
}


@dataclass(frozen=True)
class Finding:
    """One sentence with its number.

    Attributes:
        before: Of the number.
        number: Value, as printed.
        after: Of the number.
        interval: `"[low, high]"`, 95 %.
        n: How many scenes, prompts or votes.
        caution: What the interval does not carry, or empty.
        command: That measured it.
    """

    before: str
    number: str
    after: str
    interval: str
    n: int
    caution: str
    command: str


def read_findings() -> tuple[dict[Topic, list[Finding]], str]:
    """The kept findings by topic, and why there are none, or an empty text."""
    try:
        table = findings()
    except (VbanalysisError, OSError, KeyError, ValueError) as error:
        return {}, str(error)
    found: dict[Topic, list[Finding]] = {topic: [] for topic in TOPICS}
    for row in table.itertuples(index=False):
        for topic in TOPICS:
            if str(row.measured_by).startswith(topic.commands):
                found[topic].append(
                    say(
                        str(row.finding),
                        float(row.value),
                        (float(row.low), float(row.high)),
                        int(row.n),
                        str(row.measured_by),
                    )
                )
    return {topic: rows for topic, rows in found.items() if rows}, ""


def say(words: str, value: float, interval: tuple[float, float], n: int, command: str) -> Finding:
    """Put one finding into a sentence.

    >>> told = say("IoU more lost by narrow tuning on new words", 0.1, (-0.1, 0.3), 9, "study")
    >>> told.before, told.number, told.after
    ('On new words, narrow tuning loses ', '+0.100', ' of IoU beside broad tuning')
    >>> told.interval, told.caution
    ('[-0.100, +0.300]', 'not told from zero')
    """
    sentence = f"{words}: #"
    difference = False
    for patterns, of_differences in ((_LEVELS, False), (_DIFFERENCES, True)):
        for pattern, template in patterns.items():
            match = re.fullmatch(pattern, words)
            if match:
                sentence, difference = match.expand(template), of_differences
    before, _, after = sentence.partition("#")
    low, high = interval
    digits = 3 if max(map(abs, (value, low, high))) < 1 else 2
    form = f"{'+' if difference else ''}.{digits}f"
    number, bottom, top = (format(each, form) for each in (value, low, high))
    caution = "not told from zero" if difference and low <= 0 <= high else ""
    return Finding(before[:1].upper() + before[1:], number, after, f"[{bottom}, {top}]", n, caution, command)
