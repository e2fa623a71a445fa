import h5py
import numpy as np
import pytest
import scipy.io
from PIL import Image

from vbanalysis import plugins
from vbanalysis.datasets import DataSet, nyuv2
from vbanalysis.errors import DataError, ImageError, InputError
from vbanalysis.geometry import normals_from_depth
from vbanalysis.paths import samples_dir

SCENES = ["kitchen", "office", "kitchen", "bedroom", "study_room"]
TEST, TRAIN = [1, 4, 5], [2, 3]
IMAGES = np.random.default_rng(0).integers(0, 256, (5, 480, 640, 3), dtype=np.uint8)
RAW = np.random.default_rng(1).uniform(0.5, 9.9, (5, 480, 640)).astype(np.float32)
RAW[:, :3] = 0
FILLED = np.where(RAW == 0, np.float32(4.25), RAW)


def write_mat(folder, *, images=IMAGES, raw=RAW, filled=FILLED, scenes=SCENES, test=TEST):
    """The two files as MATLAB writes them: HDF5 with the axes reversed, and version 5 with (n, 1) doubles."""
    with h5py.File(folder / "nyu_depth_v2_labeled.mat", "w", userblock_size=512) as file:
        file["images"] = np.moveaxis(images, -1, 1).swapaxes(2, 3)
        file["rawDepths"] = raw.swapaxes(1, 2)
        file["depths"] = filled.swapaxes(1, 2)
        for name, texts in (("sceneTypes", scenes), ("scenes", [f"{scene}_0004" for scene in scenes])):
            references = np.empty((1, len(texts)), h5py.ref_dtype)
            for column, text in enumerate(texts):
                letters = np.array([[ord(letter)] for letter in text], np.uint16)
                references[0, column] = file.create_dataset(f"#refs#/{name}{column}", data=letters).ref
            file[name] = references
    splits = {"testNdxs": np.array([test]).T.astype(float), "trainNdxs": np.array([TRAIN]).T.astype(float)}
    scipy.io.savemat(folder / "splits.mat", splits)
    return folder


def write_pngs(folder, frames=(0, 3), scene="kitchen", depth=None, size=(480, 640)):
    root = folder / "official_splits" / "test" / scene
    root.mkdir(parents=True)
    for frame in frames:
        Image.fromarray(IMAGES[frame][: size[0], : size[1]]).save(root / f"rgb_{frame:05d}.jpg", quality=95)
        codes = (RAW[frame] * 1000).astype(np.uint16) if depth is None else depth
        Image.fromarray(codes).save(root / f"sync_depth_{frame:05d}.png")
    return folder


def test_the_mat_gives_the_test_half_with_the_sensors_depth(tmp_path):
    data = nyuv2.load(write_mat(tmp_path))
    assert isinstance(data, DataSet)
    assert list(data.ids) == ["kitchen/00000", "bedroom/00003", "study_room/00004"]
    for sample, frame in zip(data, (0, 3, 4), strict=True):
        np.testing.assert_array_equal(sample.image, IMAGES[frame])
        np.testing.assert_array_equal(np.nan_to_num(sample.depth_m, nan=0), RAW[frame])
        assert sample.depth_m.dtype == np.float32
        assert np.isnan(sample.depth_m[:3]).all()
    assert data["bedroom/00003"].info["scene"] == "bedroom_0004"
    assert data.describe()["samples"] == 654
    assert data.describe()["samples_at_hand"] == 3


def test_the_filled_depth_and_the_train_half_are_had_by_name(tmp_path):
    write_mat(tmp_path)
    data = plugins.load("datasets", f"nyuv2:{tmp_path}?split=train&truth=filled")
    assert list(data.ids) == ["office/00001", "kitchen/00002"]
    np.testing.assert_array_equal(data[0].depth_m, FILLED[1])
    assert data.describe()["samples"] == 795


def test_the_eigen_crop_and_the_cap_are_the_protocol(tmp_path):
    sample = nyuv2.load(write_mat(tmp_path))[0]
    assert sample.valid.dtype == bool
    rows, columns = np.nonzero(sample.valid)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (45, 470, 41, 600)
    assert sample.valid.sum() == 426 * 560
    assert sample.info["cap_m"] == (1e-3, 10.0)
    assert nyuv2.load(tmp_path, protocol="none")[0].valid is None


def test_the_png_layout_gives_the_same_ids_and_millimetres(tmp_path):
    data = nyuv2.load(write_pngs(tmp_path, frames=(3, 0)))
    assert list(data.ids) == ["kitchen/00000", "kitchen/00003"]
    sample = data["kitchen/00003"]
    whole = np.floor(RAW[3] * 1000)
    assert np.isnan(sample.depth_m[:3]).all()
    np.testing.assert_array_equal(sample.depth_m[3:], (whole[3:] / np.float32(1000)))
    assert sample.image.shape == (480, 640, 3)
    assert data.describe()["samples_at_hand"] == 2


def test_bad_depths_of_the_mat_are_unknown(tmp_path):
    raw = RAW.copy()
    raw[0, 100, :3] = [np.inf, np.nan, -1]
    sample = nyuv2.load(write_mat(tmp_path, raw=raw))[0]
    assert np.isnan(sample.depth_m[100, :3]).all()
    assert np.isfinite(sample.depth_m[100, 3:]).all()


@pytest.mark.parametrize("option", [{"split": "val"}, {"protocol": "garg"}, {"truth": "dense"}])
def test_an_unknown_option_is_named_with_the_known_ones(tmp_path, option):
    (name, value), *_ = option.items()
    with pytest.raises(InputError, match=f"{name} of nyuv2 must be one of .*{value}"):
        nyuv2.load(write_mat(tmp_path), **option)


def test_the_filled_depth_is_not_in_the_pngs(tmp_path):
    with pytest.raises(InputError, match="truth=filled needs nyu_depth_v2_labeled"):
        nyuv2.load(write_pngs(tmp_path), truth="filled")


def test_what_is_missing_is_named_with_where_to_get_it(tmp_path):
    with pytest.raises(InputError, match="nyuv2:FOLDER"):
        nyuv2.load()
    with pytest.raises(DataError, match=r"no folder .*nowhere.*official_splits.*cs\.nyu\.edu"):
        nyuv2.load(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"holds no nyu_depth_v2_labeled\.mat and no official_splits/test"):
        nyuv2.load(tmp_path)
    write_mat(tmp_path)
    (tmp_path / "splits.mat").unlink()
    with pytest.raises(DataError, match=r"splits\.mat does not exist"):
        nyuv2.load(tmp_path)


def test_a_png_without_its_image_is_named(tmp_path):
    write_pngs(tmp_path)
    (tmp_path / "official_splits/test/kitchen/rgb_00003.jpg").unlink()
    with pytest.raises(DataError, match=r"rgb_00003\.jpg does not exist"):
        nyuv2.load(tmp_path)


def test_damaged_mats_are_errors_that_name_the_file(tmp_path):
    write_mat(tmp_path)
    whole = (tmp_path / "nyu_depth_v2_labeled.mat").read_bytes()
    for kept in (0, 300, 5000, len(whole) // 2):
        (tmp_path / "nyu_depth_v2_labeled.mat").write_bytes(whole[:kept])
        with pytest.raises(DataError, match=r"nyu_depth_v2_labeled\.mat is damaged or truncated"):
            nyuv2.load(tmp_path)
    (tmp_path / "nyu_depth_v2_labeled.mat").write_bytes(whole)
    splits = (tmp_path / "splits.mat").read_bytes()
    for data in (splits[:100], splits[:-40], b"x" * 400, whole[:600]):
        (tmp_path / "splits.mat").write_bytes(data)
        with pytest.raises(DataError, match=r"splits\.mat"):
            nyuv2.load(tmp_path)


def test_a_split_of_another_file_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"holds 5 frames but .* names frame 6"):
        nyuv2.load(write_mat(tmp_path, test=[2, 6]))
    for numbers in ([0, 2], [2, 2], [1.5, 2]):
        with pytest.raises(DataError, match=r"splits\.mat holds .*testNdxs"):
            nyuv2.load(write_mat(tmp_path, test=numbers))


def test_arrays_of_another_shape_or_type_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"of shape \(5, 640, 481\), expected floats of shape"):
        nyuv2.load(write_mat(tmp_path, raw=np.ones((5, 481, 640), np.float32)))[0]
    with pytest.raises(DataError, match="images of uint16"):
        nyuv2.load(write_mat(tmp_path, images=IMAGES.astype(np.uint16)))[0]
    with pytest.raises(DataError, match="expected floats"):
        nyuv2.load(write_mat(tmp_path, raw=RAW.astype(np.int32)))[0]


def test_an_array_in_another_file_is_refused(tmp_path):
    write_mat(tmp_path)
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["secret"] = RAW.swapaxes(1, 2)
    with h5py.File(tmp_path / "nyu_depth_v2_labeled.mat", "r+") as file:
        del file["rawDepths"]
        file["rawDepths"] = h5py.ExternalLink("other.h5", "secret")
    with pytest.raises(DataError, match="'rawDepths' as a link"):
        nyuv2.load(tmp_path)[0]
    with h5py.File(tmp_path / "nyu_depth_v2_labeled.mat", "r+") as file:
        del file["rawDepths"]
        storage = [(str(tmp_path / "other.h5"), 0, RAW.nbytes)]
        file.create_dataset("rawDepths", (5, 640, 480), np.float32, external=storage)
    with pytest.raises(DataError, match="'rawDepths' as a link"):
        nyuv2.load(tmp_path)[0]


def test_damaged_pngs_are_errors_that_name_the_file(tmp_path):
    data = nyuv2.load(write_pngs(tmp_path))
    path = tmp_path / "official_splits/test/kitchen/sync_depth_00000.png"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ImageError, match=r"sync_depth_00000\.png is damaged"):
        data[0]
    Image.fromarray(np.zeros((480, 640), np.uint8)).save(path)
    with pytest.raises(ImageError, match="16-bit grey is expected"):
        data[0]
    Image.fromarray(np.ones((480, 639), np.uint16)).save(path)
    with pytest.raises(DataError, match=r"shape \(480, 639\), expected \(480, 640\)"):
        data[0]


def test_an_image_of_another_size_than_its_depth_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"rgb_00000\.jpg is 480 x 600"):
        nyuv2.load(write_pngs(tmp_path, size=(480, 600)))[0]


@pytest.fixture(scope="module")
def kitchen():
    folder = samples_dir()
    if folder is None or not (folder / "nyuv2").is_dir():
        pytest.skip("VBANALYSIS_SAMPLES holds no nyuv2")
    return nyuv2.load(folder / "nyuv2")


def test_the_real_frames_hold_a_kitchen(kitchen):
    assert list(kitchen.ids) == ["kitchen/00000", "kitchen/00050"]
    depths = [sample.depth_m for sample in kitchen]
    assert [np.nanmax(depth) for depth in depths] == [np.float32(6.625), np.float32(8.266)]
    assert all(np.nanmin(depth) > 0.5 for depth in depths)
    assert [round(np.isnan(depth).mean(), 4) for depth in depths] == [0.2672, 0.2494]


def test_the_real_depth_stands_upright(kitchen):
    """Floors and worktops point up where the camera is held level: the intrinsics and the axes agree."""
    for sample in kitchen:
        normals = normals_from_depth(sample.depth_m, sample.info["intrinsics"], max_step=0.02)
        known = np.isfinite(normals[..., 0])
        up, right = normals[..., 1][known], normals[..., 0][known]
        assert 0.05 < np.mean(np.abs(up) > 0.9) < 0.6
        assert np.mean(up > 0.9) > 3 * np.mean(up < -0.9)
        assert np.mean(np.abs(right) < 0.1) > 0.1
