"""What a call of the Gemini API costs: before it at most, and after it by what the answer counted."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from vbanalysis.paths import data_dir

TEXT_TOKENS = 8192
"""That an answer in words may have, thoughts with it; asked for, so it holds."""

_THOUGHT_TOKENS = 2048
"""Expected before a picture at most; what is thought beyond this is counted after the call."""

_IMAGE_TOKENS, _TILE_TOKENS, _TILE = 1120, 258, 768
"""Of an input image: Gemini 3's at its finest, and Gemini 2.5's of each tile of 768 x 768 pixels."""


class Price(NamedTuple):
    """Of one model, see `data/models/gemini-prices.tsv`.

    Attributes:
        input: US dollars per token read.
        output: Per token written or thought.
        image_output: Per token painted; None of a model that paints nothing.
        tokens: Of a painted picture by its size, `"1K"`, `"2K"` or `"4K"`.
    """

    input: float
    output: float
    image_output: float | None
    tokens: Mapping[str, int]


@cache
def prices() -> dict[str, Price]:
    """The known prices, by model."""
    text = (data_dir() / "models" / "gemini-prices.tsv").read_text(encoding="utf-8")
    rows = csv.DictReader((line for line in text.splitlines() if not line.startswith("#")), delimiter="\t")
    return {row["model"]: _price(row) for row in rows}


def _price(row: Mapping[str, str]) -> Price:
    tokens = {size: int(told) for size in ("1K", "2K", "4K") if (told := row[f"tokens_{size.lower()}"])}
    painted = float(row["image_output"]) / 1e6 if row["image_output"] else None
    return Price(float(row["input"]) / 1e6, float(row["output"]) / 1e6, painted, tokens)


def at_most(price: Price, prompt: str, image: tuple[int, int] | None, size: str | None) -> float:
    """What a call is expected to cost at most.

    Args:
        price: Of the model.
        prompt: That is sent.
        image: Height and width of the one that is sent with it, or None.
        size: Of the picture that is asked for; None where words are.

    Returns:
        US dollars.
    """
    read = float(len(prompt))  # no alphabet has more tokens than letters
    if image is not None:
        read += max(_IMAGE_TOKENS, _TILE_TOKENS * math.ceil(image[0] / _TILE) * math.ceil(image[1] / _TILE))
    if size is None:
        return read * price.input + TEXT_TOKENS * price.output
    return read * price.input + _painted(price, size) + _THOUGHT_TOKENS * price.output


def counted(price: Price, usage: Mapping[str, Any], pictures: int, size: str) -> float | None:
    """What a call did cost.

    Args:
        price: Of the model.
        usage: Tokens: `prompt`, `answer`, `thoughts` and, where the answer told them apart, `painted`.
        pictures: In the answer.
        size: Of each.

    Returns:
        US dollars, or None where nothing was counted.
    """
    if usage.get("prompt") is None:
        return None
    cost = usage["prompt"] * price.input + (usage.get("thoughts") or 0) * price.output
    answer, painted = usage.get("answer") or 0, usage.get("painted")
    if painted is not None and price.image_output is not None:
        return float(cost + painted * price.image_output + max(0, answer - painted) * price.output)
    if pictures and price.image_output is not None:
        return float(cost + pictures * _painted(price, size))
    return float(cost + answer * price.output)


def _painted(price: Price, size: str) -> float:
    """A picture of a size; of one that the table lacks, the dearest."""
    most = max(price.tokens.values(), default=0)
    return price.tokens.get(size, most) * (price.image_output or 0.0)
