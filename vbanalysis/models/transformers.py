"""`transformers:REPO`: specialists of the Hugging Face hub; the repository's `config.json` says what one is.

Depth by Depth Anything, Depth Pro, DPT, GLPN and ZoeDepth, semantic classes by Mask2Former, OneFormer and
SegFormer, and what a phrase names by SAM 3.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vbanalysis.errors import DataError, InputError, MissingDependencyError
from vbanalysis.models import Invariance
from vbanalysis.models._card import Card
from vbanalysis.models._hub import licence, read_config, snapshot
from vbanalysis.models._torch import weights_size
from vbanalysis.models._transformers_concept import ConceptReader
from vbanalysis.models._transformers_depth import DEPTH, DepthReader
from vbanalysis.models._transformers_network import loaded
from vbanalysis.models._transformers_semantic import SEMANTIC, SemanticReader
from vbanalysis.types import Instruction, Sample, Task

CARD = Card(
    about="specialists of the hub: Depth Anything, Depth Pro, Mask2Former, OneFormer, SAM 3 and their like",
    role="specialist",
    tasks=("depth", "semantic", "instance", "referring"),
    licence="of the repository",
    needs=("transformers",),
    extra="transformers",
    weights="hf download REPO",
    example="transformers:depth-anything/Depth-Anything-V2-Small-hf?device=cuda",
)

_CONCEPT = {"Sam3Model": "Sam3Model", "Sam3VideoModel": "Sam3Model"}
"""What a repository says, and the class that reads a single picture of it."""

_POINTED = (
    "SamModel", "SamHQModel", "Sam2Model", "Sam2VideoModel", "Sam3TrackerModel", "Sam3TrackerVideoModel",
    "EdgeTamModel", "EdgeTamVideoModel",
)  # fmt: skip
"""Asked by points and boxes only."""


class Pretrained:
    """A model of transformers that gives numbers.

    Args:
        repo: A hub id whose weights are on disk, or a folder.
        revision: Of the hub id.
        device: As torch names it.
        dtype: `float32`, `bfloat16` or `float16`; `auto` takes that of the files.
        threshold: Of SAM 3: the score above which an instance counts, 0.5 unless given.
        invariance: Of depth: what is not known of it, where a network was trained on to other units than
            those that its architecture was published with.

    Attributes:
        tasks: That it answers.
        invariance: Of its depth.

    Raises:
        InputError: A setting is out of its range or not of this model, or its architecture is not known.
        DataError: The weights are not on disk, damaged, incomplete, or pickled.
        MissingDependencyError: transformers is not installed.
    """

    tasks: tuple[Task, ...]
    invariance: Invariance

    def __init__(
        self,
        repo: str,
        *,
        revision: str | None = None,
        device: str = "cpu",
        dtype: str = "auto",
        threshold: float | None = None,
        invariance: Invariance | None = None,
    ) -> None:
        if CARD.missing():
            raise MissingDependencyError("transformers", "transformers", "a specialist of the hub")
        self._folder = snapshot(repo, revision)
        self.architecture = _architecture(self._folder, repo)
        _check(self.architecture, threshold, invariance)
        network = loaded(
            self._folder, _CONCEPT.get(self.architecture, self.architecture), device=device, dtype=dtype
        )
        self.reader: DepthReader | SemanticReader | ConceptReader
        if self.architecture in DEPTH:
            self.reader = DepthReader(network, self._folder, invariance)
            self.tasks, self.invariance = ("depth",), self.reader.invariance
        elif self.architecture in SEMANTIC:
            self.reader = SemanticReader(network, self._folder)
            self.tasks, self.invariance = ("semantic",), "none"
        else:
            self.reader = ConceptReader(network, self._folder, 0.5 if threshold is None else threshold)
            self.tasks, self.invariance = ("instance", "referring"), "none"
        self.name, self.revision = f"transformers:{repo}", revision

    def predict(self, sample: Sample, instruction: Instruction) -> np.ndarray:
        """The answer at the image's size, in the form of `vbanalysis.models.Specialist.predict`.

        Raises:
            InputError: The task, the phrase or every class is one that the model does not know.
            DataError: The sample has no image, or the network gave what is not finite.
        """
        if instruction.task not in self.tasks:
            raise InputError(f"{self.name} answers {', '.join(self.tasks)}, not {instruction.task}")
        if sample.image is None:
            raise DataError(f"sample {sample.id} has no image")
        return self.reader.read(np.ascontiguousarray(sample.image), instruction)

    def describe(self) -> dict[str, Any]:
        """What it is, with its licence and size, and what is known of its answers."""
        return {
            "name": self.name,
            "about": f"{self.architecture} of transformers",
            "tasks": self.tasks,
            "parameters": sum(weight.numel() for weight in self.reader.network.parameters()),
            "licence": licence(self._folder),
            "source": self.name.partition(":")[2],
            "revision": self.revision,
            "weights_mb": round(weights_size(self._folder) / 1e6),
            "dtype": str(self.reader.network.dtype).removeprefix("torch."),
            "device": str(self.reader.network.device),
            **self.reader.told(),
        }


def _architecture(folder: Any, repo: str) -> str:
    """The name of a class that is known."""
    config = read_config(folder / "config.json")
    stated = config.get("architectures")
    name = stated[0] if isinstance(stated, list) and stated else config.get("model_type")
    if name in _POINTED:
        raise InputError(
            f"{repo!r} is a {name}, which is asked by points or boxes: an instruction has words only, and "
            "points taken from the truth would tell it the answer; take facebook/sam3, which reads phrases"
        )
    known = (*DEPTH, *SEMANTIC, *_CONCEPT)
    if not isinstance(name, str) or name not in known:
        raise InputError(f"{repo!r} is a {name}, which is not known here: known are {', '.join(known)}")
    return name


def _check(architecture: str, threshold: float | None, invariance: str | None) -> None:
    if threshold is not None and architecture not in _CONCEPT:
        raise InputError(f"threshold is of SAM 3's scores, and a {architecture} has none: leave it out")
    if threshold is not None and not (type(threshold) in (int, float) and 0 <= threshold < 1):
        raise InputError(f"threshold must be a score from 0 and below 1, got {threshold!r}")
    if invariance is not None and architecture not in DEPTH:
        raise InputError(f"invariance is of depth, and a {architecture} gives none: leave it out")
    if invariance not in (None, "none", "scale", "affine", "disparity"):
        raise InputError(f"invariance must be none, scale, affine or disparity, got {invariance!r}")


load = Pretrained
"""Factory of the spec strings `transformers:REPO` and `transformers:REPO?device=cuda&dtype=float16`."""
