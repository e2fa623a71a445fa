"""Whatever bytes come: an array, or one clear line."""

import io
import os
import struct
import warnings
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from vbanalysis.errors import ImageError
from vbanalysis.images import read_photo, read_rgb

READERS = [read_rgb, read_photo]
SMOOTH = np.stack(np.meshgrid(np.arange(48), np.arange(32)), axis=-1)
NOISE = np.random.default_rng(0).integers(0, 4, (32, 48, 3))
PICTURE = Image.fromarray((np.dstack([SMOOTH * 5, SMOOTH.sum(axis=-1)]) + NOISE).astype(np.uint8))


def png(width: int, height: int, bits: int, kind: int, rows: bytes = b"") -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(*part) for part in [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    )


def saved(image: Image.Image, form: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def one_line(path, read, *words: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ImageError) as caught:
            read(path)
    message = str(caught.value)
    assert "\n" not in message
    assert path.name in message
    for word in words:
        assert word in message, message


COLOURS_CHANGED = {
    "palette": (saved(PICTURE.convert("P"), "PNG"), "a palette image"),
    "palette of two": (saved(PICTURE.convert("1").convert("P"), "PNG", bits=1), "a palette image"),
    "cmyk": (saved(PICTURE.convert("CMYK"), "JPEG"), "a CMYK image"),
    "alpha": (saved(PICTURE.convert("RGBA"), "PNG"), "an alpha channel"),
    "grey with alpha": (saved(PICTURE.convert("LA"), "PNG"), "an alpha channel"),
    "transparent colour": (saved(PICTURE, "PNG", transparency=(0, 0, 0)), "a transparent colour"),
    "webp with alpha": (saved(PICTURE.convert("RGBA").rotate(20), "WEBP"), "an alpha channel"),
    "16-bit rgb": (png(4, 4, 16, 2, (b"\0" + bytes(24)) * 4), "16 bits a channel"),
    "16-bit grey": (png(4, 4, 16, 0, (b"\0" + bytes(8)) * 4), "16 bits a channel"),
    "4-bit grey": (png(4, 4, 4, 0, (b"\0" + bytes(2)) * 4), "4 bits a channel"),
    "1-bit grey": (png(8, 4, 1, 0, (b"\0" + bytes(1)) * 4), "of 1 bit"),
}


@pytest.mark.parametrize("kind", COLOURS_CHANGED)
def test_a_file_whose_colours_would_be_changed_is_refused_with_the_way_to_convert_it(tmp_path, kind):
    data, reason = COLOURS_CHANGED[kind]
    path = tmp_path / "in.png"
    path.write_bytes(data)
    one_line(path, read_rgb, reason, "convert it", "magick")
    assert read_photo(path).dtype == np.uint8


def test_a_16_bit_tiff_is_not_cut_to_8_silently(tmp_path):
    tifffile.imwrite(tmp_path / "x.tif", np.zeros((4, 4, 3), np.uint16), photometric="rgb")
    one_line(tmp_path / "x.tif", read_rgb, "16 bits a channel")


def test_floats_are_no_picture(tmp_path):
    tifffile.imwrite(tmp_path / "x.tif", np.zeros((4, 4), np.float32))
    one_line(tmp_path / "x.tif", read_rgb, "floating-point")
    one_line(tmp_path / "x.tif", read_photo, "floating-point")


@pytest.mark.parametrize("form", ["TIFF", "WEBP", "PNG"])
def test_of_several_frames_none_is_chosen_silently(tmp_path, form):
    path = tmp_path / "x"
    path.write_bytes(saved(PICTURE, form, save_all=True, append_images=[PICTURE.rotate(90)]))
    one_line(path, read_rgb, "holds 2 frames")


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    ("width", "height"), [(100_000, 100_000), (2**31 - 1, 2**31 - 1), (10_001, 10_000), (13_000, 13_000)]
)
def test_a_decompression_bomb_is_seen_in_its_header(tmp_path, read, width, height):
    path = tmp_path / "bomb.png"
    path.write_bytes(png(width, height, 8, 2))
    one_line(path, read, "claims", "100,000,000")


def test_the_limit_is_the_callers_to_set(tmp_path):
    (tmp_path / "x.png").write_bytes(saved(PICTURE, "PNG"))
    assert read_rgb(tmp_path / "x.png", max_pixels=48 * 32).shape == (32, 48, 3)
    with pytest.raises(ImageError, match=r"48 x 32 pixels, over the limit of 1,535"):
        read_rgb(tmp_path / "x.png", max_pixels=48 * 32 - 1)


@pytest.mark.parametrize("read", READERS)
def test_what_is_not_an_image_file_is_told_apart(tmp_path, read):
    one_line(tmp_path / "none.png", read, "does not exist")
    one_line(tmp_path, read, "is a folder")
    for name, data, reason in [
        ("empty.png", b"", "is empty"),
        ("page.png", b"<html>404</html>", "not an image"),
        ("zeros.png", bytes(1000), "not an image"),
    ]:
        (tmp_path / name).write_bytes(data)
        one_line(tmp_path / name, read, reason)
    with pytest.raises(ImageError, match="cannot be opened"):
        read("nul\0byte.png")
    with pytest.raises(ImageError, match="cannot be opened"):
        read("x" * 5000)
    with pytest.raises(ImageError, match=r"'line\\nbreak.png' does not exist"):
        read("line\nbreak.png")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.timeout(20)
def test_a_pipe_does_not_hang_the_reader(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    one_line(tmp_path / "pipe.png", read_rgb, "no regular file")


def test_a_file_that_may_not_be_read_says_so(tmp_path, monkeypatch):
    path = tmp_path / "secret.png"
    path.write_bytes(saved(PICTURE, "PNG"))
    path.chmod(0)
    if os.access(path, os.R_OK):  # root may read everything

        def refuse(*_, **__):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(type(path), "open", refuse)
    one_line(path, read_rgb, "may not be read")


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_a_truncated_file_is_no_picture(tmp_path, read, form):
    data = saved(PICTURE, form)
    path = tmp_path / "x"
    for length in (1, 20, len(data) // 2, len(data) * 9 // 10):
        path.write_bytes(data[:length])
        one_line(path, read)


def test_a_flipped_bit_anywhere_in_a_png_is_found(tmp_path):
    data = saved(PICTURE, "PNG")
    path = tmp_path / "x.png"
    for position in range(len(data) - 12):  # the last 12 bytes only mark the end
        path.write_bytes(data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :])
        one_line(path, read_rgb)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF", "JPEG2000", "AVIF"])
def test_damaged_bytes_end_in_an_array_or_in_an_image_error(tmp_path, form, capfd):
    rng = np.random.default_rng(sum(form.encode()))
    tag = Image.Exif()
    tag[274] = 6
    options = {"exif": tag} if form in ("PNG", "JPEG", "TIFF", "WEBP") else {}
    if form == "TIFF":
        options["compression"] = "tiff_lzw"
    data = saved(PICTURE, form, **options)
    path = tmp_path / "x"
    messages = []
    for _ in range(150):
        damaged = bytearray(
            data[: rng.integers(len(data) // 4, len(data) + 1)] if rng.random() < 0.3 else data
        )
        for position in rng.integers(0, len(damaged), rng.integers(1, 8)):
            # Headers are where decoders trip, so half of the damage falls there.
            position = position if rng.random() < 0.5 else position % 64
            damaged[position] = rng.integers(256)
        path.write_bytes(damaged)
        for read in READERS:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                try:
                    pixels = read(path, max_pixels=4_000_000)
                except ImageError as error:
                    messages.append(str(error))
                else:
                    assert pixels.dtype == np.uint8
                    assert pixels.ndim == 3
                    assert pixels.shape[-1] == 3
    assert messages
    assert not [message for message in messages if "\n" in message]
    assert capfd.readouterr().err == ""
