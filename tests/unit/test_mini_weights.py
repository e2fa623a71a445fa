import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from vbanalysis.errors import DataError, InputError
from vbanalysis.mini.network import Network
from vbanalysis.mini.weights import (
    FORMAT,
    find_weights,
    load_weights,
    read_story,
    read_weights,
    save_weights,
    shipped_weights,
    weights_dir,
    write_tensors,
)


@pytest.fixture
def network(tiny_stage):
    return Network(tiny_stage().network)


@pytest.fixture
def file(tiny_stage, network, tmp_path):
    save_weights(tmp_path / "w.safetensors", dict(network.named_parameters()), tiny_stage(), 48, 12.3)
    return tmp_path / "w.safetensors"


def test_weights_come_back_in_half_precision_with_their_story(tiny_stage, network, file):
    tensors, told = read_weights(file)
    assert (told["format"], told["samples"], told["seconds"]) == (FORMAT, "48", "12")
    assert read_story(told, file) == (network.config, 48, 12)
    assert json.loads(told["stage"])["name"] == tiny_stage().name
    again = load_weights(Network(network.config), tensors, file)
    for name, weight in again.named_parameters():
        assert weight.dtype == torch.float32
        torch.testing.assert_close(weight, dict(network.named_parameters())[name], rtol=1e-3, atol=1e-6)


def test_a_path_is_taken_as_it_is_and_a_name_is_looked_for_among_the_shipped(file, monkeypatch):
    assert find_weights(file) == file
    monkeypatch.setattr("vbanalysis.mini.weights.weights_dir", lambda: file.parent)
    assert find_weights("w") == file
    with pytest.raises(InputError, match="no weights 'tuned': shipped are w; or give the path"):
        find_weights("tuned")


def test_shipped_weights_lie_with_the_stages():
    assert weights_dir().parent.name == "mini"


def test_only_what_fits_is_named_when_a_name_is_not_found(file, monkeypatch):
    monkeypatch.setattr("vbanalysis.mini.weights.weights_dir", lambda: file.parent)
    write_tensors(file.parent / "judge.safetensors", {"w": torch.zeros(2)}, {"format": "vbanalysis-judge-1"})
    (file.parent / "cut.safetensors").write_bytes(b"cut")
    assert shipped_weights() == ["w"]
    assert shipped_weights("vbanalysis-judge-1") == ["judge"]
    with pytest.raises(InputError, match="shipped are judge; or"):
        find_weights("jugde", "vbanalysis-judge-1")
    with pytest.raises(DataError, match=r"expected a file whose format is .* shipped of that format are w"):
        read_weights("judge")


@pytest.mark.parametrize("damage", ["cut", "noise", "empty", "text"])
def test_a_damaged_file_is_an_error_that_says_so(file, damage):
    whole = file.read_bytes()
    noise = np.random.default_rng(0).bytes(1000)
    file.write_bytes({"cut": whole[:-100], "noise": noise, "empty": b"", "text": b"version https://"}[damage])
    with pytest.raises(DataError, match=r"w.safetensors is damaged or no safetensors file") as caught:
        read_weights(file)
    assert "\n" not in str(caught.value)


def test_a_byte_that_turned_a_weight_into_nothing_is_found(network, file):
    tensors, _ = read_weights(file)
    tensors["paint.bias"][0] = torch.nan
    with pytest.raises(DataError, match="not finite"):
        load_weights(network, tensors, file)


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}])
def test_weights_of_something_else_are_refused(tmp_path, metadata):
    save_file({"w": torch.zeros(2)}, tmp_path / "w.safetensors", metadata)
    with pytest.raises(DataError, match="weights of something else"):
        read_weights(tmp_path / "w.safetensors")


@pytest.mark.parametrize(
    "changes",
    [
        *({"stage": stage} for stage in ("", "{", "[]", '{"network": 3}', '{"network": {"depth": 3}}', None)),
        *({"stage": json.dumps({"network": {"size": size}})} for size in (-1, 64.0, "64", 2**40)),
        {"stage": '{"network": {"channels": [1e9, 2, 3, 4]}}'},
        {"stage": '{"network": {"channels": 8}}'},
        *({"samples": samples} for samples in ("many", None)),
        {"seconds": None},
    ],
)
def test_weights_that_do_not_tell_their_story_are_refused(changes):
    told = {"stage": '{"network": {}}', "samples": "8", "seconds": "1"}
    assert read_story(told, "w.safetensors").samples == 8
    told = {key: value for key, value in (told | changes).items() if value is not None}
    with pytest.raises(DataError, match="does not say what network"):
        read_story(told, "w.safetensors")


def test_weights_for_another_network_are_refused_by_a_tensor_that_differs(network, file):
    tensors, _ = read_weights(file)
    del tensors["paint.bias"]
    tensors["other"] = torch.zeros(1)
    with pytest.raises(
        DataError, match=r"other sizes: 2 tensors differ, such as other \(\(1,\), expected none"
    ):
        load_weights(network, tensors, file)
