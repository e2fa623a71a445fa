"""Labelled pictures to probe with, and the generators to probe, by their spec strings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, get_args

import numpy as np

from vbanalysis import plugins
from vbanalysis.errors import InputError
from vbanalysis.probing.embedded import Embedded, Way
from vbanalysis.probing.experiment import scene_folds
from vbanalysis.probing.frozen import Frozen
from vbanalysis.probing.pipelines import Pipeline
from vbanalysis.probing.targets import PROBED, Probed, Target, target_of
from vbanalysis.specs import parse_spec
from vbanalysis.types import Sample

FOLDS = 5


class Material(NamedTuple):
    """Labelled pictures, ready to be probed.

    Attributes:
        images: (N, H, W, 3) uint8.
        targets: Labels of each picture by task.
        scenes: The scene of each picture: what is drawn together in an interval.
        folds: (N,) the fold of each picture; one scene is in one fold.
        regions: (H, W) integers of each picture, to give random labels to.
        samples: What they were made of.
    """

    images: np.ndarray
    targets: Mapping[Probed, list[Target]]
    scenes: list[str]
    folds: np.ndarray
    regions: list[np.ndarray]
    samples: list[Sample]


def material(samples: Iterable[Sample], tasks: Sequence[Probed] = PROBED, seed: int = 0) -> Material:
    """Bring samples of one size, with labels, into the form that probes take.

    Args:
        samples: At least `FOLDS` scenes.
        tasks: Those that all samples have labels for.
        seed: Deals scenes out to folds.

    Raises:
        InputError: There are too few, they differ in size, or labels are missing.
    """
    found = list(samples)
    if not found:
        raise InputError("samples must hold some pictures, got none")
    shapes = {np.asarray(sample.image).shape for sample in found}
    if len(shapes) > 1:
        raise InputError(f"samples must be pictures of one size, got {sorted(map(str, shapes))}")
    targets = {task: [target_of(task, sample) for sample in found] for task in tasks}
    scenes = [str(sample.info.get("scene", sample.id)) for sample in found]
    regions = [_regions(sample) for sample in found]
    images = np.stack([np.asarray(sample.image) for sample in found])
    folds = scene_folds(scenes, FOLDS, np.random.default_rng(seed))
    return Material(images, targets, scenes, folds, regions, found)


def samples_of(spec: str, n: int) -> list[Sample]:
    """The first `n` samples of a data set by its spec string."""
    dataset = plugins.load("datasets", spec)
    return [dataset[k] for k in range(min(n, len(dataset)))]


def labelled_tasks(sample: Sample) -> list[Probed]:
    """The tasks that a sample has labels for."""
    has = {"depth": sample.depth_m, "normals": sample.normals, "semantic": sample.classes}
    return [task for task in PROBED if has[task] is not None]


def frozen_models(spec: str, prompt: str = "", control: int | None = None) -> list[Frozen]:
    """A generator by every way in that it has, see `frozen_model`.

    Raises:
        InputError: It has none.
    """
    found, refused = [], None
    for way in get_args(Way):
        try:
            found.append(frozen_model(spec, way, prompt, control))
        except InputError as error:
            refused = error
    if not found and refused is not None:
        raise refused
    return found


def frozen_model(spec: str, way: Way = "noised", prompt: str = "", control: int | None = None) -> Frozen:
    """A generator to probe, by its spec string.

    Args:
        spec: `mini:WEIGHTS` or `diffusers:REPO`, the latter with `device` and `dtype` as options.
        way: How pictures enter.
        prompt: What stands beside them.
        control: Seed of random weights in place of the trained ones: for `mini` those that a training begins
            with, for a pipeline its own in random places.

    Raises:
        InputError: It is none of the two, or an option is unknown.
    """
    asked = parse_spec(spec)
    options: dict[str, Any] = dict(asked.options)
    if asked.name == "mini":
        if options:
            raise InputError(f"mini takes no options to be probed, got {', '.join(options)}")
        if control is not None:
            return Embedded.untrained(control, way, prompt)
        return Embedded.load(asked.argument or "base", way, prompt)
    if asked.name != "diffusers" or asked.argument is None:
        raise InputError(f"{spec!r} cannot be probed: give mini:WEIGHTS or diffusers:REPO")
    unknown = sorted(set(options) - {"device", "dtype"})
    if unknown:
        raise InputError(f"diffusers takes device and dtype to be probed, got {', '.join(unknown)}")
    return Pipeline.load(asked.argument, way, prompt, shuffled=control, **options)


def _regions(sample: Sample) -> np.ndarray:
    """What has a label of its own: classes where they are known, else squares of an eighth of the picture."""
    if sample.classes is not None:
        return np.asarray(sample.classes)
    height, width = np.asarray(sample.image).shape[:2]
    return (np.arange(height) * 8 // height)[:, None] * 8 + np.arange(width) * 8 // width
