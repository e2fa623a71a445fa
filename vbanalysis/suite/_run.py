"""Runs notebooks of the suite: all is checked first, then each runs in a process of its own."""

from __future__ import annotations

import os
import platform
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from vbanalysis.errors import SuiteError
from vbanalysis.machine import cores, machine
from vbanalysis.paths import homeless
from vbanalysis.suite._config import Notebook, ProfileName, Suite
from vbanalysis.suite._parameters import Text, nearest, resolve
from vbanalysis.suite._results import FILE, Cause, NotebookRun, Status, read_results, write_results
from vbanalysis.suite._worker_process import WorkerProcess

PACKAGES = ("vbanalysis", "numpy", "scipy", "torch", "matplotlib", "papermill", "nbclient", "ipykernel")

Progress = Callable[[str], None]


@dataclass(frozen=True)
class _Job:
    notebook: Notebook
    profile: ProfileName
    given: Mapping[str, Any]
    parameters: Mapping[str, Any]
    limit_s: float
    out: Path
    figures: Path | None

    @property
    def output(self) -> Path:
        return self.out / f"{self.notebook.name}.ipynb"

    @property
    def running(self) -> Path:
        """Where papermill writes, again and again; it becomes `output` when the run is over."""
        return self.out / f".{self.notebook.name}.running.ipynb"

    @property
    def log(self) -> Path:
        return self.out / f"{self.notebook.name}.log"


def parse_assignment(text: str) -> tuple[str, Text]:
    """Split `name=value` or `NOTEBOOK.name=value`, as given on a command line.

    Args:
        text: As typed; the value may hold further `=`.

    Returns:
        The name, and the value as text that the notebook's own type converts.

    >>> parse_assignment("seed=3")
    ('seed', '3')

    Raises:
        SuiteError: There is no name or no `=`.
    """
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise SuiteError(f"a parameter is given as name=value or NOTEBOOK.name=value, got {text!r}")
    return name.strip(), Text(value)


def run(
    suite: Suite,
    *,
    profile: ProfileName = "quick",
    only: Iterable[str] = (),
    parameters: Mapping[str, Any] | None = None,
    jobs: int = 1,
    timeout_s: float | None = None,
    out: str | Path = "build/suite",
    figures: str | Path | None = None,
    keep_going: bool = False,
    progress: Progress | None = None,
) -> list[NotebookRun]:
    """Run notebooks, each in its own folder and process, with the kernel of this interpreter.

    Names, types and values of all parameters are checked before the first kernel starts.

    Args:
        suite: From `load_suite`.
        profile: `"quick"` or `"full"`.
        only: Names of notebooks, or beginnings of names; all where empty.
        parameters: Values by `name` (for each selected notebook that declares it) or
            `NOTEBOOK.name`; they go before those of the profile.
        jobs: How many notebooks run at once; they share the cores, unless `OMP_NUM_THREADS` is set.
        timeout_s: Time limit of each notebook, in place of its profile's.
        out: Folder of the executed notebooks, their logs and `results.json`, which keeps
            what earlier runs recorded of other notebooks.
        figures: Folder for the figures, told to the kernels as `VBANALYSIS_FIGURES`.
        keep_going: Go on after a failure; otherwise the notebooks not yet begun are skipped.
        progress: Called with one line at a time.

    Returns:
        One result a selected notebook, in the order of the suite.

    Raises:
        SuiteError: Something given cannot be used; nothing has run.
    """
    if profile not in ("quick", "full"):
        raise SuiteError(f"profile must be 'quick' or 'full', got {profile!r}")
    if jobs < 1:
        raise SuiteError(f"jobs must be at least 1, got {jobs}")
    if timeout_s is not None and not timeout_s > 0:
        raise SuiteError(f"timeout_s must be above 0 seconds, got {timeout_s}")
    folder = Path(out).expanduser().resolve()
    if folder == suite.folder.resolve():
        raise SuiteError(f"out must not be {folder}: the executed notebooks would replace their sources")
    destination = None if figures is None else Path(figures).expanduser().resolve()
    plan = _plan(suite, profile, suite.select(only), parameters or {}, timeout_s, folder, destination)
    _make(folder, "out")
    if destination is not None:
        _make(destination, "figures")
    crew = _Crew(suite, folder, keep_going, progress or (lambda line: None), max(1, cores() // jobs))
    return crew.work(plan, jobs)


def _plan(
    suite: Suite,
    profile: ProfileName,
    selected: tuple[Notebook, ...],
    parameters: Mapping[str, Any],
    timeout_s: float | None,
    out: Path,
    figures: Path | None,
) -> list[_Job]:
    declared = {notebook.name: notebook.parameters() for notebook in selected}
    given: dict[str, dict[str, Any]] = {name: {} for name in declared}
    # What names its notebook is more particular than what does not, so it is looked at last and wins.
    for key, value in sorted(parameters.items(), key=lambda item: "." in item[0]):
        scope, dot, name = key.rpartition(".")
        if dot:
            targets = [notebook.name for notebook in suite.select([scope]) if notebook in selected]
            if not targets:
                raise SuiteError(
                    f"parameter {key!r} is for a notebook that is not selected: {', '.join(declared)} are"
                )
        else:
            targets = [
                target for target, known in declared.items() if name in {entry.name for entry in known}
            ]
            if not targets:
                names = dict.fromkeys(entry.name for known in declared.values() for entry in known)
                raise SuiteError(
                    f"no selected notebook has a parameter {name!r}{nearest(name, names, 'there are')}"
                )
        for target in targets:
            given[target][name] = value
    plan = []
    for notebook in selected:
        chosen = notebook.profiles[profile]
        known = declared[notebook.name]
        values = resolve(
            known, chosen.parameters, notebook=notebook.name, source=f"profile {profile} of the suite"
        )
        values |= resolve(known, given[notebook.name], notebook=notebook.name, source="given for this run")
        every = {entry.name: values.get(entry.name, entry.value) for entry in known}
        limit_s = chosen.time_limit_s if timeout_s is None else timeout_s
        plan.append(_Job(notebook, profile, values, every, limit_s, out, figures))
    return plan


def _make(folder: Path, argument: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SuiteError(f"{argument}: cannot make the folder {folder}: {error.strerror}") from error


class _Crew:
    """The workers of one run: so many at once, stopped together."""

    def __init__(self, suite: Suite, out: Path, keep_going: bool, progress: Progress, threads: int) -> None:
        self._suite = suite
        self._out = out
        self._keep_going = keep_going
        self._progress = progress
        self._threads = threads
        self._lock = threading.Lock()
        self._workers: set[WorkerProcess] = set()
        self._begin_no_more = False
        self._stopped = False

    def work(self, plan: list[_Job], jobs: int) -> list[NotebookRun]:
        finished: dict[str, NotebookRun] = {}
        with ThreadPoolExecutor(jobs) as pool:
            try:
                for future in as_completed([pool.submit(self._run, job) for job in plan]):
                    result = future.result()
                    finished[result.name] = result
                    self._record(finished)
            except BaseException:
                self._stop()
                raise
        return [finished[job.notebook.name] for job in plan]

    def _record(self, finished: Mapping[str, NotebookRun]) -> None:
        known: dict[str, NotebookRun] = {}
        if (self._out / FILE).exists():
            try:
                known = {earlier.name: earlier for earlier in read_results(self._out)}
            except SuiteError as error:
                self._say(f"{error}; it is replaced")
        known |= finished
        write_results(self._out, [known[name] for name in self._suite.names if name in known])

    def _stop(self) -> None:
        with self._lock:
            self._begin_no_more = self._stopped = True
            workers = list(self._workers)
        for worker in workers:
            worker.stop()

    def _say(self, line: str) -> None:
        with self._lock:
            self._progress(line)

    def _run(self, job: _Job) -> NotebookRun:
        if self._begin_no_more:
            return _result(job, "skipped", 0.0, None, 0)
        name, begun = job.notebook.name, time.monotonic()
        job.log.unlink(missing_ok=True)
        self._say(f"{name}: starting a kernel")
        for attempt in (1, 2):
            status, cause = self._attempt(job, begun)
            if status != "no kernel" or self._stopped:
                break
            if attempt == 1:
                self._say(f"{name}: the kernel did not start ({cause}); trying once more")
        if self._stopped:
            # What the last complete run left stays as it is.
            job.running.unlink(missing_ok=True)
            return _result(job, "skipped", 0.0, None, 0)
        seconds = time.monotonic() - begun
        for written in (job.running, job.log):
            if written.exists():
                text = written.read_text(encoding="utf-8", errors="replace")
                written.write_text(homeless(text), encoding="utf-8")
        if job.running.exists():
            job.running.replace(job.output)
        else:
            job.output.unlink(missing_ok=True)
        if status == "passed":
            self._say(f"{name}: passed, {seconds:.1f} s")
        else:
            self._begin_no_more |= not self._keep_going
            detail = "\n".join(f"    {line}" for line in str(cause).splitlines())
            self._say(f"{name}: {status.upper()}, {seconds:.1f} s\n{detail}\n    log: {job.log}")
        return _result(job, status, seconds, cause, attempt)

    def _attempt(self, job: _Job, begun: float) -> tuple[Status, Cause | None]:
        job.running.unlink(missing_ok=True)
        environment = {"OMP_NUM_THREADS": str(self._threads)} | os.environ
        if job.figures is not None:
            environment["VBANALYSIS_FIGURES"] = str(job.figures)
        order = {
            "notebook": str(job.notebook.path.resolve()),
            "output": str(job.running),
            "parameters": dict(job.given),
        }
        left_s = max(0.0, begun + job.limit_s - time.monotonic())
        number, count, end = None, 0, None
        with WorkerProcess(order, log=job.log, environment=environment, limit_s=left_s) as worker:
            with self._lock:
                self._workers.add(worker)
            if self._stopped:
                worker.stop()
            for event in worker.events():
                match event:
                    case {"event": "cell", "number": number, "count": count}:
                        seconds = time.monotonic() - begun
                        self._say(f"{job.notebook.name}: cell {number} of {count}, {seconds:.1f} s")
                    case {"event": "passed" | "failed" | "no kernel"}:
                        end = event
            with self._lock:
                self._workers.discard(worker)
        if end is not None and end["event"] == "passed":
            return "passed", None
        fields = {key: value for key, value in (end or {}).items() if key != "event"}
        if worker.expired:
            where = f"in cell {number} of {count}" if number else "before the first cell"
            message = f"the time limit of {job.limit_s:g} s was reached {where}, and the kernel was killed"
            fields |= {"exception": "TimeLimit", "message": message, "traceback": ""}
            return "timed out", Cause(**fields)
        if end is None:
            message = f"the process that ran the notebook died with exit code {worker.exit_code}"
            return "failed", Cause("WorkerDied", message, cell=number)
        return end["event"], Cause(**fields)


def _result(job: _Job, status: Status, seconds: float, cause: Cause | None, attempts: int) -> NotebookRun:
    return NotebookRun(
        name=job.notebook.name,
        profile=job.profile,
        status=status,
        seconds=round(seconds, 2),
        parameters=job.parameters,
        cause=cause,
        attempts=attempts,
        notebook=job.output if attempts and job.output.exists() else None,
        log=job.log if attempts else None,
        figures=job.figures,
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        versions=_versions(),
        machine=machine(),
    )


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
