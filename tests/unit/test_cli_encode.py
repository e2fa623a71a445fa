import numpy as np
import pytest
import tifffile
from PIL import Image

from vbanalysis.codecs import DepthCodec
from vbanalysis.images import read_rgb, write_array

METRES = np.geomspace(0.3, 60, 64 * 80).reshape(64, 80).astype(np.float32)
METRES[:6] = np.inf
METRES[6:9] = np.nan


@pytest.fixture
def there_and_back(vbanalysis, tmp_path):
    """Encode an array file, decode the picture, and return what came back."""

    def run(kind, array, encode=(), decode=(), decoder=None):
        code, _, err = vbanalysis("encode", kind, array, "-o", tmp_path / "code.png", *encode)
        assert (code, err) == (0, "")
        words = ("decode", decoder or kind, tmp_path / "code.png", *decode, "-o", tmp_path / "back.npy")
        code, _, err = vbanalysis(*words)
        assert code == 0, err
        return np.load(tmp_path / "back.npy")

    return run


@pytest.mark.parametrize("suffix", [".npy", ".tif"])
def test_metres_come_back_with_sky_and_gaps(there_and_back, tmp_path, suffix):
    write_array(tmp_path / f"depth{suffix}", METRES)
    back = there_and_back("depth", tmp_path / f"depth{suffix}")
    np.testing.assert_array_equal(np.isnan(back), np.isnan(METRES))
    np.testing.assert_array_equal(np.isinf(back), np.isinf(METRES))
    np.testing.assert_allclose(back, METRES, rtol=0.02)


@pytest.mark.parametrize(
    "settings",
    [
        ("--walk", "KGCBMRYW"),
        ("--lam", "-4", "--c", "2"),
        ("--colormap", "viridis"),
        ("--prompt", "A depth map in the inferno colormap."),
    ],
)
def test_the_same_settings_read_back_what_they_painted(there_and_back, tmp_path, settings):
    metres = np.geomspace(0.5, 20, 64 * 64).reshape(64, 64)
    np.save(tmp_path / "d.npy", metres)
    back = there_and_back("depth", tmp_path / "d.npy", settings, settings)
    np.testing.assert_allclose(back, metres, rtol=0.03)


def test_integers_are_metres_by_their_scale_and_0_is_unknown(there_and_back, refused, tmp_path):
    millimetres = np.arange(500, 500 + 40 * 50, dtype=np.uint16).reshape(40, 50)
    millimetres[:4] = 0
    Image.fromarray(millimetres).save(tmp_path / "tum.png")
    back = there_and_back("depth", tmp_path / "tum.png", ("--scale", "0.001"), ("--walk", "KRYGCBMW"))
    assert np.isnan(back[:4]).all()
    np.testing.assert_allclose(back[4:], millimetres[4:] / 1000, rtol=0.01)
    assert "--scale" in refused("encode", "depth", tmp_path / "tum.png", "-o", tmp_path / "o.png")


def test_a_16_bit_tiff_is_read_like_a_png(there_and_back, tmp_path):
    units = np.arange(256, 256 + 40 * 50, dtype=np.uint16).reshape(40, 50)
    tifffile.imwrite(tmp_path / "kitti.tif", units)
    back = there_and_back("depth", tmp_path / "kitti.tif", ("--scale", "0.00390625"))
    np.testing.assert_allclose(back, units / 256, rtol=0.01)


@pytest.mark.parametrize("convention", ["paper", "opencv", "dsine"])
def test_normals_come_back_in_the_frame_that_they_came_in(there_and_back, tmp_path, convention):
    vectors = np.random.default_rng(0).normal(size=(24, 30, 3))
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    vectors[:2] = np.nan
    vectors[2] = 0
    np.save(tmp_path / "n.npy", vectors)
    paint = ("--convention", convention)
    back = there_and_back(
        "normals", tmp_path / "n.npy", (*paint, "--from", "diode"), (*paint, "--to", "diode")
    )
    assert np.isnan(back[:3]).all()
    np.testing.assert_allclose(back[3:], vectors[3:], atol=0.02)


CLASSES = ("--class", "cat=red", "--class", "dog=#0000ff")


@pytest.mark.parametrize("suffix", [".npy", ".tif"])
def test_classes_come_back_with_what_is_unnamed(there_and_back, vbanalysis, tmp_path, suffix):
    labels = np.random.default_rng(0).integers(-1, 2, (20, 30), dtype=np.int32)
    stored = labels if suffix == ".npy" else np.where(labels < 0, 65535, labels)
    write_array(tmp_path / f"l{suffix}", stored)
    back = there_and_back("labels", tmp_path / f"l{suffix}", CLASSES, CLASSES, decoder="semantic")
    np.testing.assert_array_equal(back, labels)
    # What decode writes in 16 bits is what encode reads.
    vbanalysis("decode", "semantic", tmp_path / "code.png", *CLASSES, "-o", tmp_path / "again.tif")
    np.testing.assert_array_equal(
        there_and_back("labels", tmp_path / "again.tif", CLASSES, CLASSES, decoder="semantic"), labels
    )


def test_instances_come_back_without_a_prompt(there_and_back, tmp_path):
    labels = np.zeros((40, 60), np.int32)
    labels[4:20, 5:25] = 1
    labels[22:38, 30:55] = 2
    np.save(tmp_path / "i.npy", labels)
    back = there_and_back("labels", tmp_path / "i.npy", decoder="instances")
    np.testing.assert_array_equal(back, labels)
    white = ("--background", "white")
    back = there_and_back("labels", tmp_path / "i.npy", white, white, decoder="instances")
    np.testing.assert_array_equal(back, labels)


def test_it_says_what_was_painted_and_what_rounding_costs(vbanalysis, tmp_path):
    np.save(tmp_path / "d.npy", METRES)
    _, out, _ = vbanalysis("encode", "depth", tmp_path / "d.npy", "-o", tmp_path / "o.png")
    assert "80 x 64, depth along KRYGCBMW" in out
    assert "rounding" in out
    assert "infinite 9.38%" in out
    np.testing.assert_array_equal(read_rgb(tmp_path / "o.png"), DepthCodec().encode(METRES))


def npy_that_claims(shape):
    header = repr({"descr": "<f4", "fortran_order": False, "shape": shape}).encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(64)


FILES = {
    "objects.npy": (lambda path: np.save(path, np.array([{}]), allow_pickle=True), "objects.npy"),
    "claims.npy": (lambda path: path.write_bytes(npy_that_claims((10**6, 10**6))), "claims.npy"),
    "text.npy": (lambda path: path.write_text("no array"), "damaged"),
    "empty.npy": (lambda path: path.write_bytes(b""), "damaged"),
    "flags.npy": (lambda path: np.save(path, np.zeros((4, 4), bool)), "bool"),
    "flat.npy": (lambda path: np.save(path, np.zeros(16)), "(H, W)"),
    "negative.npy": (lambda path: np.save(path, np.full((4, 4), -1.0)), "negative"),
    "text.tif": (lambda path: path.write_text("no array"), "damaged"),
    "pages.tif": (
        lambda path: tifffile.imwrite(path, np.zeros((3, 8, 8)), photometric="minisblack"),
        "3 images",
    ),
    "text.png": (lambda path: path.write_text("no array"), "damaged"),
    "colour.png": (lambda path: Image.new("RGB", (8, 8)).save(path), "one channel"),
    "palette.png": (lambda path: Image.new("P", (8, 8)).save(path), "one channel"),
    "metres.npz": (lambda path: np.savez(path, np.zeros((4, 4))), "no array file"),
    "gone.npy": (lambda path: None, "does not exist"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_holds_no_depth_is_one_line(refused, tmp_path, name):
    make, reason = FILES[name]
    make(tmp_path / name)
    assert reason in refused("encode", "depth", tmp_path / name, "-o", tmp_path / "o.png")
    assert not (tmp_path / "o.png").exists()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("depth", "d.npy", "-o", "o.jpg"), ".png"),
        (("depth", "d.npy", "-o", "nowhere/o.png"), "does not exist"),
        (("depth", "d.npy", "-o", "o.png", "--scale", "0.001"), "--scale"),
        (("depth", "d.npy", "-o", "o.png", "--vmin", "1"), "--colormap"),
        (("depth", "d.npy", "-o", "o.png", "--walk", "KRYGCBMW", "--colormap", "gray"), "--walk"),
        (("depth", "d.npy", "-o", "o.png", "--colormap", "gray", "--vmin", "1", "--vmax", "2"), "outside"),
        (("normals", "d.npy", "-o", "o.png"), "(H, W, 3)"),
        (("normals", "long.npy", "-o", "o.png"), "length 1"),
        (("labels", "d.npy", "-o", "o.png"), "integers"),
        (("labels", "l.npy", "-o", "o.png", "--class", "cat=red"), "cat"),
        (("labels", "l.npy", "-o", "o.png", "--prompt", "Generate a metric depth map."), "class"),
    ],
)
def test_what_cannot_be_painted_is_one_line(refused, tmp_path, monkeypatch, words, reason):
    monkeypatch.chdir(tmp_path)
    np.save("d.npy", np.nan_to_num(METRES, posinf=100, nan=1))
    np.save("long.npy", np.full((4, 4, 3), 2.0))
    np.save("l.npy", np.full((4, 4), 7))
    assert reason in refused("encode", *words)
