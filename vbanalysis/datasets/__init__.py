"""Data sets: one file a benchmark, each an iterable of samples with a description.

A data set comes from a spec string such as `gallery:depth` through `vbanalysis.plugins`; its
module holds a factory `load(argument=None, **options)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol, runtime_checkable

from vbanalysis.datasets.registry import FileStatus, RemoteFile
from vbanalysis.types import Sample

__all__ = ["DataSet", "Fetchable", "FileStatus", "RemoteFile"]


@runtime_checkable
class DataSet(Protocol):
    """What every data set can do."""

    name: str

    def __len__(self) -> int:
        """Number of samples at hand."""
        ...

    def __iter__(self) -> Iterator[Sample]:
        """The samples at hand, read one at a time."""
        ...

    def __getitem__(self, key: int | str) -> Sample:
        """One sample, by its place or its id."""
        ...

    def describe(self) -> dict[str, Any]:
        """What it is: `about`, `samples`, `samples_at_hand`, `licence`, `source`, and more by name."""
        ...


@runtime_checkable
class Fetchable(DataSet, Protocol):
    """A data set whose files are fetched and checked against a registry of hashes."""

    def fetch(self, *, on_file: Callable[[RemoteFile], None] | None = None) -> list[RemoteFile]:
        """Fetch what is not at hand; `on_file` hears of each file once it is done."""
        ...

    def verify(self) -> list[FileStatus]:
        """The state of every file, each one hashed."""
        ...
