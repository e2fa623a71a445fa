"""The embedded generator as a frozen one: its two ways in, and the same network with random weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch

from vbanalysis.errors import InputError
from vbanalysis.mini._layers import Down, Up
from vbanalysis.mini.network import Network, NetworkConfig
from vbanalysis.mini.pixels import signed
from vbanalysis.mini.tokens import text_batch, tokenize
from vbanalysis.mini.weights import load_weights, read_story, read_weights
from vbanalysis.probing.frozen import digest_of, noise_of, scrambled
from vbanalysis.probing.recorder import Tokens

Way = Literal["noised", "given"]


class Embedded:
    """`mini`, looking at a picture without being asked anything.

    Args:
        network: In evaluation mode.
        name: In tables.
        way: `"noised"`: the picture, mixed with noise, stands where the network's own drawing stands, and no
            image is given. This is how a generator sees what it draws, and no image of the world need ever
            have been shown to it. `"given"`: the picture is the input image, as for an edit, and it also
            stands, mixed with noise, where the edited one is drawn; at level 1 that place holds noise alone.
        prompt: Empty unless given: the words of no task. A tenth of the base's drawings were learnt so.

    Raises:
        InputError: There is no such way, or a network that answers in numbers is to draw.
    """

    def __init__(self, network: Network, name: str, way: Way = "noised", prompt: str = "") -> None:
        if way not in get_args(Way):
            raise InputError(f"way must be one of {', '.join(get_args(Way))}, got {way!r}")
        # A head of numbers was never shown noise: its drawing's place is empty.
        self._blank = network.config.outputs != 3
        if self._blank and way == "noised":
            raise InputError(f"{name} answers in numbers and never draws: look at it by way='given'")
        self.module, self.name, self.way, self.prompt = network, name, way, prompt
        self.layers = block_ends(network)
        self.digest = digest_of(network, "embedded", way, prompt)
        self._words = tokenize(prompt)

    @classmethod
    def load(cls, weights: str | Path, way: Way = "noised", prompt: str = "") -> Embedded:
        """Shipped weights by name, or a .safetensors file.

        Raises:
            InputError: There are no such weights.
            DataError: They are damaged.
        """
        name = Path(weights).parent.name if str(weights).endswith(".safetensors") else str(weights)
        return cls(_loaded(weights), name, way, prompt)

    @classmethod
    def untrained(cls, seed: int, way: Way = "noised", prompt: str = "") -> Embedded:
        """The same architecture as a training begins with it."""
        return cls(untrained_network(NetworkConfig(), seed), f"untrained-{seed}", way, prompt)

    @classmethod
    def shuffled(cls, weights: str | Path, seed: int, way: Way = "noised", prompt: str = "") -> Embedded:
        """The same architecture with the numbers of trained weights in random places, tensor by tensor."""
        network = scrambled(_loaded(weights), np.random.default_rng(seed))
        assert isinstance(network, Network)
        return cls(network, f"shuffled-{seed}", way, prompt)

    def tokens(self, shape: tuple[int, int]) -> Tokens | None:
        """None: all its layers are maps."""
        return None

    def look(self, images: np.ndarray, level: float, seeds: Sequence[int]) -> None:
        """Run the network once, see `Frozen.look`; sides must be multiples of 8."""
        multiple = self.module.config.multiple
        if any(side % multiple for side in images.shape[1:3]):
            raise InputError(
                f"images must have sides that are multiples of {multiple}, got {images.shape[1:3]}: fit them "
                "with vbanalysis.mini.sampling.fit"
            )
        device = next(self.module.parameters()).device
        picture = signed(images)
        noise = torch.stack([noise_of(seed, picture.shape[1:]) for seed in seeds])
        mixed = torch.zeros_like(picture) if self._blank else (1 - level) * picture + level * noise
        given = self.way == "given"
        image = picture if given else torch.zeros_like(picture)
        self.module(
            mixed.to(device),
            torch.full((len(images),), float(level), device=device),
            image.to(device),
            torch.full((len(images),), float(given), device=device),
            text_batch([self._words] * len(images)).to(device),
        )


def block_ends(network: Network) -> tuple[str, ...]:
    """Names of the layers that end a level of the U-Net, from the picture down and up again."""
    names = ["stem"]
    for way, parts in (("down", network.down), ("up", network.up)):
        turns = [k for k, part in enumerate(parts) if isinstance(part, Down | Up)]
        names += [f"{way}.{k - 1}" for k in turns] + [f"{way}.{len(parts) - 1}"]
        names += ["middle"] if way == "down" else []
    return (*names, "out")


def untrained_network(config: NetworkConfig, seed: int) -> Network:
    """A network as a training of that seed begins with it, global seeds untouched."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Network(config).eval()


def _loaded(weights: str | Path) -> Network:
    tensors, told = read_weights(weights)
    network = untrained_network(read_story(told, weights).network, 0)
    return load_weights(network, tensors, weights).eval()
