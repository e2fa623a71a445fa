"""Two ways to answer a legend wrongly: the right region in the wrong colour, and the wrong region."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.metrics import mask_overlap

Outcome = Literal["right", "exchanged", "another thing", "nothing"]

_LEAST_OF_THING = 0.1


class Binding(NamedTuple):
    """What one expression's mask lost, and to what: `iou + binding_loss + region_loss` is 1.

    Attributes:
        iou: Of the mask in the expression's colour.
        binding_loss: What IoU gains if, within the regions that the question means, each marked pixel had
            the colour of its region: lost to colours that went to the wrong expression.
        region_loss: The rest: what was meant and not marked, and what was marked and not meant.
        outcome: Where the mask lies: mostly on what is meant ("right"), on what another expression of the
            question means ("exchanged"), on another thing or on stuff, or nowhere.
    """

    iou: float
    binding_loss: float
    region_loss: float
    outcome: Outcome


def bindings(labels: np.ndarray, truth: np.ndarray) -> list[Binding]:
    """Take apart the answer to a question with a legend, one entry an expression.

    Args:
        labels: (H, W) integers, what was answered: k is expression k, -1 none.
        truth: (H, W) integers, the same for what is meant; every expression means something.

    Raises:
        InputError: The maps have not the same shape, or an expression means nothing.
    """
    if labels.shape != truth.shape or labels.ndim != 2:
        raise InputError(f"labels and truth must be two maps of one shape, got {labels.shape}, {truth.shape}")
    count = int(truth.max()) + 1
    missing = sorted(set(range(max(count, 1))) - set(np.unique(truth).tolist()))
    if missing:
        raise InputError(f"truth has no pixel of expression {missing[0]}: leave such questions out")
    bound = np.where((labels >= 0) & (truth >= 0), truth, labels)
    found = []
    for k in range(count):
        iou = mask_overlap(labels == k, truth == k).iou
        rebound = mask_overlap(bound == k, truth == k).iou
        found.append(Binding(iou, rebound - iou, 1 - rebound, _outcome(labels == k, truth, k)))
    return found


def _outcome(mask: np.ndarray, truth: np.ndarray, k: int) -> Outcome:
    meant = int((truth == k).sum())
    if mask.sum() < _LEAST_OF_THING * meant:
        return "nothing"
    places: dict[Outcome, np.ndarray] = {
        "right": truth == k,
        "exchanged": (truth >= 0) & (truth != k),
        "another thing": truth < 0,
    }
    shares = {name: int((mask & place).sum()) for name, place in places.items()}
    return max(shares, key=lambda name: shares[name])
