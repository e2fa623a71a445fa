"""Probes by cross-validation over scenes: every picture is read by a probe that never saw its scene."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple, TypeVar, get_args

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.probing.maps import at_pixels, drawn_pixels, resized
from vbanalysis.probing.ridge import LinearProbe, Sums, nested_ridge
from vbanalysis.probing.targets import Answer, Probed, Target, marked
from vbanalysis.probing.trained import Recipe, trained_probe

Kind = Literal["ridge", "logistic", "network"]
K = TypeVar("K")

PIXELS = 256
"""Pixels of a picture that a probe learns from: more of them tell little more, for neighbours are alike."""

_GEOMETRIC = ("depth", "normals")


class CrossValidated(NamedTuple):
    """What probes of one layer said of pictures that they did not learn from.

    Attributes:
        task: What was asked.
        answers: Marks of each picture, see `targets.marked`; None where nothing is known of it.
        folds: (N,) the fold that each picture was left out in.
        scenes: (N,) the scene of each picture: what is independent of what.
        losses: (k,) loss on folds left out within those that fold k's probe learnt from: what a layer may be
            chosen by.
        settings: (k,) the penalty that was chosen, or the passes that were made.
    """

    task: Probed
    answers: list[Answer | None]
    folds: np.ndarray
    scenes: Sequence[Hashable]
    losses: np.ndarray
    settings: np.ndarray


def scene_folds(scenes: Sequence[Hashable], k: int, rng: np.random.Generator) -> np.ndarray:
    """A fold for each picture: pictures of one scene are in one fold, and folds hold about as many scenes.

    Args:
        scenes: One label a picture.
        k: Folds, at least 3: one is left out, and within the others one is again.
        rng: Deals the scenes out.

    Returns:
        (N,) int64, from 0 to k - 1.

    Raises:
        InputError: There are fewer scenes than folds, or fewer than 3 folds.
    """
    names = list(dict.fromkeys(scenes))
    if not 3 <= k <= len(names):
        raise InputError(f"k must be from 3 to the number of scenes, {len(names)}, got {k}")
    fold = {names[scene]: place % k for place, scene in enumerate(rng.permutation(len(names)))}
    return np.array([fold[scene] for scene in scenes])


def cross_validated(
    maps: Sequence[np.ndarray],
    targets: Sequence[Target],
    folds: np.ndarray,
    *,
    scenes: Sequence[Hashable] | None = None,
    kind: Kind = "ridge",
    pixels: int = PIXELS,
    seed: int = 0,
    recipe: Recipe | None = None,
) -> CrossValidated:
    """Read the targets from the maps, each picture by a probe of the other folds.

    Args:
        maps: (C, h, w) of each picture.
        targets: Of the same pictures, of one task.
        folds: (N,), of `scene_folds`.
        scenes: One label a picture, kept for intervals; None where each is a scene of its own.
        kind: `"ridge"`: linear, in closed form, its penalty chosen by the folds within. `"network"`: one
            hidden layer, stopped early by one of the folds within. `"logistic"`: the same without the layer,
            for classes a multinomial logistic regression.
        pixels: Of each picture, drawn once, that are learnt from. All known ones are marked.
        seed: Of the draw.
        recipe: Of the training, for the two that are trained.

    Raises:
        InputError: The lengths differ, or there is no such kind.
    """
    if kind not in get_args(Kind):
        raise InputError(f"kind must be one of {', '.join(get_args(Kind))}, got {kind!r}")
    if not len(maps) == len(targets) == len(folds) > 0:
        raise InputError(
            f"expected as many maps, targets and folds, got {len(maps)}, {len(targets)} and {len(folds)}"
        )
    task = targets[0].task
    rows = [
        learnt(each, target, pixels, [seed, k])
        for k, (each, target) in enumerate(zip(maps, targets, strict=True))
    ]
    fits = _by_sums(rows, folds) if kind == "ridge" else _by_rows(rows, folds, task, kind, recipe or Recipe())
    answers: list[Answer | None] = [None] * len(maps)
    losses, settings = [], []
    for k in range(int(folds.max()) + 1):
        probe, loss, setting = fits(k)
        losses.append(loss)
        settings.append(setting)
        for place in np.flatnonzero(folds == k).tolist():
            answers[place] = marked(read(probe, maps[place], targets[place].known.shape), targets[place])
    each = range(len(maps)) if scenes is None else scenes
    return CrossValidated(task, answers, folds, each, np.array(losses), np.array(settings))


def readings(
    maps: Sequence[np.ndarray],
    targets: Sequence[Target],
    folds: np.ndarray,
    places: Sequence[int],
    *,
    pixels: int = PIXELS,
    seed: int = 0,
) -> list[np.ndarray]:
    """What `cross_validated` marks, to look at: (H, W, K) of some of the pictures, by a ridge probe."""
    pairs = enumerate(zip(maps, targets, strict=True))
    fits = _by_sums([learnt(each, target, pixels, [seed, k]) for k, (each, target) in pairs], folds)
    return [read(fits(int(folds[k]))[0], maps[k], targets[k].known.shape) for k in places]


def chosen(found: Mapping[K, CrossValidated]) -> tuple[CrossValidated, list[K]]:
    """The best of several layers or levels, chosen anew within each fold: never by what is reported.

    Args:
        found: By layer or level; all of the same folds.

    Returns:
        What the chosen ones said, put together, and which was chosen for each fold.
    """
    keys = list(found)
    losses = np.stack([found[key].losses for key in keys])
    picks = [keys[k] for k in losses.argmin(axis=0)]
    first = found[keys[0]]
    answers = [found[picks[fold]].answers[place] for place, fold in enumerate(first.folds)]
    settings = np.array([found[pick].settings[k] for k, pick in enumerate(picks)])
    return CrossValidated(first.task, answers, first.folds, first.scenes, losses.min(axis=0), settings), picks


def learnt(
    maps: np.ndarray, target: Target, pixels: int, seed: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Features and targets of some pixels of a picture: (n, C) and (n, K)."""
    shape = target.known.shape
    places = drawn_pixels(target.known, pixels, np.random.default_rng(list(seed)))
    return at_pixels(maps, places, (shape[0], shape[1])), target.values.reshape(-1, target.values.shape[-1])[
        places
    ]


def read(probe: Callable[[np.ndarray], np.ndarray], maps: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """What a probe says at every pixel of a picture: (H, W, K) of a (C, h, w) map.

    A linear probe reads the map as it is and its answer is made larger, which is the same and faster.
    """
    size = (shape[0], shape[1])
    if not isinstance(probe, LinearProbe):
        maps = resized(maps, size)
    answer = probe(maps.reshape(len(maps), -1).T)
    return np.moveaxis(resized(answer.T.reshape(-1, *maps.shape[1:]), size), 0, -1)


_Fit = Callable[[int], tuple[Callable[[np.ndarray], np.ndarray], float, float]]
_Rows = Sequence[tuple[np.ndarray, np.ndarray]]


def _by_sums(rows: _Rows, folds: np.ndarray) -> _Fit:
    sums = []
    for k in range(int(folds.max()) + 1):
        inside = [rows[place] for place in np.flatnonzero(folds == k).tolist()]
        sums.append(Sums.of(np.concatenate([x for x, _ in inside]), np.concatenate([y for _, y in inside])))

    found = nested_ridge(sums)
    return lambda k: (found[k].probe, found[k].loss, found[k].penalty)


def _by_rows(rows: _Rows, folds: np.ndarray, task: Probed, kind: Kind, recipe: Recipe) -> _Fit:
    x, y = (np.concatenate([row[part] for row in rows]) for part in (0, 1))
    fold = np.repeat(folds, [len(features) for features, _ in rows])
    many = int(folds.max()) + 1
    width = recipe.hidden if kind == "network" else 0

    def fit(k: int) -> tuple[Callable[[np.ndarray], np.ndarray], float, float]:
        inside = fold != k
        found = trained_probe(
            x[inside],
            y[inside],
            fold[inside] == (k + 1) % many,
            classes=task not in _GEOMETRIC,
            recipe=replace(recipe, hidden=width),
        )
        return found.probe, found.loss, found.epochs

    return fit
