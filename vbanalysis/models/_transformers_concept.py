"""What a phrase names, by SAM 3.

Carion et al., "SAM 3: Segment Anything with Concepts", 2025: every instance of a short noun phrase, each with
a score, times the score that the phrase is there at all.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.models._transformers_image import read_settings, resized_then_normalised
from vbanalysis.models._transformers_network import finite, tokenizer
from vbanalysis.types import Instruction

_MASK = 0.5
"""Share above which a pixel is of a mask."""


class ConceptReader:
    """Reads instances of a phrase.

    Args:
        network: A `Sam3Model`.
        folder: Of its repository.
        threshold: Score above which an instance counts.

    Raises:
        DataError: The tokenizer, or the settings of its processor, are missing or damaged.
    """

    def __init__(self, network: Any, folder: Path, threshold: float) -> None:
        self.network, self.threshold = network, threshold
        self._settings = read_settings(folder)
        self._words = tokenizer(folder)

    def read(self, image: np.ndarray, instruction: Instruction) -> np.ndarray:
        """(H, W) int32 of an (H, W, 3) uint8 image.

        Instances are numbered from 1 by falling score, and the higher score lies on top; an expression means
        all of them together.

        Raises:
            InputError: There is not one phrase, or it is longer than the network reads.
            DataError: The network gave what is not finite.
        """
        scores, masks = self._found(image, self._tokens(instruction.classes))
        labels = painted(scores, masks)
        return labels if instruction.task == "instance" else np.where(labels > 0, 0, -1).astype(np.int32)

    def told(self) -> dict[str, Any]:
        """For `describe`."""
        return {
            "threshold": self.threshold,
            "note": "overlaps are the higher score's; an expression means all instances of its words",
        }

    def _tokens(self, phrases: tuple[str, ...]) -> dict[str, Any]:
        if len(phrases) != 1:
            raise InputError(f"the model is asked with one phrase, got {len(phrases)}")
        most = self.network.config.text_config.max_position_embeddings
        found = self._words(list(phrases), padding="max_length", max_length=most, return_tensors="pt")
        length = found["input_ids"].shape[1]
        if length > most:
            raise InputError(
                f"the phrase has {length} tokens, and the model reads {most}: expected a short noun phrase, "
                f"got {phrases[0]!r}"
            )
        return {name: found[name].to(self.network.device) for name in ("input_ids", "attention_mask")}

    def _found(self, image: np.ndarray, tokens: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
        """Scores (n,) and masks (n, H, W), as `Sam3ImageProcessor.post_process_instance_segmentation`."""
        import torch

        pixels = resized_then_normalised(image, self._settings)
        with torch.inference_mode():
            outputs = self.network(pixel_values=pixels.to(self.network.device, self.network.dtype), **tokens)
        outputs = finite(outputs, "pred_logits", "presence_logits", "pred_masks")
        scores = outputs.pred_logits[0].sigmoid()
        if outputs.presence_logits is not None:
            scores = scores * outputs.presence_logits[0].sigmoid()
        kept = scores > self.threshold
        size = (image.shape[0], image.shape[1])
        if not bool(kept.any()):
            return np.zeros(0, np.float32), np.zeros((0, *size), bool)
        shares = torch.nn.functional.interpolate(
            outputs.pred_masks[:, kept].sigmoid(), size=size, mode="bilinear", align_corners=False
        )
        return scores[kept].numpy(), (shares[0] > _MASK).numpy()


def painted(scores: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """(H, W) int32 labels of (n, H, W) masks that may overlap: 1 has the highest score, and lies on top.

    What is wholly hidden has no label, and the rest is numbered without a gap; 0 is none.
    """
    labels = np.zeros(masks.shape[1:], np.int32)
    for rank, k in reversed(list(enumerate(np.argsort(-scores, kind="stable"), 1))):
        labels[masks[k]] = rank
    used = np.unique(labels[labels > 0])
    numbers = np.zeros(len(masks) + 1, np.int32)
    numbers[used] = np.arange(1, len(used) + 1)
    return numbers[labels]
