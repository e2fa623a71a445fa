"""Controls: what a probe can do that says nothing about the features.

A probe that does well proves little by itself. It may do the work on its own, or the pixels, or the place in
the picture, may have told. So the same probe is given labels that mean nothing, a network that learnt nothing
(`Embedded.untrained`, `frozen.scrambled`), and no network at all.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.probing.targets import Target

PATCH = 7
"""Side of the window of pixels that stands for a network that adds nothing."""

_WAVES = 4
"""Cosines along a side by which the place alone is told."""


def random_labels(
    targets: Sequence[Target], regions: Sequence[np.ndarray], rng: np.random.Generator
) -> list[Target]:
    """Labels that can be learnt by heart and never guessed: one a region, drawn anew in each picture.

    Each region of each picture gets the label of a pixel drawn from all pictures. Shapes, areas and the
    spread of labels are real; what a region gets has nothing to do with what is seen. On pictures that were
    left out no probe can beat chance, which is one answer for all pixels: what does has leaked.

    Args:
        targets: Of all pictures, of one task.
        regions: (H, W) integers of each picture, such as its classes.
        rng: Draws the labels.
    """
    pool = _Pool(targets)
    made = []
    for target, areas in zip(targets, regions, strict=True):
        _, places = np.unique(areas, return_inverse=True)
        made.append(
            pool.labelled(target, places.reshape(areas.shape), pool.drawn(int(places.max()) + 1, rng))
        )
    return made


def typed_labels(
    targets: Sequence[Target], images: Sequence[np.ndarray], rng: np.random.Generator, levels: int = 4
) -> list[Target]:
    """Labels by the colour of a pixel alone: the control task of Hewitt and Liang 2019, for pictures.

    They gave each word a random label that it keeps in every sentence. Here each coarse colour keeps a random
    label in every picture. It can be learnt without any understanding, and a strong probe of any features
    that keep colours does; real minus control score is the probe's selectivity.

    Args:
        targets: Of all pictures, of one task.
        images: (H, W, 3) uint8 of each picture, as large as its labels.
        rng: Draws the labels.
        levels: Of each channel.
    """
    pool = _Pool(targets)
    given = pool.drawn(levels**3, rng)
    made = []
    for target, image in zip(targets, images, strict=True):
        if image.shape[:2] != target.known.shape:
            raise InputError(
                f"images must be as large as their labels, {target.known.shape}, got {image.shape}"
            )
        coarse = image.astype(np.int64) * levels // 256
        made.append(pool.labelled(target, coarse @ np.array([levels**2, levels, 1]), given))
    return made


def shuffled_pictures(targets: Sequence[Target], rng: np.random.Generator) -> list[Target]:
    """Each picture gets the labels of another: what is left is what is usual at a place of the picture.

    Raises:
        InputError: There are fewer than two pictures, or they differ in size.
    """
    if len(targets) < 2 or len({target.known.shape for target in targets}) > 1:
        raise InputError(
            "targets must be of at least 2 pictures of one size, so that labels can change places"
        )
    order = rng.permutation(len(targets))
    following = np.empty(len(targets), np.int64)
    following[order] = np.roll(order, 1)
    return [targets[k] for k in following.tolist()]


def nothing(image: np.ndarray) -> np.ndarray:
    """No feature at all, (1, 1, 1): a probe of it gives one answer for all pixels, which is chance."""
    return np.zeros((1, 1, 1), np.float32)


def place(image: np.ndarray) -> np.ndarray:
    """Where a pixel is, (C, H, W) float32, in slow cosines: a probe of it never looks at the picture."""
    rows, columns = (
        np.cos(np.pi * np.arange(_WAVES)[:, None] * (np.arange(side) + 0.5) / side)
        for side in image.shape[:2]
    )
    waves = rows[:, None, :, None] * columns[None, :, None, :]
    return waves.reshape(-1, *image.shape[:2])[1:].astype(np.float32)


def pixels(image: np.ndarray, patch: int = PATCH) -> np.ndarray:
    """The colours around a pixel and its place, (C, H, W) float32: what is there before any network.

    Args:
        image: (H, W, 3) uint8 RGB.
        patch: Side of the window, an odd number; pixels beyond the border repeat it.
    """
    if patch < 1 or patch % 2 == 0:
        raise InputError(f"patch must be an odd number of pixels, got {patch}")
    around = patch // 2
    padded = np.pad(image.astype(np.float32) / 127.5 - 1, ((around,) * 2, (around,) * 2, (0, 0)), mode="edge")
    height, width = image.shape[:2]
    window = [
        padded[row : row + height, column : column + width] for row in range(patch) for column in range(patch)
    ]
    return np.concatenate([np.concatenate(window, axis=-1).transpose(2, 0, 1), place(image)])


class _Pool:
    """All known labels of some pictures, to draw from."""

    def __init__(self, targets: Sequence[Target]) -> None:
        if not targets:
            raise InputError("targets must be of at least one picture, got none")
        self._targets = targets
        self._ends = np.cumsum([int(target.known.sum()) for target in targets])
        if not self._ends[-1]:
            raise InputError("targets must hold at least one known label, got none")

    def drawn(self, n: int, rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
        """Values and truth of `n` pixels, each as likely as any other."""
        found = []
        for number in rng.integers(self._ends[-1], size=n).tolist():
            picture = int(np.searchsorted(self._ends, number, side="right"))
            target = self._targets[picture]
            at = np.flatnonzero(target.known)[number - (self._ends[picture - 1] if picture else 0)]
            row, column = divmod(int(at), target.known.shape[1])
            found.append((target.values[row, column], target.truth[row, column]))
        return found

    @staticmethod
    def labelled(target: Target, types: np.ndarray, given: list[tuple[np.ndarray, np.ndarray]]) -> Target:
        """A picture whose pixels have the label given to their type, where they had one."""
        values = np.stack([value for value, _ in given])[types]
        truth = np.stack([np.asarray(true) for _, true in given])[types]
        return Target(target.task, values, target.known, truth, target.cap_m)
