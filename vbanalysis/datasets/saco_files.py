"""Annotation files of SA-Co: pairs of image and noun phrase, and the masks that an annotator gave to each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from vbanalysis.codecs.polygons import coco_mask
from vbanalysis.codecs.rle import compressed
from vbanalysis.datasets._json import fault_of, read_entries, read_json
from vbanalysis.errors import DataError, InputError
from vbanalysis.images import MAX_PIXELS
from vbanalysis.paths import shown

Key = int | str
"""What a file calls a pair."""

_PAIR = ("id", "text_input", "height", "width", "is_instance_exhaustive")
_ANNOTATION = ("image_id", "segmentation")
_NONE = object()


class Pair(NamedTuple):
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
    height: int
    width: int
    exhaustive: bool
    file_name: str | None


class Annotations(NamedTuple):
    """What one annotator said.

    Attributes:
        path: The file.
        pairs: By their key, in the order of the file.
        masks: The run-length codes of each pair that has any, crowds left out; each is of the pair's size,
            and its text has yet to be read.
        categories: The ids of the categories that the file declares.
    """

    path: Path
    pairs: dict[Key, Pair]
    masks: dict[Key, list[Any]]
    categories: frozenset[Any]


def read_annotations(path: Path) -> Annotations:
    """One annotator's file.

    Raises:
        DataError: It is missing, no JSON or of another format; the message names the entry.
    """
    document = read_json(path)
    pairs: dict[Key, Pair] = {}
    for place, entry in enumerate(read_entries(path, document, "images")):
        pair = _pair(path, place, entry)
        if pair.key in pairs:
            raise DataError(f"{shown(path)}: images[{place}] has the id {pair.key!r}, which came before")
        pairs[pair.key] = pair
    categories = frozenset(
        entry.get("id") if isinstance(entry, dict) else None
        for entry in read_entries(path, document, "categories")
    )
    entries = read_entries(path, document, "annotations")
    return Annotations(path, pairs, _masks(path, entries, pairs, categories), categories)


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


def _meant(pair: Pair) -> tuple[str, int, int]:
    return " ".join(pair.phrase.split()).casefold(), pair.height, pair.width


def _masks(
    path: Path, entries: list[Any], pairs: dict[Key, Pair], categories: frozenset[Any]
) -> dict[Key, list[Any]]:
    masks: dict[Key, list[Any]] = {}
    for place, entry in enumerate(entries):
        try:
            key, _, crowd = entry["image_id"], entry["segmentation"], entry.get("iscrowd", 0)
            pair = pairs[key]
        except (KeyError, TypeError, AttributeError):
            raise fault_of_mask(path, f"annotations[{place}]", entry, _ANNOTATION) from None
        if not crowd:
            masks.setdefault(key, []).append(
                checked_code(path, "annotations", place, entry, pair, categories)
            )
    return masks


def checked_code(
    path: Path, listed: str, place: int, entry: dict[str, Any], pair: Pair, categories: frozenset[Any]
) -> Any:
    """The run-length code of an entry that belongs to a pair, held to the size of the pair's picture.

    Polygons are painted first. A category, if there is one, must be among those declared: the official
    evaluator drops others silently.

    Args:
        path: The file.
        listed: What the file calls the list that holds the entry.
        place: Of the entry in it.
        entry: With a `segmentation`.
        pair: That it belongs to.
        categories: Declared by the ground truth.

    Raises:
        DataError: It is no code, of another size, or of a category that is not declared.
    """
    code, category = entry["segmentation"], entry.get("category_id", _NONE)
    if type(category) in (int, str) and category not in categories:
        raise DataError(
            f"{shown(path)}: {listed}[{place}] has the category {category!r}, but the ground truth declares "
            f"{sorted(categories, key=str)}; the official evaluator would drop it without a word"
        )
    size = [pair.height, pair.width]
    # Nearly all are text of the right size, and there are many of them.
    if type(code) is dict and type(code.get("counts")) is str and code.get("size") == size:
        return code
    try:
        code = _painted(code, pair) if isinstance(code, list) else code
        code = compressed(code, f"{listed}[{place}].segmentation")
    except InputError as error:
        raise DataError(f"{shown(path)}: {error}") from None
    if code["size"] != size:
        raise DataError(
            f"{shown(path)}: {listed}[{place}] codes a mask of {code['size']}, but the picture of pair "
            f"{pair.key!r} is {size} (height, width)"
        )
    return code


def fault_of_mask(path: Path, where: str, entry: Any, keys: tuple[str, ...]) -> DataError:
    """The error, to be raised, that an entry lacks keys or belongs to no pair."""
    if isinstance(entry, dict) and set(keys) <= entry.keys():
        return DataError(
            f"{shown(path)}: {where} belongs to the pair {entry['image_id']!r}, which is none of the ground "
            "truth's images"
        )
    return fault_of(path, where, entry, keys)


def _painted(polygons: list[Any], pair: Pair) -> dict[str, Any]:
    import numpy as np

    column_major = coco_mask(polygons, (pair.height, pair.width)).T.ravel()
    turns = np.flatnonzero(np.diff(column_major.astype(np.int8), prepend=0))
    counts = np.diff(turns, prepend=0, append=column_major.size)
    return {"size": [pair.height, pair.width], "counts": counts.tolist()}


def _pair(path: Path, place: int, entry: Any) -> Pair:
    try:
        key, phrase, height, width, exhaustive = (entry[key] for key in _PAIR)
        name = entry.get("file_name")
    except (KeyError, TypeError, AttributeError):
        raise fault_of(path, f"images[{place}]", entry, _PAIR) from None
    good = (
        isinstance(key, int | str)
        and isinstance(phrase, str)
        and type(height) is type(width) is int
        and height > 0 < width
        and height * width <= MAX_PIXELS
        and isinstance(exhaustive, int)
        and isinstance(name, str | None)
    )
    if not good:
        raise fault_of(path, f"images[{place}]", entry, _PAIR)
    return Pair(key, phrase, height, width, bool(exhaustive), name)
