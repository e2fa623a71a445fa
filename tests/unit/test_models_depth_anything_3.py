"""`depth-anything-3`: what we ask of its package, and what we make of the answer.

The package itself is not among what the tests install: a stand-in with its interface shows our side of the
call only, and nothing of the networks.
"""

import json
import sys

import numpy as np
import pytest

from vbanalysis import plugins
from vbanalysis.errors import DataError, InputError, PluginError
from vbanalysis.evaluation import evaluate
from vbanalysis.geometry import Intrinsics
from vbanalysis.models import Specialist, card
from vbanalysis.types import Sample

SCALED = "depth?alignment=median"
DATA = "analytic?n=2&height=64"

STAND_IN = '''
"""The interface of depth_anything_3.api; the depth is what the test wrote beside the weights."""
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch


class DepthAnything3(torch.nn.Linear):
    asked = []

    @classmethod
    def from_pretrained(cls, folder):
        made = cls(2, 3)
        made.folder = Path(folder)
        return made

    def inference(self, image, process_res=504, **more):
        type(self).asked.append((image, process_res, more))
        told = np.load(self.folder / "answer.npz")
        sky = told["sky"] if "sky" in told else None
        return SimpleNamespace(depth=told["depth"], sky=sky)
'''


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Put the stand-in where the package would be; gives the list of what it was asked."""
    folder = tmp_path / "site/depth_anything_3"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "api.py").write_text(STAND_IN)
    monkeypatch.syspath_prepend(str(folder.parent))
    for name in ("depth_anything_3", "depth_anything_3.api"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield lambda: sys.modules["depth_anything_3.api"].DepthAnything3.asked
    for name in ("depth_anything_3", "depth_anything_3.api"):
        sys.modules.pop(name, None)


@pytest.fixture
def repo(tmp_path):
    """Make a folder with the layout of a repository, and the depth that the stand-in will give."""

    def make(name, depth=None, sky=None, model_name=None):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps({"model_name": model_name} if model_name else {}))
        (folder / "model.safetensors").write_bytes(b"")
        depth = np.linspace(1, 4, 28 * 42, dtype=np.float32).reshape(1, 28, 42) if depth is None else depth
        np.savez(folder / "answer.npz", depth=depth, **({} if sky is None else {"sky": sky}))
        return folder

    return make


def sample(height=56, width=84, **info):
    return Sample("one", np.full((height, width, 3), 90, np.uint8), info=info)


@pytest.mark.parametrize(
    ("name", "invariance"),
    [
        ("DA3NESTED-GIANT-LARGE-1.1", "none"),
        ("DA3METRIC-LARGE", "none"),
        ("DA3MONO-LARGE", "affine"),
        ("DA3-SMALL", "scale"),
        ("DA3-GIANT-1.1", "scale"),
    ],
)
def test_with_a_stand_in_the_name_says_what_is_not_known_of_the_depth(package, repo, name, invariance):
    model = plugins.load("models", f"depth-anything-3:{repo(name)}", Specialist)
    assert model.invariance == invariance
    told = model.describe()
    assert (told["invariance"], told["parameters"], told["size"]) == (invariance, 9, 504)


def test_with_a_stand_in_the_configuration_goes_before_the_name(package, repo):
    folder = repo("weights", model_name="da3metric-large")
    assert plugins.load("models", f"depth-anything-3:{folder}").invariance == "none"
    with pytest.raises(
        InputError, match="of no stated model, whose depth may be metres or not: known are DA3N"
    ):
        plugins.load("models", f"depth-anything-3:{repo('mine')}")


def test_with_a_stand_in_canonical_depth_becomes_metres_by_the_focal_of_the_networks_pixels(package, repo):
    folder = repo("DA3METRIC-LARGE")
    model = plugins.load("models", f"depth-anything-3:{folder}?size=42")
    shown = sample(intrinsics=Intrinsics(600, 400, 42, 28))  # twice the network's 28 x 42 pixels
    found = model.predict(shown, None)
    canonical = np.load(folder / "answer.npz")["depth"][0]
    np.testing.assert_allclose(found, canonical * (300 + 200) / 2 / 300, rtol=1e-6)
    assert found.dtype == np.float32
    ((images, size, more),) = package()
    np.testing.assert_array_equal(images[0], shown.image)
    assert (len(images), size, more) == (1, 42, {})
    with pytest.raises(DataError, match=r"no info\['intrinsics'\].*take DA3NESTED"):
        model.predict(sample(), None)
    with pytest.raises(DataError, match="focal lengths of one are 0"):
        model.predict(sample(intrinsics=Intrinsics(0, 400, 42, 28)), None)
    with pytest.raises(DataError, match="has no image"):
        model.predict(Sample("words", None), None)


def test_with_a_stand_in_other_models_need_no_camera_and_are_not_scaled(package, repo):
    folder = repo("DA3-LARGE")
    found = plugins.load("models", f"depth-anything-3:{folder}").predict(sample(), None)
    np.testing.assert_array_equal(found, np.load(folder / "answer.npz")["depth"][0])


def test_with_a_stand_in_sky_is_infinitely_far_and_what_is_no_depth_is_never_a_number(package, repo):
    depth = np.full((1, 4, 6), 3, np.float32)
    depth[0, 0, 0] = 0
    sky = np.zeros((1, 4, 6), bool)
    sky[0, :, 5] = True
    found = plugins.load("models", f"depth-anything-3:{repo('DA3-BASE', depth, sky)}").predict(sample(), None)
    assert np.isnan(found[0, 0])
    assert np.isinf(found[:, 5]).all()
    assert (found[1:, :5] == 3).all()
    mono = plugins.load("models", f"depth-anything-3:{repo('DA3MONO-LARGE', depth - 1)}")
    assert mono.predict(sample(), None).min() == 0
    broken = plugins.load("models", f"depth-anything-3:{repo('DA3-SMALL', depth * np.nan)}")
    with pytest.raises(DataError, match="not finite"):
        broken.predict(sample(), None)
    two = plugins.load("models", f"depth-anything-3:{repo('DA3-LARGE', np.ones((2, 4, 6)))}")
    with pytest.raises(DataError, match=r"depth of the shape \(2, 4, 6\), expected \(1, h, w\)"):
        two.predict(sample(), None)


def test_with_a_stand_in_a_run_scores_metres_and_asks_for_an_alignment_where_there_are_none(
    package, repo, tmp_path
):
    run = evaluate("depth", f"depth-anything-3:{repo('DA3METRIC-LARGE')}", DATA, tmp_path / "metric")
    assert list(run.records().status) == ["ok", "ok"]
    relative = f"depth-anything-3:{repo('DA3-SMALL')}"
    with pytest.raises(InputError, match="known up to a factor"):
        evaluate("depth", relative, DATA, tmp_path / "refused")
    assert evaluate(SCALED, relative, DATA, tmp_path / "scaled").n_failed == 0


def test_without_the_package_the_error_is_the_command():
    with pytest.raises(PluginError, match=r"run  pip install git\+https://github.com/ByteDance-Seed/Depth-"):
        plugins.load("models", "depth-anything-3")
    assert card("depth-anything-3").wanting().startswith("pip install git+https://github.com/ByteDance-Seed")


def test_with_a_stand_in_weights_that_are_not_there_or_pickled_are_refused(package, repo, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(DataError, match="run  hf download depth-anything/DA3-TEST"):
        plugins.load("models", "depth-anything-3:depth-anything/DA3-TEST")
    folder = repo("DA3-SMALL")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(DataError, match="pickled"):
        plugins.load("models", f"depth-anything-3:{folder}")
    with pytest.raises(InputError, match="size must be a whole number of at least 14 pixels, got 3"):
        plugins.load("models", "depth-anything-3?size=3")
