"""Evaluation: one data set, one task, one model, one record a sample."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from vbanalysis import __version__, plugins
from vbanalysis.errors import DataError, InputError
from vbanalysis.evaluation._folder import RunFolder
from vbanalysis.evaluation._isolated import Isolated
from vbanalysis.evaluation._results import Results, finish
from vbanalysis.evaluation._work import Bench, Job, bench, described, work
from vbanalysis.models.recorded import Recorded
from vbanalysis.paths import shown
from vbanalysis.specs import parse_spec

Record = Mapping[str, Any]


def evaluate(
    task: str,
    model: str,
    dataset: str,
    out: str | os.PathLike[str],
    *,
    limit: int | None = None,
    seed: int = 0,
    presence: str | None = None,
    reasoner: str | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    retry_failed: bool = False,
    timeout_s: float | None = None,
    memory_gb: float | None = None,
    max_calls: int | None = None,
    max_cost: float | None = None,
    on_record: Callable[[Record, int, int], None] | None = None,
) -> Results:
    """Let a model answer a task on a data set, and score it; or go on with that.

    A run that was killed at any instant is gone on with by the same call, and ends in the same table. A
    sample that fails is a record with the reason. Pictures are kept, so `rescore` needs no model.

    Args:
        task: Spec string, such as `"depth"` or `"depth?alignment=median"`.
        model: Spec string, such as `"mini"`; `"oracle"` paints the truth, which tells what the code costs.
        dataset: Spec string, such as `"scenes:heldout?n=100"`.
        out: The run's folder; made if it is not there.
        limit: Only the first so many samples; a later call may take more.
        seed: Sample k is generated with `seed + k`.
        presence: Spec string of a model that first says whether a phrase names anything in the image; where
            it does not, nothing is marked and `model` is not asked. `"oracle"` knows it.
        reasoner: Spec string of a model that first turns each question into a description.
        workers: Processes on this machine; more than one need Dask.
        scheduler: Address of a Dask scheduler, such as `"tcp://host:8786"`, in place of `workers`. Its
            workers must see `out` and the data set's files.
        retry_failed: Whether samples whose record is a failure are done once more; a model that is paid by
            the call is then asked, and paid, again for what it refused.
        timeout_s: That one sample may take. With it, or `memory_gb`, the model runs in a process of its own:
            one that hangs, dies or takes all memory costs its sample and not the run.
        memory_gb: Address space that this process may have, in GB of 10**9 bytes (on Linux).
        max_calls: Calls that the run may pay for in all, its earlier parts, `presence` and `reasoner` among
            them, where a model costs money by the call; 0 for none but what is kept.
        max_cost: US dollars that these may cost in all. Neither makes it another run: with a higher limit it
            goes on.
        on_record: Called with each record, how many are done, and how many there will be.

    Returns:
        The run's results.

    Raises:
        InputError: `out` holds another run, or a number is outside its range.
        PluginError: A spec names nothing, or what it names cannot be loaded.
        DataError: The folder cannot be written, or the data set cannot be read at all.
        StopError: A model cannot be asked any more for now, or a limit is reached (`BudgetError`); what is
            finished is kept, and the same call goes on.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     run = evaluate("depth", "oracle", "scenes:heldout?n=5", folder)
        >>> f"{run.figures['delta1']:.2f}", run.n_failed
        ('1.00 [1.00, 1.00] n=5', 0)
    """
    folder = str(Path(out).resolve())
    job = Job(task, model, dataset, folder, None, seed, presence, reasoner, max_calls, max_cost, retry_failed)
    for name, value in (("timeout_s", timeout_s), ("memory_gb", memory_gb)):
        if value is not None and (isinstance(value, bool) or not value > 0):
            raise InputError(f"{name} must be above 0, got {value!r}")
        if value is not None and (workers > 1 or scheduler is not None):
            raise InputError(f"{name} is for one worker on this machine: leave workers and scheduler out")
    return _run(job, limit, workers, scheduler, retry_failed, on_record, (timeout_s, memory_gb))


def rescore(
    run: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    task: str | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    on_record: Callable[[Record, int, int], None] | None = None,
) -> Results:
    """Score the kept pictures of a run once more, with other settings of its task, without the model.

    Args:
        run: Folder of the run.
        out: Folder of the new one.
        task: Spec string of the same task with other settings; the run's own if None.
        workers: As in `evaluate`.
        scheduler: As in `evaluate`.
        on_record: As in `evaluate`.

    Returns:
        The new run's results.

    Raises:
        InputError: Another task, whose prompts the pictures do not answer; or as `evaluate`.
        DataError: There is no such run; or as `evaluate`.
    """
    told = RunFolder(run).about()
    task = told["task"] if task is None else task
    if parse_spec(task).name != parse_spec(told["task"]).name:
        raise InputError(
            f"{shown(run)} holds answers to {told['task']!r}, not to {task!r}: give its settings only"
        )
    if Path(out).resolve() == Path(run).resolve():
        raise InputError("out is the run itself: give another folder, so that its table stays")
    job = Job(
        task,
        told["model"],
        told["dataset"],
        str(Path(out).resolve()),
        str(Path(run).resolve()),
        told["seed"],
        told.get("presence"),
        told.get("reasoner"),
    )
    return _run(job, told.get("limit"), workers, scheduler, False, on_record)


def _run(
    job: Job,
    limit: int | None,
    workers: int,
    scheduler: str | None,
    retry_failed: bool,
    on_record: Callable[[Record, int, int], None] | None,
    isolation: tuple[float | None, float | None] = (None, None),
) -> Results:
    for name, value, least in (("limit", limit, 1), ("workers", workers, 1), ("seed", job.seed, 0)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
            raise InputError(f"{name} must be a whole number of at least {least}, got {value!r}")
    with ExitStack() as held:
        apart = None
        if isolation != (None, None):
            apart = Isolated(job, *isolation)
            held.callback(apart.end)
        kit = bench(job, apart is None)
        n = len(kit.dataset) if limit is None else min(limit, len(kit.dataset))
        if not n:
            raise DataError(f"the data set {job.dataset!r} holds no sample at hand: fetch its files first")
        folder = RunFolder(job.folder)
        model = apart.described if apart else described(kit.model) if kit.model is not None else None
        folder.begin(identity(job, kit), {**_about(job, kit, limit, model), **_matched(kit, n)})
        file = held.enter_context(folder.writing())
        wanted = set(places_left(folder, n, retry_failed))
        batches = list(_batches(n, apart.batch if apart else kit.batch, wanted))
        finished = n - len(wanted)
        if on_record is not None:
            on_record({}, finished, n)
        found = apart.answers(batches) if apart else _answers(job, batches, workers, scheduler)
        for record in found:
            folder.append(file, record)
            finished += 1
            if on_record is not None:
                on_record(record, finished, n)
        return finish(folder, kit.task, n)


def _answers(
    job: Job, batches: Sequence[tuple[list[int], list[int]]], workers: int, scheduler: str | None
) -> Iterable[Record]:
    if scheduler is None and workers == 1:
        return (record for batch in batches for record in work(job, *batch))
    from vbanalysis.evaluation._dask import answers

    return answers(job, batches, workers, scheduler)


def places_left(folder: RunFolder, n: int, retry_failed: bool) -> list[int]:
    """The places of the samples that have no record, or one that is not to stay."""
    done = {
        record["place"] for record in folder.records() if not (retry_failed and record["status"] == "failed")
    }
    return [place for place in range(n) if place not in done]


def _batches(n: int, size: int, wanted: set[int]) -> Iterator[tuple[list[int], list[int]]]:
    """Places that are generated together, and those of them whose records are wanted."""
    for first in range(0, n, size):
        places = list(range(first, min(first + size, n)))
        left = [place for place in places if place in wanted]
        if left:
            yield places, left


def identity(job: Job, kit: Bench) -> dict[str, Any]:
    """What decides the records."""
    return {
        "task": job.task,
        "model": job.model,
        "dataset": job.dataset,
        "seed": job.seed,
        "presence": job.presence,
        "reasoner": job.reasoner,
        "pictures_of": job.outputs,
        "protocol": kit.task.protocol,
        "vbanalysis": __version__,
        "plugins": _provenances(job),
    }


def _provenances(job: Job) -> dict[str, list[str]]:
    kinds: tuple[tuple[plugins.Kind, str], ...] = (("tasks", job.task), ("datasets", job.dataset))
    if job.outputs is None:
        kinds = (*kinds, ("models", job.model))
    return {kind: list(plugins.provenance(kind, parse_spec(spec).name)) for kind, spec in kinds}


def _about(job: Job, kit: Bench, limit: int | None, model: Mapping[str, Any] | None) -> dict[str, Any]:
    """What else `run.json` tells."""
    return {
        "limit": limit,
        "git_commit": _git_commit(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": _versions("numpy", "scipy", "torch", "numba"),
        "command": sys.argv if sys.argv and Path(sys.argv[0]).name.startswith("vbanalysis") else None,
        "data": described(kit.dataset),
        "generator": model,
    }


def _matched(kit: Bench, n: int) -> dict[str, Any]:
    """Which samples have a recorded picture, where pictures are recorded."""
    ids = getattr(kit.dataset, "ids", None)
    if not isinstance(kit.model, Recorded) or not isinstance(ids, Sequence):
        return {}
    found = kit.model.matches(ids[:n])
    return {
        "matched": {
            "samples": n,
            "found": len(found.found),
            "missing": found.missing,
            "ambiguous": list(found.ambiguous),
            "unused": [path.name for path in found.unused],
        }
    }


def _versions(*names: str) -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _git_commit() -> str | None:
    """Of the checkout that the package lies in, if it lies in one."""
    import subprocess

    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    try:
        told = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return told.stdout.strip() or None
