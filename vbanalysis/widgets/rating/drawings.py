"""Pairs made here: the embedded generator before and after tuning, on the same captions and seeds."""

from __future__ import annotations

import os
from pathlib import Path

from vbanalysis.errors import DataError, InputError
from vbanalysis.images import write_png
from vbanalysis.paths import replacing, shown
from vbanalysis.widgets.rating.pairs import COLUMNS, Pair, pairs_of_table

TABLE = "pairs.tsv"


def drawing_pairs(
    n: int,
    folder: str | os.PathLike[str],
    *,
    models: tuple[str, str] = ("base", "tuned"),
    split: str = "validation",
) -> tuple[Pair, ...]:
    """Let two weights draw the same captions with the same seeds, and keep the pictures with `pairs.tsv`.

    Args:
        n: Captions, of the first scenes of the split that can be drawn from one.
        folder: New, or empty; `pairs_of_table(folder / "pairs.tsv")` reads it again.
        models: Weights, as `Mini` takes them.
        split: Of the scenes.

    Returns:
        One pair a caption, called by its scene.

    Raises:
        InputError: `n` is below 1, both models are one, or there are no such weights or scenes.
        DataError: The folder holds something, or cannot be written.
    """
    if not isinstance(n, int) or isinstance(n, bool) or n < 1:
        raise InputError(f"n must be a whole number of at least 1, got {n!r}")
    if models[0] == models[1]:
        raise InputError(f"models must be two, got {models[0]!r} twice")
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise DataError(f"{shown(folder)} is not empty: give a new folder for the pictures")
        for side in "ab":
            (folder / side).mkdir()
    except OSError as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"{shown(folder)} cannot be made ({error.strerror}): choose another folder"
        ) from error
    return _drawn(n, folder, models, split)


def _drawn(n: int, folder: Path, models: tuple[str, str], split: str) -> tuple[Pair, ...]:
    from vbanalysis.mini.model import Mini
    from vbanalysis.studies.answerers import pictures_of
    from vbanalysis.studies.questions import ask

    questions = ask("generation", split, n)
    names = [question.id.replace("/", "-") for question in questions]
    for side, model in zip("ab", models, strict=True):
        for name, picture in zip(names, pictures_of(Mini(model), questions), strict=True):
            write_png(folder / side / f"{name}.png", picture)
    rows = [COLUMNS] + [
        (
            question.id,
            " ".join(question.exercise.prompt.split()),
            models[0],
            f"a/{name}.png",
            models[1],
            f"b/{name}.png",
        )
        for question, name in zip(questions, names, strict=True)
    ]
    with replacing(folder / TABLE) as file:
        file.write("".join("\t".join(row) + "\n" for row in rows).encode())
    return pairs_of_table(folder / TABLE)
