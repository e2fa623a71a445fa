"""What the explorers of painted pictures begin with: one sample, checked, on one grid of pixels."""

from __future__ import annotations

import os
from pathlib import PurePath
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from vbanalysis.errors import InputError
from vbanalysis.images import read_photo, read_rgb
from vbanalysis.types import Sample

MAX_PIXELS = 640_000
"""Larger pictures are thinned by leaving out rows and columns, so that no colours mix."""


_FILES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"})
"""Endings of the names of pictures: no spec string of a data set has one."""


class Thinned(NamedTuple):
    """Every so many-th row and column of a picture.

    Attributes:
        values: (h, w, ...) what is left of it.
        step: From one kept row or column to the next.
    """

    values: np.ndarray
    step: int


def thinned(array: np.ndarray) -> Thinned:
    """Leave out rows and columns until at most `MAX_PIXELS` are left.

    Args:
        array: (H, W, ...).
    """
    step = 1
    while -(-array.shape[0] // step) * -(-array.shape[1] // step) > MAX_PIXELS:
        step += 1
    return Thinned(np.ascontiguousarray(array[::step, ::step]), step)


def on_grid(array: np.ndarray, shape: tuple[int, int], grid: Thinned) -> np.ndarray:
    """The pixel of another picture of the same scene that lies under each pixel of a thinned one.

    Args:
        array: (H', W', ...) of any size: the nearest pixel is taken, and none are mixed.
        shape: (H, W) of the picture before it was thinned.
        grid: It, thinned.
    """
    places = []
    for own, other, left in zip(shape, array.shape[:2], grid.values.shape[:2], strict=True):
        centres = (np.arange(left) * grid.step + 0.5) / own
        places.append(np.minimum((centres * other).astype(np.int64), other - 1))
    return np.ascontiguousarray(array[np.ix_(*places)])


def opened(source: Any) -> Any:
    """The array of a picture that is named by its file or held by PIL; anything else as it is.

    Args:
        source: Whatever an explorer is given.

    Raises:
        ImageError: The file is none, or no picture that keeps its colours.
    """
    named = isinstance(source, str) and PurePath(source).suffix.lower() in _FILES
    if named or isinstance(source, os.PathLike):
        return read_rgb(source)
    return np.asarray(source) if isinstance(source, Image.Image) else source


def opened_photo(photo: Any) -> np.ndarray:
    """The pixels of an input photograph, which a name of a file may stand for.

    Args:
        photo: (H, W, 3) uint8, a picture of PIL, or the path of a file.

    Raises:
        ImageError: The file is none, or no picture.
        InputError: It is of another form.
    """
    if isinstance(photo, str | os.PathLike):
        return read_photo(photo)
    return painted_picture(opened(photo), "photo")


def painted_picture(picture: Any, name: str = "picture") -> np.ndarray:
    """A picture in 8 bits.

    Args:
        picture: (H, W, 3) uint8.
        name: Of the argument, for the message.

    Raises:
        InputError: It is none; the message says what to do with what came.
    """
    rgb = np.asarray(picture)
    if rgb.ndim != 3 or rgb.shape[-1] != 3 or rgb.dtype != np.uint8 or not rgb.size:
        raise InputError(f"{name} must be (H, W, 3) uint8, got {rgb.shape} {rgb.dtype}: {_remedy(rgb)}")
    return rgb


def _remedy(picture: np.ndarray) -> str:
    """What makes a picture of it, as far as that can be told from its form."""
    if not picture.size:
        return "it has no pixels"
    if picture.dtype.kind not in "fiub":
        return "give its pixels, or the path of its file"
    if picture.ndim == 3 and picture.shape[0] == 3 and picture.shape[-1] > 4:
        return "put the channels last, as by np.moveaxis(picture, 0, -1)"
    if picture.ndim == 3 and picture.shape[-1] == 4:
        return "leave out alpha, as by picture[..., :3]"
    if picture.ndim != 3 or picture.shape[-1] != 3:
        return "give the picture as it was painted, one (H, W, 3) array"
    if picture.dtype.kind == "f":
        return "give levels from 0 to 255, as by np.rint(255 * picture).astype(np.uint8) for one from 0 to 1"
    return "give 8 bits a channel, as by np.rint(picture / 257).astype(np.uint8) for one of 16"


def depth_map(depth_m: Any, name: str = "depth_m") -> np.ndarray:
    """Metres as (H, W) float32.

    Args:
        depth_m: (H, W) metres of 0 or above, NaN where unknown.
        name: Of the argument, for the message.

    Raises:
        InputError: It is none; integers of 8 or 16 bits are never taken for metres.
    """
    depth = np.asarray(depth_m)
    if depth.ndim == 2 and depth.dtype in (np.uint8, np.uint16):
        kind = "levels of a grey picture" if depth.dtype == np.uint8 else "millimetres, or levels"
        raise InputError(
            f"{name} must be (H, W) metres, got {depth.shape} {depth.dtype}, which mostly are {kind}: "
            f"give metres as floats, as by {name} / 1000 for millimetres"
        )
    if depth.ndim != 2 or depth.dtype.kind not in "fiu" or not depth.size:
        raise InputError(f"{name} must be (H, W) metres, got {depth.shape} {depth.dtype}")
    if (depth < 0).any():
        raise InputError(f"{name} must be 0 or above, got {np.nanmin(depth):.4g}: mark unknown depth by NaN")
    return depth.astype(np.float32)


def relative_error(depth_m: np.ndarray, truth_m: np.ndarray) -> np.ndarray:
    """|depth - truth| / truth: NaN where the truth is unknown or infinite, inf where nothing is read of it.

    Args:
        depth_m: (H, W) metres.
        truth_m: (H, W) metres.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.abs(depth_m - truth_m) / truth_m
    error[np.isnan(error)] = np.inf
    error[~(np.isfinite(truth_m) & (truth_m > 0))] = np.nan
    return error


def depth_limits(depth_m: np.ndarray) -> tuple[float, float]:
    """Metres between which a map is shown: its 1st and 99th percentile, at least 5 % apart.

    Args:
        depth_m: (H, W) metres; what is not finite and above 0 is left out.

    Raises:
        InputError: Nothing is left.
    """
    known = depth_m[np.isfinite(depth_m) & (depth_m > 0)]
    if not known.size:
        raise InputError("no pixel has a finite depth above 0: give another source")
    low, high = np.percentile(known, [1, 99])
    return float(low), float(max(high, low * 1.05))


def sample_of(source: Any, task: str) -> Sample:
    """The sample that a source stands for.

    Args:
        source: A spec string of a data set, whose first sample is taken, or one that the task made; a
            `Sample`; an (H, W, 3) uint8 picture; or the path of its file.
        task: `"depth"` or `"normals"`.

    Raises:
        ImageError: The file is none, or no picture that keeps its colours.
        InputError: It is of another form, or an output was painted for another task.
        VbanalysisError: The data set cannot be loaded.
    """
    source = opened(source)
    if isinstance(source, str):
        from vbanalysis import plugins
        from vbanalysis.datasets import DataSet

        dataset = plugins.load("datasets", source, DataSet)  # type: ignore[call-overload]
        source = next((each for each in dataset if each.task in (None, task)), None)
        if source is None:
            raise InputError(f"no sample of the data set was painted for {task}: choose another one")
    if isinstance(source, Sample):
        if source.output is not None and source.task not in (None, task):
            raise InputError(
                f"sample {source.id} was painted for {source.task}, not for {task}: choose another one"
            )
        return source
    if isinstance(source, np.ndarray):
        return Sample("picture", None, output=painted_picture(source))
    raise InputError(
        "source must be a spec string, the path of a picture, a Sample or an (H, W, 3) uint8 picture, "
        f"got {type(source).__name__}"
    )
