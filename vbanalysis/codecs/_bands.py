"""Rows of an image shared out among threads, for compiled loops that release the interpreter lock.

Plain threads that end with the call, and not numba's own: those stay, and a process that was
forked after they had started (a data loader's worker, say) is killed at its next call.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from vbanalysis.machine import cores

_LEAST_PIXELS = 1 << 16  # a band of fewer is done sooner than a thread starts
_BANDS_A_THREAD = 4  # so that a thread whose core is busy elsewhere does not hold up the others
_MOST_THREADS = 8  # the loops soon wait for memory


def in_bands(work: Callable[[slice], object], rows: int, width: int) -> None:
    """Call `work` with slices that together cover all rows, each once."""
    threads = max(1, min(cores(), _MOST_THREADS, rows, rows * width // _LEAST_PIXELS))
    if threads == 1:
        work(slice(0, rows))
        return
    step = max(1, rows // (threads * _BANDS_A_THREAD))
    bands = iter([slice(start, start + step) for start in range(0, rows, step)])
    failures: list[BaseException] = []

    def take(share: Iterator[slice]) -> None:
        try:
            for band in share:
                work(band)
        except BaseException as error:
            failures.append(error)

    others = [threading.Thread(target=take, args=(bands,)) for _ in range(threads - 1)]
    for other in others:
        other.start()
    take(bands)
    for other in others:
        other.join()
    if failures:
        raise failures[0]
