"""A reader of layouts, for training alone: what a drawing's features must say of each place.

The squared error of colours hardly tells a black chair from a black table, so a drawing network learns late
what its captions are about. While it learns, a linear reader names from its features, a quarter of the side
across, which class and which colour of thing each place of the clean picture shows. The features learn to
tell; the reader is thrown away. (After Yu et al. 2025, "Representation alignment for generation", who take
another network's features for the truth. Here the renderer has it.)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from vbanalysis.mini.training.exercises import Exercise
from vbanalysis.mini.world.graph import CLASSES, COLOURS

_WORDS = tuple(COLOURS)
_THING = 4.0
"""How much more a place counts that shows things only than one that shows none."""


class LayoutReader(nn.Module):
    """(B, `width`, h, w) features -> (B, classes + colours + 1, h, w) logits; the last is "no thing"."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.read = nn.Conv2d(width, len(CLASSES) + len(_WORDS) + 1, 1)
        nn.init.zeros_(self.read.weight)
        nn.init.zeros_(self.read.bias)  # type: ignore[arg-type]

    def losses(self, features: Tensor, exercises: Sequence[Exercise]) -> Tensor:
        """Cross-entropy of classes and of colours: (B,), 0 for what is no drawing.

        Args:
            features: (B, width, h, w).
            exercises: As many; a drawing's `about` has its scene and view.
        """
        drawn = [k for k, exercise in enumerate(exercises) if exercise.task == "generation"]
        each = features.new_zeros(len(exercises), dtype=torch.float32)
        if not drawn:
            return each
        logits = self.read(features[drawn].float())
        shares = torch.from_numpy(np.stack([layout_shares(exercises[k], features.shape[2:]) for k in drawn]))
        count = len(CLASSES)
        classes = -(logits[:, :count].log_softmax(dim=1) * shares[:, :count]).sum(dim=1)
        colours = -(logits[:, count:].log_softmax(dim=1) * shares[:, count:]).sum(dim=1)
        weight = 1 + _THING * (1 - shares[:, -1])
        weight = weight / weight.mean(dim=(1, 2), keepdim=True)
        return each.index_copy(0, torch.tensor(drawn), ((classes + colours) * weight).mean(dim=(1, 2)))


def layout_shares(exercise: Exercise, shape: Sequence[int]) -> np.ndarray:
    """What each place of a drawing shows: its shares of each class, and of each colour of things.

    Args:
        exercise: A drawing.
        shape: Height and width to which the places are gathered; they divide the picture's.

    Returns:
        (classes + colours + 1, h, w) float32. The classes add up to 1, and so do the colours with the last
        one, which is "no thing".
    """
    scene, view = exercise.about["scene"], exercise.about["view"]
    word = np.array([len(_WORDS), *(_WORDS.index(thing.colour) for thing in scene.things)])
    shown = np.concatenate(
        [
            np.eye(len(CLASSES), dtype=np.float32)[view.classes],
            np.eye(len(_WORDS) + 1, dtype=np.float32)[word[view.instances]],
        ],
        axis=-1,
    )
    height, width = shape
    rows, columns = shown.shape[0] // height, shown.shape[1] // width
    return shown.reshape(height, rows, width, columns, -1).mean(axis=(1, 3)).transpose(2, 0, 1)
