"""The process that runs one notebook: `python -m vbanalysis.suite._worker`.

It is told what to do by one line of JSON on standard input, and tells what happens
in lines of JSON on standard output. Everything else goes to standard error, the log.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import threading
from pathlib import Path
from typing import Any

from vbanalysis.suite._kernel import KERNEL_NAME, SuiteKernel
from vbanalysis.suite._worker_process import end_group

SOURCE_LINES = 6
TRACEBACK_LINES = 8
MESSAGE_CHARACTERS = 600
_HEADING = re.compile(r"-{60,}$|.*Traceback \(most recent call last\)$")
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Worker:
    """One run of one notebook, and how far it has come."""

    def __init__(self, tell: Any) -> None:
        self.tell = tell
        self.kernel_pid: int | None = None
        self.launched = False
        self.ready = False
        self.cell: int | None = None
        self.source = ""
        self.numbers: dict[int, int] = {}

    def execute(self, job: dict[str, Any]) -> None:
        """Run the notebook and tell how it ended."""
        from papermill.exceptions import PapermillExecutionError
        from papermill.execute import execute_notebook

        try:
            execute_notebook(
                _literal(job["notebook"]),
                _literal(job["output"]),
                parameters=job["parameters"],
                kernel_name=KERNEL_NAME,
                language="python",
                cwd=str(Path(job["notebook"]).parent),
                progress_bar=False,
                log_output=True,
                kernel_manager_class=self._kernel_class(),
                # A busy machine may be late with the outputs of a cell that has ended.
                iopub_timeout=60,
                on_notebook_start=self._on_ready,
                on_cell_execute=self._on_cell,
            )
        except PapermillExecutionError as error:
            self.tell(event="failed", **self._cause(error.ename, error.evalue, error.traceback))
        except Exception as error:
            logging.getLogger(__name__).exception("the run of the notebook broke off")
            no_kernel = self.launched and not self.ready
            self.tell(
                event="no kernel" if no_kernel else "failed",
                **self._cause(type(error).__name__, str(error), []),
            )
        else:
            self.tell(event="passed")

    def end_kernel(self) -> None:
        """Kill the kernel, if one is there, and what it started."""
        if self.kernel_pid is not None:
            end_group(self.kernel_pid)

    def _kernel_class(self) -> type[SuiteKernel]:
        worker = self

        class Kernel(SuiteKernel):
            async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]
                worker.launched = True
                await super().start_kernel(**options)
                worker.kernel_pid = getattr(self.provisioner, "pid", None)
                worker.tell(event="kernel", pid=worker.kernel_pid)

        return Kernel

    def _on_ready(self, notebook: Any) -> None:
        self.ready = True
        running = [
            index
            for index, cell in enumerate(notebook.cells)
            if cell.cell_type == "code"
            and cell.source.strip()
            and "skip-execution" not in cell.metadata.get("tags", [])
        ]
        self.numbers = {index: number for number, index in enumerate(running, start=1)}

    def _on_cell(self, cell: Any, cell_index: int) -> None:
        self.cell, self.source = self.numbers[cell_index], cell.source
        self.tell(event="cell", number=self.cell, count=len(self.numbers))

    def _cause(self, exception: str, message: str, traceback: list[str]) -> dict[str, Any]:
        lines = (
            _ANSI.sub("", "\n".join(traceback)).removesuffix(f"{exception}: {message}").rstrip().splitlines()
        )
        message = _ANSI.sub("", message).strip()
        return {
            "exception": exception,
            "message": message
            if len(message) <= MESSAGE_CHARACTERS
            else f"{message[:MESSAGE_CHARACTERS]} ...",
            "cell": self.cell,
            "source": _first(self.source.strip("\n").splitlines(), SOURCE_LINES),
            "traceback": "\n".join(lines[-TRACEBACK_LINES:]),
        }


def _first(lines: list[str], count: int) -> str:
    return "\n".join(lines[:count] + ["..."] * (len(lines) > count))


def _literal(path: str) -> str:
    """A path that survives papermill, which takes paths for format strings."""
    return path.replace("{", "{{").replace("}", "}}")


def main() -> None:
    """Run the notebook that standard input names."""
    # The kernel inherits descriptor 1: what it prints there must not be taken for an event.
    events = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")

    def tell(**event: Any) -> None:
        events.write(json.dumps(event) + "\n")

    job = json.loads(sys.stdin.readline())
    worker = Worker(tell)

    def leave_with_parent() -> None:
        # The pipe closes when whoever started this process stops it, or is gone, however that came about.
        sys.stdin.read()
        worker.end_kernel()
        os._exit(1)

    threading.Thread(target=leave_with_parent, daemon=True).start()
    worker.execute(job)


if __name__ == "__main__":
    main()
