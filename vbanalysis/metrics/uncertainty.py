"""Whether an uncertainty tells where the errors are, and whether samples spread as wide as they err."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.metrics._arguments import array_of, check_same_shape, mask_or_all


class Sparsification(NamedTuple):
    """How well an uncertainty sorts the errors; all NaN where `n` is 0 or nothing is wrong.

    The curve is the mean error of what is left when the most uncertain pixels are taken away first, one by
    one (Ilg et al. 2018, section 5). Areas are of that curve above the one that sorts by the error itself, as
    a share of the mean error.

    Attributes:
        ause: Area under the sparsification error; 0 is a perfect order.
        random: The same of an order by chance; an `ause` above it misleads.
        n: Pixels.
    """

    ause: float
    random: float
    n: int


class Coverage(NamedTuple):
    """How often the truth lies among samples of it; NaN where `n` is 0.

    Attributes:
        share: Of pixels whose truth lies between the smallest and the largest sample.
        expected: The share, (S - 1) / (S + 1), if S samples and the truth were draws of one distribution.
        below: Share of pixels whose truth lies below all samples.
        above: Above all samples.
        n: Pixels.
    """

    share: float
    expected: float
    below: float
    above: float
    n: int


def sparsification(error: np.ndarray, uncertainty: np.ndarray) -> Sparsification:
    """Sort errors by an uncertainty (the sparsification of Ilg et al., ECCV 2018).

    Pixels of equal uncertainty are taken in the mean over all their orders, so an uncertainty that is the
    same everywhere is exactly as good as chance.

    Args:
        error: (...) finite floats, at least 0.
        uncertainty: (...) finite, of any unit; larger is less certain.

    Raises:
        InputError: Shapes or types do not fit, or a value is not finite or an error negative.

    Examples:
        >>> error = np.array([0.0, 1.0, 2.0, 3.0])
        >>> sparsification(error, error).ause, round(sparsification(error, -error).ause, 3)
        (0.0, 1.0)
        >>> flat = sparsification(error, np.ones(4))
        >>> flat.ause == flat.random
        True
    """
    errors = array_of("f", error, "error").astype(np.float64)
    doubts = array_of("fiu", uncertainty, "uncertainty").astype(np.float64)
    check_same_shape(errors, doubts, ("error", "uncertainty"))
    errors, doubts = errors.ravel(), doubts.ravel()
    if not (np.isfinite(errors).all() and np.isfinite(doubts).all() and errors.min() >= 0):
        raise InputError("error and uncertainty must be finite, and errors at least 0: leave out the others")
    mean = float(errors.mean())
    if mean == 0:
        return Sparsification(np.nan, np.nan, len(errors))
    values, places, counts = np.unique(doubts, return_inverse=True, return_counts=True)
    tied = (np.bincount(places, errors, len(values)) / counts)[places]
    by_doubt, by_error = _area(tied[np.argsort(doubts, kind="stable")]), _area(np.sort(errors))
    return Sparsification((by_doubt - by_error) / mean, (mean - by_error) / mean, len(errors))


def sample_coverage(samples: np.ndarray, true: np.ndarray, valid: np.ndarray | None = None) -> Coverage:
    """Count how often the truth lies within the range of samples.

    Args:
        samples: (S, ...) finite where compared, at least two of them.
        true: (...) finite where compared.
        valid: (...) bool; elsewhere nothing is compared.

    Raises:
        InputError: Shapes or types do not fit, there are fewer than two samples, or a compared value is NaN.

    Examples:
        >>> found = sample_coverage(np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]), np.array([2.5, 9.0]))
        >>> found.share, found.expected, found.above
        (0.5, 0.5, 0.5)
    """
    drawn, truth = array_of("f", samples, "samples"), array_of("f", true, "true")
    if drawn.ndim < 1 or len(drawn) < 2 or drawn.shape[1:] != truth.shape:
        raise InputError(
            f"samples must be two or more maps of the shape of true, {truth.shape}, got {drawn.shape}"
        )
    inside = mask_or_all(valid, truth.shape)
    drawn, truth = drawn[:, inside], truth[inside]
    if np.isnan(drawn).any() or np.isnan(truth).any():
        raise InputError("samples and true must be known where they are compared: leave NaN out with valid")
    expected = (len(drawn) - 1) / (len(drawn) + 1)
    if not truth.size:
        return Coverage(np.nan, expected, np.nan, np.nan, 0)
    below, above = float((truth < drawn.min(axis=0)).mean()), float((truth > drawn.max(axis=0)).mean())
    return Coverage(1 - below - above, expected, below, above, truth.size)


def _area(ordered: np.ndarray) -> float:
    """Mean over k of the mean of the first k errors."""
    return float((ordered.cumsum() / np.arange(1, len(ordered) + 1)).mean())
