"""The heads as they answer: several draws where there is noise, one where there is none, all as numbers."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from vbanalysis.codecs import DepthCodec, NormalCodec
from vbanalysis.errors import InputError
from vbanalysis.instructions import depth_prompt, normals_prompt
from vbanalysis.mini.model import Mini
from vbanalysis.mini.regression import CHANNELS, Prediction, Regressor
from vbanalysis.mini.weights import read_story, read_weights
from vbanalysis.studies.questions import CAP_M

CODEC = DepthCodec(nan_colour=None)
"""Every colour is read as the nearest depth: what becomes of a mixture is what is asked."""

DEPTH_WORDS = depth_prompt().text
NORMALS_WORDS = normals_prompt().text


class Draws(NamedTuple):
    """Answers of one head to Q images, S times each.

    Attributes:
        values: (S, Q, H, W) float32 metres, or (S, Q, H, W, 3) float32 unit normals.
        rgb: (S, Q, H, W, 3) uint8, what was painted; None of a head of numbers.
    """

    values: np.ndarray
    rgb: np.ndarray | None

    def __len__(self) -> int:
        """Draws of each image."""
        return len(self.values)


class Head(Protocol):
    """Anyone who reads depth and normals."""

    paints: bool

    def depth(self, images: Sequence[np.ndarray], draws: int = 1, steps: int = 1) -> Draws:
        """Metres of each image."""
        ...

    def normals(self, images: Sequence[np.ndarray], draws: int = 1, steps: int = 1) -> Draws:
        """Normals of each image."""
        ...


class PaintingHead:
    """A generator that paints its answers; draw s of image k has the seed 1000 s + k.

    Args:
        weights: As `Mini` takes them.
    """

    paints = True

    def __init__(self, weights: str | Path) -> None:
        self._mini = Mini(weights)

    def depth(self, images: Sequence[np.ndarray], draws: int = 1, steps: int = 1) -> Draws:
        """Paint depth and decode it."""
        rgb = self._paint(images, DEPTH_WORDS, draws, steps)
        return Draws(CODEC.decode(rgb).depth_m, rgb)

    def normals(self, images: Sequence[np.ndarray], draws: int = 1, steps: int = 1) -> Draws:
        """Paint normals and decode them."""
        rgb = self._paint(images, NORMALS_WORDS, draws, steps)
        return Draws(NormalCodec(tolerance=None).decode(rgb).normals, rgb)

    def _paint(self, images: Sequence[np.ndarray], words: str, draws: int, steps: int) -> np.ndarray:
        if not len(images) or draws < 1:
            raise InputError(f"expected at least one image and one draw, got {len(images)} and {draws}")
        mini = copy.copy(self._mini)
        mini.steps = steps
        seeds = [1000 * draw + place for draw in range(draws) for place in range(len(images))]
        painted = mini.sample_many([*images] * draws, [words] * len(seeds), seeds=seeds)
        return np.stack(painted).reshape(draws, len(images), *painted[0].shape)


class NumberHead:
    """The regression head: it has no noise, so there is one draw, whatever is asked for.

    Args:
        weights: As `Regressor` takes them.
    """

    paints = False

    def __init__(self, weights: str | Path) -> None:
        self._regressor = Regressor(weights)

    def depth(self, images: Sequence[np.ndarray], draws: int = 1, steps: int = 1) -> Draws:
        """Read depth."""
        return Draws(np.stack([self._said(image).depth_m for image in images])[None], None)

    def normals(self, images: Sequence[np.ndarray], draws: int = 1, steps: int = 1) -> Draws:
        """Read normals."""
        return Draws(np.stack([self._said(image).normals for image in images])[None], None)

    def _said(self, image: np.ndarray) -> Prediction:
        return self._regressor.predict(
            image, depth=DEPTH_WORDS, normals=NORMALS_WORDS, semantic="Semantic segmentation."
        )


def head(weights: str | Path) -> Head:
    """The head that some weights have.

    Args:
        weights: Name of shipped weights or the path of a .safetensors file.
    """
    story = read_story(read_weights(weights)[1], weights)
    return NumberHead(weights) if story.network.outputs == CHANNELS else PaintingHead(weights)


def log_metres(depth_m: np.ndarray) -> np.ndarray:
    """Natural logarithm of metres, in float64, clipped to the depths that count."""
    return np.asarray(np.log(np.clip(depth_m.astype(np.float64), *CAP_M)))
