"""Which error of scale alone would take a rival's printed figures down to Vision Banana's: nuScenes.

Whose errors the rest would have is not printed; the rivals' of the same table stand for them, as if their own
scale were right.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from scipy.optimize import brentq

from vbanalysis.errors import InputError
from vbanalysis.studies.paper.rounding import Printed
from vbanalysis.studies.paper.tables import read_table
from vbanalysis.studies.scale_error import (
    LogErrors,
    absrel,
    delta1,
    joint,
    one_normal,
    ratios_for,
    spread_over_images,
    tau_for,
    with_outliers,
)

OURS = "Vision Banana"

OUTLIERS = (0.8, 1.0, 1.2)
"""Spreads of outliers that are tried; the printed figures do not tell it."""


class Scored(NamedTuple):
    """A model's printed figures on a data set."""

    model: str
    delta1: Printed
    absrel: Printed


def scored(dataset: str = "nuScenes", folder: Path | None = None) -> tuple[Scored, list[Scored]]:
    """Vision Banana, and the models with both figures and a larger delta1.

    Raises:
        InputError: The paper prints nothing of Vision Banana on that data set.
    """
    table = read_table("depth", folder)
    found = {
        row.model: Scored(row.model, Printed.read(row.delta1), Printed.read(row.absrel))
        for row in table[table.dataset == dataset].itertuples()
        if row.delta1 and row.absrel
    }
    if OURS not in found:
        raise InputError(f"the paper prints no delta1 and AbsRel of {OURS} on {dataset!r}")
    ours = found.pop(OURS)
    return ours, [each for each in found.values() if each.delta1.value > ours.delta1.value]


def rests(rival: Scored) -> dict[str, LogErrors]:
    """What the rest of the errors may be: distributions that have a rival's figures, by name."""
    wanted = float(rival.delta1.value), float(rival.absrel.value)
    found = {"one normal": one_normal(wanted[0])}
    for outliers in OUTLIERS:
        errors = with_outliers(*wanted, outliers)
        if errors is not None:
            found[f"normal, outliers of {outliers:g}"] = errors
    return found


def scale_explained(dataset: str = "nuScenes", folder: Path | None = None) -> pd.DataFrame:
    """For each explanation by scale alone, the factor that gives the printed delta1, and what AbsRel follows.

    Returns:
        Rows `rest_of, rest, scale, factor, low, high, absrel, printed_absrel`. `scale` is `too near` or
        `too far` (one factor on all depths), or `own for each image`, where `factor` is what one image in
        three exceeds, up or down. `low` and `high` are what the rounding of the two delta1 leaves. A rest of
        one normal has the rival's delta1 and not its AbsRel, the others have both. The last row has no rival:
        the factor and the one normal that give both of Vision Banana's own figures.
    """
    ours, rivals = scored(dataset, folder)
    rows = []
    for rival in rivals:
        for name, errors in rests(rival).items():
            for scale, factor, found in _explanations(float(ours.delta1.value), errors):
                ends = [
                    other
                    for mine in (ours.delta1.low, ours.delta1.high)
                    for theirs in (rival.delta1.low, rival.delta1.high)
                    for kind, other, _ in _explanations(float(mine), _scaled_to(errors, float(theirs)))
                    if kind == scale
                ]
                rows.append(
                    {
                        "rest_of": rival.model,
                        "rest": name,
                        "scale": scale,
                        "factor": factor,
                        "low": min(ends),
                        "high": max(ends),
                        "absrel": found,
                        "printed_absrel": float(ours.absrel.value),
                    }
                )
    mine = float(ours.delta1.value), float(ours.absrel.value)
    for factor, spread in joint(*mine):
        rows.append(
            {
                "rest_of": "nobody",
                "rest": f"one normal of {spread:.3f}",
                "scale": "too near" if factor < 1 else "too far",
                "factor": factor,
                "low": float("nan"),
                "high": float("nan"),
                "absrel": mine[1],
                "printed_absrel": mine[1],
            }
        )
    return pd.DataFrame(rows)


def _explanations(wanted: float, errors: LogErrors) -> Iterator[tuple[str, float, float]]:
    near, far = ratios_for(wanted, errors)
    yield "too near", near, absrel(near, errors)
    yield "too far", far, absrel(far, errors)
    tau = tau_for(wanted, errors)
    yield "own for each image", math.exp(tau), absrel(1.0, spread_over_images(errors, tau))


def _scaled_to(errors: LogErrors, wanted: float) -> LogErrors:
    """The same shape with the inliers' spread moved so that delta1 is another one, as rounding allows."""
    shares, spreads = errors.shares, errors.spreads

    def moved(factor: float) -> LogErrors:
        return LogErrors(shares, (spreads[0] * factor, *spreads[1:]))

    return moved(float(brentq(lambda factor: delta1(1.0, moved(factor)) - wanted, 0.5, 2.0)))
