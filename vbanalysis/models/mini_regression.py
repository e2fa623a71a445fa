"""`mini-regression`: the embedded generator's regression control; see `vbanalysis.mini.regression`."""

from __future__ import annotations

from typing import Any

import numpy as np

from vbanalysis.errors import DataError
from vbanalysis.models import Invariance
from vbanalysis.models._card import Card
from vbanalysis.types import Instruction, Sample, Task

CARD = Card(
    about="the embedded generator's network with a head of numbers in place of pictures",
    role="specialist",
    tasks=("depth", "normals", "semantic"),
    licence="Apache-2.0",
    weights="shipped",
    memory_mb=600,
    example="mini-regression",
)


class MiniRegression:
    """The control, asked one task at a time.

    Args:
        weights: Name of shipped weights or the path of a .safetensors file.

    Raises:
        InputError: There are no such weights, or they paint pictures.
        DataError: They are damaged.
    """

    tasks: tuple[Task, ...] = CARD.tasks
    invariance: Invariance = "none"

    def __init__(self, weights: str = "regression") -> None:
        from vbanalysis.mini.regression import Regressor

        self.name = f"mini-regression:{weights}"
        self._regressor = Regressor(weights)

    def predict(self, sample: Sample, instruction: Instruction) -> np.ndarray:
        """Depth in metres, normals, or labels; at 64 pixels of the short side.

        Raises:
            DataError: The sample has no image.
        """
        from vbanalysis.mini.world.graph import CLASSES

        if sample.image is None:
            raise DataError(f"sample {sample.id} has no image")
        text = instruction.text
        said = self._regressor.predict(sample.image, depth=text, normals=text, semantic=text)
        if instruction.task == "depth":
            return said.depth_m
        if instruction.task == "normals":
            return said.normals
        places = [instruction.classes.index(name) if name in instruction.classes else -1 for name in CLASSES]
        return np.array(places, np.int32)[said.classes]

    def describe(self) -> dict[str, Any]:
        """What it is."""
        network = self._regressor.network
        return {
            "name": self.name,
            "about": CARD.about,
            "tasks": self.tasks,
            "parameters": sum(weight.numel() for weight in network.parameters()),
            "licence": CARD.licence,
            "source": "trained by this project",
        }


load = MiniRegression
"""Factory of the spec strings `mini-regression` and `mini-regression:my.safetensors`."""
