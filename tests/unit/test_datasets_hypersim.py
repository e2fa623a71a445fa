"""Scenes written here in the layout of the archives: HDF5 of float16 in `dataset`, JPEGs, the two tables."""

import csv

import h5py
import numpy as np
import pytest
from PIL import Image

from vbanalysis import plugins
from vbanalysis.datasets import DataSet, hypersim
from vbanalysis.errors import DataError, ImageError, InputError
from vbanalysis.geometry import Intrinsics, unproject

FRAMES = {
    ("ai_001_001", "cam_00", 0): ("test", True),
    ("ai_001_001", "cam_00", 12): ("test", True),
    ("ai_001_001", "cam_01", 3): ("test", False),
    ("ai_002_003", "cam_00", 7): ("val", True),
}
STRAIGHT = (0.5773502886169104, 0, 0, 0, 0.4330127164626828, 0, 0, 0, -1.0)
SHIFTED = (0.5773502886169104, 0, 0.0866, 0, 0.4330127164626828, -0.06495, 0, 0, -1.0)
TILTED = (0.5773502886169104, 0, 0, 0, 0.4330127164626828, 0, 0.0, 0.05, -1.0)


def distances(seed):
    metres = np.random.default_rng(seed).uniform(0.5, 20, (768, 1024)).astype(np.float16)
    metres[:4] = np.nan
    return metres


def write_frame(root, scene, camera, number, metres=None):
    images = root / scene / "images"
    preview, geometry = images / f"scene_{camera}_final_preview", images / f"scene_{camera}_geometry_hdf5"
    for folder in (preview, geometry):
        folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((768, 1024, 3), number, np.uint8)).save(
        preview / f"frame.{number:04d}.tonemap.jpg"
    )
    with h5py.File(geometry / f"frame.{number:04d}.depth_meters.hdf5", "w") as file:
        metres = distances(number) if metres is None else metres
        file.create_dataset("dataset", data=metres, compression="gzip", chunks=(96, 128))


def write_split(path):
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        head = (
            "scene_name camera_name frame_id included_in_public_release exclude_reason split_partition_name"
        )
        table.writerow(head.split())
        for (scene, camera, number), (split, public) in FRAMES.items():
            table.writerow([scene, camera, number, public, "" if public else "people, logos", split])
        table.writerow(["ai_055_010", "cam_02", 99, True, "", "test"])


def write_cameras(path, **matrices):
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        entries = [f"M_cam_from_uv_{row}{column}" for row in range(3) for column in range(3)]
        table.writerow(
            ["scene_name", "settings_output_img_height", "settings_output_img_width", *entries, "M_proj_00"]
        )
        for scene, matrix in matrices.items():
            table.writerow([scene, 768.0, 1024.0, *matrix, 1.7320507492870254])


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hypersim")
    for frame in FRAMES:
        write_frame(folder, *frame)
    write_split(folder / "metadata_images_split_scene_v1.csv")
    write_cameras(
        folder / "metadata_camera_parameters.csv", ai_001_001=SHIFTED, ai_002_003=TILTED, ai_009_009=[""] * 9
    )
    return folder


def test_distance_becomes_z_by_the_published_formula(written):
    """As in issue 9 of the repository: distance / |(x, y, focal)| * focal about the middle of the picture."""
    data = hypersim.load(str(written))
    assert isinstance(data, DataSet)
    sample = data["ai_001_001/cam_00/0012"]
    x = np.linspace(-0.5 * 1024 + 0.5, 0.5 * 1024 - 0.5, 1024)[None, :]
    y = np.linspace(-0.5 * 768 + 0.5, 0.5 * 768 - 0.5, 768)[:, None]
    expected = distances(12).astype(np.float64) / np.sqrt(x**2 + y**2 + 886.81**2) * 886.81
    np.testing.assert_allclose(sample.depth_m, expected, rtol=1e-6)
    assert np.isnan(sample.depth_m[:4]).all()
    assert np.isfinite(sample.depth_m[4:]).all()
    assert sample.depth_m.dtype == np.float32
    assert (sample.image == 12).all()
    assert (sample.info["scene"], sample.info["cap_m"]) == ("ai_001_001", (1e-3, 65.0))


def test_the_points_of_that_depth_are_at_the_distances_of_the_file(written):
    sample = hypersim.load(str(written))[0]
    assert sample.info["intrinsics"] == pytest.approx(Intrinsics(886.81, 886.81, 511.5, 383.5))
    points = unproject(sample.depth_m.astype(np.float64), sample.info["intrinsics"])
    np.testing.assert_allclose(np.linalg.norm(points, axis=-1), distances(0).astype(np.float64), rtol=1e-6)


def test_the_camera_of_the_scene_has_its_shift(written):
    sample = hypersim.load(str(written), camera="scene")[0]
    camera = sample.info["intrinsics"]
    assert camera.fx == pytest.approx(512 / SHIFTED[0])
    assert camera.cx == pytest.approx(511.5 - 512 * 0.0866 / SHIFTED[0])
    assert camera.cy == pytest.approx(383.5 - 384 * 0.06495 / SHIFTED[4])
    points = unproject(sample.depth_m.astype(np.float64), camera)
    np.testing.assert_allclose(np.linalg.norm(points, axis=-1), distances(0).astype(np.float64), rtol=1e-6)
    # Where the ray is straight ahead, z is all of the distance.
    row, column = round(camera.cy), round(camera.cx)
    assert sample.depth_m[row, column] == pytest.approx(float(distances(0)[row, column]), rel=1e-5)


def test_a_ray_of_a_tilted_lens_is_that_of_the_authors_notebook(written):
    sample = hypersim.load(str(written), split="val", camera="scene")[0]
    assert "intrinsics" not in sample.info
    matrix = np.array(TILTED).reshape(3, 3)
    np.testing.assert_array_equal(sample.info["cam_from_uv"], matrix)
    # One pixel by hand: u and v of its centre, the ray, and the share of its length along -z.
    row, column = 700, 100
    u, v = -1 + (2 * column + 1) / 1024, 1 - (2 * row + 1) / 768
    ray = matrix @ (u, v, 1)
    z = float(distances(7)[row, column]) * -ray[2] / np.linalg.norm(ray)
    assert sample.depth_m[row, column] == pytest.approx(z, rel=1e-6)


def test_without_tilt_and_shift_both_cameras_agree(written, tmp_path):
    write_frame(tmp_path, "ai_001_001", "cam_00", 0)
    write_cameras(tmp_path / "metadata_camera_parameters.csv", ai_001_001=STRAIGHT)
    by_scene = hypersim.load(str(tmp_path), split="all", camera="scene")[0]
    np.testing.assert_allclose(by_scene.depth_m, hypersim.load(str(written))[0].depth_m, rtol=1e-6)
    assert by_scene.info["intrinsics"] == pytest.approx(Intrinsics(886.81, 886.81, 511.5, 383.5), rel=1e-6)


def test_splits_take_the_public_frames_on_disk(written):
    assert hypersim.load(str(written)).ids == ["ai_001_001/cam_00/0000", "ai_001_001/cam_00/0012"]
    about = plugins.load("datasets", f"hypersim:{written}?split=val").describe()
    assert (about["samples"], about["samples_at_hand"]) == (7386, 1)
    assert len(hypersim.load(str(written), split="all")) == 4
    with pytest.raises(DataError, match="has no public frame of the split train"):
        hypersim.load(str(written), split="train")


def test_a_checkout_of_the_repository_is_read_too(tmp_path):
    scenes = tmp_path / "evermotion_dataset" / "scenes"
    write_frame(scenes, "ai_001_001", "cam_00", 0)
    (tmp_path / "evermotion_dataset" / "analysis").mkdir()
    write_split(tmp_path / "evermotion_dataset" / "analysis" / "metadata_images_split_scene_v1.csv")
    (tmp_path / "contrib" / "mikeroberts3000").mkdir(parents=True)
    write_cameras(tmp_path / "contrib/mikeroberts3000/metadata_camera_parameters.csv", ai_001_001=STRAIGHT)
    assert hypersim.load(str(tmp_path), camera="scene")[0].info["intrinsics"] is not None


def test_what_is_not_there_is_said_with_where_to_get_it(tmp_path):
    with pytest.raises(InputError, match="hypersim:FOLDER"):
        hypersim.load()
    with pytest.raises(DataError, match=r"no folder .*apple/ml-hypersim"):
        hypersim.load(str(tmp_path / "absent"))
    with pytest.raises(DataError, match="holds no scene ai_VVV_NNN"):
        hypersim.load(str(tmp_path))
    write_frame(tmp_path, "ai_001_001", "cam_00", 0)
    with pytest.raises(DataError, match=r"holds no metadata_images_split_scene_v1\.csv"):
        hypersim.load(str(tmp_path))
    with pytest.raises(DataError, match=r"holds no metadata_camera_parameters\.csv"):
        hypersim.load(str(tmp_path), split="all", camera="scene")
    write_split(tmp_path / "metadata_images_split_scene_v1.csv")
    with pytest.raises(DataError, match=r"holds no frame\.IIII\.tonemap\.jpg of the split val"):
        hypersim.load(str(tmp_path), split="val")
    for option in ({"split": "dev"}, {"camera": "ai_001_001"}):
        with pytest.raises(InputError, match="of hypersim must be one of"):
            hypersim.load(str(tmp_path), **option)


BACKWARDS = (0.5, 0, 0, 0, 0.4, 0, 2.0, 0, -1.0)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (["x"] * 9, "has no camera of 1024 x 768 pixels in the line of ai_001_001"),
        ([np.nan] * 9, "has no camera of 1024 x 768"),
        ([0.0] * 9, "has no camera of 1024 x 768"),
        (BACKWARDS, "looks backwards"),
        (None, "has no line for the scene ai_001_001"),
        ([1.0], "line 2: expected a table with scene_name"),
    ],
)
def test_a_damaged_table_of_cameras_is_an_error_that_names_it(tmp_path, matrix, message):
    write_frame(tmp_path, "ai_001_001", "cam_00", 0)
    path = tmp_path / "metadata_camera_parameters.csv"
    write_cameras(path, **({"ai_002_001": STRAIGHT} if matrix is None else {"ai_001_001": matrix}))
    with pytest.raises(DataError, match=message) as caught:
        hypersim.load(str(tmp_path), split="all", camera="scene")[0]
    assert path.name in str(caught.value)


def test_a_damaged_table_of_splits_is_an_error_that_names_it(tmp_path):
    write_frame(tmp_path, "ai_001_001", "cam_00", 0)
    path = tmp_path / "metadata_images_split_scene_v1.csv"
    path.write_text("scene_name,camera_name\nai_001_001,cam_00\n")
    with pytest.raises(DataError, match=r"split_scene_v1\.csv, line 2: expected a table"):
        hypersim.load(str(tmp_path))
    write_split(path)
    path.write_text(path.read_text().replace(",12,", ",twelve,"))
    with pytest.raises(DataError, match="has the frame 'twelve'"):
        hypersim.load(str(tmp_path))


def rewrite(path, **datasets):
    with h5py.File(path, "w") as file:
        for name, data in datasets.items():
            file[name] = data


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p.unlink(), r"frame\.0000\.depth_meters\.hdf5 does not exist"),
        (lambda p: p.write_bytes(p.read_bytes()[:5000]), r"frame\.0000\.depth_meters\.hdf5 is damaged"),
        (lambda p: p.write_bytes(b"no HDF5"), r"frame\.0000\.depth_meters\.hdf5 is damaged"),
        (lambda p: rewrite(p, depth=distances(0)), "holds no array 'dataset'"),
        (lambda p: rewrite(p, dataset=distances(0)[:-1]), r"of shape \(767, 1024\), expected floats"),
        (lambda p: rewrite(p, dataset=np.zeros((768, 1024), np.uint16)), "holds uint16 .* expected floats"),
    ],
)
def test_damaged_depth_is_an_error_that_names_the_file(tmp_path, change, message):
    write_frame(tmp_path, "ai_001_001", "cam_00", 0)
    change(next(tmp_path.rglob("*.hdf5")))
    with pytest.raises(DataError, match=message):
        hypersim.load(str(tmp_path), split="all")[0]


def test_a_damaged_picture_is_an_error_that_names_it(tmp_path):
    write_frame(tmp_path, "ai_001_001", "cam_00", 0)
    path = next(tmp_path.rglob("*.jpg"))
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ImageError, match=r"frame\.0000\.tonemap\.jpg is damaged"):
        hypersim.load(str(tmp_path), split="all")[0]
    Image.new("RGB", (512, 384)).save(path)
    with pytest.raises(DataError, match=r"is 768 x 1024 .* is 384 x 512"):
        hypersim.load(str(tmp_path), split="all")[0]


def test_what_is_no_distance_is_unknown(tmp_path):
    metres = distances(0)
    metres[100, :4] = (0, -1, np.inf, np.nan)
    write_frame(tmp_path, "ai_001_001", "cam_00", 0, metres)
    depth_m = hypersim.load(str(tmp_path), split="all")[0].depth_m
    assert np.isnan(depth_m[100, :4]).all()
    assert np.isfinite(depth_m[100, 4:]).all()
