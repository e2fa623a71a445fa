import pytest
import torch

from vbanalysis.errors import InputError
from vbanalysis.mini.network import OWN_COLOURS, Network, NetworkConfig, Painting
from vbanalysis.mini.tokens import text_batch, tokenize

PROMPT = "The cat is #123456, the dog is orange."


@pytest.fixture
def network(tiny_stage):
    torch.manual_seed(0)
    network = Network(tiny_stage().network).eval()
    for weight in network.parameters():  # a new network paints grey, whatever it is given
        torch.nn.init.normal_(weight, std=0.2)
    return network


def look(network, prompts, image=None, has_image=1.0, shape=(32, 32)):
    count = len(prompts)
    generator = torch.Generator().manual_seed(1)
    noisy = torch.randn(1, 3, *shape, generator=generator).expand(count, -1, -1, -1)
    image = torch.zeros(1, 3, *shape) if image is None else image
    with torch.inference_mode():
        return network(
            noisy,
            torch.ones(count),
            image.expand(count, -1, -1, -1),
            torch.full((count,), has_image),
            text_batch([tokenize(prompt) for prompt in prompts]),
        )


def test_a_pixel_that_points_at_a_colour_has_exactly_that_colour():
    levels = torch.arange(256)
    offered = torch.stack([levels, levels.flip(0), levels.roll(7)], dim=1)[None] / 127.5 - 1
    pointing = torch.zeros(1, 257, 16, 16)
    places = torch.randperm(256, generator=torch.Generator().manual_seed(0)).view(1, 1, 16, 16)
    pointing.scatter_(1, places + 1, 5.0)
    painting = Painting(torch.full((1, 3, 16, 16), 0.3), pointing, offered)
    rgb = ((painting.colours(hard=True) + 1) * 127.5).round()
    expected = (offered[0][places[0, 0]] + 1) * 127.5
    torch.testing.assert_close(rgb[0].permute(1, 2, 0), expected.round(), rtol=0, atol=0)


def test_pixels_that_do_not_point_are_painted_freely():
    free = torch.rand(1, 3, 4, 4)
    pointing = torch.zeros(1, 3, 4, 4)
    pointing[:, 0] = 9
    painting = Painting(free, pointing, torch.ones(1, 2, 3))
    torch.testing.assert_close(painting.colours(hard=True), free)
    torch.testing.assert_close(painting.colours(hard=False), free, atol=1e-3, rtol=0)


def test_the_prompts_colours_are_offered_after_the_own_ones(network):
    painting = look(network, [PROMPT])
    rgb = ((painting.offered[0] + 1) * 127.5).round().int().tolist()
    assert rgb == [list(colour) for colour in [*OWN_COLOURS, (0x12, 0x34, 0x56), (255, 165, 0)]]
    assert painting.pointing.shape == (1, 1 + len(rgb), 32, 32)


def test_a_painting_does_not_depend_on_its_neighbours_prompts(network):
    alone = look(network, [PROMPT])
    beside = look(network, [PROMPT, PROMPT + " The hat is red, the shoe is navy and the rest is white."])
    torch.testing.assert_close(beside.free[:1], alone.free, rtol=1e-3, atol=1e-4)
    offered = alone.pointing.shape[1]
    torch.testing.assert_close(beside.pointing[:1, :offered], alone.pointing, rtol=1e-3, atol=1e-4)
    assert beside.pointing[0, offered:].max() == -torch.inf


def test_the_image_the_prompt_and_the_colours_of_the_prompt_are_looked_at(network):
    before = look(network, [PROMPT])
    bright = look(network, [PROMPT], image=torch.ones(1, 3, 32, 32))
    assert (bright.free - before.free).abs().max() > 0.01
    assert (look(network, ["Draw a cone."]).free - before.free).abs().max() > 0.01
    recoloured = look(network, [PROMPT.replace("#123456", "#654321")])
    assert (recoloured.free - before.free).abs().max() > 0.001


def test_where_there_is_no_image_none_is_looked_at(network):
    grey = look(network, [PROMPT], has_image=0.0)
    bright = look(network, [PROMPT], image=torch.ones(1, 3, 32, 32), has_image=0.0)
    torch.testing.assert_close(grey.free, bright.free)


def test_pictures_need_not_be_square(network):
    assert look(network, [PROMPT], shape=(32, 48)).free.shape == (1, 3, 32, 48)


def test_the_sizes_come_back_from_a_file():
    config = NetworkConfig(channels=(8, 16), blocks=(1, 1), attention=(1,))
    assert NetworkConfig.from_dict(config.as_dict()) == config


@pytest.mark.parametrize(
    "sizes",
    [
        {"channels": (8, 16)},
        {"channels": (8, 0, 8, 8)},
        {"size": 30},
        {"attention": (4,)},
        {"text_layers": -1},
        {"size": 64.0},
        {"channels": (32, 64, 128.0, 160)},
        {"channels": (32, 64, 128, 10**9)},
        {"text_layers": 10**9},
        {"attention": (2.0,)},
    ],
)
def test_sizes_that_do_not_fit_together_are_refused(sizes):
    with pytest.raises(InputError, match=r"channels|size|text_layers"):
        NetworkConfig(**sizes)


@pytest.mark.parametrize(
    ("sizes", "width"),
    [
        ({"channels": (32, 64, 100, 160)}, 100),
        ({"channels": (32, 64, 128, 75), "attention": ()}, 75),
        ({"text_width": 130}, 130),
    ],
)
def test_widths_that_attend_are_shared_by_their_heads(sizes, width):
    with pytest.raises(InputError, match=f"a width of {width} cannot be shared"):
        NetworkConfig(**sizes)


def test_widths_that_do_not_attend_are_free():
    assert NetworkConfig(channels=(33, 75, 128, 160)).multiple == 8
