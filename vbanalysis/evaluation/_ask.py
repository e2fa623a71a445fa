"""How each kind of model is asked, and what it may answer."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from vbanalysis.errors import DataError, StopError
from vbanalysis.models import Generator, Respondent, Specialist
from vbanalysis.paths import homeless
from vbanalysis.types import Instruction, Sample

if TYPE_CHECKING:
    from vbanalysis.evaluation._work import Bench

T = TypeVar("T")

_REASON = 500
"""Characters of a reason that are kept."""


class Numbers(NamedTuple):
    """What a specialist says; there is nothing to decode."""

    answer: np.ndarray


Output = np.ndarray | Numbers
"""An (h, w, 3) uint8 picture, or numbers."""


class Item(NamedTuple):
    """A sample on its way.

    Attributes:
        place: In the data set.
        sample: It, with the reasoner's description as its phrase.
        instruction: What the model is told.
        absent: Whether the presence step said that there is nothing to mark.
        told: What the steps before the model said, for the record.
    """

    place: int
    sample: Sample
    instruction: Instruction
    absent: bool
    told: dict[str, Any]


class Failure(Exception):
    """A step failed on one sample.

    Attributes:
        step: `"read"`, `"reason"`, `"instruct"`, `"presence"`, `"generate"`, `"decode"` or `"score"`.
        reason: The error's name and message.
    """

    def __init__(self, step: str, error: BaseException) -> None:
        message = homeless(" ".join(str(error).split()))
        self.step, self.reason = step, f"{type(error).__name__}: {message}"[:_REASON]
        super().__init__(step, self.reason)


def together(kit: Bench, seed: int, items: Sequence[Item]) -> list[Output]:
    """What the model answers to all items at once."""
    if not isinstance(kit.model, Generator):
        return [asked(kit, seed, item) for item in items]
    with redirect_stdout(sys.stderr):  # what a model prints must not come between the figures
        pictures = kit.model.sample_many(
            [item.sample.image for item in items],
            [item.instruction for item in items],
            seeds=[seed + item.place for item in items],
        )
    if not isinstance(pictures, Sequence):
        raise DataError(f"the model gave a {type(pictures).__name__}, expected a list of pictures")
    if len(pictures) != len(items):
        raise DataError(f"the model gave {len(pictures)} pictures for {len(items)} instructions")
    return [_picture(picture) for picture in pictures]


def asked(kit: Bench, seed: int, item: Item) -> Output:
    """What the model answers to one item."""
    if isinstance(kit.model, Generator):
        return together(kit, seed, [item])[0]
    with redirect_stdout(sys.stderr):
        if isinstance(kit.model, Respondent):
            truth = partial(kit.task.encode, item.sample, item.instruction)
            return _picture(kit.model.respond(item.sample, item.instruction, truth, seed=seed + item.place))
        assert isinstance(kit.model, Specialist)
        return Numbers(kit.task.checked(kit.model.predict(item.sample, item.instruction)))


def _picture(picture: Any) -> np.ndarray:
    if not isinstance(picture, np.ndarray):
        raise DataError(f"the model gave a {type(picture).__name__}, expected (h, w, 3) uint8 RGB")
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        raise DataError(f"the model gave {picture.shape} {picture.dtype}, expected (h, w, 3) uint8 RGB")
    return picture


def step(name: str, act: Callable[..., T], *given: Any) -> T:
    """Do a step.

    Raises:
        Failure: It raised anything; also where it would have ended the process, or asked for more memory than
            there is.
        StopError: No further sample would fare better.
    """
    try:
        return act(*given)
    except (KeyboardInterrupt, StopError):
        raise
    except BaseException as error:
        raise Failure(name, error) from error


def caught(name: str, act: Callable[..., T], *given: Any) -> T | Failure:
    """Do a step; its failure is returned."""
    try:
        return step(name, act, *given)
    except Failure as failure:
        return failure
