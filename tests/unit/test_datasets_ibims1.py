import numpy as np
import pytest
import scipy.io
from PIL import Image

from vbanalysis import plugins
from vbanalysis.datasets import DataSet, ibims1
from vbanalysis.errors import DataError, ImageError, InputError
from vbanalysis.geometry import Intrinsics

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (480, 640, 3), dtype=np.uint8)
DEPTH = RNG.uniform(0.5, 45, (480, 640))
DEPTH[:20] = 0
INVALID = np.ones((480, 640), np.uint8)
INVALID[100:110] = 0
TRANSPARENT = np.ones((480, 640), np.uint8)
TRANSPARENT[:, 200:210] = 0
EDGES = (RNG.random((480, 640)) < 0.05).astype(np.uint8)
WALL = np.zeros((480, 640), np.uint8)
WALL[300:, :100], WALL[300:, 500:] = 1, 2
FIELDS = {
    "rgb": RGB,
    "depth": DEPTH,
    "edges": EDGES,
    # As MATLAB's camera parameters keep it, transposed, with the first pixel at 1.
    "calib": np.array([[550.0, 0, 0], [0, 552.0, 0], [321.0, 241.5, 1]]),
    "mask_invalid": INVALID,
    "mask_transp": TRANSPARENT,
    "mask_wall": WALL,
    "mask_wall_paras": np.zeros((2, 8)),
    "mask_table": np.zeros((480, 640), np.uint8),
    "mask_table_paras": np.zeros((0, 0)),
    "mask_floor": np.zeros((480, 640), np.uint8),
    "mask_floor_paras": np.zeros((0, 0)),
}


def write_mat(folder, name="corridor_01", **fields):
    (folder / "ibims1_core_mat").mkdir(exist_ok=True)
    path = folder / "ibims1_core_mat" / f"{name}.mat"
    scipy.io.savemat(path, {"data": {**FIELDS, **fields}}, do_compression=True)
    return path


def write_raw(folder, name="corridor_01"):
    root = folder / "ibims1_core_raw"
    pictures = {
        "rgb": RGB,
        "depth": np.round(DEPTH * 65535 / 50).astype(np.uint16),
        "mask_invalid": INVALID * 255,
        "mask_transp": TRANSPARENT * 255,
        "edges": EDGES * 255,
        "mask_wall": WALL,
    }
    for kind, array in pictures.items():
        (root / kind).mkdir(parents=True, exist_ok=True)
        Image.fromarray(array).save(root / kind / f"{name}.png")
    (root / "calib").mkdir(exist_ok=True)
    (root / "calib" / f"{name}.txt").write_text("550.0,552.0,321.0,241.5\n")
    return root


def expected(depth):
    depth = np.where((INVALID != 0) & (TRANSPARENT != 0), depth, 0)
    return np.where(depth == 0, np.nan, depth).astype(np.float32)


def test_the_mat_files_give_depth_where_the_masks_leave_it(tmp_path):
    write_mat(tmp_path)
    data = ibims1.load(tmp_path)
    assert isinstance(data, DataSet)
    sample = data["corridor_01"]
    np.testing.assert_array_equal(sample.image, RGB)
    np.testing.assert_array_equal(sample.depth_m, expected(DEPTH))
    assert sample.depth_m.dtype == np.float32
    assert sample.valid is None
    assert sample.info["cap_m"] == (1e-3, 50.0)
    assert sample.info["intrinsics"] == Intrinsics(550.0, 552.0, 320.0, 240.5)
    np.testing.assert_array_equal(sample.info["edges"], EDGES == 1)
    assert [int(labels.max()) for labels in sample.info["planes"].values()] == [2, 0, 0]
    assert (data.describe()["samples"], data.describe()["samples_at_hand"]) == (100, 1)


def test_the_pngs_give_the_same_to_the_step_of_their_depth(tmp_path):
    write_raw(tmp_path)
    for folder in (tmp_path, tmp_path / "ibims1_core_raw"):
        sample = ibims1.load(folder)["corridor_01"]
        np.testing.assert_array_equal(sample.image, RGB)
        np.testing.assert_allclose(sample.depth_m, expected(DEPTH), atol=0.5 * 50 / 65535 + 1e-5)
        assert sample.info["intrinsics"] == Intrinsics(550.0, 552.0, 320.0, 240.5)
        np.testing.assert_array_equal(sample.info["edges"], EDGES == 1)
        assert list(sample.info["planes"]) == ["wall"]
        np.testing.assert_array_equal(sample.info["planes"]["wall"], WALL)


def test_the_list_says_which_scenes_and_in_which_order(tmp_path):
    for name in ("office_02", "corridor_01", "kitchen_03"):
        write_mat(tmp_path, name)
    assert list(ibims1.load(tmp_path).ids) == ["corridor_01", "kitchen_03", "office_02"]
    (tmp_path / "imagelist.txt").write_text("office_02\r\ncorridor_01\r\n")
    assert list(ibims1.load(tmp_path).ids) == ["office_02", "corridor_01"]
    (tmp_path / "imagelist.txt").write_text("office_02\nlab_01\nlab_02\n")
    with pytest.raises(
        DataError, match=r"holds no lab_01\.mat \(of the files in imagelist\.txt, 2 are missing"
    ):
        ibims1.load(tmp_path)
    (tmp_path / "imagelist.txt").write_text("../office_02\n")
    with pytest.raises(DataError, match="leads out of"):
        ibims1.load(tmp_path)


def test_zoedepths_protocol_crops_and_caps(tmp_path):
    write_mat(tmp_path)
    sample = plugins.load("datasets", f"ibims1:{tmp_path}?protocol=eigen")[0]
    assert sample.valid.sum() == 426 * 560
    assert sample.info["cap_m"] == (1e-3, 10.0)
    with pytest.raises(InputError, match="protocol of ibims1 must be one of official, eigen; got 'garg'"):
        ibims1.load(tmp_path, protocol="garg")


def test_what_is_missing_is_named_with_where_to_get_it(tmp_path):
    with pytest.raises(InputError, match="ibims1:FOLDER"):
        ibims1.load()
    with pytest.raises(DataError, match=r"no folder .*nowhere.*imagelist\.txt.*tum\.de"):
        ibims1.load(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"holds no ibims1_core_mat/\*\.mat and no ibims1_core_raw/rgb"):
        ibims1.load(tmp_path)
    root = write_raw(tmp_path)
    data = ibims1.load(tmp_path)
    for kind, name in (("mask_transp", "corridor_01.png"), ("calib", "corridor_01.txt")):
        path = root / kind / name
        kept = path.read_bytes()
        path.unlink()
        with pytest.raises((DataError, ImageError), match=f"{kind}/corridor_01.* does not exist"):
            data[0]
        path.write_bytes(kept)


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"depth": DEPTH[:-1]}, r"float64 of shape \(479, 640\), expected floats"),
        ({"depth": DEPTH.astype(np.uint16)}, "uint16 of shape .*, expected floats"),
        ({"rgb": RGB.astype(np.uint16)}, "image of uint16"),
        ({"mask_invalid": INVALID.T}, "shape"),
        ({"calib": np.eye(2)}, "shape"),
        ({"calib": np.zeros((3, 3))}, "camera"),
        ({"calib": np.full((3, 3), np.nan)}, "camera"),
    ],
)
def test_a_mat_with_something_else_is_an_error(tmp_path, fields, fault):
    write_mat(tmp_path, **fields)
    with pytest.raises(DataError, match=rf"(?s)corridor_01\.mat.*{fault}"):
        ibims1.load(tmp_path)[0]


def test_damaged_files_are_errors_that_name_the_file(tmp_path):
    path = write_mat(tmp_path)
    whole = path.read_bytes()
    data = ibims1.load(tmp_path)
    for kept in (0, 100, 1000, len(whole) - 1):
        path.write_bytes(whole[:kept])
        with pytest.raises(DataError, match=r"corridor_01\.mat"):
            data[0]
    scipy.io.savemat(path, {"data": 3.0})
    with pytest.raises(DataError, match=r"corridor_01\.mat"):
        data[0]
    scipy.io.savemat(path, {"data": {"rgb": RGB}})
    with pytest.raises(DataError, match=r"corridor_01\.mat"):
        data[0]
    path.unlink()
    calib = write_raw(tmp_path) / "calib/corridor_01.txt"
    for text in ("", "550,552,321", "550,552,321,a", "550,552,321,inf", "-550,552,321,241"):
        calib.write_text(text)
        with pytest.raises(DataError, match=r"corridor_01\.txt"):
            ibims1.load(tmp_path)[0]


def test_masks_of_another_size_are_refused(tmp_path):
    root = write_raw(tmp_path)
    Image.fromarray(INVALID[:-1] * 255).save(root / "mask_invalid/corridor_01.png")
    with pytest.raises(DataError, match=r"mask_invalid/corridor_01\.png has shape \(479, 640\)"):
        ibims1.load(tmp_path)[0]
