"""A worker process as its parent sees it: started, listened to, and surely ended."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

GRACE_S = 10.0
"""How long a worker has, once its kernel was killed, to write what the notebook had come to."""


class WorkerProcess:
    """A process of its own for one run of one notebook; as a context, nothing of it outlives the block.

    Attributes:
        expired: The time limit was reached.
    """

    def __init__(
        self, job: Mapping[str, Any], *, log: Path, environment: Mapping[str, str], limit_s: float
    ) -> None:
        self.expired = False
        self._kernel: int | None = None
        with log.open("ab") as stderr:
            self._process = subprocess.Popen(
                # -P: no folder that the caller happens to be in may shadow a module.
                [sys.executable, "-P", "-m", "vbanalysis.suite._worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=dict(environment),
                encoding="utf-8",
                # Ctrl-C reaches the parent alone, which ends its workers in order.
                start_new_session=True,
            )
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.write(json.dumps(dict(job)) + "\n")
            self._process.stdin.flush()
        self._timer = threading.Timer(limit_s, self._expire)
        self._timer.daemon = True
        self._timer.start()

    def __enter__(self) -> WorkerProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        self.stop()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def events(self) -> Iterator[dict[str, Any]]:
        """What the worker tells, until it ends."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            event = json.loads(line)
            if event["event"] == "kernel":
                self._kernel = event["pid"]
            yield event
        self._process.wait()

    @property
    def exit_code(self) -> int | None:
        """As `subprocess` gives it; None while the process runs."""
        return self._process.poll()

    def stop(self) -> None:
        """End the worker and its kernel; without effect on a worker that ended by itself."""
        if self._process.poll() is None:
            self._end_kernel()
            assert self._process.stdin is not None
            with contextlib.suppress(OSError):
                # The worker takes this for its end, and kills a kernel that it had no time to tell of.
                self._process.stdin.close()
            try:
                self._process.wait(GRACE_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        elif self._process.returncode != 0:
            self._end_kernel()
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()

    def _expire(self) -> None:
        self.expired = True
        if self._kernel is not None:
            # The worker sees its kernel die, saves the notebook as far as it came, and ends.
            self._end_kernel()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE_S)
        self.stop()

    def _end_kernel(self) -> None:
        if self._kernel is not None:
            end_group(self._kernel)


def end_group(leader: int) -> None:
    """Kill a process that leads a group, and the group with it where the system has such."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(leader, signal.SIGKILL)
        else:
            os.kill(leader, signal.SIGTERM)
