"""Probes that are trained: a small network, or a logistic regression, stopped when scenes left out say so."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vbanalysis.errors import InputError


@dataclass(frozen=True)
class Recipe:
    """How a probe is trained.

    Attributes:
        hidden: Width of its one hidden layer; 0 for none, which makes it linear.
        rate: Of Adam.
        batch: Rows a step.
        epochs: Passes over the rows, at most.
        patience: Passes without a better loss on the scenes left out, after which it ends.
        seed: Of the first weights and of the order of rows.
    """

    hidden: int = 64
    rate: float = 0.003
    batch: int = 512
    epochs: int = 40
    patience: int = 4
    seed: int = 0


@dataclass(frozen=True, eq=False)
class TrainedProbe:
    """A small network that reads features.

    Attributes:
        network: From standardised features.
        mean: (C,) of the features.
        scale: (C,) one over their deviation.
    """

    network: nn.Module
    mean: Tensor
    scale: Tensor

    @torch.inference_mode()
    def __call__(self, features: np.ndarray) -> np.ndarray:
        """(n, K) float32 of (n, C)."""
        rows = torch.from_numpy(features.astype(np.float32, copy=False))
        return self.network((rows - self.mean) * self.scale).numpy()


class Training(NamedTuple):
    """A training of a probe.

    Attributes:
        probe: As it was when its loss on the scenes left out was least.
        loss: That loss: squared error a row, summed over targets, or cross-entropy.
        epochs: Passes that were made.
    """

    probe: TrainedProbe
    loss: float
    epochs: int


def trained_probe(
    features: np.ndarray,
    targets: np.ndarray,
    left_out: np.ndarray,
    *,
    classes: bool,
    recipe: Recipe | None = None,
) -> Training:
    """Train a probe.

    Args:
        features: (n, C) floats.
        targets: (n, K) floats; for classes, 1 for the one that is there.
        left_out: (n,) bool, rows that are not learnt and say when to end: those of whole scenes.
        classes: Cross-entropy of classes in place of squared error.
        recipe: Of the training.

    Raises:
        InputError: Shapes do not fit, numbers are not finite, or all rows or none are left out.
    """
    recipe = recipe or Recipe()
    x, y = np.asarray(features, np.float32), np.asarray(targets, np.float32)
    if x.ndim != 2 or y.ndim != 2 or not len(x) == len(y) == len(left_out):
        raise InputError(
            f"features, targets and left_out must be (n, C), (n, K) and (n,), got shapes {x.shape}, "
            f"{y.shape} and {np.shape(left_out)}"
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise InputError("features and targets must be finite: leave out rows without a label")
    if left_out.all() or not left_out.any():
        raise InputError("left_out must hold some rows and not all: give at least two scenes")
    rows, held = (torch.from_numpy(x[place]) for place in (~left_out, left_out))
    said, told = (torch.from_numpy(y[place]) for place in (~left_out, left_out))
    spread = rows.std(dim=0, correction=0)
    mean = rows.mean(dim=0)
    scale = torch.where(spread > 1e-6 * (mean.abs() + 1e-30), 1 / spread.clamp(min=1e-30), 0.0)
    rows, held = (rows - mean) * scale, (held - mean) * scale
    loss_of = _cross_entropy if classes else _squared
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(recipe.seed)
        network = _network(x.shape[1], y.shape[1], recipe.hidden, None if classes else said.mean(dim=0))
        optimiser = torch.optim.Adam(network.parameters(), lr=recipe.rate)
        best, kept, since, passes = np.inf, copy.deepcopy(network), 0, 0
        while passes < recipe.epochs and since < recipe.patience:
            passes += 1
            order = torch.randperm(len(rows))
            for first in range(0, len(rows), recipe.batch):
                chosen = order[first : first + recipe.batch]
                loss = loss_of(network(rows[chosen]), said[chosen])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
            with torch.no_grad():
                now = float(loss_of(network(held), told))
            if now < best:
                best, kept, since = now, copy.deepcopy(network), 0
            else:
                since += 1
    return Training(TrainedProbe(kept.eval(), mean, scale), best, passes)


def _network(features: int, targets: int, hidden: int, start: Tensor | None) -> nn.Module:
    last = nn.Linear(hidden or features, targets)
    if not hidden:
        nn.init.zeros_(last.weight)
    if start is not None:
        with torch.no_grad():
            last.bias.copy_(start)
    return nn.Sequential(nn.Linear(features, hidden), nn.GELU(), last) if hidden else last


def _squared(said: Tensor, true: Tensor) -> Tensor:
    return (said - true).square().sum(dim=1).mean()


def _cross_entropy(said: Tensor, true: Tensor) -> Tensor:
    return F.cross_entropy(said, true.argmax(dim=1))
