"""A specialist made of a model file and its card."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Literal

import numpy as np

from vbanalysis.errors import DataError, InputError
from vbanalysis.models._file_card import DepthCard, FileCard, MaskCard, NormalsCard, SemanticCard
from vbanalysis.models._network import Network, named_output, only_input
from vbanalysis.models._network_input import check_input, network_input
from vbanalysis.models._network_output import (
    depth_answer,
    mask_answer,
    normals_answer,
    numbers,
    planes,
    semantic_answer,
    tasks_of,
)
from vbanalysis.types import Instruction, Sample, Task


class FileModel:
    """What `onnx:FILE`, `tflite:FILE` and the models of known files are.

    Args:
        name: As a spec string names it.
        network: The file, loaded.
        card: What goes in and comes out.
        path: Of the file.

    Raises:
        DataError: The card does not fit the network.
    """

    tasks: tuple[Task, ...]
    invariance: Literal["none", "scale", "affine", "disparity"]

    def __init__(self, name: str, network: Network, card: FileCard, path: Path) -> None:
        self.name, self.network, self.card, self.path = name, network, card, path
        self.tasks = tasks_of(card)
        self.invariance = card.output.invariance if isinstance(card.output, DepthCard) else "none"
        self._input = only_input(network, path)
        self._output = named_output(network, card.output.name, path)
        check_input(card.input, self._input)

    def predict(self, sample: Sample, instruction: Instruction) -> np.ndarray:
        """The answer, in the form of `vbanalysis.models.Specialist.predict`.

        A mask has the size of the picture; all else has the network's.

        Raises:
            InputError: The task, the phrase or every class is one that the model does not know.
            DataError: The sample has no picture, or the network gave what its card does not say.
        """
        if instruction.task not in self.tasks:
            raise InputError(f"{self.name} answers {', '.join(self.tasks)}, not {instruction.task}")
        if sample.image is None:
            raise DataError(f"sample {sample.id} has no picture to show to {self.name}")
        image, output = np.asarray(sample.image), self.card.output
        value = network_input(image, self.card.input, self._input)
        given = value.shape[2:] if self.card.input.layout == "NCHW" else value.shape[1:3]
        came = numbers(self.network.run(value)[self._output.name], self._output)
        found = planes(came, output.layout or self.card.input.layout, (given[0], given[1]), _count(output))
        match output:
            case DepthCard():
                return depth_answer(found, output)
            case NormalsCard():
                return normals_answer(found, output)
            case SemanticCard():
                return semantic_answer(found, output, instruction)
            case MaskCard():
                return mask_answer(found, output, instruction, (image.shape[0], image.shape[1]))

    def describe(self) -> dict[str, Any]:
        """What it is, with the hash of the file; of classes and phrases, those that it knows."""
        told: dict[str, Any] = {
            "name": self.name,
            "about": self.card.about,
            "tasks": self.tasks,
            "parameters": self.card.parameters,
            "licence": self.card.licence,
            "source": self.card.source,
            "sha256": _sha256(self.path),
        }
        match self.card.output:
            case DepthCard(invariance=invariance):
                told["invariance"] = invariance
            case SemanticCard(classes=classes):
                told["classes"] = tuple(classes)
                told["note"] = "classes that it does not know are never predicted"
            case MaskCard(phrases=phrases):
                told["phrases"] = tuple(phrases)
                told["note"] = "all that it marks is one instance; other phrases are refused"
        return told


def _count(output: DepthCard | NormalsCard | SemanticCard | MaskCard) -> int | None:
    """How many planes an output must have."""
    match output:
        case DepthCard():
            return 1
        case NormalsCard():
            return 3
        case SemanticCard(form="labels"):
            return 1
        case SemanticCard(classes=classes):
            return len(classes)
        case MaskCard(channel=channel):
            return 1 if channel == 0 else None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
