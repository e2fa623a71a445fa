"""The regression control: the same network, but it answers in numbers, each in a channel, not in pictures.

It is what a specialist's head would be, at the same size and on the same exercises, so that the generator has
something to be compared with.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from vbanalysis.errors import InputError
from vbanalysis.mini.network import Network
from vbanalysis.mini.sampling import fit
from vbanalysis.mini.tokens import text_batch, tokenize
from vbanalysis.mini.training.batches import Batch, signed
from vbanalysis.mini.training.exercises import Exercise
from vbanalysis.mini.training.losses import Losses
from vbanalysis.mini.weights import load_weights, read_config, read_weights
from vbanalysis.mini.world.graph import CLASSES
from vbanalysis.mini.world.render import View
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


def regression_losses(outputs: Tensor, batch: Batch, exercises: Sequence[Exercise]) -> Losses:
    """The loss of the task that each exercise asks for, in the same weights of pixels as the generator's.

    Absolute error of the logarithm of depth where it is finite, absolute error of normals and one minus their
    cosine, cross-entropy of classes.

    Args:
        outputs: (B, `CHANNELS`, H, W).
        batch: The exercises as tensors.
        exercises: The same, with the views that they are about.

    Raises:
        InputError: An exercise is of a task that such a head cannot answer.
    """
    losses = []
    for output, exercise, weight in zip(outputs, exercises, batch.weight, strict=True):
        view: View = exercise.about["view"]
        if exercise.task == "depth":
            error = (output[0] - torch.from_numpy(np.log(view.depth_m))).abs()
            known = torch.from_numpy(np.isfinite(view.depth_m))
            losses.append((torch.where(known, error, 0.0) * weight).mean())
        elif exercise.task == "normals":
            normals = torch.from_numpy(view.normals).permute(2, 0, 1)
            known = torch.isfinite(normals[0])
            error = (output[1:4] - normals).abs().mean(dim=0)
            turned = 1 - F.cosine_similarity(output[1:4], normals, dim=0)
            losses.append((torch.where(known, error + turned, 0.0) * weight).mean())
        elif exercise.task == "semantic":
            labels = torch.from_numpy(view.classes.astype(np.int64))
            losses.append(
                (F.cross_entropy(output[None, 4:], labels[None], reduction="none")[0] * weight).mean()
            )
        else:
            raise InputError(f"a regression head cannot answer {exercise.task!r}: use {', '.join(ANSWERED)}")
    each = torch.stack(losses)
    return Losses(each.mean(), each.detach())


class Regressor:
    """A trained regression control.

    Args:
        weights: Name of shipped weights or the path of a .safetensors file.

    Raises:
        InputError: There are no such weights, or they paint pictures.
        DataError: They are damaged.
    """

    def __init__(self, weights: str | Path = "regression") -> None:
        tensors, self.told = read_weights(weights)
        config = read_config(self.told, weights)
        if config.outputs != CHANNELS:
            raise InputError(f"the weights {str(weights)!r} paint pictures: load them with Mini")
        with torch.random.fork_rng(devices=[]):
            network = Network(config)
        self.network = load_weights(network, tensors, weights).eval()

    @torch.inference_mode()
    def predict(self, image: np.ndarray, prompts: Sequence[str]) -> Prediction:
        """Read an image.

        Args:
            image: (H, W, 3) uint8 of any size.
            prompts: Three: the instructions for depth, for normals and for classes.
        """
        small = signed(fit(image, self.network.config.size)[None]).expand(len(prompts), -1, -1, -1)
        ones = torch.ones(len(prompts))
        text = text_batch([tokenize(prompt) for prompt in prompts])
        outputs = self.network(torch.zeros_like(small), ones, small, ones, text).free.numpy()
        depth, normals, classes = outputs[0][0], outputs[1][1:4], outputs[2][4:]
        length = np.linalg.norm(normals, axis=0).clip(1e-6)
        return Prediction(
            np.exp(depth), np.moveaxis(normals / length, 0, -1), classes.argmax(axis=0).astype(np.int32)
        )


def blank(batch: Batch) -> Batch:
    """The batch without noise: a regression head starts from nothing, at the highest level."""
    return batch._replace(
        target=torch.zeros_like(batch.target),
        noise=torch.zeros_like(batch.noise),
        level=torch.ones_like(batch.level),
    )
