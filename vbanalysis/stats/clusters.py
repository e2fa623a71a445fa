"""What units that share a cluster cost: votes on one prompt, frames of one scene."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.stats._arguments import Clusters, finite_row, members


class DesignEffect(NamedTuple):
    """How many units in clusters are worth one independent unit (Kish 1965).

    Attributes:
        effect: Variance of the mean with whole clusters drawn, over that of as many independent units.
        correlation: Of two units of a cluster: the intraclass correlation by analysis of variance; it may
            come out below 0.
        per_cluster: Units in a cluster, as they weigh on the variance: sum of squares over sum of the sizes.
        n: Units.
        clusters: Clusters.
    """

    effect: float
    correlation: float
    per_cluster: float
    n: int
    clusters: int

    @property
    def effective_n(self) -> float:
        """Independent units that are worth as much."""
        return self.n / self.effect


def design_effect(values: np.ndarray, clusters: Clusters) -> DesignEffect:
    """The design effect of the mean of values that lie in clusters (Kish 1965).

    The variance with clusters is the linearised one of the ratio of sums to sizes, without a correction for
    few clusters.

    Args:
        values: (n,) finite, one a unit, such as 1 for a won vote, 0 for a lost one.
        clusters: One label a unit.

    Raises:
        InputError: The rows do not fit, the values are all alike, there are fewer than two clusters, or no
            cluster holds two units.

    Examples:
        >>> found = design_effect(np.array([1.0, 1, 0, 0, 1, 1, 0, 0]), list("aabbccdd"))
        >>> found.effect, found.correlation, found.effective_n
        (2.0, 1.0, 4.0)
    """
    row = finite_row(values, "values")
    groups = members(clusters, len(row))
    sizes = np.array([len(group) for group in groups], float)
    n, k = len(row), len(groups)
    if k < 2 or k == n:
        raise InputError(
            f"clusters must be at least two, and one of them hold two units, got {k} of {n} units"
        )
    centred = row - row.mean()
    whole = float((centred**2).sum())
    if whole == 0:
        raise InputError("values are all alike: a design effect is not defined")
    sums = np.array([centred[group].sum() for group in groups])
    between = float((sums**2 / sizes).sum())
    within = whole - between
    usual = (n - float((sizes**2).sum()) / n) / (k - 1)
    mean_between, mean_within = between / (k - 1), within / (n - k)
    correlation = (mean_between - mean_within) / (mean_between + (usual - 1) * mean_within)
    return DesignEffect(
        float((sums**2).sum()) / whole, correlation, float((sizes**2).sum() / sizes.sum()), n, k
    )
