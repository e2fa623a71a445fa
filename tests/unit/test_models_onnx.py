"""`onnx:FILE`: a card says what a network in ONNX takes and means, and its answers have the suite's form."""

import subprocess
import sys

import numpy as np
import pytest
import yaml

from vbanalysis import plugins
from vbanalysis.errors import DataError, InputError, MissingDependencyError
from vbanalysis.evaluation import evaluate
from vbanalysis.instructions import instance_prompt, referring_prompt, semantic_prompt
from vbanalysis.models import Specialist, card
from vbanalysis.models._file_card import FileCard, InputCard, read_card
from vbanalysis.models._network import TensorInfo
from vbanalysis.models._network_input import input_size, network_input
from vbanalysis.models.onnx import OnnxNetwork, load
from vbanalysis.tasks._task import checked
from vbanalysis.types import Instruction, Sample

pytest.importorskip("onnxruntime")

MEAN = ("ReduceMean", {"axes": [1], "keepdims": 1})
SAME = ("Identity", {})
DEPTH, NORMALS = Instruction("depth", ""), Instruction("normals", "")
RGB = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}
TENSOR = TensorInfo("in", (1, 3, None, None), np.dtype(np.float32))


def picture(seed=0, size=(4, 6)):
    return np.random.default_rng(seed).integers(1, 256, (*size, 3), dtype=np.uint8)


def answer(model, instruction, image):
    found = model.predict(Sample("one", image), instruction)
    return checked(instruction.task, found)


def test_depth_in_metres_is_the_output_in_the_cards_unit(onnx_file, card_file):
    path = onnx_file(MEAN)
    card_file({"kind": "depth", "invariance": "none", "metres_per_unit": 10.0})
    model = plugins.load("models", f"onnx:{path}")
    assert isinstance(model, Specialist)
    assert (model.tasks, model.invariance) == (("depth",), "none")
    image = picture()
    np.testing.assert_allclose(answer(model, DEPTH, image), image.mean(2) / 25.5, rtol=1e-5)


def test_disparity_comes_as_its_reciprocal_unbounded_where_it_is_not_above_0(onnx_file, card_file):
    path = onnx_file(MEAN)
    card_file({"kind": "depth", "invariance": "disparity"}, mean=0.5)
    image = picture()
    image[0, 0] = 0
    model = load(str(path))
    found = answer(model, DEPTH, image)
    disparity = image.mean(2) / 255 - 0.5
    assert model.invariance == "disparity"
    assert np.isinf(found[disparity <= 0]).all()
    np.testing.assert_allclose(found[disparity > 0.01], 1 / disparity[disparity > 0.01], rtol=1e-3)


def test_depth_up_to_an_offset_starts_at_0_where_the_network_goes_below(onnx_file, card_file):
    path = onnx_file(MEAN)
    card_file({"kind": "depth", "invariance": "affine"}, mean=0.9)
    found = answer(load(str(path)), DEPTH, image := picture())
    np.testing.assert_allclose(found, (image.mean(2) - image.mean(2).min()) / 255, atol=1e-5)


def test_negative_metres_are_refused_with_the_key_that_may_be_wrong(onnx_file, card_file):
    path = onnx_file(MEAN)
    card_file({"kind": "depth", "invariance": "none"}, mean=0.9)
    with pytest.raises(DataError, match=r"negative depths.*output.invariance"):
        load(str(path)).predict(Sample("one", picture()), DEPTH)


@pytest.mark.parametrize(
    ("frame", "signs"), [("paper", (1, 1, 1)), ("opencv", (1, -1, -1)), ("dsine", (-1, 1, 1))]
)
def test_normals_come_at_length_1_in_the_papers_frame(onnx_file, card_file, frame, signs):
    path = onnx_file(SAME)
    card_file({"kind": "normals", "frame": frame}, mean=0.3)
    found = answer(load(str(path)), NORMALS, image := picture())
    vectors = image / 255 - 0.3
    expected = vectors / np.linalg.norm(vectors, axis=2, keepdims=True) * signs
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("form", ["logits", "labels"])
def test_classes_are_found_by_name_and_synonym_and_others_are_never_predicted(onnx_file, card_file, form):
    argmax = ("ArgMax", {"axis": 1, "keepdims": 0})
    path = onnx_file(SAME if form == "logits" else argmax)
    classes = ["crimson", "Green", "blue"]
    card_file({"kind": "semantic", "form": form, "classes": classes, "synonyms": {"crimson": ["red"]}})
    model = load(str(path))
    asked = semantic_prompt({name: RGB[name] for name in ("green", "red")} | {"white": (255, 255, 255)})
    image = picture()
    expected = np.array([1, 0, -1])[image.argmax(2)]  # red is asked for second, green first, blue not
    np.testing.assert_array_equal(answer(model, asked, image), expected)
    assert model.describe()["classes"] == tuple(classes)
    assert "never predicted" in model.describe()["note"]


def test_a_question_of_which_no_class_is_known_is_refused(onnx_file, card_file):
    path = onnx_file(SAME)
    card_file({"kind": "semantic", "form": "logits", "classes": ["red", "green", "blue"]})
    with pytest.raises(InputError, match=r"knows none of the classes 'sky'.*'red', 'green', 'blue'"):
        load(str(path)).predict(Sample("one", picture()), semantic_prompt({"sky": (0, 0, 255)}))


def mask_model(onnx_file, card_file, **changes):
    path = onnx_file(MEAN)
    card_file({"kind": "mask", "phrases": ["bright thing", "light"], **changes})
    return load(str(path))


def test_a_mask_answers_its_phrases_as_an_expression_and_as_one_instance(onnx_file, card_file):
    model = mask_model(onnx_file, card_file)
    image = np.zeros((4, 6, 3), np.uint8)
    image[1:3, 2:5] = 255
    marked = image[..., 0] > 0
    referring = referring_prompt({"The bright thing": (255, 0, 0)})
    np.testing.assert_array_equal(answer(model, referring, image), np.where(marked, 0, -1))
    np.testing.assert_array_equal(answer(model, instance_prompt("light"), image), marked.astype(int))
    assert model.tasks == ("referring", "instance")
    with pytest.raises(
        InputError, match=r"marks 'bright thing', 'light' and nothing else, got the phrase 'cat'"
    ):
        model.predict(Sample("one", image), instance_prompt("cat"))
    with pytest.raises(InputError, match="not depth"):
        model.predict(Sample("one", image), DEPTH)


def test_a_mask_has_the_size_of_the_picture(onnx_file, card_file):
    image = np.zeros((40, 60, 3), np.uint8)
    image[:, 30:] = 255
    found = answer(mask_model(onnx_file, card_file), instance_prompt("light"), image)
    assert found.shape == (40, 60)
    assert (found == (image[..., 0] > 0)).mean() > 0.95


@pytest.mark.parametrize(("activation", "share"), [("sigmoid", 0.75), ("min-max", 0.5)])
def test_an_activation_makes_shares_of_what_a_network_gives(onnx_file, card_file, activation, share):
    model = mask_model(onnx_file, card_file, activation=activation, threshold=share)
    image = np.full((4, 6, 3), 100, np.uint8)
    image[:2] = 200
    bright = np.zeros((4, 6), bool)
    bright[:2] = activation == "min-max"  # sigmoid(200 / 255) is 0.69, below its threshold
    np.testing.assert_array_equal(answer(model, instance_prompt("light"), image) == 1, bright)


def test_values_that_are_no_shares_are_refused_with_the_key_to_set(onnx_file, card_file):
    path = onnx_file(MEAN)
    card_file({"kind": "mask", "phrases": ["light"]}, divide_by=1.0)
    with pytest.raises(DataError, match=r"expected 0 to 1: output.activation"):
        load(str(path)).predict(Sample("one", picture()), instance_prompt("light"))


def test_a_picture_is_normalised_a_channel_in_the_cards_order():
    told = InputCard(
        layout="NCHW", size=[4, 6], channels="BGR", divide_by="max", mean=[0.1, 0.2, 0.3], std=2.0
    )
    image = picture()
    found = network_input(image, told, TENSOR)
    expected = (image[..., ::-1] / image.max() - [0.1, 0.2, 0.3]) / 2
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0], np.moveaxis(expected, 2, 0), atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "size", "expected"),
    [
        ({"size": [320, 200]}, (480, 640), (320, 200)),
        ({"multiple_of": 32}, (481, 640), (480, 640)),
        ({"multiple_of": 14, "longest": 518}, (480, 640), (392, 518)),
        ({"multiple_of": 64}, (10, 640), (64, 640)),
    ],
)
def test_sizes_are_fixed_or_multiples(settings, size, expected):
    assert input_size(InputCard(layout="NCHW", **settings), *size) == expected


def test_a_network_of_free_sides_takes_pictures_of_every_size(onnx_file, card_file):
    path = onnx_file(MEAN, shape=(1, 3, "h", "w"))
    card_file({"kind": "depth", "invariance": "scale"}, size=None, multiple_of=8)
    model = load(str(path))
    assert [answer(model, DEPTH, picture(size=size)).shape for size in [(24, 40), (33, 15)]] == [
        (24, 40),
        (32, 16),
    ]


def test_the_card_may_lie_elsewhere_or_carry_the_files_whole_name(onnx_file, card_file):
    path = onnx_file(MEAN)
    with pytest.raises(DataError, match=r"has no card.*write network\.onnx\.yaml beside it, or name one"):
        load(str(path))
    told = card_file({"kind": "depth", "invariance": "none"}, name="other.yaml", about="elsewhere")
    assert plugins.load("models", f"onnx:{path}?card={told}&threads=2").describe()["about"] == "elsewhere"
    card_file({"kind": "depth", "invariance": "none"}, name="network.yaml", about="shorter")
    card_file({"kind": "depth", "invariance": "none"}, name="network.onnx.yaml", about="whole name")
    assert load(str(path)).describe()["about"] == "whole name"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"input": {"layout": "NCHW", "sise": [4, 6]}},
            r"there is no key 'input\.sise', did you mean 'size'",
        ),
        ({"input": {"layout": "CHW", "size": [4, 6]}}, r"input\.layout: .*'NCHW' or 'NHWC', got 'CHW'"),
        ({"input": {"layout": "NCHW"}}, r"input: give either size: .* or multiple_of"),
        (
            {"input": {"layout": "NCHW", "size": [4, 0]}},
            r"input\.size\.1: .*greater than or equal to 1, got 0",
        ),
        ({"input": {"layout": "NCHW", "size": [4, 6], "std": 0}}, r"input\.std: .*greater than 0, got 0"),
        ({"input": {"layout": "NCHW", "size": [4, 6], "divide_by": "min"}}, r"input\.divide_by: "),
        ({"output": {"kind": "flow"}}, r"output: .*'depth', 'normals', 'semantic', 'mask', got"),
        ({"output": {"form": "labels"}}, r"the key 'output\.kind' is missing"),
        ({"output": {"kind": "depth"}}, r"the key 'output\.invariance' is missing"),
        (
            {"output": {"kind": "mask", "phrases": ["a cat", "Cat"]}},
            r"output\.phrases: listed twice: Cat, a cat",
        ),
        ({"output": {"kind": "mask", "phrases": ["cat"], "threshold": 2}}, r"output\.threshold: .*got 2"),
        (
            {
                "output": {
                    "kind": "semantic",
                    "form": "labels",
                    "classes": ["cat"],
                    "synonyms": {"dog": ["hound"]},
                }
            },
            r"output: synonyms of no class: dog",
        ),
        ({"about": None}, r"about: .*valid string, got None"),
    ],
)
def test_an_error_in_a_card_names_the_key(tmp_path, change, message):
    good = {
        "about": "a tiny network",
        "input": {"layout": "NCHW", "size": [4, 6]},
        "output": {"kind": "depth", "invariance": "none"},
    }
    path = tmp_path / "card.yaml"
    path.write_text(yaml.safe_dump({**good, **change}))
    with pytest.raises(DataError, match=message) as caught:
        read_card(path, FileCard)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": [4, 8]}, r"input\.size is \[4, 8\].*'in0' \(1 x 3 x 4 x 6 float32\)"),
        ({"layout": "NHWC"}, r"input\.layout is NHWC.*6 channels there, expected 3"),
        ({"size": None, "multiple_of": 2}, r"input\.multiple_of asks for many sizes.*input\.size: \[4, 6\]"),
    ],
)
def test_a_card_that_does_not_fit_the_network_is_refused(onnx_file, card_file, settings, message):
    path = onnx_file(MEAN)
    card_file({"kind": "depth", "invariance": "none"}, **settings)
    with pytest.raises(DataError, match=message):
        load(str(path))


def test_an_output_that_is_not_there_and_a_second_input_are_named(onnx_file, card_file):
    card_file({"kind": "depth", "invariance": "none", "name": "depth"})
    with pytest.raises(DataError, match=r"no output 'depth' as its card's output\.name says: it has 'out0'"):
        load(str(onnx_file(MEAN)))
    with pytest.raises(DataError, match=r"has the inputs 'in0'.*'in1'.*expected one"):
        load(str(onnx_file(MEAN, inputs=2)))


def test_a_run_records_why_a_model_refuses(onnx_file, card_file, tmp_path):
    model = onnx_file(SAME)
    card_file({"kind": "semantic", "form": "logits", "classes": ["red", "green", "blue"]})
    results = evaluate("semantic", f"onnx:{model}", "scenes:heldout?n=2", tmp_path / "run")
    assert results.n_failed == 2
    assert results.records()["reason"].str.contains("knows none of the classes").all()


def test_without_the_package_the_error_names_the_command(onnx_file, monkeypatch):
    path = onnx_file(MEAN)
    monkeypatch.setattr("importlib.util.find_spec", lambda name, package=None: None)
    with pytest.raises(MissingDependencyError, match=r"'onnxruntime': run  pip install 'vbanalysis\[onnx\]'"):
        OnnxNetwork(path)


def test_importing_the_modules_brings_in_nothing_heavy():
    program = (
        "import sys, vbanalysis.models.u2netp, vbanalysis.models.selfie, vbanalysis.models.deeplab\n"
        "heavy = ['onnxruntime', 'ai_edge_litert', 'torch', 'pooch', 'requests', 'numba', 'matplotlib']\n"
        "print(*(name for name in heavy if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_door_says_what_is_missing():
    assert card("onnx").needs == ("onnxruntime",)
    with pytest.raises(InputError, match="name the model file"):
        plugins.load("models", "onnx")
    with pytest.raises(DataError, match=r"no model file nowhere\.onnx"):
        plugins.load("models", "onnx:nowhere.onnx")
    with pytest.raises(InputError, match="threads must be a whole number from 1, got 0"):
        OnnxNetwork("x.onnx", threads=0)
