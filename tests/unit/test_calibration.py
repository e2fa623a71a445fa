from __future__ import annotations

import numpy as np
import pytest
import torch

from vbanalysis.codecs import WALKS, DepthCodec, NormalCodec, calibrate
from vbanalysis.codecs.degradations import Drift, Jpeg, Noise, Rounding, chain
from vbanalysis.errors import InputError


def scene(near: float = 0.2, far: float = 60, shape=(150, 200)) -> np.ndarray:
    """A floor from `near` to `far`, with eight discs of constant depth on it."""
    rng = np.random.default_rng(0)
    ys, xs = np.mgrid[: shape[0], : shape[1]]
    depth = near * (far / near) ** (1 - ys / shape[0])
    for _ in range(8):
        cx, cy, radius = rng.uniform((0, 0, 8), (shape[1], shape[0], 25))
        depth[(xs - cx) ** 2 + (ys - cy) ** 2 < radius**2] = near * (far / near) ** rng.random()
    return depth


def error(rgb: np.ndarray, depth: np.ndarray, codec: DepthCodec) -> float:
    """AbsRel, with 1 where the depth is lost."""
    found = codec.decode(rgb).depth_m
    return float(np.where(np.isfinite(found), np.abs(found - depth) / depth, 1.0).mean())


class Cast:
    """A drift of its own for each channel."""

    def __call__(self, rgb):
        matrix = np.array([[0.85, 0.05, 0.0], [0.02, 0.9, 0.03], [0.0, 0.08, 0.8]])
        return np.rint(rgb @ matrix.T + [3, 8, 5]).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("walk", WALKS)
@pytest.mark.parametrize(
    ("drift", "factor"),
    [
        (Drift(gain=0.9), 10),
        (Drift(gain=0.92, offset=10), 8),
        (Drift(saturation=0.85), 10),
        pytest.param(Cast(), 10, id="cast-10"),
        (Drift(gain=0.9, offset=20, saturation=0.9), 8),
        (chain(Drift(gain=0.9), Noise(3)), 3),
        (chain(Drift(gain=0.9, offset=8), Jpeg(92, "4:4:4")), 3),
    ],
    ids=str,
)
def test_an_affine_drift_is_found_and_removed(walk, drift, factor):
    codec, depth = DepthCodec(walk=walk), scene()
    drifted = drift(codec.encode(depth))
    found = calibrate(drifted, codec)
    assert found.applied, found.reason
    assert error(found.rgb, depth, codec) < error(drifted, depth, codec) / factor
    assert found.residual_after < found.residual_before / 3
    assert "residual fell from" in found.reason
    assert "affine drift" in found.reason


def test_the_drift_itself_is_reported():
    found = calibrate(Drift(gain=0.8, offset=15)(DepthCodec().encode(scene(), "float64")))
    np.testing.assert_allclose(found.matrix, 0.8 * np.eye(3), atol=0.003)
    np.testing.assert_allclose(found.offset, 15, atol=0.5)
    assert found.unseen == ()


def test_what_clipping_took_away_stays_away():
    codec, depth = DepthCodec(), scene()
    drifted = Drift(offset=12)(codec.encode(depth))
    found = calibrate(drifted)
    assert found.applied
    assert (
        error(drifted, depth, codec) / 3 < error(found.rgb, depth, codec) < error(drifted, depth, codec) / 1.4
    )


@pytest.mark.parametrize(
    "drift", [Rounding(), Noise(2), Drift(gamma=1.3), Drift(gain=1.15), Jpeg(95, "4:4:4")]
)
def test_where_nothing_can_be_seen_nothing_is_changed(drift):
    rgb = drift(DepthCodec().encode(scene()))
    found = calibrate(rgb)
    assert not found.applied
    assert "nothing to remove" in found.reason
    np.testing.assert_array_equal(found.rgb, rgb / 255)
    np.testing.assert_array_equal(found.matrix, np.eye(3))
    assert found.offset.tolist() == [0, 0, 0]
    assert found.residual_before == found.residual_after


@pytest.mark.parametrize(("near", "far"), [(0.8, 6), (0.4, 2), (1.5, 8), (6, 80)])
@pytest.mark.parametrize(
    "drift",
    [Drift(gain=0.9), Drift(gain=0.92, offset=10), Drift(saturation=0.85), chain(Drift(gain=0.9), Noise(3))],
)
def test_a_narrow_range_of_depths_is_given_a_drift_that_all_channels_share(near, far, drift):
    codec, depth = DepthCodec(), scene(near, far)
    drifted = drift(codec.encode(depth))
    found = calibrate(drifted)
    assert found.applied
    if found.unseen:
        assert "one drift for all channels" in found.reason
        assert found.unseen[0] in found.reason
        assert np.ptp(found.offset) == pytest.approx(0, abs=1e-9)
    assert error(found.rgb, depth, codec) < error(drifted, depth, codec) / 3


@pytest.mark.parametrize(("near", "far"), [(0.8, 6), (0.4, 2), (1.5, 8), (2, 5), (6, 80), (0.1, 0.7)])
@pytest.mark.parametrize(
    "drift", [Rounding(), Noise(6), Drift(gamma=1.2), Drift(gamma=0.8), Jpeg(75)], ids=str
)
def test_a_narrow_range_without_an_affine_drift_does_not_get_worse(near, far, drift):
    codec, depth = DepthCodec(), scene(near, far)
    rgb = drift(codec.encode(depth))
    found = calibrate(rgb)
    assert error(found.rgb, depth, codec) <= 1.1 * error(rgb, depth, codec) + 1e-3


def test_what_is_no_depth_picture_is_refused_with_a_reason():
    from skimage import data

    rng = np.random.default_rng(0)
    for rgb in (
        data.astronaut(),
        NormalCodec().encode(np.tile([0, 0.6, 0.8], (50, 50, 1))),
        np.zeros((60, 60, 3), np.uint8),
        np.full((60, 60, 3), 255, np.uint8),
        np.full((60, 60, 3), 128, np.uint8),
        rng.integers(0, 256, (100, 100, 3), dtype=np.uint8),
        np.full((60, 60, 3), np.nan),
        np.zeros((0, 3), np.uint8),
        DepthCodec().encode(scene(shape=(10, 20))),
    ):
        found = calibrate(rgb)
        assert not found.applied
        assert found.reason.startswith("cannot calibrate: ")
        assert found.rgb.shape == rgb.shape


def test_the_wrong_walk_is_refused_or_harmless():
    for walk in list(WALKS)[1:]:
        rgb = DepthCodec(walk=walk).encode(scene())
        found = calibrate(rgb)
        assert not found.applied or found.residual_after < found.residual_before


def test_unknown_pixels_stay_unknown():
    depth = scene()
    depth[:20] = np.nan
    colours = Drift(gain=0.9)(DepthCodec().encode(depth, "float64"))
    colours[30, 30] = np.nan
    found = calibrate(colours)
    assert found.applied
    result = DepthCodec().decode(found.rgb)
    assert not result.valid[:20].any()
    assert not result.valid[30, 30]
    assert result.valid.sum() == 130 * 200 - 1


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_torch_and_numpy_agree(dtype):
    rgb = Drift(gain=0.9)(DepthCodec().encode(scene(), dtype))
    one, two = calibrate(rgb), calibrate(torch.from_numpy(rgb))
    assert isinstance(two.rgb, torch.Tensor)
    assert two.rgb.dtype == torch.float64
    np.testing.assert_allclose(two.rgb.numpy(), one.rgb, atol=1e-12)
    assert two[1:2] + two[4:] == one[1:2] + one[4:]
    assert one.applied


def test_the_order_of_the_pixels_does_not_matter():
    rgb = Drift(gain=0.9)(DepthCodec().encode(scene()))
    flat = rgb.reshape(-1, 3)
    np.testing.assert_allclose(calibrate(flat).rgb.reshape(rgb.shape), calibrate(rgb).rgb, atol=1e-9)


def test_what_is_no_image_is_an_error():
    with pytest.raises(InputError, match="drop the alpha channel"):
        calibrate(np.zeros((5, 5, 4), np.uint8))


@pytest.mark.parametrize(
    ("drift", "doubt"),
    [
        (Drift(offset=8), "top of the range"),
        (Drift(offset=-8), "bottom of the range"),
        (Drift(gain=0.9, offset=10), None),
    ],
)
def test_where_clipping_hides_the_kind_of_drift_the_answer_says_so(drift, doubt):
    depth = np.geomspace(0.2, 60, 200 * 300).reshape(200, 300)
    found = calibrate(drift(DepthCodec().encode(depth)))
    assert found.applied
    assert ("part of it remains" in found.reason) == (doubt is not None)
    assert doubt is None or doubt in found.reason
