"""`marigold-depth` and `marigold-normals`: diffusion models that were trained on to be specialists.

Ke et al., "Repurposing Diffusion-Based Image Generators for Monocular Depth Estimation", CVPR 2024, and
"Marigold: Affordable Adaptation of Diffusion-Based Image Generators for Image Analysis", 2025; by diffusers'
`MarigoldDepthPipeline` and `MarigoldNormalsPipeline`.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from vbanalysis.errors import DataError, InputError, MissingDependencyError
from vbanalysis.models import Invariance
from vbanalysis.models._card import Card
from vbanalysis.models._diffusers_pipeline import loaded_pipeline
from vbanalysis.models._hub import licence, on_disk, read_config, snapshot
from vbanalysis.models._torch import weights_size
from vbanalysis.types import Instruction, Sample, Task

CARDS = {
    "marigold-depth": Card(
        about="depth up to a factor and an offset, by a diffusion model tuned on synthetic depth",
        role="specialist",
        tasks=("depth",),
        licence="of the repository",
        needs=("diffusers", "transformers"),
        extra="diffusers",
        weights="hf download prs-eth/marigold-depth-v1-1",
        at_hand=lambda: on_disk("prs-eth/marigold-depth-v1-1"),
        example="marigold-depth?steps=4&ensemble=5",
    ),
    "marigold-normals": Card(
        about="surface normals by a diffusion model tuned on synthetic normals",
        role="specialist",
        tasks=("normals",),
        licence="of the repository",
        needs=("diffusers", "transformers"),
        extra="diffusers",
        weights="hf download prs-eth/marigold-normals-v1-1",
        at_hand=lambda: on_disk("prs-eth/marigold-normals-v1-1"),
        example="marigold-normals?steps=4",
    ),
}


class Marigold:
    """A Marigold pipeline.

    Args:
        repo: A hub id whose weights are on disk, or a folder; the authors' own unless given.
        steps: Of denoising; the repository's own number unless given.
        ensemble: Predictions that are brought together; 3 and more need one image's time each.
        size: Longer side that the image is brought to, 0 for its own; the repository's number unless given.
        seed: Of the noise, the same for every image.
        device: As torch names it.
        dtype: `float32`, `bfloat16` or `float16`; `auto` takes that of the files.

    Raises:
        InputError: A setting is out of its range, or the repository is of another pipeline.
        DataError: The weights are not on disk, damaged, or pickled.
        MissingDependencyError: diffusers is not installed.
    """

    tasks: ClassVar[tuple[Task, ...]]
    _name: ClassVar[str]
    _kind: ClassVar[str]

    def __init__(
        self,
        repo: str | None = None,
        *,
        steps: int | None = None,
        ensemble: int = 1,
        size: int | None = None,
        seed: int = 0,
        device: str = "cpu",
        dtype: str = "auto",
    ) -> None:
        repo = f"prs-eth/{self._name}-v1-1" if repo is None else repo
        if missing := CARDS[self._name].missing():
            raise MissingDependencyError(missing[0], "diffusers", "Marigold")
        settings = (("steps", steps, 1), ("ensemble", ensemble, 1), ("size", size, 0), ("seed", seed, 0))
        for key, value, least in settings:
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
                raise InputError(f"{key} must be a whole number of at least {least}, got {value!r}")
        self._folder = snapshot(repo, extra="diffusers")
        told = read_config(self._folder / "model_index.json").get("_class_name")
        if told != self._kind:
            raise InputError(f"{repo!r} is a {told}, expected a {self._kind}")
        self.pipeline = loaded_pipeline(self._folder, device=device, dtype=dtype)
        self.name = f"{self._name}:{repo}"
        self.steps, self.ensemble, self.size, self.seed = steps, ensemble, size, seed

    def _predicted(self, sample: Sample) -> np.ndarray:
        """The pipeline's prediction of the image, at the image's size."""
        import torch
        from PIL import Image

        if sample.image is None:
            raise DataError(f"sample {sample.id} has no image")
        with torch.inference_mode():
            found = self.pipeline(
                Image.fromarray(np.ascontiguousarray(sample.image)),
                num_inference_steps=self.steps,
                ensemble_size=self.ensemble,
                processing_resolution=self.size,
                generator=torch.Generator("cpu").manual_seed(self.seed),
            )
        predicted = np.asarray(found.prediction[0], np.float32)
        if not np.isfinite(predicted).all():
            raise DataError("the pipeline gave numbers that are not finite: try dtype=float32")
        return predicted

    def describe(self) -> dict[str, Any]:
        """What it is, with its licence, size and settings."""
        return {
            "name": self.name,
            "about": CARDS[self.name.partition(":")[0]].about,
            "tasks": self.tasks,
            "parameters": sum(weight.numel() for weight in self.pipeline.unet.parameters()),
            "licence": licence(self._folder),
            "source": self.name.partition(":")[2],
            "weights_mb": round(weights_size(self._folder) / 1e6),
            "dtype": str(self.pipeline.dtype).removeprefix("torch."),
            "device": str(self.pipeline.device),
            "steps": self.steps,
            "ensemble": self.ensemble,
        }


class MarigoldDepth(Marigold):
    """Affine-invariant depth; arguments and errors as of `Marigold`."""

    tasks: ClassVar[tuple[Task, ...]] = ("depth",)
    invariance: Invariance = "affine"
    _name, _kind = "marigold-depth", "MarigoldDepthPipeline"

    def predict(self, sample: Sample, instruction: Instruction) -> np.ndarray:
        """(H, W) float32 from 1 (near) to 2, known up to a factor and an offset.

        The pipeline's 0 to 1, moved by an offset that is open anyway: a depth of 0 would mean unknown.

        Raises:
            DataError: The sample has no image, or the answer is not finite.
        """
        return self._predicted(sample)[..., 0] + 1


class MarigoldNormals(Marigold):
    """Surface normals; arguments and errors as of `Marigold`."""

    tasks: ClassVar[tuple[Task, ...]] = ("normals",)
    invariance: Invariance = "none"
    _name, _kind = "marigold-normals", "MarigoldNormalsPipeline"

    def predict(self, sample: Sample, instruction: Instruction) -> np.ndarray:
        """(H, W, 3) float32 unit vectors; Marigold's frame (x right, y up, z to the viewer) is the paper's.

        Raises:
            DataError: The sample has no image, or the answer is not finite.
        """
        normals = self._predicted(sample)
        lengths = np.linalg.norm(normals, axis=2, keepdims=True)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(lengths > 0, normals / lengths, np.nan).astype(np.float32)


load_depth = MarigoldDepth
"""Factory of the spec strings `marigold-depth` and `marigold-depth:FOLDER?steps=1&ensemble=5`."""

load_normals = MarigoldNormals
"""Factory of the spec strings `marigold-normals` and `marigold-normals:FOLDER`."""
