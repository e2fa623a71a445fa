"""Batches: exercises side by side as tensors. Sample k of a stage is the same whatever the batches are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, get_args

import numpy as np
import torch
from torch import Tensor

from vbanalysis.errors import InputError
from vbanalysis.mini.pixels import signed
from vbanalysis.mini.tokens import TextBatch, text_batch, tokenize
from vbanalysis.mini.training.exercises import EXERCISES, Exercise, refer
from vbanalysis.mini.training.stages import Stage
from vbanalysis.mini.world.graph import Scene
from vbanalysis.mini.world.layout import make_scene
from vbanalysis.mini.world.render import View, render
from vbanalysis.types import Task

TASKS: tuple[Task, ...] = get_args(Task)
"""Tasks by their number in `Batch.task`."""

_SURE: frozenset[Task] = frozenset(("depth", "normals", "semantic", "instance", "referring", "edit"))
"""Tasks with an image: nearly one answer, so they are learnt from pure noise mostly."""

_WORDS = 101
"""Keeps the random numbers of exercises apart from those that scenes are drawn with."""

_BLIND = 0.1
"""Share of captions left empty, so that guidance has something to compare with."""

_MOST_SCENES = 200
"""Scenes that are tried for one exercise."""


class Batch(NamedTuple):
    """Exercises, ready for the network.

    Attributes:
        task: (B,) int64 into `TASKS`.
        image: (B, 3, H, W) in [-1, 1], 0 where there is none.
        has_image: (B,) 0 or 1.
        text: The prompts.
        target: (B, 3, H, W) in [-1, 1].
        source: (B, H, W) int64, as `Exercise.source`.
        weight: (B, H, W).
        noise: (B, 3, H, W) normal.
        level: (B,) share of noise.
    """

    task: Tensor
    image: Tensor
    has_image: Tensor
    text: TextBatch
    target: Tensor
    source: Tensor
    weight: Tensor
    noise: Tensor
    level: Tensor

    @property
    def noisy(self) -> Tensor:
        """(B, 3, H, W) targets on the straight line to their noise."""
        level = self.level[:, None, None, None]
        return (1 - level) * self.target + level * self.noise


def training_batch(stage: Stage, numbers: Sequence[int]) -> tuple[Batch, list[Exercise]]:
    """The samples of these numbers: two from each scene, each of a task drawn from the mixture."""
    exercises, levels, noise = [], [], []
    for number in numbers:
        rng = np.random.default_rng([stage.seed, _WORDS, number])
        exercise = training_exercise(stage, number, rng)
        exercises.append(exercise)
        noise.append(rng.standard_normal((3, *exercise.target.shape[:2]), np.float32))
        levels.append(_level(exercise.task, stage, rng))
    return collate(exercises, levels, np.stack(noise)), exercises


def training_exercise(stage: Stage, number: int, rng: np.random.Generator) -> Exercise:
    """Exercise `number` of a stage; where its scene has no answer to one task, another is drawn.

    Raises:
        InputError: Scene after scene has no answer to any task of the mixture.
    """
    scene, view = _of_number(stage, number)
    names = [task for task, share in stage.mixture.items() if share > 0]
    shares = np.array([stage.mixture[task] for task in names])
    scenes = 1
    while scenes < _MOST_SCENES:
        task = names[int(rng.choice(len(names), p=shares / shares.sum()))]
        exercise = (
            refer(scene, view, rng, stage.expressions)
            if task == "referring"
            else EXERCISES[task](scene, view, rng)
        )
        if exercise is None:
            if shares[names.index(task)] < shares.sum():
                shares[names.index(task)] = 0
                continue
            # Nothing can be asked of this scene: the next one takes its place.
            scenes += 1
            number += 2 * stage.samples + 2 if stage.scenes is None else 2
            scene, view = _of_number(stage, number)
            shares = np.array([stage.mixture[name] for name in names])
            continue
        if task == "generation" and rng.random() < _BLIND:
            return exercise._replace(prompt="")
        return exercise
    raise InputError(
        f"{scenes} scenes of the split {stage.split!r} have no answer to {', '.join(names)}: choose another "
        "split, or add a task"
    )


def collate(exercises: Sequence[Exercise], levels: Sequence[float], noise: np.ndarray) -> Batch:
    """Stack exercises of one size; `noise` is (B, 3, H, W)."""
    empty = np.full_like(exercises[0].target, 127)
    images = np.stack([empty if each.image is None else each.image for each in exercises])
    has_image = np.array([each.image is not None for each in exercises], np.float32)
    return Batch(
        torch.tensor([TASKS.index(each.task) for each in exercises]),
        signed(images) * torch.from_numpy(has_image)[:, None, None, None],
        torch.from_numpy(has_image),
        text_batch([tokenize(each.prompt) for each in exercises]),
        signed(np.stack([each.target for each in exercises])),
        torch.from_numpy(np.stack([each.source for each in exercises]).astype(np.int64)),
        torch.from_numpy(np.stack([each.weight for each in exercises])),
        torch.from_numpy(np.ascontiguousarray(noise, np.float32)),
        torch.tensor(levels, dtype=torch.float32),
    )


def _of_number(stage: Stage, number: int) -> tuple[Scene, View]:
    place = number // 2 if stage.scenes is None else number // 2 % stage.scenes
    scene, view = _seen(stage.split, place, stage.seed, stage.network.size)
    if stage.canonical_focal is not None:
        scale = stage.canonical_focal * view.depth_m.shape[1] / view.intrinsics.fx
        view = view._replace(depth_m=view.depth_m * np.float32(scale))
    return scene, view


def _level(task: Task, stage: Stage, rng: np.random.Generator) -> float:
    """A share of noise: 1 where the image all but tells the answer, else more often high than low."""
    if rng.random() < (stage.sure if task in _SURE else 0.06):
        return 1.0
    return float(1 / (1 + np.exp(-rng.normal(stage.level_logit, 1.0))))


@lru_cache(maxsize=4)
def _seen(split: str, number: int, seed: int, size: int) -> tuple[Scene, View]:
    scene = make_scene(split, number, seed)
    return scene, render(scene, size)
