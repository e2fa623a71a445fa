"""Small charts as SVG: drawn in a millisecond, in the colours of the page around them, light or dark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import numpy as np

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
"""Of Okabe and Ito, which stand out on white and on black."""

_WIDTH, _HEIGHT = 320, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 42, 8, 22, 34


class Axis(NamedTuple):
    """One axis.

    Attributes:
        label: With its unit.
        low: Its lower end.
        high: Its upper end, above `low`.
        log: Whether it is logarithmic; both ends are above 0 then.
    """

    label: str
    low: float
    high: float
    log: bool = False

    def place(self, values: np.ndarray) -> np.ndarray:
        """Values as shares of the axis, those beyond at its ends; NaN stays."""
        values = np.clip(np.asarray(values, float), self.low, self.high)
        if self.log:
            return np.log(values / self.low) / math.log(self.high / self.low)
        return (values - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """Round numbers along the axis, seven at most or so."""
        slack = 1e-9 * (self.high - self.low)
        if self.log:
            decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            steps = (1, 2, 5) if len(decades) <= 3 else (1,)
            round_ones = [m * 10.0**d for d in decades for m in steps]
            found = [tick for tick in round_ones if self.low - slack <= tick <= self.high + slack]
            if len(found) > 2:
                return found
        rough = (self.high - self.low) / 4
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * (1 - 1e-9))
        places = np.arange(math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9) + 1)
        return (places * step).tolist()


class Series(NamedTuple):
    """Something drawn.

    Attributes:
        name: In the legend; "" for none.
        x: Abscissas; NaN breaks a line.
        y: Ordinates.
        kind: A line, a dashed line, dots, or bars from the x axis as wide as their distance.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    kind: str = "line"


def chart(title: str, x: Axis, y: Axis, series: Sequence[Series]) -> str:
    """A chart with its title, as a figure in HTML.

    Args:
        title: A sentence that says what is seen; a screen reader reads it.
        x: The axis across.
        y: The axis upwards.
        series: What is drawn, in the order of `COLOURS`.
    """
    parts = [*_frame(x, y), *(_drawn(s, x, y, COLOURS[k % 4]) for k, s in enumerate(series)), _legend(series)]
    told = escape(title)
    return (
        f"<figure><figcaption>{told}</figcaption>"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{told}" fill="currentColor" '
        f'font-size="10" font-family="inherit">{"".join(parts)}</svg></figure>'
    )


def _across(shares: np.ndarray) -> np.ndarray:
    return _LEFT + shares * (_WIDTH - _LEFT - _RIGHT)


def _up(shares: np.ndarray) -> np.ndarray:
    return _HEIGHT - _BOTTOM - shares * (_HEIGHT - _TOP - _BOTTOM)


def _frame(x: Axis, y: Axis) -> list[str]:
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    parts = []
    for tick, at in zip(x.ticks(), _across(x.place(np.array(x.ticks()))), strict=True):
        parts.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{bottom}" {_GRID}/>')
        parts.append(f'<text x="{at:.1f}" y="{bottom + 12}" text-anchor="middle">{tick:g}</text>')
    for tick, at in zip(y.ticks(), _up(y.place(np.array(y.ticks()))), strict=True):
        parts.append(f'<line x1="{_LEFT}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}" {_GRID}/>')
        parts.append(f'<text x="{_LEFT - 4}" y="{at + 3:.1f}" text-anchor="end">{tick:g}</text>')
    middle = (_LEFT + right) / 2
    parts.append(f'<text x="{middle}" y="{_HEIGHT - 6}" text-anchor="middle">{escape(x.label)}</text>')
    turned = f'transform="translate(9 {(_TOP + bottom) / 2}) rotate(-90)"'
    parts.append(f'<text {turned} text-anchor="middle">{escape(y.label)}</text>')
    return parts


_GRID = 'stroke="currentColor" stroke-opacity="0.15"'


def _drawn(series: Series, x: Axis, y: Axis, colour: str) -> str:
    across, up = _across(x.place(series.x)), _up(y.place(series.y))
    known = np.isfinite(across) & np.isfinite(up)
    if series.kind == "bars":
        wide = float(np.min(np.diff(across))) if len(across) > 1 else 8.0
        floor = float(_up(np.zeros(1))[0])
        return "".join(
            f'<rect x="{a - wide / 2:.1f}" y="{u:.1f}" width="{wide * 0.9:.1f}" height="{floor - u:.1f}" '
            f'fill="{colour}"/>'
            for a, u in zip(across[known], up[known], strict=True)
        )
    if series.kind == "dots":
        return "".join(
            f'<circle cx="{a:.1f}" cy="{u:.1f}" r="2" fill="{colour}"/>'
            for a, u in zip(across[known], up[known], strict=True)
        )
    path, pen = [], "M"
    for a, u, drawn in zip(across, up, known, strict=True):
        if drawn:
            path.append(f"{pen}{a:.1f} {u:.1f}")
        pen = "L" if drawn else "M"
    dashes = ' stroke-dasharray="5 3"' if series.kind == "dashed" else ""
    return f'<path d="{"".join(path)}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>'


def _legend(series: Sequence[Series]) -> str:
    parts, at = [], float(_LEFT)
    for k, each in enumerate(series):
        if each.name:
            colour = COLOURS[k % len(COLOURS)]
            dashes = ' stroke-dasharray="4 2"' if each.kind == "dashed" else ""
            parts.append(
                f'<line x1="{at}" x2="{at + 12}" y1="10" y2="10" stroke="{colour}" stroke-width="3"{dashes}/>'
                f'<text x="{at + 16}" y="13.5">{escape(each.name)}</text>'
            )
            at += 26 + 5.4 * len(each.name)
    return "".join(parts)
