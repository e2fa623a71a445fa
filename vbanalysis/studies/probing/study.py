"""The probing study: the base before any tuning, by layer and noise, beside what it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pandas as pd

from vbanalysis.probing.cache import FeatureCache
from vbanalysis.probing.embedded import Embedded, Way
from vbanalysis.probing.frozen import Frozen
from vbanalysis.studies.arms import trained_arms
from vbanalysis.studies.probing.grid import (
    Grid,
    best_table,
    beyond,
    chosen_maps,
    grid_table,
    probed,
    without_network,
)
from vbanalysis.studies.probing.label_controls import label_controls
from vbanalysis.studies.probing.material import material, samples_of

LEVELS = (0.05, 0.2, 0.4, 0.6, 0.8, 0.95)
"""Shares of noise in the picture that the base seems to be drawing."""

GIVEN = 1.0
"""The share at which the picture is the input image alone: what is drawn is noise, as before an answer."""

SEEDS = (1, 2, 3)
"""Of random weights."""

SHIPPED = ("tuned", "scratch", "regression")


def probing_study(
    n: int = 200,
    split: str = "heldout",
    arms: Sequence[str] = ("pictures", "numbers"),
    runs: Path = Path("runs/mini"),
    cache: FeatureCache | None = None,
    on_part: Callable[[str], None] = lambda part: None,
) -> pd.DataFrame:
    """Measure everything.

    Args:
        n: Scenes; each is read by probes of the others.
        split: Of the scenes.
        arms: Stages whose trainings stand beside the shipped weights.
        runs: Where they are.
        cache: Of features.
        on_part: Told of each network before it is looked at.

    Returns:
        One row a figure, of four kinds in `part`: `grid`, each layer and level; `chosen`, the layer and level
        that the folds within chose; `ahead`, the base less another network or less no network, both chosen
        so; `labels`, the base's layer on labels that mean less.

    Raises:
        InputError: An arm has no training.
    """
    made = material(samples_of(f"scenes:{split}?n={n}", n))
    on_part("no network")
    grid: Grid = without_network(made)
    for frozen, levels in _networks(arms, runs):
        on_part(f"{frozen.name}, {frozen.way}")
        grid |= dict(probed(frozen, levels, made, cache))
    on_part("labels that mean less")
    maps = chosen_maps(grid, [Embedded.load("base"), Embedded.load("base", "given")], made, cache)
    random = [f"{kind}-{seed}" for kind in ("untrained", "shuffled") for seed in SEEDS]
    parts = {
        "grid": grid_table(grid),
        "chosen": best_table(grid),
        "ahead": beyond(grid, "base", ["chance", "place", "pixels", *random]).assign(who="base"),
        "labels": label_controls(maps, made).assign(who="base"),
    }
    return pd.concat([table.assign(part=part) for part, table in parts.items()], ignore_index=True)


def _networks(arms: Sequence[str], runs: Path) -> Iterator[tuple[Frozen, Sequence[float]]]:
    ways: tuple[tuple[Way, tuple[float, ...]], ...] = (("noised", LEVELS), ("given", (GIVEN,)))
    for way, levels in ways:
        yield Embedded.load("base", way), levels
        for seed in SEEDS:
            # Noise only hides more from a network that learnt nothing.
            yield Embedded.untrained(seed, way), levels[:1]
            yield Embedded.shuffled("base", seed, way), levels[:1]
    yield Embedded.load("tuned", "noised"), (0.2,)
    for name in SHIPPED:
        yield Embedded.load(name, "given"), (GIVEN,)
    for arm in trained_arms(arms, runs) if arms else ():
        found = Embedded.load(arm.weights, "given")
        found.name = f"{arm.name}-{arm.seed}"
        yield found, (GIVEN,)
