"""Which data sets carry the lead of one model over another, and how sure such a lead can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from vbanalysis.errors import InputError
from vbanalysis.stats import Estimate, SignTest, paired_difference, sign_test
from vbanalysis.studies.paper.numbers import FAMILIES, numbers, pick
from vbanalysis.studies.paper.rounding import mean
from vbanalysis.studies.paper.tables import read_table

_Z = 1.959963984540054  # of 95 %


class Lead(NamedTuple):
    """How far one model is ahead of another, on average over data sets.

    Attributes:
        first: The model.
        second: The other.
        metric: In which figure; positive differences are the first's lead, also where less is better.
        average: Over the data sets. They are few, so the ends are those of the single differences.
        low: The least that the average can have been before its numbers were rounded.
        high: The most.
        by_dataset: One row a data set: `dataset`, `first`, `second`, `difference`, its `share` of the
            average (difference / n), and `without`, the lead when this data set is left out.
        ahead: On how many data sets the first is ahead, with the sign test.
        subsets_led: Of all choices of at least one of the data sets, on which the first is ahead.
        subsets: All such choices.
    """

    first: str
    second: str
    metric: str
    average: Estimate
    low: float
    high: float
    by_dataset: pd.DataFrame
    ahead: SignTest
    subsets_led: int
    subsets: int


def lead(
    family: str,
    metric: str,
    first: str,
    second: str,
    datasets: Sequence[str] | None = None,
    folder: Path | None = None,
) -> Lead:
    """Compare two models on the data sets for which the paper prints both.

    Args:
        family: Of `FAMILIES`.
        metric: Of that family.
        first: A model.
        second: Another.
        datasets: Which; by default all that both have.
        folder: Of the tables; by default what the project ships.

    Raises:
        InputError: There is no such family or metric, or a number of a model is not printed.
        DataError: A table is missing or damaged.

    Examples:
        >>> found = lead("depth", "delta1", "Vision Banana", "Depth Anything 3")
        >>> f"{found.average:.3f}, ahead on {found.ahead.wins} of {found.average.n}"
        '0.011 (from -0.038 to 0.079) n=4, ahead on 2 of 4'
    """
    known = numbers(family, folder)
    if metric not in FAMILIES[family].metrics:
        raise InputError(f"metric must be one of {', '.join(FAMILIES[family].metrics)}, got {metric!r}")
    one, two = pick(known, metric, first), pick(known, metric, second)
    chosen = [name for name in FAMILIES[family].datasets if name in one and name in two]
    if datasets is not None:
        lacking = [name for name in datasets if name not in chosen]
        if lacking:
            raise InputError(f"the paper prints no {metric} of both {first} and {second} on {lacking[0]}")
        chosen = list(datasets)
    if not chosen:
        raise InputError(f"the paper prints no {metric} of both {first!r} and {second!r}")
    sign = 1 if FAMILIES[family].metrics[metric] else -1
    a, b = mean([one[name] for name in chosen]), mean([two[name] for name in chosen])
    low, high = sorted((float(sign * (a.low - b.high)), float(sign * (a.high - b.low))))
    # Exact differences, so that a tie in print is a tie.
    exact = [sign * (one[name].value - two[name].value) for name in chosen]
    n = len(chosen)
    rows = pd.DataFrame(
        {
            "dataset": chosen,
            "first": [float(one[name].value) for name in chosen],
            "second": [float(two[name].value) for name in chosen],
            "difference": [float(each) for each in exact],
            "share": [float(each / n) for each in exact],
            "without": [float((sum(exact) - each) / (n - 1)) if n > 1 else np.nan for each in exact],
        }
    )
    differences, none = rows.difference.to_numpy(), np.zeros(n)
    choices = [chosen for size in range(1, n + 1) for chosen in combinations(exact, size)]
    return Lead(
        first,
        second,
        metric,
        paired_difference(differences, none),
        low,
        high,
        rows,
        sign_test(differences, none),
        sum(sum(choice) > 0 for choice in choices),
        len(choices),
    )


def images(folder: Path | None = None) -> dict[str, int]:
    """Images of each data set of depth, where the public evaluators agree on them.

    Args:
        folder: Of the tables; those that ship unless given.
    """
    rows = read_table("datasets", folder)
    return {row.dataset: int(row.images) for row in rows.itertuples() if row.images}


def undoing_spread(difference: float, sizes: Mapping[str, int] | Sequence[int]) -> float:
    """How much two models' scores would have to differ from image to image to make a lead uncertain.

    The standard deviation of the per-image differences, equal on all data sets, with which the 95 % interval
    of the difference of averages would just reach 0. The paper prints no spread; figures between 0 and 1 that
    have a larger one than this are common, or impossible, and that is what to compare with.

    Args:
        difference: Of two averages over data sets, each data set counting once.
        sizes: Images of each data set.

    Raises:
        InputError: There are no sizes, or one is below 1.

    Examples:
        >>> f"{undoing_spread(0.01, [400]):.3f}"
        '0.102'
    """
    counts = np.array(list(sizes.values() if isinstance(sizes, Mapping) else sizes), np.float64)
    if not len(counts) or counts.min() < 1:
        raise InputError(f"sizes must hold numbers of images of at least 1, got {counts.tolist()}")
    return float(abs(difference) * len(counts) / (_Z * np.sqrt(np.sum(1 / counts))))
