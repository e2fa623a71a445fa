"""The work shared by Dask's workers: processes of this machine, or those of a cluster.

Batches that take a moment only are sent several at once, for to send one costs some milliseconds. Few are
under way, so neither the scheduler's memory nor ours grows with the data set. Those whose worker dies are
given to another one; where that happens again and again their samples are tried one by one, and the one that
ends its worker is a record.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from vbanalysis.errors import InputError, MissingDependencyError
from vbanalysis.evaluation._work import Job, failed_by_worker, work

_AHEAD = 3
"""Tasks under way for each thread of a worker."""

_TASK_SECONDS = 0.5
"""How long a task should take; one of a single batch may take longer."""

_MOST_BATCHES = 64

Batch = tuple[list[int], list[int]]


def work_through(job: Job, batches: Sequence[Batch]) -> tuple[list[dict[str, Any]], float]:
    """The records of several batches, and the seconds that they took; done by a worker."""
    began = time.perf_counter()
    records = [record for batch in batches for record in work(job, *batch)]
    return records, time.perf_counter() - began


def answers(
    job: Job, batches: Sequence[Batch], workers: int, scheduler: str | None
) -> Iterator[Mapping[str, Any]]:
    """Records in the order in which they are finished.

    Raises:
        InputError: No scheduler answers at the address.
        MissingDependencyError: Dask is not installed.
    """
    try:
        from distributed import as_completed
        from distributed.scheduler import KilledWorker
    except ImportError as error:
        raise MissingDependencyError("distributed", "dask", "more than one worker") from error

    waiting = iter(batches)
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
            try:
                records, seconds = future.result()
                yield from records
                # At most twice as many as before, for one task may be quick by chance.
                fitting = int(_TASK_SECONDS * len(task) / max(seconds, 1e-6))
                together = max(1, min(fitting, 2 * len(task), _MOST_BATCHES))
            except KilledWorker as error:
                if len(task) == 1 and len(task[0][1]) == 1:
                    yield failed_by_worker(job, task[0][1][0], error)
                else:
                    for places, wanted in task:
                        for place in wanted:
                            finished.add(submit([(places, [place])]))
            del future
            if following := list(islice(waiting, together)):
                finished.add(submit(following))


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
