"""Depth edges against their truth: are they there, and are they where they belong.

An edge lies between two neighbouring pixels whose depths differ by more than a ratio, so it does not
depend on the scale: the occluding contours of Depth Pro (Bochkovskii et al. 2024, section 3.3). Two
measures are made of them. `boundary_counts` takes the nearer pixel of each such pair as an edge pixel
and asks how many lie within a radius of one of the other map, with the distances of iBims-1 (Koch et
al. 2018, section 4.3) beside it. `occlusion_f1` is Depth Pro's own figure: pairs against pairs in
four directions, without any radius, weighted over ten ratios.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.metrics._arguments import array_of, check_choice, check_same_shape, each_of, mask_or_all

Pool = Literal["pixels", "images"]

RADII_PX = (0.0, 1.0, 2.0, 4.0, 8.0)
"""How far, in pixels, an edge may be from where it belongs."""

TRUNCATION_PX = 10.0
"""Beyond it a distance counts as this much: iBims-1's."""

OCCLUSION_RATIOS = tuple(np.linspace(1.05, 1.25, 10).tolist())
"""Depth Pro's thresholds; each weighs as much as it is large."""

_NAMES = ("predicted_m", "true_m")


class BoundaryCounts(NamedTuple):
    """What one image contributes to the figures of a data set.

    Attributes:
        radii_px: The radii of the hits.
        predicted_hits: (k,) int64, predicted edge pixels within each radius of a true one.
        true_hits: (k,) int64, true edge pixels within each radius of a predicted one.
        n_predicted: Predicted edge pixels.
        n_true: True edge pixels.
        n_near: Predicted edge pixels nearer than `TRUNCATION_PX` to a true one.
        near_px: Sum of their distances.
        truncated_px: Sum of the truncated distances of all edge pixels of both maps to the other map's.
    """

    radii_px: tuple[float, ...]
    predicted_hits: np.ndarray
    true_hits: np.ndarray
    n_predicted: int
    n_true: int
    n_near: int
    near_px: float
    truncated_px: float


class BoundaryMetrics(NamedTuple):
    """The figures of an image or a data set; all NaN where `n` is 0, for there was no edge to find.

    Attributes:
        precision: By radius, the share of predicted edge pixels that have a true one within it; 0 where
            none was predicted.
        recall: By radius, the share of true edge pixels that have a predicted one within it.
        f1: By radius, the harmonic mean of the two.
        accuracy_px: Mean distance of the predicted edge pixels to the true ones, of those nearer than
            `TRUNCATION_PX`, which it is where there are none: the depth boundary error of iBims-1.
        completeness_px: Mean of the truncated distances from either map to the other.
        n: True edge pixels.
        n_predicted: Predicted edge pixels.
    """

    precision: dict[float, float]
    recall: dict[float, float]
    f1: dict[float, float]
    accuracy_px: float
    completeness_px: float
    n: int
    n_predicted: int


class OcclusionMetrics(NamedTuple):
    """Depth Pro's boundary figures of one image; NaN where `n` is 0.

    Attributes:
        precision: Share of predicted pairs that are true ones, mean over directions and ratios.
        recall: Share of true pairs that were predicted, likewise.
        f1: Mean over ratios of the harmonic mean of the two.
        n: True pairs at the least ratio.
    """

    precision: float
    recall: float
    f1: float
    n: int


def depth_edges(depth_m: np.ndarray, *, ratio: float = 1.25, valid: np.ndarray | None = None) -> np.ndarray:
    """The pixels that stand in front of a neighbour.

    Args:
        depth_m: (H, W) z in metres; inf is farther than all else; NaN, zero and less are unknown.
        ratio: Above 1: how much farther the neighbour above, below, left or right must be.
        valid: (H, W) bool; elsewhere depths are taken as unknown.

    Returns:
        (H, W) bool, True for the nearer pixel of each pair of known pixels.

    Raises:
        InputError: Shapes or types do not fit, or the ratio is not above 1.

    Examples:
        >>> depth_edges(np.array([[1.0, 1.1, 3.0, 3.2, np.inf]])).tolist()
        [[False, True, False, True, False]]
    """
    depth = _depth(depth_m, "depth_m", valid)
    if not 1 < ratio < np.inf:
        raise InputError(f"ratio must be above 1, got {ratio}")
    edges = np.zeros(depth.shape, bool)
    for near, quotient in _pairs(depth):
        edges[near] |= quotient > ratio
    return edges


def boundary_counts(
    predicted_m: np.ndarray,
    true_m: np.ndarray,
    *,
    radii_px: Sequence[float] = RADII_PX,
    ratio: float = 1.25,
    valid: np.ndarray | None = None,
) -> BoundaryCounts:
    """Count the edge pixels of one image, and those that lie where the other map has one too.

    Args:
        predicted_m: (H, W) z in metres or any unit, as in `depth_edges`.
        true_m: (H, W) z in metres; where it is unknown neither map has an edge.
        radii_px: Radii, from 0; distances are Euclidean, a radius itself is within.
        ratio: As in `depth_edges`.
        valid: (H, W) bool; elsewhere neither map has an edge.

    Raises:
        InputError: Shapes, types or settings do not fit.

    Examples:
        >>> near, far = np.full((4, 8), 1.0), np.full((4, 8), 2.0)
        >>> true, late = np.hstack([near, far]), np.hstack([near, near[:, :1], far[:, 1:]])
        >>> boundary_counts(late, true, radii_px=(0, 1)).predicted_hits.tolist()
        [0, 4]
    """
    true = _depth(true_m, _NAMES[1], valid)
    predicted = _depth(predicted_m, _NAMES[0], None)
    check_same_shape(predicted, true, _NAMES)
    radii = tuple(map(float, radii_px))
    if not radii or not all(0 <= radius < np.inf for radius in radii):
        raise InputError(f"radii_px must be numbers from 0, got {radii_px}")
    found = depth_edges(predicted, ratio=ratio, valid=~np.isnan(true))
    real = depth_edges(true, ratio=ratio)
    to_true, to_found = distance_px(real)[found], distance_px(found)[real]
    near = to_true[to_true < TRUNCATION_PX]
    return BoundaryCounts(
        radii,
        np.array([np.count_nonzero(to_true <= radius) for radius in radii]),
        np.array([np.count_nonzero(to_found <= radius) for radius in radii]),
        len(to_true),
        len(to_found),
        len(near),
        float(near.sum()),
        float(sum(np.minimum(away, TRUNCATION_PX).sum() for away in (to_true, to_found))),
    )


def boundary_metrics(images: Iterable[BoundaryCounts], pool: Pool = "images") -> BoundaryMetrics:
    """Score a data set, or one image.

    Args:
        images: What `boundary_counts` gave for each image.
        pool: `"images"` is the mean over images of each figure, where images without a true edge have no
            part; `"pixels"` takes all edge pixels together.

    Raises:
        InputError: `pool` is neither, or the images were counted at different radii.

    Examples:
        >>> true = np.array([[1.0, 1.0, 1.0, 5.0, 5.0]])
        >>> late = np.array([[1.0, 1.0, 1.0, 1.0, 5.0]])
        >>> boundary_metrics([boundary_counts(late, true, radii_px=(0, 1))]).f1
        {0.0: 0.0, 1.0: 1.0}
    """
    check_choice(pool, "pool", get_args(Pool))
    images = each_of(BoundaryCounts, images, "images")
    radii = images[0].radii_px if images else ()
    if any(image.radii_px != radii for image in images):
        raise InputError(f"images were counted at different radii: {sorted({i.radii_px for i in images})}")
    n, n_predicted = (sum(getattr(image, name) for image in images) for name in ("n_true", "n_predicted"))
    rows = [np.array(image[1:], object) for image in images if image.n_true]
    if pool == "pixels" and rows:
        rows = [np.sum([np.array(image[1:], object) for image in images], axis=0)]
    k = len(radii)
    means = np.mean([_figures(row) for row in rows], axis=0) if rows else np.full(3 * k + 2, np.nan)
    precision, recall, f1 = (
        dict(zip(radii, part.tolist(), strict=True)) for part in np.split(means[: 3 * k], 3)
    )
    accuracy, completeness = means[3 * k :].tolist()
    return BoundaryMetrics(precision, recall, f1, accuracy, completeness, n, n_predicted)


def occlusion_f1(
    predicted_m: np.ndarray,
    true_m: np.ndarray,
    *,
    ratios: Sequence[float] = OCCLUSION_RATIOS,
    valid: np.ndarray | None = None,
) -> OcclusionMetrics:
    """Depth Pro's scale-invariant boundary F1 (its `SI_boundary_F1`) of one image.

    For each ratio, a pair of neighbours is an edge to the left, right, top or bottom if its nearer
    pixel is on that side; precision and recall are means over the four directions, of which one without
    any edge counts as 0. Pairs of unknown truth drop out; a pair of unknown prediction is no edge.

    Args:
        predicted_m: (H, W) z in metres or any unit, as in `depth_edges`.
        true_m: (H, W) z in metres.
        ratios: Thresholds above 1; each weighs as much as it is large.
        valid: (H, W) bool; elsewhere nothing is compared.

    Raises:
        InputError: Shapes, types or settings do not fit.

    Examples:
        >>> near, far = np.full((4, 4), 1.0), np.full((4, 4), 2.0)
        >>> around = np.block([[far, far, far], [far, near, far], [far, far, far]])
        >>> occlusion_f1(3 * around, around).f1, occlusion_f1(np.ones_like(around), around).f1
        (1.0, 0.0)
    """
    true = _depth(true_m, _NAMES[1], valid)
    predicted = _depth(predicted_m, _NAMES[0], None)
    check_same_shape(predicted, true, _NAMES)
    weights = np.asarray(ratios, np.float64)
    if weights.ndim != 1 or not weights.size or not np.all((weights > 1) & (weights < np.inf)):
        raise InputError(f"ratios must be numbers above 1, got {ratios}")
    predicted = np.where(np.isnan(true), np.nan, predicted)
    # By direction and ratio: pairs of both maps, of the prediction, of the truth.
    counts = np.zeros((3, 4, len(weights)), np.int64)
    for direction, ((_, p), (_, t)) in enumerate(zip(_pairs(predicted), _pairs(true), strict=True)):
        for k, ratio in enumerate(weights):
            found, real = p > ratio, t > ratio
            counts[:, direction, k] = [np.count_nonzero(each) for each in (found & real, found, real)]
    n = int(counts[2, :, weights.argmin()].sum())
    if not n:
        return OcclusionMetrics(np.nan, np.nan, np.nan, 0)
    precision, recall = (np.mean(counts[0] / np.maximum(counts[k], 1), axis=0) for k in (1, 2))
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-300)
    weights /= weights.sum()
    return OcclusionMetrics(float(weights @ precision), float(weights @ recall), float(weights @ f1), n)


def distance_px(edges: np.ndarray) -> np.ndarray:
    """Euclidean distance of each pixel to the nearest edge pixel; inf where there is none at all."""
    from scipy.ndimage import distance_transform_edt

    if not edges.any():
        return np.full(edges.shape, np.inf)
    return np.asarray(distance_transform_edt(~edges))


def _figures(row: np.ndarray) -> np.ndarray:
    """Precision, recall and F1 at each radius, then accuracy and completeness, of counts with true edges."""
    predicted_hits, true_hits, n_predicted, n_true, n_near, near_px, truncated_px = row
    precision, recall = predicted_hits / max(n_predicted, 1), true_hits / n_true
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-300)
    accuracy = near_px / n_near if n_near else TRUNCATION_PX
    return np.array([*precision, *recall, *f1, accuracy, truncated_px / (n_predicted + n_true)])


def _depth(depth_m: np.ndarray, name: str, valid: np.ndarray | None) -> np.ndarray:
    """Depth as float64 with NaN wherever it is not known."""
    depth = array_of("fiu", depth_m, name).astype(np.float64)
    if depth.ndim != 2:
        raise InputError(f"{name} must be one map (H, W), got shape {depth.shape}")
    with np.errstate(invalid="ignore"):
        depth[~(mask_or_all(valid, depth.shape) & (depth > 0))] = np.nan
    return depth


def _pairs(depth: np.ndarray) -> list[tuple[tuple[slice, slice], np.ndarray]]:
    """For each direction the place of the nearer pixels, and how many times farther the others are."""
    whole, first, last = slice(None), slice(None, -1), slice(1, None)
    pairs = []
    for near, far in (
        ((whole, first), (whole, last)),
        ((whole, last), (whole, first)),
        ((first, whole), (last, whole)),
        ((last, whole), (first, whole)),
    ):
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):  # inf / inf is no edge
            pairs.append((near, depth[far] / depth[near]))
    return pairs
