"""Files written here as DSINE's release has them, with an own encoding of the normals."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from vbanalysis import plugins
from vbanalysis.datasets import DataSet, dsine_normals, scannet_normals
from vbanalysis.errors import DataError, ImageError, InputError
from vbanalysis.geometry import Intrinsics, normals_from_depth
from vbanalysis.paths import samples_dir

HEIGHT, WIDTH = 6, 8
CAMERA = np.array([[500.0, 0, 3.5], [0, 510.0, 2.5], [0, 0, 1]], np.float32)


def scene_of(seed):
    """Unit vectors to the left, up and towards the viewer."""
    vectors = np.random.default_rng(seed).normal((0, 0, 1.5), size=(HEIGHT, WIDTH, 3))
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def encode(vectors, bits):
    codes = np.round((vectors + 1) / 2 * (2**bits - 1)).astype(np.uint8 if bits == 8 else np.uint16)
    codes[0, :3] = 0
    return codes


def write_png(path, codes):
    """With 16 bits a channel Pillow does not write; the standard's own layout does."""
    if codes.dtype == np.uint8:
        Image.fromarray(codes).save(path)
        return
    rows = b"".join(b"\x00" + row.astype(">u2").tobytes() for row in codes)
    header = struct.pack(">IIBBBBB", codes.shape[1], codes.shape[0], 16, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts)
    )


def write(folder, name, bits=8, seed=0, suffix="png"):
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((HEIGHT, WIDTH, 3), seed, np.uint8)).save(folder / f"{name}_img.{suffix}")
    write_png(folder / f"{name}_normal.png", encode(scene_of(seed), bits))
    np.save(folder / f"{name}_intrins.npy", CAMERA)


@pytest.fixture
def archive(tmp_path):
    """A piece of `dsine_eval`."""
    root = tmp_path / "dsine_eval"
    write(root / "nyuv2" / "test", "000008", seed=1)
    write(root / "nyuv2" / "test", "000000", seed=2)
    write(root / "nyuv2" / "train", "000003", seed=3)
    write(root / "scannet" / "scene0220_02", "000450", seed=4)
    write(root / "vkitti" / "Scene01", "000000", bits=16, seed=5, suffix="jpg")
    return root


@pytest.mark.parametrize(("bits", "degrees"), [(8, 0.4), (16, 0.002)])
def test_normals_come_to_the_papers_frame_with_unit_length(tmp_path, bits, degrees):
    write(tmp_path, "000000", bits)
    data = dsine_normals.load(str(tmp_path))
    assert isinstance(data, DataSet)
    (sample,) = data
    normals = sample.normals
    assert (normals.shape, normals.dtype) == ((HEIGHT, WIDTH, 3), np.float32)
    assert np.isnan(normals[0, :3]).all()
    known = np.isfinite(normals).all(axis=-1)
    assert known.sum() == HEIGHT * WIDTH - 3
    np.testing.assert_allclose(np.linalg.norm(normals[known], axis=-1), 1, atol=1e-6)
    expected = (scene_of(0) * (-1, 1, 1))[known]  # left becomes right
    chords = np.linalg.norm(normals[known] - expected, axis=-1)
    assert np.degrees(2 * np.arcsin(chords / 2)).max() < degrees
    assert sample.info["intrinsics"] == Intrinsics(500.0, 510.0, 3.5, 2.5)


def test_the_colours_mean_what_the_release_shows(tmp_path):
    """Red faces left, green up, blue the camera; one code of 0 is not yet unknown."""
    write(tmp_path, "x")
    codes = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    codes[...] = (128, 128, 255)
    codes[1] = (255, 128, 128)
    codes[2] = (128, 255, 128)
    codes[3] = (0, 128, 128)
    codes[4] = (0, 0, 0)
    write_png(tmp_path / "x_normal.png", codes)
    normals = dsine_normals.load(str(tmp_path))[0].normals[:, 0]
    for row, direction in enumerate([(0, 0, 1), (-1, 0, 0), (0, 1, 0), (1, 0, 0)]):
        np.testing.assert_allclose(normals[row], direction, atol=0.01)
    assert np.isnan(normals[4]).all()


def test_each_benchmark_takes_its_folder_of_the_archive_and_its_test_images(archive):
    nyu = plugins.load("datasets", f"dsine_normals:{archive}?benchmark=nyuv2")
    assert nyu.ids == ["test/000000", "test/000008"]
    assert (nyu.describe()["samples"], nyu.describe()["samples_at_hand"]) == (654, 2)
    assert dsine_normals.load(str(archive / "nyuv2"), benchmark="nyuv2").ids == nyu.ids
    assert nyu["test/000008"].info["scene"] == "test"
    assert (nyu["test/000008"].image == 1).all()
    vkitti = dsine_normals.load(str(archive), benchmark="vkitti")
    assert vkitti.ids == ["Scene01/000000"]
    assert vkitti[0].normals.shape == (HEIGHT, WIDTH, 3)
    assert len(dsine_normals.load(str(archive))) == 5


def test_scannet_is_the_same_reader_held_to_its_benchmark(archive):
    data = plugins.load("datasets", f"scannet_normals:{archive}")
    assert isinstance(data, DataSet)
    assert data.ids == ["scene0220_02/000450"]
    about = data.describe()
    assert (about["name"], about["samples"]) == ("scannet_normals", 300)
    same = dsine_normals.load(str(archive / "scannet"), benchmark="scannet")[0]
    np.testing.assert_array_equal(data[0].normals, same.normals)
    assert data[0].info["scene"] == "scene0220_02"
    with pytest.raises(InputError, match="scannet_normals:FOLDER"):
        scannet_normals.load()
    with pytest.raises(DataError, match=r"holds no scene\*/\*_img\.\*: scannet_normals expects"):
        scannet_normals.load(str(archive / "nyuv2"))


def test_codes_of_another_width_than_the_benchmark_has_are_an_error(archive):
    write(archive / "nyuv2" / "test", "000000", bits=16)
    with pytest.raises(DataError, match=r"000000_normal\.png has 16 bits a code, those of nyuv2 have 8"):
        dsine_normals.load(str(archive), benchmark="nyuv2")["test/000000"]


def test_a_few_vectors_off_unit_length_are_normalised_as_the_evaluators_cosine_does(tmp_path):
    write(tmp_path, "x")
    codes = encode(scene_of(0), 8)
    codes[3, 3] = np.round((np.array([0.0, 0.3, 0.4]) + 1) / 2 * 255)
    write_png(tmp_path / "x_normal.png", codes)
    np.testing.assert_allclose(dsine_normals.load(str(tmp_path))[0].normals[3, 3], (0, 0.6, 0.8), atol=0.01)


def test_a_picture_that_holds_no_normals_is_an_error(tmp_path):
    write(tmp_path, "x")
    write_png(tmp_path / "x_normal.png", np.full((HEIGHT, WIDTH, 3), 250, np.uint8))
    with pytest.raises(DataError, match=r"x_normal\.png holds 48 vectors of 48 that are not of length 1"):
        dsine_normals.load(str(tmp_path))[0]


@pytest.mark.parametrize(
    ("name", "change", "error", "message"),
    [
        ("x_normal.png", lambda p: p.unlink(), ImageError, r"x_normal\.png does not exist"),
        (
            "x_normal.png",
            lambda p: p.write_bytes(p.read_bytes()[:70]),
            ImageError,
            r"x_normal\.png is damaged",
        ),
        ("x_normal.png", lambda p: Image.new("L", (8, 6)).save(p), ImageError, "RGB with 8 or 16 bits"),
        (
            "x_normal.png",
            lambda p: write_png(p, encode(scene_of(0), 8)[1:]),
            DataError,
            r"x_normal\.png is 5 x 8 .* x_img\.png is 6 x 8",
        ),
        ("x_img.png", lambda p: p.write_bytes(p.read_bytes()[:60]), ImageError, r"x_img\.png is damaged"),
        ("x_intrins.npy", lambda p: p.unlink(), DataError, r"x_intrins\.npy does not exist"),
        (
            "x_intrins.npy",
            lambda p: p.write_bytes(p.read_bytes()[:-1]),
            DataError,
            r"x_intrins\.npy is damaged",
        ),
        ("x_intrins.npy", lambda p: np.save(p, np.eye(4)), DataError, r"expected floats of shape \(3, 3\)"),
        ("x_intrins.npy", lambda p: np.save(p, np.zeros((3, 3))), DataError, "holds no camera matrix"),
        ("x_intrins.npy", lambda p: np.save(p, np.full((3, 3), np.nan)), DataError, "holds no camera matrix"),
        ("x_intrins.npy", lambda p: np.save(p, np.array([{}] * 9)), DataError, r"x_intrins\.npy"),
    ],
)
def test_damage_is_an_error_that_names_the_file(tmp_path, name, change, error, message):
    write(tmp_path, "x")
    change(tmp_path / name)
    with pytest.raises(error, match=message):
        dsine_normals.load(str(tmp_path))[0]


def test_what_is_not_there_is_said_with_where_to_get_it(tmp_path):
    with pytest.raises(InputError, match="dsine_normals:FOLDER"):
        dsine_normals.load()
    with pytest.raises(
        InputError, match="benchmark of dsine_normals must be one of any, nyuv2, scannet, vkitti"
    ):
        dsine_normals.load(str(tmp_path), benchmark="ibims")
    with pytest.raises(DataError, match=r"no folder .*baegwangbin/DSINE"):
        dsine_normals.load(str(tmp_path / "absent"))
    with pytest.raises(DataError, match=r"holds no \*\*/\*_img\.\*"):
        dsine_normals.load(str(tmp_path))


def test_an_image_in_two_formats_is_ambiguous(tmp_path):
    write(tmp_path, "x")
    write(tmp_path, "x", suffix="jpg")
    with pytest.raises(DataError, match=r"both as \.png and as \.jpg"):
        dsine_normals.load(str(tmp_path))


def test_the_real_normals_are_those_of_the_real_depth():
    """Of the release's example: only in the frame that the reader takes do depth and normals agree."""
    folder = samples_dir()
    if folder is None or not (folder / "tartanair_normals").is_dir():
        pytest.skip("VBANALYSIS_SAMPLES names no folder with tartanair_normals/")
    folder = folder / "tartanair_normals"
    (sample,) = dsine_normals.load(str(folder))
    assert sample.image.shape == (480, 640, 3)
    camera = sample.info["intrinsics"]
    assert camera == Intrinsics(320.0, 320.0, 319.5, 239.5)
    depth_m = np.load(folder / "000000_depth.npy")
    depth_m[depth_m > 1000] = np.nan  # the sky
    derived = normals_from_depth(depth_m, camera, window=3)
    known = np.isfinite(sample.normals).all(axis=-1)
    both = known & np.isfinite(derived).all(axis=-1)
    assert known.mean() == pytest.approx(0.5126, abs=1e-4)
    assert not known[np.isnan(depth_m)].any()
    assert both.sum() > 0.95 * known.sum()

    def median_deg(normals):
        cosine = (normals[both] * derived[both]).sum(axis=-1)
        return np.median(np.degrees(np.arccos(np.clip(cosine, -1, 1))))

    assert median_deg(sample.normals) < 0.35
    for flips in ((-1, 1, 1), (1, -1, 1), (1, 1, -1), (1, -1, -1)):
        assert median_deg(sample.normals * np.array(flips)) > 15
