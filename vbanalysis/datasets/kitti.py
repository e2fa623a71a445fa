"""`kitti:FOLDER`: streets with the depth of accumulated and checked lidar sweeps, KITTI's depth benchmark.

Geiger et al., "Vision meets Robotics: The KITTI Dataset", IJRR 2013; Uhrig et al., "Sparsity Invariant
CNNs", 3DV 2017, for the depth. The test frames are those of Eigen et al. 2014.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from vbanalysis.datasets._files import (
    Official,
    check_option,
    check_size,
    inside,
    read_depth_png,
    read_lines,
    reading,
)
from vbanalysis.errors import DataError
from vbanalysis.geometry import Intrinsics
from vbanalysis.images import read_photo
from vbanalysis.listed import Listed
from vbanalysis.metrics.crops import KB_SHAPE, crop_box, crop_mask
from vbanalysis.paths import shown
from vbanalysis.types import Sample

OFFICIAL = Official(
    name="kitti",
    layout=(
        "raw/DATE/DRIVE/image_02/data/*.png, data_depth_annotated/{train,val}/DRIVE/proj_depth/groundtruth/"
        "image_02/*.png and the list eigen_test_files_with_gt.txt"
    ),
    source=(
        "https://www.cvlibs.net/datasets/kitti/eval_depth.php (annotated depth maps; the raw data script), "
        "the list from https://github.com/cleinc/bts (train_test_inputs)"
    ),
)
LICENCE = "CC BY-NC-SA 3.0"

CAP_M = (1e-3, 80.0)
EIGEN_LIST = "eigen_test_files_with_gt.txt"
EIGEN_COUNT = 652
"""Of the 697 frames of the list, those with annotated depth."""

Protocol = Literal["kb+garg", "kb+kitti_eigen", "garg", "kitti_eigen", "kb", "none"]
View = Literal["whole", "kb"]

_PER_METRE = 256
_CAMERA = "image_02"


class _Frame(NamedTuple):
    id: str
    image: Path
    depth: Path


class Kitti(Listed):
    """The frames of a list, or all annotated ones, as `2011_09_26_drive_0002_sync/0000000069`.

    `info` holds `cap_m`, `scene` (the drive) and, where `calib_cam_to_cam.txt` lies beside the drives of its
    date, `intrinsics`.

    Args:
        folder: In KITTI's own layout; see `OFFICIAL`.
        files: A list of the form of `EIGEN_LIST`: image and depth of a frame a line, `None` for no depth. A
            path, in full or from the folder. Without it `EIGEN_LIST` is taken if the folder holds it, and
            otherwise every frame of the left colour camera that has image and depth on disk.
        protocol: Where depth is compared, a crop of `vbanalysis.metrics.crops`. `kb+garg` is that of BTS,
            AdaBins and ZoeDepth: the KB crop of the frame, and of that the crop of Garg et al. 2016.
        view: What a model is shown: the `whole` frame, or its `kb` crop of 352x1216, as those evaluators do.

    Raises:
        InputError: An option has no such value.
        DataError: The folder is not there, lacks a file of the list, or the list is damaged.
    """

    name = "kitti"

    def __init__(
        self,
        folder: str | Path,
        *,
        files: str | None = None,
        protocol: Protocol = "kb+garg",
        view: View = "whole",
    ) -> None:
        check_option(protocol, "protocol", get_args(Protocol), self.name)
        check_option(view, "view", get_args(View), self.name)
        self.protocol, self.view = protocol, view
        self.folder = OFFICIAL.folder(folder)
        listed = self.folder / (files or EIGEN_LIST)
        self.list = listed if files is not None or listed.is_file() else None
        self._frames = _on_disk(self.folder) if self.list is None else _of_list(self.folder, self.list)
        self.ids = [frame.id for frame in self._frames]

    def read(self, place: int) -> Sample:
        """The frame at a place.

        Raises:
            DataError: Depth and image differ in size, or the frame is too small for the KB crop.
            ImageError: A picture is missing or damaged.
        """
        frame = self._frames[place]
        image, depth_m = read_photo(frame.image), read_depth_png(frame.depth, _PER_METRE)
        check_size(frame.depth, depth_m, image, frame.image)
        shape = depth_m.shape
        if ("kb" in self.protocol or self.view == "kb") and (
            shape[0] < KB_SHAPE[0] or shape[1] < KB_SHAPE[1]
        ):
            raise DataError(
                f"{shown(frame.depth)} has {shape[0]} x {shape[1]} pixels, too few for the KB crop of "
                f"{KB_SHAPE[0]} x {KB_SHAPE[1]}: it is no frame of KITTI, or was resized"
            )
        valid = None if self.protocol == "none" else crop_mask(self.protocol, shape)
        camera = _intrinsics(frame.image)
        if self.view == "kb":
            box = crop_box("kb", shape)
            kept = np.s_[box.top : box.bottom, box.left : box.right]
            image, depth_m = image[kept].copy(), depth_m[kept].copy()
            valid = None if valid is None else valid[kept].copy()
            camera = camera and camera._replace(cx=camera.cx - box.left, cy=camera.cy - box.top)
        return Sample(
            id=frame.id,
            image=image,
            depth_m=depth_m,
            valid=valid,
            info={
                "cap_m": CAP_M,
                "scene": frame.id.partition("/")[0],
                **({} if camera is None else {"intrinsics": camera}),
            },
        )

    def describe(self) -> dict[str, Any]:
        """Counts, licence, source and protocol."""
        which = "all annotated frames on disk" if self.list is None else f"the frames of {self.list.name}"
        return {
            "name": self.name,
            "about": f"streets with lidar depth: {which}",
            "samples": EIGEN_COUNT if self.list is not None and self.list.name == EIGEN_LIST else len(self),
            "samples_at_hand": len(self),
            "licence": LICENCE,
            "source": OFFICIAL.source,
            "protocol": (
                f"crop {self.protocol}, depth in ({CAP_M[0]:g}, {CAP_M[1]:g}] m, unknown depth dropped; "
                f"the model sees the {self.view} frame"
            ),
        }


def load(
    argument: str | None = None,
    *,
    files: str | None = None,
    protocol: Protocol = "kb+garg",
    view: View = "whole",
) -> Kitti:
    """Factory of the spec strings `kitti:FOLDER`, `kitti:FOLDER?protocol=kb+kitti_eigen&view=kb`.

    Raises:
        InputError: No folder is named, or an option has no such value.
        DataError: The folder is not there, or is incomplete.
    """
    return Kitti(OFFICIAL.folder(argument), files=files, protocol=protocol, view=view)


def _of_list(folder: Path, path: Path) -> list[_Frame]:
    """The frames of a list that have depth, in its order.

    A line names the image from the raw data's root, the depth from the annotated depth's root without the
    part `train` or `val`, and the focal length, which is not used.
    """
    depth_roots = [
        root / part for root in (folder / "data_depth_annotated", folder) for part in ("val", "train", "")
    ]
    frames = []
    for number, line in enumerate(read_lines(path), start=1):
        parts = line.split()
        if len(parts) < 2:
            raise DataError(f"{shown(path)}, line {number}: an image and a depth file are expected: {line!r}")
        if parts[1] == "None":
            continue
        image_name, depth_name = (part.removeprefix("/") for part in parts[:2])
        image = _first([inside(root, image_name, path) for root in (folder / "raw", folder)])
        depth = _first([inside(root, depth_name, path) for root in depth_roots])
        drive = next((part for part in depth.parts if part.endswith("_sync")), depth.parent.name)
        frames.append(_Frame(f"{drive}/{depth.stem}", image, depth))
    if not frames:
        raise DataError(f"{shown(path)} names no frame with depth")
    missing = [place for frame in frames for place in frame[1:] if not place.is_file()]
    if missing:
        raise OFFICIAL.missing(
            folder,
            f"{missing[0].relative_to(folder)} (of the files in {path.name}, {len(missing)} are missing)",
        )
    return frames


def _first(places: list[Path]) -> Path:
    """The first of the places where a file is, or the first of all, to be named as missing."""
    return next((place for place in places if place.is_file()), places[0])


def _on_disk(folder: Path) -> list[_Frame]:
    """Every frame with depth and image, by its id."""
    annotated = folder / "data_depth_annotated"
    root = annotated if annotated.is_dir() else folder
    frames = []
    for depth in root.glob(f"*/*_sync/proj_depth/groundtruth/{_CAMERA}/*.png"):
        drive = depth.parents[3].name
        name = Path(drive[:10], drive, _CAMERA, "data", depth.name)
        image = _first([folder / "raw" / name, folder / name])
        if image.is_file():
            frames.append(_Frame(f"{drive}/{depth.stem}", image, depth))
    if not frames:
        raise OFFICIAL.missing(folder, "frame with image and depth")
    return sorted(frames)


def _intrinsics(image: Path) -> Intrinsics | None:
    """The rectified left colour camera of the image's date, if its calibration is at hand."""
    path = image.parents[3] / "calib_cam_to_cam.txt"
    if not path.is_file():
        return None
    lines = dict(line.split(":", 1) for line in read_lines(path) if ":" in line)

    def matrix() -> np.ndarray:
        return np.array(lines["P_rect_02"].split(), np.float64).reshape(3, 4)

    projection = reading(path, matrix)
    camera = Intrinsics(projection[0, 0], projection[1, 1], projection[0, 2], projection[1, 2])
    camera = Intrinsics(*map(float, camera))
    if not np.all(np.isfinite(camera)) or min(camera.fx, camera.fy) <= 0:
        raise DataError(f"{shown(path)} gives the camera {tuple(camera)}, which is none: fetch it again")
    return camera
