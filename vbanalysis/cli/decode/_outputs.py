"""The files that `decode` writes; the suffix says which kind.

.npy         the values as they are: float32, or int32 labels
.tif .tiff   float32, or labels in 16 bits with 65535 for -1
.png         a preview for the eye
.json        masks: COCO's compressed run-length code, one entry a class or an instance
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from vbanalysis.cli._options import UNNAMED_IN_16_BITS
from vbanalysis.errors import InputError
from vbanalysis.paths import replacing, shown

if TYPE_CHECKING:
    import numpy as np


class Mask(NamedTuple):
    """What is known of one class or instance beside its pixels."""

    label: int
    name: str
    colour: Sequence[int]


class Decoded(NamedTuple):
    """What can be written of a decoded picture."""

    values: np.ndarray
    preview: Callable[[], np.ndarray]
    masks: Sequence[Mask] | None = None
    prompt: str | None = None


def check_outputs(outs: Sequence[Path], image: Path, *, masks: bool) -> None:
    """Refuse what could not be written, before time is spent on decoding.

    Raises:
        InputError: An unknown suffix, or the picture itself would be overwritten.
    """
    suffixes = (".npy", ".tif", ".tiff", ".png", *([".json"] if masks else []))
    for out in outs:
        if out.suffix.lower() not in suffixes:
            masks_only = " holds masks and" if out.suffix.lower() == ".json" else ""
            raise InputError(
                f"-o {shown(out)}: {out.suffix or 'no suffix'}{masks_only} is not written here, "
                f"use {', '.join(suffixes[:-1])} or {suffixes[-1]}"
            )
        if out.exists() and image.exists() and out.samefile(image):
            raise InputError(f"-o {shown(out)} is the picture itself: give another name")


def write(outs: Sequence[Path], decoded: Decoded, image: Path) -> list[str]:
    """Write each file, whole or not at all, and return a line about each."""
    from vbanalysis.images import write_array, write_png

    lines = []
    for out in outs:
        remark = ""
        match out.suffix.lower():
            case ".png":
                write_png(out, decoded.preview())
                remark = " (a preview for the eye, no measurement)"
            case ".json":
                _write_json(out, decoded, image)
            case ".npy":
                write_array(out, decoded.values)
            case _:
                values, remark = _unsigned(decoded.values)
                write_array(out, values)
        lines.append(f"wrote {shown(out)}{remark}")
    return lines


def _unsigned(values: np.ndarray) -> tuple[np.ndarray, str]:
    import numpy as np

    if values.dtype.kind == "f":
        return values, ""
    if values.max(initial=0) >= UNNAMED_IN_16_BITS:
        raise InputError(f"{int(values.max())} labels do not fit into 16 bits: write .npy")
    remark = f" (-1 stored as {UNNAMED_IN_16_BITS})" if (values < 0).any() else ""
    return np.where(values < 0, UNNAMED_IN_16_BITS, values).astype(np.uint16), remark


def _write_json(out: Path, decoded: Decoded, image: Path) -> None:
    import numpy as np

    from vbanalysis.codecs import to_rle
    from vbanalysis.types import InstanceResult

    masks = decoded.masks or ()
    # The run-length coder numbers from 1 what is numbered from 0 where it is a class.
    first = masks[0].label if masks else 1
    numbered = np.where(decoded.values < first, 0, decoded.values - first + 1)
    areas = np.bincount(numbered.ravel(), minlength=len(masks) + 1)[1:]
    codes = to_rle(InstanceResult(numbered, None, areas, None))
    entries = [
        {
            "label": mask.label,
            "name": mask.name,
            "colour": [int(level) for level in mask.colour],
            "area": int(area),
            "bbox": _box(numbered == index),
            "segmentation": code,
        }
        for index, (mask, area, code) in enumerate(zip(masks, areas, codes, strict=True), start=1)
    ]
    height, width = decoded.values.shape
    about = {"image": image.name, "prompt": decoded.prompt, "height": height, "width": width}
    text = json.dumps({**about, "masks": entries})
    with replacing(out) as file:
        file.write(text.encode() + b"\n")


def _box(mask: np.ndarray) -> list[int]:
    """COCO's box of a mask: x, y, width, height; zeros where it is empty."""
    import numpy as np

    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return [0, 0, 0, 0]
    x, y = int(columns[0]), int(rows[0])
    return [x, y, int(columns[-1]) - x + 1, int(rows[-1]) - y + 1]
