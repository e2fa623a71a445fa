"""`genai-bench:FOLDER`: GenAI-Bench, prompts for text to image with people's ratings of six models.

Li et al., "GenAI-Bench: Evaluating and Improving Compositional Text-to-Visual Generation", 2024. Of its 1,600
prompts, the 527 with published ratings: three people a picture, from 1 (does not match at all) to 5 (matches
exactly).
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from vbanalysis.datasets._files import Official
from vbanalysis.datasets.json_files import read_json
from vbanalysis.errors import DataError
from vbanalysis.listed import Listed
from vbanalysis.paths import shown
from vbanalysis.types import Sample

FILE = "genai_image.json"
OFFICIAL = Official(
    name="genai-bench", layout=FILE, source="https://huggingface.co/datasets/BaiqiL/GenAI-Bench"
)
LICENCE = "Apache-2.0"
LOWEST, HIGHEST = 1, 5
"""Of a rating. The published file has two beyond, 33 and 41: nobody knows what was meant, so they are NaN."""


class _Prompt(msgspec.Struct):
    id: str
    prompt: str
    models: dict[str, list[float]]


class GenAiBench(Listed):
    """The rated prompts, in the order of their ids.

    A sample has a `prompt` and no image. `info["ratings"]` holds the ratings of each model's picture, which
    are not part of the file, NaN where what is written is no rating.

    Args:
        folder: With `genai_image.json`.

    Attributes:
        models: Whose pictures were rated.

    Raises:
        DataError: The folder or the file is not there, or of another form.
    """

    name = OFFICIAL.name

    def __init__(self, folder: str | Path) -> None:
        path = OFFICIAL.folder(folder) / FILE
        if not path.is_file():
            raise OFFICIAL.missing(path.parent, FILE)
        told = read_json(path, dict[str, _Prompt])
        self._prompts = sorted(told.values(), key=lambda each: each.id)
        if not self._prompts:
            raise DataError(f"{shown(path)} holds no prompt: fetch it again")
        self.models = tuple(self._prompts[0].models)
        raters = {len(found) for each in self._prompts for found in each.models.values()}
        if len(raters) != 1 or any(set(each.models) != set(self.models) for each in self._prompts):
            raise DataError(f"{shown(path)}: not all prompts have as many ratings of the same models")
        self.ids = tuple(each.id for each in self._prompts)

    @cached_property
    def ratings(self) -> np.ndarray:
        """(prompts, models, raters) float64 from 1 to 5, NaN where what is written is no rating.

        Which person gave which rating is not published: the third axis is no rater in particular.
        """
        table = np.array([[each.models[name] for name in self.models] for each in self._prompts], float)
        return np.where((table >= LOWEST) & (table <= HIGHEST), table, np.nan)

    def read(self, place: int) -> Sample:
        """A prompt with its ratings."""
        told = self._prompts[place]
        rows = zip(self.models, self.ratings[place].tolist(), strict=True)
        return Sample(
            id=told.id,
            image=None,
            prompt=told.prompt.strip(),
            task="generation",
            info={
                "ratings": {name: tuple(row) for name, row in rows},
                "licence": LICENCE,
                "source": OFFICIAL.source,
            },
        )

    def describe(self) -> dict[str, Any]:
        """Counts, licence and source."""
        return {
            "name": self.name,
            "about": f"prompts with ratings of {len(self.models)} models, {self.ratings.shape[2]} each",
            "samples": 527,
            "samples_at_hand": len(self),
            "no_ratings": int(np.isnan(self.ratings).sum()),
            "licence": LICENCE,
            "source": OFFICIAL.source,
        }


def load(argument: str | None = None) -> GenAiBench:
    """Factory of the spec strings `genai-bench:FOLDER`.

    Raises:
        InputError: No folder is named.
        DataError: As `GenAiBench`.
    """
    return GenAiBench(OFFICIAL.folder(argument))
