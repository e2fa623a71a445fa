"""The causes of an error that a repair can measure, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vbanalysis.errors import InputError
from vbanalysis.studies.atlas.answered import Answered
from vbanalysis.studies.atlas.attribution import UNEXPLAINED, Attribution
from vbanalysis.studies.atlas.geometry import explain_depth, explain_normals
from vbanalysis.studies.atlas.masks import explain_instance, explain_referring, explain_semantic
from vbanalysis.types import Task

WORDS: Mapping[str, str] = {
    "swapped": "swapped colours",
    "drift": "drift of colour",
    "mixed_edges": "mixed edges",
    "off_code": "off the code",
    "grain": "grain",
    "scale": "scale",
    "shift": "shift",
    "flipped": "flipped axis",
    "tilt": "tilt",
    "wrong_class": "wrong class",
    "wrong_object": "another object",
    "merged": "merged instances",
    "split": "split instances",
    "missed": "missed objects",
    "hallucinated": "made-up objects",
    "outline": "outline",
    UNEXPLAINED: "unexplained",
}
"""Every cause in the order of display, as figures and tables call it."""

REPAIRS: Mapping[str, str] = {
    "swapped": "the walk, the channels or the legend put in their order; an expression read in any colour",
    "drift": "the drift that the code itself betrays taken off the colours",
    "mixed_edges": "pixels between two sides' colours taken to be as good as the rest",
    "off_code": "pixels farther than 24/255 from the code taken to be as good as the rest",
    "grain": "errors of both signs averaged over 5 x 5 pixels, where they cancel",
    "scale": "the best of the field's alignments by a factor, fitted to the other half of the picture",
    "shift": "one summand in metres, so fitted; with the factor, least squares in depth or disparity",
    "flipped": "the signs of the axes that fit the other half best",
    "tilt": "one turn of all normals, at most 45 degrees, fitted to the other half",
    "wrong_class": "true regions read mostly as a class that does not touch them",
    "wrong_object": "what was meant marked in place of what was",
    "merged": "marked instances that hold most of several true ones parted",
    "split": "parts of one true instance joined",
    "missed": "true regions read mostly as their surroundings, or not marked, put in",
    "hallucinated": "marked regions of which less than half is right taken away",
    "outline": "pixels within a 32nd of the short side of a true boundary put right",
    UNEXPLAINED: "nothing here removes it",
}
"""What is done, by cause, to measure it."""

_EXPLAIN: Mapping[Task, Callable[[Answered], Attribution]] = {
    "depth": explain_depth,
    "normals": explain_normals,
    "semantic": explain_semantic,
    "instance": explain_instance,
    "referring": explain_referring,
}


def explain(answered: Answered) -> Attribution:
    """Divide the error of an answer among the causes of its task.

    Args:
        answered: A sample, with its answer and the picture that it was read from.

    Raises:
        InputError: The task has no causes here.
    """
    if answered.task.name not in _EXPLAIN:
        raise InputError(f"no causes are known for {answered.task.name!r}: there are {', '.join(_EXPLAIN)}")
    return _EXPLAIN[answered.task.name](answered)


def in_words(found: Attribution, least: float = 0.1) -> str:
    """The causes that explain most, the largest first: `scale 62%, mixed edges 21%`.

    Args:
        found: What each cause explains.
        least: Share from which on a cause is named.
    """
    shares = [(share, cause) for cause, share in found.shares().items() if share >= least]
    if not shares:
        return "no error"
    return ", ".join(f"{WORDS[cause]} {share:.0%}" for share, cause in sorted(shares, reverse=True))
