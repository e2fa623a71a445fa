"""The work shared by Dask's workers: processes of this machine, or those of a cluster.

Few batches are under way at once, so neither the scheduler's memory nor ours grows with the data set. A
batch whose worker dies is given to another one; where that happens again and again its samples are tried one
by one, and the one that ends its worker is a record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from vbanalysis.errors import InputError, MissingDependencyError
from vbanalysis.evaluation._work import Job, failed_by_worker, work

_AHEAD = 3
"""Batches under way for each thread of a worker."""


def answers(
    job: Job, batches: Sequence[tuple[list[int], list[int]]], workers: int, scheduler: str | None
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

        def submit(batch: tuple[list[int], list[int]]) -> Any:
            future = client.submit(work, job, *batch, pure=False)
            under_way[future.key] = batch
            return future

        under_way: dict[str, tuple[list[int], list[int]]] = {}
        ahead = _AHEAD * max(1, sum(client.nthreads().values()))
        first = [submit(batch) for _, batch in zip(range(ahead), waiting, strict=False)]
        finished = as_completed(first)
        for future in finished:
            places, wanted = under_way.pop(future.key)
            try:
                yield from future.result()
            except KilledWorker as error:
                if len(wanted) == 1:
                    yield failed_by_worker(job, wanted[0], error)
                else:
                    for place in wanted:
                        finished.add(submit((places, [place])))
            del future
            for batch in waiting:
                finished.add(submit(batch))
                break


@contextmanager
def _client(workers: int, scheduler: str | None) -> Iterator[Any]:
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
    with (
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
