"""The network in training: its weights, their average, the optimisers, and all of it on disk."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import nn

from vbanalysis.errors import DataError, InputError, TrainingError
from vbanalysis.mini.network import Network
from vbanalysis.mini.training.batches import TASKS, Batch
from vbanalysis.mini.training.exercises import Exercise
from vbanalysis.mini.training.layout_reader import LayoutReader
from vbanalysis.mini.training.losses import Losses, painting_losses
from vbanalysis.mini.training.muon import Muon
from vbanalysis.mini.training.regression_loss import blank, regression_losses
from vbanalysis.mini.training.stages import Stage
from vbanalysis.mini.weights import load_weights, read_story, read_weights, save_weights
from vbanalysis.paths import replacing, shown


class Trainee:
    """A network in training.

    Args:
        stage: How it is trained.
        network: Its weights.

    Attributes:
        average: The averaged weights by name.
        samples: Exercises seen.
        seconds: Of training, over all goes.
        window: What the learning curve has of its next row.
    """

    def __init__(self, stage: Stage, network: Network) -> None:
        self.stage = stage
        self.network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = {name: weight.detach().clone() for name, weight in self.network.named_parameters()}
        matrices = [
            weight
            for name, weight in self.network.named_parameters()
            if weight.ndim > 1 and not name.startswith(("text.word", "text.place", "own_keys"))
        ]
        self.reader = LayoutReader(self.network.features_width) if stage.layout else None
        chosen = {id(weight) for weight in matrices}
        others = [weight for weight in self._parameters() if id(weight) not in chosen]
        self.optimisers: tuple[torch.optim.Optimizer, ...] = (
            Muon(matrices, lr=stage.muon_lr),
            torch.optim.Adam(others, lr=stage.adam_lr, betas=(0.9, 0.98)),
        )
        self.rates = (stage.muon_lr, stage.adam_lr)
        self.samples = stage.first
        self.seconds = 0.0
        self.window: dict[str, Any] | None = None

    @classmethod
    def start(cls, stage: Stage) -> Trainee:
        """From random weights, or those of the stage's start, with whose seconds a later go counts on.

        Raises:
            InputError: The start has seen another number of exercises than the stage goes on after.
        """
        network = _random_network(stage)
        seconds = 0.0
        if stage.start is not None:
            tensors, told = read_weights(stage.start)
            if stage.first:
                story = read_story(told, stage.start)
                if story.samples != stage.first:
                    raise InputError(
                        f"the stage {stage.name!r} goes on after {stage.first} exercises, but the weights "
                        f"{stage.start!r} have seen {story.samples}: name those of the go before as --start"
                    )
                seconds = story.seconds
            if stage.head == "regression" and tensors["paint.weight"].shape != network.paint.weight.shape:
                # A generator's body under a new head of numbers; a control that goes on keeps its head.
                tensors |= {
                    key: weight for key, weight in network.named_parameters() if key.startswith("paint.")
                }
            load_weights(network, tensors, stage.start)
        trainee = cls(stage, network)
        trainee.seconds = seconds
        return trainee

    @classmethod
    def resume(cls, stage: Stage, folder: Path) -> Trainee:
        """From the folder's checkpoint, or from the start where there is none.

        Raises:
            DataError: The checkpoint is damaged.
        """
        path = folder / "checkpoint.pt"
        if not path.exists():
            return cls.start(stage)
        trainee = cls(stage, _random_network(stage))
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            trainee.network.load_state_dict(state["network"])
            if trainee.reader is not None:
                trainee.reader.load_state_dict(state["reader"])
            for name, weight in trainee.average.items():
                weight.copy_(state["average"][name])
            for optimiser, kept in zip(trainee.optimisers, state["optimisers"], strict=True):
                optimiser.load_state_dict(kept)
            trainee.samples, trainee.seconds = int(state["samples"]), float(state["seconds"])
            trainee.window = state.get("window")
        except Exception as error:
            raise DataError(
                f"{shown(path)} is damaged, or no checkpoint of this stage ({type(error).__name__}): remove "
                "it to start anew, or go on from the folder's weights in another folder, with --start "
                f"{shown(folder / 'weights.safetensors')}"
            ) from error
        return trainee

    def save(self, folder: Path) -> None:
        """Write the checkpoint and the averaged weights, each whole or not at all.

        Raises:
            TrainingError: The weights are not finite; what was saved before is kept.
            DataError: A file cannot be written.
        """
        if not all(bool(torch.isfinite(weight).all()) for weight in self._parameters()):
            raise self._diverged("a weight", folder)
        state = {
            "network": self.network.state_dict(),
            "reader": None if self.reader is None else self.reader.state_dict(),
            "average": self.average,
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "samples": self.samples,
            "seconds": self.seconds,
            "window": self.window,
        }
        # By way of memory: torch's own writer does not say that a disk is full.
        whole = io.BytesIO()
        torch.save(state, whole)
        with replacing(folder / "checkpoint.pt") as file:
            file.write(whole.getbuffer())
        save_weights(folder / "weights.safetensors", self.average, self.stage, self.samples, self.seconds)

    def averaged(self) -> Network:
        """A network with the averaged weights, to paint with."""
        network = _random_network(self.stage)
        network.load_state_dict(self.average)
        return network.eval()

    def step(
        self, batch: Batch, exercises: Sequence[Exercise], processes: int = 1, folder: Path | None = None
    ) -> Losses:
        """Learn from this process's share of a batch.

        Args:
            batch: The exercises as tensors.
            exercises: What they were made of.
            processes: How many take this step together, with their shares.
            folder: Of the run, for the advice that an error gives.

        Raises:
            TrainingError: A loss is not finite; the weights are as they were.
        """
        regression = self.stage.head == "regression"
        if regression:
            batch = blank(batch)
        with torch.autocast("cpu", torch.bfloat16):
            painting = self.network(batch.noisy, batch.level, batch.image, batch.has_image, batch.text)
        losses = (
            regression_losses(painting.free, batch, exercises)
            if regression
            else painting_losses(painting, batch, self.stage.answers)
        )
        total, finite = losses.total, torch.isfinite(losses.each)
        if self.reader is not None and painting.features is not None:
            told = self.reader.losses(painting.features, exercises)
            total, finite = total + self.stage.layout * told.mean(), finite & torch.isfinite(told)
        if not finite.all():
            tasks = sorted({TASKS[task] for task in batch.task[~finite].tolist()})
            raise self._diverged(f"the loss of {', '.join(tasks)}", folder)
        total.backward()
        if processes > 1:
            for weight in self.reader.parameters() if self.reader is not None else ():
                if weight.grad is None:  # nothing was drawn in this share
                    weight.grad = torch.zeros_like(weight)
            _average_gradients(self._parameters(), processes)
        factor = self.stage.rate(self.samples)
        for optimiser, rate in zip(self.optimisers, self.rates, strict=True):
            for group in optimiser.param_groups:
                group["lr"] = rate * factor
            optimiser.step()
            optimiser.zero_grad()
        self.samples += self.stage.batch
        # A young average follows more closely, so that it forgets the random weights it began with.
        steps = (self.samples - self.stage.first) / self.stage.batch
        keep = min(self.stage.average, steps / (steps + 10))
        with torch.no_grad():
            for name, weight in self.network.named_parameters():
                self.average[name].lerp_(weight, 1 - keep)
        return losses

    def _parameters(self) -> list[nn.Parameter]:
        """All that learns."""
        return [*self.network.parameters(), *(self.reader.parameters() if self.reader is not None else ())]

    def _diverged(self, what: str, folder: Path | None) -> TrainingError:
        step = self.samples // self.stage.batch
        weights = shown((folder or Path()) / "weights.safetensors")
        return TrainingError(
            f"{what} is not finite at step {step}, after {self.samples} samples: the last checkpoint is "
            "kept; lower muon_lr and adam_lr in a copy of the stage's file, and go on in another folder with "
            f"--start {weights}"
        )


def _random_network(stage: Stage) -> Network:
    with torch.random.fork_rng():
        torch.manual_seed(stage.seed)
        return Network(stage.network)


def _average_gradients(weights: Sequence[nn.Parameter], processes: int) -> None:
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    dist.all_reduce(flat)
    flat /= processes
    place = 0
    for gradient in gradients:
        gradient.copy_(flat[place : place + gradient.numel()].view_as(gradient))
        place += gradient.numel()
