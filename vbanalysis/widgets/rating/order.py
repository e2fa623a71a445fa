"""In which order, and on which sides, a rater sees the pairs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.widgets.rating.pairs import Pair


class Trial(NamedTuple):
    """A pair with its sides.

    Attributes:
        pair: It.
        left: Name of the model on the left.
        right: And on the right.
    """

    pair: Pair
    left: str
    right: str


def trials(pairs: Sequence[Pair], rater: str, seed: int = 0) -> tuple[Trial, ...]:
    """All pairs in a random order on random sides, the same whenever this rater comes back.

    Of each two models, each is on the left in half of their pairs (of an odd number, one of them once more),
    so a liking for one side favours neither.

    Args:
        pairs: In any order.
        rater: Each one has an order of their own.
        seed: 0 or above; another one gives everyone another order.

    Raises:
        InputError: The seed is no such number.
    """
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise InputError(f"seed must be a whole number of at least 0, got {seed!r}")
    digest = hashlib.sha256(rater.encode()).digest()
    rng = np.random.default_rng([seed, *np.frombuffer(digest, "<u4").tolist()])
    ordered = sorted(pairs, key=lambda pair: pair.id)
    ordered = [ordered[k] for k in rng.permutation(len(ordered))]
    rivals: dict[tuple[str, ...], list[int]] = {}
    for place, pair in enumerate(ordered):
        rivals.setdefault(tuple(sorted(pair.models)), []).append(place)
    lefts: dict[int, str] = {}
    for models, places in sorted(rivals.items()):
        n = len(places)
        more = int(rng.integers(2))  # who has the one more of an odd number
        second = np.arange(n) < (n + more) // 2
        for place, turned in zip(places, rng.permutation(second), strict=True):
            lefts[place] = models[int(turned)]
    return tuple(
        Trial(pair, lefts[place], pair.models[1 - pair.models.index(lefts[place])])
        for place, pair in enumerate(ordered)
    )
