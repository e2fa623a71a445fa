"""`saco:FOLDER`: SA-Co/Gold, noun phrases with a mask for each instance, by three annotators.

An item is a pair of picture and noun phrase; in most the phrase has no instance at all. Carion et al.,
"SAM 3: Segment Anything with Concepts", 2025; format and protocol from the repository facebookresearch/sam3,
`scripts/eval/gold`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

from vbanalysis.codecs.rle import masks_from_rle
from vbanalysis.datasets._files import Official, inside
from vbanalysis.datasets.saco_files import Pair, read_annotators, scored_pairs
from vbanalysis.errors import DataError, InputError
from vbanalysis.images import read_photo
from vbanalysis.listed import Listed
from vbanalysis.paths import shown
from vbanalysis.types import Sample

OFFICIAL = Official(
    name="saco",
    layout="gold_SUBSET_merged_a_release_test.json, the same with b and c, or one gt.json",
    source="https://huggingface.co/datasets/facebook/SACo-Gold",
)
LICENCE = "SAM License; the pictures have terms of their own"
PROTOCOL = (
    "pairs whose instances are all annotated, by every annotator; crowds left out; masks at full size; "
    "with several annotators the best one of each pair counts"
)

_GOLD = re.compile(r"gold_(?P<subset>.+)_merged_(?P<annotator>[a-z])(_.*)?\.json")


class SaCo(Listed):
    """The pairs that are scored, by the ids of the files.

    A sample has the `phrase` and one stack of masks an annotator, empty where that one saw no instance. The
    masks are decoded when the sample is read. `image` is None unless `images` is given: the pictures are a
    download of their own, and recorded answers are scored without them.

    Args:
        files: One annotation file an annotator, of the same pairs.
        images: Folder that the files' `file_name` starts from.

    Raises:
        DataError: A file or the folder is missing or of another format, or the files disagree on the pairs.
    """

    name = OFFICIAL.name

    def __init__(self, files: list[Path], images: str | Path | None = None) -> None:
        self.annotators = read_annotators(files)
        self.images = None if images is None else Path(images).expanduser()
        if self.images is not None and not self.images.is_dir():
            raise DataError(
                f"no folder {shown(self.images.absolute())}: images= names the folder of the pictures"
            )
        self._keys = scored_pairs(self.annotators)
        self.ids = tuple(map(str, self._keys))

    def read(self, place: int) -> Sample:
        """A pair with its masks.

        Raises:
            DataError: A mask cannot be decoded, or the picture has another size.
            ImageError: The picture is missing or damaged.
        """
        key = self._keys[place]
        pair = self.annotators[0].pairs[key]
        masks = []
        for annotator in self.annotators:
            codes = [
                {"size": [pair.height, pair.width], "counts": text} for text in annotator.masks.get(key, [])
            ]
            try:
                masks.append(masks_from_rle(codes, (pair.height, pair.width)))
            except InputError as error:
                raise DataError(f"{shown(annotator.path)}: pair {key!r}: {error}") from None
        image = None
        if self.images is not None:
            path = self._picture(pair)
            image = read_photo(path)
            if image.shape[:2] != (pair.height, pair.width):
                raise DataError(
                    f"{shown(path)} is {image.shape[0]} x {image.shape[1]} (height x width), but "
                    f"{self.annotators[0].path.name} says {pair.height} x {pair.width} of pair {key!r}"
                )
        info = {"file_name": pair.file_name, "licence": LICENCE, "source": OFFICIAL.source}
        if pair.file_name is not None:
            info["scene"] = pair.file_name
        return Sample(id=str(key), image=image, phrase=pair.phrase, masks=tuple(masks), info=info)

    def describe(self) -> dict[str, Any]:
        """Counts, licence, source and protocol."""
        positive = sum(any(key in annotator.masks for annotator in self.annotators) for key in self._keys)
        return {
            "name": self.name,
            "about": "pairs of image and noun phrase, with a mask for each instance",
            "samples": len(self),
            "samples_at_hand": len(self),
            "samples_with_instances": positive,
            "annotators": len(self.annotators),
            "licence": LICENCE,
            "source": OFFICIAL.source,
            "protocol": PROTOCOL,
        }

    def _picture(self, pair: Pair) -> Path:
        assert self.images is not None
        if pair.file_name is None:
            raise DataError(f"{shown(self.annotators[0].path)}: pair {pair.key!r} has no file_name")
        return inside(self.images, pair.file_name, self.annotators[0].path)


def load(argument: str | None = None, *, subset: str | None = None, images: str | None = None) -> SaCo:
    """Factory of `saco:FOLDER?subset=metaclip&images=FOLDER`, and of `saco:FILE` for one annotator's file.

    The subsets are metaclip, sa1b, crowded, fg_food, fg_sports_equipment, attributes and wiki_common; one
    must be named where the folder holds several.

    Raises:
        InputError: No folder or file is named, or no such subset.
        DataError: As `SaCo`, or the folder holds no annotation files.
    """
    if argument is not None and Path(argument).expanduser().is_file():
        if subset is not None:
            raise InputError(
                "subset belongs to a folder of annotation files: name the folder, or leave it out"
            )
        return SaCo([Path(argument).expanduser()], images)
    folder = OFFICIAL.folder(argument)
    subsets: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.glob("*.json")):
        if match := _GOLD.fullmatch(path.name):
            subsets[match["subset"]].append(path)
    if not subsets and subset is None and (folder / "gt.json").is_file():
        return SaCo([folder / "gt.json"], images)
    if not subsets:
        raise OFFICIAL.missing(folder, "gold_SUBSET_merged_ANNOTATOR_*.json")
    if subset is None and len(subsets) > 1:
        raise InputError(f"name one subset: saco:FOLDER?subset=NAME with {', '.join(subsets)}")
    chosen = subset if subset is not None else next(iter(subsets))
    if chosen not in subsets:
        raise InputError(f"subset of saco must be one of {', '.join(subsets)}; got {chosen!r}")
    return SaCo(subsets[chosen], images)
