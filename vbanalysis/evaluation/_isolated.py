"""The work in a process of its own, which may hang, die or ask for all memory without ending the run.

The child reads a job and then batches, a JSON line each, and answers each with a line; the journal is written
by the parent alone. A batch that is not answered in time, or whose process dies, is tried again sample by
sample in a new process; a sample that does so alone is a failed record.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any

from vbanalysis.errors import DataError, InputError, StopError, VbanalysisError
from vbanalysis.evaluation._work import Job, bench, described, failed_by_worker, work

Batch = tuple[list[int], list[int]]

_LOADING_S = 1800.0
"""For the model to be loaded; weights may have to come from a slow disk."""

_LAST_WORDS = 300
"""Characters of the child's standard error that a reason quotes."""


class Lost(Exception):
    """The child gave no answer; the name of its kind stands in a record."""


class TimedOut(Lost):
    """It took too long."""


class ProcessDied(Lost):
    """It is no more."""


class Isolated:
    """A job's model in a process of its own.

    Args:
        job: What to do.
        timeout_s: That one sample may take; None for any.
        memory_gb: Address space of the process, in GB of 10**9 bytes; None for any.

    Attributes:
        batch: Samples that the model is given at once.
        described: What the model says of itself.

    Raises:
        VbanalysisError: The model cannot be loaded there.
    """

    def __init__(self, job: Job, timeout_s: float | None, memory_gb: float | None) -> None:
        self.job, self.timeout_s, self.memory_gb = job, timeout_s, memory_gb
        self._child: _Child | None = None
        told = self._ready().told
        self.batch: int = told["batch"]
        self.described: dict[str, Any] = told["described"]

    def answers(self, batches: Sequence[Batch]) -> Iterator[Mapping[str, Any]]:
        """Records in the order in which they are finished."""
        for places, wanted in batches:
            try:
                yield from self._ready().work(places, wanted, self.timeout_s)
                continue
            except Lost as lost:
                self._child, why = None, lost
            for place in wanted:
                if len(places) > 1:
                    try:
                        yield from self._ready().work([place], [place], self.timeout_s)
                        continue
                    except Lost as lost:
                        self._child, why = None, lost
                yield failed_by_worker(self.job, place, why)

    def end(self) -> None:
        """End the process."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def _ready(self) -> _Child:
        self._child = self._child or _Child(self.job, self.memory_gb)
        return self._child


class _Child:
    """One process with the model loaded."""

    def __init__(self, job: Job, memory_gb: float | None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from vbanalysis.evaluation import _isolated; _isolated.serve()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._last_words = ""
        for target in (self._listen, self._overhear):
            threading.Thread(target=target, daemon=True).start()
        try:
            self.told = self._ask({"job": list(job), "memory_gb": memory_gb}, _LOADING_S)
        except Lost as lost:
            raise DataError(f"the model {job.model!r} cannot be loaded in its own process: {lost}") from lost
        if "error" in self.told:
            self.end()
            raise InputError(self.told["error"])

    def work(self, places: list[int], wanted: list[int], timeout_s: float | None) -> list[dict[str, Any]]:
        """Records of a batch.

        Raises:
            Lost: None came.
        """
        limit = None if timeout_s is None else timeout_s * len(places)
        told = self._ask({"places": places, "wanted": wanted}, limit)
        if "error" in told:
            raise (StopError if told["stops"] else DataError)(told["error"])
        records: list[dict[str, Any]] = told["records"]
        return records

    def end(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait()

    def _ask(self, question: Mapping[str, Any], limit_s: float | None) -> dict[str, Any]:
        try:
            stdin: IO[str] = self._process.stdin  # type: ignore[assignment]
            stdin.write(json.dumps(question) + "\n")
            stdin.flush()
            line = self._lines.get(timeout=limit_s)
        except queue.Empty:
            self.end()
            raise TimedOut(f"no answer within {limit_s:g} s") from None
        except OSError:
            line = None
        if line is None:
            code = self._process.wait()
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            said = f": {self._last_words}" if self._last_words else ""
            raise ProcessDied(f"the model ended its process with {how}{said}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _listen(self) -> None:
        stdout: IO[str] = self._process.stdout  # type: ignore[assignment]
        for line in stdout:
            self._lines.put(line)
        self._lines.put(None)

    def _overhear(self) -> None:
        """Pass on what the model prints, and remember its end."""
        stderr: IO[str] = self._process.stderr  # type: ignore[assignment]
        for line in stderr:
            sys.stderr.write(line)
            self._last_words = " ".join((self._last_words + " " + line).split())[-_LAST_WORDS:]


def serve() -> None:
    """The child: whatever the model prints goes to standard error, so that the answers stand alone."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it
    answering = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    job: Job | None = None
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            if job is None:
                _limit(asked["memory_gb"])
                job = Job(*asked["job"])
                kit = bench(job)
                told: dict[str, Any] = {"batch": kit.batch, "described": described(kit.model)}
            else:
                told = {"records": work(job, asked["places"], asked["wanted"])}
        except VbanalysisError as error:
            told = {"error": str(error), "stops": isinstance(error, StopError)}
        answering.write(json.dumps(told, allow_nan=True) + "\n")
        answering.flush()


def _limit(memory_gb: float | None) -> None:
    if memory_gb is not None:
        import resource

        most = int(memory_gb * 1e9)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
