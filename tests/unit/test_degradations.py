from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from vbanalysis.codecs.degradations import Drift, Jpeg, Noise, Resize, Rounding, WebP, chain
from vbanalysis.errors import InputError

BYTES = [Rounding(), Rounding(5), Rounding(truncate=True), Jpeg(), Jpeg(50, "4:4:4"), WebP(60)]
KEEPING = [
    Resize(),
    Resize(2, "bicubic"),
    Noise(5),
    Drift(gain=0.9),
    Drift(offset=-9, gamma=1.2, saturation=0.5),
]
ALL = [*BYTES, *KEEPING, chain(Noise(3), Jpeg(80))]


def picture(dtype: str = "uint8", shape: tuple[int, int] = (37, 53)) -> np.ndarray:
    """Ramps, stripes and a disc, so that there is something to lose."""
    ys, xs = np.mgrid[: shape[0], : shape[1]] / max(shape)
    rgb = np.dstack([xs, ys, (np.sin(40 * xs) > 0) * 0.8])
    rgb[(xs - 0.4) ** 2 + (ys - 0.3) ** 2 < 0.03] = (1, 0.1, 0)
    top = {"uint8": 255, "uint16": 65535}.get(dtype)
    return np.rint(rgb * top).astype(dtype) if top else rgb.astype(dtype)


@pytest.mark.parametrize("degradation", ALL, ids=str)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(37, 53), (1, 1), (1, 9)])
def test_shape_and_dtype_are_as_promised_and_the_input_is_left_alone(degradation, dtype, shape):
    rgb = picture(dtype, shape)
    before = rgb.copy()
    found = degradation(rgb)
    assert found.shape == rgb.shape
    assert found.dtype == (dtype if degradation in KEEPING else "uint8")
    if found.dtype.kind == "f":
        assert 0 <= found.min() <= found.max() <= 1
    np.testing.assert_array_equal(rgb, before)
    np.testing.assert_array_equal(degradation(rgb), found)
    found[...] = 0  # the caller's to change


@settings(deadline=None, derandomize=True)
@given(st.integers(1, 8), st.booleans(), st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_rounding_keeps_the_nearest_level_and_truncation_the_one_below(bits, truncate, colour):
    top = 2**bits - 1
    rgb = np.array(colour).reshape(1, 1, 3)
    levels = np.rint(Rounding(bits, truncate)(rgb) / 255 * top)
    if truncate:
        assert (levels <= rgb * top + 1e-6).all()
        assert (levels > rgb * top - 1 - 1e-6).all()
    else:
        assert (np.abs(levels - rgb * top) <= 0.5 + 1e-9).all()
        stored = np.rint(levels / top * 255)
        np.testing.assert_array_equal(Rounding(bits)(stored / 255), stored)


def test_eight_bits_are_kept_as_they_are():
    every = np.arange(256, dtype=np.uint8)[:, None, None].repeat(3, -1)
    for degradation in (Rounding(), Rounding(truncate=True)):
        for rgb in (every, every / 255, (every / 255).astype(np.float32), every.astype(np.uint16) * 257):
            np.testing.assert_array_equal(degradation(rgb), every)


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("quality", [30, 90])
def test_jpeg_is_that_of_a_jpeg_file(tmp_path, quality, subsampling):
    Image.fromarray(picture()).save(tmp_path / "a.jpg", quality=quality, subsampling=subsampling)
    wanted = np.asarray(Image.open(tmp_path / "a.jpg"))
    np.testing.assert_array_equal(Jpeg(quality, subsampling)(picture()), wanted)
    np.testing.assert_array_equal(Jpeg(quality, subsampling)(picture() / 255), wanted)


def test_less_quality_and_less_chroma_cost_more():
    def loss(degradation):
        return np.abs(degradation(picture()).astype(int) - picture()).mean()

    assert (
        loss(Jpeg(95, "4:4:4")) < loss(Jpeg(95, "4:2:2")) < loss(Jpeg(95, "4:2:0")) < loss(Jpeg(30, "4:2:0"))
    )
    assert 0 < loss(WebP(95)) < loss(WebP(20))


def test_webp_is_lossy_webp():
    stored = io.BytesIO()
    Image.fromarray(picture()).save(stored, "WEBP", quality=70, method=4, lossless=False)
    assert np.abs(WebP(70)(picture()).astype(int) - np.asarray(Image.open(stored))).max() == 0


def test_nearest_resizing_by_a_whole_number_repeats_pixels():
    np.testing.assert_array_equal(Resize(3, "nearest")(picture()), picture())
    even = picture(shape=(36, 52))
    half = Resize(0.5, "nearest")(even)
    np.testing.assert_array_equal(half, half[::2, ::2].repeat(2, 0).repeat(2, 1))


def test_bilinear_resizing_is_a_weighted_mean():
    edge = np.zeros((8, 8, 3))
    edge[:, 4:] = 1
    doubled = Resize(2)(edge)
    # There and back: 1/4 and 3/4 on the fine grid, then a tent of 4 fine pixels.
    np.testing.assert_allclose(doubled[4, 2:6, 0], [0, 0.125, 0.875, 1], atol=0.07)
    assert Resize(0.5)(edge)[4, 3, 0] > 0.1
    flat = np.full((9, 7, 3), 0.3)
    for resample in ("nearest", "bilinear", "bicubic", "lanczos"):
        np.testing.assert_allclose(Resize(0.6, resample)(flat), 0.3, atol=1e-6)


def test_resizing_to_less_than_a_pixel_leaves_one():
    found = Resize(1e-9)(picture("float64"))
    np.testing.assert_allclose(found, np.broadcast_to(found[0, 0], found.shape), atol=1e-6)


def test_noise_has_its_sigma_and_depends_on_its_seed_alone():
    grey = np.full((200, 300, 3), 0.5)
    found = (Noise(10, seed=1)(grey) - 0.5) * 255
    assert found.std() == pytest.approx(10, rel=0.01)
    assert abs(found.mean()) < 0.1
    expected = np.random.default_rng(1).normal(0, 10 / 255, grey.shape)
    np.testing.assert_allclose(found / 255, expected, atol=1e-12)
    assert not np.array_equal(Noise(10, seed=2)(grey), Noise(10, seed=1)(grey))
    np.testing.assert_array_equal(Noise(0)(picture()), picture())


@settings(deadline=None, derandomize=True)
@given(
    st.floats(0, 2),
    st.floats(-50, 50),
    st.floats(0.2, 4),
    st.floats(0, 2),
    st.tuples(*[st.integers(0, 255)] * 3),
)
def test_drift_is_its_formula(gain, offset, gamma, saturation, colour):
    r, g, b = (v / 255 for v in colour)
    luma = 0.299 * r + 0.587 * g + 0.114 * b
    wanted = [
        min(max(gain * (luma + saturation * (v - luma)) + offset / 255, 0), 1) ** gamma for v in (r, g, b)
    ]
    found = Drift(gain, offset, gamma, saturation)(np.array([[colour]]) / 255)
    np.testing.assert_allclose(found[0, 0], wanted, atol=1e-12)


def test_no_drift_changes_nothing():
    np.testing.assert_array_equal(Drift()(picture()), picture())
    np.testing.assert_array_equal(Drift(gain=1e308, saturation=1e308)(np.ones((1, 1, 3))), np.ones((1, 1, 3)))


def test_a_chain_applies_its_links_in_order():
    one, two = Drift(gain=0.5), Rounding(2)
    np.testing.assert_array_equal(chain(one, two)(picture()), two(one(picture())))
    assert not np.array_equal(chain(one, two)(picture()), chain(two, one)(picture()))
    np.testing.assert_array_equal(chain()(picture()), picture())
    assert chain(one, two) == chain(one, two)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Rounding(0), "bits must be an integer from 1 to 8"),
        (lambda: Rounding(9), "bits must be"),
        (lambda: Rounding(7.5), "bits must be"),
        (lambda: Jpeg(0), "quality must be an integer from 1 to 100"),
        (lambda: Jpeg(101), "quality must be"),
        (lambda: Jpeg(90.0), "quality must be"),
        (lambda: Jpeg(90, "4:1:1"), "subsampling must be '4:4:4', '4:2:2' or '4:2:0', got '4:1:1'"),
        (lambda: WebP(-1), "quality must be"),
        (lambda: Resize(0), "scale must be a number above 0, at most 16"),
        (lambda: Resize(np.nan), "scale must be"),
        (lambda: Resize(1e6), "scale must be"),
        (lambda: Resize("x"), "scale must be a number above 0, at most 16, got 'x'"),
        (lambda: Rounding(True), "bits must be"),
        (lambda: Resize(0.5, "area"), "resample must be nearest"),
        (lambda: Noise(-1), r"sigma must be a finite number of at least 0 \(in /255\), got -1"),
        (lambda: Noise("x"), "sigma must be.*got 'x'"),
        (lambda: Noise(np.inf), "sigma must be"),
        (lambda: Noise(1, seed=-1), "seed must be an integer of at least 0"),
        (lambda: Drift(gain=-1), "gain must be a finite number of at least 0"),
        (lambda: Drift("a"), "gain must be a finite number.*got 'a'"),
        (lambda: Drift(saturation=-1), "saturation must be"),
        (lambda: Drift(gamma=0), "gamma must be a finite number above 0"),
        (lambda: Drift(offset=np.nan), "offset must be a finite number"),
    ],
)
def test_settings_that_cannot_work_are_errors_that_say_why(make, message):
    with pytest.raises(InputError, match=message):
        make()


@pytest.mark.parametrize("degradation", ALL, ids=str)
def test_what_is_no_picture_is_an_error(degradation):
    for rgb in (
        np.zeros((3, 3)),
        np.zeros((2, 3, 3, 3), np.uint8),
        np.zeros((0, 3, 3)),
        torch.zeros((3, 3, 3)),
    ):
        with pytest.raises(InputError, match="rgb must"):
            degradation(rgb)
    holes = picture("float64")
    holes[3, 4] = np.nan
    with pytest.raises(InputError, match="holds 1 NaN pixels"):
        degradation(holes)


def test_a_picture_too_large_for_its_format_is_an_error():
    with pytest.raises(InputError, match="20000 x 1 pixels cannot be stored as WEBP"):
        WebP()(np.zeros((1, 20000, 3), np.uint8))
