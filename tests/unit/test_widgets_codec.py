"""The codec explorer without a browser: what a setting does, what is shown of it, what is not done twice."""

import io
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from PIL import Image

from vbanalysis.codecs import DepthCodec
from vbanalysis.codecs.degradations import Drift, Jpeg, Noise, Resize, chain
from vbanalysis.errors import InputError
from vbanalysis.types import Sample
from vbanalysis.widgets.charts import Axis, Series, chart
from vbanalysis.widgets.codec import RESIDUAL_BINS, CodecExplorer, CodecSettings
from vbanalysis.widgets.codec_screen import codec_screen
from vbanalysis.widgets.look import png, png_of_map, webp

CLEAN = CodecSettings(quality=None)


@pytest.fixture
def depth():
    """A ramp from 1 m to 30 m, with a corner that nobody knows and a sky."""
    ramp = np.geomspace(1, 30, 64 * 48).reshape(48, 64).astype(np.float32)
    ramp[:4, :4], ramp[-2:] = np.nan, np.inf
    return ramp


@pytest.fixture
def explorer(depth):
    return CodecExplorer(depth_m=depth)


def test_without_losses_only_rounding_is_left(explorer, depth):
    reading = explorer.read(CLEAN)
    known = np.isfinite(depth)
    bound = DepthCodec().quantization_error(depth)[known]
    assert (reading.error[known] <= bound * 1.001).all()
    assert np.isnan(reading.error[~known]).all()
    assert reading.residual[0] == 1
    assert reading.figures["unread"] == 0
    assert (reading.by_depth.p90 <= reading.by_depth.rounding * 1.2).all()
    assert reading.by_depth.n.sum() == pytest.approx(0.98 * known.sum(), abs=3)


def test_colours_go_through_noise_drift_resize_and_jpeg_in_this_order(explorer, depth):
    settings = CodecSettings(
        lam=-2.5, c=4, walk="KGCBMRYW", noise=3, gain=0.9, offset=4, gamma=1.2, saturation=0.8, scale=0.5,
        quality=70, chroma="4:4:4", seed=5,
    )  # fmt: skip
    codec = DepthCodec(-2.5, 4, "KGCBMRYW")
    spoil = chain(Noise(3, 5), Drift(0.9, 4, 1.2, 0.8), Resize(0.5), Jpeg(70, "4:4:4"))
    reading = explorer.read(settings)
    assert np.array_equal(reading.rgb, spoil(codec.encode(depth)))
    assert np.array_equal(reading.depth_m, codec.decode(reading.rgb).depth_m, equal_nan=True)


@pytest.mark.parametrize(
    "change",
    [{"noise": 9.0}, {"gain": 0.8}, {"saturation": 0.3}, {"scale": 0.2}, {"quality": 20}, {"offset": 30.0}],
)
def test_each_loss_makes_the_error_larger(explorer, change):
    better, worse = (explorer.read(CodecSettings(**{"quality": None, **each})) for each in ({}, change))
    assert worse.figures["absrel"] > better.figures["absrel"]
    assert worse.residual[0] < better.residual[0]


def test_what_comes_out_does_not_depend_on_what_was_read_before(depth):
    ways = [
        CodecSettings(),
        CodecSettings(noise=4),
        CodecSettings(noise=4, gamma=1.1),
        CodecSettings(noise=4, gamma=1.1, quality=50),
        CodecSettings(noise=4, gamma=1.1, quality=50, lam=-5),
        CodecSettings(gamma=1.1, quality=50, lam=-5),
        CLEAN,
    ]
    explorer = CodecExplorer(depth_m=depth)
    for settings in [*ways, *ways[::-1]]:
        found, anew = explorer.read(settings), CodecExplorer(depth_m=depth).read(settings)
        assert np.array_equal(found.rgb, anew.rgb)
        assert np.array_equal(found.error, anew.error, equal_nan=True)
        assert found.figures == anew.figures


def test_steps_before_the_one_that_changed_are_not_done_again(explorer, monkeypatch):
    calls = []
    noise = Noise.__call__
    monkeypatch.setattr(Noise, "__call__", lambda self, rgb: (calls.append(self), noise(self, rgb))[1])
    explorer.read(CodecSettings(noise=4, quality=90))
    explorer.read(CodecSettings(noise=4, quality=80))
    assert len(calls) == 1
    explorer.read(CodecSettings(noise=5, quality=80))
    assert len(calls) == 2


def test_a_picture_is_compared_with_what_is_read_from_it_unspoilt(depth):
    picture = DepthCodec().encode(depth)
    explorer = CodecExplorer.of(picture)
    assert explorer.read(CLEAN).figures["absrel"] == 0
    assert explorer.read(CodecSettings(quality=30)).figures["absrel"] > 0
    assert "unspoilt picture" in codec_screen(explorer, explorer.read()).panels[2].title


def test_unread_depth_counts_as_infinite_error(depth):
    explorer = CodecExplorer(depth_m=depth)
    reading = explorer.read(CodecSettings(quality=None, saturation=0.0))  # all grey, which is no depth
    assert reading.figures["unread"] > 0.3
    assert np.isinf(reading.by_depth.p90).any()


def test_sources_are_samples_arrays_and_data_sets(depth):
    assert CodecExplorer.of().depth_m.shape == (500, 741)
    assert CodecExplorer.of(Sample("s", None, depth_m=depth)).depth_m.shape == depth.shape
    assert CodecExplorer.of(Sample("s", None, output=DepthCodec().encode(depth))).picture is not None
    assert CodecExplorer.of(np.full((2000, 1500), 2.0)).depth_m.size <= 640_000


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (Sample("s", None), "neither depth nor an output"),
        (np.full((4, 4), np.nan), "no pixel has a finite depth"),
        (np.full((4, 4), -1.0), "depth_m must be 0 or above"),
        (np.zeros((0, 4)), r"depth_m must be \(H, W\)"),
        (np.zeros((4, 4, 3)), r"picture must be \(H, W, 3\) uint8"),
        (np.zeros((4, 4, 4), np.uint8), r"picture must be \(H, W, 3\) uint8"),
        (None, "source must be a spec string, the path of a picture"),
        (np.ones((4, 4), np.uint8), "levels of a grey picture"),
        (np.ones((4, 4), np.uint16), "depth_m / 1000 for millimetres"),
    ],
)
def test_a_source_without_depth_is_refused(source, told):
    with pytest.raises(InputError, match=told):
        CodecExplorer.of(source).read()


@pytest.mark.parametrize(
    "change", [{"lam": 0.0}, {"walk": "KRGB"}, {"quality": 0}, {"noise": -1.0}, {"scale": 0}]
)
def test_a_setting_out_of_its_range_is_refused(explorer, change):
    with pytest.raises(InputError):
        explorer.read(CodecSettings(**change))


# What is shown


def pixels(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def test_pictures_are_shown_without_loss():
    rgb = np.random.default_rng(0).integers(0, 256, (17, 23, 3), dtype=np.uint8)
    assert np.array_equal(pixels(webp(rgb)), rgb)
    assert np.array_equal(pixels(png(rgb)), rgb)


def test_a_map_goes_from_the_first_colour_to_the_last_with_grey_and_white_apart():
    from matplotlib import colormaps

    values = np.array([[0.5, 1.0, 10.0, 100.0, 200.0, np.nan, np.inf, 0.0]], np.float32)
    found = pixels(png_of_map(values, 1, 100, "viridis", log=True))[0]
    ends = np.rint(np.array(colormaps["viridis"]([0.0, 0.5, 1.0]))[:, :3] * 255)
    assert np.array_equal(found[[0, 1, 7]], ends[[0, 0, 0]])
    assert np.abs(found[2] - ends[1]).max() <= 2
    assert np.array_equal(found[[3, 4]], ends[[2, 2]])
    assert found[5].tolist() == [255, 255, 255]
    assert found[6].tolist() == [216, 216, 216]


def test_a_screen_has_three_pictures_two_charts_and_the_figures(explorer):
    screen = codec_screen(explorer, explorer.read())
    assert [pixels(panel.picture).shape for panel in screen.panels] == [(48, 64, 3)] * 3
    assert all(panel.coarse for panel in screen.panels)
    assert screen.charts.count("<svg") == 2
    assert "AbsRel" in screen.figures
    ElementTree.fromstring(f"<div>{screen.charts}{screen.figures}</div>")


def test_ticks_are_round_and_on_the_axis():
    assert Axis("", 0.01, 100, log=True).ticks() == pytest.approx([0.01, 0.1, 1, 10, 100])
    assert Axis("", 2.2, 4.8, log=True).ticks() == [3, 4]
    assert Axis("", 1, 30, log=True).ticks() == [1, 2, 5, 10, 20]
    assert Axis("", 0, 64).ticks() == [0, 20, 40, 60]
    assert Axis("", -0.3, 0.25).ticks() == pytest.approx([-0.2, 0, 0.2])


def test_a_chart_breaks_its_line_where_nothing_is_known_and_escapes_names():
    x = np.array([1.0, 2.0, 3.0, 4.0])
    drawn = chart(
        "a < b", Axis("x", 0, 4), Axis("y & z", 0, 4), [Series("<s>", x, np.where(x == 3, np.nan, x))]
    )
    figure = ElementTree.fromstring(drawn)
    (path,) = figure.iter("path")
    assert path.get("d").count("M") == 2
    assert figure.find("svg").get("aria-label") == "a < b"
    assert "<s>" in [text.text for text in figure.iter("text")]


def test_bars_stand_for_their_shares():
    drawn = ElementTree.fromstring(
        chart(
            "t",
            Axis("x", 0, 4),
            Axis("y", 0, 1),
            [Series("", np.array([1.0, 2]), np.array([0.5, 1]), "bars")],
        )
    )
    one, two = (float(bar.get("height")) for bar in drawn.iter("rect"))
    assert two == pytest.approx(2 * one, abs=0.2)


def test_the_last_bar_of_residuals_holds_all_beyond():
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    reading = CodecExplorer(picture=noise).read(CLEAN)
    assert reading.residual.sum() == pytest.approx(1)
    decoded = DepthCodec().decode(noise)
    beyond = decoded.residual[decoded.valid] >= RESIDUAL_BINS[-2]
    assert reading.residual[-1] == pytest.approx(beyond.mean()) != 0


# The view


@pytest.fixture
def view(explorer):
    pytest.importorskip("ipywidgets")
    from vbanalysis.widgets.codec_view import CodecView

    return CodecView(explorer)


def test_the_view_follows_its_sliders(view):
    before = view.pictures.panels[0]["picture"]
    view.controls["quality"].value = 10
    assert view.settings.quality == 10
    assert view.pictures.panels[0]["picture"] != before
    view.controls["stored"].value = "none"
    assert view.settings == CLEAN
    assert view.controls["quality"].disabled
    view.set(CodecSettings())
    assert view.settings == CodecSettings()
    assert view.pictures.panels[0]["picture"] == before


def test_the_view_says_what_is_wrong_and_goes_on(view, monkeypatch):
    def broken(settings):
        raise InputError("lam must be <below> -1")

    with monkeypatch.context() as patch:
        patch.setattr(view.explorer, "read", broken)
        view.update()
    assert "lam must be &lt;below&gt; -1" in view.figures.value
    view.update()
    assert "AbsRel" in view.figures.value


def test_every_picture_of_the_view_has_words(view):
    assert all(panel["title"] for panel in view.pictures.panels)
    assert len(view.pictures.panels) == 3


def test_the_view_begins_with_what_a_browser_would_not_move(view):
    for name in ("lam", "c", "gain", "scale", "noise"):
        slider = view.controls[name]
        steps = (slider.value - slider.min) / slider.step
        assert steps == pytest.approx(round(steps), abs=1e-6), name


def test_a_picture_is_read_along_its_own_walk(depth):
    pytest.importorskip("ipywidgets")
    from vbanalysis.widgets.codec_view import CodecView

    wide = np.kron(depth, np.ones((4, 4), np.float32))
    explorer = CodecExplorer(picture=DepthCodec(walk="KGCBMRYW").encode(wide))
    assert explorer.begin.walk == "KGCBMRYW"
    assert explorer.read(CodecSettings(walk="KGCBMRYW", quality=None)).figures["absrel"] < 1e-6
    known = wide[np.isfinite(wide)]
    assert explorer.limits_m == pytest.approx(np.percentile(known, [1, 99]), rel=0.02)
    view = CodecView(explorer)
    view.controls["walk"].value = "KRYGCBMW"
    view._reset.click()
    assert view.settings == explorer.begin


def test_a_picture_that_holds_no_depth_is_said_to_hold_none():
    pytest.importorskip("ipywidgets")
    from vbanalysis.widgets.codec_view import CodecView

    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    explorer = CodecExplorer(picture=noise)
    assert "not seen to hold depth (no depth walk" in explorer.doubt
    told = [child.value for child in CodecView(explorer).widget.children if hasattr(child, "value")]
    assert any("not seen to hold depth" in value for value in told)
