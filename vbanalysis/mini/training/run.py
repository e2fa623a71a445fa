"""Training: runs a stage in a folder, in processes that average their gradients, and goes on after a kill.

Each exercise is made anew from its number, so the loss is always on scenes not seen before, and a run that is
resumed from its checkpoint sees what it would have seen.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from vbanalysis.errors import DataError, InputError
from vbanalysis.images import write_png
from vbanalysis.mini.training._processes import Team, work_together
from vbanalysis.mini.training.batches import training_batch
from vbanalysis.mini.training.contact import contact_sheet, sheet_exercises
from vbanalysis.mini.training.curves import Curve, Progress
from vbanalysis.mini.training.stages import Stage
from vbanalysis.mini.training.trainee import Trainee
from vbanalysis.paths import replacing, shown

__all__ = ["train"]


def train(
    stage: Stage,
    folder: Path,
    *,
    processes: int = 1,
    until: int | None = None,
    minutes: float | None = None,
    checkpoint_minutes: float = 5.0,
    sheet_minutes: float = 15.0,
    on_row: Callable[[Progress], None] | None = None,
    on_step: Callable[[int], None] | None = None,
) -> Path:
    """Train a stage, or go on with it.

    Ctrl-C and SIGTERM are waited for where this is the main thread: the step is ended, a checkpoint written.

    Args:
        stage: What to train.
        folder: Of the run: `stage.yaml`, `checkpoint.pt`, `curve.tsv`, `weights.safetensors` (averaged), and
            in `samples/` what the averaged weights paint. A folder with a checkpoint is gone on with.
        processes: How many share each batch, one thread each; two are twice as fast as one with two threads.
        until: Stop after so many samples, if these are fewer than the stage's.
        minutes: Stop after so many minutes.
        checkpoint_minutes: Between two checkpoints.
        sheet_minutes: Between two contact sheets; one more is painted at the stage's end.
        on_row: Called with each row of the curve.
        on_step: Called with the samples seen, once at the start and after each step.

    Returns:
        The path of the weights.

    Raises:
        InputError: The folder holds a run of another stage, the batch does not divide by the processes, or a
            limit is not positive.
        DataError: A file of the run or the weights to start from cannot be read, or one cannot be written.
        TrainingError: A loss is not finite, or a process was killed.
        KeyboardInterrupt: After Ctrl-C or SIGTERM, once the checkpoint is written.
    """
    if processes < 1 or stage.batch % processes:
        raise InputError(f"a batch of {stage.batch} cannot be shared by {processes} processes")
    for name, value in (("until", until), ("minutes", minutes)):
        if value is not None and not value > 0:
            raise InputError(f"{name} must be above 0, got {value}")
    limits = _Limits(min(until or stage.samples, stage.samples), minutes, checkpoint_minutes, sheet_minutes)

    def receive(report: Progress | int) -> None:
        callback: Callable[[Any], None] | None = on_row if isinstance(report, Progress) else on_step
        if callback is not None:
            callback(report)

    with _interrupts() as asked_to_stop, _alone(folder):
        _keep_stage(stage, folder)
        if processes == 1:
            _work(Team(0, 1, receive, asked_to_stop), stage, folder, limits)
        else:
            work_together(
                _work,
                (stage, folder, limits),
                processes=processes,
                receive=receive,
                asked_to_stop=asked_to_stop,
            )
        if asked_to_stop():
            raise KeyboardInterrupt
    return folder / "weights.safetensors"


@dataclass(frozen=True)
class _Limits:
    samples: int
    minutes: float | None
    checkpoint_minutes: float
    sheet_minutes: float


def _work(team: Team, stage: Stage, folder: Path, limits: _Limits) -> None:
    trainee = Trainee.resume(stage, folder)
    curve = Curve(folder / "curve.tsv", trainee.samples, trainee.window) if team.rank == 0 else None
    team.report(trainee.samples)
    began = saved = painted = time.monotonic()
    before = trainee.seconds
    share = stage.batch // team.processes
    while trainee.samples < limits.samples:
        now = time.monotonic()
        trainee.seconds = before + now - began
        late = limits.minutes is not None and now - began > 60 * limits.minutes
        if team.agree(late or team.asked_to_stop()):
            break
        first = trainee.samples + team.rank * share
        batch, exercises = training_batch(stage, range(first, first + share))
        losses = trainee.step(batch, exercises, team.processes, folder)
        if curve is None:
            continue
        team.report(trainee.samples)
        row = curve.add(trainee.samples, trainee.seconds, batch.task, losses.each)
        trainee.window = curve.window
        if row is not None:
            team.report(row)
        if now - saved > 60 * limits.checkpoint_minutes:
            trainee.save(folder)
            saved = now
        if now - painted > 60 * limits.sheet_minutes:
            _paint_sheet(trainee, folder)
            painted = now
    if curve is not None:
        trainee.save(folder)
        if trainee.samples >= stage.samples:
            _paint_sheet(trainee, folder)


def _paint_sheet(trainee: Trainee, folder: Path) -> None:
    stage = trainee.stage
    if stage.head == "paint":
        path = folder / "samples" / f"{trainee.samples:07}.png"
        _make(path.parent)
        write_png(path, contact_sheet(trainee.averaged(), sheet_exercises(stage)))


def _keep_stage(stage: Stage, folder: Path) -> None:
    path = folder / "stage.yaml"
    told = stage.model_dump(mode="json")
    if path.exists():
        try:
            kept = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError, UnicodeDecodeError):
            kept = None
        if not isinstance(kept, dict):
            raise DataError(f"{shown(path)} is damaged: remove it if the folder's run is of this stage")
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


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"the folder {shown(folder)} cannot be made ({error.strerror}): choose another one"
        ) from error


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold that no other training writes to the folder; the kernel lets go of it with the process."""
    _make(folder)
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    path = folder / ".lock"
    try:
        file = path.open("w")
    except OSError as error:
        raise DataError(
            f"cannot write to {shown(folder)} ({error.strerror}): choose another folder"
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InputError(
                f"another training is at work in {shown(folder)}: wait for its end, or choose another folder"
            ) from error
        yield


@contextmanager
def _interrupts() -> Iterator[Callable[[], bool]]:
    """Remember Ctrl-C and SIGTERM instead of ending at once; a second one ends at once."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def remember(number: int, frame: Any) -> None:
        asked.set()
        restore()

    for number in before:
        signal.signal(number, remember)
    try:
        yield asked.is_set
    finally:
        restore()
