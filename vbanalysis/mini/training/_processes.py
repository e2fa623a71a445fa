"""Processes that train together: they report to their parent, stop when asked, and end together."""

from __future__ import annotations

import multiprocessing
import signal
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import torch
import torch.distributed as dist

from vbanalysis.errors import TrainingError, VbanalysisError

_SECONDS_TO_FOLLOW = 10.0
"""After one process has failed, the others notice by themselves, and are killed if they do not."""


class Team(NamedTuple):
    """What a process knows of those that it works with.

    Attributes:
        rank: Which of them it is.
        processes: How many they are.
        report: Sends a value to whoever started them.
        asked_to_stop: Whether they should come to an end; only the first is told.
    """

    rank: int
    processes: int
    report: Callable[[Any], None]
    asked_to_stop: Callable[[], bool]

    def agree(self, decision: bool) -> bool:
        """The first one's decision, for all of them must end at the same step."""
        if self.processes == 1:
            return decision
        flag = torch.tensor([int(decision)])
        dist.broadcast(flag, src=0)
        return bool(flag)


class Work(Protocol):
    """A function that a module holds by name, so that another process can find it."""

    def __call__(self, team: Team, *arguments: Any) -> None:
        """Do this process's part."""


def work_together(
    work: Work,
    arguments: tuple[Any, ...],
    *,
    processes: int,
    receive: Callable[[Any], None],
    asked_to_stop: Callable[[], bool],
) -> None:
    """Do `work(team, *arguments)` in new processes, one thread each, and wait for their end.

    Ctrl-C and SIGTERM are the parent's to answer: the processes go on until it asks them to stop. If it is
    gone, they stop by themselves.

    Args:
        work: What each process does.
        arguments: For `work`; they are pickled.
        processes: How many.
        receive: Called with each value that a process reports.
        asked_to_stop: Polled; once it is true the processes are asked to stop.

    Raises:
        VbanalysisError: As a process raised it.
        TrainingError: A process was killed or failed otherwise.
    """
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    with tempfile.TemporaryDirectory() as folder:
        pipes: dict[Connection, Any] = {}
        try:
            for rank in range(processes):
                receiver, sender = context.Pipe(duplex=False)
                meeting = (Path(folder) / "meeting").as_uri()
                pipes[receiver] = context.Process(
                    target=_enter, args=(work, arguments, rank, processes, meeting, sender, stop), daemon=True
                )
                pipes[receiver].start()
                # So that the pipe ends with the process.
                sender.close()
            faults = list(_listen(dict(pipes), receive, asked_to_stop, stop))
        finally:
            for worker in pipes.values():
                if worker.pid is not None:
                    worker.kill()
                    worker.join()
    if faults:
        # One that fails brings down the others: what was raised on purpose says most, a follower's end least.
        raise min(faults, key=lambda fault: fault.weight).error


class _Fault(NamedTuple):
    weight: int
    error: Exception


class _Crash(NamedTuple):
    trace: str


def _listen(
    pipes: dict[Connection, Any],
    receive: Callable[[Any], None],
    asked_to_stop: Callable[[], bool],
    stop: Any,
) -> Iterator[_Fault]:
    """Pass reports on until every process has ended; yield what went wrong."""
    failed = False
    while pipes:
        if asked_to_stop():
            stop.set()
        ready = wait(list(pipes), timeout=_SECONDS_TO_FOLLOW if failed else 0.2)
        if failed and not ready:
            return
        for receiver in ready:
            assert isinstance(receiver, Connection)
            try:
                message = receiver.recv()
            except (EOFError, OSError):
                worker = pipes.pop(receiver)
                worker.join()
                if worker.exitcode:
                    failed = True
                    yield _Fault(1, _killed(worker.exitcode))
                continue
            if isinstance(message, VbanalysisError):
                failed = True
                yield _Fault(0, message)
            elif isinstance(message, _Crash):
                failed = True
                yield _Fault(2, RuntimeError(f"a process of the training failed:\n{message.trace}"))
            else:
                receive(message)


def _killed(code: int) -> TrainingError:
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    why = " (often because memory ran out)" if -code == signal.SIGKILL else ""
    return TrainingError(
        f"a process of the training {how}{why}: the same command goes on from the last checkpoint"
    )


def _enter(
    work: Work,
    arguments: tuple[Any, ...],
    rank: int,
    processes: int,
    meeting: str,
    sender: Connection,
    stop: Any,
) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def report(message: Any) -> None:
        with suppress(OSError):  # nobody listens any more
            sender.send(message)

    torch.set_num_threads(1)
    try:
        dist.init_process_group("gloo", init_method=meeting, rank=rank, world_size=processes)
        work(Team(rank, processes, report, lambda: stop.is_set() or not parent.is_alive()), *arguments)
        dist.destroy_process_group()
    except VbanalysisError as error:
        report(error)
    except Exception:
        report(_Crash(traceback.format_exc()))
