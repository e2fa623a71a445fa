"""Questions to the embedded generator and to whoever is compared with it: a scene and an instruction each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.mini.training.exercises import EXERCISES, Exercise
from vbanalysis.mini.world.graph import CLASSES, Scene
from vbanalysis.mini.world.layout import make_scene
from vbanalysis.mini.world.render import View, render
from vbanalysis.types import Task

ANSWERS: tuple[Task, ...] = ("depth", "normals", "semantic", "instance", "referring")
"""The tasks that have one right answer."""

CAP_M = (0.1, 80.0)
"""Depths that count, in metres."""

SIZE = 64
"""Side of the pictures in pixels: the generator's own."""


class Question(NamedTuple):
    """One scene and what is asked of it.

    Attributes:
        id: `SPLIT/NUMBER/TASK`.
        scene: The scene.
        view: The truth.
        exercise: The instruction, with the picture that would be the right answer.
    """

    id: str
    scene: Scene
    view: View
    exercise: Exercise


def ask(task: Task, split: str = "validation", n: int = 400, **options: Any) -> list[Question]:
    """Questions of one task; scenes that have no answer to it are passed over.

    Wordings and colours are drawn as in training, from another seed. Depth is asked for without naming a
    colour map, semantic segmentation with all classes named.

    Args:
        task: What is asked.
        split: Of the scenes; "heldout" is for figures that no choice depends on.
        n: Questions; the scenes are taken in the order of their numbers.
        options: Passed on to the exercise of the task, such as `two=True` for referring.

    Raises:
        InputError: There is no such split, or too few of its scenes have an answer.
    """
    usual: Mapping[str, dict[str, Any]] = {"depth": {"colormap": None}, "semantic": {"named": CLASSES}}
    found: list[Question] = []
    number = 0
    while len(found) < n:
        if number >= 50 * n:
            raise InputError(f"only {len(found)} of {number} scenes of {split!r} have an answer to {task!r}")
        scene, view = seen(split, number)
        rng = np.random.default_rng([7, number])
        exercise = EXERCISES[task](scene, view, rng, **{**usual.get(task, {}), **options})
        if exercise is not None:
            found.append(Question(f"{scene.id}/{task}", scene, view, exercise))
        number += 1
    return found


@cache
def seen(split: str, number: int) -> tuple[Scene, View]:
    """A scene and what is seen of it, kept: everyone is asked about the same ones."""
    scene = make_scene(split, number)
    return scene, render(scene, SIZE)
