"""The segmentation inspector without a browser: prompts, drift, counts, and what is shown of them."""

import io
import math
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from vbanalysis.codecs import InstanceCodec, PaletteCodec
from vbanalysis.codecs.degradations import Jpeg
from vbanalysis.errors import InputError
from vbanalysis.instructions import NOTATIONS, STYLES, parse, semantic_prompt
from vbanalysis.metrics import confusion_matrix, semantic_metrics
from vbanalysis.types import Sample
from vbanalysis.widgets.segmentation import (
    BACKGROUND,
    TAUS,
    SegmentationInspector,
    SegmentationSettings,
)
from vbanalysis.widgets.segmentation_prompt import read_prompt
from vbanalysis.widgets.segmentation_screen import label_colours, segmentation_screen, stability_chart
from vbanalysis.widgets.segmentation_words import direction, legend_html, prompt_html

PROMPT = 'Semantic segmentation with {"cat": <255, 0, 0>, "dog": <0, 0, 255>, "background": <0, 0, 0>}'
EACH = "Generate an instance segmentation visualization of this image. Each cup is colored differently."
CODEC = PaletteCodec({"cat": (255, 0, 0), "dog": (0, 0, 255)}, (0, 0, 0))


@pytest.fixture
def labels():
    """A cat and two dogs, 160 x 200."""
    found = np.full((160, 200), -1, np.int32)
    found[10:60, 10:90] = 0
    found[90:150, 20:60], found[90:150, 120:190] = 1, 1
    return found


@pytest.fixture
def picture(labels):
    return CODEC.encode(labels)


@pytest.fixture
def cups(labels):
    """Five cups in colours of their own, through JPEG."""
    places = np.zeros((160, 200), np.int32)
    for k in range(5):
        places[20 + 20 * k : 34 + 20 * k, 20 + 25 * k : 60 + 25 * k] = k + 1
    return Jpeg(92)(InstanceCodec().encode(places))


def row_of(reading, name):
    return next(row for row in reading.legend.rows if row.name == name)


# The prompt


def test_a_prompt_is_read_as_instructions_read_it_and_its_words_are_the_prompt():
    found = read_prompt(PROMPT)
    assert found.instruction == parse(PROMPT)
    assert "".join(word.text for word in found.words) == PROMPT
    assert [(word.text, word.kind, word.rgb) for word in found.words if word.kind] == [
        ("cat", "class", (255, 0, 0)),
        ("<255, 0, 0>", "colour", (255, 0, 0)),
        ("dog", "class", (0, 0, 255)),
        ("<0, 0, 255>", "colour", (0, 0, 255)),
        ("background", "background", (0, 0, 0)),
        ("<0, 0, 0>", "colour", (0, 0, 0)),
    ]


@pytest.mark.parametrize("style", STYLES["semantic"])
@pytest.mark.parametrize("notation", NOTATIONS)
def test_every_style_of_the_paper_is_marked_word_by_word(style, notation):
    asked = semantic_prompt({"cat": "red", "exit sign": "blue"}, style, notation)
    found = read_prompt(asked.text)
    assert (found.instruction.classes, found.instruction.colours) == (asked.classes, asked.colours)
    assert [word.text for word in found.words if word.kind == "class"] == ["cat", "exit sign"]
    colours = [word.rgb for word in found.words if word.kind == "colour"]
    assert colours == [(255, 0, 0), (0, 0, 255)]


def published_prompts():
    from vbanalysis.datasets.gallery import Gallery

    return [entry for entry in Gallery().entries if entry.task in ("semantic", "referring", "instance")]


@pytest.mark.parametrize("entry", published_prompts(), ids=lambda entry: entry.id)
def test_published_prompts_are_understood(entry):
    found = read_prompt(entry.prompt)
    assert found.reason == ""
    assert found.instruction.task == entry.task
    assert "".join(word.text for word in found.words) == entry.prompt
    named = {word.rgb for word in found.words if word.kind == "colour"}
    assert named >= set(found.instruction.colours)
    assert None not in named
    ElementTree.fromstring(f"<div>{prompt_html(found)}</div>")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "empty"),
        ("The cat is rendered in reddish-plaid.", "reddish-plaid"),
        ("Generate a metric depth visualization of this image.", "asks for depth"),
        ("The cat is rendered in red. The dog is rendered in red.", "both have the colour"),
    ],
)
def test_what_cannot_be_read_is_told_and_the_last_reading_stays(picture, text, told):
    inspector = SegmentationInspector(picture, PROMPT)
    before = inspector.read()
    found = inspector.ask(text)
    assert found.instruction is None
    assert told in found.reason
    assert told in prompt_html(found).replace("&#x27;", "'")
    assert np.array_equal(inspector.read().place, before.place)
    assert inspector.instruction == parse(PROMPT)


def test_another_prompt_is_read_on_the_same_picture(picture):
    inspector = SegmentationInspector(picture, PROMPT)
    inspector.read()
    inspector.ask("A segmentation map image. The dog is rendered in blue.")
    reading = inspector.read()
    assert reading.names == ("dog", BACKGROUND)
    assert [each.rgb for each in reading.legend.unasked] == [(255, 0, 0)]
    assert reading.legend.unasked[0].share == pytest.approx(50 * 80 / picture[..., 0].size)


# Classes and their legend


@pytest.mark.parametrize("reject", [None, 20.0, 90.0])
def test_classes_residuals_and_margins_are_those_of_the_codec(picture, reject):
    noisy = Jpeg(60)(picture)
    reading = SegmentationInspector(noisy, PROMPT).read(SegmentationSettings(reject=reject))
    found = replace(CODEC, reject=reject).decode(noisy)
    valid = ~reading.rejected
    assert np.array_equal(valid, found.valid)
    assert np.array_equal(np.where(valid & (reading.place < 2), reading.place, -1), found.labels)
    assert np.array_equal(reading.residual, found.residual)
    assert np.array_equal(reading.margin, found.margin)
    away = np.linalg.norm(noisy[..., None, :] - reading.colours.astype(float), axis=-1)
    runner_up = np.take_along_axis(away, reading.runner_up[..., None], axis=-1)[..., 0]
    np.testing.assert_allclose(runner_up - reading.residual, reading.margin, atol=1e-3)
    for row, told in zip(reading.legend.rows, replace(CODEC, reject=reject).report(noisy), strict=True):
        assert (row.name, row.pixels, row.share) == (told.name, told.pixels, pytest.approx(told.share))
    for row, told in zip(reading.legend.rows, CODEC.report(noisy), strict=True):
        assert row.painted == told.painted
        assert row.drift == pytest.approx(told.drift)
        assert row.rejected == told.pixels - row.pixels


@pytest.mark.parametrize("shift", [(-9, 4, 0), (0, 30, 0), (-40, 20, 15)])
def test_a_known_drift_is_found_with_its_direction(picture, labels, shift):
    drifted = picture.astype(int)
    drifted[labels == 0] += shift
    reading = SegmentationInspector(drifted.astype(np.uint8), PROMPT).read(SegmentationSettings(reject=8))
    cat, dog = row_of(reading, "cat"), row_of(reading, "dog")
    assert cat.painted == tuple(np.add((255, 0, 0), shift))
    assert cat.direction == shift
    assert cat.drift == pytest.approx(math.hypot(*shift))
    assert not cat.absent
    assert cat.rejected == (0 if math.hypot(*shift) <= 8 else 50 * 80) == 50 * 80 - cat.pixels
    assert (dog.drift, dog.direction, dog.rejected) == (0, (0, 0, 0), 0)
    told = legend_html(SegmentationInspector(picture, PROMPT), reading)
    assert direction(shift) in told


def test_a_class_that_is_not_painted_is_absent_and_edges_are_no_colours_of_their_own(picture):
    blurred = np.asarray(Image.fromarray(picture).resize((600, 480), Image.Resampling.BILINEAR))
    prompt = PROMPT.replace('"dog"', '"cow": <0, 255, 0>, "dog"')
    reading = SegmentationInspector(blurred, prompt).read()
    assert [row.name for row in reading.legend.rows if row.absent] == ["cow"]
    assert reading.legend.unasked == ()


def test_a_colour_that_nobody_asked_for_is_told(picture):
    painted = picture.copy()
    painted[100:120, 70:90] = (0, 255, 128)
    reading = SegmentationInspector(painted, PROMPT).read()
    assert [each.rgb for each in reading.legend.unasked] == [(0, 255, 128)]
    inspector = SegmentationInspector(painted, PROMPT)
    assert "Nobody asked for" in legend_html(inspector, reading)
    bare = SegmentationInspector(painted, "The cat is rendered in red. The dog is rendered in (0, 160, 255).")
    assert row_of(bare.read(), "cat").drift == 0
    assert [each.rgb for each in bare.read().legend.unasked] == [(0, 0, 255), (0, 255, 128)]
    assert "Nobody asked for" not in legend_html(inspector, SegmentationInspector(picture, PROMPT).read())


def test_what_a_threshold_leaves_out_is_what_the_codec_rejects(picture):
    noisy = Jpeg(50)(picture)
    inspector = SegmentationInspector(noisy, PROMPT)
    rejects = np.array([3.0, 20.0, 77.0])
    shares = [1 - replace(CODEC, reject=reject).decode(noisy).valid.mean() for reject in rejects]
    assert inspector.rejected_over(rejects) == pytest.approx(shares, abs=1e-4)
    assert shares[0] > shares[1] > shares[2] > 0


def test_without_a_background_every_pixel_is_in_some_region():
    picture = np.zeros((140, 140, 3), np.uint8)
    picture[:, 70:] = (200, 200, 200)
    inspector = SegmentationInspector(
        picture, "The road is rendered in (0, 0, 0). The sky is rendered in (200, 200, 200)."
    )
    reading = inspector.read()
    assert reading.names == ("road", "sky")
    assert reading.instances.areas.sum() == 140 * 140
    assert len(reading.instances) == 2


# Instances


@pytest.mark.parametrize(
    "change", [{}, {"tau": 3.0}, {"tau": 40.0}, {"erosion": 0.95}, {"gamma": 0.0}, {"min_area": 0.03}]
)
def test_instances_are_those_of_the_codec(cups, change):
    settings = SegmentationSettings(**change)
    reading = SegmentationInspector(cups, EACH).read(settings)
    codec = InstanceCodec((0, 0, 0), settings.tau, settings.min_area, settings.erosion, settings.gamma)
    found = codec.decode(cups)
    assert len(reading.instances) == len(found)
    assert np.array_equal(np.where(reading.rejected, -1, reading.place), found.labels)
    away = np.linalg.norm(cups - reading.colours.astype(float)[reading.place], axis=-1)
    np.testing.assert_allclose(reading.residual, away, rtol=1e-5, atol=1e-4)


def test_the_count_over_tau_is_that_of_the_codec_and_is_known_for_another_tau(cups, monkeypatch):
    inspector = SegmentationInspector(cups, EACH)
    assert not inspector.knows_stability(SegmentationSettings())
    found = inspector.stability(SegmentationSettings())
    reports = InstanceCodec().sensitivity(cups, TAUS)
    assert found.counts.tolist() == [report.instances for report in reports]
    assert found.holds is not None
    low, high = found.holds
    assert low <= 14 <= high
    assert {r.instances for r in reports if low <= r.tau <= high} == {5}
    calls = []
    decode = InstanceCodec.decode
    monkeypatch.setattr(InstanceCodec, "decode", lambda self, rgb: (calls.append(self), decode(self, rgb))[1])
    inspector.read(SegmentationSettings(tau=21))
    inspector.stability(SegmentationSettings(tau=21))
    assert len(calls) == 1
    inspector.read(SegmentationSettings(tau=21))
    assert len(calls) == 1
    assert not inspector.knows_stability(SegmentationSettings(gamma=3))


def test_a_count_that_no_neighbour_has_is_called_unstable(cups):
    inspector = SegmentationInspector(cups, EACH)
    settings = SegmentationSettings()
    key = replace(inspector.codec(settings), tau=0)
    inspector._counts = {key: np.arange(100, 100 + len(TAUS))}
    found = inspector.stability(settings)
    assert found.holds is None
    assert "changes the count" in stability_chart(inspector, inspector.read(), found)


def test_the_drift_of_a_background_is_told_also_where_it_is_past_tau(cups):
    shifted = np.clip(np.add(cups.astype(int), (0, 30, 0)), 0, 255).astype(np.uint8)
    (row,) = SegmentationInspector(shifted, EACH).read().legend.rows
    assert row.direction == (0, 30, 0)
    assert row.pixels < row.rejected


# Truth and sources


def test_the_truth_is_compared_by_name_in_any_order(picture, labels):
    truth = np.where(labels < 0, 2, labels).astype(np.int32)
    truth[:70, :40] = 1
    sample = Sample("s", np.zeros((160, 200, 3), np.uint8), picture, PROMPT, classes=truth,
                    class_names=("Cat", "dog", "floor"))  # fmt: skip
    inspector = SegmentationInspector.of(sample)
    confusion = confusion_matrix(labels, truth, 3)
    expected = semantic_metrics(confusion)
    assert inspector.read().compared.miou == pytest.approx(expected.miou)
    turned = semantic_prompt({"dog": (0, 0, 255), "cat": (255, 0, 0), "whale": (0, 255, 0)}).text
    inspector.ask(turned)
    found = inspector.read().compared
    assert found.miou == pytest.approx(expected.miou)
    assert found.iou["Cat"] == pytest.approx(expected.iou[0])
    inspector.ask("The whale is rendered in green.")
    assert inspector.read().compared is None


def test_instances_are_compared_with_the_truth(cups):
    masks = InstanceCodec().decode(cups).labels == np.arange(1, 6)[:, None, None]
    sample = Sample("s", None, cups, EACH, phrase="cup", masks=(masks[:4],))
    found = SegmentationInspector.of(sample).read().compared
    assert (found.n_true, found.f1_50) == (4, pytest.approx(8 / 9))


@pytest.mark.parametrize(
    ("spec", "task"),
    [("scenes:heldout", "semantic"), ("scenes:heldout?ask=instance", "instance"),
     ("scenes:heldout?ask=referring", "referring")],
)  # fmt: skip
def test_scenes_are_painted_by_the_embedded_generator(spec, task):
    inspector = SegmentationInspector.of(spec)
    assert inspector.instruction.task == task
    assert inspector.defaults.erosion == 0
    reading = inspector.read()
    assert reading.compared is not None
    screen = segmentation_screen(inspector, reading)
    assert len(screen.panels) == 4
    assert screen.panels[0].coarse


def test_a_folder_of_outputs_is_read_with_its_prompts(tmp_path, picture):
    Image.fromarray(picture).save(tmp_path / "a.png")
    with pytest.raises(InputError, match="give prompt"):
        SegmentationInspector.of(f"outputs:{tmp_path}")
    assert SegmentationInspector.of(f"outputs:{tmp_path}", PROMPT).instruction.classes == ("cat", "dog")
    (tmp_path / "prompts.csv").write_text('output,prompt\na.png,"The cat is rendered in red."\n')
    assert SegmentationInspector.of(f"outputs:{tmp_path}").instruction.classes == ("cat",)
    assert SegmentationInspector.of((f"outputs:{tmp_path}", "a.png")).painter == "a.png"
    with pytest.raises(InputError, match=r"b\.png"):
        SegmentationInspector.of((f"outputs:{tmp_path}", "b.png"))


@pytest.mark.parametrize(
    ("source", "prompt", "told"),
    [
        (np.zeros((8, 8, 3), np.uint8), None, "give prompt"),
        (np.zeros((8, 8, 3)), PROMPT, r"must be \(H, W, 3\) uint8"),
        (np.zeros((0, 8, 3), np.uint8), PROMPT, "must be"),
        (np.zeros((8, 8), np.uint8), PROMPT, "must be"),
        (np.zeros((8, 8, 3), np.uint8), "draw a banana", "cannot be read"),
        (np.zeros((8, 8, 3), np.uint8), 7, "prompt must be a string"),
        (Sample("s", None), None, "neither an output nor an image"),
        (Sample("s", None, np.zeros((8, 8, 3), np.uint8)), None, "has no prompt"),
        (Sample("s", np.zeros((8, 8, 3), np.uint8)), None, "no output, classes or phrase"),
        (None, PROMPT, "must be"),
        (("gallery", 3), None, "a pair must be a data set and a sample's id"),
        ("motorcycle", None, "no sample of motorcycle"),
    ],
)
def test_what_holds_no_mask_is_refused(source, prompt, told):
    with pytest.raises(InputError, match=told):
        SegmentationInspector.of(source, prompt)


@pytest.mark.parametrize("change", [{"reject": -1.0}, {"tau": -2.0}, {"erosion": 2.0}, {"gamma": math.nan}])
def test_a_setting_out_of_its_range_is_refused(picture, change):
    with pytest.raises(InputError):
        SegmentationInspector(picture, PROMPT).read(SegmentationSettings(**change))


# What is shown


def pixels(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def test_decoded_classes_have_their_colours_inside_their_outlines(picture):
    inspector = SegmentationInspector(picture, PROMPT)
    screen = segmentation_screen(inspector, inspector.read())
    shown = pixels(screen.panels[1].picture)
    assert shown[35, 50].tolist() == [255, 0, 0]
    assert shown[35, 10].tolist() == [255, 255, 255]  # the outline of a dark colour is light
    assert np.array_equal(pixels(screen.panels[0].picture), picture)
    ElementTree.fromstring(f"<div>{screen.figures}{screen.charts}</div>")


def test_instances_are_shown_in_colours_that_can_be_told_apart(cups):
    colours = label_colours(SegmentationInspector(cups, EACH).read())
    away = np.linalg.norm(colours[:, None].astype(float) - colours[None], axis=-1)
    assert away[~np.eye(len(colours), dtype=bool)].min() > 60


def test_large_pictures_are_thinned_for_the_screen_alone():
    big = np.zeros((1000, 1500, 3), np.uint8)
    big[100:400, 200:900] = (255, 0, 0)
    inspector = SegmentationInspector(big, PROMPT)
    screen = segmentation_screen(inspector, inspector.read())
    assert inspector.read().place.shape == (1000, 1500)
    assert {pixels(panel.picture).shape[:2] for panel in screen.panels} == {(334, 500)}


def test_a_pointer_reads_class_residual_runner_up_and_margin(picture):
    painted = picture.copy()
    painted[35, 50] = (250, 3, 4)
    painted[36, 51] = (255, 0, 200)
    inspector = SegmentationInspector(painted, PROMPT)
    screen = segmentation_screen(inspector, inspector.read(SegmentationSettings(reject=30)))
    near, far = ([each.at(*pixel) for each in screen.readouts] for pixel in ((35, 50), (36, 51)))
    assert near == ["cat", "7.1/255", "background", "243.0/255"]
    assert far[0] == "rejected, nearest cat"
    assert [each.name for each in screen.readouts] == ["class", "residual", "runner-up", "margin"]


def test_a_pointer_reads_instances_on_a_thinned_picture():
    big = np.zeros((1000, 1500, 3), np.uint8)
    big[100:400, 200:900], big[500:900, 200:900] = (255, 0, 0), (0, 0, 255)
    inspector = SegmentationInspector(big, EACH)
    screen = segmentation_screen(inspector, inspector.read())
    assert screen.step == 3
    assert [each.at(200, 100) for each in screen.readouts][::2] == ["2 (18.67 %)", "background"]


def test_the_change_of_the_count_is_told(cups):
    inspector = SegmentationInspector(cups, EACH)
    before = inspector.read()
    after = inspector.read(SegmentationSettings(min_area=0.5))
    assert "0 (-5)" in segmentation_screen(inspector, after, before).figures


# The view


@pytest.fixture
def view(picture):
    pytest.importorskip("ipywidgets")
    from vbanalysis.widgets.segmentation_view import SegmentationView

    return SegmentationView(SegmentationInspector(Jpeg(70)(picture), PROMPT))


def test_the_view_follows_its_sliders_and_its_prompt(view):
    before = view.pictures.shown["panels"][1]["picture"]
    assert view.controls["reject"].disabled
    view.controls["far"].value = "rejected"
    view.controls["reject"].value = 4
    assert view.settings.reject == 4
    assert view.pictures.shown["panels"][1]["picture"] != before
    view.set(view.inspector.defaults)
    assert view.settings == view.inspector.defaults
    assert view.pictures.shown["panels"][1]["picture"] == before
    view.prompt.value = "The cat is rendered in redd"
    assert "Not read" in view.understood.value
    assert view.pictures.shown["panels"][1]["picture"] == before
    view.prompt.value = EACH
    assert view.controls["far"].disabled
    assert "instances" in view.figures.value
    assert "Instances over tau" in view.charts.value
    assert view.charts.value.count("<svg") == 2
    ElementTree.fromstring(view.charts.value)


def test_the_view_says_what_is_wrong_and_goes_on(view, monkeypatch):
    def broken(settings):
        raise InputError("tau must be <below> 442")

    with monkeypatch.context() as patch:
        patch.setattr(view.inspector, "read", broken)
        view.update()
    assert "tau must be &lt;below&gt; 442" in view.figures.value
    view.update()
    assert "rejected" in view.figures.value
