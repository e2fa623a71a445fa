"""HDF5 files, such as MATLAB's of version 7.3, through h5py; arrays that lie in other files are refused."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vbanalysis.datasets._files import Shape, check_array, reading, require_file
from vbanalysis.errors import DataError
from vbanalysis.images import MAX_PIXELS
from vbanalysis.paths import shown

if TYPE_CHECKING:
    import h5py

_LONGEST_TEXT = 1 << 12


@contextmanager
def open_hdf5(path: Path) -> Iterator[h5py.File]:
    """An HDF5 file, such as a `.mat` of version 7.3, for `hdf5_array`.

    Raises:
        DataError: It is missing, truncated or no HDF5 file.
    """
    require_file(path)
    import h5py

    file = reading(path, lambda: h5py.File(path, "r"))
    with file:
        yield file


def hdf5_array(
    file: h5py.File, name: str, kinds: str, *shapes: Shape, place: int | None = None
) -> np.ndarray:
    """An array of an HDF5 file, or one entry of its first axis, of the kind and shape expected.

    Arrays that lie in other files (external, virtual or linked ones) are refused.

    Args:
        file: From `open_hdf5`.
        name: Of the array.
        kinds: As in `read_npy`.
        shapes: The shapes that the whole array may have; any if none is given.
        place: Only the entry at this place of the first axis.

    Raises:
        DataError: There is no such array, it is another kind or shape, too large, elsewhere or damaged.
    """
    path = Path(file.filename)

    def read() -> np.ndarray:
        array = hdf5_dataset(file, name)
        check_array(path, array, kinds, *shapes)
        elements = math.prod(array.shape if place is None else array.shape[1:])
        if max(elements, math.prod(array.chunks or ())) > 4 * MAX_PIXELS:
            raise DataError(f"{shown(path)} claims {elements:,} elements in {name!r}, more than are read")
        return np.asarray(array[()] if place is None else array[place])

    return reading(path, read)


def hdf5_dataset(file: h5py.File, name: str) -> h5py.Dataset:
    """The array of a name, without reading it.

    Raises:
        DataError: There is none, or it lies in another file.
    """
    import h5py

    path = Path(file.filename)
    link = reading(path, lambda: file.get(name, getlink=True))
    if link is None:
        raise DataError(f"{shown(path)} holds no array {name!r}: it is another file, or damaged")
    found = reading(path, lambda: file[name]) if isinstance(link, h5py.HardLink) else None
    if not isinstance(found, h5py.Dataset) or found.is_virtual or found.external is not None:
        raise DataError(f"{shown(path)} holds {name!r} as a link or a group; an array of its own is expected")
    return found


def hdf5_texts(file: h5py.File, name: str) -> list[str]:
    """A MATLAB cell array of texts, in its order.

    Raises:
        DataError: There is none, or it holds something else.
    """
    import h5py

    path = Path(file.filename)
    cells = hdf5_dataset(file, name)
    if h5py.check_ref_dtype(cells.dtype) is not h5py.Reference:
        raise DataError(f"{shown(path)} holds {name!r} as {cells.dtype}; a cell array of texts is expected")

    def text(reference: h5py.Reference) -> str:
        cell = file[reference]
        check_array(path, cell, "u")
        if cell.size > _LONGEST_TEXT or cell.is_virtual or cell.external is not None:
            raise DataError(f"{shown(path)} holds {cell.size:,} letters in a cell of {name!r}")
        return "".join(map(chr, cell[()].ravel()))

    return reading(path, lambda: [text(reference) for reference in cells[()].ravel()])
