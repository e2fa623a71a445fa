from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from vbanalysis.codecs import WALKS, DepthCodec, repair_edges
from vbanalysis.codecs.degradations import Jpeg, Noise, Resize, Rounding, WebP
from vbanalysis.errors import InputError


def scene(shape=(240, 320)) -> np.ndarray:
    """Ellipses at half a metre to nine, each slightly turned, over a ground that rises from 16 m to 4 m."""
    rng = np.random.default_rng(0)
    ys, xs = np.mgrid[: shape[0], : shape[1]]
    depth = (4 + 12 * (1 - ys / shape[0])).astype(np.float32)
    for _ in range(9):
        cx, cy, a, b = rng.uniform((0, 0, 12, 12), (shape[1], shape[0], 50, 50))
        inside = ((xs - cx) / a) ** 2 + ((ys - cy) / b) ** 2 < 1
        depth[inside] = rng.uniform(0.5, 9) + 0.002 * xs[inside]
    return depth


def depth_edges(depth: np.ndarray) -> np.ndarray:
    return ndimage.maximum_filter(depth, 5) / ndimage.minimum_filter(depth, 5) > 1.1


def error(found: np.ndarray, depth: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(found), np.abs(found - depth) / depth, 1.0)


@pytest.mark.parametrize("walk", ["KRYGCBMW", "KBMRYGCW"])
@pytest.mark.parametrize(
    ("degradation", "factor"),
    [
        (Jpeg(90), 3), (Jpeg(75), 3), (WebP(90), 3),
        (Resize(0.5), 2), (Resize(2), 2), (Resize(0.5, "bicubic"), 2),
    ],
    ids=str,
)  # fmt: skip
def test_mixed_colours_at_depth_edges_are_given_to_one_side(walk, degradation, factor):
    codec, depth = DepthCodec(walk=walk), scene()
    decoded = codec.decode(degradation(codec.encode(depth)))
    found = repair_edges(decoded)
    edges = depth_edges(depth)
    before, after = error(decoded.depth_m, depth), error(found.result.depth_m, depth)
    assert after[edges].mean() < before[edges].mean() / factor
    assert after[~edges].mean() <= 1.02 * before[~edges].mean()
    assert found.mixed[edges].mean() > 20 * found.mixed[~edges].mean()


@pytest.mark.parametrize("walk", WALKS)
@pytest.mark.parametrize("degradation", [Rounding(), Jpeg(95, "4:4:4"), Noise(4)], ids=str)
def test_pictures_whose_edges_are_clean_are_left_alone(walk, degradation):
    codec, depth = DepthCodec(walk=walk), scene()
    decoded = codec.decode(degradation(codec.encode(depth)))
    found = repair_edges(decoded)
    assert found.mixed.mean() < 0.002
    edges = depth_edges(depth)
    before, after = (error(result.depth_m, depth)[edges].mean() for result in (decoded, found.result))
    assert after <= 1.1 * before + 1e-4


def test_only_mixed_pixels_change_and_they_take_the_depth_of_a_neighbour():
    codec, depth = DepthCodec(), scene()
    decoded = codec.decode(Jpeg(85)(codec.encode(depth)))
    before = decoded.depth_m.copy()
    found = repair_edges(decoded, radius=2)
    np.testing.assert_array_equal(decoded.depth_m, before)
    np.testing.assert_array_equal(found.result.depth_m[~found.mixed], before[~found.mixed])
    for y, x in np.argwhere(found.mixed):
        near = before[max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3]
        assert found.result.depth_m[y, x] in near
    assert found.result.rgb is decoded.rgb
    np.testing.assert_array_equal(found.result.residual, decoded.residual)


def test_a_step_with_one_mixed_column_is_made_sharp_again():
    rgb = np.zeros((9, 12, 3), np.uint8)
    rgb[:, :6] = (255, 40, 0)
    rgb[:, 6:] = (0, 60, 255)
    clean = DepthCodec().decode(rgb)
    mixed = rgb.copy()
    mixed[:, 6] = (90, 53, 165)
    found = repair_edges(DepthCodec().decode(mixed))
    assert found.mixed[:, 6].all()
    assert found.mixed.sum() == 9
    np.testing.assert_array_equal(found.result.depth_m, clean.depth_m)


def test_a_pixel_that_was_unknown_for_being_mixed_becomes_known():
    rgb = np.zeros((9, 12, 3), np.uint8)
    rgb[:, :6] = (255, 230, 0)
    rgb[:, 6:] = (40, 0, 255)
    rgb[:, 5] = (170, 150, 90)
    decoded = DepthCodec(max_residual=40).decode(rgb)
    assert not decoded.valid[:, 5].any()
    found = repair_edges(decoded)
    assert found.result.valid.all()
    np.testing.assert_array_equal(found.result.depth_m[:, 5], decoded.depth_m[:, 4])


def test_unknown_areas_stay_unknown():
    depth = scene()
    depth[50:100, 50:100] = np.nan
    codec = DepthCodec()
    found = repair_edges(codec.decode(codec.encode(depth)))
    assert not found.result.valid[53:97, 53:97].any()
    assert np.isnan(found.result.depth_m[53:97, 53:97]).all()


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_torch_and_numpy_agree_in_every_dtype(dtype):
    codec = DepthCodec()
    rgb = Jpeg(80)(codec.encode(scene((60, 80))))
    if dtype != "uint8":
        rgb = (rgb / 255).astype(dtype) if dtype.startswith("float") else rgb.astype(dtype) * 257
    one, two = repair_edges(codec.decode(rgb)), repair_edges(codec.decode(torch.from_numpy(rgb)))
    assert isinstance(two.mixed, torch.Tensor)
    assert one.result.depth_m.dtype == codec.decode(rgb).depth_m.dtype
    np.testing.assert_array_equal(two.mixed.numpy(), one.mixed)
    np.testing.assert_allclose(two.result.depth_m.numpy(), one.result.depth_m, rtol=1e-6)
    assert one.mixed.any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 3), (0, 4), (4, 0)])
def test_small_pictures_have_nothing_to_repair(shape):
    found = repair_edges(DepthCodec().decode(np.zeros((*shape, 3), np.uint8)), radius=8)
    assert found.mixed.shape == found.result.depth_m.shape == shape
    assert not found.mixed.any()


def test_what_cannot_work_is_an_error_that_says_why():
    decoded = DepthCodec().decode(np.zeros((4, 4, 3), np.uint8))
    for radius in (0, 9, 2.5, "3", True):
        with pytest.raises(InputError, match="radius must be an integer from 1 to 8"):
            repair_edges(decoded, radius=radius)
    for settings, message in (
        ({"least_step": 0}, "least_step must be a finite number above 0"),
        ({"least_step": np.nan}, "least_step must be"),
        ({"least_ratio": 0.5}, "least_ratio must be a finite number of at least 1"),
        ({"least_ratio": "a"}, "least_ratio must be.*got 'a'"),
    ):
        with pytest.raises(InputError, match=message):
            repair_edges(decoded, **settings)
    for thing in (5, np.zeros((4, 4))):
        with pytest.raises(InputError, match=r"decoded must be what DepthCodec\.decode returns"):
            repair_edges(thing)
    with pytest.raises(InputError, match=r"one image \(H, W\), got depth of shape \(2, 4, 4\)"):
        repair_edges(DepthCodec().decode(np.zeros((2, 4, 4, 3), np.uint8)))
