"""Damaged and hostile model files, and networks that give nonsense, end in one clear error."""

import subprocess
import sys

import numpy as np
import pytest

from vbanalysis.errors import DataError
from vbanalysis.instructions import instance_prompt, semantic_prompt
from vbanalysis.models import onnx, tflite
from vbanalysis.models._file_card import FileCard, read_card
from vbanalysis.types import Instruction, Sample

pytest.importorskip("onnxruntime")
pytest.importorskip("ai_edge_litert")

DEPTH, NORMALS = Instruction("depth", ""), Instruction("normals", "")
DEPTH_CARD = {"kind": "depth", "invariance": "none"}
NORMALS_CARD = {"kind": "normals", "frame": "paper"}
SAME = ("Identity", {})
MEAN = ("ReduceMean", {"axes": [1], "keepdims": 1})
PICTURE = Sample("one", np.random.default_rng(0).integers(1, 256, (4, 6, 3), dtype=np.uint8))

SWELLING = b"a: &a [x, x, x, x, x, x, x, x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (letter, letter, b", ".join([b"*%c" % (letter - 1)] * 8)) for letter in range(98, 120)
)

TRY = """
import sys
from pathlib import Path
import numpy as np
from vbanalysis.errors import DataError
from vbanalysis.models.onnx import OnnxNetwork
from vbanalysis.models.tflite import TfliteNetwork
for name in sys.argv[1:]:
    try:
        network = (OnnxNetwork if "onnx" in name else TfliteNetwork)(Path(name))
        shape = [side or 1 for side in network.inputs[0].shape] if network.inputs else []
        network.run(np.zeros(shape, network.inputs[0].dtype if network.inputs else np.float32))
    except (DataError, IndexError) as error:
        assert "\\n" not in str(error), error
        print("refused")
    else:
        print("loaded")
"""


@pytest.mark.parametrize("content", [b"", b"no model", b"\x08\x08" * 5000, bytes(4096)])
@pytest.mark.parametrize("kind", ["onnx", "tflite"])
def test_a_file_that_is_no_model_is_refused_by_name(tmp_path, card_file, kind, content):
    path = tmp_path / f"network.{kind}"
    path.write_bytes(content)
    card_file(DEPTH_CARD)
    with pytest.raises(
        DataError, match=rf"network\.{kind} cannot be loaded as .*, is it damaged\?"
    ) as caught:
        {"onnx": onnx, "tflite": tflite}[kind].load(str(path))
    assert "\n" not in str(caught.value)


def test_a_truncated_file_is_refused(onnx_file, tflite_file, card_file):
    card_file(DEPTH_CARD)
    for path, module in [(onnx_file(MEAN), onnx), (tflite_file("MEAN"), tflite)]:
        path.write_bytes(path.read_bytes()[:-20])
        with pytest.raises(DataError, match="is it damaged"):
            module.load(str(path))


@pytest.mark.parametrize("kind", ["onnx", "tflite"])
def test_flipped_and_cut_bytes_never_end_the_process(onnx_file, tflite_file, tmp_path, kind):
    whole = (onnx_file(MEAN) if kind == "onnx" else tflite_file("MEAN")).read_bytes()
    rng = np.random.default_rng(0)
    files = []
    for number in range(150):
        data = bytearray(whole[: rng.integers(len(whole))] if number % 4 == 0 else whole)
        for place in rng.integers(len(data), size=rng.integers(1, 6)) if data else ():
            data[place] = rng.integers(256)
        files.append(tmp_path / f"{number}.{kind}.bin")
        files[-1].write_bytes(data)
    done = subprocess.run([sys.executable, "-c", TRY, *map(str, files)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert set(done.stdout.split()) == {"refused", "loaded"}
    assert done.stdout.count("refused") > 75


@pytest.mark.parametrize(
    ("nodes", "output", "instruction", "message"),
    [
        ([MEAN, ("Log", {})], DEPTH_CARD, DEPTH, r"gave NaN in 100\.0% of 'out1'"),
        (
            [("ReduceMean", {"axes": [1, 2, 3], "keepdims": 1})],
            DEPTH_CARD,
            DEPTH,
            r"gave \(1, 1, 1, 1\) float32, expected one plane .* 4 x 6 pixels",
        ),
        (
            [SAME],
            DEPTH_CARD,
            DEPTH,
            r"gave \(1, 3, 4, 6\) float32, expected one plane in the layout NCHW",
        ),
        (
            [MEAN],
            NORMALS_CARD,
            NORMALS,
            r"\(1, 1, 4, 6\) float32, expected 3 planes",
        ),
        (
            [("Transpose", {"perm": [0, 1, 3, 2]})],
            NORMALS_CARD,
            NORMALS,
            r"\(1, 3, 6, 4\) float32, expected 3 planes .*, of the shape of the input's 4 x 6",
        ),
        (
            [SAME],
            {"kind": "semantic", "form": "logits", "classes": ["road", "sky"]},
            semantic_prompt({"sky": (0, 0, 255)}),
            r"\(1, 3, 4, 6\) float32, expected 2 planes",
        ),
        (
            [MEAN],
            {"kind": "semantic", "form": "labels", "classes": ["road", "sky"]},
            semantic_prompt({"sky": (0, 0, 255)}),
            r"labels that are no whole numbers: is output\.form of its card logits",
        ),
        (
            [MEAN, ("Reciprocal", {}), ("Exp", {}), ("Exp", {}), ("Exp", {})],
            {"kind": "mask", "phrases": ["light"]},
            instance_prompt("light"),
            r"gave infinite numbers",
        ),
        (
            [MEAN],
            {"kind": "mask", "phrases": ["light"], "channel": 1},
            instance_prompt("light"),
            r"gave 1 planes, the card's output\.channel is 1",
        ),
    ],
)
def test_nonsense_from_a_network_is_no_answer(onnx_file, card_file, nodes, output, instruction, message):
    path = onnx_file(*nodes)
    card_file(output, mean=1.1 if nodes[-1][0] == "Log" else 0)
    with pytest.raises(DataError, match=message):
        onnx.load(str(path)).predict(PICTURE, instruction)


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\x00",
        b"[1, 2]",
        b"input: {layout: NCHW",
        b"a: !!python/object/apply:os.system ['true']",
        b"[" * 100_000,
        b"about: " + b"x" * 2_000_000,
        SWELLING,
    ],
    ids=["no text", "a list", "cut", "code", "deep", "large", "swelling"],
)
def test_a_hostile_card_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "card.yaml"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"card\.yaml") as caught:
        read_card(path, FileCard)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


def test_a_card_that_is_not_there_is_said_so(onnx_file, tmp_path):
    with pytest.raises(DataError, match=r"absent\.yaml cannot be read as a card"):
        onnx.load(str(onnx_file(MEAN)), card=str(tmp_path / "absent.yaml"))
