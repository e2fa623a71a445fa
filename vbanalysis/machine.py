"""What is told of a machine: its cores, and its class, which explains durations and names nobody."""

from __future__ import annotations

import os
import platform


def cores() -> int:
    """Cores that this process may use, which a container or a batch system makes fewer than there are.

    >>> cores() >= 1
    True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine() -> str:
    """System, architecture, cores, and memory where the system tells it.

    >>> "cores" in machine()
    True
    """
    parts = [f"{platform.system()} {platform.machine()}", f"{os.cpu_count() or '?'} cores"]
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        size = 0
    return ", ".join([*parts, f"{round(size / 2**30)} GiB"] if size > 0 else parts)
