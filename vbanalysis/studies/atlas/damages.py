"""What damages do to the picture of a right answer: functions of the answer and a random generator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from vbanalysis.codecs.degradations import Noise
from vbanalysis.studies.atlas.answered import truth_of
from vbanalysis.tasks import VisionTask
from vbanalysis.types import Instruction, Sample


class Right(NamedTuple):
    """A sample, and how its right answer is painted."""

    task: VisionTask
    sample: Sample
    instruction: Instruction

    def paint(self, **truth: object) -> np.ndarray:
        """The picture that would be right if this were the truth."""
        return self.task.encode(replace(self.sample, **truth), self.instruction)  # type: ignore[arg-type]


Damage = Callable[[Right, np.random.Generator], np.ndarray | None]
"""From a right answer to the (h, w, 3) uint8 damaged picture, or None where the sample does not allow it."""

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray | None]
"""From (n, H, W) masks to other masks, or None where they do not allow it."""

Choice = Callable[[np.ndarray, int, np.ndarray, int], int | None]
"""From the labels beside a region, its own, the truth and the number of classes, to another label."""


def through(step: Callable[[np.ndarray], np.ndarray]) -> Damage:
    """Colours through a step such as a drift."""
    return lambda right, rng: step(right.paint())


def noisy(sigma: float) -> Damage:
    """Gaussian noise of a standard deviation, /255."""
    return lambda right, rng: Noise(sigma, int(rng.integers(2**31)))(right.paint())


def photographed(right: Right, rng: np.random.Generator) -> np.ndarray:
    """A rectangle of half the sides shows the image itself."""
    picture = right.paint()
    height, width = picture.shape[:2]
    y, x = int(rng.integers(height // 2)), int(rng.integers(width // 2))
    here = np.s_[y : y + height // 2, x : x + width // 2]
    picture[here] = np.asarray(right.sample.image)[here]
    return picture


def depth_changed(change: Callable[[np.ndarray], np.ndarray]) -> Damage:
    """Another depth in metres."""
    return lambda right, rng: right.paint(depth_m=change(np.asarray(right.sample.depth_m)))


def normals_turned(matrix: np.ndarray) -> Damage:
    """All normals times a (3, 3) matrix."""
    turned = matrix.astype(np.float32)
    return lambda right, rng: right.paint(normals=np.asarray(right.sample.normals) @ turned.T)


def depth_waved(right: Right, rng: np.random.Generator) -> np.ndarray:
    """Depth times a smooth factor that varies by 20 %."""
    depth = np.asarray(right.sample.depth_m)
    return right.paint(depth_m=(depth * np.exp(0.2 * _smooth(depth.shape, rng))).astype(np.float32))


def normals_warped(right: Right, rng: np.random.Generator) -> np.ndarray:
    """Normals plus a smooth vector field, unit again."""
    normals = np.asarray(right.sample.normals)
    warped = normals + 0.3 * np.stack([_smooth(normals.shape[:2], rng) for _ in range(3)], axis=-1)
    return right.paint(normals=(warped / np.linalg.norm(warped, axis=-1, keepdims=True)).astype(np.float32))


def _smooth(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """A random field that varies over a sixth of the sides, of standard deviation 1."""
    from scipy.ndimage import gaussian_filter

    field = gaussian_filter(rng.normal(size=shape), min(shape) / 6)
    return np.asarray(field / field.std())


def tilt(deg: float) -> np.ndarray:
    """The (3, 3) turn about the x axis."""
    c, s = np.cos(np.radians(deg)), np.sin(np.radians(deg))
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


def classes_exchanged(right: Right, rng: np.random.Generator) -> np.ndarray | None:
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


def region_read_as(
    choose: Choice,
) -> Damage:
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


def swallowed(beside: np.ndarray, own: int, truth: np.ndarray, n: int) -> int | None:
    """What most of its surroundings are."""
    others = beside[(beside >= 0) & (beside != own)]
    return int(np.bincount(others).argmax()) if len(others) else None


def elsewhere(beside: np.ndarray, own: int, truth: np.ndarray, n: int) -> int | None:
    """A class that does not touch it."""
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


def class_made_up(right: Right, rng: np.random.Generator) -> np.ndarray | None:
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


def outlines_moved(right: Right, rng: np.random.Generator) -> np.ndarray:
    """Every outline moves by a pixel, into the lower label."""
    from scipy.ndimage import maximum_filter

    return right.paint(classes=maximum_filter(truth_of("semantic", right.sample), size=3))


def masks_changed(
    change: Change,
) -> Damage:
    """Other masks in place of the true ones."""

    def damage(right: Right, rng: np.random.Generator) -> np.ndarray | None:
        masks = np.asarray(right.sample.masks[0])
        if not masks.any() or (changed := change(masks, rng)) is None:
            return None
        return right.paint(masks=(changed,))

    return damage


def merged(masks: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    """All instances as one."""
    return np.asarray(masks.any(axis=0, keepdims=True)) if len(masks) > 1 else None


def largest_split(masks: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The largest instance in two, at its middle column."""
    largest = int(masks.sum(axis=(1, 2)).argmax())
    mask = masks[largest]
    middle = int(np.median(np.nonzero(mask)[1]))
    left, right = mask.copy(), mask.copy()
    left[:, middle + 1 :], right[:, : middle + 1] = False, False
    return np.concatenate([np.delete(masks, largest, axis=0), left[None], right[None]])


def one_fewer(masks: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    """The first instance is left out."""
    return masks[1:] if len(masks) > 1 else None


def emptied(masks: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Nothing is marked."""
    return np.zeros_like(masks)


def _beside(masks: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    return _square(masks.shape[1:], np.asarray(masks.any(axis=0)), rng)


def one_more(masks: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    """A square beside the instances is one more."""
    square = _beside(masks, rng)
    return None if square is None else np.concatenate([masks, square[None]])


def a_square_too(masks: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    """A square beside what is meant is marked too."""
    square = _beside(masks, rng)
    return None if square is None else masks | square


def a_square_instead(masks: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    """A square beside what is meant is marked in its place."""
    square = _beside(masks, rng)
    return None if square is None else np.broadcast_to(square, masks.shape)


def thinner(masks: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    """Every mask loses a pixel of its rim; thin ones that would vanish are no outlines."""
    from scipy.ndimage import binary_erosion

    eroded = np.stack([binary_erosion(mask) for mask in masks])
    return eroded if np.all(eroded.sum(axis=(1, 2)) > 0.55 * masks.sum(axis=(1, 2))) else None


def channels_reversed(right: Right, rng: np.random.Generator) -> np.ndarray:
    """Red and blue change places."""
    return np.ascontiguousarray(right.paint()[..., ::-1])
