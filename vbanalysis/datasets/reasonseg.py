"""`reasonseg:FOLDER`: ReasonSeg, questions whose answer is a region of the image.

Lai et al., "LISA: Reasoning Segmentation via Large Language Model", CVPR 2024; format and protocol from the
repository dvlab-research/LISA, `utils/data_processing.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from vbanalysis.codecs.polygons import opencv_mask
from vbanalysis.datasets._files import Official, check_option
from vbanalysis.datasets.json_files import read_json
from vbanalysis.errors import DataError, InputError
from vbanalysis.images import read_photo
from vbanalysis.listed import Listed
from vbanalysis.paths import shown
from vbanalysis.types import Sample

OFFICIAL = Official(
    name="reasonseg",
    layout="SPLIT/NAME.jpg and SPLIT/NAME.json, with SPLIT one of train, val, test",
    source="https://github.com/dvlab-research/LISA",
)
LICENCE = "as stated by its authors; the images come from OpenImages and ScanNetv2"
PROTOCOL = (
    "the first text of each image; polygons as OpenCV paints them, the largest first; what is marked to be "
    "ignored is not compared; gIoU is the mean of IoU over images, 1 where both masks are empty"
)
COUNTS = {"train": 239, "val": 200, "test": 779}
"""Images of the official splits."""

_ENCODINGS = ("utf-8", "cp1252")
"""A few of the official files are in the second."""


class _Shape(msgspec.Struct):
    label: str
    points: list[tuple[float, float]]


class _File(msgspec.Struct):
    text: list[str]
    is_sentence: bool
    shapes: list[_Shape]


class ReasonSeg(Listed):
    """The images of a split by their names, each with its question.

    A sample has the question as its `phrase` and one mask, of its answer; `valid` leaves out what is marked
    to be ignored. `info["is_sentence"]` tells a whole question from a short phrase.

    Args:
        folder: With a folder for each split.
        split: `val`, `test` or `train`.

    Raises:
        InputError: There is no such split.
        DataError: The folder is not there, or holds no image of the split with its annotation.
    """

    name = OFFICIAL.name

    def __init__(self, folder: str | Path, split: str = "val") -> None:
        check_option(split, "split", COUNTS, self.name)
        self.folder, self.split = OFFICIAL.folder(folder), split
        self._files = sorted((self.folder / split).glob("*.json"))
        if not self._files:
            raise OFFICIAL.missing(self.folder, f"{split}/*.json")
        self.ids = tuple(path.stem for path in self._files)

    def read(self, place: int) -> Sample:
        """An image with its question and the mask of the answer.

        Raises:
            DataError: The annotation is missing, damaged, or of another format.
            ImageError: The image is missing or damaged.
        """
        path = self._files[place]
        told = read_json(path, _File, encodings=_ENCODINGS)
        image = read_photo(path.with_suffix(".jpg"))
        if not told.text:
            raise DataError(f"{shown(path)} has no text: fetch it again")
        painted = _painted(path, told.shapes, (image.shape[0], image.shape[1]))
        info = {"is_sentence": told.is_sentence, "licence": LICENCE, "source": OFFICIAL.source}
        return Sample(
            id=self.ids[place],
            image=image,
            phrase=told.text[0].strip(),
            masks=((painted == _TARGET)[None],),
            valid=painted != _IGNORED,
            info=info,
        )

    def describe(self) -> dict[str, Any]:
        """Counts, licence, source and protocol."""
        return {
            "name": self.name,
            "about": f"questions whose answer is a region of the image, split {self.split}",
            "samples": COUNTS[self.split],
            "samples_at_hand": len(self),
            "licence": LICENCE,
            "source": OFFICIAL.source,
            "protocol": PROTOCOL,
        }


_TARGET, _IGNORED = 1, 255


def _painted(path: Path, shapes: list[_Shape], size: tuple[int, int]) -> np.ndarray:
    """(H, W) uint8: 1 target, 255 ignored, 0 neither; a smaller polygon lies over a larger one."""
    layers = []
    for place, shape in enumerate(shapes):
        label = shape.label.lower()
        if label == "flag":  # deprecated by its authors
            continue
        try:
            mask = opencv_mask(shape.points, size)
        except InputError as error:
            raise DataError(f"{shown(path)}: shapes[{place}]: {error}") from None
        layers.append((int(mask.sum()), mask, _IGNORED if "ignore" in label else _TARGET))
    painted = np.zeros(size, np.uint8)
    # Of equal areas the later one is painted first, as by the reversed sort of the official code.
    for _, mask, value in sorted(layers, key=lambda layer: layer[0])[::-1]:
        painted[mask] = value
    return painted


def load(argument: str | None = None, *, split: str = "val") -> ReasonSeg:
    """Factory of the spec strings `reasonseg:FOLDER` and `reasonseg:FOLDER?split=test`.

    Raises:
        InputError: No folder is named, or there is no such split.
        DataError: As `ReasonSeg`.
    """
    return ReasonSeg(OFFICIAL.folder(argument), split)
