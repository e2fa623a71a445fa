"""The exact map of what the colour half-way between two depths reads as."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vbanalysis.codecs import DepthCodec, mix_depths
from vbanalysis.codecs.mixtures import THIRD, TOLERANCE, sides
from vbanalysis.studies.heads.answers import CODEC
from vbanalysis.studies.heads.published import OFF_CODE

LEAST_RATIO = 1.25
"""Of far to near, from which two depths count as a pair."""


class MixingMap(NamedTuple):
    """Mixtures of all pairs of depths.

    Attributes:
        near_m: (n,) metres.
        far_m: (n,) metres, the same.
        sides: (n, n) of `codecs.SIDES`, near by far, where every colour is read as the nearest depth.
        refused: (n, n) bool, where the codec's own setting, grey for what is unknown, gives no depth.
        residual: (n, n) how far the mixture lies off the walk, in /255.
    """

    near_m: np.ndarray
    far_m: np.ndarray
    sides: np.ndarray
    refused: np.ndarray
    residual: np.ndarray

    def shares(self) -> dict[str, float]:
        """Of the pairs that are at least `LEAST_RATIO` apart, evenly in logarithms.

        Returns:
            `third` reads as a depth outside both; `refused` would be unknown to the codec as it comes;
            `third and refused` is both; `third off the code` is farther than `OFF_CODE` from the walk, as a
            share of the third depths.
        """
        pairs = self.far_m[None] / self.near_m[:, None] > LEAST_RATIO
        third = pairs & (self.sides == THIRD)
        return {
            "third": float(third.sum() / pairs.sum()),
            "refused": float((self.refused & pairs).sum() / pairs.sum()),
            "third and refused": float((self.refused & third).sum() / pairs.sum()),
            "third off the code": float((self.residual[third] > OFF_CODE).mean()),
        }


def mixing_map(low_m: float = 0.3, high_m: float = 60.0, n: int = 240, share: float = 0.5) -> MixingMap:
    """Mix every two depths of a range.

    Args:
        low_m: The least depth.
        high_m: The greatest.
        n: Depths, evenly in logarithms.
        share: Of the farther one's colour.
    """
    depth = np.geomspace(low_m, high_m, n)
    near, far = np.minimum(depth[:, None], depth), np.maximum(depth[:, None], depth)
    read = mix_depths(near, far, share, CODEC)
    refused = ~mix_depths(near, far, share, DepthCodec()).valid
    return MixingMap(depth, depth, sides(read.depth_m, near, far, TOLERANCE), refused, read.residual)
