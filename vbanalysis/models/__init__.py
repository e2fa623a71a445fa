"""Models: one file each, behind one door.

A model comes from a spec string such as `mini`, `oracle:jpeg=80` or `onnx:my.onnx` through
`vbanalysis.plugins`; its module holds a factory `load(argument=None, **options)`, and a `CARD`. It is one of

- a `Generator`: maps an image and an instruction to RGB;
- a `Specialist`: maps a sample to numbers;
- a `Respondent`: paints, but knows the sample itself: the truth, or a picture made elsewhere.

A `Presence` or a `Reasoner` takes a step before the model is asked; a model may be one as well. What costs
money by the call is `Paid`, and keeps to `Limits`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np

from vbanalysis.models._card import Card, Role, Step, card
from vbanalysis.models._limits import Limits, Spent, spent
from vbanalysis.types import Instruction, Sample, Task

__all__ = [
    "Card",
    "Generator",
    "Invariance",
    "Limits",
    "Model",
    "Paid",
    "Presence",
    "Reasoner",
    "Respondent",
    "Role",
    "Specialist",
    "Spent",
    "Step",
    "card",
    "spent",
]

Invariance = Literal["none", "scale", "affine", "disparity"]
"""What is not known of a specialist's depth: nothing (metres), one factor, a factor and an offset, or a
factor and an offset of its reciprocal."""


@runtime_checkable
class Model(Protocol):
    """What every model can do."""

    name: str

    def describe(self) -> dict[str, Any]:
        """What it is: `about`, `tasks`, `parameters`, `licence`, `source`, and more by name."""
        ...


@runtime_checkable
class Generator(Model, Protocol):
    """Paints the answer."""

    def sample(
        self, image: np.ndarray | None, instruction: str | Instruction, *, seed: int = 0
    ) -> np.ndarray:
        """Answer one instruction.

        Args:
            image: (H, W, 3) uint8 RGB, or None for text to image.
            instruction: What to do.
            seed: Of the noise; the same seed gives the same answer.

        Returns:
            (h, w, 3) uint8 RGB, at the generator's own resolution.
        """
        ...

    def sample_many(
        self,
        images: Sequence[np.ndarray | None],
        instructions: Sequence[str | Instruction],
        *,
        seeds: Sequence[int] | None = None,
    ) -> list[np.ndarray]:
        """Answer several, in batches where the model can.

        Args:
            images: Each as in `sample`.
            instructions: As many.
            seeds: As many; seed k is k unless given.

        Returns:
            One picture each, as `sample` gives it for the same seed.
        """
        ...


@runtime_checkable
class Specialist(Model, Protocol):
    """Gives numbers, at its own resolution.

    Attributes:
        tasks: That it answers.
        invariance: Of its depth; a run refuses a protocol that leaves more open than that.
    """

    tasks: tuple[Task, ...]
    invariance: Invariance

    def predict(self, sample: Sample, instruction: Instruction) -> np.ndarray:
        """Answer one instruction.

        Args:
            sample: The image, and what a pipeline may know beside it (a second view, intrinsics); never the
                truth.
            instruction: The task, and the classes or the phrase that are asked for.

        Returns:
            By task: depth (h, w) float, inf unbounded, NaN unknown, of invariance `"disparity"` as
            1 / disparity; normals (h, w, 3) float in the paper's frame, NaN unknown; semantic (h, w) int,
            k is class k of `instruction.classes`, -1 none of them; instance (h, w) int, k is instance k
            from 1, 0 background; referring (h, w) int, 0 is what the phrase means, -1 all else.
        """
        ...


@runtime_checkable
class Respondent(Model, Protocol):
    """Paints the answer to a sample that it knows."""

    def respond(
        self, sample: Sample, instruction: Instruction, truth: Callable[[], np.ndarray], *, seed: int = 0
    ) -> np.ndarray:
        """Answer one instruction.

        Args:
            sample: The sample.
            instruction: What to do.
            truth: Paints the right answer, (H, W, 3) uint8 RGB.
            seed: Of anything random.

        Returns:
            (h, w, 3) uint8 RGB.
        """
        ...


@runtime_checkable
class Presence(Model, Protocol):
    """Says whether what a phrase names is in an image at all, before a generator is asked to mark it."""

    def present(self, sample: Sample) -> bool:
        """Whether `sample.phrase` has an instance in `sample.image`."""
        ...


@runtime_checkable
class Reasoner(Model, Protocol):
    """Turns a question about an image into a description of what is to be marked."""

    def reason(self, sample: Sample) -> str:
        """The description that takes the place of the question `sample.phrase`."""
        ...


@runtime_checkable
class Paid(Model, Protocol):
    """Costs money by the call; keeps every answer, and gives it again for nothing.

    Attributes:
        limits: Of the run that it is used in, or None; a call that would cross one raises `BudgetError`.
        retry_refused: Whether kept answers that cannot be used are asked for, and paid for, once more.
    """

    limits: Limits | None
    retry_refused: bool
