import json
import shlex
import subprocess
import sys
import time

import numpy as np
import pytest

from vbanalysis.codecs import ColormapCodec, DepthCodec, InstanceCodec, PaletteCodec
from vbanalysis.images import write_png

METRES = np.geomspace(0.3, 60, 96 * 96).reshape(96, 96)
PROMPT = 'Semantic segmentation with {"cat": "red", "dog": "blue"}'


def blobs(value):
    labels = np.full((48, 64), value, np.int32)
    labels[5:25, 5:30] = value + 1
    labels[28:44, 35:60] = value + 2
    return labels


def pictures():
    return {
        "depth": DepthCodec().encode(METRES),
        "bgr": DepthCodec(walk="KBCGYRMW").encode(METRES),
        "drifted": np.rint(DepthCodec().encode(METRES) * 0.9 + 12).astype(np.uint8),
        "viridis": ColormapCodec("viridis").encode(METRES),
        "grey": ColormapCodec("gray").encode(METRES),
        "mask": PaletteCodec({"cat": (255, 0, 0), "dog": (0, 0, 255)}).encode(blobs(-1)),
        "instances": InstanceCodec().encode(blobs(0)),
    }


@pytest.fixture(params=pictures())
def picture(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_png("a picture.png", pictures()[request.param])
    return request.param


def test_the_command_it_names_reads_the_picture(vbanalysis, picture):
    code, out, err = vbanalysis("inspect", "a picture.png")
    assert (code, err) == (0, "")
    (command, *_) = [line for line in out.splitlines() if line.startswith("decode ")]
    words = shlex.split(command.removeprefix("decode"))
    assert words[0] == "vbanalysis"
    assert vbanalysis(*words[1:])[0] == 0
    back = np.load("a picture.npy")
    if picture in ("depth", "bgr", "drifted"):
        np.testing.assert_allclose(back, METRES, rtol=0.1)
    if picture == "drifted":
        assert "--calibrate" in words


def test_lines_tell_kind_evidence_and_quality(vbanalysis, tmp_path):
    write_png(tmp_path / "d.png", DepthCodec().encode(METRES))
    _, out, _ = vbanalysis("inspect", tmp_path / "d.png")
    starts = [line.split()[0] for line in out.splitlines()]
    assert starts[1:] == ["kind", "walks", "residual", "unknown", "range", "drift", "decode"]


def test_json_is_one_object_without_nan(vbanalysis, picture):
    code, out, _ = vbanalysis("inspect", "a picture.png", "--json")
    facts = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert code == 0
    expected = {"viridis": "colormap", "grey": "grey", "mask": "mask", "instances": "mask"}
    assert facts["kind"] == expected.get(picture, "depth")
    assert facts["fits"] is None
    assert len(facts["evidence"]["walk"]["ranking"]) == 6
    assert len(facts["quality"]["residual"]) == 3
    assert facts["decode"]


def test_a_prompt_brings_the_drift_of_each_class(vbanalysis, tmp_path):
    write_png(tmp_path / "m.png", pictures()["mask"])
    _, out, _ = vbanalysis("inspect", tmp_path / "m.png", "--prompt", PROMPT)
    assert "  cat  " in out
    assert "drift 0.0/255 to (255, 0, 0)" in out
    assert f"--prompt {shlex.quote(PROMPT)}" in out


def test_a_picture_that_is_not_what_the_prompt_asks_for_gets_no_command(vbanalysis, tmp_path):
    write_png(tmp_path / "m.png", pictures()["mask"])
    code, out, _ = vbanalysis("inspect", tmp_path / "m.png", "--prompt", "Generate a metric depth map.")
    assert code == 0
    assert "where the prompt asks for depth" in out
    assert "vbanalysis decode" not in out


def test_a_photograph_is_nothing_to_decode(vbanalysis, tmp_path):
    from skimage.data import chelsea

    write_png(tmp_path / "cat.png", np.ascontiguousarray(chelsea()[::3, ::3]))
    code, out, _ = vbanalysis("inspect", tmp_path / "cat.png")
    assert code == 0
    assert "photograph" in out
    assert "vbanalysis decode" not in out


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--prompt", "Segmentation: the cat is rendered in sploo."), "sploo"),
        (("--prompt", " "), "empty"),
    ],
)
def test_an_unreadable_prompt_is_one_line(vbanalysis, tmp_path, words, reason):
    write_png(tmp_path / "m.png", pictures()["mask"])
    code, out, err = vbanalysis("inspect", tmp_path / "m.png", *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert reason in err


def test_a_picture_too_small_to_tell_is_one_line_that_names_it(vbanalysis, tmp_path):
    write_png(tmp_path / "tiny.png", np.zeros((8, 8, 3), np.uint8))
    code, _, err = vbanalysis("inspect", tmp_path / "tiny.png")
    assert (code, err.count("\n")) == (2, 1)
    assert "tiny.png" in err


def test_help_comes_without_the_codecs():
    check = (
        "import sys, vbanalysis.cli; "
        "print(sorted({'numpy', 'matplotlib', 'numba', 'scipy', 'torch'} & set(sys.modules)))"
    )
    loaded = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "[]"
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        call = [sys.executable, "-c", "from vbanalysis.cli import main; main()", "--help"]
        subprocess.run(call, capture_output=True, check=False)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.5
