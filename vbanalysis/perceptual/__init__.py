"""Networks that look at pictures for a figure: features, agreement with a text, distance of two pictures.

Each comes from a spec string through `vbanalysis.plugins`: extractors such as `mini-judge` or
`transformers:facebook/dinov2-base`, scores such as `clipscore:openai/clip-vit-base-patch32`. A figure is
worth no more than its network, so that each says in its `protocol` which one it is. Their weights are the
user's download, but for the embedded judge's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np

__all__ = ["Extractor", "PictureDistance", "TextImageScore"]


@runtime_checkable
class Extractor(Protocol):
    """Turns pictures into features, whose distributions FID and KID compare.

    Attributes:
        name: Of the network, to be printed beside each figure.
        protocol: One line: which features, and how pictures are brought to the network.
        batch: Pictures at once.
    """

    name: str
    protocol: str
    batch: int

    def features(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """(n, D) float64 of n pictures, each (h, w, 3) uint8 of any size."""
        ...


@runtime_checkable
class TextImageScore(Protocol):
    """How well pictures agree with prompts; more is better.

    Attributes:
        name: Of the column.
        protocol: One line: which network, and what is computed.
    """

    name: str
    protocol: str

    def score(self, pictures: Sequence[np.ndarray], prompts: Sequence[str]) -> np.ndarray:
        """(n,) float64 of n (h, w, 3) uint8 pictures and as many prompts."""
        ...


@runtime_checkable
class PictureDistance(Protocol):
    """How far pictures are from others, as people see it; 0 for equal ones.

    Attributes:
        name: Of the column.
        protocol: One line: which network, and what is computed.
    """

    name: str
    protocol: str

    def distance(self, pictures: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> np.ndarray:
        """(n,) float64 of n (h, w, 3) uint8 pictures and as many others of the same sizes."""
        ...
