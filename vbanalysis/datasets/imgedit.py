"""`imgedit:FOLDER`: ImgEdit's Basic suite, 737 edits of nine types, with the prompts of its judge.

Ye et al., "ImgEdit: A Unified Image Editing Dataset and Benchmark", 2025; layout and protocol of the
repository PKU-YuanGroup/ImgEdit, `Benchmark/Basic`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from vbanalysis.datasets._files import Official
from vbanalysis.datasets.json_files import read_json
from vbanalysis.errors import DataError
from vbanalysis.images import read_photo
from vbanalysis.listed import Listed
from vbanalysis.paths import shown
from vbanalysis.types import Sample

EDITS, PROMPTS = "basic_edit.json", "prompts.json"
OFFICIAL = Official(
    name="imgedit",
    layout=f"{EDITS} and {PROMPTS}, and the pictures as THEME/NAME.jpg there or in the folder images=DIR",
    source="https://github.com/PKU-YuanGroup/ImgEdit",
)
LICENCE = "as stated by its authors"
PROTOCOL = "a judge gives three scores from 1 to 5, whose mean counts; by type of edit, then over all"
COUNT = 737

_PLACE = "<edit_prompt>"
_SCORE = re.compile(r"^\W*[A-Za-z][\w &/-]*?\W*:\W*([1-5])(?:\.0)?(?:\s*/\s*5)?\W*$", re.MULTILINE)


class _Edit(msgspec.Struct):
    id: str
    prompt: str
    edit_type: str


class EditScores(NamedTuple):
    """What a judge says of an edit, each from 1 to 5; what each is called depends on the type of the edit.

    Attributes:
        compliance: The first score: whether it does what was asked.
        naturalness: The second, such as of how natural the picture looks.
        integrity: The third, such as of its details.
    """

    compliance: int
    naturalness: int
    integrity: int

    @property
    def mean(self) -> float:
        """What counts (`step1_get_avgscore.py`, before it is rounded)."""
        return sum(self) / 3

    @property
    def obeys(self) -> bool:
        """Whether the second and third are not above the first, as the judge is told; nothing enforces it."""
        return max(self) == self.compliance


def read_scores(answer: str) -> EditScores:
    """The scores in a judge's answer: three lines `NAME: NUMBER` after its reasoning.

    Raises:
        DataError: There are not three of them.

    Examples:
        >>> read_scores("Brief reasoning: good.\\nPrompt Compliance: 4\\nSeamlessness: 5\\nDetail: 3").mean
        4.0
    """
    found = [int(score) for score in _SCORE.findall(answer)]
    if len(found) != 3:
        raise DataError(
            f"the judge's answer holds {len(found)} scores from 1 to 5, expected 3: "
            f"{' '.join(answer.split())[:160]!r}"
        )
    return EditScores(*found)


class ImgEdit(Listed):
    """The edits in the order of their numbers.

    A sample has a `prompt`, and an image where the pictures are at hand. `info` holds `edit_type` and
    `judge_prompt`, what the official judge is told beside the picture before and after.

    Args:
        folder: With `basic_edit.json` and `prompts.json`.
        images: Folder of the pictures; the same one by default. Where none of its themes is there, samples
            have no image.

    Raises:
        DataError: A folder or file is not there, or of another form.
    """

    name = OFFICIAL.name

    def __init__(self, folder: str | Path, images: str | Path | None = None) -> None:
        home = OFFICIAL.folder(folder)
        for file in (EDITS, PROMPTS):
            if not (home / file).is_file():
                raise OFFICIAL.missing(home, file)
        told = read_json(home / EDITS, dict[str, _Edit])
        self._judge = read_json(home / PROMPTS, dict[str, str])
        lacking = sorted({each.edit_type for each in told.values()} - self._judge.keys())
        if lacking or not told:
            what = f"prompt of the judge for {', '.join(lacking)}" if lacking else "edit"
            raise OFFICIAL.missing(home, what)
        if odd := next((key for key in told if not key.isdigit()), None):
            raise DataError(f"{shown(home / EDITS)}: {odd!r} is no number of an edit")
        self._edits = [told[key] for key in sorted(told, key=int)]
        self.ids = tuple(sorted(told, key=int))
        self._images = home if images is None else OFFICIAL.folder(images)
        themes = {each.id.partition("/")[0] for each in self._edits}
        self.has_images = any((self._images / theme).is_dir() for theme in themes)

    def read(self, place: int) -> Sample:
        """An edit with what its judge is told.

        Raises:
            ImageError: The pictures are at hand, and this one is missing or damaged.
        """
        told = self._edits[place]
        if ".." in Path(told.id).parts or Path(told.id).is_absolute():
            raise DataError(f"edit {self.ids[place]} names a picture outside its folder: {told.id!r}")
        return Sample(
            id=self.ids[place],
            image=read_photo(self._images / told.id) if self.has_images else None,
            prompt=told.prompt.strip(),
            task="edit",
            info={
                "edit_type": told.edit_type,
                "judge_prompt": self._judge[told.edit_type].replace(_PLACE, told.prompt.strip()),
                "licence": LICENCE,
                "source": OFFICIAL.source,
            },
        )

    def describe(self) -> dict[str, Any]:
        """Counts, licence, source and protocol."""
        types = {each.edit_type for each in self._edits}
        return {
            "name": self.name,
            "about": f"edits of {len(types)} types with the prompts of their judge"
            + ("" if self.has_images else "; the pictures are not at hand"),
            "samples": COUNT,
            "samples_at_hand": len(self),
            "licence": LICENCE,
            "source": OFFICIAL.source,
            "protocol": PROTOCOL,
        }


def load(argument: str | None = None, *, images: str | None = None) -> ImgEdit:
    """Factory of the spec strings `imgedit:FOLDER` and `imgedit:FOLDER?images=DIR`.

    Raises:
        InputError: No folder is named.
        DataError: As `ImgEdit`.
    """
    return ImgEdit(OFFICIAL.folder(argument), images)
