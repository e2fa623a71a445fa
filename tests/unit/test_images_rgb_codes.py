"""Three numbers a pixel in 8 or 16 bits; the 16-bit files are written here, byte by byte, as PNG has it."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from vbanalysis.errors import ImageError
from vbanalysis.images import read_rgb_codes

RNG = np.random.default_rng(0)
DEEP = RNG.integers(0, 65536, (7, 9, 3), dtype=np.uint16)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(codes, row_filter=0):
    """A PNG of 16-bit RGB whose rows are all filtered in one of the five ways of the standard."""
    height, width, _ = codes.shape
    rows = codes.astype(">u2").tobytes()
    stride, pixel = 6 * width, 6
    before, lines = bytes(stride), []
    for top in range(height):
        row = rows[top * stride : (top + 1) * stride]
        left = bytes(pixel) + row[:-pixel]
        corner = bytes(pixel) + before[:-pixel]
        guess = [
            (0, a, b, (a + b) // 2, paeth(a, b, c))[row_filter]
            for a, b, c in zip(left, before, corner, strict=True)
        ]
        lines.append(bytes([row_filter]) + bytes((x - g) % 256 for x, g in zip(row, guess, strict=True)))
        before = row
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"".join(lines))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in chunks)


def paeth(a, b, c):
    return min((a, b, c), key=lambda x: abs(a + b - c - x))


@pytest.mark.parametrize("row_filter", range(5))
def test_16_bits_come_back_as_stored_from_every_filter(tmp_path, row_filter):
    path = tmp_path / "normal.png"
    path.write_bytes(png(DEEP, row_filter))
    found = read_rgb_codes(path)
    np.testing.assert_array_equal(found, DEEP, strict=True)


def test_the_ends_of_the_range_and_each_byte_alone_are_kept(tmp_path):
    values = [0, 1, 255, 256, 257, 32767, 32768, 65280, 65534, 65535]
    codes = np.array(values, np.uint16)[None, :, None] + np.zeros(3, np.uint16)
    (tmp_path / "x.png").write_bytes(png(codes))
    assert read_rgb_codes(tmp_path / "x.png")[0, :, 2].tolist() == values


def test_8_bits_come_back_as_stored(tmp_path):
    codes = RNG.integers(0, 256, (5, 6, 3), dtype=np.uint8)
    Image.fromarray(codes).save(tmp_path / "x.png")
    np.testing.assert_array_equal(read_rgb_codes(tmp_path / "x.png"), codes, strict=True)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "I;16", "1"])
def test_other_kinds_are_refused(tmp_path, mode):
    Image.new(mode, (4, 3)).save(tmp_path / "x.png")
    with pytest.raises(
        ImageError, match=r"x\.png is a PNG of mode .*RGB with 8 or 16 bits a channel is expected"
    ):
        read_rgb_codes(tmp_path / "x.png")


def test_damage_is_an_error_wherever_it_is(tmp_path):
    whole = png(DEEP)
    for place in range(8, len(whole), 3):
        for damaged in (whole[:place], whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :]):
            (tmp_path / "x.png").write_bytes(damaged)
            try:
                found = read_rgb_codes(tmp_path / "x.png")
            except ImageError:
                continue
            # What comes after the pixels may be lost without harm.
            np.testing.assert_array_equal(found, DEEP)
            assert place > len(whole) - 16


def test_a_jpeg_and_a_large_claim_are_refused(tmp_path):
    Image.new("RGB", (4, 3)).save(tmp_path / "x.jpg")
    with pytest.raises(ImageError, match="PNG"):
        read_rgb_codes(tmp_path / "x.jpg")
    (tmp_path / "x.png").write_bytes(png(DEEP))
    with pytest.raises(ImageError, match="over the limit of 62"):
        read_rgb_codes(tmp_path / "x.png", max_pixels=62)
