"""The angles of a whole data set in a fixed size: exact sums, and a histogram of hundredths of a degree.

DSINE takes its figures over the pixels of all images together. Kept one by one, four bytes each, those
of a large data set do not fit into memory; here they take 144 kB.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from vbanalysis.metrics._arguments import each_of
from vbanalysis.metrics.normals import UNDER_DEG, NormalErrors, NormalMetrics, as_metrics, checked_errors

_BINS_A_DEGREE = 100


@dataclass(frozen=True, eq=False)
class NormalHistogram:
    """The angles of one image or of several: those of several images are added with `+`.

    All of it is exact, the sums rounded once an image, so the order of the images makes no difference.

    Attributes:
        counts: (18001,) int64, angles in each hundredth of a degree, from 0; the last bin is 180 alone.
        under: (5,) int64, angles under each of `UNDER_DEG`.
        sum_deg: Sum of the angles.
        sum_squared_deg: Sum of their squares.
        n_unknown: Pixels of known truth that had no predicted normal.
    """

    counts: np.ndarray
    under: np.ndarray
    sum_deg: Fraction
    sum_squared_deg: Fraction
    n_unknown: int

    def __add__(self, other: NormalHistogram) -> NormalHistogram:
        return NormalHistogram(
            self.counts + other.counts,
            self.under + other.under,
            self.sum_deg + other.sum_deg,
            self.sum_squared_deg + other.sum_squared_deg,
            self.n_unknown + other.n_unknown,
        )


def normal_histogram(errors: NormalErrors) -> NormalHistogram:
    """The angles of one image, for a pool of pixels whose size does not grow with their number.

    Args:
        errors: What `normal_errors` gave.

    Raises:
        InputError: It holds what are no angles.

    Examples:
        >>> from vbanalysis.metrics import normal_errors
        >>> facing = np.broadcast_to([0.0, 0.0, 1.0], (2, 2, 3))
        >>> images = [normal_histogram(normal_errors(sign * facing, facing)) for sign in (1, 1, -1)]
        >>> round(histogram_normals(sum(images[1:], images[0])).mean_deg, 9)
        60.0
    """
    (errors,) = each_of(NormalErrors, [errors], "errors")
    angles = checked_errors(errors).errors_deg.astype(np.float64)
    return NormalHistogram(
        np.bincount((angles * _BINS_A_DEGREE).astype(np.intp), minlength=180 * _BINS_A_DEGREE + 1),
        np.array([np.count_nonzero(angles < threshold) for threshold in UNDER_DEG]),
        Fraction(float(angles.sum())),
        Fraction(float(angles @ angles)),
        errors.n_unknown,
    )


def histogram_normals(histogram: NormalHistogram) -> NormalMetrics:
    """Score a data set over all its pixels together (DSINE), as `pool_normals` by `"pixels"` does.

    The median is good to 0.005 degrees, and the others to the rounding of floats.

    Args:
        histogram: A sum of what `normal_histogram` gave for each image.

    Raises:
        InputError: It is no such sum.

    Examples:
        >>> images = [NormalErrors(np.array(each, np.float32), 0) for each in ([1, 2], [3])]
        >>> summed = normal_histogram(images[0]) + normal_histogram(images[1])
        >>> round(histogram_normals(summed).mean_deg, 6)
        2.0
    """
    (histogram,) = each_of(NormalHistogram, [histogram], "histogram")
    n = int(histogram.counts.sum())
    if not n:
        return as_metrics([np.nan] * 8, 0, histogram.n_unknown)
    up_to = np.cumsum(histogram.counts)
    # The angle of each rank is within half a bin of the bin's middle; an even number has two middle ranks.
    middle = np.searchsorted(up_to, [(n - 1) // 2, n // 2], side="right") + 0.5
    mean, median = float(histogram.sum_deg / n), min(float(middle.mean()) / _BINS_A_DEGREE, 180.0)
    root_mean_square = float(histogram.sum_squared_deg / n) ** 0.5
    shares = (histogram.under / n).tolist()
    return as_metrics([mean, median, root_mean_square, *shares], n, histogram.n_unknown)
