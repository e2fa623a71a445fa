"""Parts of a depth map to be scored apart, for `depth_metrics_by_region`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.metrics._arguments import array_of
from vbanalysis.metrics.boundaries import depth_edges, distance_px


def depth_bins(true_m: np.ndarray, limits_m: Sequence[float]) -> dict[str, np.ndarray]:
    """Near and far, by the true depth.

    Args:
        true_m: (H, W) z in metres; what is unknown is in no bin.
        limits_m: Increasing depths, metres, at least two; the last may be inf.

    Returns:
        For each two neighbouring limits, (H, W) bool, True where low < depth <= high, by a name such as
        `"1-2.5 m"`. With inf as the last limit a true depth of inf is in the last bin, though
        `depth_metrics` compares none.

    Raises:
        InputError: Shapes or types do not fit, or the limits do not increase.

    Examples:
        >>> {name: mask.tolist() for name, mask in depth_bins(np.array([[0.5, 1.0, 3.0]]), [0, 1, 5]).items()}
        {'0-1 m': [[True, True, False]], '1-5 m': [[False, False, True]]}
    """
    true = array_of("fiu", true_m, "true_m").astype(np.float64)
    limits = np.asarray(limits_m, np.float64)
    if limits.ndim != 1 or len(limits) < 2 or not limits[0] >= 0 or not np.all(np.diff(limits) > 0):
        raise InputError(f"limits_m must be at least two increasing depths in metres, got {limits_m}")
    return {
        f"{low:g}-{high:g} m": (true > low) & (true <= high)
        for low, high in zip(limits[:-1].tolist(), limits[1:].tolist(), strict=True)
    }


def edge_zones(
    true_m: np.ndarray, *, radius_px: float = 3.0, ratio: float = 1.25, valid: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """At the true depth edges and away from them.

    Args:
        true_m: (H, W) z in metres, as in `depth_edges`.
        radius_px: How far from an edge pixel the zone reaches, from 0; distances are Euclidean.
        ratio: As in `depth_edges`.
        valid: (H, W) bool; elsewhere there is no edge.

    Returns:
        (H, W) bool by `"edges"` and `"away"`; each pixel is in one of the two.

    Raises:
        InputError: Shapes, types or settings do not fit.

    Examples:
        >>> edge_zones(np.array([[1.0, 1.0, 1.0, 5.0, 5.0]]), radius_px=1)["edges"].tolist()
        [[False, True, True, True, False]]
    """
    if not 0 <= radius_px < np.inf:
        raise InputError(f"radius_px must be a number from 0, got {radius_px}")
    near = distance_px(depth_edges(true_m, ratio=ratio, valid=valid)) <= radius_px
    return {"edges": near, "away": ~near}
