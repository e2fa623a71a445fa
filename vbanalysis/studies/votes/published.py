"""Where the published votes lie, and what to do where they do not."""

from __future__ import annotations

from pathlib import Path

from vbanalysis.datasets import genai_arena as arena
from vbanalysis.datasets import genai_bench as bench
from vbanalysis.datasets.genai_arena import ArenaVotes
from vbanalysis.datasets.genai_bench import GenAiBench
from vbanalysis.errors import InputError
from vbanalysis.paths import samples_dir

HOW = (
    f"get {bench.FILE} from {bench.OFFICIAL.source} into a folder genai_bench and {arena.FILE} from "
    f"{arena.OFFICIAL.source} into genai_arena, and set VBANALYSIS_SAMPLES to the folder that holds both"
)
"""What to fetch, in words."""


def at_hand() -> bool:
    """Whether both lie below VBANALYSIS_SAMPLES."""
    folder = samples_dir()
    return folder is not None and all(
        (folder / name / file).is_file()
        for name, file in (("genai_bench", bench.FILE), ("genai_arena", arena.FILE))
    )


def genai_bench(folder: Path | None = None) -> GenAiBench:
    """The ratings in a folder; by default `genai_bench` below VBANALYSIS_SAMPLES.

    Raises:
        InputError: No folder is given, and VBANALYSIS_SAMPLES is not set.
        DataError: As `GenAiBench`.
    """
    return GenAiBench(folder or _below("genai_bench"))


def genai_arena(folder: Path | None = None) -> ArenaVotes:
    """The votes in a folder; by default `genai_arena` below VBANALYSIS_SAMPLES.

    Raises:
        InputError: No folder is given, and VBANALYSIS_SAMPLES is not set.
        DataError: As `read_arena`.
    """
    return arena.read_arena(folder or _below("genai_arena"))


def _below(name: str) -> Path:
    samples = samples_dir()
    if samples is None:
        raise InputError(f"give the folder of the published votes, or {HOW}")
    return samples / name
