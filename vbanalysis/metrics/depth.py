"""Metric depth against its truth, one image at a time, and what a data set makes of its images.

The field reports the plain mean over images of each figure. Source: Eigen et al. 2014, section 4.2;
the evaluators of BTS and ZoeDepth, whose treatment of caps and of unusable predictions is the default.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple, get_args

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.metrics._arguments import (
    array_of,
    check_cap,
    check_choice,
    check_same_shape,
    each_of,
    mask_or_all,
)
from vbanalysis.metrics._depth_sums import DepthSums, depth_sums
from vbanalysis.metrics.alignment import AlignedDepth, Alignment, Space, align_depth

Unbounded = Literal["clip", "drop"]
Unknown = Literal["miss", "drop"]
Pool = Literal["pixels", "images"]

EIGEN_LAMBDA = 0.5
"""Share of the mean that `silog_eigen` forgives: Eigen et al. 2014, equation 4."""

_NAMES = ("predicted_m", "true_m")


class DepthMetrics(NamedTuple):
    """The figures of one image or of a data set; all NaN where `n` is 0, for nothing was compared.

    With p the prediction, t the truth and d = ln p - ln t at a pixel. What the field calls SILog is one
    of two: `silog` or `silog_eigen`, for any lambda `(silog / 100)**2 + (1 - lambda) * log_bias**2`.

    Attributes:
        delta1: Share of pixels with max(p/t, t/p) < 1.25.
        delta2: The same under 1.25 squared.
        delta3: The same under 1.25 cubed.
        absrel: Mean of |p - t| / t.
        sqrel: Mean of (p - t)^2 / t, metres.
        rmse: Root of the mean of (p - t)^2, metres.
        rmse_log: Root of the mean of d^2.
        log10: Mean of |log10 p - log10 t|.
        silog: 100 times the standard deviation of d: KITTI's definition, in the unit that BTS and the
            KITTI server print. It does not see a factor common to all pixels.
        silog_eigen: Mean of d^2 less `EIGEN_LAMBDA` times the squared mean of d: the definition of
            Eigen et al. 2014, equation 4, whose root the evaluator of Depth Anything V2 prints. It
            sees half of a common factor.
        log_bias: Mean of d: above 0 the prediction is too far, on the whole.
        n: Pixels compared.
        n_unbounded: Pixels of known truth whose prediction was infinite.
        n_unknown: Pixels of known truth whose prediction was NaN, zero or negative.
        scale: The factor that the alignment gave to the prediction; 1 without.
        shift: What the alignment added to it then; 0 without. Metres, or 1/m in disparity.
    """

    delta1: float
    delta2: float
    delta3: float
    absrel: float
    sqrel: float
    rmse: float
    rmse_log: float
    log10: float
    silog: float
    silog_eigen: float
    log_bias: float
    n: int
    n_unbounded: int
    n_unknown: int
    scale: float
    shift: float


FIGURES = DepthMetrics._fields[:11]
"""The names of what is measured, without the counts and the alignment."""


def depth_metrics(
    predicted_m: np.ndarray,
    true_m: np.ndarray,
    *,
    cap_m: tuple[float, float],
    alignment: Alignment = "none",
    space: Space = "depth",
    unbounded: Unbounded = "clip",
    unknown: Unknown = "miss",
    valid: np.ndarray | None = None,
) -> DepthMetrics:
    """Score a depth map over the pixels whose true depth is known and within the cap.

    Args:
        predicted_m: (H, W) z in metres; inf is unbounded, NaN unknown.
        true_m: (H, W) z in metres; NaN, inf, zero and negative depths are no truth and drop out.
        cap_m: `(low, high)` of the benchmark, metres, for instance (1e-3, 10) for NYUv2: truth outside
            (low, high] drops out, predictions are clipped to [low, high] after the alignment.
        alignment: `"none"`, as the paper; or `"median"`, `"scale"`, `"scale_and_shift"`, as in
            `align_depth`, fitted to the pixels that are compared.
        space: Where the alignment is fitted, `"depth"` or `"disparity"`, as in `align_depth`.
        unbounded: Infinite predictions become `high` (`"clip"`) or leave the comparison (`"drop"`).
        unknown: Predictions that are NaN, zero or negative become `low`, which counts as a miss in all
            figures (`"miss"`, as BTS and ZoeDepth do), or leave the comparison (`"drop"`, which
            flatters a model that is silent where it is hard).
        valid: (H, W) bool, for instance the benchmark's crop; elsewhere nothing is compared.

    Raises:
        InputError: Shapes or types do not fit, the cap is no range of positive depths, or infinite
            predictions are to be clipped to an infinite cap.

    Examples:
        >>> true = np.array([[2.0, 4.0, np.nan, 50.0]])
        >>> found = depth_metrics(np.array([[2.0, 5.0, 1.0, 1.0]]), true, cap_m=(1e-3, 10.0))
        >>> found.n, found.delta1, found.delta2, found.absrel
        (2, 0.5, 1.0, 0.125)
    """
    (found,) = depth_metrics_by_region(
        predicted_m,
        true_m,
        {"all": None},
        cap_m=cap_m,
        alignment=alignment,
        space=space,
        unbounded=unbounded,
        unknown=unknown,
        valid=valid,
    ).values()
    return found


def depth_metrics_by_region(
    predicted_m: np.ndarray,
    true_m: np.ndarray,
    regions: Mapping[str, np.ndarray | None],
    *,
    cap_m: tuple[float, float],
    alignment: Alignment = "none",
    space: Space = "depth",
    unbounded: Unbounded = "clip",
    unknown: Unknown = "miss",
    valid: np.ndarray | None = None,
) -> dict[str, DepthMetrics]:
    """Score parts of a depth map: near and far (`depth_bins`), at edges and away from them (`edge_zones`).

    The alignment is that of the whole image; arguments and errors beside `regions` as in `depth_metrics`.

    Args:
        predicted_m: (H, W) z in metres.
        true_m: (H, W) z in metres.
        regions: By name, (H, W) bool, or None for the whole image. They may overlap.
        cap_m: As in `depth_metrics`, and so the rest.
        alignment: Fitted over all regions and beyond.
        space: Where it is fitted.
        unbounded: What becomes of infinite predictions.
        unknown: What becomes of unknown ones.
        valid: (H, W) bool; elsewhere nothing is compared.

    Examples:
        >>> true = np.array([[1.0, 2.0, 8.0]])
        >>> near = {"near": true <= 2, "far": true > 2}
        >>> found = depth_metrics_by_region(true * [1, 1, 1.5], true, near, cap_m=(0.1, 80.0))
        >>> found["near"].absrel, found["far"].absrel, found["far"].n
        (0.0, 0.5, 1)
    """
    predicted, true = array_of("fiu", predicted_m, _NAMES[0]), array_of("fiu", true_m, _NAMES[1])
    check_same_shape(predicted, true, _NAMES)
    check_choice(alignment, "alignment", get_args(Alignment))
    check_choice(space, "space", get_args(Space))
    check_choice(unbounded, "unbounded", get_args(Unbounded))
    check_choice(unknown, "unknown", get_args(Unknown))
    cap = check_cap(cap_m)
    everywhere = mask_or_all(valid, true.shape)
    aligned = AlignedDepth(predicted, 1.0, 0.0)
    if alignment != "none":
        aligned = align_depth(predicted, true, cap_m=cap, alignment=alignment, space=space, valid=everywhere)
    found = {}
    for name, region in regions.items():
        inside = everywhere
        if region is not None:
            inside = everywhere & mask_or_all(region, true.shape, f"the region {name!r}")
        sums = depth_sums(aligned.depth_m, true, inside, cap, unbounded == "drop", unknown == "drop")
        if sums.n_unbounded and unbounded == "clip" and cap[1] == np.inf:
            raise InputError("predicted_m holds inf: give cap_m a finite end to clip to, or unbounded='drop'")
        found[name] = _metrics(sums, aligned.scale, aligned.shift)
    return found


def pool_depth(images: Iterable[DepthMetrics], pool: Pool) -> DepthMetrics:
    """Score a data set.

    Args:
        images: What `depth_metrics` gave for each image.
        pool: `"images"` is the mean over images of each figure, which is what the field reports;
            images without any pixel to compare have no part. `"pixels"` takes each figure over all
            pixels together, so images with dense truth weigh more.

    Returns:
        The figures; counts are sums over images, `scale` and `shift` means over images.

    Raises:
        InputError: `pool` is neither, or there is what `depth_metrics` does not give.

    Examples:
        >>> true = np.array([[1.0, 2.0, 4.0]])
        >>> images = [depth_metrics(true[:, :n] * 1.1, true[:, :n], cap_m=(0.1, 10.0)) for n in (1, 3)]
        >>> [round(pool_depth(images, pool).rmse, 3) for pool in ("images", "pixels")]
        [0.182, 0.235]
    """
    check_choice(pool, "pool", get_args(Pool))
    images = each_of(DepthMetrics, images, "images")
    n_unbounded = sum(image.n_unbounded for image in images)
    n_unknown = sum(image.n_unknown for image in images)
    images = [image for image in images if image.n]
    n = sum(image.n for image in images)
    if not images:
        return _nothing(n_unbounded, n_unknown, 1.0, 0.0)
    table = np.array(images, np.float64)
    means = DepthMetrics(*table.mean(axis=0).tolist())._replace(
        n=n, n_unbounded=n_unbounded, n_unknown=n_unknown
    )
    if pool == "images":
        return means
    by = dict(zip(DepthMetrics._fields, table.T, strict=True))
    weight = by["n"] / n

    def mean(values: np.ndarray) -> float:
        return float(weight @ values)

    log_bias = mean(by["log_bias"])
    variance = mean((by["silog"] / 100) ** 2) + mean((by["log_bias"] - log_bias) ** 2)
    pooled = {name: mean(by[name]) for name in ("delta1", "delta2", "delta3", "absrel", "sqrel", "log10")}
    pooled |= {"rmse": mean(by["rmse"] ** 2) ** 0.5, **_log_figures(variance, log_bias)}
    return DepthMetrics(**{**means._asdict(), **pooled})


def _metrics(sums: DepthSums, scale: float, shift: float) -> DepthMetrics:
    n = sums.n
    if not n:
        return _nothing(sums.n_unbounded, sums.n_unknown, scale, shift)
    return DepthMetrics(
        delta1=sums.under1 / n,
        delta2=sums.under2 / n,
        delta3=sums.under3 / n,
        absrel=sums.relative / n,
        sqrel=sums.squared_relative / n,
        rmse=(sums.squared / n) ** 0.5,
        log10=sums.absolute_log / n / float(np.log(10)),
        **_log_figures(sums.scatter_log / n, sums.mean_log),
        n=n,
        n_unbounded=sums.n_unbounded,
        n_unknown=sums.n_unknown,
        scale=scale,
        shift=shift,
    )


def _nothing(n_unbounded: int, n_unknown: int, scale: float, shift: float) -> DepthMetrics:
    return DepthMetrics(
        **dict.fromkeys(FIGURES, np.nan),
        n=0,
        n_unbounded=n_unbounded,
        n_unknown=n_unknown,
        scale=scale,
        shift=shift,
    )


def _log_figures(variance: float, bias: float) -> dict[str, float]:
    """The figures that follow from the variance and the mean of d, of which neither is a small difference."""
    return {
        "rmse_log": (variance + bias**2) ** 0.5,
        "silog": 100 * variance**0.5,
        "silog_eigen": variance + (1 - EIGEN_LAMBDA) * bias**2,
        "log_bias": bias,
    }
