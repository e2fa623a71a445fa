"""Votes of GenAI-Arena: which of two pictures a person preferred, beside the vote of GPT-4o.

Jiang et al., "GenAI Arena: An Open Evaluation Platform for Generative Models", 2024. The table has a row a
vote and neither prompts, pictures nor names of models, so that it is no data set of samples.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vbanalysis.datasets._files import Official, reading
from vbanalysis.errors import DataError
from vbanalysis.paths import shown

FILE = "generation_votes.tsv"
OFFICIAL = Official(
    name="genai-arena",
    layout=f"{FILE} with the columns idx, human_vote and gpt4o_vote",
    source="https://huggingface.co/datasets/TIGER-Lab/GenAI-Bench (text to image)",
)
LICENCE = "MIT"

_HUMAN = {"leftvote": 1.0, "rightvote": 0.0, "tievote": 0.5, "bothbad_vote": 0.5}
_JUDGE = {"[[A>B]]": 1.0, "[[B>A]]": 0.0, "[[A=B=Good]]": 0.5, "[[A=B=Bad]]": 0.5, "None": np.nan}


class ArenaVotes(NamedTuple):
    """Votes on the same pairs by people and by a judge: 1 for the left picture, 0 for the right, 0.5 a tie.

    Attributes:
        human: (n,) one person a pair; both good and both bad are 0.5.
        judge: (n,) GPT-4o, to whom the left one is A; NaN where its answer held no verdict.
        human_bad: (n,) bool, the person found both bad.
        judge_bad: (n,) bool, GPT-4o did.
    """

    human: np.ndarray
    judge: np.ndarray
    human_bad: np.ndarray
    judge_bad: np.ndarray


def read_arena(folder: str | Path) -> ArenaVotes:
    """The votes in a folder.

    Args:
        folder: With `generation_votes.tsv`.

    Raises:
        DataError: The folder or the table is not there, empty, or holds another vote.
    """
    path = OFFICIAL.folder(folder) / FILE
    if not path.is_file():
        raise OFFICIAL.missing(path.parent, FILE)
    try:
        text = reading(path, path.read_bytes).decode()
    except UnicodeDecodeError as error:
        raise DataError(f"{shown(path)} is no text: {error}") from None
    rows = list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
    if not rows:
        raise DataError(f"{shown(path)} holds no vote: fetch it again")
    human: list[str] = []
    judge: list[str] = []
    for line, row in enumerate(rows, start=2):
        for column, known, into in (("human_vote", _HUMAN, human), ("gpt4o_vote", _JUDGE, judge)):
            vote = row.get(column)
            if not isinstance(vote, str) or vote not in known:
                raise DataError(
                    f"{shown(path)}, line {line}: {column} is {vote!r}, expected one of {', '.join(known)}"
                )
            into.append(vote)
    return ArenaVotes(
        np.array([_HUMAN[vote] for vote in human]),
        np.array([_JUDGE[vote] for vote in judge]),
        np.array([vote == "bothbad_vote" for vote in human]),
        np.array([vote == "[[A=B=Bad]]" for vote in judge]),
    )
