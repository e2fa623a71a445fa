"""The depth inspector without a browser: what is read at a pixel, along a line, and as points in space."""

import math

import numpy as np
import pytest

from vbanalysis.codecs import DepthCodec
from vbanalysis.errors import InputError
from vbanalysis.geometry import Intrinsics, unproject
from vbanalysis.types import Sample
from vbanalysis.widgets.cloud import FOCALS, field_of_view_deg, focal_steps, point_cloud
from vbanalysis.widgets.depth import DepthInspector
from vbanalysis.widgets.depth_screen import depth_panels, profile_charts
from vbanalysis.widgets.depth_view import inspect_depth

HEIGHT, WIDTH = 40, 60
CAMERA = Intrinsics(fx=50.0, fy=55.0, cx=28.0, cy=20.5)


@pytest.fixture
def depth():
    """A ramp with a corner that nobody knows and a sky."""
    ramp = np.geomspace(1, 30, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH).astype(np.float32)
    ramp[:4, :4], ramp[-2:] = np.nan, np.inf
    return ramp


@pytest.fixture
def inspector(depth):
    photo = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    return DepthInspector.of(Sample("s", photo, depth_m=depth, info={"intrinsics": CAMERA}))


def test_a_pixel_is_read_as_the_codec_reads_it(inspector, depth):
    codec = DepthCodec()
    rgb = codec.encode(depth)
    read = codec.decode(rgb)
    found = inspector.read(10, 20)
    assert found.depth_m == read.depth_m[10, 20]
    assert found.lead == read.margin[10, 20]
    assert found.runner_up_m == codec.runner_up(rgb)[10, 20]
    assert found.truth_m == depth[10, 20]
    assert found.error == pytest.approx(abs(found.depth_m - depth[10, 20]) / depth[10, 20])


def test_what_is_shown_at_a_pixel_are_the_words_of_what_is_read(inspector):
    for row, column in ((0, 0), (10, 20), (39, 59), (25, 7)):
        read = inspector.read(row, column)
        told = inspector.told(row, column)
        for name, value, unit in (
            ("depth", read.depth_m, "m"),
            ("runner-up", read.runner_up_m, "m"),
            ("truth", read.truth_m, "m"),
        ):
            if math.isnan(value):
                assert told[name] == ("unknown" if name == "truth" else "unread")
            elif math.isinf(value):
                assert told[name] == "infinite"
            else:
                assert float(told[name].removesuffix(f" {unit}")) == float(f"{value:.3g}")
        assert told["residual"] == f"{read.residual:.1f}/255"
        assert told["which lies farther by"] == f"{read.lead:.1f}/255"
    assert told["error"].endswith(" %")


def test_an_output_is_read_along_the_walk_it_follows_and_compared_with_the_truth(depth):
    picture = DepthCodec(walk="KGCBMRYW").encode(np.nan_to_num(depth, nan=2.0))
    inspector = DepthInspector.of(Sample("s", None, output=picture, task="depth", depth_m=depth))
    assert inspector.codec.walk == "KGCBMRYW"
    assert inspector.read(20, 20).error < 0.01
    assert DepthInspector.of(picture, walk="KRYGCBMW").codec.walk == "KRYGCBMW"
    assert DepthInspector.of(picture).error is None


def test_an_unread_pixel_counts_as_an_infinite_error(depth):
    picture = DepthCodec().encode(depth)
    picture[10, 10] = 128
    read = DepthInspector(picture, truth_m=depth).read(10, 10)
    assert math.isnan(read.depth_m)
    assert math.isnan(read.runner_up_m)
    assert math.isinf(read.error)


def test_a_line_goes_through_the_pixels_nearest_to_it(inspector, depth):
    profile = inspector.profile((5, 10), (35, 50))
    assert len(profile.rows) == 41
    assert (profile.rows[0], profile.columns[0]) == (5, 10)
    assert (profile.rows[-1], profile.columns[-1]) == (35, 50)
    assert profile.distance_px[-1] == pytest.approx(50.0)
    assert np.array_equal(profile.truth_m, depth[profile.rows, profile.columns])
    off = np.abs((profile.rows - 5) * 40 - (profile.columns - 10) * 30) / 50
    assert off.max() <= 0.5


def test_the_chart_of_a_line_breaks_where_nothing_is_read(inspector):
    whole = profile_charts(inspector.profile((20, 0), (20, 59)))
    broken = profile_charts(inspector.profile((0, 0), (0, 59)))
    assert "60 pixels, 0 unread" in whole
    assert "60 pixels, 4 unread" in broken
    sky = profile_charts(inspector.profile((39, 0), (39, 9)))
    assert "0 unread, 10 infinite" in sky


def test_a_large_picture_is_thinned_and_keeps_its_own_pixels(depth):
    large = np.repeat(np.repeat(depth, 50, 0), 50, 1)  # 2000 x 3000
    inspector = DepthInspector(DepthCodec().encode(large), truth_m=depth)
    assert inspector.step > 1
    assert inspector.rgb.shape[0] * inspector.rgb.shape[1] <= 640_000
    read = inspector.read(1001, 1502)
    assert (read.row, read.column) == (1001 - 1001 % inspector.step, 1502 - 1502 % inspector.step)
    assert read.truth_m == depth[read.row // 50, read.column // 50] == large[read.row, read.column]
    profile = inspector.profile((1000, 0), (1000, 2990))
    assert (profile.columns % inspector.step == 0).all()
    assert profile.distance_px[-1] == pytest.approx(2990, abs=inspector.step)


@pytest.mark.parametrize("repeat", [1, 3])
def test_points_at_the_camera_s_own_focal_length_are_those_of_the_geometry(inspector, depth, repeat):
    if repeat > 1:  # the output is larger than what the camera is known for
        picture = np.repeat(np.repeat(inspector.rgb, repeat, 0), repeat, 1)
        inspector = DepthInspector(picture, truth_m=depth, intrinsics=CAMERA)
    cloud = point_cloud(inspector)
    known = np.isfinite(inspector.depth_m) & (inspector.depth_m <= cloud.farthest_m)
    camera = Intrinsics(*(np.array(CAMERA[:2]) * repeat), *((np.array(CAMERA[2:]) + 0.5) * repeat - 0.5))
    expected = unproject(inspector.depth_m, camera)[known]
    assert np.allclose(cloud.at(CAMERA.fx / WIDTH), expected, rtol=1e-4, atol=1e-4)
    assert cloud.extent(CAMERA.fx / WIDTH) == pytest.approx(np.ptp(expected, axis=0), rel=1e-3)


def test_the_focal_length_scales_width_and_height_alone(inspector):
    cloud = point_cloud(inspector)
    near, far = np.array(cloud.extent(0.5)), np.array(cloud.extent(1.0))
    assert near / far == pytest.approx([2, 2, 1])
    assert field_of_view_deg(0.5) == pytest.approx(90)


def test_points_are_at_most_as_many_as_asked_for(inspector):
    cloud = point_cloud(inspector, at_most=100)
    assert 25 <= len(cloud.rays) <= 100
    assert len(cloud.picture) == len(cloud.photo) == len(cloud.rays)


def test_the_focal_slider_begins_at_the_camera_or_in_the_middle(inspector):
    steps, start = focal_steps(inspector, point_cloud(inspector))
    assert steps[start].focal == CAMERA.fx / WIDTH
    assert "(the camera's)" in steps[start].text
    assert [steps[0].focal, steps[-1].focal] == pytest.approx(FOCALS)
    unknown = DepthInspector(inspector.rgb)
    steps, start = focal_steps(unknown, point_cloud(unknown))
    assert steps[start].text.startswith("0.8 of the width, field of view 64.0°")


def test_panels_are_the_pictures_that_there_are(inspector):
    assert [panel.title.split(",")[0] for panel in depth_panels(inspector)] == [
        "Input", "Painted picture", "Decoded depth", "Residual", "Error relative to the truth",
    ]  # fmt: skip
    assert len(depth_panels(DepthInspector(inspector.rgb))) == 3


def test_the_view_tells_what_is_pointed_at_and_draws_the_line(inspector):
    widget = inspect_depth(Sample("s", None, depth_m=inspector.truth_m))
    view = widget.view
    assert (view.pixel, view.line) == (None, None)
    view.pointer.pixel, view.pointer.line = [3, 4], [[0, 0], [5, 20]]
    assert (view.pixel, view.line) == ((3, 4), ((0, 0), (5, 20)))
    assert "to row 5, column 20" in view.charts.value
    view.pointer.line = [[0, 0], [500, 20]]
    assert "row and column must be from 0 to 39 and 59" in view.charts.value
    view.pointer.line = []
    assert "Draw a line" in view.charts.value


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (np.zeros((4, 4)), r"picture must be \(H, W, 3\) uint8"),
        (3, "source must be a spec string"),
        (Sample("s", None), "neither an output nor depth"),
        (Sample("s", None, output=np.zeros((9, 9, 3), np.uint8), task="normals"), "painted for normals"),
        (np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8), "or a walk to read it along"),
    ],
)
def test_what_is_no_painted_depth_is_refused_with_advice(source, message):
    with pytest.raises(InputError, match=message):
        DepthInspector.of(source)
