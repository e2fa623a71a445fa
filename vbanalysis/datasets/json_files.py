"""Annotation files in JSON, read into a typed form: what has another form is an error with its place."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeVar

import msgspec

from vbanalysis.datasets._files import reading, require_file
from vbanalysis.errors import DataError
from vbanalysis.paths import shown

T = TypeVar("T")


def read_json(path: Path, form: type[T], encodings: tuple[str, ...] = ("utf-8",)) -> T:
    """What a JSON file holds; of its objects, only the fields that the form names are kept.

    Args:
        path: The file.
        form: What is expected, in the types of msgspec.
        encodings: Of its text, tried in turn.

    Raises:
        DataError: It is missing, in none of these encodings, no JSON or of another form.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "scores.json"
        >>> _ = path.write_text('{"scores": [0.5, "high"]}')
        >>> read_json(path, dict[str, list[float]])
        Traceback (most recent call last):
        vbanalysis.errors.DataError: ...scores.json: Expected `float`, got `str` - at `$[...][1]`: ...
    """
    require_file(path)
    data = reading(path, path.read_bytes)
    fault: Exception | None = None
    for encoding in encodings:
        try:
            text = data if encoding == "utf-8" else data.decode(encoding).encode()
            return msgspec.json.decode(text, type=form)
        except msgspec.ValidationError as error:
            raise DataError(f"{shown(path)}: {error}: it is of another format, or damaged") from None
        except (ValueError, RecursionError) as error:  # of the JSON, or of its encoding
            fault = fault or error
    cause = re.sub(r"\s+", " ", str(fault))
    raise DataError(f"{shown(path)} is no JSON, or truncated ({cause[:160]}): fetch or export it again")
