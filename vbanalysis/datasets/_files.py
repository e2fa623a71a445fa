"""What the readers of benchmarks share: folders, depth PNGs, arrays and lists, all checked before use.

Pictures are read by `vbanalysis.images`: `read_photo` for the input, `read_uint16`, `read_labels` and
`read_mask` for PNGs whose numbers are kept as stored.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Collection
from pathlib import Path, PurePosixPath
from typing import NamedTuple, TypeVar

import numpy as np

from vbanalysis.errors import DataError, InputError
from vbanalysis.images import MAX_PIXELS, read_uint16
from vbanalysis.paths import shown

T = TypeVar("T")

_KINDS = {"b": "booleans", "i": "integers", "u": "integers", "f": "floats"}
_LARGEST_TEXT = 64 << 20
"""Bytes of the longest list that is read; the official ones have less than 1 MB."""

Shape = tuple[int | None, ...]
"""Lengths of an array's axes; None stands for any."""


class Official(NamedTuple):
    """A benchmark as its publisher hands it out; what messages say when it is not there.

    Attributes:
        name: As in the spec string.
        layout: What lies in the folder, in words.
        source: Where to get it.
    """

    name: str
    layout: str
    source: str

    def folder(self, argument: str | os.PathLike[str] | None) -> Path:
        """The folder that a spec string names.

        Raises:
            InputError: None is named.
            DataError: It does not exist; the message says what should lie in it and where to get that.
        """
        if argument is None:
            raise InputError(f"name the folder, {self.name}:FOLDER, with {self.layout}; from {self.source}")
        folder = Path(argument).expanduser()
        if not folder.is_dir():
            raise DataError(
                f"no folder {shown(folder.absolute())}: {self.name} expects there {self.layout}; "
                f"get it from {self.source}"
            )
        return folder

    def missing(self, folder: Path, what: str) -> DataError:
        """The error, to be raised, that a folder lacks what it must hold."""
        return DataError(
            f"{shown(folder)} holds no {what}: {self.name} expects there {self.layout}; "
            f"get it from {self.source}"
        )


def check_option(value: str, name: str, choices: Collection[str], dataset: str) -> None:
    """Hold an option of a spec string to its names.

    Raises:
        InputError: It is none of them.
    """
    if value not in choices:
        raise InputError(f"{name} of {dataset} must be one of {', '.join(choices)}; got {value!r}")


def read_depth_png(path: Path, per_metre: float) -> np.ndarray:
    """Depth from a PNG of 16-bit grey in which 0 marks the unknown.

    Args:
        path: The file.
        per_metre: Steps a metre, for instance 256 for KITTI.

    Returns:
        (H, W) float32 metres, NaN unknown.

    Raises:
        ImageError: As `read_uint16`.
    """
    codes = read_uint16(path)
    depth_m = (codes / np.float64(per_metre)).astype(np.float32)
    depth_m[codes == 0] = np.nan
    return depth_m


def read_npy(path: Path, kinds: str, *shapes: Shape, largest: int = 4 * MAX_PIXELS) -> np.ndarray:
    """An array of a `.npy` file, of the kind and shape expected; its header is checked before it is loaded.

    Args:
        path: The file.
        kinds: NumPy's letters of the kinds of numbers that may come: any of `b`, `i`, `u`, `f`.
        shapes: The shapes that may come, for instance `(None, None, 3)`; any if none is given.
        largest: Refuse more elements.

    Returns:
        The array in the machine's byte order, contiguous.

    Raises:
        DataError: The file is missing, damaged, truncated or pickled, or holds something else.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "depth.npy"
        >>> np.save(path, np.array([[1.5, 2.0]]))
        >>> read_npy(path, "f", (None, None)).tolist()
        [[1.5, 2.0]]
        >>> read_npy(path, "iu")
        Traceback (most recent call last):
        vbanalysis.errors.DataError: ...depth.npy holds float64 of shape (1, 2), expected integers
    """
    require_file(path)

    def read() -> np.ndarray:
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
        if not isinstance(mapped, np.ndarray):
            raise DataError(f"{shown(path)} is an archive of arrays, expected one array in .npy form")
        check_array(path, mapped, kinds, *shapes)
        if mapped.size > largest:
            raise DataError(f"{shown(path)} claims {mapped.size:,} elements, over the limit of {largest:,}")
        header = mapped.offset if isinstance(mapped, np.memmap) else 0
        if path.stat().st_size != header + mapped.nbytes:
            raise DataError(f"{shown(path)} has bytes after its array: fetch it again")
        return np.ascontiguousarray(mapped, mapped.dtype.newbyteorder("=")).copy()

    return reading(path, read)


def read_raw(path: Path, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """An array of a file without header, row by row.

    Args:
        path: The file.
        dtype: As stored, with its byte order: `"<f4"`.
        shape: Of the array; the file must hold just so many numbers.

    Raises:
        DataError: The file is missing, or shorter or longer than that.
    """
    require_file(path)
    expected = math.prod(shape) * np.dtype(dtype).itemsize
    size = path.stat().st_size
    if size != expected:
        raise DataError(
            f"{shown(path)} has {size:,} bytes, expected {expected:,} for {dtype} of shape {shape}: "
            "it is truncated or of another size, fetch it again"
        )
    array = reading(path, lambda: np.fromfile(path, dtype))
    return array.reshape(shape).astype(np.dtype(dtype).newbyteorder("="), copy=False)


def read_lines(path: Path) -> list[str]:
    """The lines of a list in UTF-8, without blanks around them and without empty ones.

    Raises:
        DataError: The file is missing, too long or not text.
    """
    require_file(path)
    size = path.stat().st_size
    if size > _LARGEST_TEXT:
        raise DataError(f"{shown(path)} has {size:,} bytes, over the limit of {_LARGEST_TEXT:,} for a list")
    text = reading(path, lambda: path.read_text(encoding="utf-8-sig"))
    return [line.strip() for line in text.splitlines() if line.strip()]


def inside(folder: Path, name: str, named_in: Path) -> Path:
    """The path of a file that a list names; the list may not lead out of the folder.

    Raises:
        DataError: It does.
    """
    pure = PurePosixPath(name)
    if pure.is_absolute() or ".." in pure.parts or "\0" in name:
        raise DataError(f"{shown(named_in)} names {name!r}, which leads out of {shown(folder)}")
    return folder / pure


def require_file(path: Path) -> None:
    """Hold a path to be a regular file.

    Raises:
        DataError: It is none.
    """
    if not path.is_file():
        fault = "is no regular file" if path.exists() else "does not exist"
        raise DataError(f"{shown(path)} {fault}: the data set is incomplete, fetch it again")


def check_array(path: Path, array: np.ndarray, kinds: str, *shapes: Shape) -> None:
    """Hold an array of a file to a kind of numbers and, if any are given, to one of the shapes.

    Raises:
        DataError: It is another one, or empty.
    """
    fits = not shapes or any(
        len(shape) == array.ndim
        and all(want in (None, length) for want, length in zip(shape, array.shape, strict=True))
        for shape in shapes
    )
    if array.dtype.kind not in kinds or not fits or not array.size:
        words = " or ".join(dict.fromkeys(_KINDS[kind] for kind in kinds))
        wanted = " or ".join(str(shape).replace("None", "any") for shape in shapes)
        raise DataError(
            f"{shown(path)} holds {array.dtype} of shape {array.shape}, expected {words}"
            + (f" of shape {wanted}" if wanted else "")
        )


def check_shape(path: Path, array: np.ndarray, shape: tuple[int, ...]) -> None:
    """Hold an array of a file to the one shape that its benchmark has.

    Raises:
        DataError: It has another one.
    """
    if array.shape != shape:
        raise DataError(f"{shown(path)} has shape {array.shape}, expected {shape}: it is of another data set")


def check_size(path: Path, array: np.ndarray, image: np.ndarray, image_path: Path) -> None:
    """Hold an array of a file to the height and width of its image.

    Raises:
        DataError: They differ.
    """
    if array.shape[:2] != image.shape[:2]:
        raise DataError(
            f"{shown(path)} is {array.shape[0]} x {array.shape[1]} (height x width) but its image "
            f"{image_path.name} is {image.shape[0]} x {image.shape[1]}: one of them is of another sample"
        )


def reading(path: Path, read: Callable[[], T]) -> T:
    """What `read` makes of a file, with every fault that damaged bytes cause turned into one error.

    Raises:
        DataError: `read` raised anything; what it raised on purpose comes through as it is.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return read()
        except DataError:
            raise
        except Exception as error:
            cause = " ".join(str(error).split()).rstrip(".") or type(error).__name__
            raise DataError(
                f"{shown(path)} is damaged or truncated ({cause[:160]}): fetch it again"
            ) from error
