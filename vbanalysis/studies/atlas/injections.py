"""Damages of a known cause, done to the right answer: what the atlas must find again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from vbanalysis import plugins
from vbanalysis.codecs.degradations import Drift, Resize
from vbanalysis.datasets import DataSet
from vbanalysis.errors import InputError
from vbanalysis.studies.atlas import damages
from vbanalysis.studies.atlas.answered import Answered
from vbanalysis.studies.atlas.attribution import UNEXPLAINED, Attribution
from vbanalysis.studies.atlas.causes import explain
from vbanalysis.tasks import VisionTask
from vbanalysis.types import Task

LEAST_ERROR: Mapping[Task, float] = {
    "depth": 0.03, "normals": 2.0, "semantic": 0.02, "instance": 0.05, "referring": 0.05,
}  # fmt: skip
"""Less than this is no failure to be found: a damage that hardly shows in a sample is passed over."""

_OWN_ERROR = 0.25  # of the damaged error, what the right picture may have for the damage to be its cause


class Injection(NamedTuple):
    """A damage.

    Attributes:
        name: In a few words.
        task: That it is done to.
        cause: That must be found; `UNEXPLAINED` where none of the causes must be blamed.
        damage: The damaged picture, or None where the sample does not allow it.
    """

    name: str
    task: Task
    cause: str
    damage: damages.Damage


class Injected(NamedTuple):
    """A damage of one sample, and what was found.

    Attributes:
        injection: It.
        id: Of the sample.
        found: What each cause explains.
    """

    injection: Injection
    id: str
    found: Attribution

    @property
    def cause(self) -> str:
        """The one that explains most, `UNEXPLAINED` among them."""
        return self.found.dominant


_HALVED = Resize(0.5)

INJECTIONS = (
    Injection("gain 0.8, offset +20", "depth", "drift", damages.through(Drift(gain=0.8, offset=20))),
    Injection("halved and back", "depth", "mixed_edges", damages.through(_HALVED)),
    Injection("a piece of the photograph", "depth", "off_code", damages.photographed),
    Injection("noise of 20/255", "depth", "grain", damages.noisy(20)),
    Injection("depth × 1.3", "depth", "scale", damages.depth_changed(lambda depth: depth * np.float32(1.3))),
    Injection(
        "depth + 0.7 m", "depth", "shift", damages.depth_changed(lambda depth: depth + np.float32(0.7))
    ),
    Injection("channels reversed", "depth", "swapped", damages.channels_reversed),
    Injection("a smooth wave of 20 %", "depth", UNEXPLAINED, damages.depth_waved),
    Injection("gain 0.85, offset +35", "normals", "drift", damages.through(Drift(gain=0.85, offset=35))),
    Injection("halved and back", "normals", "mixed_edges", damages.through(_HALVED)),
    Injection("a piece of the photograph", "normals", "off_code", damages.photographed),
    Injection("noise of 15/255", "normals", "grain", damages.noisy(15)),
    Injection("x reversed", "normals", "flipped", damages.normals_turned(np.diag([-1.0, 1.0, 1.0]))),
    Injection("all turned by 20°", "normals", "tilt", damages.normals_turned(damages.tilt(20))),
    Injection("channels rolled", "normals", "swapped", damages.through(lambda rgb: np.roll(rgb, 1, axis=-1))),
    Injection("a smooth warp", "normals", UNEXPLAINED, damages.normals_warped),
    Injection("half the saturation", "semantic", "drift", damages.through(Drift(saturation=0.5))),
    Injection("halved and back", "semantic", "mixed_edges", damages.through(_HALVED)),
    Injection("a piece of the photograph", "semantic", "off_code", damages.photographed),
    Injection("classes exchanged", "semantic", "swapped", damages.classes_exchanged),
    Injection("a region left out", "semantic", "missed", damages.region_read_as(damages.swallowed)),
    Injection(
        "a region of another class", "semantic", "wrong_class", damages.region_read_as(damages.elsewhere)
    ),
    Injection("a square made up", "semantic", "hallucinated", damages.class_made_up),
    Injection("outlines moved", "semantic", "outline", damages.outlines_moved),
    Injection("offset +30", "instance", "drift", damages.through(Drift(offset=30))),
    Injection("resized by 0.8 and back", "instance", "mixed_edges", damages.through(Resize(0.8))),
    Injection("all in one colour", "instance", "merged", damages.masks_changed(damages.merged)),
    Injection("one in two colours", "instance", "split", damages.masks_changed(damages.largest_split)),
    Injection("one left out", "instance", "missed", damages.masks_changed(damages.one_fewer)),
    Injection("a square made up", "instance", "hallucinated", damages.masks_changed(damages.one_more)),
    Injection("outlines moved", "instance", "outline", damages.masks_changed(damages.thinner)),
    Injection("in blue, not red", "referring", "swapped", damages.channels_reversed),
    Injection("a piece of the photograph", "referring", "off_code", damages.photographed),
    Injection("nothing marked", "referring", "missed", damages.masks_changed(damages.emptied)),
    Injection("a square beside it", "referring", "hallucinated", damages.masks_changed(damages.a_square_too)),
    Injection(
        "a square in its place", "referring", "wrong_object", damages.masks_changed(damages.a_square_instead)
    ),
    Injection("outline moved", "referring", "outline", damages.masks_changed(damages.thinner)),
)
"""Every cause of every task that a damage can be made for, and damages that have none of them."""


def inject(
    injection: Injection, dataset: str, n: int, rng: np.random.Generator, limit: int | None = None
) -> Iterator[Injected]:
    """Do a damage to right answers, and say what is found.

    Args:
        injection: The damage.
        dataset: Spec string.
        n: Samples that are damaged; those that do not allow it, hardly show it, or have an error of the
            code's own beside it, are passed over.
        rng: Of the damages.
        limit: Samples that are looked at; all by default.

    Raises:
        InputError: `n` is less than 1.
    """
    if n < 1:
        raise InputError(f"n must be at least 1, got {n}")
    task = plugins.load("tasks", injection.task, VisionTask)  # type: ignore[call-overload]
    samples = plugins.load("datasets", dataset, DataSet)  # type: ignore[call-overload]
    done = 0
    for place in range(len(samples) if limit is None else min(limit, len(samples))):
        sample = samples[place]
        right = damages.Right(task, sample, task.instruction(sample))
        if (picture := injection.damage(right, rng)) is None:
            continue
        answer = task.decode(picture, right.instruction)
        answered = Answered(task, right.sample, right.instruction, picture, answer)
        own = answered.error(task.decode(right.paint(), right.instruction))
        if answered.error(answer) < max(LEAST_ERROR[injection.task], own / _OWN_ERROR):
            continue
        yield Injected(injection, right.sample.id, explain(answered))
        done += 1
        if done == n:
            return
