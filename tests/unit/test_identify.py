from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from scipy import ndimage

from vbanalysis.codecs import WALKS, DepthCodec, NormalCodec, identify_walk, separated_palette
from vbanalysis.codecs.degradations import Drift, Jpeg, Noise, Rounding, WebP, chain
from vbanalysis.errors import InputError

CORNERS = [tuple(255 * v for v in corner) for corner in itertools.product((0, 1), repeat=3)]


def scene(near: float, far: float, shape=(240, 320)) -> np.ndarray:
    """A floor from `near` at the bottom to `far` at the top, with ten things on it."""
    rng = np.random.default_rng(0)
    ys, xs = np.mgrid[: shape[0], : shape[1]]
    depth = near * (far / near) ** (1 - ys / shape[0])
    for _ in range(10):
        cx, cy, a, b = rng.uniform((0, 0, 10, 10), (shape[1], shape[0], 50, 50))
        depth[((xs - cx) / a) ** 2 + ((ys - cy) / b) ** 2 < 1] = near * (far / near) ** rng.random()
    return depth


def mask(colours, seed: int = 0, blur: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rgb = np.array(colours)[rng.integers(0, len(colours), (12, 16))].repeat(20, 0).repeat(20, 1)
    return np.rint(ndimage.gaussian_filter(rgb.astype(float), (blur, blur, 0))).astype(np.uint8)


@pytest.mark.parametrize(
    "degradation",
    [
        Rounding(), Jpeg(90), Jpeg(75), WebP(75), Noise(4), Noise(10), Drift(gain=0.9, offset=8),
        Drift(gamma=1.3), chain(Noise(4), Jpeg(80)),
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("walk", WALKS)
def test_each_walk_is_recognised_through_what_happens_to_pictures(walk, degradation):
    found = identify_walk(degradation(DepthCodec(walk=walk).encode(scene(0.4, 40))))
    assert found.ranking[0].name == walk
    if walk == "KBCGYRMW":
        assert (found.verdict, found.walk) == ("bgr", "KRYGCBMW")
    else:
        assert (found.verdict, found.walk) == ("walk", walk)
    assert walk in found.message


def test_the_ranking_holds_all_walks_best_first_with_what_they_explain():
    rgb = DepthCodec().encode(scene(0.4, 40))
    found = identify_walk(rgb)
    assert sorted(score.name for score in found.ranking) == sorted(WALKS)
    scores = [score.score for score in found.ranking]
    assert scores == sorted(scores)
    assert scores[0] < 1e-9
    assert found.ranking[0].pixels == found.n_pixels == rgb[..., 0].size
    for score in found.ranking:
        residual = DepthCodec(walk=score.name).decode(rgb).residual
        assert score.score == pytest.approx(residual.mean(), abs=1e-3)
        assert score.pixels == (residual <= 24).sum()


def test_reversed_channels_are_told():
    rgb = DepthCodec().encode(scene(0.4, 40))
    found = identify_walk(rgb[..., ::-1])
    assert found.verdict == "bgr"
    assert "reverse the image's channels" in found.message
    assert identify_walk(rgb).verdict == "walk"


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
@pytest.mark.parametrize("kind", [np.asarray, torch.as_tensor])
def test_any_kind_of_image_gives_the_same_answer(dtype, kind):
    depth = scene(0.4, 40)
    found = identify_walk(kind(DepthCodec(walk="KGCBMRYW").encode(depth, dtype)))
    assert (found.verdict, found.walk) == ("walk", "KGCBMRYW")


def test_unknown_pixels_are_left_out():
    depth = scene(0.4, 40)
    depth[:, :200] = np.nan
    for dtype in ("uint8", "float64"):
        found = identify_walk(DepthCodec().encode(depth, dtype))
        assert found.n_pixels == 240 * 120
        assert found.walk == "KRYGCBMW"
    colours = DepthCodec().encode(scene(0.4, 40), "float64")
    colours[:10] = np.nan
    assert identify_walk(colours).n_pixels == 230 * 320


@pytest.mark.parametrize("image", ["astronaut", "chelsea", "coffee", "camera", "rocket"])
def test_photographs_follow_no_walk(image):
    from skimage import data

    photo = getattr(data, image)()
    found = identify_walk(np.stack([photo] * 3, axis=-1) if photo.ndim == 2 else photo)
    assert (found.verdict, found.walk) == ("none", None)
    assert "no depth walk" in found.message


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("blur", [0, 0.5])
@pytest.mark.parametrize("degradation", [Rounding(), Jpeg(92, "4:4:4"), Noise(3)], ids=str)
def test_masks_are_no_depth_even_in_the_colours_of_the_walk(seed, blur, degradation):
    for colours in (separated_palette(8), [(0, 0, 0), (255, 0, 0), (0, 255, 0)], CORNERS[1:7]):
        found = identify_walk(degradation(mask(colours, seed, blur)))
        assert found.verdict in ("none", "ambiguous"), found.message
        assert found.walk is None


def test_normals_and_grey_follow_no_walk():
    ys, xs = np.mgrid[-0.7:0.7:200j, -0.7:0.7:200j]
    normals = np.dstack([xs, ys, np.sqrt(1 - xs**2 - ys**2)])
    assert identify_walk(NormalCodec().encode(normals)).verdict == "none"
    grey = np.broadcast_to(np.arange(256, dtype=np.uint8)[:, None, None], (256, 10, 3))
    assert identify_walk(grey).verdict == "none"


@pytest.mark.parametrize(("near", "far"), [(0.1, 0.7), (1, 3), (2, 8)])
def test_depths_whose_colours_several_walks_share_are_ambiguous(near, far):
    found = identify_walk(DepthCodec().encode(scene(near, far)))
    assert found.verdict == "ambiguous"
    assert found.walk is None
    assert "KRYGCBMW" in found.message


@pytest.mark.parametrize("rgb", [(0, 0, 0), (255, 255, 255), (255, 0, 0), (10, 200, 90)])
@pytest.mark.parametrize("shape", [(3,), (1, 1, 3), (50, 50, 3)])
def test_a_flat_colour_is_no_depth(rgb, shape):
    found = identify_walk(np.broadcast_to(np.array(rgb, np.uint8), shape))
    assert found.verdict == "none"


@pytest.mark.parametrize(
    "rgb",
    [
        np.zeros((0, 3), np.uint8),
        np.zeros((4, 0, 3)),
        np.full((5, 5, 3), np.nan),
        np.full((5, 5, 3), 128, np.uint8),
    ],
)
def test_nothing_to_look_at_is_an_error(rgb):
    with pytest.raises(InputError, match="no pixel to identify a walk from"):
        identify_walk(rgb)


def test_a_close_up_of_few_shades_is_ambiguous_and_no_mask():
    near = DepthCodec().encode(np.linspace(0.5, 0.75, 96 * 96).reshape(96, 96))
    assert identify_walk(near).verdict == "ambiguous"
