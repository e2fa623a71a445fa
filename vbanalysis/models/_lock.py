"""Locks between processes, which the kernel lets go of with the process that holds them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vbanalysis.errors import StopError
from vbanalysis.paths import shown


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file alone among the threads and processes that see it; waits for whoever holds it.

    The file is there only while somebody holds it or waits. Without `fcntl` (Windows) nothing is held.

    Raises:
        StopError: The file cannot be made, or its file system has no locks.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StopError(_not_held(path, error)) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # Whoever held it took the file away: a lock on what has no name holds nobody off.
            if path.exists() and os.path.samestat(os.fstat(descriptor), path.stat()):
                break
        except FileNotFoundError:
            pass
        except OSError as error:
            os.close(descriptor)
            raise StopError(_not_held(path, error)) from error
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


@contextmanager
def alone(file: Any) -> Iterator[None]:
    """Hold an open file that stays, in the same way."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def _not_held(path: Path, error: OSError) -> str:
    return f"the lock {shown(path)} cannot be held ({error.strerror or error}): choose another folder"
