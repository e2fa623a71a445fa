"""Photographs: what the embedded generator says of pictures that are not of its world."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vbanalysis.codecs import DepthCodec, NormalCodec, PaletteCodec, separated_palette
from vbanalysis.datasets.motorcycle import Motorcycle
from vbanalysis.errors import VbanalysisError
from vbanalysis.instructions import depth_prompt, normals_prompt, semantic_prompt
from vbanalysis.metrics import DepthMetrics, depth_metrics
from vbanalysis.mini.world.graph import CLASSES
from vbanalysis.models import Generator

_PACKAGED = ("astronaut", "chelsea", "coffee", "rocket")
"""Colour photographs that scikit-image carries with it."""


class Photograph(NamedTuple):
    """A photograph.

    Attributes:
        name: What it is called.
        rgb: (H, W, 3) uint8.
        depth_m: (H, W) float32 z in metres, NaN unknown; None where nobody measured it.
    """

    name: str
    rgb: np.ndarray
    depth_m: np.ndarray | None


class Impression(NamedTuple):
    """What a generator says of a photograph, decoded, at its own resolution.

    Attributes:
        depth_m: (h, w) float32.
        normals: (h, w, 3) float32.
        labels: (h, w) int32 labels of `CLASSES`, -1 for none.
    """

    depth_m: np.ndarray
    normals: np.ndarray
    labels: np.ndarray


def photographs() -> list[Photograph]:
    """Those at hand offline: scikit-image's, and the motorcycle with its depth where it was fetched."""
    from skimage import data

    found = [Photograph(name, np.asarray(getattr(data, name)()), None) for name in _PACKAGED]
    try:
        sample = Motorcycle()[0]
    except VbanalysisError:
        return found
    return [*found, Photograph("motorcycle", np.asarray(sample.image), sample.depth_m)]


def impression(generator: Generator, photograph: Photograph) -> Impression:
    """Ask for depth, normals and the generator's own classes."""
    classes = dict(zip(CLASSES, separated_palette(len(CLASSES)), strict=True))
    prompts = [depth_prompt().text, normals_prompt().text, semantic_prompt(classes).text]
    depth, normals, labels = generator.sample_many([photograph.rgb] * 3, prompts, seeds=[0, 0, 0])
    return Impression(
        DepthCodec().decode(depth).depth_m,
        NormalCodec(tolerance=None).decode(normals).normals,
        PaletteCodec(classes).decode(labels).labels,
    )


def depth_marks(photograph: Photograph, said: Impression, cap_m: tuple[float, float]) -> DepthMetrics | None:
    """Score an impression of depth against what was measured; None where nothing was.

    The truth is taken at the middle of each pixel of the generator's picture, so that no depths are mixed.
    """
    if photograph.depth_m is None:
        return None
    height, width = said.depth_m.shape
    rows = ((np.arange(height) + 0.5) * photograph.depth_m.shape[0] / height).astype(int)
    columns = ((np.arange(width) + 0.5) * photograph.depth_m.shape[1] / width).astype(int)
    return depth_metrics(said.depth_m, photograph.depth_m[np.ix_(rows, columns)], cap_m=cap_m)
