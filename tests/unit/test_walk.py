from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vbanalysis.codecs.walk import EDGES, WALKS, channel_order, corners, project, root, walk_colour
from vbanalysis.errors import InputError

walks = st.sampled_from(list(WALKS))
colours = st.lists(st.tuples(*[st.floats(0, 1)] * 3), min_size=1, max_size=30)


def brute_force(rgb: np.ndarray, walk: str) -> np.ndarray:
    """(N, 7) distances to the edges as segments of space."""
    start = np.array(corners(walk), float)
    step = np.diff(start, axis=0)
    along = np.clip(np.einsum("nek,ek->ne", rgb[:, None] - start[:-1], step), 0, 1)
    return np.linalg.norm(rgb[:, None] - start[:-1] - along[..., None] * step, axis=-1)


@pytest.mark.parametrize("walk", WALKS)
def test_a_walk_visits_all_corners_one_channel_at_a_time_as_its_name_says(walk):
    letters = {(0, 0, 0): "K", (1, 0, 0): "R", (1, 1, 0): "Y", (0, 1, 0): "G"}
    letters |= {(0, 1, 1): "C", (0, 0, 1): "B", (1, 0, 1): "M", (1, 1, 1): "W"}
    path = corners(walk)
    assert "".join(letters[corner] for corner in path) == walk
    assert len(set(path)) == 8
    assert (np.abs(np.diff(path, axis=0)).sum(axis=1) == 1).all()
    first_raised = np.argmax(np.array(path), axis=0)
    assert tuple(np.argsort(first_raised)) == channel_order(walk)


def test_there_are_six_walks_and_an_unknown_one_is_an_error_that_lists_them():
    assert len({channel_order(walk) for walk in WALKS}) == 6
    for wrong in ("KRGB", None, ["K"]):
        with pytest.raises(InputError, match=r"one of KRYGCBMW, .*KBCGYRMW; got"):
            corners(wrong)


@settings(deadline=None, derandomize=True)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), walks)
def test_positions_are_kept(positions, walk):
    f = np.array(positions)
    rgb = walk_colour(f, walk)
    assert ((rgb >= 0) & (rgb <= 1)).all()
    found = project(rgb, walk)
    np.testing.assert_allclose((found.edge + found.along) / EDGES, f, atol=1e-12)
    np.testing.assert_allclose((EDGES - 1 - found.edge + found.ahead) / EDGES, 1 - f, atol=1e-12)
    assert (found.residual < 1e-12).all()


@settings(deadline=None, derandomize=True)
@given(colours, walks)
def test_the_projection_is_the_nearest_point_of_all_edges(rgb, walk):
    rgb = np.array(rgb)
    distance = brute_force(rgb, walk)
    found = project(rgb, walk)
    np.testing.assert_allclose(found.residual, distance.min(axis=1), atol=1e-9)
    np.testing.assert_allclose(distance[np.arange(len(rgb)), found.edge], found.residual, atol=1e-9)
    on_walk = walk_colour((found.edge + found.along) / EDGES, walk)
    np.testing.assert_allclose(np.linalg.norm(rgb - on_walk, axis=1), found.residual, atol=1e-9)
    apart = np.abs(np.arange(EDGES) - found.edge[:, None]) > 1
    rival = np.where(apart, distance, np.inf).min(axis=1)
    np.testing.assert_allclose(found.margin, rival - found.residual, atol=1e-9)


def test_the_margin_may_only_be_negative_for_rounding():
    rgb = np.random.default_rng(0).integers(0, 256, (50_000, 3)).astype(np.float32)
    for walk in WALKS:
        assert project(rgb, walk, 255).margin.min() >= 0


def test_the_earlier_of_two_equally_near_edges_wins():
    found = project(np.array([[255.0, 0, 0], [255, 255, 0], [100, 100, 100]]), "KRYGCBMW", 255)
    assert found.edge.tolist() == [0, 1, 0]
    assert found.along.tolist()[:2] == [1, 1]


def test_the_tail_decides_the_last_edge():
    tail = np.array([1e-20])
    assert walk_colour(1 - tail, "KRYGCBMW", tail)[0, 1] == 1
    tail = np.array([1e-12])
    assert 1 - walk_colour(1 - tail, "KRYGCBMW", tail)[0, 1] == pytest.approx(7e-12, rel=1e-3)


def test_the_root_has_a_gradient_at_zero_and_keeps_nan():
    value = torch.tensor([0.0, 4.0, float("nan")], requires_grad=True)
    found = root(value)
    assert found[:2].tolist() == [0, 2]
    assert found[2].isnan()
    found[:2].sum().backward()
    assert value.grad[:2].tolist() == [0, 0.25]
