from __future__ import annotations

import itertools
import multiprocessing
import os
import threading
import warnings
from dataclasses import fields

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from vbanalysis.codecs import WALKS, DepthCodec, PowerCurve, _bands
from vbanalysis.codecs._depth_integers import _thresholds
from vbanalysis.errors import InputError

DTYPES = ["uint8", "uint16", "float32", "float64"]
INTEGERS = ["uint8", "uint16"]
POLICIES = {
    "keep": {},
    "max_residual": {"max_residual": 40},
    "min_margin": {"min_margin": 30.5},
    "both": {"max_residual": 60.25, "min_margin": 5},
    "no nan_colour": {"nan_colour": None},
    "another nan_colour": {"nan_colour": (120, 100, 140), "max_residual": 90},
}


@pytest.fixture
def without_numba(monkeypatch):
    def switch():
        monkeypatch.setattr("vbanalysis.codecs._depth_integers.kernels", lambda _: None)

    return switch


def top(dtype: str) -> float:
    return {"uint8": 255, "uint16": 65535}.get(dtype, 1)


def random_colours(dtype: str, n: int = 40_000) -> np.ndarray:
    rng = np.random.default_rng(5)
    corners = np.array(list(itertools.product((0, 1), repeat=3)))
    near_walk = np.clip(corners[rng.integers(0, 8, n)] + rng.normal(0, 0.1, (n, 3)), 0, 1)
    anywhere = rng.random((n, 3))
    return np.rint(np.concatenate([near_walk, anywhere, corners]) * top(dtype)).astype(dtype)


def assert_same(one, two):
    for field in fields(one)[:-1]:
        a, b = np.asarray(getattr(one, field.name)), np.asarray(getattr(two, field.name))
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b, field.name)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("walk", WALKS)
def test_zero_is_black_and_infinity_is_white_exactly_both_ways(walk, dtype):
    codec = DepthCodec(walk=walk)
    for depth in (np.array([0.0, np.inf]), np.array([-0.0, np.inf], np.float32), torch.tensor([0.0, np.inf])):
        rgb = codec.encode(depth, dtype)
        assert str(rgb.dtype).removeprefix("torch.") == dtype
        assert rgb.tolist() == [[0, 0, 0], [top(dtype)] * 3]
        assert codec.decode(rgb).depth_m.tolist() == [0, np.inf]
        assert codec.decode(rgb).valid.tolist() == [True, True]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("walk", WALKS)
def test_unknown_depth_comes_back_unknown_and_spoils_nothing_else(walk, dtype):
    codec = DepthCodec(walk=walk)
    depth = np.array([[1.0, np.nan], [np.inf, 3.0]])
    result = codec.decode(codec.encode(depth, dtype))
    assert np.isnan(result.depth_m).tolist() == [[False, True], [False, False]]
    assert result.valid.tolist() == [[True, False], [True, True]]
    np.testing.assert_allclose(result.depth_m, depth, rtol=2e-3)


def test_the_colours_of_the_corners_stand_at_the_published_depths():
    corners = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 1, 1], [0, 0, 1], [1, 0, 1]], float)
    found = DepthCodec().decode(corners).depth_m
    np.testing.assert_allclose(found, [0.80, 1.83, 3.23, 5.28, 8.71, 16.46], atol=5e-3)


def test_negative_depth_is_an_error_that_counts(without_numba):
    bad = np.array([-1.0, 2.0, -0.0, -np.inf, np.nan, -1e-60])
    cases = [bad, torch.from_numpy(bad), np.array([-1, -2, -3])]
    for patched in (False, True):
        if patched:
            without_numba()
        for depth, dtype in itertools.product(cases, DTYPES):
            with pytest.raises(InputError, match=r"holds 3 negative values.*NaN"):
                DepthCodec().encode(depth, dtype)
        with pytest.raises(InputError, match="1 negative value:"):
            DepthCodec().encode(np.array([-1e-30], np.float32))


def test_minus_zero_is_zero(without_numba):
    for patched in (False, True):
        if patched:
            without_numba()
        for dtype in DTYPES:
            assert DepthCodec().encode(np.array([-0.0]), dtype).tolist() == [[0, 0, 0]]


@settings(deadline=None, derandomize=True)
@given(st.lists(st.floats(1e-3, 1e5), min_size=1, max_size=50), st.sampled_from(list(WALKS)))
def test_float64_keeps_depth_to_a_millionth_from_a_millimetre_to_100_km(depth, walk):
    codec = DepthCodec(walk=walk)
    np.testing.assert_allclose(
        codec.decode(codec.encode(np.array(depth), "float64")).depth_m, depth, rtol=1e-6
    )


@pytest.mark.parametrize(("dtype", "bits"), [("uint8", 8), ("uint16", 16)])
@pytest.mark.parametrize("walk", WALKS)
def test_rounding_costs_no_more_than_the_codec_says(walk, dtype, bits):
    codec = DepthCodec(walk=walk)
    depth = np.geomspace(1e-3, 1e5, 100_001)
    found = codec.decode(codec.encode(depth, dtype)).depth_m.astype(np.float64)
    bound = codec.quantization_error(depth, bits)
    assert (np.abs(found - depth) <= depth * (bound + 3e-7)).all()
    finite = np.isfinite(found)
    closeness = np.abs(found - depth)[finite] / depth[finite] / bound[finite]
    assert closeness.max() > 0.99, "the bound is reached, not only held"


@pytest.mark.parametrize("bits", [8, 10, 16])
def test_the_quantization_error_is_the_analytic_half_step(bits):
    depth = np.array([0.5, 1.0, 5.0, 20.0])
    analytic = 5 * (1 + depth / 10) ** 3 / depth / (14 * (2**bits - 1))
    np.testing.assert_allclose(DepthCodec().quantization_error(depth, bits), analytic, rtol=0.01)
    assert 0.00045 < DepthCodec().quantization_error(np.array(5.0)) < 0.00100


def test_the_quantization_error_at_the_ends_and_in_any_kind():
    codec = DepthCodec()
    error = codec.quantization_error(np.array([0.0, np.inf, 1e6, np.nan]))
    assert error[:3].tolist() == [0, 0, np.inf]
    assert np.isnan(error[3])
    narrow = codec.quantization_error(torch.tensor([5.0, 50.0]), 24)
    assert narrow.dtype == torch.float32
    wide = codec.quantization_error(np.array([5.0, 50.0]), np.int64(24))
    np.testing.assert_allclose(narrow.numpy(), wide, rtol=1e-6)
    assert codec.quantization_error(np.array([5])).dtype == np.float64
    for bits in (0, 33, 8.0, "8", None):
        with pytest.raises(InputError, match="bits must be an integer from 1 to 32"):
            codec.quantization_error(np.array(1.0), bits)
    with pytest.raises(InputError, match="1 negative value:"):
        codec.quantization_error(np.array([-1.0]))


@settings(deadline=None, derandomize=True, max_examples=150)
@given(
    power=st.floats(-2, 6),
    scale=st.floats(-60, 60),
    walk=st.sampled_from(list(WALKS)),
    positions=st.lists(st.floats(1e-3, 0.999), min_size=1, max_size=20),
)
def test_any_curve_round_trips_without_a_warning(power, scale, walk, positions):
    curve = PowerCurve(lam=-1 - 10**power, c=10**scale)
    codec = DepthCodec(lam=curve.lam, c=curve.c, walk=walk)
    depth = curve.inverse(np.array(positions))
    assume(np.isfinite(depth).all())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = codec.decode(codec.encode(depth, "float64")).depth_m
        np.testing.assert_allclose(again, depth, rtol=1e-6)
        ends = codec.encode(np.array([0.0, np.inf]))
        assert ends.tolist() == [[0, 0, 0], [255, 255, 255]]
        assert codec.decode(ends).depth_m.tolist() == [0, np.inf]
        rgb = codec.encode(depth)
        expected = np.rint(codec.encode(depth, "float64") * 255)
        assert (np.abs(rgb - expected) <= 1).all()
        codec.quantization_error(depth)


@pytest.mark.parametrize("lam", [-1, -0.5, 0, 3, np.nan, -np.inf, -(10**400), "x", None, True, [-3.0]])
def test_a_lam_that_makes_no_curve_is_an_error(lam):
    with pytest.raises(InputError, match=r"lam must be a finite number below -1.*-3.*got"):
        DepthCodec(lam=lam)


@pytest.mark.parametrize("c", [0, -1, np.nan, np.inf, "3", None, True])
def test_a_c_that_is_no_scale_is_an_error(c):
    with pytest.raises(InputError, match=r"c must be a finite number above 0 \(metres.*10/3\), got"):
        DepthCodec(c=c)


def test_settings_that_cannot_work_are_errors_that_say_why():
    with pytest.raises(InputError, match=r"lam \* c must be finite"):
        DepthCodec(lam=-1e300, c=1e300)
    with pytest.raises(InputError, match=r"KRYGCBMW.*KBCGYRMW; got 'RYGCBMWK'"):
        DepthCodec(walk="RYGCBMWK")
    with pytest.raises(InputError, match=r"lies 0/255 from the walk.*128, 128, 128"):
        DepthCodec(nan_colour=(255, 0, 10 - 10))
    for value in (-1, np.nan, np.inf, "x", True):
        for name in ("max_residual", "min_margin"):
            with pytest.raises(
                InputError, match=f"{name} must be None or a finite number of at least 0.*/255"
            ):
                DepthCodec(**{name: value})


@pytest.mark.parametrize(
    "colour", [(1, 2), (0, 0, 256), (-1, 0, 0), (128.5, 128, 128), "red", (np.nan,) * 3, 7]
)
def test_a_nan_colour_that_is_no_colour_is_an_error(colour):
    with pytest.raises(InputError, match="nan_colour must be three whole numbers from 0 to 255"):
        DepthCodec(nan_colour=colour)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_pixel_of_the_walk_is_on_the_code(dtype):
    codec = DepthCodec()
    result = codec.decode(codec.encode(np.geomspace(0.01, 1e4, 999), dtype))
    assert result.residual.max() < 1e-4
    assert result.margin.min() > 60


def test_what_is_off_the_code_is_told_by_its_distances():
    result = DepthCodec().decode(
        np.array([[0, 0, 255], [9, 12, 0], [127, 127, 0], [100, 100, 100]], np.uint8)
    )
    np.testing.assert_allclose(result.residual, [0, 12, 127, 141.42], atol=0.01)
    np.testing.assert_allclose(result.margin, [255, 231, 1, 43.04], atol=0.01)
    assert result.valid.tolist() == [True, True, True, False], "grey is unknown"


def test_a_policy_decides_what_becomes_of_colours_off_the_code():
    off = np.array([[9, 12, 0], [127, 127, 0], [255, 60, 0]], np.uint8)
    for rgb in (off, torch.from_numpy(off), off / 255, torch.from_numpy(off / 255)):
        for codec, valid in (
            (DepthCodec(), [True, True, True]),
            (DepthCodec(max_residual=12.5), [True, False, True]),
            (DepthCodec(max_residual=0.5), [False, False, True]),
            (DepthCodec(min_margin=20), [True, False, True]),
        ):
            result = codec.decode(rgb)
            assert result.valid.tolist() == valid
            assert np.isnan(np.asarray(result.depth_m)).tolist() == [not kept for kept in valid]
            assert np.isfinite(np.asarray(result.residual)).all()


@pytest.mark.parametrize("colour", [(120, 100, 140), [120, 100, 140], np.array([120, 100, 140])])
def test_a_nan_colour_may_come_as_any_three_numbers(colour):
    for dtype in DTYPES:
        rgb = DepthCodec(nan_colour=colour).encode(np.array([np.nan, 1.0]), dtype)
        np.testing.assert_allclose(rgb[0] / top(dtype) * 255, [120, 100, 140], rtol=1e-6)
        assert DepthCodec(nan_colour=colour).decode(rgb).valid.tolist() == [False, True]


def test_without_a_nan_colour_grey_is_a_depth_and_nan_cannot_be_painted():
    codec = DepthCodec(nan_colour=None)
    for dtype in DTYPES:
        grey = np.full((1, 3), top(dtype) / 2).astype(dtype)
        assert codec.decode(grey).valid.all()
        with pytest.raises(InputError, match="holds 2 NaN values and this codec has no nan_colour"):
            codec.encode(np.array([np.nan, 1, np.nan]), dtype)


@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 5), (2, 3, 5), (0,), (5, 0), (0, 5), (2, 0, 3)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_any_leading_shape_is_kept(shape, dtype, without_numba):
    codec = DepthCodec()
    depth = np.random.default_rng(1).uniform(0.1, 50, shape).astype(np.float32)
    for patched in (False, True):
        if patched:
            without_numba()
        for kind in (np.asarray, torch.as_tensor):
            rgb = codec.encode(kind(depth), dtype)
            assert tuple(rgb.shape) == (*shape, 3)
            result = codec.decode(rgb)
            for name in ("depth_m", "residual", "margin", "valid"):
                assert tuple(getattr(result, name).shape) == shape
            np.testing.assert_allclose(np.asarray(result.depth_m), depth, rtol=0.02)


@pytest.mark.parametrize("dtype", DTYPES)
def test_views_are_read_as_what_they_show(dtype):
    codec = DepthCodec(walk="KGCBMRYW")
    depth = np.random.default_rng(2).uniform(0.1, 50, (40, 60)).astype(np.float32)
    for view in (depth.T, depth[::-1, ::3], depth[5:6], np.asfortranarray(depth)):
        np.testing.assert_array_equal(codec.encode(view, dtype), codec.encode(view.copy(), dtype))
    rgb = codec.encode(depth, dtype)
    for view in (
        rgb[:, ::-2],
        rgb.transpose(1, 0, 2),
        np.flip(np.flip(rgb, -1).copy(), -1),
        np.asfortranarray(rgb),
    ):
        assert_same(codec.decode(view), codec.decode(view.copy()))


def test_the_result_refers_to_the_colours_and_leaves_them_alone():
    rgb = random_colours("uint8", 100)
    before = rgb.copy()
    assert DepthCodec().decode(rgb).rgb is rgb
    np.testing.assert_array_equal(rgb, before)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("walk", WALKS)
def test_compiled_loops_arrays_and_torch_read_the_same(walk, policy, without_numba):
    codec = DepthCodec(walk=walk, **POLICIES[policy])
    for dtype in INTEGERS:
        rgb = random_colours(dtype, 10_000).reshape(-1, 8, 3)
        compiled = codec.decode(rgb)
        result = codec.decode(torch.from_numpy(rgb))
        for name in ("depth_m", "valid"):
            np.testing.assert_array_equal(getattr(result, name).numpy(), getattr(compiled, name))
        for name in ("residual", "margin"):  # torch's square roots are a bit off
            np.testing.assert_allclose(getattr(result, name), getattr(compiled, name), rtol=2e-7, atol=5e-5)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("vbanalysis.codecs._depth_integers.kernels", lambda _: None)
            assert_same(codec.decode(rgb), compiled)
        floats = codec.decode(rgb / top(dtype))
        np.testing.assert_allclose(floats.residual, compiled.residual, atol=1e-4)
        # Where two edges are equally near, rounding decides, and it decides differently in floats.
        for name, off in (("margin", 1e-4), ("depth_m", 0)):
            one, two = getattr(floats, name), getattr(compiled, name)
            assert np.isclose(one, two, rtol=2e-6, atol=off, equal_nan=True).mean() > 0.999


@pytest.mark.parametrize(
    ("lam", "c"), [(-3, 10 / 3), (-1.5, 0.2), (-40, 7), (-1e6, 3), (-3, 1e-20), (-2, 1e20)]
)
@pytest.mark.parametrize("walk", ["KRYGCBMW", "KBMRYGCW"])
def test_compiled_loops_arrays_and_torch_paint_the_same_at_every_threshold(walk, lam, c):
    codec = DepthCodec(lam=lam, c=c, walk=walk)
    with np.errstate(over="ignore"):
        at = _thresholds(lam, c).astype(np.float32)
    at = at[np.isfinite(at)]
    edges = np.concatenate([np.nextafter(at, np.float32(0)), at, np.nextafter(at, np.float32(np.inf))])
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 0x7F800001, 100_000, dtype=np.uint32).view(np.float32)
    depth = np.concatenate([edges, bits, [np.nan, 0, np.inf, np.float32(1e-45)]]).astype(np.float32)
    compiled = codec.encode(depth)
    np.testing.assert_array_equal(codec.encode(torch.from_numpy(depth)).numpy(), compiled)
    np.testing.assert_array_equal(codec.encode(depth.astype(np.float64)), compiled)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vbanalysis.codecs._depth_integers.kernels", lambda _: None)
        np.testing.assert_array_equal(codec.encode(depth), compiled)


def test_scales_that_float32_does_not_hold_are_painted_all_the_same():
    for c in (1e-43, 1e300):
        codec, paper = DepthCodec(c=c), DepthCodec()
        depth = np.geomspace(0.1, 100, 50)
        scaled = depth * (c / (10 / 3))
        assert np.abs(codec.encode(scaled).astype(int) - paper.encode(depth)).max() <= 4
        assert len(np.unique(codec.encode(scaled), axis=0)) > 45


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_signalling_nan_is_as_quiet_as_any(dtype):
    for kind, bits in (("f4", 0x7FA00001), ("f8", 0x7FF4000000000001)):
        depth = np.array([bits, 0], kind.replace("f", "u")).view(kind)
        assert np.isnan(depth[0])
        assert DepthCodec().decode(DepthCodec().encode(depth, dtype)).valid.tolist() == [False, True]
        assert np.isnan(DepthCodec().quantization_error(depth)[0])


@pytest.mark.parametrize("dtype", DTYPES)
def test_deeper_is_never_nearer_along_the_walk(dtype, without_numba):
    depth = np.sort(np.random.default_rng(3).lognormal(1, 3, 20_000)).astype(np.float32)
    for walk in WALKS:
        found = DepthCodec(walk=walk).decode(DepthCodec(walk=walk).encode(depth, dtype)).depth_m
        steps = np.diff(np.append(found[found < 1e6], 1e6))
        assert (steps >= -1e-6 * found[: len(steps)]).all()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_computed_in_float32(dtype):
    kind = getattr(torch, dtype)
    codec = DepthCodec()
    depth = torch.tensor([0.0, 0.5, 1.0, 10.0, np.inf, np.nan], dtype=kind)
    assert torch.equal(codec.encode(depth), codec.encode(depth.float()))
    rgb = codec.encode(depth, "float32").to(kind)
    result = codec.decode(rgb)
    assert result.depth_m.dtype == torch.float32
    np.testing.assert_allclose(result.depth_m, depth.float(), rtol=0.05)
    if dtype == "float16":
        wide = codec.decode(rgb.numpy())
        np.testing.assert_allclose(wide.depth_m, result.depth_m, rtol=1e-6)


@pytest.mark.parametrize("kind", [int, np.uint8, np.int16, np.uint64])
def test_whole_metres_are_depths(kind):
    depth = np.array([0, 1, 40], kind)
    for dtype in DTYPES:
        np.testing.assert_array_equal(
            DepthCodec().encode(depth, dtype), DepthCodec().encode(depth.astype(np.float64), dtype)
        )


def test_torch_in_torch_out_on_its_device_with_the_values_of_numpy():
    devices = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    codec = DepthCodec(walk="KGYRMBCW")
    depth = np.random.default_rng(4).lognormal(1, 1, (2, 8, 9))
    for device, dtype in itertools.product(devices, DTYPES):
        rgb = codec.encode(torch.from_numpy(depth).to(device), dtype)
        assert rgb.device.type == device
        expected = codec.encode(depth, dtype)
        np.testing.assert_allclose(rgb.cpu().numpy().astype(float), expected.astype(float), rtol=1e-6)
        result, wanted = codec.decode(rgb), codec.decode(rgb.cpu().numpy())
        for name in ("depth_m", "residual", "margin", "valid"):
            assert getattr(result, name).device.type == device
            np.testing.assert_allclose(
                getattr(result, name).cpu(), getattr(wanted, name), rtol=1e-5, atol=1e-4
            )


@pytest.mark.parametrize("walk", WALKS)
def test_both_directions_are_differentiable_away_from_corners(walk):
    codec = DepthCodec(walk=walk)
    depth = torch.tensor([0.3, 1.2, 2.5, 4.0, 7.0, 12.0, 40.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda d: codec.encode(d, "float64"), depth)
    rgb = (codec.encode(depth.detach(), "float64") * 0.9 + 0.04).requires_grad_()
    assert torch.autograd.gradcheck(lambda c: codec.decode(c).depth_m, rgb)
    assert torch.autograd.gradcheck(lambda c: (codec.decode(c).residual, codec.decode(c).margin), rgb)


def test_gradients_stay_finite_beside_black_white_and_unknown():
    rgb = torch.tensor([[0.0, 0, 0], [1, 1, 1], [0.5, 0.5, 0.5], [1, 0.3, 0], [1, 0, 0]], requires_grad=True)
    result = DepthCodec().decode(rgb)
    usable = result.valid & torch.isfinite(result.depth_m)
    (result.depth_m[usable].sum() + result.residual.sum()).backward()
    assert torch.isfinite(rgb.grad).all()
    assert rgb.grad[3, 1] > 0
    depth = torch.tensor([0.0, 1.0, np.inf, np.nan], requires_grad=True)
    DepthCodec().encode(depth, "float32")[1].sum().backward()
    assert torch.isfinite(depth.grad).all()


def test_colours_that_are_not_numbers_are_unknown_and_out_of_range_is_an_error():
    codec = DepthCodec()
    for kind in (np.asarray, torch.as_tensor):
        result = codec.decode(kind(np.array([[1, 0.5, 0], [np.nan, 0.5, 0], [np.nan] * 3])))
        assert result.valid.tolist() == [True, False, False]
        for name in ("depth_m", "residual", "margin"):
            assert np.isnan(np.asarray(getattr(result, name))).tolist() == [False, True, True]
        for bad in ([[0, 0, 2.0]], [[np.inf, 0, 0]], [[-0.1, 0, 0]], [[0, 0, 255.0]]):
            with pytest.raises(InputError, match=r"must lie in \[0, 1\].*divide an 8-bit image by 255"):
                codec.decode(kind(np.array(bad)))
    assert codec.decode(np.array([[1 + 1e-7, -1e-7, 0]])).valid.all(), "a hair outside is rounding"


@pytest.mark.parametrize(
    ("rgb", "message"),
    [
        (np.zeros((4, 4, 4), np.uint8), "drop the alpha channel"),
        (np.zeros((4, 4), np.uint8), r"shape \(\.\.\., 3\), got \(4, 4\)"),
        (np.zeros(()), r"shape \(\.\.\., 3\)"),
        (np.zeros((4, 3), np.int32), "uint8, uint16 or float in .* got int32"),
        (np.zeros((4, 3), bool), "got bool"),
        (np.zeros((4, 3), complex), "got complex128"),
        (np.array([[None] * 3]), "got object"),
        ([[0, 0, 0]], "rgb must be a numpy array or a torch tensor, got list"),
        (None, "got NoneType"),
    ],
)
def test_what_is_no_image_is_an_error_that_says_so(rgb, message):
    with pytest.raises(InputError, match=message):
        DepthCodec().decode(rgb)


@pytest.mark.parametrize(
    ("depth", "message"),
    [
        ([1.0], "depth_m must be a numpy array or a torch tensor, got list"),
        (np.array(["1"]), "real numbers, in metres"),
        (np.array([None]), "got object"),
        (np.array([1j]), "got complex128"),
        (np.array([True]), "got bool"),
    ],
)
def test_what_is_no_depth_is_an_error_that_says_so(depth, message):
    for dtype in ("uint8", "float32"):
        with pytest.raises(InputError, match=message):
            DepthCodec().encode(depth, dtype)


def test_a_dtype_that_holds_no_colours_is_an_error():
    with pytest.raises(InputError, match="dtype must be uint8, uint16, float32 or float64, got 'int8'"):
        DepthCodec().encode(np.array([1.0]), "int8")
    with pytest.raises(InputError, match=r"dtype must be uint8.*got \['uint8'\]"):
        DepthCodec().encode(np.array([1.0]), ["uint8"])


@pytest.mark.parametrize(("rows", "width"), [(1, 1), (1, 500_000), (7, 100_000), (1000, 700), (500_000, 1)])
def test_threads_take_each_row_once(rows, width):
    seen = np.zeros(rows, int)
    lock = threading.Lock()

    def work(band):
        with lock:
            seen[band] += 1

    _bands.in_bands(work, rows, width)
    assert (seen == 1).all()


def test_a_failure_in_a_thread_is_not_lost():
    def fail(band):
        raise ValueError(band)

    with pytest.raises(ValueError, match="slice"):
        _bands.in_bands(fail, 1000, 1000)


def test_large_images_read_the_same_from_many_threads_at_once():
    codec = DepthCodec()
    rgb = np.resize(random_colours("uint8"), (400, 500, 3))
    expected = codec.decode(rgb)
    results = []
    threads = [threading.Thread(target=lambda: results.append(codec.decode(rgb))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    for result in results:
        assert_same(result, expected)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_process_forked_after_decoding_can_decode():
    rgb = np.zeros((400, 500, 3), np.uint8)
    DepthCodec().decode(rgb)
    DepthCodec().encode(np.ones((400, 500), np.float32))
    child = multiprocessing.get_context("fork").Process(target=DepthCodec().decode, args=(rgb,))
    child.start()
    child.join(60)
    assert child.exitcode == 0


def test_numba_that_finds_no_place_for_its_cache_is_done_without(monkeypatch):
    from vbanalysis.codecs import _numba

    def no_place(name):
        raise RuntimeError("cannot cache function: no locator available")

    monkeypatch.setattr(_numba.importlib, "import_module", no_place)
    assert _numba.kernels.__wrapped__("_walk_kernels") is None


@pytest.mark.parametrize("step", [1e-6])
def test_the_slope_is_the_derivative(step):
    curve = PowerCurve(lam=-2.5, c=4)
    depth = np.geomspace(0.1, 100, 30)
    numeric = (curve.forward(depth * (1 + step)) - curve.forward(depth * (1 - step))) / (2 * step * depth)
    np.testing.assert_allclose(curve.slope(depth), numeric, rtol=1e-6)


@settings(deadline=None, derandomize=True)
@given(st.floats(0, 1e6), st.floats(-20, -1.01), st.floats(1e-3, 1e3))
def test_the_tail_is_what_is_left_of_the_curve(depth, lam, c):
    curve = PowerCurve(lam, c)
    d = np.array(depth)
    assert abs(curve.forward(d) + curve.tail(d) - 1) < 1e-12
    # The formula itself, where it does not cancel.
    direct = 1 - (1 - depth / (lam * c)) ** (lam + 1)
    assert abs(curve.forward(d) - direct) < 1e-9


def test_float_colours_decode_as_bytes_do_except_at_exact_ties():
    codec = DepthCodec()
    rgb = np.random.default_rng(0).integers(0, 256, (200_000, 3), np.uint8)
    r, g, b = rgb.T.astype(int)
    up_r, up_g, up_b = 255 - r, 255 - g, 255 - b
    squared = np.stack([
        g**2 + b**2, up_r**2 + b**2, up_g**2 + b**2, r**2 + up_g**2, r**2 + up_b**2,
        g**2 + up_b**2, up_r**2 + up_b**2, ((rgb.astype(int) - 128) ** 2).sum(axis=1),
    ])  # fmt: skip
    squared.sort(axis=0)
    tied = squared[0] == squared[1]
    assert 0 < tied.mean() < 0.01
    exact = codec.decode(rgb).depth_m
    for kind in ("float32", "float64"):
        found = codec.decode((rgb / 255).astype(kind)).depth_m
        np.testing.assert_allclose(found[~tied], exact[~tied], rtol=1e-6)


def test_far_depth_comes_back_as_well_as_floats_allow():
    depth = np.geomspace(1e-3, 1e5, 10_001)
    for codec, most in ((DepthCodec(), 1e-8), (DepthCodec(lam=-6, c=50), 1e-5)):
        np.testing.assert_allclose(codec.decode(codec.encode(depth, "float64")).depth_m, depth, rtol=most)


@pytest.mark.parametrize("walk", WALKS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float64"])
def test_the_runner_up_is_the_depth_that_the_margin_is_measured_to(walk, dtype):
    top = {"uint8": 255, "uint16": 65535, "float64": 1.0}[dtype]
    rng = np.random.default_rng(4)
    rgb = rng.random((500, 3)) if dtype == "float64" else rng.integers(0, top + 1, (500, 3)).astype(dtype)
    codec = DepthCodec(walk=walk, nan_colour=None)
    read, other = codec.decode(rgb), codec.runner_up(rgb)
    assert other.shape == (500,)
    colours = codec.encode(other.astype(np.float64), "float64") * 255
    distance = np.linalg.norm(rgb / top * 255 - colours, axis=-1)
    assert np.allclose(distance, read.residual + read.margin, atol=1e-3)
    # Both are on parts of the walk that do not touch, so a depth of a corner is between them.
    between = codec.curve.inverse(np.arange(1, 7) / 7)[:, None]
    low, high = np.minimum(read.depth_m, other), np.maximum(read.depth_m, other)
    assert ((low <= between * (1 + 1e-6)) & (between <= high * (1 + 1e-6))).any(axis=0).all()
