"""Pipelines of diffusers as frozen generators: tiny ones of the real classes."""

import numpy as np
import pytest

from vbanalysis.errors import DataError, InputError
from vbanalysis.probing.cache import FeatureCache
from vbanalysis.probing.frozen import chosen_layers, noise_of, record
from vbanalysis.studies.probing.material import frozen_model

torch = pytest.importorskip("torch")

IMAGES = np.random.default_rng(0).integers(0, 256, (2, 32, 64, 3)).astype(np.uint8)
WAYS = [
    ("plain", "noised"),
    ("pix2pix", "noised"),
    ("pix2pix", "given"),
    ("depth", "given"),
    ("kontext", "noised"),
    ("kontext", "given"),
]


@pytest.fixture(autouse=True)
def _offline(monkeypatch, one_thread):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="module")
def load(tmp_path_factory, tiny_pipelines):
    folder = tiny_pipelines.save(
        tmp_path_factory.mktemp("hub"), ("plain", "pix2pix", "depth", "kontext", "klein")
    )
    return lambda name, way="noised", **more: frozen_model(f"diffusers:{folder / name}", way, **more)


@pytest.mark.parametrize(("name", "way"), WAYS)
def test_every_layer_that_is_named_says_a_map_in_the_pictures_shape(load, name, way):
    frozen = load(name, way)
    layers = chosen_layers(frozen)
    assert len(layers) >= 2
    for maps in record(frozen, IMAGES, layers, 0.3, [0, 1]).values():
        assert maps.shape[0] == 2
        assert maps.shape[3] == 2 * maps.shape[2] >= 8
        assert np.abs(maps[0] - maps[1]).max() > 0


@pytest.mark.parametrize(("name", "way"), WAYS)
def test_a_picture_says_the_same_whatever_it_is_looked_at_with(load, name, way):
    frozen = load(name, way)
    layers = chosen_layers(frozen)[-1:]
    together = record(frozen, IMAGES, layers, 0.3, [4, 5])[layers[0]]
    alone = record(frozen, IMAGES[1:], layers, 0.3, [5])[layers[0]]
    np.testing.assert_allclose(together[1], alone[0], atol=1e-4)


@pytest.mark.parametrize("name", ["plain", "kontext"])
def test_noise_hides_the_picture_by_level(load, name):
    frozen = load(name)
    layer = chosen_layers(frozen)[0]

    def seen(level):
        one, two = record(frozen, IMAGES, [layer], level, [7, 7])[layer]
        return np.abs(one - two).max()

    assert seen(0.0) > seen(0.6) > 0
    assert seen(1.0) < 0.3 * seen(0.0)


def test_the_image_to_edit_is_seen_even_where_the_drawing_is_noise(load):
    for name in ("pix2pix", "kontext"):
        frozen = load(name, "given")
        layer = chosen_layers(frozen)[-1]
        one, two = record(frozen, IMAGES, [layer], 1.0, [7, 7])[layer]
        assert np.abs(one - two).max() > 1e-4


def test_stable_diffusion_gets_noise_from_its_own_scheduler_and_the_time_that_belongs_to_it(load):
    frozen = load("plain")
    given = {}

    def keep(module, args, kwargs):
        given["latents"], given["time"] = args[:2]

    hook = frozen.module.register_forward_pre_hook(keep, with_kwargs=True)
    record(frozen, IMAGES, ["conv_in"], 0.25, [3, 4])
    hook.remove()
    assert given["time"].tolist() == [250, 250]
    vae = frozen.pipeline.vae
    with torch.inference_mode():
        pixels = torch.from_numpy(IMAGES).permute(0, 3, 1, 2) / 127.5 - 1
        latents = vae.encode(pixels).latent_dist.mode() * vae.config.scaling_factor
    kept = frozen.pipeline.scheduler.alphas_cumprod[250]
    noise = torch.stack([noise_of(seed, latents.shape[1:]) for seed in (3, 4)])
    torch.testing.assert_close(given["latents"], kept.sqrt() * latents + (1 - kept).sqrt() * noise)


def test_flux_is_told_the_share_of_noise_and_where_each_token_is(load):
    frozen = load("kontext", "given")
    given = {}
    hook = frozen.module.register_forward_pre_hook(
        lambda module, args, kwargs: given.update(kwargs), with_kwargs=True
    )
    record(frozen, IMAGES, chosen_layers(frozen)[:1], 0.25, [3, 4])
    hook.remove()
    assert given["timestep"].tolist() == [0.25, 0.25]
    tokens = frozen.tokens((32, 64))
    assert given["hidden_states"].shape[1] == given["img_ids"].shape[0] == tokens.length
    assert given["img_ids"][:, 0].tolist() == [0] * (tokens.length // 2) + [1] * (tokens.length // 2)


def test_the_control_has_the_same_numbers_in_other_places(load):
    frozen, control = load("plain"), load("plain", control=1)
    assert control.name.endswith("shuffled-1")
    assert control.digest != frozen.digest
    layer = ["mid_block"]
    assert (
        np.abs(
            record(frozen, IMAGES, layer, 0.1, [0, 1])["mid_block"]
            - record(control, IMAGES, layer, 0.1, [0, 1])["mid_block"]
        ).max()
        > 1e-3
    )


def test_digests_tell_prompts_and_ways_apart_and_features_are_kept_by_them(load, tmp_path):
    digests = {
        load("pix2pix").digest,
        load("pix2pix", "given").digest,
        load("pix2pix", prompt="a cat").digest,
    }
    assert len(digests) == 3
    assert load("pix2pix").digest in digests
    for expected in ((4, 0), (0, 4)):
        cache = FeatureCache(tmp_path)
        list(cache.maps(load("pix2pix"), IMAGES, ["conv_in", "mid_block"], 0.2, [0, 1]))
        assert (cache.made, cache.found) == expected


@pytest.mark.parametrize(
    ("name", "way", "word"),
    [
        ("klein", "noised", "Flux2KleinPipeline, which cannot be probed"),
        ("plain", "given", "takes no image"),
        ("depth", "noised", "no longer draws"),
        ("plain", "sideways", "way must be one of noised, given"),
    ],
)
def test_what_cannot_be_probed_is_refused(load, name, way, word):
    with pytest.raises(InputError, match=word):
        load(name, way)


def test_sides_that_do_not_halve_are_refused(load):
    with pytest.raises(InputError, match=r"multiples of 4 .* got 30 x 64"):
        record(load("plain"), IMAGES[:, :30], ["conv_in"], 0.1, [0, 1])


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        ("oracle", "cannot be probed: give mini:WEIGHTS or diffusers:REPO"),
        ("mini:base?steps=2", "takes no options"),
        ("diffusers:nowhere?steps=2", "takes device and dtype"),
        ("mini:nowhere", "no weights 'nowhere'"),
    ],
)
def test_a_spec_that_names_nothing_to_probe_says_so(spec, word):
    with pytest.raises(InputError, match=word):
        frozen_model(spec)


def test_weights_that_are_not_on_disk_are_an_error():
    pytest.importorskip("diffusers")
    with pytest.raises(DataError, match="not on disk"):
        frozen_model("diffusers:nobody/nothing")
