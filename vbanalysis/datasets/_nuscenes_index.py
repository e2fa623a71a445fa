"""Which frames of nuScenes there are and how their sensors stand, from either of two indices.

The official tables are lists of rows in JSON, tied by tokens (nuScenes devkit, `docs/schema_nuscenes.md`).
The info pickles of mmdet3d 1.1 and newer hold one entry a frame with the same calibration worked out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from vbanalysis.datasets._files import inside, reading, require_file
from vbanalysis.datasets._pickles import read_pickle
from vbanalysis.errors import DataError
from vbanalysis.paths import shown

CAMERAS = ("CAM_FRONT", "CAM_FRONT_LEFT", "CAM_FRONT_RIGHT", "CAM_BACK", "CAM_BACK_LEFT", "CAM_BACK_RIGHT")
LIDAR = "LIDAR_TOP"

_VAL = (
    "3 12-18 35-36 38-39 92-110 221 268-278 329-332 344-346 519-524 552-565 625-627 629-630 632-638 770-771 "
    "775 777-778 780-784 794-800 802 904-917 919-931 962-963 966-969 971-972 1059-1073"
)
SPLITS: Mapping[str, str | None] = {
    "val": _VAL,
    "train": None,
    "mini_val": "103 916",
    "mini_train": "61 553 655 757 796 1077 1094 1100",
    "all": None,
}
"""Numbers of the scenes of each split (devkit, `utils/splits.py`); those of `train` are all but `val`'s."""


class Frame(NamedTuple):
    """One camera picture and the sweep of the same key frame.

    Attributes:
        id: Name of the picture's file without its suffix.
        scene: Name of the scene, or of the drive where scenes are not named.
        image: The picture.
        lidar: The sweep.
        cam2img: (3, 3) the camera, pixels.
        lidar2cam: (4, 4) from the lidar's frame at its time to the camera's (OpenCV axes) at its own, metres.
    """

    id: str
    scene: str
    image: Path
    lidar: Path
    cam2img: np.ndarray
    lidar2cam: np.ndarray


def frames_of_infos(path: Path, camera: str) -> list[Frame]:
    """The frames of an info pickle of mmdet3d, whose files lie beside it or in `samples/` beside it.

    Raises:
        DataError: The pickle is damaged, of another layout, or without this camera.
    """
    infos = read_pickle(path)
    entries = infos.get("data_list") if isinstance(infos, dict) else None
    if not isinstance(entries, list) or not entries:
        older = isinstance(infos, dict) and "infos" in infos
        raise DataError(
            f"{shown(path)} is "
            + (
                "of mmdet3d before 1.1: update it with its tools/dataset_converters/update_infos_to_v2.py"
                if older
                else "no info file of mmdet3d, which holds a list 'data_list' of frames"
            )
        )
    return [_frame_of_info(path, number, entry, camera) for number, entry in enumerate(entries)]


def _frame_of_info(path: Path, number: int, entry: Any, camera: str) -> Frame:
    where = f"{shown(path)}, frame {number}"
    try:
        view, sweep = entry["images"][camera], entry["lidar_points"]
        image, lidar, columns = view["img_path"], sweep["lidar_path"], sweep["num_pts_feats"]
        cam2img, lidar2cam = view["cam2img"], view["lidar2cam"]
    except (KeyError, TypeError) as error:
        raise DataError(
            f"{where}: no {error}, expected {camera} with img_path, cam2img, lidar2cam"
        ) from error
    if not isinstance(image, str) or not isinstance(lidar, str) or columns != 5:
        raise DataError(f"{where}: expected paths of a picture and of a sweep with 5 numbers a point")
    return Frame(
        id=PurePosixPath(image).stem,
        scene=PurePosixPath(image).name.partition("__")[0],
        image=_beside(path, image, camera),
        lidar=_beside(path, lidar, LIDAR),
        cam2img=_camera(where, cam2img),
        lidar2cam=_pose(where, "lidar2cam", lidar2cam),
    )


def _beside(path: Path, name: str, sensor: str) -> Path:
    flat = inside(path.parent, name, path)
    # mmdet3d keeps bare names in the pickle and puts the sensor's folder before them by its configuration.
    return (
        flat if flat.is_file() else inside(path.parent, f"samples/{sensor}/{PurePosixPath(name).name}", path)
    )


def frames_of_tables(folder: Path, version: str, split: str, camera: str) -> list[Frame]:
    """The key frames of a split from the official tables, by scene and time.

    Args:
        folder: The one with `samples/` and the folder of the tables.
        version: Name of the folder of the tables, `v1.0-trainval` for instance.
        split: One of `SPLITS`.
        camera: One of `CAMERAS`.

    Raises:
        DataError: A table is missing or damaged, or its rows do not fit each other.
    """
    tables = folder / version
    scenes = _table(tables, "scene", ("name",), _of_split(split))
    samples = _table(
        tables, "sample", ("scene_token", "timestamp"), lambda row: row.get("scene_token") in scenes
    )
    sensors = _table(tables, "sensor", ("channel",), lambda row: row.get("channel") in (camera, LIDAR))
    calibrations = _table(
        tables,
        "calibrated_sensor",
        ("sensor_token", "translation", "rotation", "camera_intrinsic"),
        lambda row: row.get("sensor_token") in sensors,
    )
    records = _table(
        tables,
        "sample_data",
        ("sample_token", "ego_pose_token", "calibrated_sensor_token", "filename"),
        lambda row: (
            row.get("is_key_frame") is True
            and row.get("sample_token") in samples
            and row.get("calibrated_sensor_token") in calibrations
        ),
    )
    needed = {row["ego_pose_token"] for row in records.values()}
    poses = _table(tables, "ego_pose", ("translation", "rotation"), lambda row: row.get("token") in needed)
    if len(poses) != len(needed):
        raise DataError(
            f"{shown(tables / 'ego_pose.json')} lacks {len(needed) - len(poses)} of the frames' poses"
        )

    by_sample: dict[tuple[str, str], dict[str, Any]] = {}
    for row in records.values():
        channel = sensors[calibrations[row["calibrated_sensor_token"]]["sensor_token"]]["channel"]
        by_sample[row["sample_token"], channel] = row
    frames = []
    for token in sorted(samples, key=lambda token: _when(scenes, samples[token])):
        try:
            view, sweep = by_sample[token, camera], by_sample[token, LIDAR]
        except KeyError as error:
            path, channel = shown(tables / "sample_data.json"), error.args[0][1]
            raise DataError(f"{path} has no key frame of {channel} for the sample {token}") from error
        where = f"{shown(tables)}, sample {token}"
        view_sensor, sweep_sensor = (calibrations[row["calibrated_sensor_token"]] for row in (view, sweep))
        # The car moves between the sweep and the picture, so the way leads through the world.
        camera2world = _rigid(where, poses[view["ego_pose_token"]]) @ _rigid(where, view_sensor)
        lidar2world = _rigid(where, poses[sweep["ego_pose_token"]]) @ _rigid(where, sweep_sensor)
        frames.append(
            Frame(
                id=PurePosixPath(view["filename"]).stem,
                scene=scenes[samples[token]["scene_token"]]["name"],
                image=inside(folder, view["filename"], tables),
                lidar=inside(folder, sweep["filename"], tables),
                cam2img=_camera(where, view_sensor["camera_intrinsic"]),
                lidar2cam=np.linalg.inv(camera2world) @ lidar2world,
            )
        )
    return frames


def _of_split(split: str) -> Callable[[dict[str, Any]], bool]:
    if split == "all":
        return lambda row: True
    numbers = SPLITS[split]
    names = {f"scene-{number:04d}" for number in _numbers(numbers or _VAL)}
    return lambda row: (row.get("name") in names) is (numbers is not None)


def _numbers(text: str) -> list[int]:
    """The numbers of `"3 12-14"`: 3, 12, 13, 14."""
    ends = [part.partition("-") for part in text.split()]
    return [number for low, _, high in ends for number in range(int(low), int(high or low) + 1)]


def _when(scenes: Mapping[str, Any], sample: Mapping[str, Any]) -> tuple[str, int]:
    return scenes[sample["scene_token"]]["name"], sample["timestamp"]


def _table(
    folder: Path, name: str, columns: Sequence[str], keep: Callable[[dict[str, Any]], bool]
) -> dict[str, dict[str, Any]]:
    """The rows of a table that are wanted, by token; the others are let go while the file is read."""
    path = folder / f"{name}.json"
    require_file(path)

    def slim(row: dict[str, Any]) -> dict[str, Any] | None:
        return row if keep(row) else None

    rows = reading(path, lambda: json.loads(path.read_bytes(), object_hook=slim))
    kept = {}
    for row in rows if isinstance(rows, list) else [rows]:
        if row is None:
            continue
        fits = isinstance(row, dict) and all(_fits(row.get(column), column) for column in ("token", *columns))
        if not fits:
            wanted = ", ".join(("token", *columns))
            raise DataError(f"{shown(path)} is no table of nuScenes: expected a list of rows with {wanted}")
        kept[row["token"]] = row
    return kept


def _fits(value: Any, column: str) -> bool:
    if column in ("translation", "rotation", "camera_intrinsic"):
        return isinstance(value, list)
    return isinstance(value, int if column == "timestamp" else str)


def _rigid(where: str, row: Mapping[str, Any]) -> np.ndarray:
    """(4, 4) of a row's `rotation`, a quaternion w, x, y, z, and its `translation` in metres."""
    try:
        w, x, y, z = quaternion = np.array(row["rotation"], np.float64)
        shift = np.array(row["translation"], np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{where}: a pose is no quaternion and translation") from error
    if shift.shape != (3,) or not np.isfinite(shift).all() or not abs(np.linalg.norm(quaternion) - 1) < 1e-3:
        raise DataError(f"{where}: a pose is no unit quaternion and translation of 3 numbers")
    w, x, y, z = quaternion / np.linalg.norm(quaternion)
    pose = np.eye(4)
    pose[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    pose[:3, 3] = shift
    return pose


def _camera(where: str, value: Any) -> np.ndarray:
    matrix = _matrix(where, "cam2img", value, 3)
    pinhole = matrix[0, 0] > 0 and matrix[1, 1] > 0 and matrix[0, 1] == matrix[1, 0] == 0
    if not pinhole or matrix[2].tolist() != [0, 0, 1]:
        raise DataError(f"{where}: cam2img is no pinhole camera without skew: {matrix.tolist()}")
    return matrix


def _pose(where: str, name: str, value: Any) -> np.ndarray:
    matrix = _matrix(where, name, value, 4)
    turn = matrix[:3, :3]
    if not np.allclose(turn @ turn.T, np.eye(3), atol=1e-3) or not np.linalg.det(turn) > 0:
        raise DataError(f"{where}: {name} is no rotation and translation")
    if matrix[3].tolist() != [0, 0, 0, 1]:
        raise DataError(f"{where}: {name} does not end in the row 0 0 0 1")
    return matrix


def _matrix(where: str, name: str, value: Any, side: int) -> np.ndarray:
    try:
        matrix = np.array(value, np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{where}: {name} is no matrix") from error
    if matrix.shape != (side, side) or not np.isfinite(matrix).all():
        raise DataError(
            f"{where}: {name} is of shape {matrix.shape}, expected {side} x {side} finite numbers"
        )
    return matrix
