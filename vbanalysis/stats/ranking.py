"""How well a score ranks failures above successes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.stats._arguments import Clusters, finite_row
from vbanalysis.stats.bootstrap import resampled_estimate
from vbanalysis.stats.estimate import Estimate


def roc_auc(scores: np.ndarray, events: np.ndarray, *, clusters: Clusters | None = None) -> Estimate:
    """Area under the ROC curve: how often an event scores higher than a non-event, ties counting half.

    The Mann-Whitney U over the number of pairs (Hanley and McNeil 1982), with a percentile bootstrap over
    units or clusters; resamples of events alone, or of none, have no area and are left out.

    Args:
        scores: (n,) finite, larger where an event is thought likelier.
        events: (n,) bool.
        clusters: One label a unit, or None where units are independent.

    Returns:
        The area, NaN if all are events or none is; 0.5 is chance.

    Raises:
        InputError: The rows do not fit each other, `scores` is not finite, or `events` is not bool.

    Examples:
        >>> area = roc_auc(np.array([0.1, 0.4, 0.35, 0.8, 0.2]), np.array([False, False, True, True, False]))
        >>> f"{area.value:.3f}"
        '0.833'
    """
    row = finite_row(scores, "scores")
    happened = np.asarray(events)
    if happened.dtype != bool or happened.shape != row.shape:
        raise InputError(
            f"events must be {len(row)} booleans, one a score, got {happened.dtype} of shape {happened.shape}"
        )
    places = np.arange(len(row))

    def area(units: Sequence[int]) -> float:
        chosen = np.asarray(units, int)
        return auc(row[chosen], happened[chosen])

    return resampled_estimate(places.tolist(), area, clusters=clusters)


def auc(scores: np.ndarray, events: np.ndarray) -> float:
    """The area alone, as `roc_auc` finds it; NaN if all are events or none is.

    Args:
        scores: (n,) finite.
        events: (n,) bool.

    Examples:
        >>> auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))
        0.75
    """
    above, below = scores[events], np.sort(scores[~events])
    if not len(above) or not len(below):
        return float("nan")
    smaller = np.searchsorted(below, above, "left")
    not_larger = np.searchsorted(below, above, "right")
    return float((smaller + not_larger).sum() / (2 * len(above) * len(below)))
