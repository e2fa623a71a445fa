"""Surface normals against their truth: angles, pooled over pixels or averaged over images.

Source: Fouhey et al. 2013; the evaluators of DSINE (pixels of the whole data set in one pool) and of
Marigold and Metric3D (figures of each image, then their mean). `pool_normals` keeps all pixels;
`vbanalysis.metrics.normal_pool` pools them in a size that does not grow.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple, get_args

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.metrics._arguments import array_of, check_choice, check_same_shape, each_of, mask_or_all

Pool = Literal["pixels", "images"]
Unknown = Literal["miss", "drop"]

UNDER_DEG = (5.0, 7.5, 11.25, 22.5, 30.0)
"""The field's thresholds, degrees."""

MISS_DEG = 90.0
"""What a missing normal is charged with: the mean error of a direction drawn at random."""


class NormalErrors(NamedTuple):
    """What one image contributes to the figures of a data set.

    Attributes:
        errors_deg: (n,) float32, the angle at each pixel compared, degrees.
        n_unknown: Pixels of known truth that had no predicted normal.
    """

    errors_deg: np.ndarray
    n_unknown: int


class NormalMetrics(NamedTuple):
    """The figures of an image or a data set; all NaN where `n` is 0, for nothing was compared.

    Attributes:
        mean_deg: Mean angle, degrees.
        median_deg: Median angle.
        rmse_deg: Root of the mean squared angle.
        under_5: Share of pixels with an angle under 5 degrees; the next four likewise.
        under_7_5: Under 7.5 degrees.
        under_11_25: Under 11.25 degrees.
        under_22_5: Under 22.5 degrees.
        under_30: Under 30 degrees.
        n: Pixels compared, in all images together.
        n_unknown: Pixels of known truth that had no predicted normal.
    """

    mean_deg: float
    median_deg: float
    rmse_deg: float
    under_5: float
    under_7_5: float
    under_11_25: float
    under_22_5: float
    under_30: float
    n: int
    n_unknown: int


def angular_error_deg(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """The angle between two normals, as the arctangent of their cross and dot products.

    It equals the field's arccos(clip(dot, -1, 1)), and stays exact where that loses its digits, near
    0 and 180 degrees.

    Args:
        predicted: (..., 3) floats, unit vectors (to 1 %); NaN and zero vectors are unknown.
        true: The same, in the same frame.

    Returns:
        (...) float64 degrees in [0, 180]; NaN where either vector is unknown.

    Raises:
        InputError: Shapes or types do not fit, or vectors are neither unit nor unknown.

    Examples:
        >>> angular_error_deg(np.array([[0.0, 0, 1], [0, 0, 0]]), np.array([[0.0, 1, 0], [0, 0, 1]])).tolist()
        [90.0, nan]
    """
    return _angles(*_pair(predicted, true))


def _angles(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    known = np.isfinite(predicted[..., 0]) & np.isfinite(true[..., 0])
    (px, py, pz), (tx, ty, tz) = predicted[known].T, true[known].T
    cross = np.sqrt((py * tz - pz * ty) ** 2 + (pz * tx - px * tz) ** 2 + (px * ty - py * tx) ** 2)
    angles = np.full(known.shape, np.nan)
    angles[known] = np.degrees(np.arctan2(cross, px * tx + py * ty + pz * tz))
    return angles


def normal_errors(
    predicted: np.ndarray,
    true: np.ndarray,
    *,
    unknown: Unknown = "miss",
    valid: np.ndarray | None = None,
) -> NormalErrors:
    """The angles of one image, over the pixels whose true normal is known.

    Args:
        predicted: (H, W, 3) unit vectors, as in `angular_error_deg`.
        true: (H, W, 3) unit vectors in the same frame.
        unknown: Where there is no predicted normal, charge `MISS_DEG` (`"miss"`) or leave the pixel
            out (`"drop"`, which flatters a model that is silent where it is hard).
        valid: (H, W) bool; elsewhere nothing is compared.

    Raises:
        InputError: As `angular_error_deg`; or `valid` or `unknown` is at fault.

    Examples:
        >>> tilted, facing = np.array([[[0, 0.6, 0.8]]]), np.array([[[0, 0, 1.0]]])
        >>> [f"{angle:.2f}" for angle in normal_errors(tilted, facing).errors_deg]
        ['36.87']
    """
    check_choice(unknown, "unknown", get_args(Unknown))
    predicted, true = _pair(predicted, true)
    compared = mask_or_all(valid, true.shape[:-1]) & np.isfinite(true[..., 0])
    errors = _angles(predicted, true)[compared].astype(np.float32)
    missing = np.isnan(errors)
    errors = errors[~missing] if unknown == "drop" else np.where(missing, np.float32(MISS_DEG), errors)
    return NormalErrors(errors, int(missing.sum()))


def normal_metrics(
    predicted: np.ndarray,
    true: np.ndarray,
    *,
    unknown: Unknown = "miss",
    valid: np.ndarray | None = None,
) -> NormalMetrics:
    """Score the normals of one image.

    Args:
        predicted: As in `normal_errors`.
        true: As in `normal_errors`.
        unknown: As in `normal_errors`.
        valid: As in `normal_errors`.

    Raises:
        InputError: As `normal_errors`.

    Examples:
        >>> facing = np.broadcast_to([0.0, 0.0, 1.0], (2, 2, 3))
        >>> normal_metrics(facing, facing).under_5
        1.0
    """
    return pool_normals([normal_errors(predicted, true, unknown=unknown, valid=valid)], "pixels")


def pool_normals(images: Iterable[NormalErrors], pool: Pool) -> NormalMetrics:
    """Score a data set.

    Args:
        images: What `normal_errors` gave for each image; four bytes a pixel are kept.
        pool: `"pixels"` takes each figure over all pixels together (DSINE), so large images weigh
            more; `"images"` is the mean over images of each figure (Marigold, Metric3D), where images
            without any pixel to compare have no part.

    Raises:
        InputError: `pool` is neither.

    Examples:
        >>> right, wrong = (NormalErrors(np.full(n, deg, np.float32), 0) for n, deg in ((3, 0), (1, 8)))
        >>> [pool_normals([right, wrong], how).mean_deg for how in ("pixels", "images")]
        [2.0, 4.0]
    """
    check_choice(pool, "pool", get_args(Pool))
    images = [checked_errors(image) for image in each_of(NormalErrors, images, "images")]
    rows = [image.errors_deg for image in images if len(image.errors_deg)]
    n_unknown = sum(image.n_unknown for image in images)
    if pool == "pixels" and rows:
        rows = [np.concatenate(rows)]
    each = [as_metrics(_figures(row), len(row), 0) for row in rows]
    return mean_normals(each)._replace(n_unknown=n_unknown)


def mean_normals(images: Iterable[NormalMetrics]) -> NormalMetrics:
    """The mean over images of each figure (Marigold, Metric3D): `pool_normals` by `"images"`, of figures.

    Args:
        images: What `normal_metrics` gave for each image; those without any pixel have no part.

    Raises:
        InputError: There is what `normal_metrics` does not give.

    Examples:
        >>> facing = np.broadcast_to([0.0, 0.0, 1.0], (2, 2, 3))
        >>> mean_normals([normal_metrics(facing, facing), normal_metrics(-facing, facing)]).mean_deg
        90.0
    """
    images = each_of(NormalMetrics, images, "images")
    rows = [image[:8] for image in images if image.n]
    means = np.mean(rows, axis=0) if rows else np.full(8, np.nan)
    n, n_unknown = sum(image.n for image in images), sum(image.n_unknown for image in images)
    return as_metrics(means.tolist(), n, n_unknown)


def checked_errors(errors: NormalErrors) -> NormalErrors:
    """The errors, held to be angles: NaN compares as False."""
    angles = np.asarray(errors.errors_deg)
    if angles.ndim != 1 or angles.dtype.kind != "f" or not np.all((angles >= 0) & (angles <= 180)):
        raise InputError(
            "errors_deg must be a row of angles from 0 to 180 degrees, as normal_errors gives, "
            f"got {angles.dtype} of shape {angles.shape}"
        )
    return errors


def as_metrics(figures: list[float], n: int, n_unknown: int) -> NormalMetrics:
    """The eight figures in the order of `NormalMetrics`, with the counts."""
    return NormalMetrics(
        **dict(zip(NormalMetrics._fields[:8], figures, strict=True)), n=n, n_unknown=n_unknown
    )


def _figures(errors_deg: np.ndarray) -> list[float]:
    """The eight figures of a row of angles, in the order of `NormalMetrics`."""
    root_mean_square = np.sqrt(np.mean(errors_deg.astype(np.float64) ** 2))
    shares = [np.mean(errors_deg < threshold) for threshold in UNDER_DEG]
    figures = [np.mean(errors_deg, dtype=np.float64), np.median(errors_deg), root_mean_square, *shares]
    return [float(figure) for figure in figures]


def _pair(predicted: np.ndarray, true: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    predicted, true = _vectors(predicted, "predicted"), _vectors(true, "true")
    check_same_shape(predicted, true, ("predicted", "true"))
    return predicted, true


def _vectors(normals: np.ndarray, name: str) -> np.ndarray:
    """Float64 vectors of about unit length, with NaN in all components of the unknown ones."""
    vectors = array_of("f", normals, name).astype(np.float64)
    if vectors.shape[-1:] != (3,):
        raise InputError(f"{name} must be (..., 3) vectors, got shape {vectors.shape}")
    with np.errstate(over="ignore", invalid="ignore"):
        squared = np.sum(vectors**2, axis=-1)
        wrong = np.abs(squared - 1) > 0.02
    unknown = np.isnan(squared) | (squared == 0)
    if np.any(wrong & ~unknown):
        raise InputError(
            f"{name} holds {int(np.sum(wrong & ~unknown))} vectors that are not of length 1: "
            "divide by their length; mark unknown ones with NaN"
        )
    vectors[unknown] = np.nan
    return vectors
