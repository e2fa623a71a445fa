import shlex

import numpy as np
import pytest

from vbanalysis import plugins
from vbanalysis.codecs import DepthCodec, PaletteCodec
from vbanalysis.images import read_rgb, write_png
from vbanalysis.instructions import instance_prompt

DEPTH = "Generate a metric depth map of the input image."
METRES = np.tile(np.geomspace(0.5, 20, 64), (48, 1))


class Oracle:
    """Answers every depth prompt with one ramp, every other with two classes."""

    name = "oracle"

    def __init__(self):
        self.asked = []

    def sample(self, image, instruction, *, seed=0):
        self.asked.append((image, instruction, seed))
        if "depth" in instruction:
            return DepthCodec().encode(METRES)
        return PaletteCodec({"cat": (255, 0, 0), "dog": (0, 0, 255)}).encode(np.indices((6, 8))[0] // 3)

    def sample_many(self, images, instructions, *, seeds=None):
        raise NotImplementedError

    def describe(self):
        return {}


@pytest.fixture
def oracle(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    write_png(tmp_path / "photo.png", np.full((9, 12, 3), 90, np.uint8))
    made = Oracle()
    monkeypatch.setattr(plugins, "load", lambda kind, spec, expect: made)
    return made


def test_an_image_and_an_instruction_give_a_picture_that_decode_reads(vbanalysis, oracle, tmp_path):
    code, out, err = vbanalysis("generate", "oracle", "photo.png", DEPTH, "-o", "out.png", "--seed", 7)
    assert (code, err) == (0, "")
    ((image, instruction, seed),) = oracle.asked
    assert (image.shape, instruction, seed) == ((9, 12, 3), DEPTH, 7)
    wrote, decode = out.splitlines()
    assert wrote.startswith("wrote out.png: 64 x 48, painted by oracle in ")
    command = shlex.split(decode.removeprefix("decode"))
    assert command == ["vbanalysis", "decode", "depth", "out.png"]
    code, _, err = vbanalysis(*command[1:], "-o", "depth.npy")
    assert (code, err) == (0, "")
    np.testing.assert_allclose(np.load(tmp_path / "depth.npy"), METRES, rtol=0.02)


def test_the_command_that_reads_masks_brings_the_prompt(vbanalysis, oracle):
    prompt = 'Semantic segmentation with {"cat": "red", "dog": "blue"}'
    _, out, _ = vbanalysis("generate", "oracle", "photo.png", prompt, "-o", "out.png")
    command = shlex.split(out.splitlines()[1].removeprefix("decode"))
    assert command == ["vbanalysis", "decode", "semantic", "out.png", "--prompt", prompt]
    code, out, err = vbanalysis(*command[1:])
    assert (code, err) == (0, "")
    assert "cat" in out


def test_without_an_image_a_picture_is_drawn(vbanalysis, oracle):
    code, out, _ = vbanalysis("generate", "oracle", "A red ball in a room.", "-o", "out.png")
    assert code == 0
    assert oracle.asked == [(None, "A red ball in a room.", 0)]
    assert "decode" not in out
    assert read_rgb("out.png").shape == (6, 8, 3)


def test_a_photograph_that_was_squeezed_is_said_to_be(vbanalysis, oracle):
    write_png("wide.png", np.full((10, 30, 3), 90, np.uint8))
    _, out, _ = vbanalysis("generate", "oracle", "wide.png", DEPTH, "-o", "out.png")
    assert out.splitlines()[1] == "note    squeezed from 30 x 10: crop the image to keep its shape"
    _, out, _ = vbanalysis("generate", "oracle", "photo.png", DEPTH, "-o", "out.png")
    assert "squeezed" not in out


def test_instances_of_a_small_picture_are_read_without_an_erosion(vbanalysis, oracle):
    words = instance_prompt("chair").text
    _, out, _ = vbanalysis("generate", "oracle", "photo.png", words, "-o", "out.png")
    command = shlex.split(out.splitlines()[-1].removeprefix("decode"))
    assert command[:4] == ["vbanalysis", "decode", "instances", "out.png"]
    assert command[-2:] == ["--erosion", "0"]
    assert vbanalysis(*command[1:])[0] == 0


def test_an_edit_is_nothing_to_decode(vbanalysis, oracle):
    _, out, _ = vbanalysis("generate", "oracle", "photo.png", "Make the ball blue.", "-o", "out.png")
    assert "decode" not in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["photo.png", "-o", "out.png"], "photo.png is a file, expected an instruction last"),
        ([DEPTH, "photo.png", "-o", "out.png"], "expected an instruction last"),
        (["photo.png", "make", "it", "blue", "-o", "out.png"], "put the instruction in quotes"),
        (["photo.png", " ", "-o", "out.png"], "the instruction is empty"),
        (["nothing.png", DEPTH, "-o", "out.png"], "nothing.png"),
        (["photo.png", DEPTH, "-o", "out.jpg"], "written as .png"),
        (["photo.png", DEPTH, "-o", "photo.png"], "is the image itself"),
        (["photo.png", DEPTH, "-o", "no/folder/out.png"], "does not exist; create it first"),
    ],
)
def test_what_cannot_be_painted_is_refused_in_one_line(refused, oracle, words, said):
    assert said in refused("generate", "oracle", *words)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("minni", "unknown model 'minni': did you mean"),
        ("mini:none.safetensors", "no weights 'none.safetensors'"),
        ("mini?speed=3", "speed"),
        ("mini:base?guidance=abc", "guidance must be a number from 0 to 100, got 'abc'"),
        ("mini:judge", "holds weights of something else"),
    ],
)
def test_a_model_that_there_is_not_is_refused_in_one_line(refused, tmp_path, model, said):
    assert said in refused("generate", model, "A ball.", "-o", tmp_path / "out.png")
