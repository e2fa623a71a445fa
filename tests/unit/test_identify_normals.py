from __future__ import annotations

import numpy as np
import pytest
import torch

from vbanalysis.codecs import NormalCodec, convert_normals, identify_normal_convention
from vbanalysis.codecs.degradations import Jpeg, Noise, Rounding
from vbanalysis.codecs.normals import PAINT
from vbanalysis.errors import InputError

CONVENTIONS = list(PAINT)


def alike(convention: str) -> tuple[str, ...]:
    """The conventions that paint the same colours for the same surface."""
    faces = np.eye(3)

    def colours(name):
        return NormalCodec(name).encode(convert_normals(faces, "paper", name)).tolist()

    return tuple(name for name in CONVENTIONS if colours(name) == colours(convention))


def sphere(size: int = 200) -> np.ndarray:
    """A ball in front of a wall that faces the camera, in the paper's frame."""
    ys, xs = np.mgrid[1 : -1 : size * 1j, -1 : 1 : size * 1j] / 0.8
    inside = xs**2 + ys**2 < 1
    up = np.sqrt(np.where(inside, 1 - xs**2 - ys**2, 1))
    return np.where(inside[..., None], np.dstack([xs, ys, up]), [0.0, 0, 1])


def terrain(size: int = 300) -> np.ndarray:
    """A rough floor that falls away from the camera, from heights that add up."""
    ys, xs = np.mgrid[:size, :size] / size
    height = 0.1 * np.sin(9 * xs + 4 * ys) * np.cos(7 * ys - 3 * xs) - 0.4 * (1 - ys)
    right, down = np.gradient(height, 1 / size)[::-1]
    normals = np.dstack([-right, down, np.ones_like(height)])
    return normals / np.linalg.norm(normals, axis=-1, keepdims=True)


def roofs(size: int = 240) -> np.ndarray:
    """Four pyramids of flat faces and sharp creases."""
    ys, xs = np.mgrid[1 : -1 : size // 2 * 1j, -1 : 1 : size // 2 * 1j]
    side = np.abs(xs) > np.abs(ys)
    faces = np.dstack([np.where(side, np.sign(xs), 0), np.where(side, 0, np.sign(ys)), np.ones_like(xs)])
    return np.tile(faces / np.linalg.norm(faces, axis=-1, keepdims=True), (2, 2, 1))


def gable(size: int = 240) -> np.ndarray:
    """One crease, askew, between two flat faces."""
    ys, xs = np.mgrid[1 : -1 : size * 1j, -1 : 1 : size * 1j]
    across = np.array([0.6, 0.5, 0]) * np.sign(0.6 * xs + 0.5 * ys)[..., None] + [0, 0, 0.8]
    return across / np.linalg.norm(across, axis=-1, keepdims=True)


@pytest.mark.parametrize("degradation", [Rounding(), Jpeg(90), Noise(2)], ids=str)
@pytest.mark.parametrize("surface", [sphere, terrain, roofs, gable])
@pytest.mark.parametrize("convention", CONVENTIONS)
def test_the_convention_is_told_from_the_surface_alone(convention, surface, degradation):
    codec = NormalCodec(convention)
    rgb = degradation(codec.encode(convert_normals(surface(), "paper", convention)))
    found = identify_normal_convention(rgb)
    assert found.candidates == alike(convention), found.message
    assert convention in found.message


def test_conventions_that_paint_alike_are_named_together():
    assert {alike(name) for name in CONVENTIONS} == {("paper", "dsine"), ("opengl", "diode"), ("opencv",)}


def test_a_real_scene_is_told():
    from vbanalysis.datasets.motorcycle import load

    normals = next(iter(load())).normals.astype(np.float64)
    for convention in CONVENTIONS:
        rgb = NormalCodec(convention).encode(convert_normals(normals, "paper", convention))
        found = identify_normal_convention(rgb)
        assert found.candidates == alike(convention), found.message


def test_a_scene_with_the_floor_above_is_told_but_doubted():
    bowl = sphere() * [-1, -1, 1]  # below the middle it faces up, as floors do
    assert "unusual" not in identify_normal_convention(NormalCodec().encode(bowl)).message
    found = identify_normal_convention(NormalCodec().encode(sphere()))
    assert found.candidates == ("paper", "dsine")
    assert found.upright < -0.05
    assert "unusual view, or x and y are both reversed" in found.message


@pytest.mark.parametrize("size", [300, 700])
def test_sky_and_unknown_pixels_do_not_mislead(size):
    normals = np.kron(terrain(100), np.ones((size // 100, size // 100, 1)))
    colours = NormalCodec().encode(normals, "float64")
    clean = identify_normal_convention(colours)
    colours[: size // 10] = (1, 0, 1)
    colours[size // 3 :: 50, ::50] = np.nan
    found = identify_normal_convention(colours)
    assert found.candidates == clean.candidates == ("paper", "dsine")
    assert np.isfinite([found.facing, found.handed, found.upright]).all()


def test_a_flat_wall_says_too_little():
    rgb = np.broadcast_to(np.array([128, 128, 255], np.uint8), (50, 50, 3))
    found = identify_normal_convention(rgb)
    assert found.candidates == ()
    assert found.facing > 0.9
    assert "undecided" in found.message


@pytest.mark.parametrize("rgb", [np.zeros((30, 30, 3), np.uint8), np.full((30, 30, 3), np.nan)])
def test_what_holds_no_normals_is_told(rgb):
    found = identify_normal_convention(rgb)
    assert found.candidates == ()
    assert "no normal map: 0% of the vectors" in found.message


def test_any_kind_of_image_gives_the_same_answer():
    for dtype in ("uint8", "uint16", "float32", "float64"):
        rgb = NormalCodec("opengl").encode(terrain(), dtype)
        for kind in (np.asarray, torch.as_tensor):
            assert identify_normal_convention(kind(rgb)).candidates == ("opengl", "diode")


@pytest.mark.parametrize("shape", [(15, 40, 3), (40, 15, 3), (0, 0, 3), (3,), (2, 40, 40, 3)])
def test_too_little_or_too_much_is_an_error(shape):
    with pytest.raises(InputError, match="one image of at least 16 x 16 pixels"):
        identify_normal_convention(np.zeros(shape, np.uint8))
