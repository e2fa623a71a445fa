"""Semantic classes of transformers' networks, by the names in their `id2label`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from vbanalysis.errors import DataError, InputError
from vbanalysis.models._class_words import places
from vbanalysis.models._hub import title
from vbanalysis.models._transformers_network import finite, processor, tokenizer
from vbanalysis.types import Instruction

SEMANTIC = (
    "Mask2FormerForUniversalSegmentation",
    "OneFormerForUniversalSegmentation",
    "SegformerForSemanticSegmentation",
)

_ONEFORMER_TASK = "the task is semantic"


class SemanticReader:
    """Reads classes.

    Args:
        network: Of one of the classes `SEMANTIC`.
        folder: Of its repository.

    Raises:
        DataError: Its labels, or the settings of its processor, are missing or damaged.
    """

    def __init__(self, network: Any, folder: Path) -> None:
        self.network = network
        known = network.config.id2label
        if sorted(known) != list(range(len(known))):
            raise DataError(
                f"id2label of {title(folder)} has the keys {sorted(known)[:5]} ..., expected 0 to n"
            )
        self.labels = tuple(str(known[k]) for k in range(len(known)))
        self._more: dict[str, Any] = {}
        if network.config.model_type == "oneformer":
            # The list of class names that its processor would fetch is for training only.
            self._processor = processor(folder, class_info_file=None)
            self._more["task_inputs"] = _task_tokens(tokenizer(folder), network.config.task_seq_len)
        else:
            self._processor = processor(folder)

    def read(self, image: np.ndarray, instruction: Instruction) -> np.ndarray:
        """(H, W) int32 of an (H, W, 3) uint8 image: the class of `instruction.classes`, -1 for any other.

        Raises:
            InputError: No class of the network is asked for.
            DataError: The network gave what is not finite.
        """
        found = places(self.labels, instruction.classes)
        if (found < 0).all():
            raise InputError(
                f"the model knows none of the classes {_few(instruction.classes)}; it knows "
                f"{_few(self.labels)}"
            )
        outputs = self._outputs(image)
        (labels,) = self._processor.post_process_semantic_segmentation(
            outputs, target_sizes=[(image.shape[0], image.shape[1])]
        )
        return found[labels.numpy()]

    def told(self) -> dict[str, Any]:
        """For `describe`."""
        return {
            "classes": self.labels,
            "n_classes": len(self.labels),
            "note": "classes that it does not know are never predicted",
        }

    def _outputs(self, image: np.ndarray) -> Any:
        import torch
        from PIL import Image

        picture = Image.fromarray(image)
        if self._more:
            prepared = self._processor(picture, ["semantic"], return_tensors="pt")
        else:
            prepared = self._processor(picture, return_tensors="pt")
        device, dtype = self.network.device, self.network.dtype
        with torch.inference_mode():
            outputs = self.network(
                pixel_values=prepared["pixel_values"].to(device, dtype),
                **{name: value.to(device) for name, value in self._more.items()},
            )
        return finite(outputs, "logits", "class_queries_logits", "masks_queries_logits")


def _task_tokens(words: Any, length: int) -> Any:
    """(1, length) tokens of the task, 0 behind the last, as `OneFormerProcessor` makes them."""
    found = words(
        [_ONEFORMER_TASK], padding="max_length", max_length=length, truncation=True, return_tensors="pt"
    )
    return found["input_ids"] * found["attention_mask"]


def _few(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return (", ".join(map(repr, names[:12])) or "none") + more
