from __future__ import annotations

import contextlib
import itertools
import warnings

import matplotlib
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vbanalysis.codecs import ColormapCodec, PowerCurve
from vbanalysis.errors import InputError

NAMED = ["viridis", "plasma", "inferno", "gray"]
OTHERS = ["magma", "turbo", "coolwarm", "Spectral", "cividis", "viridis_r", "gray_r"]
DTYPES = ["uint8", "uint16", "float32", "float64"]


@pytest.mark.parametrize("name", NAMED + OTHERS)
def test_depth_comes_back_on_both_scales(name):
    for codec, depth in (
        (ColormapCodec(name, vmin=0.5, vmax=10), np.linspace(0.5, 10, 2001)),
        (ColormapCodec(name), np.geomspace(0.1, 100, 2001)),
        (ColormapCodec(name, curve=PowerCurve(-2, 5)), np.geomspace(0.1, 100, 2001)),
    ):
        for dtype, tolerance in (("float64", 1e-9), ("float32", 1e-4), ("uint16", 2e-4), ("uint8", 0.012)):
            result = codec.decode(codec.encode(depth, dtype))
            found = result.depth_m.astype(np.float64)
            position = codec.curve.forward if codec.vmin is None else (lambda d: d / 9.5)
            assert np.abs(position(found) - position(depth)).max() < tolerance, dtype
            assert result.valid.all()
            assert result.residual.max() < 1


@pytest.mark.parametrize("name", NAMED + OTHERS)
def test_the_colours_are_those_of_matplotlib(name):
    depth = np.linspace(0, 1, 256)
    wanted = matplotlib.colormaps[name](depth, bytes=True)[:, :3]
    painted = ColormapCodec(name, vmin=0, vmax=1).encode(depth)
    assert np.abs(painted.astype(int) - wanted).max() <= 1  # matplotlib truncates
    found = ColormapCodec(name, vmin=0, vmax=1).decode(np.ascontiguousarray(wanted)).depth_m
    assert np.abs(found - depth).max() < 0.012


def steps_off(name):
    """How far 8-bit colours of a map are read from where they were painted, in 1/255 of its range."""
    line = matplotlib.colormaps[name](np.linspace(0, 1, 256))[:, :3] * 255
    place = np.linspace(0, 255, 1276)
    fine = np.stack([np.interp(place, np.arange(256), line[:, k]) for k in range(3)], axis=-1)
    stored = np.rint(fine)
    squared = (stored**2).sum(1)[:, None] - 2 * stored @ fine.T + (fine**2).sum(1)
    return np.abs(place[squared.argmin(axis=1)] - place).max()


def test_maps_are_accepted_that_8_bits_can_tell_apart_and_no_others():
    refused = set()
    for name in matplotlib.colormaps:
        off = steps_off(name)
        assert not 4 < off < 10, f"{name} is a borderline case: choose the threshold again"
        if off < 6:
            ColormapCodec(name)
            continue
        refused.add(name.removesuffix("_r"))
        with pytest.raises(
            InputError, match=f"colour map '{name}' cannot be inverted: .*Use viridis, plasma"
        ):
            ColormapCodec(name)
    assert {"twilight", "twilight_shifted", "flag", "prism", "tab10", "tab20", "Set1"} <= refused
    assert not refused & {*NAMED, *OTHERS, "hsv", "rainbow", "nipy_spectral", "cubehelix", "jet"}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("twilight", "comes back to a colour.*255/255"),
        ("flag", "comes back to a colour.*243/255"),
        ("tab10", "stands still at a colour.*25/255"),
    ],
)
def test_a_map_that_cannot_be_inverted_is_refused_with_the_reason_each_time(name, why):
    for vmin, vmax in ((None, None), (0, 1)):
        with pytest.raises(InputError, match=why):
            ColormapCodec(name, vmin, vmax)


@pytest.mark.parametrize("name", NAMED)
def test_a_reversed_map_runs_the_other_way(name):
    depth = np.array([1.0, 2.0, 3.0])
    straight = ColormapCodec(name, vmin=1, vmax=3).encode(depth)
    np.testing.assert_array_equal(ColormapCodec(name + "_r", vmin=1, vmax=3).encode(depth[::-1]), straight)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMED)
def test_the_power_curve_has_room_for_everything(name, dtype):
    codec = ColormapCodec(name)
    depth = np.array([0.0, 5.0, np.inf])
    result = codec.decode(codec.encode(depth, dtype))
    assert result.depth_m[0] == pytest.approx(0, abs=0.01)
    assert result.depth_m[1] == pytest.approx(5, rel=0.02)
    assert result.depth_m[2] > 500


@settings(deadline=None, derandomize=True, max_examples=40)
@given(
    st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=1, max_size=30), st.sampled_from(NAMED + OTHERS)
)
def test_a_colour_belongs_to_the_nearest_point_of_the_map(pixels, name):
    line = matplotlib.colormaps[name](np.linspace(0, 1, 256))[:, :3]
    rgb = np.array(pixels, np.uint8)
    fine = np.stack(
        [np.interp(np.linspace(0, 255, 25_501), np.arange(256), line[:, k]) for k in range(3)], -1
    )
    distance = np.linalg.norm(rgb[:, None] / 255.0 - fine, axis=-1).min(axis=1) * 255
    result = ColormapCodec(name, vmin=0, vmax=1).decode(rgb)
    np.testing.assert_allclose(result.residual, distance, atol=0.05)
    at = np.stack([np.interp(result.depth_m * 255, np.arange(256), line[:, k]) for k in range(3)], axis=-1)
    known = result.valid
    away = np.linalg.norm(rgb / 255 - at, axis=1) * 255
    np.testing.assert_allclose(away[known], result.residual[known], atol=0.01)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [*NAMED, *OTHERS, "hsv", "bone"])
def test_unknown_depth_comes_back_unknown(name, dtype):
    codec = ColormapCodec(name, vmin=0, vmax=10)
    result = codec.decode(codec.encode(np.array([[1.0, np.nan], [9.0, 4.0]]), dtype))
    assert np.isnan(result.depth_m).tolist() == [[False, True], [False, False]]
    assert result.valid.tolist() == [[True, False], [True, True]]


def test_every_map_that_is_accepted_leaves_room_for_a_colour_of_the_unknown():
    for name in matplotlib.colormaps:
        with contextlib.suppress(InputError):
            codec = ColormapCodec(name)
            line = matplotlib.colormaps[name](np.linspace(0, 1, 256))[:, :3] * 255
            assert np.linalg.norm(line - np.array(codec.unknown), axis=1).min() > 24, name


def test_a_colour_of_the_unknown_may_be_chosen_but_not_on_the_map():
    codec = ColormapCodec("gray", vmin=0, vmax=1, nan_colour=(255, 0, 0))
    assert codec.encode(np.array([np.nan])).tolist() == [[255, 0, 0]]
    with pytest.raises(InputError, match=r"lies 0/255 from the map gray.*taken for a depth"):
        ColormapCodec("gray", nan_colour=(128, 128, 128))
    with pytest.raises(InputError, match="nan_colour must be three whole numbers"):
        ColormapCodec("gray", nan_colour="red")


def test_depth_outside_the_range_is_counted_or_clipped():
    depth = np.array([0.1, 1.0, 2.0, 3.0, np.inf, np.nan])
    with pytest.raises(InputError, match=r"3 values outside 0.5 to 2 m.*clip=True"):
        ColormapCodec("viridis", vmin=0.5, vmax=2).encode(depth)
    codec = ColormapCodec("viridis", vmin=0.5, vmax=2, clip=True)
    found = codec.decode(codec.encode(depth, "float64")).depth_m
    np.testing.assert_allclose(found, [0.5, 1, 2, 2, 2, np.nan], rtol=1e-9)


def test_negative_depth_is_counted_and_refused():
    for codec in (ColormapCodec("gray"), ColormapCodec("gray", vmin=0, vmax=5, clip=True)):
        with pytest.raises(InputError, match="2 negative values"):
            codec.encode(np.array([-1.0, -0.0, -np.inf]))


def test_distances_tell_what_is_off_the_map():
    result = ColormapCodec("viridis").decode(
        np.array([[253, 231, 36], [255, 0, 0], [255, 255, 255]], np.uint8)
    )
    assert result.residual[0] < 1
    assert (result.residual[1:] > 100).all()
    assert (result.margin >= 0).all()


def test_colours_that_are_not_numbers_are_unknown():
    result = ColormapCodec("viridis").decode(np.array([[np.nan, 0, 0], [0.27, 0, 0.33]]))
    assert result.valid.tolist() == [False, True]
    for name in ("depth_m", "residual", "margin"):
        assert np.isnan(getattr(result, name)).tolist() == [True, False]


@pytest.mark.parametrize("shape", [(), (4,), (2, 3), (2, 2, 3), (0,), (3, 0)])
def test_torch_and_numpy_agree_in_any_shape(shape):
    depth = np.random.default_rng(0).uniform(0.5, 20, shape).astype(np.float32)
    for name, dtype in itertools.product(["plasma", "gray"], DTYPES):
        codec = ColormapCodec(name)
        rgb, tensor = codec.encode(np.asarray(depth), dtype), codec.encode(torch.as_tensor(depth), dtype)
        assert rgb.shape == (*shape, 3)
        np.testing.assert_array_equal(tensor.numpy(), rgb)
        one, two = codec.decode(rgb), codec.decode(tensor)
        for field in ("depth_m", "residual", "margin", "valid"):
            assert getattr(one, field).shape == tuple(getattr(two, field).shape) == shape
            np.testing.assert_array_equal(getattr(two, field).numpy(), getattr(one, field))
        assert one.depth_m.dtype == ("float64" if dtype == "float64" else "float32")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "virids"}, "'virids' is not known to matplotlib: did you mean viridis"),
        ({"name": "qqqq"}, "did you mean viridis or plasma"),
        ({"name": "gray", "vmin": 1}, "vmin and vmax go together"),
        ({"name": ["gray"]}, r"\['gray'\] is not known to matplotlib"),
        ({"name": "gray", "vmin": "a", "vmax": 3}, "vmin must be a finite number.*got 'a'"),
        ({"name": "gray", "vmin": 0, "vmax": "3"}, "vmax must be a finite number above 0.*got '3'"),
        ({"name": "gray", "curve": 3}, "curve must be a PowerCurve, got 3"),
        ({"name": "gray", "vmin": 3, "vmax": 1}, "0 <= vmin < vmax"),
        ({"name": "gray", "vmin": -1, "vmax": 1}, "0 <= vmin < vmax"),
        ({"name": "gray", "vmin": 0, "vmax": np.inf}, "0 <= vmin < vmax"),
        ({"name": "gray", "vmin": np.nan, "vmax": 1}, "0 <= vmin < vmax"),
    ],
)
def test_settings_that_cannot_work_are_errors_that_say_why(settings, message):
    with pytest.raises(InputError, match=message):
        ColormapCodec(**settings)


def test_what_is_no_depth_or_no_image_is_an_error():
    for depth in (np.array([1j]), np.array(["1"]), np.array([None]), [1.0]):
        with pytest.raises(InputError, match="depth_m must"):
            ColormapCodec("gray").encode(depth)
    with pytest.raises(InputError, match="drop the alpha channel"):
        ColormapCodec("gray").decode(np.zeros((2, 2, 4), np.uint8))


def test_no_warning_is_raised():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        codec = ColormapCodec("inferno", curve=PowerCurve(-1.001, 1))
        there_and_back = codec.decode(codec.encode(np.array([0, np.nan, np.inf, 1e300])))
        half = codec.decode(np.array([[np.nan, 1, 1], [1, 1, 1]], np.float16))
    assert there_and_back.valid.tolist() == [True, False, True, True]
    assert not half.valid[0]
