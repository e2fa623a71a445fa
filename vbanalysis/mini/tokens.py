"""Prompts to arrays: words as hashes, and the value of each colour that the prompt spells."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from vbanalysis.errors import InstructionError
from vbanalysis.instructions import words_and_colours
from vbanalysis.types import Rgb

BUCKETS = 1024
"""Rows of the table of words."""

LONGEST = 128
"""Words of a prompt that are read."""


class Token(NamedTuple):
    """A word, or a colour however it is spelled.

    Attributes:
        hashes: Two rows of the table of words.
        rgb: The colour's value, or None.
    """

    hashes: tuple[int, int]
    rgb: Rgb | None


class TextBatch(NamedTuple):
    """Prompts side by side: T words, of which K are colours.

    Attributes:
        words: (B, T, 2) int64 rows of the table of words.
        rgb: (B, T, 3) float32 colours in [-1, 1], 0 where the word is no colour.
        is_colour: (B, T) bool.
        mask: (B, T) bool, False for padding.
        places: (B, K) int64, which words are colours, in order; padded with 0.
        offered: (B, K) bool, False for padding.
    """

    words: Tensor
    rgb: Tensor
    is_colour: Tensor
    mask: Tensor
    places: Tensor
    offered: Tensor

    def to(self, device: torch.device | str) -> TextBatch:
        """The same on another device."""
        return TextBatch(*(part.to(device) for part in self))


def tokenize(text: str) -> list[Token]:
    """Read a prompt.

    Raises:
        InstructionError: It has more than `LONGEST` words.

    >>> [token.rgb for token in tokenize("The cat is #ff0000, the dog sky blue.")]
    [None, None, None, (255, 0, 0), None, None, (135, 206, 235), None]
    """
    tokens = [Token(_hashes(word), rgb) for word, rgb in words_and_colours(text)]
    if len(tokens) > LONGEST:
        raise InstructionError(f"the prompt has {len(tokens)} words: mini reads at most {LONGEST}")
    return tokens


def text_batch(prompts: Sequence[Sequence[Token]]) -> TextBatch:
    """Pad tokenized prompts to one length; an empty prompt keeps one closed place."""
    longest = max(1, *(len(prompt) for prompt in prompts))
    words = np.zeros((len(prompts), longest, 2), np.int64)
    rgb = np.zeros((len(prompts), longest, 3), np.float32)
    is_colour = np.zeros((len(prompts), longest), bool)
    mask = np.zeros((len(prompts), longest), bool)
    mask[:, 0] = True
    for row, prompt in enumerate(prompts):
        for column, token in enumerate(prompt):
            words[row, column] = token.hashes
            mask[row, column] = True
            if token.rgb is not None:
                rgb[row, column] = np.asarray(token.rgb, np.float32) / 127.5 - 1
                is_colour[row, column] = True
    counts = is_colour.sum(axis=1)
    places = np.zeros((len(prompts), max(1, int(counts.max()))), np.int64)
    offered = np.arange(places.shape[1]) < counts[:, None]
    places[offered] = np.nonzero(is_colour)[1]
    return TextBatch(*(torch.from_numpy(part) for part in (words, rgb, is_colour, mask, places, offered)))


@lru_cache(maxsize=8192)
def _hashes(word: str) -> tuple[int, int]:
    digest = hashlib.blake2b(word.encode(), digest_size=8).digest()
    # Row 0 is the padding's.
    first, second = (1 + int.from_bytes(part, "little") % (BUCKETS - 1) for part in (digest[:4], digest[4:]))
    return first, second
