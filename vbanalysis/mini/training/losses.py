"""Losses: how far a painting is from its answer."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from vbanalysis.mini.network import Painting
from vbanalysis.mini.training.batches import TASKS, Batch

_DRAWN = torch.tensor([task == "generation" for task in TASKS])
"""Tasks with many right answers: squared error, for the mean over them is what a flow needs."""

_LEAST_LEVEL = 0.2
_POINTING = 0.5
_DRAWING = 2.0


class Losses(NamedTuple):
    """Of a batch.

    Attributes:
        total: Scalar to minimise.
        each: (B,) losses of the exercises, without gradients.
    """

    total: Tensor
    each: Tensor


def painting_losses(
    painting: Painting, batch: Batch, answers: Literal["absolute", "flow"] = "absolute"
) -> Losses:
    """Cross-entropy of where each pixel's colour comes from, and the error of what is painted freely.

    An answer is learnt by absolute error: where the network wavers between two near depths, the median of
    each channel still lies on the code, while their mean cuts its corners. A drawing is learnt by the
    squared error of the flow's velocity, bounded at low noise; and so is an answer if `answers` is "flow".
    """
    pointing = F.cross_entropy(painting.pointing, batch.source, reduction="none")
    free = (batch.source == 0).to(pointing.dtype) * batch.weight
    error = painting.free - batch.target
    drawn = _DRAWN.to(batch.task.device)[batch.task][:, None, None] | (answers == "flow")
    squared = error.square().mean(dim=1) / batch.level.clamp(min=_LEAST_LEVEL)[:, None, None].square()
    painted = free * torch.where(drawn, _DRAWING * squared, error.abs().mean(dim=1))
    each = (painted + _POINTING * batch.weight * pointing).mean(dim=(1, 2))
    return Losses(each.mean(), each.detach())
