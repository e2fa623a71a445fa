"""What a model file does not say of itself: a small YAML card beside it.

The card of `my.onnx` is `my.onnx.yaml` or `my.yaml`; `data/models/` holds those of the models that the
project knows. For a network that gives the classes of a street at 513 x 513 pixels:

    about: street scenes, 19 classes
    licence: Apache-2.0
    source: https://example.org/model
    input: {layout: NHWC, size: [513, 513], divide_by: 127.5, mean: 1}
    output: {kind: semantic, form: labels, classes: [road, sidewalk], synonyms: {sidewalk: [pavement]}}
"""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from vbanalysis.errors import DataError
from vbanalysis.paths import shown
from vbanalysis.types import Frame

C = TypeVar("C", bound="FileCard")

Layout = Literal["NCHW", "NHWC"]
Side = Annotated[int, Field(ge=1, le=16384)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]

_LARGEST = 1_000_000
"""Bytes of a card; what is larger is none."""


def same_words(text: str) -> str:
    """A name or phrase as it is compared: small letters, single spaces, no article before, no stop behind.

    >>> same_words("The  Person.")
    'person'
    """
    words = text.casefold().strip().rstrip(".").split()
    return " ".join(words[1:] if len(words) > 1 and words[0] in ("a", "an", "the") else words)


def _distinct(names: list[str]) -> list[str]:
    twice = sorted(
        {name for name in names if [same_words(other) for other in names].count(same_words(name)) > 1}
    )
    if twice:
        raise ValueError(f"listed twice: {', '.join(twice)}")
    return names


def _for_each_channel(value: Any) -> Any:
    return [value] * 3 if isinstance(value, int | float) else value


Names = Annotated[list[Text], Field(min_length=1, max_length=10_000), AfterValidator(_distinct)]


class Strict(BaseModel):
    """A part of a card: no unknown keys, no guessed types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class InputCard(Strict):
    """How a picture becomes the input: resized, then (value / divide_by - mean) / std a channel.

    Where the model's input is quantised, those numbers are quantised by its own parameters.

    Attributes:
        layout: Of the tensor.
        channels: Their order.
        size: Height and width that every picture is stretched to; this or `multiple_of`.
        multiple_of: Both sides are brought to a multiple of it, near the picture's own shape.
        longest: With `multiple_of`, what the longer side is brought to first; the picture's own unless given.
        resample: One of Pillow's filters, which do not alias.
        divide_by: 255 brings values to [0, 1]; `max` is the picture's own largest value.
        mean: One number, or one a channel in the order of `channels`.
        std: The same.
    """

    layout: Layout
    channels: Literal["RGB", "BGR"] = "RGB"
    size: Annotated[list[Side], Field(min_length=2, max_length=2)] | None = None
    multiple_of: Side | None = None
    longest: Side | None = None
    resample: Literal["nearest", "area", "bilinear", "bicubic", "lanczos"] = "bilinear"
    divide_by: Positive | Literal["max"] = 255.0
    mean: Annotated[list[Finite], Field(min_length=3, max_length=3), BeforeValidator(_for_each_channel)] = [
        0.0
    ] * 3
    std: Annotated[list[Positive], Field(min_length=3, max_length=3), BeforeValidator(_for_each_channel)] = [
        1.0
    ] * 3

    @model_validator(mode="after")
    def _one_size(self) -> InputCard:
        if (self.size is None) == (self.multiple_of is None):
            raise ValueError("give either size: [HEIGHT, WIDTH] or multiple_of: PIXELS")
        if self.longest is not None and self.multiple_of is None:
            raise ValueError("longest goes with multiple_of, not with size")
        return self


class _OutputCard(Strict):
    """Which output of the network, and its layout where that is not the input's."""

    name: Text | None = None
    layout: Layout | None = None


class DepthCard(_OutputCard):
    """One plane of depth, or of disparity where `invariance` says so.

    Attributes:
        invariance: What is not known of it, as in `vbanalysis.models.Invariance`.
        metres_per_unit: Of a depth that is known in full.
    """

    kind: Literal["depth"]
    invariance: Literal["none", "scale", "affine", "disparity"]
    metres_per_unit: Positive = 1.0


class NormalsCard(_OutputCard):
    """Three planes x, y, z in a camera frame that has a name here; their length need not be 1."""

    kind: Literal["normals"]
    frame: Frame


class SemanticCard(_OutputCard):
    """One plane of class numbers, or a plane of logits a class.

    Attributes:
        form: Which of the two.
        classes: By their number.
        synonyms: Other names of a class, by its name.
    """

    kind: Literal["semantic"]
    form: Literal["labels", "logits"]
    classes: Names
    synonyms: dict[str, list[Text]] = {}

    @model_validator(mode="after")
    def _synonyms_of_classes(self) -> SemanticCard:
        unknown = sorted(self.synonyms.keys() - set(self.classes))
        if unknown:
            raise ValueError(f"synonyms of no class: {', '.join(unknown)}")
        return self


class MaskCard(_OutputCard):
    """How much each pixel belongs to the one thing that the network marks.

    Attributes:
        phrases: That mean this thing.
        activation: What makes a share in [0, 1] of the output: nothing, a sigmoid, or stretching it
            from its least to its largest value.
        threshold: A pixel above it belongs.
        channel: Of the output, from 0.
    """

    kind: Literal["mask"]
    phrases: Names
    activation: Literal["none", "sigmoid", "min-max"] = "none"
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.5
    channel: Annotated[int, Field(ge=0)] = 0


class FileCard(Strict):
    """A model file, described.

    Attributes:
        about: In a line.
        licence: Of the weights.
        source: Where they come from.
        parameters: Their number, if it is known.
        input: How a picture becomes the input.
        output: What the output means.
    """

    about: Text
    licence: Text = "not stated in the card"
    source: Text = "not stated in the card"
    parameters: Annotated[int, Field(ge=0)] | None = None
    input: InputCard
    output: Annotated[DepthCard | NormalsCard | SemanticCard | MaskCard, Field(discriminator="kind")]


def find_card(model: Path) -> Path:
    """The card beside a model file.

    Raises:
        DataError: There is none.
    """
    places = (model.with_name(f"{model.name}.yaml"), model.with_suffix(".yaml"))
    for place in places:
        if place.is_file():
            return place
    raise DataError(
        f"{shown(model)} has no card that says what goes in and comes out: write {places[0].name} beside "
        "it, or name one with the option card=FILE (data/models/ of vbanalysis holds some to copy)"
    )


def read_card(path: Path, schema: type[C]) -> C:
    """Read a card.

    Raises:
        DataError: It cannot be read, or a key is missing, unknown or wrong; the message names the key.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise DataError(f"{shown(path)} is no card of a model: it is larger than {_LARGEST // 1000} kB")
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        if isinstance(error, DataError):
            raise
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"{shown(path)} cannot be read as a card in YAML: {reason}") from error
    if not isinstance(values, dict):
        raise DataError(f"{shown(path)} is no card of a model: expected keys such as 'input' and 'output'")
    try:
        return schema.model_validate(values)
    except ValidationError as error:
        raise DataError(f"{shown(path)}: {_fault(error, values)}") from None


def _fault(error: ValidationError, values: Mapping[str, Any]) -> str:
    """The first fault: its key, what is wrong with it, what came."""
    first = error.errors(include_url=False)[0]
    place = _place(first["loc"], values, missing=first["type"] in ("missing", "union_tag_not_found"))
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "missing":
        return f"the key {place!r} is missing"
    if first["type"] == "union_tag_not_found":
        return f"the key '{place}.kind' is missing: depth, normals, semantic or mask"
    if first["type"] == "extra_forbidden":
        near = get_close_matches(str(first["loc"][-1]), _keys(), n=1)
        return f"there is no key {place!r}" + (f", did you mean {near[0]!r}?" if near else "")
    came = "" if first["type"] == "value_error" else f", got {reprlib.repr(first['input'])}"
    return f"{place}: {message}{came}"


def _place(parts: Sequence[int | str], values: Any, missing: bool) -> str:
    """The key's path; the names of alternatives that pydantic puts between are left out."""
    kept = []
    for number, part in enumerate(parts, start=1):
        here = isinstance(values, dict) and part in values
        if here or (isinstance(values, list) and isinstance(part, int) and part < len(values)):
            values = values[part]
        elif not (missing and number == len(parts)):
            continue
        kept.append(str(part))
    return ".".join(kept)


def _keys() -> list[str]:
    cards = (FileCard, InputCard, DepthCard, NormalsCard, SemanticCard, MaskCard)
    return sorted({key for card in cards for key in card.model_fields})
