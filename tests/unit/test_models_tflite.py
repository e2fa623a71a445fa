"""`tflite:FILE` and the models of known files: what they answer to made and to real photographs."""

import numpy as np
import pytest
import skimage.data
from skimage.draw import polygon2mask

from vbanalysis import plugins
from vbanalysis.datasets.gallery import Gallery
from vbanalysis.errors import DataError, InputError, MissingDependencyError
from vbanalysis.evaluation import evaluate
from vbanalysis.instructions import instance_prompt, parse, referring_prompt, semantic_prompt
from vbanalysis.models import Specialist, card
from vbanalysis.models.tflite import TfliteNetwork, load
from vbanalysis.models.weights import known_weights, weights
from vbanalysis.paths import samples_dir
from vbanalysis.tasks._task import checked, resized
from vbanalysis.types import Instruction, Sample

pytest.importorskip("ai_edge_litert")

DEPTH = Instruction("depth", "")
RED, GREEN = (255, 0, 0), (0, 255, 0)
PERSON, OBJECT = referring_prompt({"the person": RED}), referring_prompt({"salient object": RED})

# Row, column of corners drawn by hand: hair, neck, collar, arm, helmet, lower edge, and up the other arm.
OUTLINE = """
    15,225 60,298 110,298 180,262 200,300 250,345 350,365 345,430 400,485 460,490 511,490
    511,35 430,22 300,35 240,70 200,115 155,130 155,180 120,165 70,152 30,180
"""
ASTRONAUT = polygon2mask((512, 512), [tuple(map(int, corner.split(","))) for corner in OUTLINE.split()])


def iou(one, other):
    return np.sum(one & other) / np.sum(one | other)


def picture(seed=0, size=(4, 6)):
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)


def known(name):
    """A model whose weights are at hand, or a skip that says how to get them."""
    status = weights(name).verify()[0]
    if status.state != "ok":
        pytest.skip(f"the weights of {name} are {status.state}: run  {weights(name).command}")
    return plugins.load("models", name)


def test_depth_of_floats(tflite_file, card_file):
    path = tflite_file("MEAN")
    card_file({"kind": "depth", "invariance": "scale"}, layout="NHWC")
    model = plugins.load("models", f"tflite:{path}")
    assert isinstance(model, Specialist)
    assert (model.tasks, model.invariance) == (("depth",), "scale")
    image = picture()
    found = checked("depth", model.predict(Sample("one", image), DEPTH))
    np.testing.assert_allclose(found, image.mean(2) / 255, rtol=1e-5)


@pytest.mark.parametrize(("scale", "zero_point"), [(1 / 255, 0), (1 / 128, 64)])
def test_quantised_numbers_go_in_and_come_out_by_the_files_own_parameters(
    tflite_file, card_file, scale, zero_point
):
    path = tflite_file("MEAN", scale=scale, zero_point=zero_point)
    card_file({"kind": "depth", "invariance": "scale"}, layout="NHWC")
    image = picture()
    found = load(str(path)).predict(Sample("one", image), DEPTH)
    np.testing.assert_allclose(found, image.mean(2) / 255, atol=1.01 * scale)


def test_labels_of_a_quantised_network(tflite_file, card_file):
    path = tflite_file("ARG_MAX", scale=1 / 128, zero_point=128)
    names = {"kind": "semantic", "form": "labels", "classes": ["red", "green", "blue"]}
    card_file(names, layout="NHWC", divide_by=128.0, mean=1)
    image = picture()
    found = load(str(path)).predict(Sample("one", image), semantic_prompt({"green": GREEN, "red": RED}))
    np.testing.assert_array_equal(found, np.array([1, 0, -1])[image.argmax(2)])


def test_a_label_beyond_the_cards_classes_is_refused(tflite_file, card_file):
    path = tflite_file("ARG_MAX")
    card_file({"kind": "semantic", "form": "labels", "classes": ["red", "green"]}, layout="NHWC")
    with pytest.raises(DataError, match=r"labels from 0 to 2, and the card names 2 output\.classes"):
        load(str(path)).predict(Sample("one", picture()), semantic_prompt({"red": RED}))


def test_a_network_of_free_sides_is_set_to_each_picture(tflite_file, card_file):
    path = tflite_file("MEAN", shape=(1, -1, -1, 3))
    card_file({"kind": "depth", "invariance": "scale"}, layout="NHWC", size=None, multiple_of=2)
    model = load(str(path))
    for size in [(8, 12), (10, 4), (8, 12)]:
        image = picture(size=size)
        found = model.predict(Sample("one", image), DEPTH)
        np.testing.assert_allclose(found, image.mean(2) / 255, rtol=1e-5)


def test_without_the_package_the_error_names_the_command(tflite_file, monkeypatch):
    path = tflite_file("MEAN")
    monkeypatch.setattr("importlib.util.find_spec", lambda name, package=None: None)
    with pytest.raises(
        MissingDependencyError, match=r"'ai-edge-litert': run  pip install 'vbanalysis\[tflite\]'"
    ):
        TfliteNetwork(path)


@pytest.mark.parametrize("name", known_weights())
def test_a_known_model_is_declared_as_its_card_says(name):
    declared, told = card(name), weights(name)
    assert declared.weights == told.command
    assert declared.licence == told.card.licence
    assert declared.about == told.card.about
    assert set(declared.tasks) == ({"semantic"} if name.startswith("deeplab") else {"instance", "referring"})


@pytest.mark.parametrize("name", known_weights())
def test_a_known_model_without_its_weights_names_the_command(name, monkeypatch, tmp_path):
    monkeypatch.delenv("VBANALYSIS_CACHE", raising=False)
    monkeypatch.setattr("vbanalysis.paths.user_cache_dir", lambda: tmp_path)
    with pytest.raises(DataError, match=f"are not on disk: run  vbanalysis data fetch {name}"):
        plugins.load("models", name)


@pytest.mark.parametrize(("name", "prompt"), [("u2netp", OBJECT), ("selfie", PERSON)])
def test_the_astronaut_is_what_is_marked(name, prompt):
    model = known(name)
    sample = Sample("astronaut", skimage.data.astronaut())
    found = checked("referring", model.predict(sample, prompt))
    assert found.shape == (512, 512)
    assert iou(found == 0, ASTRONAUT) > 0.9, f"IoU {iou(found == 0, ASTRONAUT):.3f}"
    instances = model.predict(sample, instance_prompt(prompt.classes[0]))
    np.testing.assert_array_equal(instances == 1, found == 0)
    with pytest.raises(InputError, match="and nothing else, got the phrase 'space shuttle'"):
        model.predict(sample, instance_prompt("space shuttle"))


def test_the_rocket_stands_out_and_is_no_person():
    rocket = Sample("rocket", skimage.data.rocket())
    found = known("u2netp").predict(rocket, OBJECT) == 0
    rows, columns = np.nonzero(found)
    assert 0.01 < found.mean() < 0.04
    assert 300 < columns.mean() < 340
    assert 120 < rows.min() < 150
    assert (known("selfie").predict(rocket, PERSON) == -1).all()


@pytest.mark.parametrize("sample", ["semseg/img1-prompt2", "refseg/refseg3_pred"])
def test_the_salient_object_is_what_vision_banana_marked_as_cats(sample):
    model, gallery = known("u2netp"), Gallery()
    if sample in gallery.missing():
        pytest.skip("the gallery is not on disk: run  vbanalysis data fetch gallery")
    shown = gallery[sample]
    told = parse(shown.prompt, shown.task)
    labels = plugins.load("tasks", shown.task).decode(shown.output, told)
    banana = np.isin(labels, [place for place, name in enumerate(told.classes) if "cat" in name])
    agreement = iou(resized(model.predict(shown, OBJECT) == 0, banana.shape), banana)
    assert agreement > 0.9, f"IoU {agreement:.3f}"


def test_streets_are_read_about_as_well_as_published(tmp_path):
    known("deeplab-cityscapes")
    samples = samples_dir()
    if samples is None:
        pytest.skip("VBANALYSIS_SAMPLES is not set")
    spec = f"cityscapes:{samples / 'cityscapes'}?split=train"
    results = evaluate("semantic", "deeplab-cityscapes", spec, tmp_path / "run")
    assert (results.n_samples, results.n_failed) == (3, 0)
    figures = {name: estimate.value for name, estimate in results.figures.items()}
    assert 0.4 < figures["miou"] < 0.7
    assert figures["pixel_accuracy"] > 0.9
    assert min(figures[f"iou_{name}"] for name in ("road", "building", "vegetation", "sky", "car")) > 0.8
