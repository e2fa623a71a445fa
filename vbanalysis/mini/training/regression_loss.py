"""The loss of the regression control: on the generator's exercises, but in numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from vbanalysis.errors import InputError
from vbanalysis.mini.regression import ANSWERED
from vbanalysis.mini.training.batches import Batch
from vbanalysis.mini.training.exercises import Exercise
from vbanalysis.mini.training.losses import Losses
from vbanalysis.mini.world.render import View

_SHORTEST = 0.1


def regression_losses(outputs: Tensor, batch: Batch, exercises: Sequence[Exercise]) -> Losses:
    """The loss of the task that each exercise asks for, in the same weights of pixels as the generator's.

    Absolute error of the logarithm of depth where it is finite, absolute error of normals and one minus their
    cosine, cross-entropy of classes.

    Args:
        outputs: (B, `regression.CHANNELS`, H, W).
        batch: The exercises as tensors.
        exercises: The same, with the views that they are about.

    Raises:
        InputError: An exercise is of a task that such a head cannot answer.
    """
    losses = []
    for output, exercise, weight in zip(outputs, exercises, batch.weight, strict=True):
        if exercise.task not in ANSWERED:
            raise InputError(f"a regression head cannot answer {exercise.task!r}: use {', '.join(ANSWERED)}")
        view: View = exercise.about["view"]
        if exercise.task == "depth":
            known = torch.from_numpy(np.isfinite(view.depth_m))
            # What is unknown is replaced before and not after: else its gradient is 0 times NaN.
            log_depth = torch.from_numpy(np.log(np.where(known, view.depth_m, 1.0)))
            error = (output[0] - log_depth).abs()
            losses.append((torch.where(known, error, 0.0) * weight).mean())
        elif exercise.task == "normals":
            known = torch.from_numpy(np.isfinite(view.normals[..., 0]))
            normals = torch.from_numpy(np.nan_to_num(view.normals)).permute(2, 0, 1)
            error = (output[1:4] - normals).abs().mean(dim=0)
            # A new head says zero everywhere, where the slope of a cosine has no bound but this.
            turned = 1 - F.cosine_similarity(output[1:4], normals, dim=0, eps=_SHORTEST)
            losses.append((torch.where(known, error + turned, 0.0) * weight).mean())
        else:
            labels = torch.from_numpy(view.classes.astype(np.int64))
            losses.append(
                (F.cross_entropy(output[None, 4:], labels[None], reduction="none")[0] * weight).mean()
            )
    each = torch.stack(losses)
    return Losses(each.mean(), each.detach())


def blank(batch: Batch) -> Batch:
    """The batch without noise: a regression head starts from nothing, at the highest level."""
    return batch._replace(
        target=torch.zeros_like(batch.target),
        noise=torch.zeros_like(batch.noise),
        level=torch.ones_like(batch.level),
    )
