"""What an ideal head says of a pixel whose depth is not certain: algebra over the code, without any training.

A head that is trained perfectly gives what its loss asks for. Squared error asks for the mean of what the
depth may be, absolute error for its median, in whatever the head gives: metres, log metres, colours. A flow
asks for more: its first guess is the mean of the colours, and each further step is the mean of those that the
picture so far leaves open, until one is left.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from vbanalysis.codecs import DepthCodec
from vbanalysis.errors import InputError
from vbanalysis.mini.sampling import noise_levels

LOSSES = {
    "mean log": "squared error of log metres",
    "median log": "absolute error of log metres",
    "mean colour": "squared error of colours, and a flow of one step",
    "median colour": "absolute error of each channel, which mini's answers are learnt by",
}
"""What a loss asks of a head that answers once."""

_CODEC = DepthCodec(nan_colour=None)
"""Every colour is read as the nearest depth: what becomes of a mixture is what is asked."""


class Belief(NamedTuple):
    """What the depth of a pixel may be.

    Attributes:
        depth_m: (K,) metres, above 0 and finite.
        weight: (K,) how likely each is; sums to 1.
    """

    depth_m: np.ndarray
    weight: np.ndarray


class Said(NamedTuple):
    """One answer.

    Attributes:
        rgb: (3,) float64 colours in [0, 1]; of a head of numbers, the colour of its depth.
        depth_m: What it decodes to.
        residual: How far it lies off the walk, in /255.
    """

    rgb: np.ndarray
    depth_m: float
    residual: float


def two_depths(near_m: float, far_m: float, share_far: float) -> Belief:
    """The belief of a pixel on an edge: far with this probability, else near.

    Raises:
        InputError: The depths are not positive and finite, or the share is not in [0, 1].
    """
    if not (0 < near_m < np.inf and 0 < far_m < np.inf and 0 <= share_far <= 1):
        raise InputError(
            f"expected two depths above 0 and a share in [0, 1], got {near_m}, {far_m}, {share_far}"
        )
    return Belief(np.array([near_m, far_m], float), np.array([1 - share_far, share_far], float))


def any_scale(low_m: float, high_m: float, n: int = 401) -> Belief:
    """The belief where nothing tells the scale: log metres spread evenly from low to high.

    Raises:
        InputError: The ends are not positive, finite and in order, or `n` is below 2.
    """
    if not (0 < low_m < high_m < np.inf and n >= 2):
        raise InputError(
            f"expected 0 < low_m < high_m and at least 2 depths, got {low_m}, {high_m} and n={n}"
        )
    return Belief(np.geomspace(low_m, high_m, n), np.full(n, 1 / n))


def ideal_answers(belief: Belief) -> dict[str, Said]:
    """What each loss of `LOSSES` asks for.

    Examples:
        >>> said = ideal_answers(two_depths(1.0, 12.0, 0.4))
        >>> {loss: round(each.depth_m, 2) for loss, each in said.items()}
        {'mean log': 2.7, 'median log': 1.0, 'mean colour': 0.64, 'median colour': 1.0}
    """
    colours = _CODEC.encode(belief.depth_m, dtype="float64")
    logs = np.log(belief.depth_m)
    median = np.array([_median(channel, belief.weight) for channel in colours.T])
    return {
        "mean log": _of_depth(np.exp(belief.weight @ logs)),
        "median log": _of_depth(np.exp(_median(logs, belief.weight))),
        "mean colour": _of_colour(belief.weight @ colours),
        "median colour": _of_colour(median),
    }


def ideal_flow(belief: Belief, steps: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Samples of a flow that is trained perfectly, taken in the steps that `mini` takes.

    The mean of the clean colours that a noisy one leaves open has a closed form where they are a finite set:
    each weighs as much as it is likely to have become this noisy one.

    Args:
        belief: Of one pixel.
        steps: Evaluations.
        n: Samples.
        rng: Of the noise.

    Returns:
        (n,) metres, each sample's colour decoded.
    """
    if steps < 1 or n < 1:
        raise InputError(f"expected at least 1 step and 1 sample, got {steps} and {n}")
    colours = 2 * _CODEC.encode(belief.depth_m, dtype="float64") - 1
    with np.errstate(divide="ignore"):
        prior = np.log(belief.weight)

    def guess(noisy: np.ndarray, level: float) -> np.ndarray:
        squared = ((noisy[:, None] - (1 - level) * colours) ** 2).sum(axis=-1)
        logits = prior - squared / (2 * level**2)
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        return (weights / weights.sum(axis=1, keepdims=True)) @ colours

    noisy, levels = rng.standard_normal((n, 3)), noise_levels(steps)
    for level, following in itertools.pairwise(levels):
        picture = guess(noisy, level)
        noisy = picture + (noisy - picture) * (following / level)
    picture = guess(noisy, levels[-1])
    return np.asarray(_CODEC.decode(np.clip((picture + 1) / 2, 0, 1)).depth_m)


def _of_depth(depth_m: float) -> Said:
    return Said(_CODEC.encode(np.array(depth_m), dtype="float64"), float(depth_m), 0.0)


def _of_colour(rgb: np.ndarray) -> Said:
    result = _CODEC.decode(rgb)
    return Said(rgb, float(result.depth_m), float(result.residual))


def _median(values: np.ndarray, weight: np.ndarray) -> float:
    """The least of the values that has at least half of the weight up to it; the middle of two at a tie."""
    order = np.argsort(values, kind="stable")
    share = weight[order].cumsum() / weight.sum()
    k = int((share < 0.5 - 1e-12).sum())
    if abs(share[k] - 0.5) <= 1e-12 and k + 1 < len(order):
        return float((values[order[k]] + values[order[k + 1]]) / 2)
    return float(values[order[k]])
