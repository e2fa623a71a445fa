"""`vqascore:REPO`: VQAScore, how likely a model says "Yes" when asked whether a picture shows a prompt.

Lin et al., "Evaluating Text-to-Visual Generation with Image-to-Text Generation", ECCV 2024; the question is
theirs, the model any image-text-to-text model of transformers. The authors' own CLIP-FlanT5 is not among
these: another model gives other numbers, so the protocol names it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vbanalysis.errors import InputError, MissingDependencyError
from vbanalysis.models._hub import snapshot, title
from vbanalysis.models._torch import loading
from vbanalysis.models._transformers_network import loaded
from vbanalysis.perceptual._pictures import as_many, checked, in_batches

QUESTION = 'Does this figure show "{}"? Please answer yes or no.'
"""The authors' question."""


class VqaScore:
    """The probability of the answer "Yes", token by token, after the question in the model's own chat form.

    Args:
        repo: A hub id whose weights are on disk, or a folder.
        revision: Of the hub id.
        answer: Whose probability it is.
        device: As torch names it.
        dtype: Of the weights; `auto` as they are stored.

    Raises:
        InputError: No repository is named, no answer, or no such device or dtype.
        DataError: The weights are not on disk, damaged or pickled, or it has no chat form.
        MissingDependencyError: transformers is not installed.
    """

    name = "vqascore"

    def __init__(
        self,
        repo: str | None = None,
        *,
        revision: str | None = None,
        answer: str = "Yes",
        device: str = "cpu",
        dtype: str = "auto",
    ) -> None:
        if repo is None:
            raise InputError(
                "name a model that sees and reads: vqascore:REPO, such as llava-hf/llava-1.5-7b-hf"
            )
        try:
            import transformers  # noqa: F401
        except ImportError as error:
            raise MissingDependencyError("transformers", "transformers", "VQAScore") from error
        folder = snapshot(repo, revision)
        self._device = device
        self._processor = _processor(folder)
        self._network = loaded(folder, "AutoModelForImageTextToText", device=device, dtype=dtype)
        self._answer = self._processor.tokenizer(answer, add_special_tokens=False)["input_ids"]
        if not self._answer:
            raise InputError(f"answer must be a word, got {answer!r}")
        self.protocol = f'P("{answer}") by {title(folder)} after: {QUESTION}'

    def score(self, pictures: Sequence[np.ndarray], prompts: Sequence[str]) -> np.ndarray:
        """(n,) float64 from 0 to 1.

        Raises:
            InputError: These are no pictures, or not as many prompts.
            DataError: The network gave a number that is not finite.
        """
        found = checked(pictures)
        as_many(found, prompts, ("pictures", "prompts"))
        return in_batches(list(zip(found, prompts, strict=True)), 1, self._ask)

    def _ask(self, pairs: Sequence[tuple[np.ndarray, str]]) -> np.ndarray:
        import torch

        ((picture, prompt),) = pairs
        asked = [{"type": "image"}, {"type": "text", "text": QUESTION.format(prompt)}]
        text = self._processor.apply_chat_template(
            [{"role": "user", "content": asked}], add_generation_prompt=True
        )
        given = self._processor(images=[picture], text=[text], return_tensors="pt")
        given = {name: value.to(self._device) for name, value in given.items()}
        given["pixel_values"] = given["pixel_values"].to(self._network.dtype)
        # The answer but for its last token is told, so that one pass gives the chance of each.
        before = torch.tensor([self._answer[:-1]], dtype=torch.long, device=self._device)
        given["input_ids"] = torch.cat([given["input_ids"], before], dim=1)
        given["attention_mask"] = torch.cat([given["attention_mask"], torch.ones_like(before)], dim=1)
        with torch.inference_mode():
            logits = self._network(**given).logits[0, -len(self._answer) :].float()
        chances = logits.log_softmax(dim=-1)[range(len(self._answer)), self._answer]
        return np.array([float(chances.sum().exp())])


def _processor(folder: Path) -> Any:
    from transformers import AutoProcessor

    with loading(f"the processor of {title(folder)}"):
        found = AutoProcessor.from_pretrained(
            str(folder), backend="pil", local_files_only=True, trust_remote_code=False
        )
        if getattr(found, "chat_template", None) is None:
            raise ValueError("it has no chat template, so that nobody knows how it is asked")
    return found


load = VqaScore
"""Factory of the spec strings `vqascore:REPO`, `vqascore:REPO?device=cuda&dtype=bfloat16`."""
