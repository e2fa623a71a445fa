"""`oracle`: the truth painted in the code, as it is or after degradations: what the code alone allows.

As a step it knows the truth as well: whether a phrase has an instance, and which description a benchmark's
authors gave to a question.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from vbanalysis.codecs.degradations import Chain, Degradation, Drift, Jpeg, Noise, Resize, Rounding, WebP
from vbanalysis.errors import DataError, InputError
from vbanalysis.models._card import Card
from vbanalysis.types import Instruction, Sample

CARD = Card(
    about="the truth painted, perhaps degraded: what the code alone allows",
    role="reference",
    tasks=("depth", "normals", "semantic", "instance", "referring"),
    steps=("presence", "reasoner"),
    licence="of the data set",
    memory_mb=100,
    example="oracle:jpeg=80,noise=4",
)

STEPS: Mapping[str, tuple[str, Callable[[float], Degradation]]] = {
    "bits": ("bits a channel", lambda value: Rounding(_whole("bits", value))),
    "jpeg": ("quality", lambda value: Jpeg(_whole("jpeg", value))),
    "webp": ("quality", lambda value: WebP(_whole("webp", value))),
    "resize": ("scale, and back", lambda value: Resize(value)),
    "noise": ("sigma in /255", lambda value: Noise(value)),
    "gain": ("factor", lambda value: Drift(gain=value)),
    "offset": ("in /255", lambda value: Drift(offset=value)),
    "gamma": ("exponent", lambda value: Drift(gamma=value)),
    "saturation": ("factor", lambda value: Drift(saturation=value)),
}
"""Degradations by the name that a spec string gives them, each with what its number means."""


class Oracle:
    """The truth, painted.

    Args:
        chain: Degradations in their order, as `NAME=NUMBER` of `STEPS` with commas between.

    Raises:
        InputError: One is not of that form, or its number is out of its range.

    Example:
        >>> Oracle("jpeg=80,noise=4").name
        'oracle:jpeg=80,noise=4'
    """

    def __init__(self, chain: str = "") -> None:
        self.chain = tuple(_step(part) for part in chain.split(",")) if chain else ()
        self.name = f"oracle:{chain}" if chain else "oracle"

    def respond(
        self, sample: Sample, instruction: Instruction, truth: Callable[[], np.ndarray], *, seed: int = 0
    ) -> np.ndarray:
        """The truth after all degradations; noise differs from seed to seed and step to step."""
        steps = [
            replace(step, seed=int(np.random.SeedSequence([seed, k]).generate_state(1)[0]))
            if isinstance(step, Noise)
            else step
            for k, step in enumerate(self.chain)
        ]
        return Chain(tuple(steps))(truth())

    def present(self, sample: Sample) -> bool:
        """Whether an annotator marked an instance; with several, whether more than half of them did.

        Raises:
            DataError: The sample has no masks.
        """
        if not sample.masks:
            raise DataError(f"sample {sample.id} has no masks, so nobody knows what is present")
        return 2 * sum(bool(np.any(masks)) for masks in sample.masks) > len(sample.masks)

    def reason(self, sample: Sample) -> str:
        """The description in `sample.info["description"]`.

        Raises:
            DataError: The data set tells none.
        """
        told = sample.info.get("description")
        if not isinstance(told, str) or not told.strip():
            raise DataError(
                f"sample {sample.id} has no description: the data set tells none, so give another reasoner"
            )
        return told

    def describe(self) -> dict[str, Any]:
        """What it is."""
        return {
            "name": self.name,
            "about": CARD.about,
            "tasks": CARD.tasks,
            "parameters": 0,
            "licence": CARD.licence,
            "source": "the data set's ground truth",
        }


def _step(part: str) -> Degradation:
    name, equals, number = (piece.strip() for piece in part.partition("="))
    if name not in STEPS or not equals:
        known = ", ".join(f"{key}=({meaning})" for key, (meaning, _) in STEPS.items())
        raise InputError(f"{part!r} is no degradation: expected NAME=NUMBER, with commas between, of {known}")
    try:
        value = float(number)
    except ValueError:
        raise InputError(f"{part!r} is no degradation: {number!r} is no number") from None
    return STEPS[name][1](value)


def _whole(name: str, value: float) -> int:
    if value != int(value):
        raise InputError(f"{name} must be a whole number, got {value}")
    return int(value)


load = Oracle
"""Factory of the spec strings `oracle` and `oracle:jpeg=80,noise=4`."""
