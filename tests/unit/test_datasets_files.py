"""What the readers share: whatever lies in a file, an array or one clear error."""

import io
import struct
import zlib

import numpy as np
import pytest
import scipy.io
from PIL import Image

from vbanalysis.datasets._files import inside, read_depth_png, read_lines, read_npy, read_raw
from vbanalysis.datasets._mat import read_mat
from vbanalysis.datasets._normals import paper_normals
from vbanalysis.errors import DataError, ImageError
from vbanalysis.images import read_labels, read_mask, read_uint16

CODES = np.random.default_rng(0).integers(0, 65536, (7, 9), dtype=np.uint16)


def npy(array, **options):
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


def test_sixteen_bits_are_read_exactly(tmp_path):
    Image.fromarray(CODES).save(tmp_path / "x.png")
    read = read_uint16(tmp_path / "x.png")
    assert read.dtype == np.uint16
    np.testing.assert_array_equal(read, CODES)


def test_zero_is_unknown_and_the_rest_is_metres(tmp_path):
    Image.fromarray(np.array([[0, 1, 256, 65535]], np.uint16)).save(tmp_path / "x.png")
    depth_m = read_depth_png(tmp_path / "x.png", 256)
    assert depth_m.dtype == np.float32
    assert depth_m[0, 1:].tolist() == [1 / 256, 1.0, 255.99609375]
    assert np.isnan(depth_m[0, 0])


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "1", "I;16"])
def test_a_picture_of_depth_is_no_depth(tmp_path, mode):
    Image.new(mode, (4, 3)).save(tmp_path / "x.png")
    if mode == "I;16":
        assert read_uint16(tmp_path / "x.png").shape == (3, 4)
        return
    with pytest.raises(ImageError, match=r"x\.png is a PNG of mode .*16-bit grey is expected"):
        read_uint16(tmp_path / "x.png")


def test_labels_are_the_numbers_of_grey_and_of_palettes(tmp_path):
    labels = np.array([[0, 1], [7, 255]], np.uint8)
    Image.fromarray(labels).save(tmp_path / "grey.png")
    palette = Image.fromarray(labels).convert("P")
    palette.putdata(labels.ravel().tolist())
    palette.putpalette(list(range(255, -1, -1)) * 3)
    palette.save(tmp_path / "palette.png")
    Image.fromarray(labels.astype(np.uint16) * 100).save(tmp_path / "wide.png")
    np.testing.assert_array_equal(read_labels(tmp_path / "grey.png"), labels)
    np.testing.assert_array_equal(read_labels(tmp_path / "palette.png"), labels)
    np.testing.assert_array_equal(read_labels(tmp_path / "wide.png"), labels.astype(int) * 100)
    Image.new("RGB", (2, 2)).save(tmp_path / "colours.png")
    with pytest.raises(ImageError, match="a PNG of labels"):
        read_labels(tmp_path / "colours.png")


def test_a_mask_is_where_the_file_does_not_hold_zero(tmp_path):
    inside_it = np.array([[True, False, True]])
    Image.fromarray(inside_it).save(tmp_path / "bit.png")
    Image.fromarray(inside_it.astype(np.uint8)).save(tmp_path / "byte.png")
    Image.fromarray(inside_it.astype(np.uint8) * 255).save(tmp_path / "white.png")
    for name in ("bit", "byte", "white"):
        mask = read_mask(tmp_path / f"{name}.png")
        assert mask.dtype == bool
        np.testing.assert_array_equal(mask, inside_it)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8"])
def test_a_saved_array_comes_back_in_the_machines_order(tmp_path, dtype, order):
    array = np.arange(12.0).reshape(3, 4).astype(dtype, order=order)
    (tmp_path / "x.npy").write_bytes(npy(array))
    read = read_npy(tmp_path / "x.npy", "f", (None, None))
    np.testing.assert_array_equal(read, array)
    assert read.dtype.isnative
    assert read.flags.c_contiguous
    assert read.flags.writeable


GOOD = npy(np.zeros((3, 4), np.float32))
HUGE = GOOD.replace(b"(3, 4)", b"(9999999, 9999999)").replace(b" " * 12, b"", 1)
BAD = {
    "empty": b"",
    "text": b"depth",
    "truncated header": GOOD[:40],
    "truncated array": GOOD[:-1],
    "more than the array": GOOD + b"\0",
    "a pickle": npy(np.array([{"a": 1}], object)),
    "an archive": b"PK\x03\x04" + bytes(40),
    "a size that is not there": HUGE,
    "code for a header": b"\x93NUMPY\x01\x00\x76\x00" + b"__import__('os').abort()".ljust(117) + b"\n",
}


@pytest.mark.parametrize("kind", BAD)
def test_bytes_that_are_no_array_are_one_error(tmp_path, kind):
    (tmp_path / "x.npy").write_bytes(BAD[kind])
    with pytest.raises(DataError, match=r"x\.npy") as caught:
        read_npy(tmp_path / "x.npy", "f", (None, None))
    assert "\n" not in str(caught.value)


def test_another_kind_or_shape_or_too_much_is_refused(tmp_path):
    (tmp_path / "x.npy").write_bytes(GOOD)
    with pytest.raises(DataError, match=r"float32 of shape \(3, 4\), expected integers"):
        read_npy(tmp_path / "x.npy", "iu")
    with pytest.raises(DataError, match=r"expected floats of shape \(any, any, 3\) or \(3,\)"):
        read_npy(tmp_path / "x.npy", "f", (None, None, 3), (3,))
    with pytest.raises(DataError, match="12 elements, over the limit of 11"):
        read_npy(tmp_path / "x.npy", "f", largest=11)
    with pytest.raises(DataError, match="does not exist"):
        read_npy(tmp_path / "y.npy", "f")
    with pytest.raises(DataError, match="no regular file"):
        read_npy(tmp_path, "f")


def test_a_file_without_header_must_have_its_very_length(tmp_path):
    numbers = np.array([[1.5, np.inf, -2.0]], ">f4")
    (tmp_path / "x").write_bytes(numbers.tobytes())
    read = read_raw(tmp_path / "x", ">f4", (1, 3))
    np.testing.assert_array_equal(read, numbers)
    assert read.dtype.isnative
    for shape in ((1, 2), (2, 3)):
        with pytest.raises(DataError, match="12 bytes, expected"):
            read_raw(tmp_path / "x", ">f4", shape)


def test_lists_are_lines_of_text_that_stay_inside_their_folder(tmp_path):
    path = tmp_path / "list.txt"
    path.write_bytes("\ufeffa/b.png c\r\n\r\n  d  \n".encode())
    assert read_lines(path) == ["a/b.png c", "d"]
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="damaged"):
        read_lines(path)
    assert inside(tmp_path, "a/b.png", path) == tmp_path / "a/b.png"
    for name in ("/etc/passwd", "../x", "a/../../x", "a\0b"):
        with pytest.raises(DataError, match="leads out of"):
            inside(tmp_path, name, path)


@pytest.mark.parametrize("packed", [False, True])
def test_a_mat_gives_what_is_asked_for_by_name(tmp_path, packed):
    path = tmp_path / "x.mat"
    scipy.io.savemat(path, {"a": CODES, "b": {"depth": CODES}}, do_compression=packed)
    np.testing.assert_array_equal(read_mat(path, "a")["a"], CODES)
    np.testing.assert_array_equal(read_mat(path, "b")["b"]["depth"], CODES)
    with pytest.raises(DataError, match="no variable 'c'"):
        read_mat(path, "c")
    whole = path.read_bytes()
    for kept in (0, 60, 130, 140, len(whole) - 50, len(whole) - 1):
        path.write_bytes(whole[:kept])
        with pytest.raises(DataError, match=r"x\.mat"):
            read_mat(path, "a")


def test_a_mat_that_inflates_beyond_measure_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("vbanalysis.datasets._mat._LARGEST", 1 << 20)
    packed = zlib.compress(bytes(1 << 21))
    head = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"
    (tmp_path / "x.mat").write_bytes(head + struct.pack("<II", 15, len(packed)) + packed)
    with pytest.raises(DataError, match="inflates to more than"):
        read_mat(tmp_path / "x.mat", "a")


def test_normals_come_to_the_papers_frame_with_the_unknown_marked(tmp_path):
    vectors = np.array([[[0.6, 0.8, 0], [0, 0, -1.001], [0, 0, 0], [np.nan, 0, 1]]], np.float32)
    normals = paper_normals(tmp_path, vectors, "opencv")
    assert normals.dtype == np.float32
    np.testing.assert_allclose(normals[0, :2], [[0.6, -0.8, 0], [0, 0, 1]], atol=1e-6)
    assert np.isnan(normals[0, 2:]).all()
    with pytest.raises(DataError, match="1 vectors that are neither of length 1 nor zero"):
        paper_normals(tmp_path, vectors * [[[2], [1], [1], [1]]], "opencv")
    with pytest.raises(DataError, match="neither of length 1"):
        paper_normals(tmp_path, np.full((1, 1, 3), np.inf), "paper")


def test_a_mat_of_a_machine_with_the_other_byte_order_reads_the_same(tmp_path):
    """Doubles that MATLAB shortened to bytes, a name short enough for its tag, all in big endian."""

    def element(kind, data):
        return struct.pack(">II", kind, len(data)) + data + bytes(-len(data) % 8)

    parts = (
        element(6, struct.pack(">II", 6, 0))
        + element(5, struct.pack(">ii", 2, 3))
        + struct.pack(">HH4s", 1, 1, b"a")
        + element(2, bytes([1, 2, 3, 4, 5, 6]))
    )
    head = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x01\x00MI"
    (tmp_path / "x.mat").write_bytes(head + element(14, parts))
    found = read_mat(tmp_path / "x.mat", "a")["a"]
    assert found.dtype == np.float64
    assert found.tolist() == [[1, 3, 5], [2, 4, 6]]
