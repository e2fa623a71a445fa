"""Linear probes in closed form: ridge regression from sums that are gathered picture by picture.

All that ridge regression needs of its data are sums of products, and so does the squared error of its answers
on other data. So folds are held as sums: memory does not grow with the pictures, and the penalty is chosen by
nested cross-validation without a second look at any.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import NamedTuple

import numpy as np

from vbanalysis.errors import InputError

PENALTIES: tuple[float, ...] = tuple(10.0**power for power in range(-6, 5))
"""Tried by cross-validation; features have unit variance, so 1 equals a feature's own weight, and at the
largest all answers are the mean."""


@dataclass(frozen=True, eq=False)
class Sums:
    """What ridge regression needs of n rows of features x and targets y.

    Attributes:
        n: Rows.
        x: (C,) sum of the features.
        y: (K,) sum of the targets.
        xx: (C, C) sum of the features' products.
        xy: (C, K) sum of products of features and targets.
        yy: (K,) sum of the targets' squares.
    """

    n: int
    x: np.ndarray
    y: np.ndarray
    xx: np.ndarray
    xy: np.ndarray
    yy: np.ndarray

    @classmethod
    def of(cls, features: np.ndarray, targets: np.ndarray) -> Sums:
        """Of (n, C) features and (n, K) targets.

        Raises:
            InputError: They do not fit each other, or are not finite.
        """
        x, y = np.asarray(features, np.float64), np.asarray(targets, np.float64)
        if x.ndim != 2 or y.ndim != 2 or len(x) != len(y):
            raise InputError(
                f"features and targets must be (n, C) and (n, K), got shapes {x.shape} and {y.shape}"
            )
        with np.errstate(invalid="ignore", over="ignore"):  # what is not finite is refused below
            found = cls(len(x), x.sum(axis=0), y.sum(axis=0), x.T @ x, x.T @ y, (y * y).sum(axis=0))
        if not (np.isfinite(found.xx).all() and np.isfinite(found.xy).all() and np.isfinite(found.yy).all()):
            raise InputError("features and targets must be finite: leave out rows without a label")
        return found

    def of_targets(self, which: slice) -> Sums:
        """The same rows with some of the targets."""
        return replace(self, y=self.y[which], xy=self.xy[:, which], yy=self.yy[which])

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.n + other.n,
            self.x + other.x,
            self.y + other.y,
            self.xx + other.xx,
            self.xy + other.xy,
            self.yy + other.yy,
        )


@dataclass(frozen=True, eq=False)
class LinearProbe:
    """An affine reading of features.

    Attributes:
        weights: (C, K).
        bias: (K,).
    """

    weights: np.ndarray
    bias: np.ndarray

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """(n, K) float32 of (n, C)."""
        return features.astype(np.float32, copy=False) @ self.weights.astype(np.float32) + self.bias.astype(
            np.float32
        )


class ChosenRidge(NamedTuple):
    """A ridge probe whose penalty was chosen by cross-validation.

    Attributes:
        probe: Fitted to all rows with that penalty.
        penalty: The one of least error.
        loss: That error: squared, a row, summed over targets; on rows of folds left out.
    """

    probe: LinearProbe
    penalty: float
    loss: float


def ridge(sums: Sums, penalties: Sequence[float] = PENALTIES) -> list[LinearProbe]:
    """Ridge regression with an intercept, on features brought to mean 0 and variance 1 by their own sums.

    With Z the standardised features and y the targets less their mean, a probe has the w of least
    ||Z w - y||^2 / n + penalty ||w||^2 (Hoerl and Kennard 1970). A feature that never changes has no part.

    Args:
        sums: Of the rows to fit.
        penalties: Not negative.

    Returns:
        One probe a penalty.

    Raises:
        InputError: There are no rows, or a penalty is negative or not finite.
    """
    if sums.n < 1:
        raise InputError("sums must be of at least one row, got none")
    if not len(penalties) or not all(np.isfinite(each) and each >= 0 for each in penalties):
        raise InputError(f"penalties must be numbers of at least 0, got {list(penalties)}")
    mean_x, mean_y = sums.x / sums.n, sums.y / sums.n
    covariance = sums.xx / sums.n - np.outer(mean_x, mean_x)
    variance = np.diag(covariance).clip(0)
    # Rounding leaves about 1e-16 of a square where a feature never changes.
    moves = variance > 1e-12 * np.maximum(np.diag(sums.xx) / sums.n, 1e-300)
    inverse = np.where(moves, 1 / np.sqrt(np.where(moves, variance, 1)), 0)
    correlation = covariance * inverse[:, None] * inverse
    cross = (sums.xy / sums.n - np.outer(mean_x, mean_y)) * inverse[:, None]
    values, vectors = np.linalg.eigh(correlation)
    turned = vectors.T @ cross
    probes = []
    for penalty in penalties:
        scale = values + penalty
        # Without a penalty, directions in which nothing varies have no part.
        keep = scale > 1e-10 * max(values[-1], 1e-300)
        weights = vectors @ (turned * np.where(keep, 1 / np.where(keep, scale, 1), 0)[:, None])
        weights = weights * inverse[:, None]
        probes.append(LinearProbe(weights, mean_y - mean_x @ weights))
    return probes


def squared_error(probe: LinearProbe, sums: Sums) -> float:
    """Mean over rows of a probe's squared error, summed over targets, from the rows' sums alone."""
    w, b = probe.weights, probe.bias
    answers = np.einsum("ck,cd,dk->", w, sums.xx, w) + 2 * (sums.x @ w) @ b + sums.n * (b @ b)
    both = (w * sums.xy).sum() + b @ sums.y
    return max(0.0, float(sums.yy.sum() - 2 * both + answers)) / max(sums.n, 1)


def chosen_ridge(folds: Sequence[Sums], penalties: Sequence[float] = PENALTIES) -> ChosenRidge:
    """Choose the penalty by leaving out each fold in turn, then fit all rows.

    Args:
        folds: At least two, of different scenes.
        penalties: To choose from.

    Raises:
        InputError: There are fewer than two folds with rows.
    """
    folds = [fold for fold in folds if fold.n]
    if len(folds) < 2:
        raise InputError(f"folds must be at least 2 that hold rows, got {len(folds)}: give more scenes")
    return _chosen(folds, [ridge(_without(folds, k), penalties) for k in range(len(folds))], penalties)


def nested_ridge(folds: Sequence[Sums], penalties: Sequence[float] = PENALTIES) -> list[ChosenRidge]:
    """For each fold, what `chosen_ridge` makes of the others.

    To leave out one fold and then another is to leave out the other and then the one, so each two are
    left out once: three fifths of the work with five folds.

    Args:
        folds: At least three, of different scenes, each with rows.
        penalties: To choose from.

    Raises:
        InputError: There are fewer than three folds, or one has no rows.
    """
    if len(folds) < 3 or not all(fold.n for fold in folds):
        rows = [fold.n for fold in folds]
        raise InputError(f"folds must be at least 3 that hold rows, got rows {rows}: give more scenes")
    pairs = {(i, j): ridge(_without(folds, i, j), penalties) for i, j in combinations(range(len(folds)), 2)}
    found = []
    for k in range(len(folds)):
        others = [j for j in range(len(folds)) if j != k]
        within = [pairs[min(j, k), max(j, k)] for j in others]
        found.append(_chosen([folds[j] for j in others], within, penalties))
    return found


def _chosen(
    folds: Sequence[Sums], within: Sequence[Sequence[LinearProbe]], penalties: Sequence[float]
) -> ChosenRidge:
    """By the errors on each fold of the probes that were fitted without it, one a penalty."""
    losses = np.zeros(len(penalties))
    for left_out, probes in zip(folds, within, strict=True):
        losses += [left_out.n * squared_error(probe, left_out) for probe in probes]
    everything = _without(folds)
    best = int(losses.argmin())
    (probe,) = ridge(everything, [penalties[best]])
    return ChosenRidge(probe, penalties[best], float(losses[best]) / everything.n)


def _without(folds: Sequence[Sums], *left_out: int) -> Sums:
    first, *others = [fold for k, fold in enumerate(folds) if k not in left_out]
    for fold in others:
        first = first + fold
    return first
