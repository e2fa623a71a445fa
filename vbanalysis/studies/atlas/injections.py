"""Damages of a known cause, done to the right answer: what the atlas must find again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from vbanalysis import plugins
from vbanalysis.codecs.degradations import Drift, Noise, Resize
from vbanalysis.datasets import DataSet
from vbanalysis.errors import InputError
from vbanalysis.studies.atlas.answered import Answered, truth_of
from vbanalysis.studies.atlas.attribution import Attribution
from vbanalysis.studies.atlas.causes import explain
from vbanalysis.tasks import VisionTask
from vbanalysis.types import Instruction, Sample, Task

LEAST_ERROR: Mapping[Task, float] = {
    "depth": 0.03, "normals": 2.0, "semantic": 0.02, "instance": 0.05, "referring": 0.05,
}  # fmt: skip
"""Less than this is no failure to be found: a damage that hardly shows in a sample is passed over."""


class Right(NamedTuple):
    """A sample, and how its right answer is painted."""

    task: VisionTask
    sample: Sample
    instruction: Instruction

    def paint(self, **truth: object) -> np.ndarray:
        """The picture that would be right if this were the truth."""
        return self.task.encode(replace(self.sample, **truth), self.instruction)  # type: ignore[arg-type]


class Injection(NamedTuple):
    """A damage.

    Attributes:
        name: In a few words.
        task: That it is done to.
        cause: That must be found.
        damage: The damaged picture, or None where the sample does not allow it.
    """

    name: str
    task: Task
    cause: str
    damage: Callable[[Right, np.random.Generator], np.ndarray | None]


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


def _through(step: Callable[[np.ndarray], np.ndarray]) -> Callable[[Right, np.random.Generator], np.ndarray]:
    return lambda right, rng: step(right.paint())


def _noisy(sigma: float) -> Callable[[Right, np.random.Generator], np.ndarray]:
    return lambda right, rng: Noise(sigma, int(rng.integers(2**31)))(right.paint())


def _photographed(right: Right, rng: np.random.Generator) -> np.ndarray:
    """A rectangle of half the sides shows the image itself."""
    picture = right.paint()
    height, width = picture.shape[:2]
    y, x = int(rng.integers(height // 2)), int(rng.integers(width // 2))
    here = np.s_[y : y + height // 2, x : x + width // 2]
    picture[here] = np.asarray(right.sample.image)[here]
    return picture


def _depth(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Right, np.random.Generator], np.ndarray]:
    return lambda right, rng: right.paint(depth_m=change(np.asarray(right.sample.depth_m)))


def _normals(matrix: np.ndarray) -> Callable[[Right, np.random.Generator], np.ndarray]:
    turned = matrix.astype(np.float32)
    return lambda right, rng: right.paint(normals=np.asarray(right.sample.normals) @ turned.T)


def _tilted(deg: float) -> np.ndarray:
    c, s = np.cos(np.radians(deg)), np.sin(np.radians(deg))
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


def _legend(right: Right, rng: np.random.Generator) -> np.ndarray | None:
    """The classes that are there change places in a circle."""
    truth = np.asarray(right.sample.classes)
    values, counts = np.unique(truth[truth >= 0], return_counts=True)
    values = rng.permutation(values[counts >= 8])
    if len(values) < 2:
        return None
    changed = truth.copy()
    for one, two in zip(values, np.roll(values, 1), strict=True):
        changed[truth == one] = two
    return right.paint(classes=changed)


def _objects(right: Right) -> Iterator[np.ndarray]:
    """Connected regions that are neither specks nor most of the picture, the largest first."""
    from scipy.ndimage import label

    truth = truth_of("semantic", right.sample)
    found = []
    for value in np.unique(truth[truth >= 0]):
        numbered, count = label(truth == value)
        found += [numbered == k for k in range(1, count + 1)]
    yield from sorted((region for region in found if 0.01 <= region.mean() <= 0.3), key=np.sum, reverse=True)


def _around(region: np.ndarray, truth: np.ndarray) -> np.ndarray:
    from scipy.ndimage import binary_dilation

    return np.asarray(truth[binary_dilation(region) & ~region])


def _class_of_region(
    choose: Callable[[np.ndarray, int, np.ndarray, int], int | None],
) -> Callable[[Right, np.random.Generator], np.ndarray | None]:
    """The largest region becomes the class that `choose` gives for what is around it, its own class and n."""

    def damage(right: Right, rng: np.random.Generator) -> np.ndarray | None:
        truth = truth_of("semantic", right.sample)
        for region in _objects(right):
            beside = _around(region, truth)
            to = choose(beside, int(truth[region][0]), truth, len(right.sample.class_names))
            if to is not None:
                return right.paint(classes=np.where(region, to, truth))
        return None

    return damage


def _swallowed(beside: np.ndarray, own: int, truth: np.ndarray, n: int) -> int | None:
    others = beside[(beside >= 0) & (beside != own)]
    return int(np.bincount(others).argmax()) if len(others) else None


def _elsewhere(beside: np.ndarray, own: int, truth: np.ndarray, n: int) -> int | None:
    free = np.setdiff1d(np.arange(n), np.append(beside, own))
    return int(free[-1]) if len(free) else None


def _square(shape: tuple[int, ...], taken: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    """A square a fifth of the sides that touches nothing taken."""
    side = max(4, min(shape) // 5)
    for _ in range(200):
        y, x = int(rng.integers(shape[0] - side)), int(rng.integers(shape[1] - side))
        if not taken[max(y - 2, 0) : y + side + 2, max(x - 2, 0) : x + side + 2].any():
            square = np.zeros(shape, bool)
            square[y : y + side, x : x + side] = True
            return square
    return None


def _semantic_made_up(right: Right, rng: np.random.Generator) -> np.ndarray | None:
    """A square within one region becomes a class that is not there."""
    truth = truth_of("semantic", right.sample)
    free = np.setdiff1d(np.arange(len(right.sample.class_names)), truth)
    edges = np.zeros(truth.shape, bool)
    edges[1:] |= truth[1:] != truth[:-1]
    edges[:, 1:] |= truth[:, 1:] != truth[:, :-1]
    square = _square(truth.shape, edges, rng)
    if square is None or not len(free):
        return None
    return right.paint(classes=np.where(square, free[-1], truth))


def _grown_classes(right: Right, rng: np.random.Generator) -> np.ndarray:
    """Every outline moves by a pixel, into the lower label."""
    from scipy.ndimage import maximum_filter

    return right.paint(classes=maximum_filter(truth_of("semantic", right.sample), size=3))


def _masks(
    change: Callable[[np.ndarray, np.random.Generator], np.ndarray | None],
) -> Callable[[Right, np.random.Generator], np.ndarray | None]:
    def damage(right: Right, rng: np.random.Generator) -> np.ndarray | None:
        masks = np.asarray(right.sample.masks[0])
        if not masks.any() or (changed := change(masks, rng)) is None:
            return None
        return right.paint(masks=(changed,))

    return damage


def _merged(masks: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    return np.asarray(masks.any(axis=0, keepdims=True)) if len(masks) > 1 else None


def _split(masks: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The largest instance in two, at its middle column."""
    largest = int(masks.sum(axis=(1, 2)).argmax())
    mask = masks[largest]
    middle = int(np.median(np.nonzero(mask)[1]))
    left, right = mask.copy(), mask.copy()
    left[:, middle + 1 :], right[:, : middle + 1] = False, False
    return np.concatenate([np.delete(masks, largest, axis=0), left[None], right[None]])


def _fewer(masks: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    return masks[1:] if len(masks) > 1 else None


def _emptied(masks: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.zeros_like(masks)


def _beside(masks: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    return _square(masks.shape[1:], np.asarray(masks.any(axis=0)), rng)


def _more(masks: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    square = _beside(masks, rng)
    return None if square is None else np.concatenate([masks, square[None]])


def _also(masks: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    square = _beside(masks, rng)
    return None if square is None else masks | square


def _instead(masks: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    square = _beside(masks, rng)
    return None if square is None else np.broadcast_to(square, masks.shape)


def _thinner(masks: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    """Every mask loses a pixel of its rim; thin ones that would vanish are no outlines."""
    from scipy.ndimage import binary_erosion

    eroded = np.stack([binary_erosion(mask) for mask in masks])
    return eroded if np.all(eroded.sum(axis=(1, 2)) > 0.55 * masks.sum(axis=(1, 2))) else None


def _blue(right: Right, rng: np.random.Generator) -> np.ndarray:
    return np.ascontiguousarray(right.paint()[..., ::-1])


_HALVED = Resize(0.5)

INJECTIONS = (
    Injection("gain 0.8, offset +20", "depth", "drift", _through(Drift(gain=0.8, offset=20))),
    Injection("halved and back", "depth", "mixed_edges", _through(_HALVED)),
    Injection("a piece of the photograph", "depth", "off_code", _photographed),
    Injection("noise of 20/255", "depth", "grain", _noisy(20)),
    Injection("depth × 1.3", "depth", "scale", _depth(lambda depth: depth * np.float32(1.3))),
    Injection("depth + 0.7 m", "depth", "shift", _depth(lambda depth: depth + np.float32(0.7))),
    Injection("channels reversed", "depth", "swapped", _blue),
    Injection("gain 0.85, offset +35", "normals", "drift", _through(Drift(gain=0.85, offset=35))),
    Injection("halved and back", "normals", "mixed_edges", _through(_HALVED)),
    Injection("a piece of the photograph", "normals", "off_code", _photographed),
    Injection("noise of 15/255", "normals", "grain", _noisy(15)),
    Injection("x reversed", "normals", "flipped", _normals(np.diag([-1.0, 1.0, 1.0]))),
    Injection("all turned by 20°", "normals", "tilt", _normals(_tilted(20))),
    Injection("channels rolled", "normals", "swapped", _through(lambda rgb: np.roll(rgb, 1, axis=-1))),
    Injection("half the saturation", "semantic", "drift", _through(Drift(saturation=0.5))),
    Injection("halved and back", "semantic", "mixed_edges", _through(_HALVED)),
    Injection("a piece of the photograph", "semantic", "off_code", _photographed),
    Injection("classes exchanged", "semantic", "swapped", _legend),
    Injection("a region left out", "semantic", "missed", _class_of_region(_swallowed)),
    Injection("a region of another class", "semantic", "wrong_class", _class_of_region(_elsewhere)),
    Injection("a square made up", "semantic", "hallucinated", _semantic_made_up),
    Injection("outlines moved", "semantic", "outline", _grown_classes),
    Injection("offset +30", "instance", "drift", _through(Drift(offset=30))),
    Injection("resized by 0.8 and back", "instance", "mixed_edges", _through(Resize(0.8))),
    Injection("all in one colour", "instance", "merged", _masks(_merged)),
    Injection("one in two colours", "instance", "split", _masks(_split)),
    Injection("one left out", "instance", "missed", _masks(_fewer)),
    Injection("a square made up", "instance", "hallucinated", _masks(_more)),
    Injection("outlines moved", "instance", "outline", _masks(_thinner)),
    Injection("in blue, not red", "referring", "swapped", _blue),
    Injection("a piece of the photograph", "referring", "off_code", _photographed),
    Injection("nothing marked", "referring", "missed", _masks(_emptied)),
    Injection("a square beside it", "referring", "hallucinated", _masks(_also)),
    Injection("a square in its place", "referring", "wrong_object", _masks(_instead)),
    Injection("outline moved", "referring", "outline", _masks(_thinner)),
)
"""Every cause of every task that a damage can be made for."""


def inject(
    injection: Injection, dataset: str, n: int, rng: np.random.Generator, limit: int | None = None
) -> Iterator[Injected]:
    """Do a damage to right answers, and say what is found.

    Args:
        injection: The damage.
        dataset: Spec string.
        n: Samples that are damaged; those that do not allow it, or hardly show it, are passed over.
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
        right = Right(task, sample, task.instruction(sample))
        if (picture := injection.damage(right, rng)) is None:
            continue
        answer = task.decode(picture, right.instruction)
        answered = Answered(task, right.sample, right.instruction, picture, answer)
        if answered.error(answer) < LEAST_ERROR[injection.task]:
            continue
        yield Injected(injection, right.sample.id, explain(answered))
        done += 1
        if done == n:
            return
