"""The work shared by Dask's workers: processes of this machine, or those of a cluster.

Batches that take only a moment are sent several at once, because sending one costs a few milliseconds. Few
tasks are under way, so neither the scheduler's memory nor ours grows with the data set. A task whose worker
dies is given to another one; where that happens again and again its samples are tried alone at the end, and
one that ends its workers even then is a failed record.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple

from vbanalysis.errors import InputError, MissingDependencyError, StopError
from vbanalysis.evaluation._work import Job, failed_by_worker, work

_AHEAD = 3
"""Tasks under way for each thread of a worker."""

_TASK_SECONDS = 0.5
"""How long a task should take; one of a single batch may take longer."""

_MOST_BATCHES = 64

Batch = tuple[list[int], list[int]]


class _Done(NamedTuple):
    records: list[dict[str, Any]]
    left: list[Batch]
    seconds: float


def work_through(job: Job, batches: Sequence[Batch]) -> _Done:
    """Do batches one after the other, and leave those that are not begun in time; done by a worker."""
    began = time.perf_counter()
    records: list[dict[str, Any]] = []
    for place, batch in enumerate(batches):
        if place and time.perf_counter() - began > 2 * _TASK_SECONDS:
            return _Done(records, list(batches[place:]), time.perf_counter() - began)
        records += work(job, *batch)
    return _Done(records, [], time.perf_counter() - began)


def answers(
    job: Job, batches: Sequence[Batch], workers: int, scheduler: str | None
) -> Iterator[Mapping[str, Any]]:
    """Records in the order in which they are finished.

    Raises:
        InputError: No scheduler answers at the address.
        MissingDependencyError: Dask is not installed.
        StopError: A model says that no further sample would fare better; what is under way is finished first.
    """
    try:
        from distributed import as_completed
        from distributed.scheduler import KilledWorker
    except ImportError as error:
        raise MissingDependencyError("distributed", "dask", "more than one worker") from error

    waiting = iter(batches)
    suspects: list[Batch] = []
    stopped: StopError | None = None
    with _client(workers, scheduler) as client:

        def submit(task: list[Batch]) -> Any:
            future = client.submit(work_through, job, task, pure=False)
            under_way[future.key] = task
            return future

        under_way: dict[str, list[Batch]] = {}
        ahead = _AHEAD * max(1, sum(client.nthreads().values()))
        finished = as_completed([submit([batch]) for batch in islice(waiting, ahead)])
        together = 1
        for future in finished:
            task = under_way.pop(future.key)
            following: list[Batch] = []
            try:
                done = future.result()
                yield from done.records
                following = done.left
                # At most twice as many as before, for one task may be quick by chance.
                fitting = int(_TASK_SECONDS * len(task) / max(done.seconds, 1e-6))
                together = max(1, min(fitting, 2 * len(task), _MOST_BATCHES))
            except KilledWorker:
                suspects += [(places, [place]) for places, wanted in task for place in wanted]
            except StopError as error:
                stopped = error
            del future
            if stopped is not None:  # other workers may wait for answers that are paid for
                continue
            following += islice(waiting, max(0, together - len(following)))
            if following:
                finished.add(submit(following))
        if stopped is not None:
            raise stopped
        # A worker that dies takes what waits behind the culprit with it. With nothing else under way, only a
        # sample that ends its workers by itself does so again.
        for suspect in suspects:
            try:
                yield from submit([suspect]).result().records
            except KilledWorker as error:
                yield failed_by_worker(job, suspect[1][0], error)


@contextmanager
def _client(workers: int, scheduler: str | None) -> Iterator[Any]:
    import dask
    from distributed import Client, LocalCluster

    if scheduler is not None:
        try:
            client = Client(scheduler, timeout="20s")
        except (OSError, ValueError) as error:
            raise InputError(
                f"no Dask scheduler answers at {scheduler!r} ({' '.join(str(error).split())}): start one "
                "with dask scheduler, or use workers"
            ) from error
        with client:
            yield client
        return
    # Dask has its workers give every freed page back at once; an array of the next sample then costs a page
    # fault each 4 KiB, a quarter of all time on frames of 480 x 640.
    environ = dict(dask.config.get("distributed.nanny.pre-spawn-environ"))
    environ.pop("MALLOC_TRIM_THRESHOLD_", None)
    with (
        dask.config.set({"distributed.nanny.pre-spawn-environ": environ}),
        LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        client.run(_one_thread)
        yield client


def _one_thread() -> None:
    """Processes that share a machine leave each other its cores."""
    try:
        import torch
    except ImportError:
        return
    torch.set_num_threads(1)
