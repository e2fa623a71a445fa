"""`mini`: the embedded generator as the rest of the package sees it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vbanalysis.errors import InputError
from vbanalysis.instructions import parse
from vbanalysis.mini.network import Network
from vbanalysis.mini.sampling import ANSWER, DRAWING, Schedule, fit, paint
from vbanalysis.mini.weights import load_weights, read_config, read_weights
from vbanalysis.types import Instruction


class Mini:
    """The embedded generator: paints 64 x 64 pictures from an image and an instruction, or from words alone.

    Args:
        weights: Name of shipped weights (`"tuned"`, `"base"`, ...) or the path of a .safetensors file.
        device: Where it runs, as torch names it.
        steps: Evaluations of the network; by default one for an answer, more for a drawing.
        guidance: Of drawing; see `Schedule`.
        batch: Pictures painted at once by `sample_many`.

    Raises:
        InputError: There are no such weights, or a setting is out of its range.
        DataError: The weights are damaged, or of another kind.

    Example:
        >>> mini = Mini()
        >>> mini.sample(None, "A red ball in a room.").shape
        (64, 64, 3)
    """

    def __init__(
        self,
        weights: str | Path = "tuned",
        *,
        device: str = "cpu",
        steps: int | None = None,
        guidance: float | None = None,
        batch: int = 16,
    ) -> None:
        for name, value in (("steps", steps), ("batch", batch)):
            if value is not None and (not isinstance(value, int) or value < 1):
                raise InputError(f"{name} must be a whole number of at least 1, got {value!r}")
        tensors, self.told = read_weights(weights)
        with torch.random.fork_rng(devices=[]):  # its weights are drawn, then replaced
            network = Network(read_config(self.told, weights))
        self.network = load_weights(network, tensors, weights).to(device).eval()
        self.name = f"mini:{Path(weights).stem}"
        self.steps, self.guidance, self.batch = steps, guidance, batch

    def sample(
        self, image: np.ndarray | None, instruction: str | Instruction, *, seed: int = 0
    ) -> np.ndarray:
        """Answer one instruction.

        Args:
            image: (H, W, 3) uint8 RGB of any size, or None for text to image.
            instruction: What to do.
            seed: Of the noise.

        Returns:
            (h, w, 3) uint8 RGB; the short side has 64 pixels, the other as many as the image's shape asks
            for.

        Raises:
            InputError: The image is no RGB picture.
            InstructionError: The prompt cannot be read.
        """
        return self.sample_many([image], [instruction], seeds=[seed])[0]

    def sample_many(
        self,
        images: Sequence[np.ndarray | None],
        instructions: Sequence[str | Instruction],
        *,
        seeds: Sequence[int] | None = None,
    ) -> list[np.ndarray]:
        """Answer several instructions; a picture is the same, to rounding, whatever it is painted with.

        Args:
            images: As for `sample`.
            instructions: As many.
            seeds: As many; 0, 1, ... unless given.
        """
        seeds = range(len(images)) if seeds is None else seeds
        if not len(images) == len(instructions) == len(seeds):
            raise InputError(
                f"expected as many instructions and seeds as the {len(images)} images, got "
                f"{len(instructions)} and {len(seeds)}"
            )
        side = self.network.config.size
        fitted = [None if image is None else fit(_checked(image), side) for image in images]
        read = [parse(each) if isinstance(each, str) else each for each in instructions]
        # Pictures of one size and one schedule are painted together.
        groups: dict[Any, list[int]] = {}
        for k, (picture, instruction) in enumerate(zip(fitted, read, strict=True)):
            shape = None if picture is None else picture.shape
            groups.setdefault((shape, self._schedule(picture is None, instruction)), []).append(k)
        painted: list[np.ndarray] = [np.empty(0)] * len(images)
        for (_, schedule), members in groups.items():
            for first in range(0, len(members), self.batch):
                chosen = members[first : first + self.batch]
                pictures = paint(
                    self.network,
                    [fitted[k] for k in chosen],
                    [read[k].text for k in chosen],
                    [seeds[k] for k in chosen],
                    schedule,
                )
                for k, picture in zip(chosen, pictures, strict=True):
                    painted[k] = picture
        return painted

    def describe(self) -> dict[str, Any]:
        """What it is."""
        return {
            "name": self.name,
            "about": "the embedded generator: small, trained on rendered scenes alone",
            "tasks": ("depth", "normals", "semantic", "instance", "referring", "generation", "edit"),
            "parameters": sum(weight.numel() for weight in self.network.parameters()),
            "trained_on": int(self.told["samples"]),
            "licence": "Apache-2.0",
            "source": "trained by this project",
        }

    def _schedule(self, blank: bool, instruction: Instruction) -> Schedule:
        usual = DRAWING if blank or instruction.task == "generation" else ANSWER
        return Schedule(self.steps or usual.steps, usual.guidance if self.guidance is None else self.guidance)


def _checked(image: np.ndarray) -> np.ndarray:
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
        raise InputError(
            f"image must be (H, W, 3) uint8 RGB, got {image.dtype} of shape {image.shape}: read files with "
            "vbanalysis.images.read_photo"
        )
    return image


def load(
    argument: str = "tuned",
    *,
    device: str = "cpu",
    steps: int | None = None,
    guidance: float | None = None,
    batch: int = 16,
) -> Mini:
    """Factory of the spec strings `mini`, `mini:base`, `mini:my.safetensors?steps=8&device=cuda`."""
    return Mini(argument, device=device, steps=steps, guidance=guidance, batch=batch)
