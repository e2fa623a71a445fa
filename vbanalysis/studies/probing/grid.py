"""What can be read from a frozen generator, by layer and level of noise, beside what needs no learning.

Every figure is over pictures read by a probe that never saw their scene. Where one of several layers or
levels is reported, it was chosen within the folds that the probe learnt from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from vbanalysis.errors import InputError
from vbanalysis.probing import controls
from vbanalysis.probing.cache import FeatureCache
from vbanalysis.probing.experiment import CrossValidated, Kind, chosen, cross_validated
from vbanalysis.probing.frozen import Frozen, chosen_layers
from vbanalysis.probing.targets import METRIC, RISES, Probed, estimated, figure
from vbanalysis.stats import Estimate, paired_difference, paired_resampled_difference
from vbanalysis.studies.probing.material import Material

NO_NETWORK: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "chance": controls.nothing,
    "place": controls.place,
    "pixels": controls.pixels,
}
"""What is there before any network: one answer for all pixels, where a pixel is, the colours around it."""


class Spot(NamedTuple):
    """Where something is read.

    Attributes:
        who: The network, or what stands in for one.
        way: How the picture entered; empty without a network.
        level: Share of noise; 0 without a network.
        layer: Its name; empty without a network.
    """

    who: str
    way: str = ""
    level: float = 0.0
    layer: str = ""


Grid = dict[Spot, dict[Probed, CrossValidated]]
"""What probes said, by spot and task."""


def without_network(made: Material, kind: Kind = "ridge") -> Grid:
    """What can be told without any network."""
    found: Grid = {}
    for name, features in NO_NETWORK.items():
        maps = [features(image) for image in made.images]
        found[Spot(name)] = _each_task(maps, made, kind)
    return found


def pixel_maps(made: Material) -> dict[Probed, list[np.ndarray]]:
    """The colours around each pixel and its place, as maps of each task."""
    maps = [controls.pixels(image) for image in made.images]
    return dict.fromkeys(made.targets, maps)


def probed(
    frozen: Frozen,
    levels: Sequence[float],
    made: Material,
    cache: FeatureCache | None = None,
    *,
    layers: Sequence[str] | None = None,
    kind: Kind = "ridge",
) -> Iterator[tuple[Spot, dict[Probed, CrossValidated]]]:
    """Probe the layers of a generator at levels of noise; picture k has the noise of seed k.

    Args:
        frozen: The generator.
        levels: Shares of noise.
        made: The pictures.
        cache: Of features; None keeps none.
        layers: Shell patterns; None takes those that the generator names.
        kind: Of probe.

    Yields:
        Each spot with what was said there.
    """
    names = chosen_layers(frozen, layers)
    way = str(frozen.way)
    for level in levels:
        seen = list(
            (cache or FeatureCache()).maps(frozen, made.images, names, level, range(len(made.images)))
        )
        for layer in names:
            spot = Spot(frozen.name, way, float(level), layer)
            yield spot, _each_task([maps[layer] for maps in seen], made, kind)


def grid_table(grid: Grid) -> pd.DataFrame:
    """One row a spot and figure: who, way, level, layer, task, metric, value, low, high, n."""
    rows = []
    for spot, by_task in grid.items():
        for task, found in by_task.items():
            rows += _rows(spot, task, found)
    return pd.DataFrame(rows)


class Best(NamedTuple):
    """The layer and level that each fold's probe was given, by the loss on folds within.

    Attributes:
        said: What they said, put together.
        spots: One a fold.
    """

    said: CrossValidated
    spots: list[Spot]

    @property
    def usual(self) -> Spot:
        """The one that most folds chose."""
        return max(dict.fromkeys(self.spots), key=self.spots.count)


def best(grid: Grid, who: str, task: Probed, way: str | None = None) -> Best:
    """What was said where the folds within chose to read a network.

    Args:
        grid: Of the network, and others.
        who: The network.
        task: What was asked.
        way: Only this way in; None takes both.

    Raises:
        InputError: There is no such network in the grid.
    """
    found = {
        spot: by_task[task] for spot, by_task in grid.items() if spot.who == who and way in (None, spot.way)
    }
    if not found:
        known = ", ".join(dict.fromkeys(spot.who for spot in grid))
        raise InputError(f"nothing of {who!r} was probed: there are {known}")
    return Best(*chosen(found))


def best_table(grid: Grid) -> pd.DataFrame:
    """One row a network and figure, as `grid_table`: where the folds within chose to read it, of both ways.

    `way`, `level` and `layer` are those that most folds chose.
    """
    rows = []
    for who in dict.fromkeys(spot.who for spot in grid):
        for task in next(iter(grid.values())):
            found = best(grid, who, task)
            rows += _rows(found.usual, task, found.said)
    return pd.DataFrame(rows)


def maps_at(
    spot: Spot, frozen: Frozen, made: Material, cache: FeatureCache | None = None
) -> list[np.ndarray]:
    """The maps of one layer at one level, (C, h, w) of each picture."""
    seeds = range(len(made.images))
    said = (cache or FeatureCache()).maps(frozen, made.images, [spot.layer], spot.level, seeds)
    return [each[spot.layer] for each in said]


def chosen_maps(
    grid: Grid, models: Sequence[Frozen], made: Material, cache: FeatureCache | None = None
) -> dict[Probed, list[np.ndarray]]:
    """The maps of a network where most folds chose to read it, task by task.

    Args:
        grid: What was said of it.
        models: The network by every way in that was probed.
        made: The pictures.
        cache: Of features.
    """
    ways = {str(model.way): model for model in models}
    spots = {task: best(grid, models[0].name, task).usual for task in made.targets}
    return {task: maps_at(spot, ways[spot.way], made, cache) for task, spot in spots.items()}


def beyond(grid: Grid, who: str, others: Sequence[str], way: str | None = None) -> pd.DataFrame:
    """How far a network's chosen layer is ahead of others, picture by picture.

    Differences are signed so that above 0 the network is better: more delta1 or mIoU, or fewer degrees.

    Args:
        grid: What was said.
        who: The network.
        others: Who it is held against; of networks with random weights one a seed.
        way: In which both were looked at; None takes the better way of each.

    Returns:
        One row a task and other: task, metric, other, value, low, high, n.
    """
    rows = []
    for task in next(iter(grid.values())):
        ours = best(grid, who, task, way).said
        for other in others:
            theirs = best(grid, other, task, way if other not in NO_NETWORK else None).said
            rows.append({"task": task, "metric": METRIC[task], "other": other} | ahead(task, ours, theirs))
    return pd.DataFrame(rows)


def _each_task(maps: Sequence[np.ndarray], made: Material, kind: Kind) -> dict[Probed, CrossValidated]:
    return {
        task: cross_validated(maps, targets, made.folds, kind=kind, scenes=made.scenes)
        for task, targets in made.targets.items()
    }


def _rows(spot: Spot, task: Probed, found: CrossValidated) -> list[dict[str, Any]]:
    told = {**spot._asdict(), "task": task}
    return [told | figures(metric, each) for metric, each in estimates(task, found).items()]


def figures(metric: str, each: Estimate) -> dict[str, Any]:
    """The columns of a figure."""
    return {"metric": metric, "value": each.value, "low": each.low, "high": each.high, "n": each.n}


def known(found: CrossValidated) -> tuple[list[Any], list[Any] | None]:
    """Marks of the pictures that have any, and their scenes where some share one."""
    places = [k for k, answer in enumerate(found.answers) if answer is not None]
    scenes = [found.scenes[k] for k in places]
    return [found.answers[k] for k in places], scenes if len(set(scenes)) < len(scenes) else None


def estimates(task: Probed, found: CrossValidated) -> dict[str, Estimate]:
    """The figures of what was said, with intervals over scenes."""
    return estimated(task, *known(found))


def ahead(task: Probed, ours: CrossValidated, theirs: CrossValidated) -> dict[str, Any]:
    """The columns of a difference on the same pictures, above 0 where the first is better."""
    (first, scenes), (second, _) = known(ours), known(theirs)
    if task == "semantic":
        found = paired_resampled_difference(
            first, second, lambda units: figure("semantic", units), resamples=500, clusters=scenes
        )
    else:
        metric = METRIC[task]
        a, b = (np.array([answer[metric] for answer in answers]) for answers in (first, second))
        a, b = (a, b) if RISES[metric] else (b, a)
        found = paired_difference(a, b, clusters=scenes)
    return {key: value for key, value in found._asdict().items() if key in ("value", "low", "high", "n")}
