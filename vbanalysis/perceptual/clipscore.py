"""`clipscore:REPO`: CLIPScore, the cosine of a picture's and a prompt's embedding by CLIP.

Hessel et al., "CLIPScore: A Reference-free Evaluation Metric for Image Captioning", EMNLP 2021, equation 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vbanalysis.errors import DataError, MissingDependencyError
from vbanalysis.models._hub import read_config, snapshot, title
from vbanalysis.models._transformers_network import loaded, processor, tokenizer
from vbanalysis.perceptual._pictures import as_many, checked, in_batches, whole

_DEFAULT = "openai/clip-vit-base-patch32"
_WEIGHT = 2.5


class ClipScore:
    """2.5 max(cos, 0), the prompt as it is: the authors' "A photo depicts" is not put before it.

    Args:
        repo: A hub id whose weights are on disk, or a folder.
        revision: Of the hub id.
        batch: Pictures at once.
        device: As torch names it.
        dtype: Of the weights; `auto` as they are stored.

    Raises:
        InputError: No such device or dtype.
        DataError: The weights are not on disk, damaged, pickled, or not CLIP's.
        MissingDependencyError: transformers is not installed.
    """

    name = "clipscore"

    def __init__(
        self,
        repo: str = _DEFAULT,
        *,
        revision: str | None = None,
        batch: int = 16,
        device: str = "cpu",
        dtype: str = "auto",
    ) -> None:
        try:
            import transformers  # noqa: F401
        except ImportError as error:
            raise MissingDependencyError("transformers", "transformers", "CLIPScore") from error
        folder = snapshot(repo, revision)
        kind = read_config(folder / "config.json").get("model_type")
        if kind != "clip":
            raise DataError(f"{title(folder)} is a {kind}, expected a clip: such as {_DEFAULT}")
        self.batch, self._device = whole(batch, "batch"), device
        self._processor, self._tokenizer = processor(folder), tokenizer(folder)
        self._network = loaded(folder, "CLIPModel", device=device, dtype=dtype)
        self._longest = int(self._network.config.text_config.max_position_embeddings)
        self.protocol = f"2.5 max(cos, 0) by {title(folder)}, prompts cut to {self._longest} tokens"

    def score(self, pictures: Sequence[np.ndarray], prompts: Sequence[str]) -> np.ndarray:
        """(n,) float64 from 0 to 2.5.

        Raises:
            InputError: These are no pictures, or not as many prompts.
            DataError: The network gave a number that is not finite.
        """
        found = checked(pictures)
        as_many(found, prompts, ("pictures", "prompts"))
        return in_batches(list(zip(found, prompts, strict=True)), self.batch, self._ask)

    def _ask(self, pairs: Sequence[tuple[np.ndarray, str]]) -> np.ndarray:
        import torch

        pictures = self._processor(images=[picture for picture, _ in pairs], return_tensors="pt")
        words = self._tokenizer(
            [prompt for _, prompt in pairs],
            padding=True,
            truncation=True,
            max_length=self._longest,
            return_tensors="pt",
        )
        with torch.inference_mode():
            said = self._network(
                input_ids=words["input_ids"].to(self._device),
                attention_mask=words["attention_mask"].to(self._device),
                pixel_values=pictures["pixel_values"].to(self._device, self._network.dtype),
            )
        cosine = torch.nn.functional.cosine_similarity(said.image_embeds.float(), said.text_embeds.float())
        return (_WEIGHT * cosine.clamp(min=0)).cpu().numpy()


load = ClipScore
"""Factory of the spec strings `clipscore`, `clipscore:openai/clip-vit-large-patch14?device=cuda`."""
