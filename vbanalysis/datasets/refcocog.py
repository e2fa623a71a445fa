"""`refcocog:FOLDER`: RefCOCOg, expressions that each mean one object of a COCO image, in UMD's split.

Mao et al., "Generation and Comprehension of Unambiguous Object Descriptions", CVPR 2016; split by Nagaraja et
al., ECCV 2016; files as handed out with the REFER API (github.com/lichengunc/refer).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from vbanalysis.codecs.polygons import coco_mask
from vbanalysis.codecs.rle import masks_from_rle
from vbanalysis.datasets._files import Official, check_option, inside
from vbanalysis.datasets._pickles import read_pickle
from vbanalysis.datasets.json_files import read_json
from vbanalysis.datasets.saco_files import Code
from vbanalysis.errors import DataError, InputError
from vbanalysis.images import MAX_PIXELS, read_photo
from vbanalysis.listed import Listed
from vbanalysis.paths import shown
from vbanalysis.types import Sample

OFFICIAL = Official(
    name="refcocog",
    layout="refs(umd).p and instances.json, and in FOLDER/../images/mscoco/images/train2014 COCO's images",
    source="https://github.com/lichengunc/refer (annotations) and https://cocodataset.org (images)",
)
LICENCE = "annotations as COCO's, CC BY 4.0; the images have terms of their own"
PROTOCOL = (
    "UMD split; one item an expression; the polygons of an object are joined, as COCO's tools paint them; "
    "masks at full size; cIoU sums over all expressions"
)
COUNTS = {"train": 80_512, "val": 4_896, "test": 9_602}
"""Expressions of the official splits."""


class _Sentence(msgspec.Struct):
    sent_id: int
    sent: str


class _Ref(msgspec.Struct):
    ref_id: int
    ann_id: int
    image_id: int
    split: str
    sentences: list[_Sentence]


class _Image(msgspec.Struct, gc=False):
    id: int
    file_name: str
    height: int
    width: int


class _Thing(msgspec.Struct, gc=False):
    id: int
    image_id: int
    segmentation: Code | list[list[float]]


class _Instances(msgspec.Struct):
    images: list[_Image]
    annotations: list[_Thing]


class _Expression(NamedTuple):
    text: str
    ref_id: int
    thing: _Thing
    image: _Image


class RefCOCOg(Listed):
    """The expressions of a split by their ids, several an object.

    A sample has the expression as its `phrase` and one mask, of the object that it means.

    Args:
        folder: With `refs(umd).p` and `instances.json`.
        split: `val`, `test` or `train`.
        images: Folder of COCO's train2014 images, if it is not where the REFER API has it.

    Raises:
        InputError: There is no such split.
        DataError: The folder or a file is not there or of another format, or an expression means an object
            that the file does not have.
    """

    name = OFFICIAL.name

    def __init__(self, folder: str | Path, split: str = "val", images: str | Path | None = None) -> None:
        check_option(split, "split", COUNTS, self.name)
        self.folder, self.split = OFFICIAL.folder(folder), split
        usual = self.folder.parent / "images" / "mscoco" / "images" / "train2014"
        self.images = usual if images is None else Path(images).expanduser()
        self._refs, self._instances = self.folder / "refs(umd).p", self.folder / "instances.json"
        for path in (self._refs, self._instances):
            if not path.is_file():
                raise OFFICIAL.missing(self.folder, path.name)
        if not self.images.is_dir():
            raise DataError(
                f"no folder {shown(self.images.absolute())}: images= names the one of COCO's train2014 images"
            )
        self._expressions = self._found()
        if not self._expressions:
            raise DataError(f"{shown(self._refs)} holds no expression of the split {split!r}")
        self.ids = tuple(self._expressions)

    def read(self, place: int) -> Sample:
        """An expression with its image and the mask of what it means.

        Raises:
            DataError: The mask cannot be decoded, or the image has another size than the file says.
            ImageError: The image is missing or damaged.
        """
        key = self.ids[place]
        text, ref_id, thing, picture = self._expressions[key]
        path = inside(self.images, picture.file_name, self._instances)
        image = read_photo(path)
        if image.shape[:2] != (picture.height, picture.width):
            raise DataError(
                f"{shown(path)} is {image.shape[0]} x {image.shape[1]} (height x width), but "
                f"{self._instances.name} says {picture.height} x {picture.width}"
            )
        info = {"ref_id": ref_id, "scene": picture.file_name, "licence": LICENCE, "source": OFFICIAL.source}
        mask = self._mask(thing, picture)
        return Sample(id=key, image=image, phrase=text, masks=(mask[None],), info=info)

    def describe(self) -> dict[str, Any]:
        """Counts, licence, source and protocol."""
        return {
            "name": self.name,
            "about": f"expressions that mean one object of a COCO image, UMD split {self.split}",
            "samples": COUNTS[self.split],
            "samples_at_hand": len(self),
            "objects": len({expression.ref_id for expression in self._expressions.values()}),
            "images": len({expression.image.id for expression in self._expressions.values()}),
            "licence": LICENCE,
            "source": OFFICIAL.source,
            "protocol": PROTOCOL,
        }

    def _found(self) -> dict[str, _Expression]:
        try:
            refs = msgspec.convert(read_pickle(self._refs), list[_Ref])
        except msgspec.ValidationError as error:
            raise DataError(f"{shown(self._refs)}: {error}: it is of another format, or damaged") from None
        content = read_json(self._instances, _Instances)
        images = {image.id: image for image in content.images}
        things = {thing.id: thing for thing in content.annotations}
        found: dict[str, _Expression] = {}
        for ref in refs:
            if ref.split != self.split:
                continue
            thing, image = things.get(ref.ann_id), images.get(ref.image_id)
            if thing is None or image is None or thing.image_id != ref.image_id:
                raise DataError(
                    f"{shown(self._refs)}: ref {ref.ref_id} means object {ref.ann_id} of image "
                    f"{ref.image_id}, which {self._instances.name} does not have: fetch both again"
                )
            for sentence in ref.sentences:
                key = str(sentence.sent_id)
                if key in found:
                    raise DataError(f"{shown(self._refs)}: the id {key} of an expression came before")
                found[key] = _Expression(sentence.sent.strip(), ref.ref_id, thing, image)
        return found

    def _mask(self, thing: _Thing, picture: _Image) -> np.ndarray:
        shape = picture.height, picture.width
        try:
            if not 0 < picture.height * picture.width <= MAX_PIXELS:
                raise InputError(f"claims {picture.height} x {picture.width} pixels")
            if isinstance(thing.segmentation, Code):
                code = {"size": list(thing.segmentation.size), "counts": thing.segmentation.counts}
                return masks_from_rle([code], shape)[0]
            return coco_mask(thing.segmentation, shape)
        except InputError as error:
            raise DataError(f"{shown(self._instances)}: object {thing.id}: {error}") from None


def load(argument: str | None = None, *, split: str = "val", images: str | None = None) -> RefCOCOg:
    """Factory of the spec strings `refcocog:FOLDER` and `refcocog:FOLDER?split=test&images=FOLDER`.

    Raises:
        InputError: No folder is named, or there is no such split.
        DataError: As `RefCOCOg`.
    """
    return RefCOCOg(OFFICIAL.folder(argument), split, images)
