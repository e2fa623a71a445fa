"""`hypersim:FOLDER`: rendered interiors with the depth of every pixel.

Roberts et al., "Hypersim: A Photorealistic Synthetic Dataset for Holistic Indoor Scene Understanding", ICCV
2021. The files named `depth_meters` hold the distance along each pixel's ray, in HDF5; it is turned to z
here, by one of the two cameras that the repository knows: one focal length for all pictures (its issue 9), or
the matrix of each scene, some of which have a shifted or tilted lens (`contrib/mikeroberts3000`).
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from vbanalysis.datasets._files import Official, check_option, check_size, read_lines
from vbanalysis.datasets._hdf5 import hdf5_array, open_hdf5
from vbanalysis.errors import DataError
from vbanalysis.geometry import Intrinsics
from vbanalysis.images import read_photo
from vbanalysis.listed import Listed
from vbanalysis.paths import shown
from vbanalysis.types import Sample

OFFICIAL = Official(
    name="hypersim",
    layout=(
        "ai_VVV_NNN/images/scene_cam_XX_final_preview/frame.IIII.tonemap.jpg, the same of "
        "scene_cam_XX_geometry_hdf5/frame.IIII.depth_meters.hdf5 (also in evermotion_dataset/scenes/), and "
        "metadata_images_split_scene_v1.csv"
    ),
    source="https://github.com/apple/ml-hypersim",
)
LICENCE = "CC BY-SA 3.0"
COUNTS = {"train": 59543, "val": 7386, "test": 7690, "all": 74619}

FOCAL_PX = 886.81
SHAPE = (768, 1024)
CAP_M = (1e-3, 65.0)
"""The farthest depth is Marigold's."""

Split = Literal["test", "val", "train", "all"]
Camera = Literal["focal", "scene"]

_SPLIT, _CAMERAS = "metadata_images_split_scene_v1.csv", "metadata_camera_parameters.csv"
_SCENES = ("", "evermotion_dataset/scenes", "scenes")
_TABLES = ("", "evermotion_dataset/analysis", "analysis", "contrib/mikeroberts3000")
_ENTRIES = tuple(f"M_cam_from_uv_{row}{column}" for row in range(3) for column in range(3))


class _Frame(NamedTuple):
    scene: str
    camera: str
    number: int


class Hypersim(Listed):
    """The public frames of a split that are on disk: `ai_001_001/cam_00/0000`.

    Depth is NaN where a ray met nothing. `info` holds `intrinsics` (except for a tilted lens), `cap_m` and
    `scene`; with `camera=scene` also `cam_from_uv`, the (3, 3) matrix of the scene.

    Args:
        folder: With the scenes, or a checkout of the repository with them in `evermotion_dataset/scenes/`.
        split: Of the official table; `all` needs no table and takes every frame on disk.
        camera: `focal` takes 886.81 px about the middle of 1024 x 768 for every scene, as most evaluators;
            `scene` the scene's own matrix of `metadata_camera_parameters.csv`.

    Raises:
        InputError: An option has no such value.
        DataError: The folder, a table or all frames of the split are not there, or a table is damaged.
    """

    name = "hypersim"

    def __init__(self, folder: str | Path, *, split: Split = "test", camera: Camera = "focal") -> None:
        check_option(split, "split", get_args(Split), self.name)
        check_option(camera, "camera", get_args(Camera), self.name)
        self.split, self.camera = split, camera
        self.folder = OFFICIAL.folder(folder)
        roots = [root for part in _SCENES if any((root := self.folder / part).glob("ai_*"))]
        if not roots:
            raise OFFICIAL.missing(self.folder, "scene ai_VVV_NNN")
        self._root = roots[0]
        self._cameras = _read_cameras(self._table(_CAMERAS)) if camera == "scene" else {}
        on_disk = _frames_on_disk(self._root)
        if split == "all":
            self._frames = on_disk
        else:
            wanted = _read_split(self._table(_SPLIT), split)
            self._frames = [frame for frame in on_disk if frame in wanted]
        if not self._frames:
            raise OFFICIAL.missing(self._root, f"frame.IIII.tonemap.jpg of the split {split}")
        self.ids = [f"{frame.scene}/{frame.camera}/{frame.number:04d}" for frame in self._frames]

    def read(self, place: int) -> Sample:
        """The frame at a place.

        Raises:
            DataError: A file of it is missing, damaged or of another size.
            ImageError: The same of its picture.
        """
        frame = self._frames[place]
        image_path = _file(self._root, frame, "final_preview", "tonemap.jpg")
        depth_path = _file(self._root, frame, "geometry_hdf5", "depth_meters.hdf5")
        image = read_photo(image_path)
        with open_hdf5(depth_path) as file:
            distance_m = hdf5_array(file, "dataset", "f", SHAPE).astype(np.float64)
        check_size(depth_path, distance_m, image, image_path)
        info: dict[str, Any] = {"cap_m": CAP_M, "scene": frame.scene, "licence": LICENCE}
        if self.camera == "focal":
            matrix = _FOCAL_MATRIX
        else:
            matrix = self._matrix(frame.scene)
            info["cam_from_uv"] = matrix
        if (intrinsics := _intrinsics(matrix)) is not None:
            info["intrinsics"] = intrinsics
        depth_m = (distance_m * z_share(matrix)).astype(np.float32)
        depth_m[~((depth_m > 0) & (depth_m < np.inf))] = np.nan
        return Sample(id=self.ids[place], image=image, depth_m=depth_m, info=info)

    def describe(self) -> dict[str, Any]:
        """Counts, licence, source and protocol."""
        camera = f"{FOCAL_PX} px for all" if self.camera == "focal" else "the camera of each scene"
        return {
            "name": self.name,
            "about": f"rendered interiors, {self.split} split, tone-mapped pictures",
            "samples": COUNTS[self.split],
            "samples_at_hand": len(self),
            "licence": LICENCE,
            "source": OFFICIAL.source,
            "protocol": f"ray distance to z by {camera}, no crop, depth in ({CAP_M[0]:g}, {CAP_M[1]:g}] m, "
            "unknown depth dropped",
        }

    def _table(self, name: str) -> Path:
        found = next((path for part in _TABLES if (path := self.folder / part / name).is_file()), None)
        if found is None:
            raise OFFICIAL.missing(self.folder, name)
        return found

    def _matrix(self, scene: str) -> np.ndarray:
        path = self._table(_CAMERAS)
        if scene not in self._cameras:
            raise DataError(f"{shown(path)} has no line for the scene {scene}")
        return _cam_from_uv(path, self._cameras[scene])


def z_share(cam_from_uv: np.ndarray) -> np.ndarray:
    """How much of the distance along each pixel's ray is z.

    Args:
        cam_from_uv: (3, 3) from (u, v, 1), where u and v run from -1 to 1 over the picture, v upwards, to a
            ray in the camera's axes (x right, y up, z away from what it looks at), of any length.

    Returns:
        (768, 1024) float64 in (0, 1].

    Raises:
        DataError: A ray of the picture does not lead forward.
    """
    height, width = SHAPE
    u = (2 * np.arange(width) + 1) / width - 1
    v = 1 - (2 * np.arange(height) + 1) / height
    uv = np.stack([*np.meshgrid(u, v), np.ones(SHAPE)], axis=-1)
    rays = uv @ cam_from_uv.T
    share = -rays[..., 2] / np.linalg.norm(rays, axis=-1)
    if not (share > 0).all():
        raise DataError(
            f"the camera {cam_from_uv.tolist()} of {_CAMERAS} looks backwards: fetch the table again"
        )
    return share


_FOCAL_MATRIX = np.diag([SHAPE[1] / 2 / FOCAL_PX, SHAPE[0] / 2 / FOCAL_PX, -1.0])


def _intrinsics(matrix: np.ndarray) -> Intrinsics | None:
    """The pinhole camera of a matrix, or None where the lens is tilted and there is none."""
    tilts = matrix[[0, 1, 2, 2], [1, 0, 0, 1]]
    if np.abs(tilts).max() > 1e-9 * np.abs(matrix).max():
        return None
    height, width = SHAPE
    (a, _, c), (_, b, d) = matrix[0], matrix[1]
    forward = -matrix[2, 2]
    return Intrinsics(
        fx=float(width / 2 * forward / a),
        fy=float(height / 2 * forward / b),
        cx=float(width / 2 * (1 - c / a) - 0.5),
        cy=float(height / 2 * (1 + d / b) - 0.5),
    )


def _file(root: Path, frame: _Frame, folder: str, kind: str) -> Path:
    place = root / frame.scene / "images" / f"scene_{frame.camera}_{folder}"
    return place / f"frame.{frame.number:04d}.{kind}"


def _frames_on_disk(root: Path) -> list[_Frame]:
    """By their pictures, in order."""
    frames = []
    for folder in sorted(root.glob("ai_*/images/scene_cam_*_final_preview")):
        camera = folder.name.removeprefix("scene_").removesuffix("_final_preview")
        for path in sorted(folder.glob("frame.*.tonemap.jpg")):
            number = path.name.split(".")[1]
            if number.isdecimal():
                frames.append(_Frame(folder.parent.parent.name, camera, int(number)))
    return frames


def _read_split(path: Path, split: str) -> set[_Frame]:
    """The public frames of a split."""
    frames = set()
    for row in _rows(path, "scene_name", "camera_name", "frame_id", "included_in_public_release"):
        if row["included_in_public_release"] == "True" and row.get("split_partition_name") == split:
            if not row["frame_id"].isdecimal():
                raise DataError(f"{shown(path)} has the frame {row['frame_id']!r}, expected a number")
            frames.add(_Frame(row["scene_name"], row["camera_name"], int(row["frame_id"])))
    if not frames:
        raise DataError(f"{shown(path)} has no public frame of the split {split}: fetch it again")
    return frames


def _read_cameras(path: Path) -> dict[str, dict[str, str]]:
    """The lines of the cameras by scene; only those of scenes that are read need be whole."""
    rows = _rows(path, "scene_name", "settings_output_img_width", "settings_output_img_height", *_ENTRIES)
    return {row["scene_name"]: row for row in rows}


def _cam_from_uv(path: Path, row: dict[str, str]) -> np.ndarray:
    try:
        matrix = np.array([float(row[entry]) for entry in _ENTRIES]).reshape(3, 3)
        size = tuple(float(row[f"settings_output_img_{side}"]) for side in ("height", "width"))
    except ValueError:
        matrix, size = np.zeros((3, 3)), SHAPE
    forward = matrix[0, 0] > 0 and matrix[1, 1] > 0 and matrix[2, 2] < 0
    if not np.isfinite(matrix).all() or not forward or size != SHAPE:
        raise DataError(
            f"{shown(path)} has no camera of {SHAPE[1]} x {SHAPE[0]} pixels in the line of "
            f"{row['scene_name']}: fetch it again"
        )
    return matrix


def _rows(path: Path, *columns: str) -> list[dict[str, str]]:
    rows = list(csv.DictReader(read_lines(path)))
    for number, row in enumerate(rows, start=2):
        if None in row or any(row.get(column) is None for column in columns):
            raise DataError(
                f"{shown(path)}, line {number}: expected a table with {', '.join(columns[:4])}, ..."
            )
    return rows


def load(argument: str | None = None, *, split: Split = "test", camera: Camera = "focal") -> Hypersim:
    """Factory of the spec strings `hypersim:FOLDER` and `hypersim:FOLDER?split=val&camera=scene`.

    Raises:
        InputError: No folder is named, or an option has no such value.
        DataError: The folder, a table or all frames of the split are not there, or a table is damaged.
    """
    return Hypersim(OFFICIAL.folder(argument), split=split, camera=camera)
