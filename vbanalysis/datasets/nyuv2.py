"""`nyuv2:FOLDER`: indoor scenes seen by a Kinect, the test half of the labelled frames.

Silberman et al., "Indoor Segmentation and Support Inference from RGBD Images", ECCV 2012. Two layouts are
read: the labelled `.mat` as published, and the PNGs that BTS and its successors extract from it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from vbanalysis.datasets._files import Official, check_option, check_shape, check_size, read_depth_png
from vbanalysis.datasets._hdf5 import hdf5_array, hdf5_dataset, hdf5_texts, open_hdf5
from vbanalysis.datasets._mat import read_mat
from vbanalysis.errors import DataError, InputError
from vbanalysis.geometry import Intrinsics
from vbanalysis.images import read_photo
from vbanalysis.listed import Listed
from vbanalysis.metrics.crops import NYU_SHAPE, crop_mask
from vbanalysis.paths import shown
from vbanalysis.types import Sample

OFFICIAL = Official(
    name="nyuv2",
    layout=(
        "nyu_depth_v2_labeled.mat with splits.mat, or the folder official_splits/SPLIT/SCENE/ with "
        "rgb_*.jpg and sync_depth_*.png"
    ),
    source=(
        "https://cs.nyu.edu/~fergus/datasets/nyu_depth_v2.html (labelled data set) and "
        "https://cs.nyu.edu/~fergus/datasets/indoor_seg_sup.zip (splits.mat)"
    ),
)
LICENCE = "none stated; the publisher asks for a citation of Silberman et al., ECCV 2012"

INTRINSICS = Intrinsics(fx=518.8579, fy=519.46961, cx=325.58245, cy=253.73617)
"""Of the colour camera, to which the depth is registered: `camera_params.m` of the official toolbox."""

CAP_M = (1e-3, 10.0)
COUNTS = {"test": 654, "train": 795}

Split = Literal["test", "train"]
Protocol = Literal["eigen", "none"]
Truth = Literal["raw", "filled"]

_MAT, _SPLITS = "nyu_depth_v2_labeled.mat", "splits.mat"
_PER_METRE = 1000
_DEPTH_NAME = re.compile(r"sync_depth_(\d+)\.png")


class _Pair(NamedTuple):
    frame: int
    id: str
    image: Path
    depth: Path


class Nyuv2(Listed):
    """The frames of a split, by scene type and place in the `.mat` from 0: `kitchen/00050`, in both layouts.

    `info` holds `intrinsics`, `cap_m` and `scene`. The rectification left a border of about 8 pixels without
    depth around the picture; the crop cuts it off.

    Args:
        folder: With the files of one of the two layouts; the `.mat` is taken where both are there.
        split: `test` (654 frames) or `train`.
        protocol: Where depth is compared: `eigen` is the crop of Eigen et al. 2014, rows 45 to 470 and
            columns 41 to 600, as BTS, ZoeDepth and the evaluators after them; `none` is all of the frame.
        truth: `raw` is the sensor's depth with its gaps (a quarter of the pixels), which those evaluators
            take; `filled` is the publisher's colourised completion, in the `.mat` only.

    Raises:
        InputError: An option has no such value.
        DataError: The folder is not there, is incomplete or damaged.
    """

    name = "nyuv2"

    def __init__(
        self,
        folder: str | Path,
        *,
        split: Split = "test",
        protocol: Protocol = "eigen",
        truth: Truth = "raw",
    ) -> None:
        check_option(split, "split", get_args(Split), self.name)
        check_option(protocol, "protocol", get_args(Protocol), self.name)
        check_option(truth, "truth", get_args(Truth), self.name)
        self.split, self.protocol, self.truth = split, protocol, truth
        self.folder = OFFICIAL.folder(folder)
        self._mat = self.folder / _MAT
        self._pairs: list[_Pair] = []
        self._frames: list[int] = []
        if self._mat.is_file():
            self._frames = _frames_of_split(self.folder / _SPLITS, split)
            self.ids, self._scenes = _names_of_frames(self._mat, self._frames)
        else:
            if truth == "filled":
                raise InputError(f"truth=filled needs {_MAT}, which {shown(self.folder)} does not hold")
            self._pairs = _pairs_of_split(self.folder, split)
            self.ids = [pair.id for pair in self._pairs]
            # The PNGs tell the kind of room only, so all kitchens count as one scene: intervals are too wide
            # rather than too narrow.
            self._scenes = [key.partition("/")[0] for key in self.ids]

    def read(self, place: int) -> Sample:
        """The frame at a place.

        Raises:
            DataError: Its files are missing, damaged or of another size.
            ImageError: The same of a picture.
        """
        image, depth = self._from_pngs(place) if self._pairs else self._from_mat(place)
        return Sample(
            id=self.ids[place],
            image=image,
            depth_m=depth,
            valid=crop_mask("nyu_eigen", NYU_SHAPE) if self.protocol == "eigen" else None,
            info={
                "intrinsics": INTRINSICS,
                "cap_m": CAP_M,
                "scene": self._scenes[place],
            },
        )

    def describe(self) -> dict[str, Any]:
        """Counts, licence, source and protocol."""
        crop = "Eigen crop (rows 45:471, columns 41:601)" if self.protocol == "eigen" else "no crop"
        return {
            "name": self.name,
            "about": f"indoor RGB-D frames of a Kinect, {self.split} split, {self.truth} depth",
            "samples": COUNTS[self.split],
            "samples_at_hand": len(self),
            "licence": LICENCE,
            "source": OFFICIAL.source,
            "protocol": f"{crop}, depth in ({CAP_M[0]:g}, {CAP_M[1]:g}] m, unknown depth dropped",
        }

    def _from_mat(self, place: int) -> tuple[np.ndarray, np.ndarray]:
        """MATLAB keeps columns first, so h5py sees (frame, channel, column, row)."""
        height, width = NYU_SHAPE
        frame = self._frames[place]
        name = {"raw": "rawDepths", "filled": "depths"}[self.truth]
        with open_hdf5(self._mat) as file:
            image = hdf5_array(file, "images", "u", (None, 3, width, height), place=frame)
            depth = hdf5_array(file, name, "f", (None, width, height), place=frame)
        if image.dtype != np.uint8:
            raise DataError(f"{shown(self._mat)} holds images of {image.dtype}, expected uint8")
        depth_m = np.ascontiguousarray(depth.T, np.float32)
        depth_m[~((depth_m > 0) & (depth_m < np.inf))] = np.nan
        return np.ascontiguousarray(image.transpose(2, 1, 0)), depth_m

    def _from_pngs(self, place: int) -> tuple[np.ndarray, np.ndarray]:
        pair = self._pairs[place]
        image, depth_m = read_photo(pair.image), read_depth_png(pair.depth, _PER_METRE)
        check_shape(pair.depth, depth_m, NYU_SHAPE)
        check_size(pair.depth, depth_m, image, pair.image)
        return image, depth_m


def load(
    argument: str | None = None,
    *,
    split: Split = "test",
    protocol: Protocol = "eigen",
    truth: Truth = "raw",
) -> Nyuv2:
    """Factory of the spec strings `nyuv2:FOLDER`, `nyuv2:FOLDER?protocol=none&truth=filled`.

    Raises:
        InputError: No folder is named, or an option has no such value.
        DataError: The folder is not there, is incomplete or damaged.
    """
    return Nyuv2(OFFICIAL.folder(argument), split=split, protocol=protocol, truth=truth)


def _frames_of_split(path: Path, split: Split) -> list[int]:
    """Places of the split's frames in the `.mat`, from 0 and rising; the file counts from 1."""
    name = f"{split}Ndxs"
    numbers = np.asarray(read_mat(path, name)[name])
    if numbers.dtype.kind not in "uif" or not numbers.size or np.any(numbers != np.floor(numbers)):
        raise DataError(f"{shown(path)} holds no whole numbers in {name!r}: it is another file")
    if numbers.min() < 1 or len(np.unique(numbers)) != numbers.size:
        raise DataError(f"{shown(path)} holds numbers below 1, or the same one twice, in {name!r}")
    return sorted(int(number) - 1 for number in numbers.ravel())


def _names_of_frames(path: Path, frames: list[int]) -> tuple[list[str], list[str]]:
    """The id of each frame, by its kind of room as in the PNGs, and the scene that it was taken in."""
    with open_hdf5(path) as file:
        kinds, scenes = hdf5_texts(file, "sceneTypes"), hdf5_texts(file, "scenes")
        count = min(len(kinds), len(scenes), hdf5_dataset(file, "images").shape[0])
    if frames[-1] >= count:
        raise DataError(
            f"{shown(path)} holds {count} frames but {_SPLITS} names frame {frames[-1] + 1}: "
            "one of the two is of another data set or truncated"
        )
    return [f"{kinds[frame]}/{frame:05d}" for frame in frames], [scenes[frame] for frame in frames]


def _pairs_of_split(folder: Path, split: Split) -> list[_Pair]:
    """Colour and depth of every frame on disk, in the order of the frames."""
    roots = (folder / "official_splits" / split, folder / split)
    root = next((place for place in roots if place.is_dir()), None)
    if root is None:
        raise OFFICIAL.missing(folder, f"{_MAT} and no official_splits/{split}")
    pairs = []
    for depth in root.glob("*/sync_depth_*.png"):
        if found := _DEPTH_NAME.fullmatch(depth.name):
            number, scene = found[1], depth.parent.name
            image = depth.with_name(f"rgb_{number}.jpg")
            if not image.is_file():
                raise DataError(f"{shown(image)} does not exist, the image of {depth.name}: fetch it again")
            pairs.append(_Pair(int(number), f"{scene}/{number}", image, depth))
    if not pairs:
        raise OFFICIAL.missing(root, "SCENE/sync_depth_*.png")
    return sorted(pairs)
