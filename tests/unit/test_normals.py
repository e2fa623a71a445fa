from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vbanalysis.codecs import NormalCodec, convert_normals
from vbanalysis.errors import InputError

CONVENTIONS = ["paper", "opengl", "opencv", "dsine", "diode"]
DTYPES = ["uint8", "uint16", "float32", "float64"]
EIGHT_BIT_DEGREES = math.degrees(math.asin(math.sqrt(3) / 255))

# The same six directions in the words of someone at the camera, and as vectors in each frame.
DIRECTIONS = ["left", "right", "up", "down", "camera", "away"]
VECTORS = {
    "paper": [(-1, 0, 0), (1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)],
    "opengl": [(-1, 0, 0), (1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)],
    "opencv": [(-1, 0, 0), (1, 0, 0), (0, -1, 0), (0, 1, 0), (0, 0, -1), (0, 0, 1)],
    "dsine": [(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)],
    "diode": [(-1, 0, 0), (1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)],
}
PINKISH_RED, TEAL, LIGHT_GREEN, PURPLE = (255, 128, 128), (0, 128, 128), (128, 255, 128), (128, 0, 128)
LIGHT_BLUE, OLIVE = (128, 128, 255), (128, 128, 0)
COLOURS = {
    "paper": [PINKISH_RED, TEAL, LIGHT_GREEN, PURPLE, LIGHT_BLUE, OLIVE],
    "opengl": [TEAL, PINKISH_RED, LIGHT_GREEN, PURPLE, LIGHT_BLUE, OLIVE],
    "opencv": [TEAL, PINKISH_RED, PURPLE, LIGHT_GREEN, OLIVE, LIGHT_BLUE],
    "dsine": [PINKISH_RED, TEAL, LIGHT_GREEN, PURPLE, LIGHT_BLUE, OLIVE],
    "diode": [TEAL, PINKISH_RED, LIGHT_GREEN, PURPLE, LIGHT_BLUE, OLIVE],
}


def unit_vectors(n: int = 20_000) -> np.ndarray:
    vectors = np.random.default_rng(0).normal(size=(n, 3))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def degrees_apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.degrees(2 * np.arcsin(np.clip(np.linalg.norm(a - b, axis=-1) / 2, 0, 1)))


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_each_direction_has_its_colour(convention, direction):
    k = DIRECTIONS.index(direction)
    vector, colour = np.array(VECTORS[convention][k], float), np.array(COLOURS[convention][k], np.uint8)
    codec = NormalCodec(convention)
    assert tuple(codec.encode(vector)) == tuple(colour)
    result = codec.decode(colour)
    assert result.frame == convention
    assert degrees_apart(result.normals, vector) < EIGHT_BIT_DEGREES


@pytest.mark.parametrize(("source", "target"), list(itertools.product(CONVENTIONS, repeat=2)))
def test_frames_convert_a_direction_to_the_same_direction(source, target):
    vectors = np.array(VECTORS[source], float)
    np.testing.assert_array_equal(convert_normals(vectors, source, target), VECTORS[target])
    again = convert_normals(torch.from_numpy(vectors), source, target)
    assert torch.equal(again, torch.tensor(VECTORS[target], dtype=torch.float64))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("convention", CONVENTIONS)
def test_vectors_come_back_within_the_rounding_of_the_colours(convention, dtype):
    vectors = unit_vectors()
    codec = NormalCodec(convention)
    result = codec.decode(codec.encode(vectors, dtype))
    bound = {"uint8": EIGHT_BIT_DEGREES, "uint16": EIGHT_BIT_DEGREES / 257 + 1e-5}.get(dtype, 1e-4)
    angles = degrees_apart(result.normals, vectors)
    assert angles.max() <= bound
    assert result.valid.all()
    np.testing.assert_allclose(np.linalg.norm(result.normals, axis=-1), 1, atol=1e-6)
    if dtype == "uint8":
        assert angles.max() > 0.5 * EIGHT_BIT_DEGREES, "the bound is no mere formality"


@settings(deadline=None, derandomize=True)
@given(st.tuples(*[st.integers(0, 255)] * 3), st.floats(0.01, 0.99))
def test_the_length_decides_what_is_a_normal(colour, tolerance):
    length = math.dist(colour, (127.5,) * 3) / 127.5
    result = NormalCodec(tolerance=tolerance).decode(np.array(colour, np.uint8))
    assert result.length == pytest.approx(length, abs=1e-5)
    if abs(abs(length - 1) - tolerance) > 1e-5:
        assert bool(result.valid) == (abs(length - 1) <= tolerance)
    assert np.isnan(result.normals).all() == (not result.valid)
    if result.valid:
        assert np.linalg.norm(result.normals) == pytest.approx(1, abs=1e-5)


def test_magenta_sky_and_grey_are_no_normals():
    colours = np.array([[255, 0, 255], [250, 6, 245], [128, 128, 128], [100, 120, 140], [0, 0, 0]], np.uint8)
    result = NormalCodec().decode(colours)
    assert not result.valid.any()
    assert (result.length[:2] > 1.6).all()
    assert (result.length[2:4] < 0.3).all()


def test_a_colour_that_drifted_a_little_is_still_a_normal():
    colours = NormalCodec().encode(unit_vectors(2000), "float64")
    for drifted in (colours * 0.9 + 0.05, np.clip(colours + 0.05, 0, 1)):
        assert NormalCodec().decode(drifted).valid.mean() > 0.99


def test_without_a_tolerance_only_grey_is_no_direction():
    colours = np.array([[255, 0, 255], [128, 128, 128], [140, 128, 128]], np.uint8)
    result = NormalCodec(tolerance=None).decode(colours)
    assert result.valid.tolist() == [True, False, True]


@pytest.mark.parametrize("dtype", DTYPES)
def test_unknown_vectors_are_painted_grey_and_come_back_unknown(dtype):
    vectors = np.array([[np.nan, 0, 0], [0, 0, 0], [np.nan] * 3, [0, 0, 1]])
    rgb = NormalCodec().encode(vectors, dtype)
    top = {"uint8": 255, "uint16": 65535}.get(dtype, 1)
    np.testing.assert_allclose(rgb[:3] / top, 0.5, atol=0.003)
    result = NormalCodec().decode(rgb)
    assert result.valid.tolist() == [False, False, False, True]
    assert np.isnan(result.normals[:3]).all()


def test_a_colour_that_is_not_a_number_is_unknown():
    for tolerance in (0.3, None):
        result = NormalCodec(tolerance=tolerance).decode(np.array([[np.nan, 1, 0.5], [0.5, 0.5, 1]]))
        assert result.valid.tolist() == [False, True]
        assert np.isnan(result.length).tolist() == [True, False]


def test_vectors_of_another_length_are_counted_and_refused():
    vectors = np.array([[0, 0, 1.2], [0, 0, 1], [0, 0, 0.9], [np.inf, 0, 0], [0, 1e300, 0]])
    for kind in (np.asarray, torch.as_tensor):
        with pytest.raises(InputError, match=r"4 vectors that are not of length 1.*NaN"):
            NormalCodec().encode(kind(vectors))
    NormalCodec().encode(np.array([[0, 0, 1.009], [0, 0.991, 0]]))


@pytest.mark.parametrize("shape", [(), (5,), (4, 6), (2, 4, 6), (0,), (3, 0)])
def test_shape_kind_and_width_are_kept(shape):
    vectors = np.broadcast_to(np.array([0, 0.6, 0.8]), (*shape, 3)).astype(np.float32)
    for dtype in DTYPES:
        rgb = NormalCodec().encode(vectors, dtype)
        result = NormalCodec().decode(rgb)
        assert rgb.shape == result.normals.shape == (*shape, 3)
        assert result.length.shape == result.valid.shape == shape
        assert result.normals.dtype == ("float64" if dtype == "float64" else "float32")
        tensor = NormalCodec().encode(torch.tensor(vectors), dtype)
        np.testing.assert_array_equal(tensor.numpy(), rgb)
        again = NormalCodec().decode(tensor)
        assert isinstance(again.normals, torch.Tensor)
        np.testing.assert_allclose(again.normals, result.normals, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_computed_in_float32(dtype):
    vectors = torch.tensor([[0, 0.6, 0.8], [-1, 0, 0]], dtype=getattr(torch, dtype))
    assert torch.equal(NormalCodec().encode(vectors), NormalCodec().encode(vectors.float()))


def test_both_directions_are_differentiable():
    codec = NormalCodec("opencv")
    vectors = torch.tensor(unit_vectors(5), requires_grad=True)
    assert torch.autograd.gradcheck(lambda v: codec.encode(v, "float64"), vectors)
    rgb = codec.encode(vectors.detach() * 0.995, "float64").requires_grad_()
    assert torch.autograd.gradcheck(lambda c: (codec.decode(c).normals, codec.decode(c).length), rgb)
    grey = torch.full((2, 3), 0.5, requires_grad=True)
    codec.decode(grey).length.sum().backward()
    assert torch.isfinite(grey.grad).all()


def test_what_cannot_work_is_an_error_that_says_so():
    with pytest.raises(InputError, match=r"one of paper, opengl, opencv, dsine, diode; got 'unity'"):
        NormalCodec("unity")
    with pytest.raises(InputError, match=r"one of paper.*got \['a'\]"):
        NormalCodec(["a"])
    with pytest.raises(InputError, match="got 'blender'"):
        convert_normals(np.zeros((1, 3)), "paper", "blender")
    for tolerance in (0, 1, -0.3, np.nan, "x", True):
        with pytest.raises(InputError, match="tolerance must be None or a number above 0, below 1"):
            NormalCodec(tolerance=tolerance)
    for vectors in (np.zeros((3, 4)), np.zeros((5, 3), int), np.zeros(())):
        with pytest.raises(InputError, match=r"floats of shape \(\.\.\., 3\)"):
            NormalCodec().encode(vectors)
    with pytest.raises(InputError, match="drop the alpha channel"):
        NormalCodec().decode(np.zeros((2, 2, 4), np.uint8))
