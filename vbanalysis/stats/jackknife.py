"""An interval from leaving out one unit at a time, where a resample with doubled units would mislead."""

from __future__ import annotations

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.stats._arguments import finite_row
from vbanalysis.stats.estimate import FEWEST_FOR_INTERVAL, Estimate


def jackknife_estimate(value: float, without: np.ndarray) -> Estimate:
    """A figure with its 95 % jackknife interval (Tukey 1958): Student's t times the standard error.

    For figures of pairs of units, such as the kernel distance of two sets of pictures: a bootstrap would
    hold a picture against its own double.

    Args:
        value: The figure of all units.
        without: (n,) the figure with unit k left out, finite, at least `FEWEST_FOR_INTERVAL` of them.

    Raises:
        InputError: They are not.

    Examples:
        >>> values = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
        >>> f"{jackknife_estimate(3.0, (15 - values) / 4):.2f}"
        '3.00 [1.04, 4.96] n=5'
    """
    from scipy.stats import t

    rows = finite_row(without, "without")
    n = len(rows)
    if n < FEWEST_FOR_INTERVAL or not np.isfinite(value):
        raise InputError(
            f"value must be finite and without hold at least {FEWEST_FOR_INTERVAL} figures, got {value!r} "
            f"and {n}"
        )
    error = float(np.sqrt((n - 1) / n * ((rows - rows.mean()) ** 2).sum()))
    reach = float(t.ppf(0.975, n - 1)) * error
    return Estimate(float(value), value - reach, value + reach, n, "jackknife")
