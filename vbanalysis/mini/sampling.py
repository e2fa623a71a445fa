"""Sampling: from noise to a picture in a few straight steps."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from vbanalysis.errors import InputError
from vbanalysis.mini.network import Network, NetworkConfig
from vbanalysis.mini.pixels import signed, unsigned
from vbanalysis.mini.tokens import text_batch, tokenize


class Schedule(NamedTuple):
    """How a picture is drawn.

    Attributes:
        steps: Evaluations of the network; one takes the first guess.
        guidance: How far to go from what is drawn without the prompt to what is drawn with it; 1 is no
            guidance.
    """

    steps: int
    guidance: float


ANSWER = Schedule(steps=1, guidance=1.0)
"""Where an image all but tells the answer."""

DRAWING = Schedule(steps=16, guidance=3.0)
"""Where many pictures are right."""


@torch.inference_mode()
def paint(
    network: Network,
    images: Sequence[np.ndarray | None],
    prompts: Sequence[str],
    seeds: Sequence[int],
    schedule: Schedule,
) -> np.ndarray:
    """Pictures for prompts, all of one size.

    A rectified flow's path from noise to picture is nearly straight, so Euler's steps do: the picture
    guessed now, mixed again with the same noise, a little less of it. The last guess is taken, and there
    each pixel that points at a colour gets exactly that colour, guided or not: guidance moves the mixtures
    of the steps before, and the free paint of the last.

    Args:
        network: In evaluation mode, on any device.
        images: (H, W, 3) uint8 of one size, or None for text to image; the size is then the network's.
        prompts: As many.
        seeds: As many; picture k depends on its own seed only, not on its neighbours.
        schedule: Steps and guidance.

    Returns:
        (B, H, W, 3) uint8.

    Raises:
        InputError: The lengths or sizes differ, or a setting is out of its range.
    """
    if not len(images) == len(prompts) == len(seeds) > 0:
        raise InputError(
            f"expected as many images, prompts and seeds, got {len(images)}, {len(prompts)} and {len(seeds)}"
        )
    if schedule.steps < 1 or not np.isfinite(schedule.guidance):
        raise InputError(f"a schedule needs at least 1 step and a finite guidance, got {schedule}")
    side = network.config.size
    shapes = {image.shape[:2] for image in images if image is not None} or {(side, side)}
    if len(shapes) > 1:
        raise InputError(f"images of one call must have one size, got {sorted(shapes)}")
    (shape,) = shapes
    device = next(network.parameters()).device
    blank = np.full((*shape, 3), 127, np.uint8)
    given = signed(np.stack([blank if image is None else image for image in images])).to(device)
    has_image = torch.tensor([float(image is not None) for image in images], device=device)
    tokens = [tokenize(prompt) for prompt in prompts]
    text = text_batch(tokens).to(device)
    without = text_batch([[] for _ in tokens]).to(device)
    noise = torch.stack([_noise(seed, shape) for seed in seeds]).to(device)

    def guess(noisy: Tensor, level: float, hard: bool) -> Tensor:
        levels = torch.full((len(noisy),), level, device=device)
        painting = network(noisy, levels, given, has_image, text)
        picture = painting.colours(hard=hard)
        if schedule.guidance != 1:
            plain = network(noisy, levels, given, has_image, without).colours(hard=False)
            guided = plain + schedule.guidance * (picture - plain)
            points = painting.pointing.argmax(dim=1, keepdim=True) > 0
            picture = torch.where(points, picture, guided) if hard else guided
        return picture.clamp(-1, 1)

    noisy, levels = noise, noise_levels(schedule.steps)
    for level, following in itertools.pairwise(levels):
        picture = guess(noisy, level, hard=False)
        noisy = picture + (noisy - picture) * (following / level)
    return unsigned(guess(noisy, levels[-1], hard=True))


def fit(image: np.ndarray, config: NetworkConfig) -> np.ndarray:
    """Bring an (H, W, 3) uint8 image to the network's size, and its long side to what can be halved as often.

    Averages over pixels, as a camera would; what is wider or taller than two to one is squeezed to that.
    """
    side, multiple = config.size, config.multiple
    height, width = image.shape[:2]
    if height == width == side:
        return image
    scale = side / min(height, width)
    target = [
        min(2 * side, max(side, round(length * scale / multiple) * multiple)) for length in (height, width)
    ]
    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float()
    small = F.interpolate(pixels, size=target, mode="bilinear", align_corners=False, antialias=True)
    return small[0].round().clamp(0, 255).byte().permute(1, 2, 0).numpy()


def _noise(seed: int, shape: tuple[int, int]) -> Tensor:
    generator = np.random.default_rng(seed)
    return torch.from_numpy(generator.standard_normal((3, *shape), np.float32))


def noise_levels(steps: int, shift: float = 1.5) -> list[float]:
    """The share of noise that each of so many steps starts at, from 1 down.

    Steps are denser where the picture's layout is decided, at much noise.
    """
    shares = [step / steps for step in range(steps, 0, -1)]
    return [shift * share / (1 + (shift - 1) * share) for share in shares]
