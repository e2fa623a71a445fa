"""`mini`: the embedded generator as the rest of the package sees it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import torch

from vbanalysis.errors import InputError
from vbanalysis.instructions import parse
from vbanalysis.mini.network import Network
from vbanalysis.mini.sampling import ANSWER, DRAWING, Schedule, fit, paint
from vbanalysis.mini.weights import load_weights, read_story, read_weights
from vbanalysis.types import Instruction


class Mini:
    """The embedded generator: paints 64 x 64 pictures from an image and an instruction, or from words alone.

    Args:
        weights: Name of shipped weights (`"tuned"`, `"base"`, ...) or the path of a .safetensors file.
        device: Where it runs, as torch names it.
        steps: Evaluations of the network, 1 to 1000; by default one for an answer, more for a drawing.
        guidance: Of drawing, 0 to 100, see `Schedule`; with any but 1, edits and answers are refused, for it
            was not trained for them.
        batch: Pictures painted at once by `sample_many`, 1 to 1000.

    Raises:
        InputError: There are no such weights, or they do not paint; a setting is out of its range, or the
            device is not at hand.
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
            if value is not None and not (_is_whole(value) and 1 <= value <= 1000):
                raise InputError(f"{name} must be a whole number from 1 to 1000, got {value!r}")
        if guidance is not None and not (_is_number(guidance) and 0 <= guidance <= 100):
            raise InputError(f"guidance must be a number from 0 to 100, got {guidance!r}")
        where = _device(device)
        tensors, told = read_weights(weights)
        self.story = read_story(told, weights)
        if self.story.network.outputs != 3:
            raise InputError(
                f"the weights {str(weights)!r} answer in numbers, not pictures: load them with "
                "vbanalysis.mini.regression.Regressor, or choose weights that paint, such as 'tuned'"
            )
        with torch.random.fork_rng(devices=[]):  # its weights are drawn, then replaced
            network = Network(self.story.network)
        self.network = load_weights(network, tensors, weights).to(where).eval()
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
            InputError: The image is no RGB picture; it is missing for an edit or an answer, or given for a
                drawing; the seed is no whole number of at least 0.
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

        Raises:
            InputError: As for `sample`, or the lengths differ.
            InstructionError: A prompt cannot be read.
        """
        for name, given in (("images", images), ("instructions", instructions), ("seeds", seeds)):
            if given is not None and (isinstance(given, str) or not isinstance(given, Sequence | np.ndarray)):
                raise InputError(f"{name} must be a list, got {type(given).__name__}")
        seeds = range(len(images)) if seeds is None else seeds
        if not len(images) == len(instructions) == len(seeds):
            raise InputError(
                f"expected as many instructions and seeds as the {len(images)} images, got "
                f"{len(instructions)} and {len(seeds)}"
            )
        for seed in seeds:
            if not _is_whole(seed) or seed < 0:
                raise InputError(f"a seed must be a whole number of at least 0, got {seed!r}")
        config = self.network.config
        fitted = [None if image is None else fit(_checked(image), config) for image in images]
        read = [_read(each) for each in instructions]
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
            "trained_on": self.story.samples,
            "licence": "Apache-2.0",
            "source": "trained by this project",
        }

    def _schedule(self, blank: bool, instruction: Instruction) -> Schedule:
        drawing = instruction.task == "generation"
        told = repr(textwrap.shorten(instruction.text, 60, placeholder=" ..."))
        if drawing and not blank:
            raise InputError(
                f"{told} describes a picture, which is drawn without an image: leave the image out, or word "
                "an edit, such as 'Remove the red ball.' or 'Make the red ball blue.'"
            )
        if blank and not drawing:
            raise InputError(f"{told} is of the task {instruction.task!r}, which needs an image: give one")
        usual = DRAWING if drawing else ANSWER
        guidance = usual.guidance if self.guidance is None else self.guidance
        if guidance != 1 and not drawing:
            raise InputError(
                f"guidance is for drawings, and {told} is of the task {instruction.task!r}: load the model "
                f"without guidance, got {guidance}"
            )
        return Schedule(self.steps or usual.steps, guidance)


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _is_number(value: object) -> TypeGuard[float]:
    return _is_whole(value) or isinstance(value, float)


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).cpu()
    except (RuntimeError, AssertionError, TypeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"device {name!r} cannot be used, 'cpu' can: {reason}") from error
    return device


def _read(instruction: str | Instruction) -> Instruction:
    if isinstance(instruction, Instruction):
        return instruction
    if not isinstance(instruction, str):
        raise InputError(
            f"an instruction must be a string or an Instruction, got {type(instruction).__name__}"
        )
    return parse(instruction)


def _checked(image: np.ndarray) -> np.ndarray:
    if not isinstance(image, np.ndarray):
        raise InputError(f"image must be an array of (H, W, 3) uint8 RGB, got {type(image).__name__}")
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
        raise InputError(
            f"image must be (H, W, 3) uint8 RGB, got {image.dtype} of shape {image.shape}: read files with "
            "vbanalysis.images.read_photo"
        )
    return image
