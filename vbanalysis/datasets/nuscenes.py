"""`nuscenes:FOLDER`: street scenes with the depth of a lidar sweep projected into the camera.

nuScenes (Caesar et al., "nuScenes: a multimodal dataset for autonomous driving", CVPR 2020). The projection
is the devkit's (`NuScenesExplorer.map_pointcloud_to_image`): the sweep of a key frame goes through the poses
of the car at the two times into the camera; points nearer than 1 m or within a pixel of the border are left
out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from vbanalysis.datasets._files import Official, check_option, reading, require_file
from vbanalysis.datasets._nuscenes_index import (
    CAMERAS,
    SPLITS,
    frames_of_infos,
    frames_of_tables,
)
from vbanalysis.errors import DataError, InputError
from vbanalysis.geometry import Intrinsics
from vbanalysis.images import read_photo
from vbanalysis.listed import Listed
from vbanalysis.paths import shown
from vbanalysis.types import Sample

OFFICIAL = Official(
    name="nuscenes",
    layout="samples/CAM_FRONT/, samples/LIDAR_TOP/ and the tables in v1.0-trainval/ or v1.0-mini/, "
    "or an info pickle of mmdet3d 1.1 or newer",
    source="https://www.nuscenes.org/nuscenes (after registration)",
)
LICENCE = "CC BY-NC-SA 4.0 with the nuScenes terms of use: not for commercial use, not to be passed on here"
COUNTS = {"val": 6019, "train": 28130, "mini_val": 81, "mini_train": 323}
"""Key frames of the official splits."""

MIN_Z_M = 1.0
CAP_M = (1.0, 80.0)
"""From the devkit's least depth to the 80 m of UniDepth's and UniK3D's evaluation."""

_FLOATS = 5
"""A point of a sweep: x, y, z in metres, intensity, ring."""
_MOST_POINTS = 10_000_000


def project_nearest(
    points: np.ndarray,
    cam2img: np.ndarray,
    lidar2cam: np.ndarray,
    shape: tuple[int, int],
    min_z_m: float = MIN_Z_M,
) -> np.ndarray:
    """Depth of the nearest point in each pixel.

    A point belongs to the pixel whose centre is nearest to it; centres lie at whole numbers.

    Args:
        points: (N, 3) points in the lidar's frame, metres.
        cam2img: (3, 3) pinhole camera, pixels.
        lidar2cam: (4, 4) from the lidar's frame to the camera's (x right, y down, z forward).
        shape: Height and width of the image.
        min_z_m: Points must lie farther in front of the camera than this.

    Returns:
        (H, W) float32 z in metres, NaN where no point falls.

    Example:
        >>> points = np.array([[0.0, 0.0, 4.0], [0.1, 0.0, 2.0], [0.0, 0.0, -3.0]])
        >>> camera = np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 2.0], [0.0, 0.0, 1.0]])
        >>> project_nearest(points, camera, np.eye(4), (5, 5))[2].tolist()
        [nan, nan, 2.0, nan, nan]
    """
    height, width = shape
    xyz = points.astype(np.float64) @ lidar2cam[:3, :3].T + lidar2cam[:3, 3]
    xyz = xyz[xyz[:, 2] > min_z_m]
    z = xyz[:, 2]
    columns = xyz[:, 0] / z * cam2img[0, 0] + cam2img[0, 2]
    rows = xyz[:, 1] / z * cam2img[1, 1] + cam2img[1, 2]
    within = (columns > 1) & (columns < width - 1) & (rows > 1) & (rows < height - 1)
    pixels = np.rint(rows[within]).astype(np.int64) * width + np.rint(columns[within]).astype(np.int64)
    depth = np.full(height * width, np.inf)
    np.minimum.at(depth, pixels, z[within])
    depth[np.isinf(depth)] = np.nan
    return depth.astype(np.float32).reshape(height, width)


class NuScenes(Listed):
    """The key frames of one camera that are on disk, each with the depth that the lidar saw.

    About 3,000 of the 1.4 million pixels have a depth. `info` holds `intrinsics`, `cap_m`, the `scene`, and
    `n_points`, the points of the whole sweep. The lidar stands above the camera, so at the edge of a near
    thing a few points of what lies behind it are seen through it; the benchmark keeps them.

    Args:
        argument: The folder, or one of its info pickles.
        split: Of the official tables; an info pickle is a split by itself.
        version: Folder of the tables; needed only where there are several.
        camera: One of the six.

    Raises:
        InputError: An option is not among its choices, or does not fit the layout.
        DataError: The folder, its index or all its pictures are missing, or the index is damaged.
    """

    name = "nuscenes"

    def __init__(
        self,
        argument: str | Path | None,
        split: str | None = None,
        version: str | None = None,
        camera: str = "CAM_FRONT",
    ) -> None:
        check_option(camera, "camera", CAMERAS, self.name)
        if split is not None:
            check_option(split, "split", tuple(SPLITS), self.name)
        self.camera = camera
        index = _index(argument, version)
        if index.is_dir():
            mini = index.name == "v1.0-mini"
            self.split = split or ("mini_val" if mini else "val")
            if self.split != "all" and self.split.startswith("mini_") != mini:
                raise InputError(f"split={self.split} is none of {index.name}'s: {_splits_of(mini)} are")
            frames = frames_of_tables(index.parent, index.name, self.split, camera)
            self._samples = COUNTS.get(self.split)
        else:
            if split is not None:
                raise InputError(
                    f"{shown(index)} is a split by itself: leave out split={split}, or name its pickle"
                )
            self.split = index.stem
            frames = frames_of_infos(index, camera)
            self._samples = len(frames)
        self._frames = [frame for frame in frames if frame.image.is_file()]
        if not self._frames:
            raise OFFICIAL.missing(
                index.parent, f"picture of {camera} that {index.name} names for {self.split}"
            )
        self.ids = [frame.id for frame in self._frames]
        if len(set(self.ids)) != len(self.ids):
            raise DataError(f"{shown(index)} names a picture twice: it is damaged, fetch or make it again")

    def read(self, place: int) -> Sample:
        """The picture and the projected sweep of one key frame."""
        frame = self._frames[place]
        image = read_photo(frame.image)
        points = _read_sweep(frame.lidar)
        camera = frame.cam2img
        return Sample(
            id=frame.id,
            image=image,
            depth_m=project_nearest(points, camera, frame.lidar2cam, (image.shape[0], image.shape[1])),
            info={
                "intrinsics": Intrinsics(*(float(camera[at]) for at in ((0, 0), (1, 1), (0, 2), (1, 2)))),
                "cap_m": CAP_M,
                "scene": frame.scene,
                "n_points": len(points),
                "licence": LICENCE,
            },
        )

    def describe(self) -> dict[str, Any]:
        """Counts, licence, source and protocol."""
        return {
            "name": self.name,
            "about": f"street scenes, {self.camera} with the LIDAR_TOP sweep projected into it",
            "split": self.split,
            "samples": self._samples,
            "samples_at_hand": len(self),
            "licence": LICENCE,
            "source": OFFICIAL.source,
            "protocol": "lidar sweep of the key frame through the ego poses, z > 1 m, nearest point of each "
            f"pixel, depth up to {CAP_M[1]:g} m, no crop",
        }


def _index(argument: str | Path | None, version: str | None) -> Path:
    """The folder of tables or the info pickle that names the frames."""
    if argument is not None and Path(argument).suffix == ".pkl":
        path = Path(argument).expanduser()
        require_file(path)
        if version is not None:
            raise InputError(f"version={version} names official tables, but {shown(path)} is an info pickle")
        return path
    folder = OFFICIAL.folder(argument)
    tables = sorted(path.parent.name for path in folder.glob("v1.0-*/sample_data.json"))
    if version is not None:
        check_option(version, "version", tables, OFFICIAL.name)
        return folder / version
    pickles = sorted(path.name for path in folder.glob("*.pkl") if "dbinfos" not in path.name)
    choices = [f"version={name}" for name in tables] or [f"nuscenes:{folder / name}" for name in pickles]
    if not choices:
        raise OFFICIAL.missing(folder, "tables (v1.0-*/sample_data.json) and no info pickle (*.pkl)")
    if len(choices) > 1:
        raise InputError(
            f"{shown(folder)} holds {len(choices)} indices of nuScenes: give one of {', '.join(choices)}"
        )
    return folder / (tables or pickles)[0]


def _splits_of(mini: bool) -> str:
    return ", ".join(name for name in SPLITS if name == "all" or name.startswith("mini_") == mini)


def _read_sweep(path: Path) -> np.ndarray:
    """(N, 3) float32 points of a `.pcd.bin` of rows of five float32."""
    require_file(path)
    size = path.stat().st_size
    row = _FLOATS * 4
    if not size or size % row or size > _MOST_POINTS * row:
        raise DataError(
            f"{shown(path)} has {size:,} bytes, expected rows of {row} (x, y, z, intensity, ring in float32) "
            f"and at most {_MOST_POINTS:,} of them: it is truncated or of another kind, fetch it again"
        )
    points = reading(path, lambda: np.fromfile(path, "<f4")).reshape(-1, _FLOATS)[:, :3]
    if not np.isfinite(points).all() or np.abs(points).max() > 1000:
        raise DataError(f"{shown(path)} holds points that are not within 1 km: it is damaged, fetch it again")
    return points


def load(
    argument: str | None = None,
    *,
    split: str | None = None,
    version: str | None = None,
    camera: str = "CAM_FRONT",
) -> NuScenes:
    """Factory of the spec strings `nuscenes:FOLDER`, `nuscenes:FOLDER?split=val` and `nuscenes:INFOS.pkl`.

    Raises:
        InputError: No folder is named, or an option is unknown.
        DataError: Files are missing or damaged.
    """
    return NuScenes(argument, split, version, camera)
