import numpy as np
import pytest
import torch

from vbanalysis import plugins
from vbanalysis.errors import DataError, InputError, InstructionError
from vbanalysis.instructions import depth_prompt
from vbanalysis.mini.model import Mini
from vbanalysis.mini.network import Network
from vbanalysis.mini.weights import save_weights
from vbanalysis.models import Generator

DEPTH = "Generate a metric depth map of the input image."


@pytest.fixture
def weights(tiny_stage, tmp_path):
    torch.manual_seed(0)
    network = Network(tiny_stage().network)
    for weight in network.parameters():
        torch.nn.init.normal_(weight, std=0.2)
    save_weights(tmp_path / "mine.safetensors", dict(network.named_parameters()), tiny_stage(), 48, 1.0)
    return tmp_path / "mine.safetensors"


def photo(*shape):
    return np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)


def test_a_spec_string_with_a_path_loads_weights_of_ones_own(weights):
    mini = plugins.load("models", f"mini:{weights}?steps=2&batch=3", Generator)
    assert (mini.name, mini.steps, mini.batch) == ("mini:mine", 2, 3)
    about = mini.describe()
    assert about["trained_on"] == 48
    assert about["parameters"] == sum(weight.numel() for weight in mini.network.parameters())


def test_it_draws_from_words_and_answers_on_photographs_of_any_shape(weights):
    mini = Mini(weights)
    assert mini.sample(None, "A red ball in a room.").shape == (32, 32, 3)
    assert mini.sample(photo(120, 160), DEPTH).shape == (32, 40, 3)
    assert mini.sample(photo(7, 9), depth_prompt()).dtype == np.uint8


def test_many_are_what_one_by_one_are_in_their_order(weights):
    mini = Mini(weights, batch=2, steps=2)
    images = [photo(32, 32), None, photo(64, 128), photo(50, 50), photo(40, 40)]
    prompts = [DEPTH, "A red ball.", DEPTH, "Remove the chair.", DEPTH]
    many = mini.sample_many(images, prompts)
    for k, (image, prompt) in enumerate(zip(images, prompts, strict=True)):
        alone = mini.sample(image, prompt, seed=k)
        assert alone.shape == many[k].shape
        assert np.mean(np.abs(alone.astype(int) - many[k]).max(axis=-1) > 1) < 0.005


def test_the_seed_is_the_noises(weights):
    mini = Mini(weights)
    first, again, other = (mini.sample(None, "A red ball.", seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_loading_touches_no_random_numbers(weights):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    Mini(weights)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("settings", [{"steps": 0}, {"batch": 0}, {"steps": 1.5}])
def test_settings_out_of_their_range_are_refused(weights, settings):
    with pytest.raises(InputError, match=f"{next(iter(settings))} must be a whole number"):
        Mini(weights, **settings)


def test_what_is_no_picture_is_refused(weights):
    for wrong in (np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)):
        with pytest.raises(InputError, match="must be"):
            Mini(weights).sample(wrong, DEPTH)


def test_prompts_that_cannot_be_read_are_refused(weights):
    with pytest.raises(InstructionError, match="empty"):
        Mini(weights).sample(None, " ")
    with pytest.raises(InputError, match="as many instructions"):
        Mini(weights).sample_many([None], ["a", "b"])


def test_foreign_and_missing_weights_are_errors_that_say_so(weights):
    weights.write_bytes(b"no weights")
    with pytest.raises(DataError, match="damaged"):
        plugins.load("models", f"mini:{weights}")
    with pytest.raises(InputError, match="no weights"):
        plugins.load("models", f"mini:{weights.parent}/none.safetensors")
