import subprocess
import sys

import numpy as np
import pytest
import torch

from vbanalysis import plugins
from vbanalysis.errors import DataError, InputError, InstructionError
from vbanalysis.instructions import depth_prompt
from vbanalysis.mini.language import edits
from vbanalysis.mini.model import Mini
from vbanalysis.mini.network import Network, NetworkConfig
from vbanalysis.mini.weights import save_weights
from vbanalysis.models import Generator
from vbanalysis.types import Instruction

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
    assert mini.sample(photo(120, 160), DEPTH).shape == (32, 42, 3)
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


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"steps": 0}, "steps must be a whole number from 1 to 1000, got 0"),
        ({"steps": 1.5}, "steps must be a whole number"),
        ({"steps": True}, "steps must be a whole number"),
        ({"steps": 10**9}, "steps must be a whole number"),
        ({"batch": 0}, "batch must be a whole number"),
        ({"guidance": "abc"}, "guidance must be a number from 0 to 100, got 'abc'"),
        ({"guidance": float("nan")}, "guidance must be a number"),
        ({"guidance": float("inf")}, "guidance must be a number"),
        ({"guidance": 10**400}, "guidance must be a number"),
        ({"device": "abacus"}, "device 'abacus' cannot be used"),
        ({"device": "meta"}, "device 'meta' cannot be used"),
        ({"device": "cuda:99"}, "device 'cuda:99' cannot be used"),
    ],
)
def test_settings_out_of_their_range_are_refused(weights, settings, said):
    with pytest.raises(InputError, match=said) as caught:
        Mini(weights, **settings)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("options", ["guidance=abc", "guidance=nan", "device=abacus", "steps=true"])
def test_a_spec_string_with_a_wrong_setting_is_refused_as_it_is_loaded(weights, options):
    with pytest.raises(InputError, match=f"{options.split('=')[0]}"):
        plugins.load("models", f"mini:{weights}?{options}")


def test_what_is_no_picture_is_refused(weights):
    nothing = (np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8), [[1, 2], [3]])
    for wrong in (*nothing, "photo.png"):
        with pytest.raises(InputError, match="image must be"):
            Mini(weights).sample(wrong, DEPTH)


@pytest.mark.parametrize("seed", [-1, 0.5, "1", None, True])
def test_a_seed_is_a_whole_number_of_at_least_0(weights, seed):
    with pytest.raises(InputError, match="seed must be a whole number of at least 0"):
        Mini(weights).sample(None, "A red ball.", seed=seed)


def test_lists_are_lists_and_instructions_are_words(weights):
    mini = Mini(weights)
    for wrong in ((5, ["a"]), ([None], "a"), ([None], 5), ({None}, ["a"])):
        with pytest.raises(InputError, match="must be a list"):
            mini.sample_many(*wrong)
    with pytest.raises(InputError, match="must be a string or an Instruction, got int"):
        mini.sample(None, 5)


@pytest.mark.parametrize("words", [DEPTH, "Remove the chair.", "Make the red ball blue."])
def test_answers_and_edits_need_an_image(weights, words):
    with pytest.raises(InputError, match="needs an image: give one"):
        Mini(weights).sample(None, words)


def test_a_description_with_an_image_is_refused_with_what_an_edit_sounds_like(weights):
    for words in ("A red ball in a room.", "Draw a cone."):
        with pytest.raises(InputError, match="leave the image out, or word an edit, such as 'Remove"):
            Mini(weights).sample(photo(32, 32), words)


def test_every_edit_that_was_trained_is_taken_as_one(weights):
    """None of their wordings reads as a description, which would be refused beside an image."""
    orders = [*edits._RECOLOUR, *edits._REMOVE]
    names = "left red ball", "purple"
    mini = Mini(weights)
    for order in orders:
        assert mini.sample(photo(32, 32), order.format(*names)).shape == (32, 32, 3)
    # What reads otherwise can still be given as what it is.
    assert mini.sample(photo(32, 32), Instruction("edit", "Less ball, more floor.")).shape == (32, 32, 3)


def test_guidance_is_for_drawings_alone(weights):
    mini = Mini(weights, guidance=3, steps=2)
    assert mini.sample(None, "A red ball.").shape == (32, 32, 3)
    for words in (DEPTH, "Remove the chair."):
        with pytest.raises(InputError, match="guidance is for drawings"):
            mini.sample(photo(32, 32), words)
        Mini(weights, guidance=1).sample(photo(32, 32), words)


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
    with pytest.raises(
        DataError, match=r"something else: .*'vbanalysis-judge-1'; shipped of that format are "
    ):
        plugins.load("models", "mini:judge")
    with pytest.raises(InputError, match="a name or a path, got int"):
        Mini(5)


def test_weights_that_answer_in_numbers_are_refused_with_who_reads_them(tiny_stage, tmp_path):
    config = NetworkConfig.from_dict({**tiny_stage().network.as_dict(), "outputs": 16})
    network = dict(Network(config).named_parameters())
    save_weights(
        tmp_path / "w.safetensors", network, tiny_stage().model_copy(update={"network": config}), 8, 1
    )
    with pytest.raises(InputError, match=r"answer in numbers.*Regressor"):
        Mini(tmp_path / "w.safetensors")


def test_to_paint_needs_no_training_nor_the_renderer():
    code = "import sys, vbanalysis.mini.model; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    modules = set(loaded.split())
    assert "vbanalysis.mini.model" in modules
    assert not modules & {"numba", "pydantic", "vbanalysis.mini.training", "vbanalysis.mini.world"}
