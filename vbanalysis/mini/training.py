"""Training: runs a stage in a folder, in processes that average their gradients, and goes on after a kill.

Each exercise is made anew from its number, so the loss is always on scenes not seen before, and a run that is
resumed from its checkpoint sees what it would have seen.
"""

from __future__ import annotations

import csv
import io
import os
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import Tensor, nn

from vbanalysis.errors import DataError, InputError
from vbanalysis.mini.batches import TASKS, Batch, training_batch
from vbanalysis.mini.exercises import Exercise
from vbanalysis.mini.losses import Losses, painting_losses
from vbanalysis.mini.muon import Muon
from vbanalysis.mini.network import Network
from vbanalysis.mini.regression import blank, regression_losses
from vbanalysis.mini.stages import Stage
from vbanalysis.mini.weights import load_weights, read_weights, save_weights
from vbanalysis.paths import replacing, shown
from vbanalysis.types import Task

_WINDOW = 20
"""Steps of a row of the curve."""


class Progress(NamedTuple):
    """What a row of the curve says.

    Attributes:
        samples: Exercises seen.
        seconds: Of training, over all goes.
        losses: Mean loss of each task since the last row; tasks without exercises are missing.
    """

    samples: int
    seconds: float
    losses: dict[Task, float]


def train(
    stage: Stage,
    folder: Path,
    *,
    processes: int = 1,
    until: int | None = None,
    minutes: float | None = None,
    checkpoint_minutes: float = 5.0,
    on_row: Callable[[Progress], None] | None = None,
) -> Path:
    """Train a stage, or go on with it.

    Args:
        stage: What to train.
        folder: Of the run: `stage.yaml`, `checkpoint.pt`, `curve.tsv`, `weights.safetensors` (averaged). A
            folder with a checkpoint is gone on with.
        processes: How many share each batch, one thread each; two are twice as fast as one with two threads.
        until: Stop after so many samples instead of the stage's.
        minutes: Stop after so many minutes.
        checkpoint_minutes: Between two checkpoints.
        on_row: Called with each row of the curve.

    Returns:
        The path of the weights.

    Raises:
        InputError: The folder holds a run of another stage, or the batch does not divide by the processes.
        DataError: The checkpoint or the weights to start from cannot be read.
    """
    if processes < 1 or stage.batch % processes:
        raise InputError(f"a batch of {stage.batch} cannot be shared by {processes} processes")
    folder.mkdir(parents=True, exist_ok=True)
    _keep_stage(stage, folder)
    limits = _Limits(until or stage.samples, minutes, checkpoint_minutes)
    if processes == 1:
        _work(0, 1, stage, folder, limits, on_row)
    else:
        _spawn(processes, stage, folder, limits, on_row)
    return folder / "weights.safetensors"


@dataclass(frozen=True)
class _Limits:
    samples: int
    minutes: float | None
    checkpoint_minutes: float


def _keep_stage(stage: Stage, folder: Path) -> None:
    import yaml

    path = folder / "stage.yaml"
    told = stage.model_dump(mode="json")
    if path.exists():
        kept = yaml.safe_load(path.read_text(encoding="utf-8"))
        changed = sorted(
            key for key in told if kept.get(key) != told[key] and key not in ("samples", "about")
        )
        if changed:
            raise InputError(
                f"{shown(folder)} holds a run with another {', '.join(changed)}: choose another folder, or "
                "remove it to start anew"
            )
    with replacing(path) as file:
        file.write(yaml.safe_dump(told, sort_keys=False).encode())


def _spawn(
    processes: int, stage: Stage, folder: Path, limits: _Limits, on_row: Callable[[Progress], None] | None
) -> None:
    context = mp.get_context("spawn")
    rows: Any = context.Queue()
    with _thread_count(1):
        workers = mp.spawn(
            _worker, (processes, stage, folder, limits, _free_port(), rows), nprocs=processes, join=False
        )
    assert workers is not None
    while not workers.join(timeout=0.2):
        while not rows.empty():
            row = rows.get()
            if on_row is not None:
                on_row(row)
    while not rows.empty():
        row = rows.get()
        if on_row is not None:
            on_row(row)


def _worker(
    rank: int, processes: int, stage: Stage, folder: Path, limits: _Limits, port: int, rows: Any
) -> None:
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    dist.init_process_group("gloo", rank=rank, world_size=processes)
    try:
        _work(rank, processes, stage, folder, limits, rows.put)
    finally:
        dist.destroy_process_group()


def _work(
    rank: int,
    processes: int,
    stage: Stage,
    folder: Path,
    limits: _Limits,
    on_row: Callable[[Progress], None] | None,
) -> None:
    with _thread_count(1 if processes > 1 else torch.get_num_threads()):
        trainee = Trainee.resume(stage, folder)
        curve = _Curve(folder / "curve.tsv", trainee.samples) if rank == 0 else None
        began = saved = time.monotonic()
        before = trainee.seconds
        while trainee.samples < limits.samples:
            now = time.monotonic()
            trainee.seconds = before + now - began
            late = limits.minutes is not None and now - began > 60 * limits.minutes
            # All processes must stop at the same step, so the first one's clock decides.
            if _agreed(late, processes):
                break
            share = stage.batch // processes
            first = trainee.samples + rank * share
            batch, exercises = training_batch(stage, range(first, first + share))
            losses = trainee.step(batch, exercises, processes)
            if curve is not None:
                row = curve.add(trainee, batch.task, losses.each)
                if row is not None and on_row is not None:
                    on_row(row)
                if now - saved > 60 * limits.checkpoint_minutes:
                    trainee.save(folder)
                    saved = now
        if rank == 0:
            trainee.save(folder)


class Trainee:
    """A network in training: its weights, their average, and the optimisers' state.

    Args:
        stage: How it is trained.
        network: Its weights.
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
        chosen = {id(weight) for weight in matrices}
        others = [weight for weight in self.network.parameters() if id(weight) not in chosen]
        self.optimisers: tuple[torch.optim.Optimizer, ...] = (
            Muon(matrices, lr=stage.muon_lr),
            torch.optim.Adam(others, lr=stage.adam_lr, betas=(0.9, 0.98)),
        )
        self.rates = (stage.muon_lr, stage.adam_lr)
        self.samples = 0
        self.seconds = 0.0

    @classmethod
    def start(cls, stage: Stage) -> Trainee:
        """From random weights, or those of the stage's start."""
        with torch.random.fork_rng():
            torch.manual_seed(stage.seed)
            network = Network(stage.network)
        if stage.start is not None:
            tensors, _ = read_weights(stage.start)
            if stage.head == "regression":  # with a head of its own on the start's body
                tensors |= {
                    key: weight for key, weight in network.named_parameters() if key.startswith("paint.")
                }
            load_weights(network, tensors, stage.start)
        return cls(stage, network)

    @classmethod
    def resume(cls, stage: Stage, folder: Path) -> Trainee:
        """From the folder's checkpoint, or from the start where there is none.

        Raises:
            DataError: The checkpoint is damaged.
        """
        path = folder / "checkpoint.pt"
        trainee = cls.start(stage)
        if not path.exists():
            return trainee
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            trainee.network.load_state_dict(state["network"])
            trainee.average = state["average"]
            for optimiser, kept in zip(trainee.optimisers, state["optimisers"], strict=True):
                optimiser.load_state_dict(kept)
            trainee.samples, trainee.seconds = int(state["samples"]), float(state["seconds"])
        except Exception as error:
            raise DataError(
                f"{shown(path)} is no checkpoint of this stage ({type(error).__name__}): remove it to "
                "start anew"
            ) from error
        return trainee

    def save(self, folder: Path) -> None:
        """Write the checkpoint and the averaged weights, each whole or not at all."""
        state = {
            "network": self.network.state_dict(),
            "average": self.average,
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "samples": self.samples,
            "seconds": self.seconds,
        }
        with replacing(folder / "checkpoint.pt") as temporary:
            torch.save(state, temporary)
        save_weights(folder / "weights.safetensors", self.average, self.stage, self.samples, self.seconds)

    def step(self, batch: Batch, exercises: Sequence[Exercise], processes: int = 1) -> Losses:
        """Learn from this process's share of a batch, given as tensors and as what they were made of."""
        regression = self.stage.head == "regression"
        if regression:
            batch = blank(batch)
        with torch.autocast("cpu", torch.bfloat16):
            painting = self.network(batch.noisy, batch.level, batch.image, batch.has_image, batch.text)
        losses = (
            regression_losses(painting.free, batch, exercises)
            if regression
            else painting_losses(painting, batch)
        )
        losses.total.backward()
        if processes > 1:
            _average_gradients(self.network, processes)
        factor = self.stage.rate(self.samples)
        for optimiser, rate in zip(self.optimisers, self.rates, strict=True):
            for group in optimiser.param_groups:
                group["lr"] = rate * factor
            optimiser.step()
            optimiser.zero_grad()
        self.samples += self.stage.batch
        # A young average follows more closely, so that it forgets the random weights it began with.
        steps = self.samples / self.stage.batch
        keep = min(self.stage.average, steps / (steps + 10))
        with torch.no_grad():
            for name, weight in self.network.named_parameters():
                self.average[name].lerp_(weight, 1 - keep)
        return losses


def _average_gradients(network: nn.Module, processes: int) -> None:
    gradients = [weight.grad for weight in network.parameters() if weight.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    dist.all_reduce(flat)
    flat /= processes
    place = 0
    for gradient in gradients:
        gradient.copy_(flat[place : place + gradient.numel()].view_as(gradient))
        place += gradient.numel()


def _agreed(late: bool, processes: int) -> bool:
    if processes == 1:
        return late
    flag = torch.tensor([int(late)])
    dist.broadcast(flag, src=0)
    return bool(flag)


class _Curve:
    """The file of losses; rows after the checkpoint that training goes on from are dropped."""

    def __init__(self, path: Path, samples: int) -> None:
        self.path = path
        self.rows = [row for row in read_curve(path) if row.samples <= samples] if path.exists() else []
        self.sums = np.zeros(len(TASKS))
        self.counts = np.zeros(len(TASKS))
        self.steps = 0

    def add(self, trainee: Trainee, tasks: Tensor, losses: Tensor) -> Progress | None:
        """Count a step; every `_WINDOW` steps, write a row and return it."""
        np.add.at(self.sums, tasks.numpy(), losses.float().numpy())
        np.add.at(self.counts, tasks.numpy(), 1)
        self.steps += 1
        if self.steps < _WINDOW:
            return None
        means = {
            task: float(total / count)
            for task, total, count in zip(TASKS, self.sums, self.counts, strict=True)
            if count
        }
        row = Progress(trainee.samples, trainee.seconds, means)
        self.rows.append(row)
        write_curve(self.path, self.rows)
        self.sums[:], self.counts[:], self.steps = 0, 0, 0
        return row


def write_curve(path: Path, rows: list[Progress]) -> None:
    """Write a curve as a table with a column a task; empty where a task had no exercise."""
    text = io.StringIO()
    table = csv.writer(text, delimiter="\t", lineterminator="\n")
    table.writerow(["samples", "seconds", *TASKS])
    for row in rows:
        losses = [f"{row.losses[task]:.5g}" if task in row.losses else "" for task in TASKS]
        table.writerow([row.samples, f"{row.seconds:.1f}", *losses])
    with replacing(path) as file:
        file.write(text.getvalue().encode())


def read_curve(path: Path) -> list[Progress]:
    """Read what `write_curve` wrote.

    Raises:
        DataError: It is no such table.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [
                Progress(
                    int(row["samples"]),
                    float(row["seconds"]),
                    {task: float(row[task]) for task in TASKS if row[task]},
                )
                for row in csv.DictReader(file, delimiter="\t")
            ]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{shown(path)} is no learning curve: {error}") from error


@contextmanager
def _thread_count(threads: int) -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _free_port() -> int:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
