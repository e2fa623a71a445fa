"""`diffusers:REPO`: editors that follow instructions, by any pipeline of diffusers with image and prompt.

FLUX.2 [klein], FLUX.1 Kontext, Qwen-Image-Edit, InstructPix2Pix and what follows the same call; with a LoRA
on top.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vbanalysis.errors import DataError, InputError, MissingDependencyError
from vbanalysis.models._card import Card
from vbanalysis.models._diffusers_pipeline import loaded_pipeline
from vbanalysis.models._hub import licence, snapshot
from vbanalysis.models._torch import loading, weights_size
from vbanalysis.types import Instruction

CARD = Card(
    about="editors that follow instructions: FLUX.2 klein, FLUX Kontext, Qwen-Image-Edit and their like",
    role="generator",
    tasks=("depth", "normals", "semantic", "instance", "referring", "generation", "edit"),
    licence="of the repository",
    needs=("diffusers", "transformers"),
    extra="diffusers",
    weights="hf download REPO",
    example="diffusers:black-forest-labs/FLUX.2-klein-4B?steps=4&dtype=bfloat16&device=cuda",
)

_MULTIPLE = 16
"""Sides of pictures are multiples of it: an eighth for the autoencoder, and patches of two."""

_LEAST_SIDE = 64
"""FLUX.2 refuses smaller images."""


class Editor:
    """A pipeline that edits an image as a prompt says.

    Args:
        repo: A hub id whose weights are on disk, or a folder.
        revision: Of the hub id.
        lora: A .safetensors file, a folder or a hub id with one, that is laid on top.
        lora_scale: How strongly.
        steps: Of denoising; the pipeline's own number unless given.
        guidance: The pipeline's own number unless given. Where it has classifier-free guidance beside a
            distilled one, as Qwen-Image-Edit has, this is the former.
        size: Short side of the picture in pixels; the pipeline's own choice unless given. A pipeline that
            keeps the image's size gets an image of this one.
        device: As torch names it.
        dtype: `float32`, `bfloat16` or `float16`; `auto` takes that of the files.

    Raises:
        InputError: A setting is out of its range or none of the pipeline's, or the pipeline takes no prompt.
        DataError: The weights are not on disk, damaged, or pickled.
        MissingDependencyError: diffusers is not installed.
    """

    def __init__(
        self,
        repo: str,
        *,
        revision: str | None = None,
        lora: str | None = None,
        lora_scale: float = 1.0,
        steps: int | None = None,
        guidance: float | None = None,
        size: int | None = None,
        device: str = "cpu",
        dtype: str = "auto",
    ) -> None:
        if CARD.missing():
            raise MissingDependencyError(CARD.missing()[0], "diffusers", "an editor of diffusers")
        for name, value, least in (("steps", steps, 1), ("size", size, _MULTIPLE)):
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
                raise InputError(f"{name} must be a whole number of at least {least}, got {value!r}")
        if guidance is not None and not guidance >= 0:
            raise InputError(f"guidance must be at least 0, got {guidance!r}")
        self._folder = snapshot(repo, revision, extra="diffusers")
        self.pipeline = loaded_pipeline(self._folder, device=device, dtype=dtype)
        self._takes = inspect.signature(self.pipeline.__call__).parameters
        if "prompt" not in self._takes:
            raise InputError(
                f"{repo!r} is a {type(self.pipeline).__name__}, which takes no prompt: an editor takes one"
            )
        for name, given, taken in (
            ("steps", steps is not None, {"num_inference_steps"}),
            ("guidance", guidance is not None, {"guidance_scale", "true_cfg_scale"}),
        ):
            if given and not taken & set(self._takes):
                raise InputError(f"a {type(self.pipeline).__name__} takes no {name}: leave it out")
        if lora is not None:
            self._lay_on(lora, lora_scale)
        self.name = f"diffusers:{repo}" + (f"+{Path(lora).name}" if lora else "")
        self.steps, self.guidance, self.size = steps, guidance, size

    def sample(
        self, image: np.ndarray | None, instruction: str | Instruction, *, seed: int = 0
    ) -> np.ndarray:
        """Answer one instruction.

        Args:
            image: (H, W, 3) uint8 RGB, or None for text to image, where the pipeline can do that.
            instruction: What to do.
            seed: Of the noise, drawn on the CPU: the same on any device.

        Returns:
            (h, w, 3) uint8 RGB, at the pipeline's own size.

        Raises:
            InputError: The pipeline needs an image, or takes none; or an argument is not of its form.
            DataError: What came is no picture: not finite, or withheld by a safety checker.
        """
        import torch
        from PIL import Image

        prompt = _checked(image, instruction, seed)
        settings: dict[str, Any] = {"prompt": prompt, "output_type": "np"}
        settings["generator"] = torch.Generator("cpu").manual_seed(int(seed))
        if image is not None:
            if "image" not in self._takes:
                raise InputError(f"{self.name} draws from words alone: it takes no image")
            settings["image"] = self._given(Image.fromarray(np.ascontiguousarray(image)))
        elif "image" in self._takes and (self._takes["image"].default is not None or self._edits_only):
            raise InputError(f"{self.name} edits an image: give one")
        settings |= self._sizes(None if image is None else image.shape[:2]) | self._schedule()
        with torch.inference_mode():
            made = self.pipeline(**{key: value for key, value in settings.items() if key in self._takes})
        if any(getattr(made, "nsfw_content_detected", None) or ()):
            raise DataError("the pipeline's safety checker withheld the picture")
        picture = np.asarray(made.images[0], np.float32)
        if not np.isfinite(picture).all():
            raise DataError("the pipeline gave numbers that are not finite: try dtype=float32")
        return np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)

    def sample_many(
        self,
        images: Sequence[np.ndarray | None],
        instructions: Sequence[str | Instruction],
        *,
        seeds: Sequence[int] | None = None,
    ) -> list[np.ndarray]:
        """Answer several, one at a time: so each is the same, whatever it is asked with.

        Raises:
            InputError: As for `sample`, or the lengths differ.
            DataError: As for `sample`.
        """
        seeds = range(len(images)) if seeds is None else seeds
        if not len(images) == len(instructions) == len(seeds):
            raise InputError(
                f"expected as many instructions and seeds as the {len(images)} images, got "
                f"{len(instructions)} and {len(seeds)}"
            )
        return [
            self.sample(image, instruction, seed=seed)
            for image, instruction, seed in zip(images, instructions, seeds, strict=True)
        ]

    def describe(self) -> dict[str, Any]:
        """What it is, with its licence, size and settings."""
        parts = [part for part in self.pipeline.components.values() if hasattr(part, "parameters")]
        return {
            "name": self.name,
            "about": f"{type(self.pipeline).__name__} of diffusers",
            "tasks": CARD.tasks,
            "parameters": sum(weight.numel() for part in parts for weight in part.parameters()),
            "licence": licence(self._folder),
            "source": self.name.partition(":")[2],
            "weights_mb": round(weights_size(self._folder) / 1e6),
            "dtype": str(self.pipeline.dtype).removeprefix("torch."),
            "device": str(self.pipeline.device),
            "steps": self.steps,
            "guidance": self.guidance,
        }

    @property
    def _edits_only(self) -> bool:
        """Pipelines whose signature lets an image be left out, but which cannot do without."""
        return "Edit" in type(self.pipeline).__name__ or "InstructPix2Pix" in type(self.pipeline).__name__

    def _schedule(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.steps is not None:
            found["num_inference_steps"] = self.steps
        if self.guidance is not None:
            classifier_free = "true_cfg_scale" in self._takes and "Qwen" in type(self.pipeline).__name__
            found["true_cfg_scale" if classifier_free else "guidance_scale"] = self.guidance
            if classifier_free:
                found["negative_prompt"] = " "  # without one, this guidance is left out
        return found

    def _sizes(self, shape: tuple[int, int] | None) -> dict[str, Any]:
        """Height and width of the picture, in the image's shape."""
        if self.size is None:
            return {}
        rows, columns = shape or (1, 1)
        scale = self.size / min(rows, columns)
        height, width = (max(1, round(side * scale / _MULTIPLE)) * _MULTIPLE for side in (rows, columns))
        # FLUX Kontext would bring both to areas of its own.
        return {"height": height, "width": width, "max_area": height * width, "_auto_resize": False}

    def _given(self, image: Any) -> Any:
        """The image as the pipeline takes it: not too small, and of the size wanted where it keeps that."""
        from PIL import Image

        wanted = self._sizes((image.height, image.width))
        size = image.size
        if wanted and "height" not in self._takes:
            size = (wanted["width"], wanted["height"])
        elif (scale := _LEAST_SIDE / min(size)) > 1:
            size = (round(size[0] * scale), round(size[1] * scale))
        return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS)

    def _lay_on(self, lora: str, scale: float) -> None:
        if not hasattr(self.pipeline, "load_lora_weights"):
            raise InputError(f"{type(self.pipeline).__name__} takes no LoRA: leave lora out")
        place = Path(lora).expanduser()
        with loading(f"the LoRA {lora!r}"):
            if place.is_file():
                if place.suffix != ".safetensors":
                    raise DataError(f"{place.name} is no .safetensors file, and nothing pickled is read")
                self.pipeline.load_lora_weights(
                    str(place.parent), weight_name=place.name, adapter_name="lora", local_files_only=True
                )
            else:
                folder = snapshot(lora, extra="diffusers")
                files = sorted(path.name for path in folder.glob("*.safetensors"))
                if len(files) != 1:
                    raise DataError(
                        f"{lora!r} holds {len(files)} .safetensors files, expected one: name the file"
                    )
                self.pipeline.load_lora_weights(str(folder), weight_name=files[0], adapter_name="lora")
            self.pipeline.set_adapters(["lora"], [scale])


def _checked(image: Any, instruction: Any, seed: Any) -> str:
    """The prompt, where all three are of their form."""
    if image is not None and (
        not isinstance(image, np.ndarray)
        or image.dtype != np.uint8
        or image.ndim != 3
        or image.shape[2] != 3
        or not image.size
    ):
        came = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
        raise InputError(f"image must be (H, W, 3) uint8 RGB, got {came}")
    if not isinstance(instruction, str | Instruction):
        raise InputError(
            f"an instruction must be a string or an Instruction, got {type(instruction).__name__}"
        )
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or seed < 0:
        raise InputError(f"a seed must be a whole number of at least 0, got {seed!r}")
    return instruction if isinstance(instruction, str) else instruction.text


load = Editor
"""Factory of the spec strings `diffusers:REPO`, `diffusers:FOLDER?lora=my.safetensors&steps=8`."""
