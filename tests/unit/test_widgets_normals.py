"""The normal inspector without a browser: what is read at a pixel, and how the surface looks in a light."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from vbanalysis.codecs import NormalCodec, convert_normals
from vbanalysis.errors import InputError
from vbanalysis.types import Sample
from vbanalysis.widgets import normals_view
from vbanalysis.widgets.normals import NormalInspector
from vbanalysis.widgets.normals_view import AXES_TOLD, inspect_normals, normal_panels

FRAMES = tuple(AXES_TOLD)


@pytest.fixture
def truth():
    """A ball that faces the viewer, in the paper's frame, and nothing around it."""
    y, x = np.mgrid[1.1:-1.1:45j, -1.1:1.1:55j]
    z = np.sqrt(np.maximum(0, 1 - x**2 - y**2))
    ball = np.stack([x, y, z], axis=-1).astype(np.float32)
    ball[x**2 + y**2 >= 1] = np.nan
    return ball


@pytest.mark.parametrize("frame", FRAMES)
def test_a_pixel_is_read_in_the_frame_of_the_picture(truth, frame):
    picture = NormalCodec(frame).encode(convert_normals(truth, "paper", frame))
    inspector = NormalInspector(picture, truth=truth, frame=frame)
    read = inspector.read(20, 35)
    expected = convert_normals(truth, "paper", frame)[20, 35]
    assert read.normal == pytest.approx(expected, abs=0.01)
    assert read.truth == pytest.approx(expected)
    assert read.error_deg < 0.5
    assert read.length == pytest.approx(1, abs=0.01)
    assert read.residual == pytest.approx(abs(read.length - 1) * 127.5, abs=1e-4)


def test_the_error_is_the_angle_between_the_vectors(truth):
    turned = np.stack([truth[..., 2], truth[..., 1], -truth[..., 0]], axis=-1)  # by 90 degrees about y
    inspector = NormalInspector(NormalCodec().encode(turned), truth=truth, frame="paper")
    dot = (inspector.normals * truth).sum(axis=-1)
    known = ~np.isnan(dot)
    expected = np.degrees(np.arccos(np.clip(dot[known], -1, 1)))
    assert np.allclose(inspector.error_deg[known], expected, atol=0.05)
    assert np.isnan(inspector.error_deg[~known]).all()
    assert inspector.error_deg[22, 27] == pytest.approx(90, abs=1)


def test_what_is_shown_at_a_pixel_are_the_words_of_what_is_read(truth):
    inspector = NormalInspector.of(Sample("s", None, normals=truth))
    for row, column in ((0, 0), (20, 35), (22, 27), (30, 12)):
        read = inspector.read(row, column)
        told = list(inspector.told(row, column).values())
        assert told[3:5] == [f"{read.length:.2f}", f"{read.residual:.1f}/255"]
        if np.isnan(read.normal[0]):
            assert told[:3] == ["unread"] * 3
            assert told[5:] == ["unknown"] * 4
        else:
            assert [float(each) for each in told[:3]] == pytest.approx(read.normal, abs=0.00501)
            assert [float(each) for each in told[5:8]] == pytest.approx(read.truth, abs=0.00501)
            assert told[8] == f"{read.error_deg:.1f}°"


@pytest.mark.parametrize("frame", FRAMES)
def test_a_light_from_the_left_lights_the_left_whatever_the_frame(truth, frame):
    lit = NormalInspector.of(Sample("s", None, normals=truth), frame=frame).relit((-1, 0, 0), 0.0)
    assert lit.shape == (45, 55, 4)
    assert lit[22, 5, 0] > 200
    assert lit[22, 50, 0] == 0
    assert lit[0, 0].tolist() == [0, 0, 0, 0]
    up = NormalInspector.of(Sample("s", None, normals=truth), frame=frame).relit((0, 3, 0), 0.0)
    assert up[5, 27, 0] > 180
    assert up[40, 27, 0] == 0


def test_ambient_light_is_the_least_and_all_of_it_the_most(truth):
    inspector = NormalInspector.of(Sample("s", None, normals=truth))
    read = ~np.isnan(inspector.normals[..., 0])
    assert inspector.relit((-1, 0, 0), 0.4)[read][:, 0].min() == 102
    assert (inspector.relit((-1, 0, 0), 1.0)[read] == 255).all()


@pytest.mark.skipif(shutil.which("node") is None, reason="node runs the script of the widget")
def test_the_browser_lights_every_pixel_as_the_model_does(truth, tmp_path):
    inspector = NormalInspector.of(Sample("s", None, normals=truth))
    lights = [((-0.4, 0.5), 0.2), ((0.7, -0.7), 0.0), ((0.0, 0.0), 0.55)]
    script = Path(normals_view.__file__).with_name("light.js").read_text(encoding="utf-8")
    (tmp_path / "light.mjs").write_text(script)
    (tmp_path / "normals").write_bytes(inspector.facing.astype("<f4").tobytes())
    (tmp_path / "ask.mjs").write_text(
        'import { readFileSync } from "fs";\n'
        'import { relight, direction } from "./light.mjs";\n'
        f"const bytes = readFileSync({json.dumps(str(tmp_path / 'normals'))});\n"
        "const normals = new Float32Array(new Uint8Array(bytes).buffer);\n"
        f"const told = {json.dumps(lights)}.map(([light, ambient]) => {{\n"
        "  const rgba = new Uint8ClampedArray((normals.length / 3) * 4);\n"
        "  relight(normals, direction(light), ambient, rgba);\n"
        "  return [direction(light), [...rgba]];\n"
        "});\n"
        "console.log(JSON.stringify(told));\n"
    )
    run = subprocess.run(["node", tmp_path / "ask.mjs"], capture_output=True, text=True, check=True)
    for (_, ambient), (direction, rgba) in zip(lights, json.loads(run.stdout), strict=True):
        assert np.array_equal(np.reshape(rgba, (45, 55, 4)), inspector.relit(direction, ambient))


def test_an_output_is_read_in_the_convention_it_is_painted_in(truth):
    y, x = np.mgrid[1:-1:64j, -1:1:64j]
    slope = np.cos(3 * x + 4 * y)
    bumps = np.stack([-3 * slope, -4 * slope, np.full_like(x, 6)], axis=-1)
    bumps = (bumps / np.linalg.norm(bumps, axis=-1, keepdims=True)).astype(np.float32)
    for frame in ("paper", "opengl"):
        picture = NormalCodec(frame).encode(bumps)
        inspector = NormalInspector.of(Sample("s", None, output=picture, task="normals", normals=bumps))
        assert inspector.frame == frame
        assert inspector.read(30, 30).error_deg < 1


def test_normals_too_plain_to_tell_are_read_in_the_paper_s_convention_and_say_so():
    wall = np.zeros((32, 32, 3), np.float32)
    wall[..., 2] = 1
    inspector = NormalInspector.of(NormalCodec().encode(wall))
    assert (inspector.frame, inspector.assumed) == ("paper", True)


def test_a_large_picture_is_thinned_and_keeps_its_own_pixels(truth):
    large = np.repeat(np.repeat(truth, 40, 0), 40, 1)  # 1800 x 2200
    inspector = NormalInspector(NormalCodec().encode(large), truth=truth, frame="paper")
    read = inspector.read(801, 1402)
    assert inspector.step > 1
    assert read.truth == pytest.approx(large[read.row, read.column])
    assert read.error_deg < 0.5


def test_the_view_shows_the_pictures_and_tells_what_is_pointed_at(truth):
    widget = inspect_normals(Sample("s", np.zeros((45, 55, 3), np.uint8), normals=truth))
    view = widget.view
    assert [panel.title.split(",")[0] for panel in normal_panels(view.inspector)] == [
        "Input", "Painted picture", "Length as painted", "Angle to the truth",
    ]  # fmt: skip
    assert view.pixel is None
    view.pointer.pixel = [3, 4]
    assert view.pixel == (3, 4)
    assert len(view.light.surface["normals"]) == 45 * 55 * 3 * 4


def test_the_default_is_an_embedded_scene():
    inspector = NormalInspector.of()
    assert inspector.frame == "paper"
    assert np.nanmedian(inspector.error_deg) < 0.5


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: NormalInspector.of(np.zeros((4, 4))), r"picture must be \(H, W, 3\) uint8"),
        (lambda: NormalInspector.of(Sample("s", None)), "neither an output nor normals"),
        (lambda: NormalInspector.of(np.zeros((64, 64, 3), np.uint8)), "give frame to read"),
        (lambda: NormalInspector.of(np.zeros((8, 8, 3), np.uint8)), "too small to tell"),
        (lambda: NormalInspector.of(np.zeros((64, 64, 3), np.uint8), frame="left"), "must be one of paper"),
        (lambda: NormalInspector.of().relit((0, 0, 0)), "light must be three numbers"),
        (lambda: NormalInspector.of().relit((0, 0, 1), 2), "ambient must be from 0 to 1"),
        (lambda: NormalInspector.of().read(64, 0), "row and column must be from 0 to 63"),
    ],
)
def test_what_cannot_be_is_refused_with_advice(act, message):
    with pytest.raises(InputError, match=message):
        act()
