"""Frozen generators: how a picture at a level of noise enters one, so that its layers can be recorded."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from vbanalysis.errors import InputError
from vbanalysis.probing.recorder import Tokens, layer_names, recording


class Frozen(Protocol):
    """A generator whose weights stay as they are.

    Attributes:
        name: In tables.
        way: How pictures enter, in a word.
        layers: Shell patterns of the layers that are worth a look.
    """

    name: str
    way: Any
    layers: tuple[str, ...]

    @property
    def module(self) -> nn.Module:
        """The network whose layers are recorded."""
        ...

    @property
    def digest(self) -> str:
        """Of the weights and of the way in: two with one digest say the same of the same picture."""
        ...

    def tokens(self, shape: tuple[int, int]) -> Tokens | None:
        """How pictures of a height and width are laid out in sequences; None where they are not."""
        ...

    def look(self, images: np.ndarray, level: float, seeds: Sequence[int]) -> None:
        """Run the network once.

        Args:
            images: (B, H, W, 3) uint8 RGB.
            level: Share of noise, 0 to 1.
            seeds: (B,) of the noise: picture k's depends on its own alone.
        """
        ...


def record(
    frozen: Frozen, images: np.ndarray, layers: Sequence[str], level: float, seeds: Sequence[int]
) -> dict[str, np.ndarray]:
    """Maps of several layers from one pass.

    Args:
        frozen: The generator.
        images: (B, H, W, 3) uint8 RGB.
        layers: Names, see `layer_names`.
        level: Share of noise, 0 to 1.
        seeds: (B,) of the noise.

    Returns:
        By layer, (B, C, h, w) float32, finite.

    Raises:
        InputError: The images are no such array, `level` is out of its range, there is no such layer, a
            layer is not reached or says what is not finite.
    """
    check_images(images)
    check_level(level)
    if len(seeds) != len(images):
        raise InputError(f"seeds must be as many as the {len(images)} images, got {len(seeds)}")
    with torch.inference_mode(), recording(frozen.module, layers, frozen.tokens(images.shape[1:3])) as said:
        frozen.look(images, level, seeds)
    for name in layers:
        if name not in said:
            raise InputError(f"the layer {name!r} was not reached when {frozen.name} looked: choose another")
        if len(said[name]) != len(images):
            raise InputError(
                f"the layer {name!r} says {len(said[name])} maps of {len(images)} images: choose another"
            )
        if not bool(torch.isfinite(said[name]).all()):
            raise InputError(f"the layer {name!r} of {frozen.name} says numbers that are not finite")
    return {name: said[name].numpy() for name in layers}


def chosen_layers(frozen: Frozen, patterns: str | Sequence[str] | None = None) -> list[str]:
    """Names of layers by patterns, or of those that the generator itself names.

    Raises:
        InputError: A pattern fits no layer.
    """
    return layer_names(frozen.module, frozen.layers if patterns is None else patterns)


def digest_of(module: nn.Module, *more: object) -> str:
    """Hexadecimal digest of a network's weights, and of what else decides what it says."""
    found = hashlib.blake2b(digest_size=16)
    for name, weight in sorted(module.state_dict().items()):
        found.update(f"{name} {weight.dtype} {tuple(weight.shape)}\n".encode())
        found.update(weight.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    found.update(repr(more).encode())
    return found.hexdigest()


def scrambled(module: nn.Module, rng: np.random.Generator) -> nn.Module:
    """A copy of a network that has forgotten all: each tensor keeps its numbers, in random places.

    The control of a network with random weights, for architectures whose start is not known: sizes, scales
    and spread of the weights are those of the trained one.
    """
    other = copy.deepcopy(module)
    with torch.no_grad():
        for weight in other.parameters():
            order = torch.from_numpy(rng.permutation(weight.numel())).to(weight.device)
            weight.copy_(weight.flatten()[order].view_as(weight))
    return other


def noise_of(seed: int, shape: Sequence[int]) -> torch.Tensor:
    """Normal noise of a picture by its seed, float32 on the CPU: the same for every generator and device."""
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(tuple(shape), np.float32))


def check_images(images: np.ndarray) -> None:
    """Hold that they are (B, H, W, 3) uint8.

    Raises:
        InputError: They are not.
    """
    if not isinstance(images, np.ndarray) or images.ndim != 4 or images.shape[-1:] != (3,) or not images.size:
        came = f"shape {images.shape}" if isinstance(images, np.ndarray) else type(images).__name__
        raise InputError(f"images must be (B, H, W, 3) uint8 RGB, got {came}")
    if images.dtype != np.uint8:
        raise InputError(f"images must be (B, H, W, 3) uint8 RGB, got {images.dtype}")


def check_level(level: float) -> None:
    """Hold that a level is a share of noise.

    Raises:
        InputError: It is not.
    """
    if isinstance(level, bool) or not isinstance(level, int | float | np.number) or not 0 <= level <= 1:
        raise InputError(f"level must be a share of noise from 0 to 1, got {level!r}")
