"""What SA-Co reports of a data set: how well instances are found, and how well presence is told.

Both follow from sums over the pairs of image and noun phrase, whose size does not grow with their
number. Source: SAM 3 (Carion et al. 2025), the official evaluator `sam3/eval/cgf1_eval.py`, whose small
constants are kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.metrics.instances import InstanceCounts, checked_counts, f1_of

_EPS = 1e-6


@dataclass(frozen=True, eq=False)
class InstanceSums:
    """Sums over pairs; those of several parts of a data set are added with `+`.

    Attributes:
        true_positives: (10,) int64, matches that reach each of `IOU_THRESHOLDS`.
        n_predicted: Predicted instances of the pairs that have true ones.
        n_true: True instances.
        tp: Pairs with both.
        fp: Pairs with predicted instances alone.
        fn: Pairs with true instances alone.
        tn: Pairs with neither.
    """

    true_positives: np.ndarray
    n_predicted: int
    n_true: int
    tp: int
    fp: int
    fn: int
    tn: int

    def __add__(self, other: InstanceSums) -> InstanceSums:
        return InstanceSums(
            self.true_positives + other.true_positives,
            self.n_predicted + other.n_predicted,
            self.n_true + other.n_true,
            self.tp + other.tp,
            self.fp + other.fp,
            self.fn + other.fn,
            self.tn + other.tn,
        )


class InstanceMetrics(NamedTuple):
    """The figures of a data set; `cgf1` and `pmf1` are means over `IOU_THRESHOLDS`.

    Attributes:
        cgf1: Classification-gated F1, `pmf1 * il_mcc`.
        pmf1: Micro F1 of the instances over the pairs that have true ones. Pairs without any
            prediction add their misses.
        il_mcc: Matthews correlation of presence: something predicted against something there. It is
            0 where all pairs have true instances, or none has.
        cgf1_50: `cgf1` at IoU 0.5.
        pmf1_50: `pmf1` at IoU 0.5.
        n: Pairs.
        n_positive: Pairs with true instances.
    """

    cgf1: float
    pmf1: float
    il_mcc: float
    cgf1_50: float
    pmf1_50: float
    n: int
    n_positive: int


class PresenceMetrics(NamedTuple):
    """How well a model tells whether there is anything to find; the `IL_` figures of SA-Co's evaluator.

    Attributes:
        precision: Of the pairs with a prediction, the share that has true instances.
        recall: Of the pairs with true instances, the share with a prediction.
        f1: Harmonic mean of the two.
        mcc: Matthews correlation; 0 where all pairs have true instances, or none has.
        fpr: Of the pairs without true instances, the share with a prediction.
        n: Pairs.
        n_positive: Pairs with true instances.
    """

    precision: float
    recall: float
    f1: float
    mcc: float
    fpr: float
    n: int
    n_positive: int


def instance_sums(pairs: Iterable[InstanceCounts]) -> InstanceSums:
    """Sum the counts of pairs.

    Args:
        pairs: What `instance_counts`, `match_instances` or `best_annotator` gave for each pair.

    Raises:
        InputError: There is no pair, or what is no count.

    Examples:
        >>> from vbanalysis.metrics import instance_counts
        >>> found, nothing = np.array([[1, 1, 0, 2]]), np.zeros((1, 4), int)
        >>> summed = instance_sums([instance_counts(found, found), instance_counts(nothing, nothing)])
        >>> summed.n_true, summed.tp, summed.tn
        (2, 1, 1)
    """
    pairs = checked_counts(pairs, "pairs")
    if not pairs:
        raise InputError("pairs is empty: there is no pair to score")
    predicted = np.array([pair.n_predicted for pair in pairs])
    true = np.array([pair.n_true for pair in pairs])
    seen, there = predicted > 0, true > 0
    # Hits and misses come from positive pairs alone; what is predicted elsewhere counts in presence.
    return InstanceSums(
        np.sum([pair.true_positives for pair in pairs], axis=0),
        n_predicted=int(predicted[there].sum()),
        n_true=int(true.sum()),
        tp=int(np.count_nonzero(seen & there)),
        fp=int(np.count_nonzero(seen & ~there)),
        fn=int(np.count_nonzero(~seen & there)),
        tn=int(np.count_nonzero(~(seen | there))),
    )


def instance_metrics(pairs: Iterable[InstanceCounts] | InstanceSums) -> InstanceMetrics:
    """Score a data set; or one pair, whose `pmf1` is then its own F1.

    Args:
        pairs: What `instance_counts`, `match_instances` or `best_annotator` gave for each pair, or
            their `instance_sums`.

    Raises:
        InputError: As `instance_sums`.

    Examples:
        >>> from vbanalysis.metrics import instance_counts
        >>> right = np.array([[1, 1, 0, 2]])
        >>> round(instance_metrics([instance_counts(right, right)]).pmf1, 3)
        1.0
    """
    sums = pairs if isinstance(pairs, InstanceSums) else instance_sums(pairs)
    f1 = f1_of(sums.true_positives, sums.n_predicted, sums.n_true)
    presence = presence_metrics(sums)
    mcc, pmf1, pmf1_50 = presence.mcc, float(f1.mean()), float(f1[0])
    return InstanceMetrics(pmf1 * mcc, pmf1, mcc, pmf1_50 * mcc, pmf1_50, presence.n, presence.n_positive)


def presence_metrics(pairs: Iterable[InstanceCounts] | InstanceSums) -> PresenceMetrics:
    """Score presence alone: something predicted against something there.

    Args:
        pairs: As in `instance_metrics`.

    Raises:
        InputError: As `instance_sums`.

    Examples:
        >>> from vbanalysis.metrics import instance_counts
        >>> one, none = np.array([[1, 0]]), np.array([[0, 0]])
        >>> found = presence_metrics([instance_counts(one, true) for true in (one, none)])
        >>> round(found.precision, 3), round(found.recall, 3), found.mcc
        (0.5, 1.0, 0.0)
    """
    sums = pairs if isinstance(pairs, InstanceSums) else instance_sums(pairs)
    tp, fp, fn, tn = map(float, (sums.tp, sums.fp, sums.fn, sums.tn))
    precision, recall = tp / (tp + fp + _EPS), tp / (tp + fn + _EPS)
    mcc = (tp * tn - fp * fn) / (((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)) ** 0.5 + _EPS)
    return PresenceMetrics(
        precision,
        recall,
        f1=2 * precision * recall / (precision + recall + _EPS),
        mcc=mcc,
        fpr=fp / (fp + tn + _EPS),
        n=sums.tp + sums.fp + sums.fn + sums.tn,
        n_positive=sums.tp + sums.fn,
    )
