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
from vbanalysis.models._hub import licence, read_config, snapshot
from vbanalysis.models._torch import dtype_of, loading, weights_size
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
        size: Short side of the picture in pixels; the pipeline's own choice unless given.
        device: As torch names it.
        dtype: `float32`, `bfloat16` or `float16`; `auto` takes that of the files.

    Raises:
        InputError: A setting is out of its range, or the pipeline takes no prompt.
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
        self.pipeline = _pipeline(self._folder, dtype, device)
        self._takes = inspect.signature(self.pipeline.__call__).parameters
        if "prompt" not in self._takes:
            raise InputError(
                f"{repo!r} is a {type(self.pipeline).__name__}, which takes no prompt: an editor takes one"
            )
        if lora is not None:
            self._lay_on(lora, lora_scale)
        self.name = f"diffusers:{repo}" + (f"+{Path(lora).name}" if lora else "")
        self.steps, self.guidance, self.size = steps, guidance, size
        self.dtype, self.device = dtype, device

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
            InputError: The pipeline needs an image, or takes none.
            DataError: What came is no picture: not finite, or withheld by a safety checker.
        """
        import torch
        from PIL import Image

        prompt = instruction if isinstance(instruction, str) else instruction.text
        settings: dict[str, Any] = {"prompt": prompt, "output_type": "np"}
        settings["generator"] = torch.Generator("cpu").manual_seed(seed)
        if image is not None:
            if "image" not in self._takes:
                raise InputError(f"{self.name} draws from words alone: it takes no image")
            settings["image"] = _enlarged(Image.fromarray(np.ascontiguousarray(image)))
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
        """Answer several, one at a time: so each is the same, whatever it is asked with."""
        seeds = range(len(images)) if seeds is None else seeds
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
            "dtype": self.dtype,
            "device": self.device,
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


def _enlarged(image: Any) -> Any:
    """The image, brought to the least side that pipelines take if it is smaller."""
    from PIL import Image

    scale = _LEAST_SIDE / min(image.size)
    if scale <= 1:
        return image
    return image.resize(tuple(round(side * scale) for side in image.size), Image.Resampling.LANCZOS)


def _pipeline(folder: Path, dtype: str, device: str) -> Any:
    import diffusers

    told = read_config(folder / "model_index.json").get("_class_name")
    kind = getattr(diffusers, told, None) if isinstance(told, str) else None
    if kind is None:
        raise DataError(
            f"{folder.name} asks for the pipeline {told!r}, which diffusers {diffusers.__version__} does not "
            "have; code out of a repository is not run"
        )
    with loading(f"the pipeline of {folder.name}"):
        pipeline = kind.from_pretrained(
            str(folder),
            dtype=dtype_of(dtype, folder),
            use_safetensors=True,
            local_files_only=True,
        )
        pipeline = pipeline.to(device)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


load = Editor
"""Factory of the spec strings `diffusers:REPO`, `diffusers:FOLDER?lora=my.safetensors&steps=8`."""
