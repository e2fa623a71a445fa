"""The round trip of a picture through a real latent autoencoder, as a degradation.

Latent generators never see pixels: what their autoencoder cannot hold, no training can put
into the picture. `AutoencoderTiny` of diffusers loads the tiny autoencoders of the TAESD family.
"""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vbanalysis.codecs._arrays import check_picture, unit_rgb
from vbanalysis.errors import DataError, MissingDependencyError


@dataclass(frozen=True)
class AutoencoderRoundTrip:
    """Encode to latents and decode again.

    Attributes:
        weights: A folder that `AutoencoderTiny.from_pretrained` reads, or one that holds
            `NAME_encoder.pth` and `NAME_decoder.pth` of a 32-channel tiny autoencoder (TAEF2).
    """

    weights: str | os.PathLike[str]

    def __call__(self, rgb: np.ndarray) -> np.ndarray:
        """Return float32 colours in [0, 1], of the shape of `rgb`.

        Raises:
            MissingDependencyError: diffusers is not installed.
            DataError: The weights are missing or not of this family.
        """
        import torch

        model = _load(os.fspath(self.weights))
        image = torch.from_numpy(check_picture(rgb).astype(np.float32)).movedim(-1, 0)[None]
        height, width = rgb.shape[:2]
        pad = (0, -width % 8, 0, -height % 8)  # latents are an eighth of the picture
        with torch.inference_mode():
            padded = torch.nn.functional.pad(image, pad, mode="replicate") * 2 - 1
            decoded = model.decode(model.encode(padded).latents).sample
        colours = (decoded[0, :, :height, :width].movedim(0, -1) / 2 + 0.5).clamp(0, 1)
        return unit_rgb(colours.numpy())


@functools.lru_cache(maxsize=2)
def _load(folder: str) -> Any:
    try:
        from diffusers import AutoencoderTiny
    except ImportError as error:
        raise MissingDependencyError("diffusers", "diffusers", "an autoencoder's round trip") from error
    path = Path(folder)
    try:
        if (path / "config.json").is_file():
            model, found = AutoencoderTiny.from_pretrained(
                path, local_files_only=True, output_loading_info=True
            )
            if found["missing_keys"]:  # diffusers would leave them at random numbers
                raise ValueError(f"it has no weights for {found['missing_keys'][0]}")
        else:
            model = _load_taef2(path, AutoencoderTiny)
    except Exception as error:  # a damaged file fails in as many ways as there are readers
        raise DataError(f"no tiny autoencoder can be loaded from {path}: {error}") from error
    return model.eval().requires_grad_(False)


def _load_taef2(path: Path, autoencoder: Any) -> Any:
    """TAEF2: `AutoencoderTiny` with 32 latent channels, its inner blocks with a normalised branch."""
    import torch

    files = {part: sorted(path.glob(f"*_{part}.pth")) for part in ("encoder", "decoder")}
    missing = [part for part, found in files.items() if len(found) != 1]
    if missing:
        raise FileNotFoundError(f"expected one *_{missing[0]}.pth there, found {len(files[missing[0]])}")
    model = autoencoder(latent_channels=32)
    # The published decoder counts its input clamp as layer 0; diffusers applies it in forward().
    for part, network, shift in (("encoder", model.encoder, 0), ("decoder", model.decoder, 1)):
        state = torch.load(files[part][0], map_location="cpu", weights_only=True)
        state = {f"layers.{int(k.split('.')[0]) - shift}.{k.split('.', 1)[1]}": v for k, v in state.items()}
        inner = sorted({int(k.split(".")[1]) for k in state if ".pool." in k})
        for index in inner:
            _add_pool(network.layers[index], *state[f"layers.{index}.pool.0.weight"].shape[:2])
        network.load_state_dict(state)
    return model


def _add_pool(block: Any, wide: int, channels: int) -> None:
    """Give a block of `AutoencoderTiny` the branch through `wide` globally normalised channels."""
    from torch import nn

    class PooledBlock(type(block)):  # type: ignore[misc]
        def forward(self, x: Any) -> Any:
            return super().forward(x + self.pool(x))

    block.__class__ = PooledBlock
    block.pool = nn.Sequential(
        nn.Conv2d(channels, wide, 1, bias=False),
        # Weights do not state the number of groups: photographs come back at 30 to 33 dB with 4,
        # at 29 or less with 1, 2, 8 or 16.
        nn.GroupNorm(4, wide),
        nn.ReLU(inplace=True),
        nn.Conv2d(wide, channels, 1, bias=False),
    )
