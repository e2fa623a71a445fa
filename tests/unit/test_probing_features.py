"""Hooks, ways in and features on disk."""

import numpy as np
import pytest
import torch
from torch import nn

from vbanalysis.errors import DataError, InputError
from vbanalysis.mini.network import NetworkConfig
from vbanalysis.probing.cache import FeatureCache
from vbanalysis.probing.embedded import Embedded, untrained_network
from vbanalysis.probing.frozen import chosen_layers, digest_of, record, scrambled
from vbanalysis.probing.recorder import Tokens, as_map, layer_names, recording

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3)).astype(np.uint8)
TINY = NetworkConfig(
    size=32, channels=(8, 16), blocks=(1, 1), attention=(1,), text_width=32, text_layers=1, head_width=16
)


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    pass


@pytest.fixture
def tiny():
    return Embedded(untrained_network(TINY, 1), "tiny")


class Blocks(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 5, 3, stride=2, padding=1))
        self.head = nn.Linear(5, 2)

    def forward(self, x):
        return self.head(self.body(x).mean(dim=(2, 3)))


class TestRecorder:
    def test_several_layers_are_recorded_in_one_pass_and_the_hooks_are_gone_after(self):
        network, x = Blocks(), torch.randn(2, 3, 8, 8)
        with torch.inference_mode(), recording(network, ["body.0", "body.1"]) as said:
            network(x)
        torch.testing.assert_close(said["body.1"], network.body(x).detach())
        assert said["body.0"].shape == (2, 4, 8, 8)
        kept = dict(said)
        network(x + 1)
        assert said["body.0"] is kept["body.0"]

    def test_the_hooks_are_gone_after_an_error(self):
        network = Blocks()
        with pytest.raises(ZeroDivisionError), recording(network, ["body.0"]):
            raise ZeroDivisionError
        assert not network.body[0]._forward_hooks

    def test_names_come_by_pattern_in_the_networks_order(self):
        assert layer_names(Blocks(), ["body.?", "head"]) == ["body.0", "body.1", "head"]

    @pytest.mark.parametrize("pattern", ["tail.*", "Body.0"])
    def test_a_name_that_fits_nothing_is_answered_with_those_that_there_are(self, pattern):
        with pytest.raises(InputError, match=r"there are body, head, body\.0, body\.1"):
            layer_names(Blocks(), [pattern])

    def test_no_layer_at_all_is_refused(self):
        with pytest.raises(InputError, match="at least one layer"):
            layer_names(Blocks(), [])

    def test_tokens_become_a_map_row_by_row(self):
        grid = torch.arange(6.0).view(1, 6, 1)
        assert as_map(grid, Tokens(2, 3))[0, 0].tolist() == [[0, 1, 2], [3, 4, 5]]
        assert as_map(torch.arange(9.0).view(1, 9, 1)).shape == (1, 1, 3, 3)
        # Two streams: the words come first; of the picture, what is drawn comes before the image beside it.
        words, both = torch.zeros(1, 5, 1), torch.arange(12.0).view(1, 12, 1)
        assert as_map((words, both), Tokens(2, 3, 0, 12))[0, 0].tolist() == [[0, 1, 2], [3, 4, 5]]

    def test_what_is_no_map_is_refused_by_name(self):
        network = Blocks()
        with (
            pytest.raises(InputError, match=r"'head' says no map: it returned \(2, 2\)"),
            recording(network, ["head"]),
        ):
            network(torch.randn(2, 3, 8, 8))


class TestFrozen:
    def test_a_picture_says_the_same_whatever_it_is_looked_at_with(self, tiny):
        layers = chosen_layers(tiny)
        assert layers == ["stem", "down.0", "down.2", "middle", "up.0", "up.2", "out"]
        all_of_them = record(tiny, IMAGES, layers, 0.5, [5, 6, 7])
        alone = record(tiny, IMAGES[1:2], layers, 0.5, [6])
        for layer in layers:
            np.testing.assert_allclose(all_of_them[layer][1], alone[layer][0], atol=1e-5)

    def test_without_noise_the_seed_does_not_matter_and_with_noise_it_does(self, tiny):
        def first(level, seed):
            return record(tiny, IMAGES[:1], ["stem"], level, [seed])["stem"]

        np.testing.assert_array_equal(first(0.0, 1), first(0.0, 2))
        assert np.abs(first(0.3, 1) - first(0.3, 2)).max() > 0.01

    def test_at_the_highest_level_the_noised_way_sees_no_picture_and_the_given_one_does(self, tiny):
        given = Embedded(tiny.module, "tiny", "given")
        one, two = (IMAGES[:1], IMAGES[1:2])
        np.testing.assert_array_equal(
            record(tiny, one, ["middle"], 1.0, [3])["middle"],
            record(tiny, two, ["middle"], 1.0, [3])["middle"],
        )
        assert (
            np.abs(
                record(given, one, ["stem"], 1.0, [3])["stem"]
                - record(given, two, ["stem"], 1.0, [3])["stem"]
            ).max()
            > 0.01
        )

    def test_digests_tell_weights_and_ways_apart(self, tiny):
        same, other = Embedded(untrained_network(TINY, 1), "x"), Embedded(untrained_network(TINY, 2), "x")
        assert same.digest == tiny.digest
        assert len({tiny.digest, other.digest, Embedded(tiny.module, "x", "given").digest,
                    Embedded(tiny.module, "x", prompt="A ball.").digest}) == 4  # fmt: skip

    def test_scrambled_weights_are_the_same_numbers_in_other_places(self, tiny):
        before = digest_of(tiny.module)
        other = scrambled(tiny.module, np.random.default_rng(0))
        assert digest_of(tiny.module) == before != digest_of(other)
        for mine, theirs in zip(tiny.module.parameters(), other.parameters(), strict=True):
            assert torch.equal(mine.flatten().sort().values, theirs.flatten().sort().values)

    def test_looking_leaves_global_seeds_alone(self):
        torch.manual_seed(3)
        before = torch.get_rng_state()
        record(Embedded(untrained_network(TINY, 1), "x"), IMAGES, ["stem"], 0.5, range(3))
        assert torch.equal(before, torch.get_rng_state())

    @pytest.mark.parametrize(
        ("images", "level", "seeds", "word"),
        [
            (IMAGES / 255, 0.5, [0, 1, 2], "images must be .* uint8 RGB, got float64"),
            (IMAGES[0], 0.5, [0], r"images must be \(B, H, W, 3\)"),
            (IMAGES, 1.5, [0, 1, 2], "level must be a share of noise from 0 to 1, got 1.5"),
            (IMAGES, float("nan"), [0, 1, 2], "level must be"),
            (IMAGES, 0.5, [0, 1], "seeds must be as many as the 3 images, got 2"),
            (IMAGES[:, :31], 0.5, [0, 1, 2], "sides that are multiples of 2"),
        ],
    )
    def test_what_cannot_be_looked_at_is_refused(self, tiny, images, level, seeds, word):
        with pytest.raises(InputError, match=word):
            record(tiny, images, ["stem"], level, seeds)

    def test_a_layer_that_is_not_reached_is_an_error(self, tiny):
        tiny.module.spare = nn.Conv2d(3, 3, 1)
        with pytest.raises(InputError, match="'spare' was not reached"):
            record(tiny, IMAGES, ["spare"], 0.5, range(3))

    def test_a_head_of_numbers_never_draws(self):
        with pytest.raises(InputError, match="never draws"):
            Embedded.load("regression")
        with pytest.raises(InputError, match="way must be one of noised, given"):
            Embedded.load("base", "sideways")


class TestCache:
    def maps(self, cache, tiny, images=IMAGES, level=0.5, layers=("stem", "middle")):
        return list(cache.maps(tiny, images, list(layers), level, range(len(images)), batch=2))

    def test_a_second_run_reads_what_the_first_one_made(self, tiny, tmp_path):
        first, second = FeatureCache(tmp_path), FeatureCache(tmp_path)
        one, two = self.maps(first, tiny), self.maps(second, tiny)
        assert (first.made, first.found, second.made, second.found) == (6, 0, 0, 6)
        for a, b, c in zip(one, two, self.maps(FeatureCache(), tiny), strict=True):
            for layer in a:
                assert a[layer].dtype == np.float16
                np.testing.assert_array_equal(a[layer], b[layer])
                np.testing.assert_array_equal(a[layer], c[layer])

    def test_a_run_that_was_stopped_goes_on_with_what_is_missing(self, tiny, tmp_path):
        stopped = FeatureCache(tmp_path)
        next(stopped.maps(tiny, IMAGES, ["stem"], 0.5, range(3), batch=1))
        again = FeatureCache(tmp_path)
        self.maps(again, tiny, layers=["stem"])
        assert (again.found, again.made) == (1, 2)

    def test_another_level_picture_network_or_layer_is_another_map(self, tiny, tmp_path):
        self.maps(FeatureCache(tmp_path), tiny)
        for changes in ({"level": 0.4}, {"images": 255 - IMAGES}, {"layers": ["out"]}):
            cache = FeatureCache(tmp_path)
            self.maps(cache, tiny, **changes)
            assert cache.found == 0
        cache = FeatureCache(tmp_path)
        self.maps(cache, Embedded(tiny.module, "tiny", "given"))
        assert cache.found == 0

    @pytest.mark.parametrize(
        "damage", [lambda body: body[:-3], lambda body: b"", lambda body: body[:20] + b"x" + body[21:]]
    )
    def test_a_damaged_file_is_made_anew(self, tiny, tmp_path, damage):
        expected = self.maps(FeatureCache(tmp_path), tiny)
        path = sorted(tmp_path.rglob("*.map"))[0]
        path.write_bytes(damage(path.read_bytes()))
        cache = FeatureCache(tmp_path)
        for a, b in zip(expected, self.maps(cache, tiny), strict=True):
            for layer in a:
                np.testing.assert_array_equal(a[layer], b[layer])
        assert (cache.damaged, cache.made) == (1, 1)
        last = FeatureCache(tmp_path)
        self.maps(last, tiny)
        assert (last.damaged, last.made) == (0, 0)

    def test_numbers_too_large_for_half_precision_keep_their_value(self, tiny, tmp_path):
        with torch.no_grad():
            tiny.module.stem.weight.mul_(1e6)
        (maps, *_) = self.maps(FeatureCache(tmp_path), tiny, layers=["stem"])
        assert maps["stem"].dtype == np.float32
        assert np.isfinite(maps["stem"]).all()

    def test_numbers_that_are_not_finite_are_refused_by_name(self, tiny):
        with torch.no_grad():
            tiny.module.stem.weight.fill_(float("nan"))
        with pytest.raises(InputError, match="the layer 'stem' of tiny says numbers that are not finite"):
            self.maps(FeatureCache(), tiny, layers=["stem"])

    def test_a_folder_that_cannot_be_made_is_an_error(self, tiny, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(DataError, match="cannot be"):
            self.maps(FeatureCache(tmp_path / "file"), tiny)
