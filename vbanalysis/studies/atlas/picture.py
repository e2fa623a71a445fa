"""A picture read after repairs of its colours: the causes of an error that colours alone betray."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from vbanalysis.studies.atlas.answered import Answered
from vbanalysis.studies.atlas.attribution import Attribution, attribute, joined
from vbanalysis.studies.atlas.mixtures import mixtures

WHOLE = ("swapped", "drift")
"""Causes that change the colours of the whole picture alike."""

LOCAL = ("mixed_edges", "off_code")
"""Causes that change some of its pixels."""


class Read(NamedTuple):
    """An answer, with the pixels that are not to be compared.

    Attributes:
        answer: (h, w, ...).
        left_out: (h, w) bool or None.
    """

    answer: np.ndarray
    left_out: np.ndarray | None = None


class Decoded(NamedTuple):
    """What colours say.

    Attributes:
        answer: (h, w, ...).
        residual: (h, w) distance to the code, /255.
        mixed: Gives (h, w) bool, what the code itself finds to be mixtures; None where it does not look.
    """

    answer: np.ndarray
    residual: np.ndarray
    mixed: Callable[[], np.ndarray] | None = None


class Code(NamedTuple):
    """How a task's pictures are read.

    Attributes:
        undrifted: (h, w, 3) uint8 colours without their drift, or None where none is found.
        decode: What colours say; if told so, as if they had been put in their order.
        parted: (h, w, 3) uint8 colours of which mixtures are given to one side; None where they are left out.
    """

    undrifted: Callable[[np.ndarray], np.ndarray | None]
    decode: Callable[[np.ndarray, bool], Decoded]
    parted: Callable[[np.ndarray], np.ndarray] | None = None


def explain_colours(
    answered: Answered, code: Code, whole: tuple[str, ...] = WHOLE, local: tuple[str, ...] = LOCAL
) -> tuple[Attribution, Read]:
    """The tiers of the colours, and the answer after their repairs; nothing where there is no picture.

    The pixels of `mixed_edges`, between two sides' colours, and of `off_code`, farther from the code than the
    tolerance and no mixtures, say nothing that can be relied on. They are left out, that is taken to be as
    good as the rest: their cause explains the error that they have beyond it. Between instances, which may
    consist of mixtures, a mixture is painted in the colour of the nearest pixel that is none.
    """
    if answered.picture is None:
        return attribute((), lambda made: answered.error(answered.answer)), Read(answered.answer)
    read = _reader(answered, code)
    first = attribute(whole, lambda made: answered.error(*read(made)))
    second = attribute(local, lambda made: answered.error(*read(first.repairs | made)))
    return joined([first, second]), read(first.repairs | second.repairs)


def _reader(answered: Answered, code: Code) -> Callable[[frozenset[str]], Read]:
    rgb = answered.picture
    assert rgb is not None

    @cache
    def colours(drift: bool) -> np.ndarray:
        undrifted = code.undrifted(rgb) if drift else None
        return rgb if undrifted is None else undrifted

    @cache
    def decoded(swapped: bool, drift: bool, parted: bool) -> Decoded:
        painted = colours(drift)
        return code.decode(painted if not parted or code.parted is None else code.parted(painted), swapped)

    @cache
    def unreliable(swapped: bool, drift: bool, parted: bool) -> dict[str, np.ndarray]:
        """The mixed pixels, and what is off the code but no mixture."""
        found = decoded(swapped, drift, parted)
        if code.parted is not None:
            nothing = np.zeros(found.residual.shape, bool)
            return {"mixed_edges": nothing, "off_code": _off_code(found.residual, answered.tolerance)}
        mixed = np.zeros(found.residual.shape, bool)
        mixed |= mixtures(colours(drift))
        if found.mixed is not None:
            mixed |= found.mixed()
        return {"mixed_edges": mixed, "off_code": _off_code(found.residual, answered.tolerance) & ~mixed}

    def read(made: frozenset[str]) -> Read:
        whole = "swapped" in made, "drift" in made, "mixed_edges" in made
        chosen = [cause for cause in LOCAL if cause in made]
        left_out = np.any([unreliable(*whole)[cause] for cause in chosen], axis=0) if chosen else None
        return Read(decoded(*whole).answer, left_out)

    return read


def _off_code(residual: np.ndarray, tolerance: float) -> np.ndarray:
    """Pixels off the code, and those that lie on it by chance: most of the 5 x 5 around them do not."""
    from scipy.ndimage import uniform_filter

    off = ~(residual <= tolerance)
    return np.asarray(off | (uniform_filter(off.astype(np.float32), 5) > 0.5))
