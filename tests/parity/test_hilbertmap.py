"""The depth codec against hilbertmap 0.1.3, the published implementation of the same code."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from vbanalysis.codecs import DepthCodec
from vbanalysis.codecs.walk import corners
from vbanalysis.errors import InputError

hilbertmap = pytest.importorskip("hilbertmap", reason="needs the peer: pip install 'vbanalysis[bench]'")

CURVES = [(-3.0, 10 / 3), (-1.5, 0.5), (-10.0, 20.0)]


def distances(rgb: np.ndarray) -> np.ndarray:
    """(N, 7) distances to the edges, by the textbook formula for segments."""
    start = np.array(corners("KRYGCBMW"), float)
    step = np.diff(start, axis=0)
    along = np.clip(np.einsum("nek,ek->ne", rgb[:, None] - start[:-1], step), 0, 1)
    return np.linalg.norm(rgb[:, None] - start[:-1] - along[..., None] * step, axis=-1)


@pytest.mark.parametrize(("lam", "c"), CURVES)
def test_painted_colours_agree(lam, c):
    depth = np.concatenate([[0.0, np.inf], np.geomspace(1e-3, 1e5, 50_000)])
    np.testing.assert_allclose(
        DepthCodec(lam=lam, c=c).encode(depth, "float64"),
        hilbertmap.depth_to_rgb(depth, lam=lam, c=c),
        atol=1e-13,
    )


@pytest.mark.parametrize(("lam", "c"), CURVES)
def test_depth_of_colours_on_the_code_agrees(lam, c):
    codec = DepthCodec(lam=lam, c=c)
    depth = np.geomspace(1e-3, 1e5, 50_000)
    depth = depth[codec.curve.tail(depth) > 1e-9]  # beyond, the peer loses digits to `1 - f`
    rgb = hilbertmap.depth_to_rgb(depth, lam=lam, c=c)
    theirs = hilbertmap.rgb_to_depth(rgb, lam=lam, c=c)
    np.testing.assert_allclose(codec.decode(rgb).depth_m, theirs, rtol=1e-6)


@pytest.mark.parametrize("kind", ["float64", "uint8", "uint16"])
def test_depth_of_any_colour_agrees_where_one_edge_is_nearest(kind):
    rng = np.random.default_rng(0)
    rgb = rng.random((100_000, 3))
    if kind != "float64":
        top = np.iinfo(kind).max
        rgb = np.rint(rgb * top).astype(kind)
        ours, rgb = DepthCodec().decode(rgb), rgb / top
    else:
        ours = DepthCodec().decode(rgb)
    with np.errstate(divide="ignore"):
        theirs = hilbertmap.rgb_to_depth(rgb)
    nearest = np.sort(distances(rgb), axis=1)
    settled = (nearest[:, 1] - nearest[:, 0] > 1e-9) & ours.valid & np.isfinite(theirs) & (theirs > 1e-6)
    assert settled.mean() > 0.65, "the others are grey"
    np.testing.assert_allclose(ours.depth_m[settled], theirs[settled], rtol=1e-6)
    np.testing.assert_allclose(ours.residual, nearest[:, 0] * 255, atol=1e-4)


def test_what_we_call_unknown_lies_nearer_to_grey_than_to_the_walk():
    rgb = np.random.default_rng(1).random((50_000, 3))
    to_grey = np.linalg.norm(rgb - 128 / 255, axis=1)
    np.testing.assert_array_equal(DepthCodec().decode(rgb).valid, to_grey >= distances(rgb).min(axis=1))


def test_white_is_infinity_without_a_warning():
    white = np.ones((2, 3))
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        assert (hilbertmap.rgb_to_depth(white) == np.inf).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (DepthCodec().decode(white).depth_m == np.inf).all()


def test_one_unknown_pixel_costs_only_itself():
    depth = np.array([1.0, np.nan, 5.0])
    with np.errstate(invalid="ignore"), pytest.raises(IndexError):
        hilbertmap.depth_to_rgb(depth)
    result = DepthCodec().decode(DepthCodec().encode(depth, "float64"))
    np.testing.assert_allclose(result.depth_m, depth, rtol=1e-12)


def test_grey_is_no_depth():
    grey = np.full((1, 3), 0.45)
    assert 0.2 < hilbertmap.rgb_to_depth(grey)[0] < 0.5
    assert not DepthCodec().decode(grey).valid[0]


def test_negative_depth_is_an_error_and_not_black():
    depth = np.array([-1.0, 2.0])
    assert hilbertmap.depth_to_rgb(depth)[0].tolist() == [0, 0, 0]
    with pytest.raises(InputError, match="1 negative value"):
        DepthCodec().encode(depth)
