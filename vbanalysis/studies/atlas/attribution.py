"""How much of an error each of several causes explains, when every cause has a repair.

A cause is measured by its repair: the error with it less the error without. Repairs overlap, and one may
undo what another needs, so what a cause explains depends on which repairs were made before. The Shapley
value (1953) is the mean over all orders, and the one division that is symmetric, adds up, and gives nothing
to a repair that changes nothing.

Two choices make it fit for errors:

- A set of repairs is worth the best of its subsets, so a repair that does harm is simply not made and no
  share is negative.
- Causes come in tiers. One number that explains a picture (a factor, a flipped axis) is a simpler account
  than the truth put in at a thousand pixels, which would explain everything that the number does. So the
  causes of a later tier divide only what the earlier tiers leave (the Shapley value under precedence of
  Faigle and Kern 1992); within a tier no order is preferred.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from math import factorial
from typing import NamedTuple

import numpy as np

from vbanalysis.errors import InputError

UNEXPLAINED = "unexplained"
"""What no repair removes."""

_SAME = 1e-12
"""Errors nearer to each other than this are equal."""

Error = Callable[[frozenset[str]], float]
"""The error after the repairs of a set of causes, 0 or more."""


class Attribution(NamedTuple):
    """What the causes of one answer explain.

    Attributes:
        error: As it was.
        explained: By cause, its Shapley value: error that it explains, in the unit of `error`, 0 or more.
        alone: By cause, what its repair removes with no other of its tier made.
        last: By cause, what its repair removes after all others of its tier.
        repairs: The fewest repairs that remove all that can be removed.
        left: Error that stays after these: `error` less the sum of `explained`.
    """

    error: float
    explained: Mapping[str, float]
    alone: Mapping[str, float]
    last: Mapping[str, float]
    repairs: frozenset[str]
    left: float

    def shares(self) -> dict[str, float]:
        """By cause, and by `UNEXPLAINED`, the share of the error, 1 together; NaN where there is none."""
        parts = {**self.explained, UNEXPLAINED: self.left}
        return {cause: part / self.error if self.error > 0 else np.nan for cause, part in parts.items()}

    @property
    def dominant(self) -> str:
        """The cause that explains most, `UNEXPLAINED` among them; of equal ones the first."""
        parts = {**self.explained, UNEXPLAINED: self.left}
        return max(parts, key=lambda cause: parts[cause])


def attribute(causes: Sequence[str], error: Error) -> Attribution:
    """Divide the error that a tier of repairs removes.

    Args:
        causes: Of one tier; the error of each of their 2**n subsets is asked for once.
        error: By the set of causes whose repairs are made.

    Raises:
        InputError: A cause is named twice, or an error is negative or no number.

    Examples:
        >>> left = {(): 10.0, ("a",): 4.0, ("b",): 6.0, ("a", "b"): 1.0}
        >>> found = attribute("ab", lambda made: left[tuple(sorted(made))])
        >>> found.explained, found.alone, found.last, found.left
        ({'a': 5.5, 'b': 3.5}, {'a': 6.0, 'b': 4.0}, {'a': 5.0, 'b': 3.0}, 1.0)
    """
    names, n = list(causes), len(causes)
    if len(set(names)) < n:
        raise InputError(f"causes must be named once each, got {names}")
    errors = np.array([error(frozenset(_chosen(names, bits))) for bits in range(2**n)], np.float64)
    if not np.all(errors >= 0):
        raise InputError(f"errors must be numbers of at least 0, got {errors.min()}")
    gain = errors[0] - errors
    for k, bits in itertools.product(range(n), range(2**n)):
        if bits & 1 << k:
            gain[bits] = max(gain[bits], gain[bits ^ 1 << k])
    explained, alone, last = {}, {}, {}
    for k, name in enumerate(names):
        value = 0.0
        for bits in range(2**n):
            if not bits & 1 << k:
                others = bits.bit_count()
                weight = factorial(others) * factorial(n - 1 - others) / factorial(n)
                value += weight * (gain[bits | 1 << k] - gain[bits])
        explained[name] = float(value)
        alone[name] = float(gain[1 << k])
        last[name] = float(gain[-1] - gain[(2**n - 1) ^ 1 << k])
    made = min(
        (bits for bits in range(2**n) if errors[0] - errors[bits] >= gain[-1] - _SAME),
        key=lambda bits: (bits.bit_count(), bits),
    )
    whole = float(errors[0])
    return Attribution(
        whole, explained, alone, last, frozenset(_chosen(names, made)), float(whole - gain[-1])
    )


def joined(tiers: Sequence[Attribution]) -> Attribution:
    """The tiers of one answer, each begun where the one before it ended.

    Args:
        tiers: At least one.

    Raises:
        InputError: There is none, or one does not begin there.
    """
    if not tiers:
        raise InputError("tiers must hold at least one tier")
    for one, two in itertools.pairwise(tiers):
        if abs(one.left - two.error) > 1e-9 * max(1.0, one.error):
            raise InputError(
                f"a tier begins with an error of {two.error}, the one before ends with {one.left}"
            )

    def together(name: str) -> dict[str, float]:
        return {cause: value for tier in tiers for cause, value in getattr(tier, name).items()}

    repairs = frozenset[str]().union(*(tier.repairs for tier in tiers))
    return Attribution(
        tiers[0].error, together("explained"), together("alone"), together("last"), repairs, tiers[-1].left
    )


def _chosen(names: Sequence[str], bits: int) -> list[str]:
    return [name for k, name in enumerate(names) if bits & 1 << k]
