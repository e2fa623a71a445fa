"""`transformers:REPO`: pooled features of an image encoder of the hub, such as DINOv2 or CLIP.

DINOv2's are the features of FD-DINOv2 (Stein et al. 2023), CLIP's those of CMMD (Jayasumana et al. 2024).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vbanalysis.errors import DataError, MissingDependencyError
from vbanalysis.models._hub import read_config, snapshot, title
from vbanalysis.models._transformers_network import loaded, processor
from vbanalysis.perceptual._pictures import checked, in_batches, whole

_DEFAULT = "facebook/dinov2-base"

_ENCODERS = {
    "clip": "CLIPVisionModelWithProjection",
    "dinov2": "Dinov2Model",
    "dinov2_with_registers": "Dinov2WithRegistersModel",
    "dinov3_vit": "DINOv3ViTModel",
    "vit": "ViTModel",
    "siglip": "SiglipVisionModel",
}
"""The class that reads pictures, by the `model_type` of the repository."""


class TransformersFeatures:
    """Features of one picture: CLIP's projected embedding, or what the encoder pools (the class token).

    Args:
        repo: A hub id whose weights are on disk, or a folder.
        revision: Of the hub id.
        batch: Pictures at once.
        device: As torch names it.
        dtype: Of the weights; `auto` as they are stored.

    Raises:
        InputError: No such device or dtype.
        DataError: The weights are not on disk, damaged, pickled, or no known image encoder's.
        MissingDependencyError: transformers is not installed.
    """

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
            raise MissingDependencyError("transformers", "transformers", "features of the hub") from error
        folder = snapshot(repo, revision)
        kind = str(read_config(folder / "config.json").get("model_type"))
        if kind not in _ENCODERS:
            raise DataError(
                f"{title(folder)} is a {kind}, expected an image encoder, one of "
                f"{', '.join(sorted(_ENCODERS))}"
            )
        self.batch, self._device = whole(batch, "batch"), device
        self._processor = processor(folder)
        self._network = loaded(folder, _ENCODERS[kind], device=device, dtype=dtype)
        self.name = f"transformers:{title(folder)}"
        what = "projected embedding" if kind == "clip" else "pooled features"
        self.protocol = f"{self.name}: {what}, pictures as its own processor prepares them"

    def features(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """(n, D) float64.

        Raises:
            InputError: These are no pictures.
            DataError: The network gave a number that is not finite.
        """
        return in_batches(checked(pictures), self.batch, self._ask)

    def _ask(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        import torch

        given = self._processor(images=list(pictures), return_tensors="pt")["pixel_values"]
        with torch.inference_mode():
            said = self._network(given.to(self._device, self._network.dtype))
        found = getattr(said, "image_embeds", None)
        if found is None:
            found = said.pooler_output
        return found.float().cpu().numpy()


load = TransformersFeatures
"""Factory of the spec strings `transformers`, `transformers:openai/clip-vit-large-patch14?device=cuda`."""
