"""Printed numbers as what they are: all the numbers that round to them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Literal, NamedTuple

from vbanalysis.errors import InputError

Verdict = Literal["agrees", "within rounding", "disagrees"]


class Printed(NamedTuple):
    """A number with the digits it was printed with; exact, so that halves are halves.

    Attributes:
        value: The number.
        step: One unit of its last digit.
    """

    value: Fraction
    step: Fraction

    @classmethod
    def read(cls, text: str) -> Printed:
        """Take a number as it was printed, trailing zeros and all.

        Args:
            text: In decimal digits.

        >>> Printed.read("0.920").step
        Fraction(1, 1000)

        Raises:
            InputError: It is no decimal number.
        """
        whole, _, digits = text.strip().partition(".")
        plain = whole.removeprefix("-") + digits
        if not plain.isdecimal() or not plain.isascii():
            raise InputError(f"a printed number must be a decimal number such as 0.920, got {text!r}")
        return cls(Fraction(text.strip()), Fraction(1, 10 ** len(digits)))

    @property
    def low(self) -> Fraction:
        """The smallest number that rounds to this one."""
        return self.value - self.step / 2

    @property
    def high(self) -> Fraction:
        """The largest number that rounds to this one."""
        return self.value + self.step / 2


class Mean(NamedTuple):
    """A mean of printed numbers.

    Attributes:
        value: Of the numbers as printed.
        low: The least that the mean can have been before they were rounded.
        high: The most.
        n: How many they are.
    """

    value: Fraction
    low: Fraction
    high: Fraction
    n: int


def mean(printed: Sequence[Printed]) -> Mean:
    """The mean of printed numbers, and the range that their rounding leaves for it.

    Raises:
        InputError: There are none.
    """
    n = len(printed)
    if not n:
        raise InputError("a mean needs at least one printed number, got none")
    return Mean(
        sum(each.value for each in printed) / Fraction(n),
        sum(each.low for each in printed) / Fraction(n),
        sum(each.high for each in printed) / Fraction(n),
        n,
    )


def verdict(printed: Printed, value: Fraction, low: Fraction, high: Fraction) -> Verdict:
    """Whether a recomputed number is the printed one.

    Args:
        printed: What the paper says.
        value: Recomputed from the numbers as printed.
        low: The least that it can have been before they were rounded.
        high: The most.

    Returns:
        `"agrees"` where `value` rounds to `printed`; `"within rounding"` where it does not, but some number
        from `low` to `high` does; else `"disagrees"`.

    >>> third = mean([Printed.read(text) for text in ("0.3", "0.3", "0.4")])
    >>> verdict(Printed.read("0.33"), *third[:3]), verdict(Printed.read("0.34"), *third[:3])
    ('agrees', 'within rounding')
    """
    if printed.low <= value <= printed.high:
        return "agrees"
    if low <= printed.high and high >= printed.low:
        return "within rounding"
    return "disagrees"
