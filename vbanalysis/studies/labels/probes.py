"""Probes that learn from few labelled scenes, one scene at a time, as many of them as are given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from vbanalysis.mini.scenes import Scenes
from vbanalysis.probing import controls
from vbanalysis.probing.cache import FeatureCache
from vbanalysis.probing.experiment import read
from vbanalysis.probing.frozen import Frozen
from vbanalysis.probing.maps import at_pixels, stacked
from vbanalysis.probing.ridge import LinearProbe, Sums, chosen_ridge
from vbanalysis.probing.targets import MEANS, METRIC, PROBED, Probed, estimated, marked, target_of
from vbanalysis.stats import Estimate
from vbanalysis.types import Sample

PIXELS = 128
"""Of each scene, that a probe learns from."""

FOLDS = 4
"""Of the labelled scenes, by which layers and penalties are chosen."""

SEVERAL = ("down.3", "down.6", "middle", "up.1", "up.4", "up.7")
"""Layers that a probe may take one of, or all side by side."""

_COLUMNS: Mapping[Probed, slice] = {"depth": slice(0, 1), "normals": slice(1, 4), "semantic": slice(0, None)}


class Lesson(NamedTuple):
    """A labelled picture, as a probe learns from it.

    Attributes:
        image: (H, W, 3) uint8.
        places: (n,) pixels, counted row by row.
        solid: (n,) bool, where depth and normals are known.
        geometry: (n, 4) log depth and normal.
        classes: (n, classes) one-hot.
    """

    image: np.ndarray
    places: np.ndarray
    solid: np.ndarray
    geometry: np.ndarray
    classes: np.ndarray


class Reading(NamedTuple):
    """A probe that was learnt from few pictures.

    Attributes:
        probe: It.
        loss: On labelled scenes left out.
        view: Way in and level.
        layers: That it reads.
    """

    probe: LinearProbe
    loss: float
    view: tuple[str, float]
    layers: tuple[str, ...]


def lessons(seed: int, n: int) -> list[Lesson]:
    """The first `n` scenes that a training with this seed sees, with the labels of some pixels of each."""
    made = []
    for number, sample in enumerate(Scenes("train", n, seed=seed)):
        depth, normals, classes = (target_of(task, sample) for task in PROBED)
        rng = np.random.default_rng([seed, number])
        places = np.sort(rng.choice(depth.known.size, PIXELS, replace=False))
        geometry = np.concatenate([depth.values, normals.values], axis=-1).reshape(-1, 4)[places]
        solid = (depth.known & normals.known).reshape(-1)[places]
        hot = classes.values.reshape(len(depth.known.ravel()), -1)[places]
        made.append(Lesson(np.asarray(sample.image), places, solid, geometry, hot))
    return made


def probe_rows(
    who: str,
    views: Mapping[tuple[str, float], Frozen | None],
    taught: Sequence[Lesson],
    asked: Sequence[Sample],
    counts: Sequence[int],
    cache: FeatureCache | None = None,
) -> list[dict[str, Any]]:
    """Marks of probes that learnt from the first so many lessons.

    Args:
        who: Its name in the table.
        views: What may be read, by way in and level; None reads the pixels themselves.
        taught: Labelled scenes, as many as the largest of `counts`.
        asked: Held-out samples.
        counts: Lessons to learn from, rising.
        cache: Of features.

    Returns:
        Rows of who, n_labelled, task, chosen, metric, value, low, high, n, and each: the figure by scene,
        where that of all is its mean.
    """
    cache = cache or FeatureCache()
    found: dict[tuple[int, Probed], Reading] = {}
    for view, frozen in views.items():
        for count, task, reading in _learnt(view, frozen, taught, counts, cache):
            if (count, task) not in found or reading.loss < found[count, task].loss:
                found[count, task] = reading
    rows = []
    for view, frozen in views.items():
        here = {key: reading for key, reading in found.items() if reading.view == view}
        answers: dict[tuple[int, Probed], dict[str, Any]] = {key: {} for key in here}
        layers = sorted({layer for reading in here.values() for layer in reading.layers})
        images = np.stack([np.asarray(sample.image) for sample in asked])
        for sample, maps in zip(asked, _maps(frozen, images, layers, view[1], cache), strict=True):
            targets = {task: target_of(task, sample) for task in PROBED}
            for (count, task), reading in here.items():
                said = read(
                    reading.probe, stacked([maps[each] for each in reading.layers]), images.shape[1:3]
                )
                mark = marked(said, targets[task])
                if mark is not None:
                    answers[count, task][sample.id] = mark
        for (count, task), marks in answers.items():
            layers_told = " + ".join(here[count, task].layers)
            told = {
                "who": who,
                "n_labelled": count,
                "task": task,
                "chosen": f"{view[0]} {view[1]:g} {layers_told}",
            }
            lead_of = lead(task, estimated(task, list(marks.values()))[METRIC[task]])
            each = {scene: answer[METRIC[task]] for scene, answer in marks.items() if task in MEANS}
            rows.append(told | lead_of | {"each": each})
    return rows


def _maps(
    frozen: Frozen | None, images: np.ndarray, layers: Sequence[str], level: float, cache: FeatureCache
) -> Iterator[Mapping[str, np.ndarray]]:
    if frozen is None:
        return ({"pixels": controls.pixels(image)} for image in images)
    return cache.maps(frozen, images, layers, level, range(len(images)))


def _learnt(
    view: tuple[str, float],
    frozen: Frozen | None,
    taught: Sequence[Lesson],
    counts: Sequence[int],
    cache: FeatureCache,
) -> Iterator[tuple[int, Probed, Reading]]:
    """Probes of each layer and of all, after so many lessons."""
    layers = ("pixels",) if frozen is None else SEVERAL
    choices = [(layer,) for layer in layers] + ([layers] if len(layers) > 1 else [])
    sums: dict[tuple[tuple[str, ...], str], list[Sums | None]] = {
        (choice, kind): [None] * FOLDS for choice in choices for kind in ("geometry", "classes")
    }
    images = np.stack([lesson.image for lesson in taught[: max(counts)]])
    for number, maps in enumerate(_maps(frozen, images, layers, view[1], cache)):
        lesson, fold = taught[number], number % FOLDS
        at = {layer: at_pixels(maps[layer], lesson.places, images.shape[1:3]) for layer in layers}
        for choice in choices:
            x = np.concatenate([at[layer] for layer in choice], axis=1)
            for kind, more in (
                ("geometry", Sums.of(x[lesson.solid], lesson.geometry[lesson.solid])),
                ("classes", Sums.of(x, lesson.classes)),
            ):
                before = sums[choice, kind][fold]
                sums[choice, kind][fold] = more if before is None else before + more
        if number + 1 in counts:
            for choice in choices:
                for task in PROBED:
                    folds = sums[choice, "classes" if task == "semantic" else "geometry"]
                    of_task = [each.of_targets(_COLUMNS[task]) for each in folds if each is not None]
                    found = chosen_ridge(of_task)
                    yield number + 1, task, Reading(found.probe, found.loss, view, choice)


def lead(task: Probed, each: Estimate) -> dict[str, Any]:
    """The columns of the figure that a task leads with."""
    return {"metric": METRIC[task], "value": each.value, "low": each.low, "high": each.high, "n": each.n}
