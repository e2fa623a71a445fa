"""The regression control: the same network, but it answers in numbers, each in a channel, not in pictures.

It is what a specialist's head would be, at the same size and on the same exercises, so that the generator has
something to be compared with.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from vbanalysis.errors import InputError
from vbanalysis.mini.network import Network
from vbanalysis.mini.pixels import signed
from vbanalysis.mini.sampling import fit
from vbanalysis.mini.tokens import text_batch, tokenize
from vbanalysis.mini.weights import load_weights, read_story, read_weights
from vbanalysis.mini.world.graph import CLASSES
from vbanalysis.types import Task

CHANNELS = 1 + 3 + len(CLASSES)
"""The natural logarithm of z in metres, the normal's x, y and z, and a score a class."""

ANSWERED: tuple[Task, ...] = ("depth", "normals", "semantic")
"""Tasks that a head of fixed channels can answer; the others need words for their answers."""


class Prediction(NamedTuple):
    """What the head says of one image.

    Attributes:
        depth_m: (H, W) float32 z in metres.
        normals: (H, W, 3) float32 unit vectors in the paper's frame.
        classes: (H, W) int32 labels of `CLASSES`.
    """

    depth_m: np.ndarray
    normals: np.ndarray
    classes: np.ndarray


class Regressor:
    """A trained regression control.

    Args:
        weights: Name of shipped weights or the path of a .safetensors file.

    Raises:
        InputError: There are no such weights, or they paint pictures.
        DataError: They are damaged.
    """

    def __init__(self, weights: str | Path = "regression") -> None:
        tensors, told = read_weights(weights)
        config = read_story(told, weights).network
        if config.outputs != CHANNELS:
            raise InputError(f"the weights {str(weights)!r} paint pictures: load them with Mini")
        with torch.random.fork_rng(devices=[]):  # its weights are drawn, then replaced
            network = Network(config)
        self.network = load_weights(network, tensors, weights).eval()

    @torch.inference_mode()
    def predict(self, image: np.ndarray, *, depth: str, normals: str, semantic: str) -> Prediction:
        """Read an image.

        Args:
            image: (H, W, 3) uint8 of any size.
            depth: The instruction for depth.
            normals: The instruction for normals.
            semantic: The instruction for classes; whatever it names, all of `CLASSES` are told apart.
        """
        text = text_batch([tokenize(prompt) for prompt in (depth, normals, semantic)])
        small = signed(fit(image, self.network.config)[None]).expand(3, -1, -1, -1)
        ones = torch.ones(3)
        of_depth, of_normals, of_classes = self.network(
            torch.zeros_like(small), ones, small, ones, text
        ).free.numpy()
        vectors = np.moveaxis(of_normals[1:4], 0, -1)
        length = np.linalg.norm(vectors, axis=-1, keepdims=True).clip(1e-6)
        return Prediction(
            np.exp(of_depth[0]), vectors / length, of_classes[4:].argmax(axis=0).astype(np.int32)
        )
