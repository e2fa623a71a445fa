"""Several draws of one answer: what they have in common, how far apart they are, and what to make of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.metrics import sample_coverage, sparsification
from vbanalysis.studies.heads.answers import CODEC, Draws, log_metres
from vbanalysis.studies.questions import CAP_M

POOLS = {
    "one draw": "the mean over draws of each draw's own figure",
    "best, told by the truth": "the draw of least AbsRel: a bound, for no one knows it",
    "best, by residual": "the draw whose colours lie nearest to the walk",
    "best, by agreement": "the draw that is nearest to all others, in log metres",
    "mean of colours": "averaged as pictures, then decoded",
    "mean of metres": "decoded, then averaged",
    "mean of log metres": "decoded, then averaged in logarithms",
    "median": "decoded, then the middle one of each pixel",
}
"""What can be made of several draws, and how."""


class Spread(NamedTuple):
    """Bias and variance of one image's depth over draws, in log metres, and whether the spread tells it.

    Attributes:
        error: Mean over draws and pixels of the squared error; `bias + variance`.
        bias: Squared error of the mean over draws, less what chance adds to it.
        variance: Of a draw about the mean of all possible ones.
        rgb_sd: Root of the variance of the colours, in /255.
        coverage: Share of pixels whose truth lies within the range of the draws.
        expected: That share if truth and draws were of one distribution.
        rank: Spearman's correlation of spread and error over pixels; NaN where either is constant.
        ause: `Sparsification.ause` of the spread.
        random: The same of an order by chance.
    """

    error: float
    bias: float
    variance: float
    rgb_sd: float
    coverage: float
    expected: float
    rank: float
    ause: float
    random: float


def spread(depth_m: np.ndarray, true_m: np.ndarray, rgb: np.ndarray | None = None) -> Spread:
    """Split the error of several draws.

    Args:
        depth_m: (S, H, W) metres, two draws or more.
        true_m: (H, W) metres; depths that do not count drop out.
        rgb: (S, H, W, 3) uint8 of the draws, or None.

    Raises:
        InputError: There are fewer than two draws, or no depth counts.
    """
    from scipy.stats import spearmanr

    with np.errstate(invalid="ignore"):
        known = (true_m > CAP_M[0]) & (true_m <= CAP_M[1])
    if len(depth_m) < 2 or not known.any():
        raise InputError(f"expected two draws or more and known depths, got {len(depth_m)} and {known.sum()}")
    draws, truth = log_metres(depth_m)[:, known], np.log(true_m[known].astype(np.float64))
    variance = draws.var(axis=0, ddof=1)
    error = ((draws - truth) ** 2).mean(axis=0)
    wrong, doubt = np.abs(draws.mean(axis=0) - truth), np.sqrt(variance)
    covered, sorted_by = sample_coverage(draws, truth), sparsification(wrong, doubt)
    rank = float(spearmanr(doubt, wrong).statistic) if np.ptp(doubt) > 0 and np.ptp(wrong) > 0 else np.nan
    colours = np.nan
    if rgb is not None:
        colours = float(np.sqrt(rgb[:, known].astype(np.float64).var(axis=0, ddof=1).mean()))
    return Spread(
        float(error.mean()),
        float((error - variance).mean()),
        float(variance.mean()),
        colours,
        covered.share,
        covered.expected,
        rank,
        sorted_by.ause,
        sorted_by.random,
    )


def pooled(draws: Draws, place: int, true_m: np.ndarray) -> dict[str, np.ndarray]:
    """One depth map from several draws of an image, in each way of `POOLS` but the first.

    Args:
        draws: Of a head; one that paints no picture has no residual and no mean of colours.
        place: Which of its images.
        true_m: (H, W) metres, for the bound.

    Returns:
        (H, W) metres by the name of the way.
    """
    depth = np.clip(draws.values[:, place].astype(np.float64), *CAP_M)
    logs = np.log(depth)
    with np.errstate(invalid="ignore"):
        known = (true_m > CAP_M[0]) & (true_m <= CAP_M[1])
    absrel = [float((np.abs(each[known] - true_m[known]) / true_m[known]).mean()) for each in depth]
    apart = np.abs(logs[:, None] - logs[None]).mean(axis=(1, 2, 3))
    found = {
        "best, told by the truth": depth[int(np.argmin(absrel))],
        "best, by agreement": depth[int(apart.argmin())],
        "mean of metres": depth.mean(axis=0),
        "mean of log metres": np.exp(logs.mean(axis=0)),
        "median": np.median(depth, axis=0),
    }
    if draws.rgb is not None:
        pictures = draws.rgb[:, place]
        residual = CODEC.decode(pictures).residual.mean(axis=(1, 2))
        found["best, by residual"] = depth[int(residual.argmin())]
        mean = pictures.astype(np.float64).mean(axis=0) / 255
        found["mean of colours"] = np.clip(CODEC.decode(mean).depth_m, *CAP_M)
    return {way: found[way] for way in POOLS if way in found}
