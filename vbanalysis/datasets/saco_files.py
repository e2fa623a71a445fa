"""Annotation files of SA-Co: pairs of image and noun phrase, and the masks that an annotator gave to each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec

from vbanalysis.codecs.polygons import coco_mask
from vbanalysis.codecs.rle import compressed, runs_of
from vbanalysis.datasets.json_files import read_json
from vbanalysis.errors import DataError, InputError
from vbanalysis.images import MAX_PIXELS
from vbanalysis.paths import shown

Key = int | str
"""What a file calls a pair."""

_Side = Annotated[int, msgspec.Meta(ge=1, le=MAX_PIXELS)]


class Code(msgspec.Struct, gc=False):
    """A mask in COCO's run-length code, as text or as lengths of runs."""

    size: tuple[int, int]
    counts: str | list[int]


class Pair(
    msgspec.Struct,
    gc=False,
    frozen=True,
    rename={"key": "id", "phrase": "text_input", "exhaustive": "is_instance_exhaustive"},
):
    """A picture and a noun phrase.

    Attributes:
        key: The file's id of it.
        phrase: The noun phrase.
        height: Of the picture, pixels.
        width: Of the picture, pixels.
        exhaustive: Whether each instance of the phrase is annotated; other pairs are not scored.
        file_name: The picture's path, if the file says.
    """

    key: Key
    phrase: str
    height: _Side
    width: _Side
    exhaustive: bool | int
    file_name: str | None = None


class MaskEntry(msgspec.Struct, gc=False):
    """A mask of a pair, true or predicted; polygons may stand in place of the code."""

    image_id: Key
    segmentation: Code | list[Any]
    category_id: Key | None = None
    iscrowd: bool | int = 0


Entry = TypeVar("Entry", bound=MaskEntry)


class _Category(msgspec.Struct):
    id: Key


class _File(msgspec.Struct):
    images: list[Pair]
    annotations: list[MaskEntry]
    categories: list[_Category]


class Annotations(NamedTuple):
    """What one annotator said.

    Attributes:
        path: The file.
        pairs: By their key, in the order of the file.
        masks: The compressed run-length code of the masks of each pair that has any, crowds left out. The
            text has yet to be read.
        categories: The ids of the categories that the file declares.
    """

    path: Path
    pairs: dict[Key, Pair]
    masks: dict[Key, list[str]]
    categories: frozenset[Key]


def read_annotations(path: Path) -> Annotations:
    """One annotator's file.

    Raises:
        DataError: It is missing, no JSON or of another format; the message names the entry.
    """
    content = read_json(path, _File)
    pairs: dict[Key, Pair] = {}
    for place, pair in enumerate(content.images):
        if pair.key in pairs:
            raise DataError(f"{shown(path)}: images[{place}] has the id {pair.key!r}, which came before")
        if pair.height * pair.width > MAX_PIXELS:
            raise DataError(
                f"{shown(path)}: images[{place}] claims {pair.height:,} x {pair.width:,} pixels, over the "
                f"limit of {MAX_PIXELS:,}"
            )
        pairs[pair.key] = pair
    categories = frozenset(category.id for category in content.categories)
    masks = masks_of_pairs(
        path, "annotations", content.annotations, pairs, categories, kept=lambda entry: not entry.iscrowd
    )
    return Annotations(path, pairs, masks, categories)


def read_annotators(files: Sequence[Path]) -> list[Annotations]:
    """The files of several annotators of the same pairs.

    Raises:
        DataError: One is missing or of another format, or lacks a pair of the first, or means another one by
            its id.
    """
    first, *others = (read_annotations(file) for file in files)
    for other in others:
        for key, pair in first.pairs.items():
            same = other.pairs.get(key)
            if same is None:
                raise DataError(
                    f"{shown(other.path)} lacks the pair {key!r} of {shown(first.path)}: "
                    "give annotators of the same pairs"
                )
            if _meant(same) != _meant(pair):
                raise DataError(
                    f"{shown(other.path)} has {_meant(same)} as pair {key!r}, {shown(first.path)} has "
                    f"{_meant(pair)}: give annotators of the same pairs"
                )
    return [first, *others]


def scored_pairs(annotators: Sequence[Annotations]) -> list[Key]:
    """The pairs of which every annotator says that all instances are annotated."""
    return [key for key in annotators[0].pairs if all(other.pairs[key].exhaustive for other in annotators)]


def masks_of_pairs(
    path: Path,
    listed: str,
    entries: Sequence[Entry],
    pairs: dict[Key, Pair],
    categories: frozenset[Key],
    kept: Callable[[Entry], bool],
) -> dict[Key, list[str]]:
    """The masks of a file by pair, each held to the size of the pair's picture.

    Args:
        path: The file.
        listed: What the file calls the list that holds the entries.
        entries: Of the file.
        pairs: That they may belong to.
        categories: That they may have; the official evaluator drops others silently.
        kept: Which of them count; their masks are taken up.

    Raises:
        DataError: An entry belongs to no pair, has another category, or codes no mask of its picture.
    """
    masks: dict[Key, list[str]] = {}
    for place, entry in enumerate(entries):
        pair = pairs.get(entry.image_id)
        if pair is None:
            raise DataError(
                f"{shown(path)}: {listed}[{place}] belongs to the pair {entry.image_id!r}, "
                "which is none of the ground truth's images"
            )
        if entry.category_id is not None and entry.category_id not in categories:
            raise DataError(
                f"{shown(path)}: {listed}[{place}] has the category {entry.category_id!r}, but the ground "
                f"truth declares {sorted(categories, key=str)}; the official evaluator would drop it unsaid"
            )
        if kept(entry):
            code = entry.segmentation
            if type(code) is not Code or type(code.counts) is not str:
                code = _text(path, f"{listed}[{place}]", code, pair)
            if code.size != (pair.height, pair.width):
                raise DataError(
                    f"{shown(path)}: {listed}[{place}] codes a mask of {code.size}, but the picture of pair "
                    f"{pair.key!r} is {(pair.height, pair.width)} (height, width)"
                )
            masks.setdefault(entry.image_id, []).append(code.counts)  # type: ignore[arg-type]
    return masks


def _text(path: Path, where: str, code: Code | list[Any], pair: Pair) -> Code:
    """A mask given by lengths of runs or by polygons, as text."""
    try:
        size = list(code.size) if isinstance(code, Code) else [pair.height, pair.width]
        counts = (
            code.counts if isinstance(code, Code) else runs_of(coco_mask(code, (pair.height, pair.width)))
        )
        text = compressed({"size": size, "counts": counts}, f"{where}.segmentation")
    except InputError as error:
        raise DataError(f"{shown(path)}: {error}") from None
    return Code((text["size"][0], text["size"][1]), text["counts"])


def _meant(pair: Pair) -> tuple[str, int, int]:
    return " ".join(pair.phrase.split()).casefold(), pair.height, pair.width
