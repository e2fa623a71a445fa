"""Words that the embedded generator never read, and what its table of words makes of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import numpy as np
import pandas as pd

from vbanalysis.instructions import words_and_colours
from vbanalysis.mini.tokens import tokenize
from vbanalysis.mini.training.exercises import EXERCISES
from vbanalysis.mini.world.layout import make_scene
from vbanalysis.mini.world.render import render

_SIZE = 32


def taught_words(scenes: int = 150, draws: int = 4, kinds: Collection[str] | None = None) -> set[str]:
    """The words of exercises of all tasks, drawn from training scenes as trainings draw them.

    Args:
        scenes: Training scenes.
        draws: Exercises of each task and scene. A rare word, such as a high number, may be missed.
        kinds: Of referring expressions, as a stage restricts them; None allows all.
    """
    words: set[str] = set()
    for number in range(scenes):
        scene = make_scene("train", number)
        view = render(scene, _SIZE, samples=1)
        rng = np.random.default_rng([8, number])
        for task, exercise in EXERCISES.items():
            for _ in range(draws):
                posed = exercise(scene, view, rng, **({"kinds": kinds} if task == "referring" else {}))
                if posed is not None:
                    words.update(word for word, _ in words_and_colours(posed.prompt))
    return words


def strangers(texts: Mapping[str, Iterable[str]], known: Iterable[str]) -> pd.DataFrame:
    """Which words of some texts are not among those known, and whose rows of the table they fall on.

    There is no token for unknown words: every word has two rows of the table, by hash, and is their sum. The
    row of a word that no training had is either as it was drawn at the start, or a taught word's.

    Args:
        texts: By group.
        known: The taught words.

    Returns:
        One row a word: `word`, `groups`, `rows_taken`, how many of its two rows belong to a taught word too,
        and `shared_with`, the first of these words.

    Examples:
        >>> strangers({"a": ["red sphere"]}, ["red", "ball"]).word.tolist()
        ['sphere']
    """
    owners: dict[int, list[str]] = {}
    taught = set(known)
    for word in sorted(taught):
        for row in _rows(word):
            owners.setdefault(row, []).append(word)
    found: dict[str, list[str]] = {}
    for group, lines in texts.items():
        for word in sorted({word for line in lines for word, _ in words_and_colours(line)} - taught):
            found.setdefault(word, []).append(group)
    rows = [
        {
            "word": word,
            "groups": ", ".join(groups),
            "rows_taken": sum(row in owners for row in _rows(word)),
            "shared_with": ", ".join(owners[row][0] for row in _rows(word) if row in owners),
        }
        for word, groups in found.items()
    ]
    return pd.DataFrame(rows, columns=["word", "groups", "rows_taken", "shared_with"])


def _rows(word: str) -> tuple[int, ...]:
    return tuple(row for token in tokenize(word) for row in token.hashes)
