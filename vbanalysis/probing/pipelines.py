"""A diffusers pipeline as a frozen generator: Stable Diffusion, InstructPix2Pix, Marigold, FLUX.1 Kontext.

The picture goes through the pipeline's autoencoder, gets noise as in training, and enters the denoiser beside
a prompt of no task, once. Levels count along the training's own schedule: 0 is its first step, 1 its last.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any, get_args

import numpy as np
import torch
from torch import Tensor, nn

from vbanalysis.errors import InputError, MissingDependencyError
from vbanalysis.models._diffusers_pipeline import loaded_pipeline
from vbanalysis.models._hub import snapshot
from vbanalysis.models.diffusers import CARD
from vbanalysis.probing.embedded import Way
from vbanalysis.probing.frozen import digest_of, noise_of, scrambled
from vbanalysis.probing.recorder import Tokens

_LAYERS = (
    "conv_in",
    "down_blocks.#",
    "mid_block",
    "up_blocks.#",
    "transformer_blocks.#",
    "single_transformer_blocks.#",
)
"""What is worth a look in a UNet or in a transformer; # is a number."""


class Pipeline:
    """A pipeline of diffusers, looking at a picture without being asked anything.

    Args:
        pipeline: As diffusers loads it, with an autoencoder, a scheduler and a UNet or a FLUX.1 transformer.
        name: In tables.
        way: `"noised"`: the picture, mixed with noise, is what is being drawn. `"given"`: it is also the
            image to edit, for pipelines that take one.
        prompt: Empty unless given.

    Raises:
        InputError: It is no pipeline of these, or takes no image by way of `"given"`.
    """

    def __init__(self, pipeline: Any, name: str, way: Way = "noised", prompt: str = "") -> None:
        if way not in get_args(Way):
            raise InputError(f"way must be one of {', '.join(get_args(Way))}, got {way!r}")
        kind = type(pipeline).__name__
        unet, transformer = getattr(pipeline, "unet", None), getattr(pipeline, "transformer", None)
        edits = "InstructPix2Pix" in kind or "Marigold" in kind
        if unet is not None and getattr(unet.config, "addition_embed_type", "?") is None:
            fits = unet.config.in_channels == pipeline.vae.config.latent_channels * (1 + edits)
        else:
            fits = type(transformer).__name__ == "FluxTransformer2DModel" and kind.startswith("Flux")
            edits = "Kontext" in kind
        if not fits:
            raise InputError(
                f"{name} is a {kind}, which cannot be probed: pipelines of Stable Diffusion 1 and 2, "
                "InstructPix2Pix, Marigold, FLUX.1 and FLUX.1 Kontext can"
            )
        if way == "given" and not edits:
            raise InputError(f"{name} is a {kind}, which takes no image: look at it by way='noised'")
        if way == "noised" and "Marigold" in kind:
            raise InputError(f"{name} is a {kind}, which no longer draws pictures: use way='given'")
        self.pipeline, self.name, self.way, self.prompt = pipeline, name, way, prompt
        network: Any = transformer if unet is None else unet
        self.module = network
        self._kind, self._packed = kind, unet is None
        self.layers = tuple(
            each for each, _ in network.named_modules() if re.sub(r"\d+$", "#", each) in _LAYERS
        )

    @classmethod
    def load(
        cls,
        repo: str,
        way: Way = "noised",
        prompt: str = "",
        *,
        shuffled: int | None = None,
        device: str = "cpu",
        dtype: str = "auto",
    ) -> Pipeline:
        """A hub id whose weights are on disk, or a folder.

        Args:
            repo: The repository.
            way: As above.
            prompt: As above.
            shuffled: Seed by which the denoiser's numbers change places, tensor by tensor: the control of
                random weights. The autoencoder stays as it is, for it is the same pixels in other words.
            device: As torch names it.
            dtype: Of the weights; `auto` takes that of the files.

        Raises:
            InputError: As above, or the device cannot be used.
            DataError: The weights are not on disk, or damaged.
            MissingDependencyError: diffusers is not installed.
        """
        if CARD.missing():
            raise MissingDependencyError(CARD.missing()[0], "diffusers", "a pipeline of diffusers")
        pipeline = loaded_pipeline(snapshot(repo, None, extra="diffusers"), device=device, dtype=dtype)
        found = cls(pipeline, repo if shuffled is None else f"{repo}, shuffled-{shuffled}", way, prompt)
        if shuffled is not None:
            found.module = scrambled(found.module, np.random.default_rng(shuffled))
        return found

    @cached_property
    def digest(self) -> str:
        """Of the denoiser's and the autoencoder's weights, the prompt as it was read, and the way in."""
        words = [part.float().cpu().numpy().tobytes() for part in self._words if part is not None]
        schedule = sorted(self.pipeline.scheduler.config.items(), key=str)
        return digest_of(
            nn.ModuleList([self.module, self.pipeline.vae]), self._kind, self.way, words, repr(schedule)
        )

    def tokens(self, shape: tuple[int, int]) -> Tokens | None:
        """The grid of a transformer; what is being drawn comes first, the image to edit after it."""
        if not self._packed:
            return None
        height, width = (side // (2 * self._factor) for side in shape)
        return Tokens(height, width, 0, height * width * (2 if self.way == "given" else 1))

    @torch.inference_mode()
    def look(self, images: np.ndarray, level: float, seeds: Sequence[int]) -> None:
        """Run the denoiser once, see `Frozen.look`."""
        self._check_sides(images.shape[1:3])
        first = next(self.module.parameters())
        device, dtype = first.device, first.dtype
        pixels = torch.from_numpy(images).permute(0, 3, 1, 2).to(device, dtype) / 127.5 - 1
        vae = self.pipeline.vae.config
        plain = self.pipeline.vae.encode(pixels).latent_dist.mode()
        latents = (plain - (vae.shift_factor or 0.0)) * vae.scaling_factor
        noise = torch.stack([noise_of(seed, latents.shape[1:]) for seed in seeds]).to(device, dtype)
        if self._packed:
            mixed = (1 - level) * latents + level * noise
            self._ask_transformer(mixed, latents, level)
            return
        scheduler = self.pipeline.scheduler
        last = scheduler.config.num_train_timesteps - 1
        step = torch.full((len(images),), round(level * last), device=device, dtype=torch.long)
        mixed = scheduler.add_noise(latents, noise, step)
        inputs = mixed
        if "Marigold" in self._kind:
            inputs = torch.cat([latents, mixed], dim=1)
        elif "InstructPix2Pix" in self._kind:
            beside = plain if self.way == "given" else torch.zeros_like(plain)
            inputs = torch.cat([mixed, beside], dim=1)
        words = self._words[0]
        assert words is not None
        self.module(inputs, step, encoder_hidden_states=words.to(device, dtype).expand(len(images), -1, -1))

    @cached_property
    def _words(self) -> tuple[Tensor | None, ...]:
        """The prompt's vectors: (1, T, C), and what FLUX.1 wants beside them."""
        pipeline = self.pipeline
        with torch.inference_mode():
            if self._packed:
                return tuple(pipeline.encode_prompt(self.prompt, None, device=pipeline.device))
            # Marigold was tuned beside words that are not filled up to full length.
            padding: Any = "do_not_pad" if "Marigold" in self._kind else "max_length"
            tokens = pipeline.tokenizer(
                self.prompt, padding=padding, max_length=pipeline.tokenizer.model_max_length,
                truncation=True, return_tensors="pt",
            )  # fmt: skip
            return (pipeline.text_encoder(tokens.input_ids.to(pipeline.text_encoder.device))[0],)

    def _ask_transformer(self, mixed: Tensor, latents: Tensor, level: float) -> None:
        batch, channels, height, width = mixed.shape
        pipeline, device, dtype = self.pipeline, mixed.device, mixed.dtype

        def packed(maps: Tensor) -> Tensor:
            return pipeline._pack_latents(maps, batch, channels, height, width)

        places = pipeline._prepare_latent_image_ids(batch, height // 2, width // 2, device, dtype)
        sequence = packed(mixed)
        if self.way == "given":
            beside = places.clone()
            beside[..., 0] = 1  # as FLUX.1 Kontext tells the image from the drawing
            sequence, places = torch.cat([sequence, packed(latents)], dim=1), torch.cat([places, beside])
        words, pooled, word_places = self._words
        assert words is not None
        assert pooled is not None
        guided = self.module.config.guidance_embeds
        self.module(
            hidden_states=sequence,
            timestep=torch.full((batch,), float(level), device=device, dtype=dtype),
            guidance=torch.ones(batch, device=device) if guided else None,
            pooled_projections=pooled.to(dtype).expand(batch, -1),
            encoder_hidden_states=words.to(dtype).expand(batch, -1, -1),
            txt_ids=word_places,
            img_ids=places,
        )

    @property
    def _factor(self) -> int:
        """Pixels to a latent."""
        return 2 ** (len(self.pipeline.vae.config.block_out_channels) - 1)

    def _check_sides(self, shape: tuple[int, ...]) -> None:
        halves = 1 if self._packed else len(self.module.config.block_out_channels) - 1
        multiple = self._factor * 2**halves
        if any(side % multiple for side in shape[:2]):
            raise InputError(
                f"images must have sides that are multiples of {multiple} for {self.name}, got "
                f"{shape[0]} x {shape[1]}: choose another size"
            )
