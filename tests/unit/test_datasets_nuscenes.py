"""The tables and pickles here are written as the devkit and mmdet3d write them, with poses from scipy."""

import json
import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from scipy.spatial.transform import Rotation

from vbanalysis import plugins
from vbanalysis.datasets import DataSet, nuscenes
from vbanalysis.errors import DataError, ImageError, InputError
from vbanalysis.geometry import Intrinsics
from vbanalysis.paths import samples_dir

K = [[100.0, 0.0, 80.0], [0.0, 100.0, 45.0], [0.0, 0.0, 1.0]]
HEIGHT, WIDTH = 90, 160

# Axes of the camera (x right, y down, z forward) and the lidar (x right, y forward, z up) on the car.
CAMERA_TURN = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
LIDAR_TURN = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])


def quaternion(turn):
    return Rotation.from_matrix(turn).as_quat(scalar_first=True).tolist()


def write_sweep(path, points):
    rows = np.zeros((len(points), 5), "<f4")
    rows[:, :3] = points
    rows[:, 3:] = (17.0, 3.0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(rows.tobytes())


def write_image(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((HEIGHT, WIDTH, 3), 90, np.uint8)).save(path)


@pytest.fixture
def devkit(tmp_path):
    """Two frames of scene-0103 (mini validation split) and one of scene-0061, in the official tables."""
    folder, tables = tmp_path, {}
    tables["sensor"] = [
        {"token": "s-cam", "channel": "CAM_FRONT", "modality": "camera"},
        {"token": "s-left", "channel": "CAM_FRONT_LEFT", "modality": "camera"},
        {"token": "s-lidar", "channel": "LIDAR_TOP", "modality": "lidar"},
    ]
    tables["calibrated_sensor"] = [
        {
            "token": f"c-{name}",
            "sensor_token": f"s-{name}",
            "translation": shift,
            "rotation": quaternion(turn),
            "camera_intrinsic": intrinsic,
        }
        for name, shift, turn, intrinsic in (
            ("cam", [1.7, 0.0, 1.5], CAMERA_TURN, K),
            (
                "left",
                [1.5, 0.5, 1.5],
                Rotation.from_euler("z", 55, degrees=True).as_matrix() @ CAMERA_TURN,
                K,
            ),
            ("lidar", [0.9, 0.0, 1.8], LIDAR_TURN, []),
        )
    ]
    tables["scene"] = [
        {"token": "scene-b", "name": "scene-0103", "nbr_samples": 2, "first_sample_token": "x"},
        {"token": "scene-a", "name": "scene-0061", "nbr_samples": 1, "first_sample_token": "z"},
    ]
    tables["sample"] = [
        {"token": token, "timestamp": stamp, "prev": "", "next": "", "scene_token": scene}
        for token, stamp, scene in (
            ("y", 2_000_000, "scene-b"),
            ("x", 1_000_000, "scene-b"),
            ("z", 5, "scene-a"),
        )
    ]
    tables["ego_pose"], tables["sample_data"] = [], []
    # In the 50 ms between sweep and picture the car goes 0.5 m north and turns by a degree.
    for sample, heading in (("x", 30), ("y", 90), ("z", 0)):
        for sensor, key, gone, turned in (
            ("lidar", True, 0.0, 0),
            ("cam", True, 0.5, 1),
            ("left", True, 0.5, 1),
            ("cam", False, 3.0, 2),
        ):
            token = f"{sample}-{sensor}-{key}"
            turn = Rotation.from_euler("z", heading + turned, degrees=True)
            tables["ego_pose"].append(
                {
                    "token": token,
                    "timestamp": 1,
                    "rotation": turn.as_quat(scalar_first=True).tolist(),
                    "translation": [400.0, 1100.0 + gone, 0.0],
                }
            )
            channel = {"lidar": "LIDAR_TOP", "cam": "CAM_FRONT", "left": "CAM_FRONT_LEFT"}[sensor]
            suffix = ".pcd.bin" if sensor == "lidar" else ".jpg"
            tables["sample_data"].append(
                {
                    "token": token,
                    "sample_token": sample,
                    "ego_pose_token": token,
                    "calibrated_sensor_token": f"c-{sensor}",
                    "timestamp": 1,
                    "fileformat": suffix[-3:],
                    "is_key_frame": key,
                    "height": 0 if sensor == "lidar" else HEIGHT,
                    "width": 0 if sensor == "lidar" else WIDTH,
                    "filename": f"{'samples' if key else 'sweeps'}/{channel}/n1__{channel}__{sample}{suffix}",
                    "prev": "",
                    "next": "",
                }
            )

    def save():
        for version in ("v1.0-mini",):
            (folder / version).mkdir(exist_ok=True)
            for name, rows in tables.items():
                (folder / version / f"{name}.json").write_text(json.dumps(rows, indent=0))

    for row in tables["sample_data"]:
        if row["is_key_frame"] and row["width"]:
            write_image(folder / row["filename"])
        elif row["is_key_frame"]:
            write_sweep(folder / row["filename"], [[0.0, 20.0, 0.0], [5.0, 40.0, 1.0], [0.0, -20.0, 0.0]])
    save()
    return SimpleNamespace(folder=folder, tables=tables, save=save)


def test_a_point_goes_through_the_world_and_lands_where_geometry_says(devkit):
    """Followed by hand: the point is 20 m ahead of the lidar, while the car drives north and turns left."""
    sample = nuscenes.load(str(devkit.folder))["n1__CAM_FRONT__y"]
    north = Rotation.from_euler("z", 90, degrees=True)
    in_car = np.array([0.9 + 20.0, 0.0, 1.8])
    in_world = north.apply(in_car) + np.array([400.0, 1100.0, 0.0])
    later = Rotation.from_euler("z", 91, degrees=True)
    in_car_later = later.inv().apply(in_world - np.array([400.0, 1100.5, 0.0]))
    x, y, z = CAMERA_TURN.T @ (in_car_later - np.array([1.7, 0.0, 1.5]))
    row, column = round(y / z * 100 + 45), round(x / z * 100 + 80)
    assert z == pytest.approx(18.7, abs=0.02)
    assert sample.depth_m[row, column] == np.float32(z)
    assert np.isfinite(sample.depth_m).sum() == 2
    assert sample.info["intrinsics"] == Intrinsics(100.0, 100.0, 80.0, 45.0)
    assert sample.info["scene"] == "scene-0103"
    assert sample.info["n_points"] == 3


def test_without_the_motion_of_the_car_it_would_land_elsewhere(devkit):
    moved = nuscenes.load(str(devkit.folder))["n1__CAM_FRONT__y"].depth_m
    for row in devkit.tables["ego_pose"]:
        row["translation"], row["rotation"] = [0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]
    devkit.save()
    still = nuscenes.load(str(devkit.folder))["n1__CAM_FRONT__y"].depth_m
    assert still[43, 80] == pytest.approx(0.9 + 20 - 1.7)
    assert np.isnan(moved[43, 80])


def test_splits_take_their_scenes_and_only_key_frames_by_time(devkit):
    data = nuscenes.load(str(devkit.folder))
    assert isinstance(data, DataSet)
    assert data.ids == ["n1__CAM_FRONT__x", "n1__CAM_FRONT__y"]
    assert nuscenes.load(str(devkit.folder), split="mini_train").ids == ["n1__CAM_FRONT__z"]
    assert len(nuscenes.load(str(devkit.folder), split="all")) == 3
    assert nuscenes.load(str(devkit.folder), camera="CAM_FRONT_LEFT").ids[0] == "n1__CAM_FRONT_LEFT__x"
    about = data.describe()
    assert (about["samples"], about["samples_at_hand"], about["split"]) == (81, 2, "mini_val")


def test_the_official_splits_have_their_numbers_of_scenes():
    from vbanalysis.datasets import _nuscenes_index as index

    # As the devkit splits: 850 scenes with annotations, 150 of them for validation.
    wanted = index._of_split("val")
    names = [f"scene-{number:04d}" for number in range(1, 1111)]
    val = [name for name in names if wanted({"name": name})]
    assert len(val) == 150
    assert {"scene-0003", "scene-0110", "scene-0221", "scene-0553", "scene-1073"} <= set(val)
    assert not {"scene-0001", "scene-0037", "scene-0111", "scene-0918", "scene-1074"} & set(val)
    train = index._of_split("train")
    assert all(train({"name": name}) != wanted({"name": name}) for name in names)


def test_a_split_of_the_other_version_is_refused(devkit):
    with pytest.raises(InputError, match=r"split=val is none of v1.0-mini's: mini_val, mini_train, all are"):
        nuscenes.load(str(devkit.folder), split="val")
    with pytest.raises(InputError, match="split of nuscenes must be one of"):
        nuscenes.load(str(devkit.folder), split="validation")
    with pytest.raises(InputError, match="camera of nuscenes must be one of CAM_FRONT, "):
        nuscenes.load(str(devkit.folder), camera="front")


def test_of_two_points_in_a_pixel_the_nearer_one_counts():
    camera, still = np.array(K), np.eye(4)
    points = np.array([[0.0, 0.0, 9.0], [0.0, 0.0, 3.0], [0.01, 0.0, 6.0], [0.0, 0.0, 0.9], [0.0, 0.0, -5.0]])
    for order in ([0, 1, 2, 3, 4], [1, 0, 4, 3, 2]):
        depth = nuscenes.project_nearest(points[order], camera, still, (HEIGHT, WIDTH))
        assert depth[45, 80] == 3.0
        assert np.isfinite(depth).sum() == 1


def test_a_point_takes_the_pixel_whose_centre_is_nearest_and_keeps_off_the_border():
    camera = np.array(K)
    for column, seen in (
        (79.6, 80),
        (80.4, 80),
        (80.6, 81),
        (1.2, 1),
        (0.9, None),
        (158.9, 159),
        (159.2, None),
    ):
        point = np.array([[(column - 80) / 100 * 5, 0.0, 5.0]])
        depth = nuscenes.project_nearest(point, camera, np.eye(4), (HEIGHT, WIDTH))
        where = np.argwhere(np.isfinite(depth)).tolist()
        assert where == ([] if seen is None else [[45, seen]]), column


@pytest.fixture
def infos(tmp_path):
    """One frame as mmdet3d 1.1 writes it: bare names, files in the sensors' folders."""
    write_image(tmp_path / "samples/CAM_FRONT/n8__CAM_FRONT__1.jpg")
    write_sweep(
        tmp_path / "samples/LIDAR_TOP/n8__LIDAR_TOP__1.pcd.bin", [[0.5, 10.0, 0.0], [0.0, 30.0, -1.0]]
    )
    lidar2cam = np.eye(4)
    lidar2cam[:3, :3] = [[1, 0, 0], [0, 0, -1], [0, 1, 0]]
    lidar2cam[:3, 3] = [0.0, -0.3, -0.8]
    frame = {
        "sample_idx": 0,
        "token": "t",
        "timestamp": 1.5,
        "images": {
            "CAM_FRONT": {"img_path": "n8__CAM_FRONT__1.jpg", "cam2img": K, "lidar2cam": lidar2cam.tolist()}
        },
        "lidar_points": {"num_pts_feats": 5, "lidar_path": "n8__LIDAR_TOP__1.pcd.bin"},
        "instances": [{"num_lidar_pts": np.int64(3), "velocity": [np.float64(0.5), 0.0]}],
    }
    content = {"metainfo": {"dataset": "nuscenes", "info_version": "1.1"}, "data_list": [frame]}
    path = tmp_path / "nuscenes_infos_val.pkl"

    def save():
        path.write_bytes(pickle.dumps(content, 2))

    save()
    return SimpleNamespace(path=path, folder=tmp_path, content=content, frame=frame, save=save)


def test_the_pickle_of_mmdet3d_is_read_beside_its_files_and_by_its_own_path(infos):
    for argument in (infos.folder, infos.path):
        data = nuscenes.load(str(argument))
        assert data.ids == ["n8__CAM_FRONT__1"]
        sample = data[0]
        # x right, y down, z forward of the camera: 0.5, 0 - 0.3, 10 - 0.8.
        assert sample.depth_m[round(-0.3 / 9.2 * 100 + 45), round(0.5 / 9.2 * 100 + 80)] == np.float32(9.2)
        assert np.isfinite(sample.depth_m).sum() == 2
        assert sample.depth_m.dtype == np.float32
        assert sample.image.shape == (HEIGHT, WIDTH, 3)
        assert sample.info["scene"] == "n8"


def test_spec_strings_reach_it(infos):
    assert plugins.load("datasets", f"nuscenes:{infos.path}").describe()["samples"] == 1


def test_options_of_the_tables_are_refused_for_a_pickle(infos):
    with pytest.raises(InputError, match="is a split by itself"):
        nuscenes.load(str(infos.path), split="val")
    with pytest.raises(InputError, match="names official tables"):
        nuscenes.load(str(infos.path), version="v1.0-mini")


def test_several_indices_in_a_folder_must_be_told_apart(infos):
    (infos.folder / "nuscenes_infos_train.pkl").write_bytes(infos.path.read_bytes())
    (infos.folder / "nuscenes_dbinfos_train.pkl").write_bytes(b"")
    with pytest.raises(
        InputError, match=r"holds 2 indices .* nuscenes:.*nuscenes_infos_train.pkl, nuscenes:"
    ):
        nuscenes.load(str(infos.folder))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda c, f: f["images"].pop("CAM_FRONT"), "frame 0: no 'CAM_FRONT', expected"),
        (lambda c, f: f["lidar_points"].update(num_pts_feats=4), "a sweep with 5 numbers a point"),
        (
            lambda c, f: f["images"]["CAM_FRONT"].update(lidar2cam=np.zeros((4, 4))),
            "lidar2cam is no rotation",
        ),
        (lambda c, f: f["images"]["CAM_FRONT"].update(lidar2cam=[[1, 0], [0, 1]]), r"of shape \(2, 2\)"),
        (
            lambda c, f: f["images"]["CAM_FRONT"].update(cam2img=[[1, 2, 3], [0, 1, 3], [0, 0, 1]]),
            "without skew",
        ),
        (lambda c, f: f["images"]["CAM_FRONT"].update(cam2img=np.full((3, 3), np.nan)), "finite numbers"),
        (lambda c, f: f["images"]["CAM_FRONT"].update(img_path="../../etc/x.jpg"), "leads out of"),
        (lambda c, f: c.update(data_list=[]), "no info file of mmdet3d"),
        (lambda c, f: (c.pop("data_list"), c.update(infos=[])), "update_infos_to_v2"),
        (lambda c, f: c.update(data_list=[f, f]), "names a picture twice"),
    ],
)
def test_a_pickle_of_another_form_says_what_is_wrong(infos, spoil, message):
    spoil(infos.content, infos.frame)
    infos.save()
    with pytest.raises(DataError, match=message):
        nuscenes.load(str(infos.path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has 0 bytes, expected rows of 20"),
        (np.zeros(13, "<f4").tobytes(), "has 52 bytes, expected rows of 20"),
        (np.full((4, 5), np.nan, "<f4").tobytes(), "not within 1 km"),
        (np.full((4, 5), 1e9, "<f4").tobytes(), "not within 1 km"),
        (None, "does not exist"),
    ],
)
def test_a_damaged_sweep_is_an_error_that_names_it(infos, content, message):
    path = infos.folder / "samples/LIDAR_TOP/n8__LIDAR_TOP__1.pcd.bin"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    data = nuscenes.load(str(infos.folder))
    with pytest.raises(DataError, match=message) as caught:
        data[0]
    assert "n8__LIDAR_TOP__1.pcd.bin" in str(caught.value)


def test_a_damaged_picture_is_an_error_that_names_it(infos):
    path = infos.folder / "samples/CAM_FRONT/n8__CAM_FRONT__1.jpg"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ImageError, match=r"n8__CAM_FRONT__1\.jpg"):
        nuscenes.load(str(infos.folder))[0]


def test_missing_folders_indices_and_pictures_say_what_is_expected_and_where_to_get_it(infos, tmp_path):
    with pytest.raises(InputError, match="nuscenes:FOLDER"):
        nuscenes.load()
    with pytest.raises(DataError, match=r"no folder .*absent.* samples/LIDAR_TOP/ .*nuscenes\.org"):
        nuscenes.load(str(tmp_path / "absent"))
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(DataError, match=r"holds no tables .*nuscenes\.org"):
        nuscenes.load(str(empty))
    (infos.folder / "samples/CAM_FRONT/n8__CAM_FRONT__1.jpg").unlink()
    with pytest.raises(DataError, match="holds no picture of CAM_FRONT"):
        nuscenes.load(str(infos.folder))


@pytest.mark.parametrize(
    ("table", "spoil", "message"),
    [
        ("sample_data", None, r"sample_data\.json is damaged or truncated"),
        ("ego_pose", lambda rows: rows.clear(), r"ego_pose\.json lacks 4 of the frames' poses"),
        ("ego_pose", lambda rows: rows[0].update(rotation=[1.0, 1.0, 0.0, 0.0]), "no unit quaternion"),
        ("ego_pose", lambda rows: rows[0].update(translation=["a", 0, 0]), "no quaternion and translation"),
        ("ego_pose", lambda rows: [row.pop("rotation") for row in rows], "no table of nuScenes"),
        ("calibrated_sensor", lambda rows: rows[0].update(camera_intrinsic=[]), "cam2img is of shape"),
        ("sample_data", lambda rows: rows.pop(0), "no key frame of LIDAR_TOP for the sample x"),
        ("sample_data", lambda rows: rows[0].update(filename=7), "no table of nuScenes"),
        ("sample", lambda rows: rows[0].update(timestamp="now"), "no table of nuScenes"),
    ],
)
def test_damaged_tables_are_errors_that_name_them(devkit, table, spoil, message):
    path = devkit.folder / "v1.0-mini" / f"{table}.json"
    if spoil is None:
        path.write_bytes(path.read_bytes()[:-20])
    else:
        spoil(devkit.tables[table])
        devkit.save()
    with pytest.raises(DataError, match=message):
        nuscenes.load(str(devkit.folder))


@pytest.fixture(scope="module")
def real():
    folder = samples_dir()
    if folder is None or not (folder / "nuscenes").is_dir():
        pytest.skip("VBANALYSIS_SAMPLES names no folder with nuscenes/")
    return nuscenes.load(str(folder / "nuscenes"))


def test_the_real_frame_has_depths_that_a_street_has(real):
    (sample,) = real
    depth_m = sample.depth_m
    assert sample.image.shape == (900, 1600, 3)
    assert sample.info["n_points"] == 34688
    known = np.isfinite(depth_m)
    # 32 beams of which about half see the front camera's 70 degrees of 360.
    assert 3000 < known.sum() < 3100
    assert (depth_m[known].min(), depth_m[known].max()) == pytest.approx((4.526, 98.117), abs=1e-3)
    # No return from the sky; the street's depth grows from the lower border to the horizon.
    assert not known[:180].any()
    columns = slice(700, 1000)
    rows = [np.nanmedian(depth_m[top : top + 40, columns]) for top in (860, 780, 700, 620, 560)]
    assert rows == sorted(rows)
    assert rows[0] == pytest.approx(4.7, abs=0.5)


def test_the_real_street_is_a_plane_under_the_camera(real):
    """The camera stands 1.51 m above the street by its calibration: so do the points of the lane ahead."""
    (sample,) = real
    _, fy, _, cy = sample.info["intrinsics"]
    rows, columns = np.nonzero(np.isfinite(sample.depth_m[640:, 650:1150]))
    z = sample.depth_m[640:, 650:1150][rows, columns]
    below = (rows + 640 - cy) / fy * z
    assert np.median(below) == pytest.approx(1.511, abs=0.1)
    assert np.percentile(np.abs(below - np.median(below)), 90) < 0.12
