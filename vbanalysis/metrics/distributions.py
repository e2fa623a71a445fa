"""Whether generated pictures are distributed as real ones: kernel and Fréchet distances of their features.

A distance is of one extractor's features: its name belongs beside each figure.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vbanalysis.errors import InputError


class KernelDistance(NamedTuple):
    """The squared maximum mean discrepancy, unbiased: it may come out below 0 where the two are alike.

    Attributes:
        value: Of all pictures.
        without: (n,) the same with generated picture k left out, and reference k too where the sets are
            paired: what `stats.jackknife_estimate` takes.
        n_generated: Pictures.
        n_reference: Pictures.
    """

    value: float
    without: np.ndarray
    n_generated: int
    n_reference: int


class FrechetDistance(NamedTuple):
    """The distance of two normal distributions fitted to the features.

    Attributes:
        value: It. Biased upwards, the more the fewer the pictures: only distances of as many are compared.
        unlimited: Where it would end with ever more pictures, from a line through 1 / n (Chong and Forsyth
            2020); NaN where there were too few to tell.
        n_generated: Pictures.
        n_reference: Pictures.
        dimensions: Of the features. With no more pictures than this a covariance is singular, and the value
            says little.
    """

    value: float
    unlimited: float
    n_generated: int
    n_reference: int
    dimensions: int

    @property
    def singular(self) -> bool:
        """Whether there are too few pictures for a covariance."""
        return min(self.n_generated, self.n_reference) <= self.dimensions


def kernel_distance(
    generated: np.ndarray, reference: np.ndarray, *, paired: bool = False, degree: int = 3
) -> KernelDistance:
    """KID, with the kernel (x y / D + 1) ** degree, over all pairs (Binkowski et al. 2018, section 4).

    It is the exact U-statistic. The usual mean over random subsets estimates the same number, and its spread
    over subsets is no standard error.

    Args:
        generated: (n, D) features, at least 3.
        reference: (m, D) features, at least 3.
        paired: Whether reference k is of the prompt of generated picture k; then n is m. A picture is not
            held against its own prompt's, which would bias the distance (Gretton et al. 2012, equation 3),
            and the two are left out together. Else the jackknife is of the generated pictures alone, the
            reference as it is.
        degree: Of the polynomial.

    Raises:
        InputError: These are no such features.

    Examples:
        >>> rng = np.random.default_rng(0)
        >>> a, b = rng.normal(size=(200, 4)), rng.normal(size=(200, 4))
        >>> abs(kernel_distance(a, b).value) < 0.05 < kernel_distance(a + 1, b).value
        True
    """
    x, y = _features(generated, reference, 3)
    if isinstance(degree, bool) or not isinstance(degree, int) or degree < 1:
        raise InputError(f"degree must be a whole number of at least 1, got {degree!r}")
    n, m = len(x), len(y)
    if paired and n != m:
        raise InputError(f"paired features must be as many, got {n} and {m}")

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.asarray((a @ b.T / a.shape[1] + 1) ** degree)

    own, other, between = kernel(x, x), kernel(y, y), kernel(x, y)
    np.fill_diagonal(own, 0)
    np.fill_diagonal(other, 0)
    if paired:
        np.fill_diagonal(between, 0)
        # With the diagonals away, the three share one number of pairs, and so one sum tells all.
        joint = own + other - between - between.T
        rows, total = joint.sum(axis=1), joint.sum()
        value = total / (n * (n - 1))
        without = (total - 2 * rows) / ((n - 1) * (n - 2))
        return KernelDistance(float(value), without, n, m)
    own_rows, own_sum, other_sum, between_sum = own.sum(axis=1), own.sum(), other.sum(), between.sum()
    value = own_sum / (n * (n - 1)) + other_sum / (m * (m - 1)) - 2 * between_sum / (n * m)
    left = (own_sum - 2 * own_rows) / ((n - 1) * (n - 2))
    crossed = 2 * (between_sum - between.sum(axis=1)) / ((n - 1) * m)
    without = left + other_sum / (m * (m - 1)) - crossed
    return KernelDistance(float(value), without, n, m)


def frechet_distance(
    generated: np.ndarray, reference: np.ndarray, *, rng: np.random.Generator | None = None
) -> FrechetDistance:
    """FID, and where it would end with ever more pictures (Heusel et al. 2017; Chong and Forsyth 2020).

    Args:
        generated: (n, D) features, at least 2.
        reference: (m, D) features, at least 2.
        rng: Draws the smaller sets of the extrapolation, 15 sizes from half of the pictures to all; None
            leaves it out.

    Raises:
        InputError: These are no such features.

    Examples:
        >>> a = np.random.default_rng(0).normal(size=(500, 4))
        >>> round(frechet_distance(a, a + 1).value, 6)
        4.0
    """
    x, y = _features(generated, reference, 2)
    value = _frechet(x, y)
    unlimited = float("nan")
    smallest = min(len(x), len(y)) // 2
    if rng is not None and smallest > x.shape[1]:
        shares = np.linspace(0.5, 1, 15)
        sizes, found = [], []
        for share in shares:
            a, b = round(share * len(x)), round(share * len(y))
            chosen = rng.permutation(len(x))[:a], rng.permutation(len(y))[:b]
            sizes.append(1 / share)
            found.append(_frechet(x[chosen[0]], y[chosen[1]]))
        unlimited = float(np.polynomial.Polynomial.fit(sizes, found, 1)(0.0))
    return FrechetDistance(value, unlimited, len(x), len(y), x.shape[1])


def _frechet(x: np.ndarray, y: np.ndarray) -> float:
    apart = x.mean(axis=0) - y.mean(axis=0)
    one, other = np.atleast_2d(np.cov(x.T)), np.atleast_2d(np.cov(y.T))
    # The eigenvalues of a product of covariances are real and not below 0, but for rounding.
    roots = np.sqrt(np.linalg.eigvals(one @ other).real.clip(min=0))
    return float(apart @ apart + np.trace(one) + np.trace(other) - 2 * roots.sum())


def _features(generated: np.ndarray, reference: np.ndarray, least: int) -> tuple[np.ndarray, np.ndarray]:
    found = []
    for name, given in (("generated", generated), ("reference", reference)):
        array = np.asarray(given)
        if array.ndim != 2 or array.dtype.kind not in "fiu" or len(array) < least or not array.shape[1]:
            raise InputError(
                f"{name} must be (n, D) features of at least {least} pictures, got {array.dtype} of shape "
                f"{array.shape}"
            )
        if not np.isfinite(array).all():
            raise InputError(f"{name} must hold finite features: leave out pictures that have none")
        found.append(array.astype(np.float64))
    if found[0].shape[1] != found[1].shape[1]:
        raise InputError(
            f"generated and reference must be of one extractor, got {found[0].shape[1]} and "
            f"{found[1].shape[1]} features"
        )
    return found[0], found[1]
