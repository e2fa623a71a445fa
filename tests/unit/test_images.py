import warnings

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageOps

from vbanalysis.errors import DataError, InputError
from vbanalysis.images import read_photo, read_rgb, write_array, write_png

RGB = np.random.default_rng(0).integers(0, 256, (6, 9, 3), dtype=np.uint8)


@settings(deadline=None, derandomize=True, max_examples=30)
@given(rgb=hnp.arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12), st.just(3))))
def test_a_written_png_reads_back_bit_for_bit(tmp_path_factory, rgb):
    path = tmp_path_factory.mktemp("png") / "x.png"
    write_png(path, rgb)
    np.testing.assert_array_equal(read_rgb(path), rgb)


@pytest.mark.parametrize(
    ("name", "options"),
    [("x.png", {}), ("x.bmp", {}), ("x.tif", {"compression": "tiff_lzw"}), ("x.webp", {"lossless": True})],
)
def test_every_lossless_format_reads_as_stored(tmp_path, name, options):
    Image.fromarray(RGB).save(tmp_path / name, **options)
    np.testing.assert_array_equal(read_rgb(tmp_path / name), RGB)
    np.testing.assert_array_equal(read_photo(str(tmp_path / name)), RGB)


def test_a_jpeg_reads_as_its_decoder_gives_it(tmp_path):
    Image.fromarray(RGB).save(tmp_path / "x.jpg", quality=95, subsampling=0)
    np.testing.assert_array_equal(read_rgb(tmp_path / "x.jpg"), np.asarray(Image.open(tmp_path / "x.jpg")))


def test_grey_is_repeated_over_the_channels(tmp_path):
    Image.fromarray(RGB[..., 0]).save(tmp_path / "grey.png")
    np.testing.assert_array_equal(read_rgb(tmp_path / "grey.png"), np.repeat(RGB[..., :1], 3, axis=-1))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("read", [read_rgb, read_photo])
def test_a_rotation_tag_turns_the_picture_and_changes_no_colour(tmp_path, read, orientation):
    tag = Image.Exif()
    tag[274] = orientation
    Image.fromarray(RGB).save(tmp_path / "x.png", exif=tag)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(tmp_path / "x.png")))
    np.testing.assert_array_equal(read(tmp_path / "x.png"), expected)


def test_what_is_read_may_be_edited_and_is_contiguous(tmp_path):
    write_png(tmp_path / "x.png", RGB)
    pixels = read_rgb(tmp_path / "x.png")
    assert pixels.flags.writeable
    assert pixels.flags.c_contiguous


def test_a_photograph_with_alpha_lies_on_white(tmp_path):
    rgba = np.zeros((1, 3, 4), np.uint8)
    rgba[0, :, 3] = [0, 128, 255]
    Image.fromarray(rgba).save(tmp_path / "x.png")
    assert read_photo(tmp_path / "x.png")[0, :, 0].tolist() == [255, 127, 0]


def test_a_16_bit_grey_photograph_keeps_its_black_and_white(tmp_path):
    tifffile.imwrite(tmp_path / "x.tif", np.array([[0, 257 * 100, 65535]], np.uint16))
    assert read_photo(tmp_path / "x.tif")[0, :, 0].tolist() == [0, 100, 255]


@pytest.mark.parametrize("mode", ["P", "CMYK", "1", "L", "LA"])
def test_a_photograph_in_another_mode_becomes_rgb(tmp_path, mode):
    path = tmp_path / ("x.jpg" if mode == "CMYK" else "x.png")
    Image.new("RGB", (8, 8), "white").convert(mode).save(path)
    np.testing.assert_array_equal(read_photo(path), np.full((8, 8, 3), 255, np.uint8))


def test_a_large_picture_that_is_within_the_limit_gives_no_warning(tmp_path, monkeypatch):
    write_png(tmp_path / "x.png", RGB)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40)  # Pillow warns above it, and refuses above twice that
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_rgb(tmp_path / "x.png").shape == RGB.shape


@pytest.mark.parametrize(
    "rgb",
    [RGB.astype(float), RGB[..., :2], RGB[0], np.zeros((4, 4, 4), np.uint8), np.zeros((0, 4, 3), np.uint8)],
)
def test_only_8_bit_rgb_is_written_as_png(tmp_path, rgb):
    with pytest.raises(InputError, match=r"rgb must be \(H, W, 3\) uint8"):
        write_png(tmp_path / "x.png", rgb)


def test_npy_keeps_every_array_as_it_is(tmp_path):
    labels = np.array([[-1, 70_000]], np.int32)
    write_array(tmp_path / "x.npy", labels)
    back = np.load(tmp_path / "x.npy")
    assert back.dtype == np.int32
    np.testing.assert_array_equal(back, labels)


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 3)])
@pytest.mark.parametrize(
    ("dtype", "stored"),
    [("float64", "float32"), ("float32", "float32"), ("uint16", "uint16"), ("int32", "uint16")],
)
def test_tiff_holds_float32_or_uint16(tmp_path, shape, dtype, stored):
    values = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    write_array(tmp_path / "x.TIFF", values)
    back = tifffile.imread(tmp_path / "x.TIFF")
    assert back.dtype == stored
    np.testing.assert_array_equal(back, values)


def test_tiff_keeps_unknown_and_unbounded_depth(tmp_path):
    depth_m = np.array([[np.nan, np.inf, 1.5]], np.float32)
    write_array(tmp_path / "x.tif", depth_m)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "x.tif"), depth_m)


def test_the_same_array_gives_the_same_bytes(tmp_path):
    for name in ("a.tif", "b.tif", "a.npy", "b.npy"):
        write_array(tmp_path / name, RGB[..., 0].astype(np.float32))
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()
    assert (tmp_path / "a.npy").read_bytes() == (tmp_path / "b.npy").read_bytes()


@pytest.mark.parametrize(
    ("name", "array", "reason"),
    [
        ("x.jpg", np.zeros((2, 2)), r"must end in .npy, .tif or .tiff.* got .jpg"),
        ("x", np.zeros((2, 2)), "no suffix"),
        ("x.tif", np.array([[-1]]), "write .npy, which keeps them"),
        ("x.tif", np.zeros((2, 2, 2, 2)), r"must be \(H, W\) or \(H, W, 3\)"),
        ("x.npy", np.array([None]), "must hold numbers"),
    ],
)
def test_an_array_that_a_format_cannot_hold_is_refused(tmp_path, name, array, reason):
    with pytest.raises(InputError, match=reason):
        write_array(tmp_path / name, array)
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(DataError, match=r"the folder .*none does not exist"):
        write_array(tmp_path / "none" / "x.npy", np.zeros(3))
