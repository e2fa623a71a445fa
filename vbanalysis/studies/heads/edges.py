"""Pixels at depth edges: on the near side, on the far side, between, or at a third depth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from vbanalysis.codecs import sides
from vbanalysis.codecs.mixtures import BETWEEN, FAR, NEAR, SIDES, THIRD
from vbanalysis.errors import InputError
from vbanalysis.stats import mean_estimate
from vbanalysis.studies.heads.answers import Draws

RATIO = 1.5
"""Of far to near, from which an edge counts: well above the tolerance of `sides`."""

_LEVEL = 1.05


class EdgePixels(NamedTuple):
    """Pixels of one map that lie at an edge, with the depths of its two sides.

    Attributes:
        at: (H, W) bool.
        near_m: (n,) metres of the nearer side, pixel by pixel of `at` in reading order.
        far_m: (n,) metres of the farther side.
    """

    at: np.ndarray
    near_m: np.ndarray
    far_m: np.ndarray


def level_edges(depth_m: np.ndarray, reach_px: int = 2, ratio: float = RATIO) -> EdgePixels:
    """Pixels between two level sides of a map without truth, along a row or a column.

    A side is level if the two pixels `reach_px` and one more away differ by less than 5 %. Both sides are the
    map's own, so what is asked is whether it says something else on the way from one to the other.

    Args:
        depth_m: (H, W) metres.
        reach_px: Pixels from the one in the middle to its sides.
        ratio: Of the sides, above 1.
    """
    if reach_px < 1 or min(depth_m.shape) < 2 * reach_px + 3:
        raise InputError(f"a map of {depth_m.shape} has no pixels {reach_px + 1} away on either side")
    near, far = (np.full(depth_m.shape, value) for value in (np.nan, np.nan))
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(depth_m.astype(np.float64))
    for axis in (0, 1):
        along = np.moveaxis(logs, axis, 0)
        size, edge = len(along), reach_px + 1
        before, beyond = along[1 : size - 2 * edge + 1], along[: size - 2 * edge]
        after, behind = along[2 * edge - 1 : size - 1], along[2 * edge :]
        with np.errstate(invalid="ignore"):
            found = (
                (np.abs(before - beyond) < np.log(_LEVEL))
                & (np.abs(after - behind) < np.log(_LEVEL))
                & (np.abs(after - before) > np.log(ratio))
            )
        inner = slice(edge, size - edge)
        for kept, values in ((near, np.minimum(before, after)), (far, np.maximum(before, after))):
            target = np.moveaxis(kept, axis, 0)[inner]
            target[found & np.isnan(target)] = np.exp(values[found & np.isnan(target)])
    at = np.isfinite(near) & np.isfinite(far)
    return EdgePixels(at, near[at], far[at])


def side_shares(depth_m: np.ndarray, edges: EdgePixels) -> dict[str, float]:
    """Shares of the edge pixels of a map on each side; NaN where there is none.

    Args:
        depth_m: (H, W) metres.
        edges: Whose.

    Returns:
        By `"near"`, `"far"`, `"between"` and `"third"`; what is unread counts as a third depth.
    """
    placed = sides(depth_m[edges.at], edges.near_m, edges.far_m)
    counts = np.bincount(placed, minlength=len(SIDES)) / len(placed) if len(placed) else np.full(5, np.nan)
    return {
        "near": float(counts[NEAR]),
        "far": float(counts[FAR]),
        "between": float(counts[BETWEEN]),
        "third": float(counts[THIRD:].sum()),
    }


def edge_shares(draws: Mapping[str, Draws], reach_px: int = 2) -> pd.DataFrame:
    """What each head says at the edges of its own maps, the mean over images of the mean over draws.

    Args:
        draws: Of depth, by head.
        reach_px: As in `level_edges`.

    Returns:
        A row a head: images that have an edge, edge pixels an image, the shares on each side, and that at a
        third depth with its 95 % interval over images.
    """
    rows = []
    for name, each in draws.items():
        found, pixels = [], []
        for place in range(each.values.shape[1]):
            edges = [level_edges(depth, reach_px) for depth in each.values[:, place]]
            shares = [side_shares(depth, e) for depth, e in zip(each.values[:, place], edges, strict=True)]
            told = [share for share in shares if np.isfinite(share["third"])]
            if told:
                found.append({side: float(np.mean([one[side] for one in told])) for side in told[0]})
                pixels.append(float(np.mean([e.at.sum() for e in edges])))
        if not found:
            continue
        table = pd.DataFrame(found)
        third = mean_estimate(table["third"].to_numpy())
        rows.append(
            {"head": name, "images": len(table), "pixels an image": np.mean(pixels)}
            | table[["near", "far", "between"]].mean().to_dict()
            | {"third": third.value, "third_low": third.low, "third_high": third.high}
        )
    return pd.DataFrame(rows)
