"""Whether compiled kernels can be used, found out once and only when first asked."""

from __future__ import annotations

import functools
import importlib
from types import ModuleType


@functools.cache
def kernels(module: str, package: str = "vbanalysis.codecs") -> ModuleType | None:
    """The compiled kernels in `<package>.<module>`, or None where numba cannot be used.

    It cannot where it is not installed, and where it finds no folder to keep compiled code in.
    """
    try:
        return importlib.import_module(f"{package}.{module}")
    except (ImportError, RuntimeError):
        return None
