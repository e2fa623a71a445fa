"""`cityscapes:FOLDER`: street scenes with a class for each pixel, in the official layout.

Cordts et al., "The Cityscapes Dataset for Semantic Urban Scene Understanding", CVPR 2016. The labels and
what of them is scored are those of cityscapesScripts, `helpers/labels.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vbanalysis.datasets._files import Official, check_option, check_size
from vbanalysis.errors import DataError
from vbanalysis.images import read_labels, read_photo
from vbanalysis.listed import Listed
from vbanalysis.paths import shown
from vbanalysis.types import Sample

OFFICIAL = Official(
    name="cityscapes",
    layout="leftImg8bit/SPLIT/CITY/*_leftImg8bit.png and gtFine/SPLIT/CITY/*_gtFine_labelIds.png",
    source="https://www.cityscapes-dataset.com/downloads (leftImg8bit_ and gtFine_trainvaltest.zip)",
)
LICENCE = "Cityscapes terms of use: non-commercial, no redistribution"
PROTOCOL = (
    "labelIds to the 19 scored classes in the official order, -1 where the label is not scored; full size; "
    "one confusion matrix over all images"
)

COUNTS = {"train": 2975, "val": 500}
"""Images of each split with public labels."""

_LABELS_SUFFIX = "_gtFine_labelIds.png"


class Label(NamedTuple):
    """One of the labels in the files.

    Attributes:
        name: As in the paper.
        category: The group that category figures are taken over.
        scored: Whether it is one of the 19 classes.
    """

    name: str
    category: str
    scored: bool


LABELS = (
    Label("unlabeled", "void", False),
    Label("ego vehicle", "void", False),
    Label("rectification border", "void", False),
    Label("out of roi", "void", False),
    Label("static", "void", False),
    Label("dynamic", "void", False),
    Label("ground", "void", False),
    Label("road", "flat", True),
    Label("sidewalk", "flat", True),
    Label("parking", "flat", False),
    Label("rail track", "flat", False),
    Label("building", "construction", True),
    Label("wall", "construction", True),
    Label("fence", "construction", True),
    Label("guard rail", "construction", False),
    Label("bridge", "construction", False),
    Label("tunnel", "construction", False),
    Label("pole", "object", True),
    Label("polegroup", "object", False),
    Label("traffic light", "object", True),
    Label("traffic sign", "object", True),
    Label("vegetation", "nature", True),
    Label("terrain", "nature", True),
    Label("sky", "sky", True),
    Label("person", "human", True),
    Label("rider", "human", True),
    Label("car", "vehicle", True),
    Label("truck", "vehicle", True),
    Label("bus", "vehicle", True),
    Label("caravan", "vehicle", False),
    Label("trailer", "vehicle", False),
    Label("train", "vehicle", True),
    Label("motorcycle", "vehicle", True),
    Label("bicycle", "vehicle", True),
)
"""The labels by their id; the place of each is its id."""

CLASSES = tuple(label.name for label in LABELS if label.scored)
"""The 19 classes, in the order of their trainIds."""

SCORED_IDS = tuple(place for place, label in enumerate(LABELS) if label.scored)
"""The ids of the 19 classes."""

_CLASS_OF_ID = np.full(len(LABELS), -1, np.int32)
_CLASS_OF_ID[list(SCORED_IDS)] = np.arange(len(SCORED_IDS))


def read_label_ids(path: Path) -> np.ndarray:
    """A PNG of label ids.

    Returns:
        (H, W) uint8, the places in `LABELS`.

    Raises:
        DataError: It holds a label that Cityscapes does not have.
        ImageError: It is missing, damaged or no PNG of labels.
    """
    ids = read_labels(path)
    if ids.max() >= len(LABELS):
        raise DataError(
            f"{shown(path)} holds the label {ids.max()}, expected Cityscapes' label ids from 0 to "
            f"{len(LABELS) - 1} (not train ids, nor instance ids)"
        )
    return ids.astype(np.uint8, copy=False)


class Cityscapes(Listed):
    """The images of a split that have labels, by their official names such as `aachen_000000_000019`.

    `info` holds `instance_ids`, (H, W) int32: the label's id, or for the single things of a class with
    instances 1000 times it and their number; it is left out where the file is not at hand.

    Args:
        folder: With `leftImg8bit/` and `gtFine/`.
        split: `val` or `train`; the labels of `test` are not public.

    Raises:
        InputError: There is no such split.
        DataError: The folder is not there, or holds no labels of the split.
    """

    name = OFFICIAL.name

    def __init__(self, folder: str | Path, split: str = "val") -> None:
        check_option(split, "split", COUNTS, self.name)
        self.folder, self.split = OFFICIAL.folder(folder), split
        labels = sorted((self.folder / "gtFine" / split).glob(f"*/*{_LABELS_SUFFIX}"))
        if not labels:
            raise OFFICIAL.missing(self.folder, f"gtFine/{split}/CITY/*{_LABELS_SUFFIX}")
        self.ids = tuple(path.name.removesuffix(_LABELS_SUFFIX) for path in labels)
        self._labels = labels

    def read(self, place: int) -> Sample:
        """An image with its classes.

        Raises:
            DataError: A file does not fit the image.
            ImageError: A file is missing or damaged.
        """
        path, key = self._labels[place], self.ids[place]
        image_path = self.folder / "leftImg8bit" / self.split / path.parent.name / f"{key}_leftImg8bit.png"
        instances_path = path.with_name(f"{key}_gtFine_instanceIds.png")
        image, classes = read_photo(image_path), _CLASS_OF_ID[read_label_ids(path)]
        check_size(path, classes, image, image_path)
        info: dict[str, Any] = {"city": path.parent.name, "licence": LICENCE, "source": OFFICIAL.source}
        if instances_path.is_file():
            info["instance_ids"] = read_labels(instances_path).astype(np.int32)
            check_size(instances_path, info["instance_ids"], image, image_path)
        return Sample(id=key, image=image, classes=classes, class_names=CLASSES, info=info)

    def describe(self) -> dict[str, Any]:
        """Counts, licence, source and protocol."""
        return {
            "name": self.name,
            "about": f"street scenes with 19 classes, split {self.split}",
            "samples": COUNTS[self.split],
            "samples_at_hand": len(self),
            "licence": LICENCE,
            "source": OFFICIAL.source,
            "protocol": PROTOCOL,
        }


def load(argument: str | None = None, *, split: str = "val") -> Cityscapes:
    """Factory of the spec strings `cityscapes:FOLDER` and `cityscapes:FOLDER?split=train`.

    Raises:
        InputError: No folder is named, or there is no such split.
        DataError: As `Cityscapes`.
    """
    return Cityscapes(OFFICIAL.folder(argument), split)
