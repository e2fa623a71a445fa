"""Training the judge: rendered scenes alone, and softened as a generator would."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor
from torch.nn import functional as F

from vbanalysis.errors import InputError
from vbanalysis.mini.judge.network import JudgeNetwork, Scores
from vbanalysis.mini.language.edits import repainted
from vbanalysis.mini.training.exercises import balanced
from vbanalysis.mini.training.muon import Muon
from vbanalysis.mini.weights import write_tensors
from vbanalysis.mini.world.graph import COLOURS, Scene
from vbanalysis.mini.world.layout import make_scene
from vbanalysis.mini.world.render import View, render

FORMAT = "vbanalysis-judge-1"
"""What the metadata of the judge's weights begins with."""

SEED = 101
"""Of the scenes that the judge learns from; the generator's and the evaluations' have seed 0."""

_RATES = (0.004, 0.003)
"""Highest learning rates of the matrices and of all else."""

_WINDOW = 20
"""Steps between two calls of the progress."""

_NO_COLOUR = -100
"""What the cross-entropy leaves out."""


class Lesson(NamedTuple):
    """Pictures, and what is to be read off them.

    Attributes:
        rgb: (B, 3, H, W) in [-1, 1].
        classes: (B, H, W) int64.
        colours: (B, H, W) int64, -100 on stuff.
        middle: (B, 2, H, W), as in `Scores`; 0 on stuff.
        log_depth: (B, H, W), 0 on stuff.
        weight: (B, H, W) of mean 1 over each picture: small things count more a pixel.
    """

    rgb: Tensor
    classes: Tensor
    colours: Tensor
    middle: Tensor
    log_depth: Tensor
    weight: Tensor


class JudgeProgress(NamedTuple):
    """How far the training is.

    Attributes:
        samples: Pictures seen.
        seconds: Since it began.
        loss: Mean since the last call.
        things_right: Share of the things' pixels whose class was right, weighted as in `Lesson`, since then.
    """

    samples: int
    seconds: float
    loss: float
    things_right: float


def train_judge(
    path: Path,
    *,
    samples: int = 30_000,
    batch: int = 20,
    seed: int = SEED,
    on_progress: Callable[[JudgeProgress], None] | None = None,
) -> Path:
    """Train the judge from nothing, on one thread, on pictures that are each seen once.

    It knows every kind in every colour, those that the generator is never shown included: a quarter of the
    scenes are of the split `novel-combinations`, and in half of the others, of the split `train`, things are
    repainted. All have another seed than the scenes that anything is evaluated on.

    Args:
        path: Where the float16 averaged weights are written.
        samples: Pictures in all.
        batch: Pictures a step.
        seed: Of the scenes, the first weights and the softening.
        on_progress: Called now and then.

    Returns:
        `path`.

    Raises:
        InputError: There is not even one batch, or the seed is 0, which the evaluations have.
    """
    if not 0 < batch <= samples:
        raise InputError(f"expected at least one batch of samples, got samples={samples}, batch={batch}")
    if seed < 1:
        raise InputError(f"seed must be at least 1, got {seed}: the scenes of seed 0 are for evaluations")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return _train(path, samples // batch, batch, seed, on_progress)
    finally:
        torch.set_num_threads(threads)


def _train(
    path: Path,
    steps: int,
    batch: int,
    seed: int,
    on_progress: Callable[[JudgeProgress], None] | None,
) -> Path:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = JudgeNetwork().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    matrices = [weight for weight in network.parameters() if weight.ndim > 1]
    others = [weight for weight in network.parameters() if weight.ndim == 1]
    optimisers = (Muon(matrices), torch.optim.Adam(others, betas=(0.9, 0.98)))
    average = {name: weight.detach().clone() for name, weight in network.named_parameters()}
    began, losses, rights = time.monotonic(), [], []
    for step in range(steps):
        lesson = make_lesson(range(step * batch, (step + 1) * batch), seed)
        with torch.autocast("cpu", torch.bfloat16):
            scores = network(lesson.rgb)
        loss = judge_loss(scores, lesson)
        loss.backward()
        # Up over the first twentieth, down over the last half.
        factor = min(1.0, 20 * (step + 1) / steps, 2 * (steps - step) / steps)
        for optimiser, rate in zip(optimisers, _RATES, strict=True):
            optimiser.param_groups[0]["lr"] = factor * rate
            optimiser.step()
            optimiser.zero_grad()
        # A young average follows more closely, so that it forgets the random weights it began with.
        keep = min(0.99, (step + 1) / (step + 10))
        with torch.no_grad():
            for name, weight in network.named_parameters():
                average[name].lerp_(weight, 1 - keep)
        losses.append(loss.item())
        rights.append(_things_right(scores, lesson))
        if on_progress is not None and (step % _WINDOW == _WINDOW - 1 or step == steps - 1):
            seconds = time.monotonic() - began
            means = float(np.mean(losses)), float(np.mean(rights))
            on_progress(JudgeProgress((step + 1) * batch, seconds, *means))
            losses, rights = [], []
    told = {
        "format": FORMAT,
        "samples": str(steps * batch),
        "seconds": f"{time.monotonic() - began:.0f}",
        "seed": str(seed),
    }
    write_tensors(path, average, told)
    return path


def make_lesson(numbers: Sequence[int], seed: int = SEED) -> Lesson:
    """The pictures of these numbers; picture k is the same whatever the others are."""
    rows = [_row(number, seed) for number in numbers]
    return Lesson(*(torch.from_numpy(np.stack(column)) for column in zip(*rows, strict=True)))


def judge_loss(scores: Scores, lesson: Lesson) -> Tensor:
    """Cross-entropies of class and colour, and the errors of a thing's middle and distance."""
    on_thing = (lesson.colours != _NO_COLOUR).float()
    classes = F.cross_entropy(scores.classes, lesson.classes, reduction="none")
    colours = F.cross_entropy(scores.colours, lesson.colours, reduction="none", ignore_index=_NO_COLOUR)
    middle = (scores.middle - lesson.middle).abs().sum(dim=1)
    depth = (scores.log_depth - lesson.log_depth).abs()
    each = classes + colours + on_thing * (5 * middle + depth)
    return (lesson.weight * each).mean()


def softened(rgb: np.ndarray, blur_px: float, noise: float, rng: np.random.Generator) -> np.ndarray:
    """A picture as a generator might have drawn it.

    Args:
        rgb: (H, W, 3) uint8.
        blur_px: Standard deviation of a Gaussian blur in pixels; 0 leaves it sharp.
        noise: Standard deviation of normal noise, in /255.
        rng: Of the noise.

    Returns:
        (H, W, 3) uint8.
    """
    soft = gaussian_filter(rgb.astype(np.float32), (blur_px, blur_px, 0)) if blur_px else rgb
    soft = soft + noise * rng.standard_normal(rgb.shape, np.float32)
    return np.rint(np.clip(soft, 0, 255)).astype(np.uint8)


def _row(number: int, seed: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng([seed, 2, number])
    novel = number % 4 == 3
    scene = make_scene("novel-combinations" if novel else "train", number, seed)
    if not novel and rng.random() < 0.5:
        scene = _recoloured(scene, rng)
    view = render(scene)
    flip = slice(None, None, -1) if rng.random() < 0.5 else slice(None)
    rgb = _spoilt(view.rgb, rng)
    maps = _truth(scene, view)
    arrays = (rgb.transpose(2, 0, 1), *maps)
    turned = [np.ascontiguousarray(array[..., flip]) for array in arrays]
    if flip.step == -1:
        turned[3][0] *= -1  # what lay to the right now lies to the left
    return tuple(turned)


def _recoloured(scene: Scene, rng: np.random.Generator) -> Scene:
    """The scene with about half of its things in any other colour."""
    things = list(scene.things)
    for k, thing in enumerate(things):
        if rng.random() < 0.5:
            colour = str(rng.choice([word for word in COLOURS if word != thing.colour]))
            things[k] = replace(thing, colour=colour, texture=repainted(thing.texture, thing.colour, colour))
    return replace(scene, things=tuple(things))


def _spoilt(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blurred, noisy and a little off in colour, each in some of the pictures: (H, W, 3) in [-1, 1]."""
    blur = rng.uniform(0.3, 1.1) if rng.random() < 0.5 else 0.0
    noise = rng.uniform(0, 10) if rng.random() < 0.5 else 0.0
    soft = softened(rgb, blur, noise, rng).astype(np.float32) / 127.5 - 1
    if rng.random() < 0.5:
        soft = soft * rng.normal(1, 0.04, 3) + rng.normal(0, 0.03) + rng.normal(0, 0.01, 3)
    return np.clip(soft, -1, 1).astype(np.float32)


def _truth(scene: Scene, view: View) -> tuple[np.ndarray, ...]:
    """The maps of a `Lesson` after the picture."""
    height, width = view.instances.shape
    words = list(COLOURS)
    colour_of = np.array([_NO_COLOUR, *(words.index(thing.colour) for thing in scene.things)])
    depth_of = np.array([0.0, *(np.log(-thing.z) for thing in scene.things)], np.float32)
    flat = view.instances.ravel()
    areas = np.bincount(flat, minlength=len(colour_of))
    places = np.indices((height, width), np.float32) / np.array([height, width], np.float32)[:, None, None]
    down, across = (
        np.bincount(flat, place.ravel(), minlength=len(colour_of)) / np.maximum(areas, 1) for place in places
    )
    middle = np.stack([across[view.instances] - places[1], down[view.instances] - places[0]])
    weight = balanced(np.where(view.instances, view.instances, -view.classes), 0.5)
    return (
        view.classes.astype(np.int64),
        colour_of[view.instances],
        np.where(view.instances, middle, 0).astype(np.float32),
        depth_of[view.instances],
        weight,
    )


def _things_right(scores: Scores, lesson: Lesson) -> float:
    weight = lesson.weight * (lesson.colours != _NO_COLOUR)
    right = scores.classes.argmax(dim=1) == lesson.classes
    return float((weight * right).sum() / weight.sum().clamp(min=1e-6))
