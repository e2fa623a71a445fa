"""`vbanalysis models` and `vbanalysis predict`."""

import json
import subprocess
import sys

import numpy as np
import pytest
from skimage import data

from vbanalysis import plugins
from vbanalysis.images import write_png


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    write_png(path, data.astronaut()[::4, ::3])
    return path


def test_the_table_has_a_line_for_every_model(vbanalysis):
    code, out, _ = vbanalysis("models")
    assert code == 0
    lines = {line.split()[0]: line for line in out.splitlines()[1:]}
    assert set(lines) == {info.name for info in plugins.available("models")}
    assert "generator" in lines["mini"]
    assert "depth normals semantic instance referring" in lines["mini"]
    assert lines["mini"].split()[-2:] == ["yes", "yes"]
    assert not [line for name, line in lines.items() if "broken" in line and name != "broken"]


def test_the_table_costs_no_import_of_a_large_package():
    script = (
        "import sys, json; from vbanalysis import cli; from typer.testing import CliRunner\n"
        "CliRunner().invoke(cli.app, ['models'])\n"
        "large = ('torch', 'diffusers', 'transformers', 'google.genai', 'onnxruntime', 'cv2')\n"
        "print(json.dumps([name for name in large if name in sys.modules]))"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(told.stdout) == []


def test_a_model_is_told_of_by_its_card_and_a_spec_by_itself(vbanalysis, refused):
    _, out, _ = vbanalysis("models", "mini")
    for words in ("licence", "Apache-2.0", "weights       shipped", "memory", "ready         yes"):
        assert words in out
    _, out, _ = vbanalysis("models", "oracle:jpeg=80,noise=2")
    assert "name          oracle:jpeg=80,noise=2" in out
    assert "did you mean 'mini'" in refused("models", "mimi")
    assert "'blur=3' is no degradation" in refused("models", "oracle:blur=3")


def test_a_missing_package_names_the_command_that_installs_it(vbanalysis, monkeypatch):
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "cv2" else find(name))
    _, out, _ = vbanalysis("models")
    (line,) = [line for line in out.splitlines() if line.startswith("stereo")]
    assert line.endswith("pip install 'vbanalysis[stereo]'")


@pytest.mark.parametrize(
    ("task", "options", "dtype", "shape"),
    [
        ("depth", [], np.float32, (128, 171)),
        ("normals", [], np.float32, (128, 171, 3)),
        ("semantic", ["--class", "wall", "--class", "floor"], np.int32, (128, 171)),
        ("instance", ["--phrase", "ball"], np.int32, (128, 171)),
        ("referring", ["--phrase", "the red ball"], np.int32, (128, 171)),
    ],
)
def test_a_generators_answer_is_written_as_numbers(vbanalysis, photo, tmp_path, task, options, dtype, shape):
    out_file = tmp_path / "out.npy"
    code, out, err = vbanalysis("predict", "mini", photo, "--task", task, *options, "-o", out_file)
    assert code == 0, err
    assert "171 x 128" in out
    found = np.load(out_file)
    assert (found.dtype, found.shape) == (dtype, shape)
    code, out, _ = vbanalysis("predict", "mini", photo, "--task", task, *options, "-o", out_file, "--native")
    assert np.load(out_file).shape[0] == 64


def test_what_cannot_be_predicted_says_why(photo, tmp_path, refused):
    out = ["-o", tmp_path / "out.npy"]
    assert "needs --phrase" in refused("predict", "mini", photo, "--task", "instance", *out)
    assert "--phrase is for" in refused("predict", "mini", photo, "--task", "depth", "--phrase", "x", *out)
    assert "--class is for" in refused("predict", "mini", photo, "--task", "depth", "--class", "x", *out)
    assert "knows only the samples" in refused("predict", "oracle", photo, "--task", "depth", *out)
    assert "written as .npy" in refused("predict", "mini", photo, "--task", "depth", "-o", tmp_path / "x.png")
    pytest.importorskip("cv2")
    assert "stereo answers depth, not normals" in refused(
        "predict", "stereo", photo, "--task", "normals", *out
    )
    assert "has no second view" in refused("predict", "stereo", photo, "--task", "depth", *out)
    assert not (tmp_path / "out.npy").exists()
