import numpy as np
import pytest
import torch

from vbanalysis.errors import InputError
from vbanalysis.mini.network import Network, NetworkConfig
from vbanalysis.mini.pixels import signed, unsigned
from vbanalysis.mini.sampling import ANSWER, Schedule, fit, paint

PROMPT = "The cat is #123456, the dog is #fedcba."
SKETCH = Schedule(steps=3, guidance=1.5)


@pytest.fixture
def network(tiny_stage):
    torch.manual_seed(0)
    network = Network(tiny_stage().network).eval()
    for weight in network.parameters():  # a new network paints grey, whatever it is given
        torch.nn.init.normal_(weight, std=0.2)
    return network


def photos(count, shape=(32, 32)):
    return list(np.random.default_rng(0).integers(0, 256, (count, *shape, 3), np.uint8))


def off(one, other):
    return np.abs(one.astype(int) - other).max()


@pytest.mark.parametrize("schedule", [ANSWER, SKETCH])
def test_a_picture_does_not_depend_on_those_it_is_painted_with(network, schedule):
    images, prompts = photos(4), [PROMPT, "A red ball.", "Remove the chair.", "x " * 40]
    together = paint(network, images, prompts, range(4), schedule)
    for k in range(4):
        alone = paint(network, [images[k]], [prompts[k]], [k], schedule)[0]
        # A pixel may waver between two sources that are equally likely, to rounding.
        assert np.mean(np.abs(alone.astype(int) - together[k]).max(axis=-1) > 1) < 0.005


def test_the_same_seed_paints_the_same_picture_and_another_one_another(network):
    one, same, other = (paint(network, [None], ["A ball."], [seed], SKETCH)[0] for seed in (3, 3, 4))
    assert off(one, same) == 0
    assert off(one, other) > 5


@pytest.mark.parametrize("schedule", [ANSWER, SKETCH])
def test_pixels_that_point_at_a_prompted_colour_have_it_exactly(network, schedule):
    with torch.no_grad():
        network.own_keys.zero_()
        network.query.weight.zero_()
        network.query.bias.fill_(1.0)
        network.key.weight.zero_()
        network.key.bias.fill_(1.0)  # every pixel points at a colour that the prompt spells
    painted = paint(network, photos(1), [PROMPT], [0], schedule)[0]
    assert set(map(tuple, painted.reshape(-1, 3))) <= {(0x12, 0x34, 0x56), (0xFE, 0xDC, 0xBA)}


def test_more_guidance_goes_farther_from_what_is_drawn_without_words(network):
    with torch.no_grad():  # every pixel is painted freely
        network.query.weight.zero_()
        network.query.bias.fill_(1.0)
        network.own_keys.fill_(-1.0)
        network.own_keys[0] = 1.0
    plain, guided, more = (
        paint(network, [None], ["A ball."], [0], Schedule(1, guidance))[0].astype(float)
        for guidance in (0.0, 1.0, 2.0)
    )
    assert np.abs(more - plain).mean() > np.abs(guided - plain).mean() > 0.5


def test_without_an_image_the_picture_has_the_networks_size_and_with_one_the_images(network):
    assert paint(network, [None], ["A ball."], [0], ANSWER).shape == (1, 32, 32, 3)
    assert paint(network, photos(2, (32, 48)), [PROMPT] * 2, [0, 1], ANSWER).shape == (2, 32, 48, 3)


@pytest.mark.parametrize(
    ("images", "prompts", "seeds", "schedule", "words"),
    [
        ([], [], [], ANSWER, "expected as many"),
        ([None], ["a", "b"], [0], ANSWER, "got 1, 2 and 1"),
        ([None], ["a"], [0], Schedule(0, 1.0), "at least 1 step"),
        ([None], ["a"], [0], Schedule(1, float("nan")), "finite guidance"),
        (
            [np.zeros((32, 32, 3), np.uint8), np.zeros((32, 40, 3), np.uint8)],
            ["a"] * 2,
            [0, 1],
            ANSWER,
            "one size",
        ),
    ],
)
def test_what_cannot_be_painted_is_refused(network, images, prompts, seeds, schedule, words):
    with pytest.raises(InputError, match=words):
        paint(network, images, prompts, seeds, schedule)


@pytest.mark.parametrize(
    ("shape", "fitted"),
    [((480, 640), (64, 88)), ((64, 64), (64, 64)), ((32, 16), (128, 64)), ((1000, 100), (128, 64))],
)
def test_photographs_are_shrunk_to_a_short_side_of_64(shape, fitted):
    assert fit(np.zeros((*shape, 3), np.uint8), NetworkConfig()).shape == (*fitted, 3)


def test_a_deeper_network_has_sides_that_halve_more_often():
    deep = NetworkConfig(size=32, channels=(32,) * 6, blocks=(1,) * 6)
    assert deep.multiple == 32
    assert fit(np.zeros((100, 140, 3), np.uint8), deep).shape == (32, 32, 3)
    assert fit(np.zeros((100, 160, 3), np.uint8), deep).shape == (32, 64, 3)


def test_shrinking_averages_over_pixels():
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2] = 200
    inside = fit(stripes, NetworkConfig())[4:-4, 4:-4].astype(int)
    assert np.abs(inside - 100).max() <= 2


def test_an_image_of_the_right_size_is_left_as_it_is():
    (image,) = photos(1)
    assert off(fit(image, NetworkConfig(size=32)), image) == 0


def test_pixels_come_back_as_they_were():
    levels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1).repeat(3, axis=-1)
    assert (signed(levels).min(), signed(levels).max()) == (-1, 1)
    assert off(unsigned(signed(levels)), levels) == 0
    assert unsigned(torch.full((1, 3, 2, 2), 7.0)).max() == 255
