"""What data sets share whose samples are known by their ids before any is read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from functools import cached_property

from vbanalysis.errors import InputError
from vbanalysis.types import Sample


class Listed(ABC):
    """Samples by place or id, read one at a time.

    A subclass sets `name` and `ids`, and reads one sample; `ids` may be any sequence, a lazy one too.
    """

    name: str
    ids: Sequence[str]

    @abstractmethod
    def read(self, place: int) -> Sample:
        """The sample at a place from 0 to `len(self) - 1`, from its files.

        Raises:
            DataError: A file of it is missing or damaged; the message names the file.
        """

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.ids)

    def __iter__(self) -> Iterator[Sample]:
        """The samples, read one at a time."""
        return (self.read(place) for place in range(len(self)))

    def __getitem__(self, key: int | str) -> Sample:
        """A sample by its place, from the end if negative, or by its id.

        Raises:
            IndexError: There are fewer samples.
            InputError: No such id.
            DataError: As `read`.
        """
        if isinstance(key, str):
            return self.read(self._place(key))
        if not -len(self) <= key < len(self):
            raise IndexError(f"the data set holds {len(self)} samples")
        return self.read(key % len(self))

    def _place(self, key: str) -> int:
        try:
            return self._places[key]
        except KeyError:
            near = get_close_matches(key, self.ids, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"they go from {self._ends()}"
            raise InputError(f"no sample {key!r} in {self.name}: {hint}") from None

    @cached_property
    def _places(self) -> dict[str, int]:
        return {key: place for place, key in enumerate(self.ids)}

    def _ends(self) -> str:
        return f"{self.ids[0]!r} to {self.ids[-1]!r}" if len(self) else "none to none"
