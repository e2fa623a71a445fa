"""`folder:PATH`: anyone's images with what is known of them, matched by their names.

    PATH/images/NAME.png      or .jpg, .jpeg, .webp, .tif, .tiff, .bmp; subfolders become part of the name
    PATH/depth/NAME.npy       z in metres, floats; 0 and NaN unknown, inf unbounded
    PATH/depth/NAME.png       the same in 16 bits, `scale` steps a metre; 0 unknown
    PATH/normals/NAME.npy     (H, W, 3) unit vectors in `frame`; 0 and NaN unknown
    PATH/normals/NAME.png     the same as 8-bit colours in the convention of `frame`
    PATH/classes/NAME.png     labels, and PATH/classes.txt with a name a line for the labels from 0
    PATH/masks/NAME.png       where anything is compared: not where it is 0

Only `images` must be there; a folder beside it must have a file for each image.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vbanalysis.codecs import NormalCodec
from vbanalysis.codecs.normals import AXES, convert_normals
from vbanalysis.datasets._files import (
    Official,
    check_option,
    check_size,
    read_depth_png,
    read_lines,
    read_npy,
)
from vbanalysis.datasets._normals import paper_normals
from vbanalysis.errors import DataError, InputError
from vbanalysis.images import read_labels, read_mask, read_photo, read_rgb
from vbanalysis.listed import Listed
from vbanalysis.paths import shown
from vbanalysis.types import Frame, Sample

LAYOUT = Official(
    name="folder",
    layout="images/ and beside it, for each image by its name, any of depth/, normals/, classes/ and masks/",
    source="your own pictures: the documentation of vbanalysis.datasets.folder has all file names",
)

SUFFIXES: Mapping[str, tuple[str, ...]] = {
    "images": (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"),
    "depth": (".npy", ".png"),
    "normals": (".npy", ".png"),
    "classes": (".png",),
    "masks": (".png",),
}
"""What is read, by folder."""

CLASS_LIST = "classes.txt"


class Folder(Listed):
    """The images of a folder by their names without suffix, such as `kitchen/0001`.

    Args:
        folder: The one that holds `images`.
        scale: Steps a metre of 16-bit depth, such as 1000 for millimetres or 256 as in KITTI.
        frame: Camera frame of the normals and convention of their colours, by the names of
            `vbanalysis.codecs.normals`.
        ignore: The label that is not to be scored.

    Raises:
        InputError: A setting is out of its range, or depth is in PNGs and no scale is given.
        DataError: The folder is not there, or images and truths do not match; the message names which.
    """

    name = "folder"

    def __init__(
        self,
        folder: str | Path,
        *,
        scale: float | None = None,
        frame: Frame = "paper",
        ignore: int = 255,
    ) -> None:
        if scale is not None and (
            isinstance(scale, bool)
            or not isinstance(scale, int | float)
            or not (math.isfinite(scale) and scale > 0)
        ):
            raise InputError(f"scale must be a positive number of steps a metre, got {scale!r}")
        if isinstance(ignore, bool) or not isinstance(ignore, int):
            raise InputError(f"ignore must be a label, a whole number, got {ignore!r}")
        check_option(frame, "frame", AXES, self.name)
        self.scale, self.frame, self.ignore = scale, frame, ignore
        self.folder = LAYOUT.folder(folder)
        self._files = {
            kind: _by_name(self.folder, kind) for kind in SUFFIXES if (self.folder / kind).is_dir()
        }
        images = self._files.get("images")
        if not images:
            raise LAYOUT.missing(self.folder, f"images/*{', *'.join(SUFFIXES['images'])}")
        for kind, files in self._files.items():
            _check_matched(self.folder, kind, files, images)
        if scale is None and any(
            path.suffix.lower() == ".png" for path in self._files.get("depth", {}).values()
        ):
            raise InputError(
                f"{shown(self.folder / 'depth')} holds PNGs: say how many steps a metre they have, "
                "for instance folder:PATH?scale=1000 for millimetres"
            )
        self.class_names = _class_names(self.folder) if "classes" in self._files else ()
        self.ids = sorted(images)

    def read(self, place: int) -> Sample:
        """The image at a place, with all that is known of it.

        Raises:
            DataError: A file is missing, damaged, of another kind, or of another size than its image.
            ImageError: The same of a picture.
        """
        name = self.ids[place]
        path = {kind: files[name] for kind, files in self._files.items()}
        image = read_photo(path["images"])
        known = {
            "depth": self._depth(path["depth"]) if "depth" in path else None,
            "normals": self._normals(path["normals"]) if "normals" in path else None,
            "classes": self._classes(path["classes"]) if "classes" in path else None,
            "masks": read_mask(path["masks"]) if "masks" in path else None,
        }
        for kind, array in known.items():
            if array is not None:
                check_size(path[kind], array, image, path["images"])
        return Sample(
            id=name,
            image=image,
            depth_m=known["depth"],
            normals=known["normals"],
            classes=known["classes"],
            class_names=self.class_names,
            valid=known["masks"],
        )

    def describe(self) -> dict[str, Any]:
        """Counts and source."""
        kinds = [kind for kind in self._files if kind != "images"]
        return {
            "name": self.name,
            "about": f"images with {', '.join(kinds)}" if kinds else "images",
            "samples": len(self),
            "samples_at_hand": len(self),
            "licence": "the user's own",
            "source": shown(self.folder),
            "protocol": "compared inside masks/" if "masks" in self._files else "compared everywhere",
        }

    def _depth(self, path: Path) -> np.ndarray:
        if path.suffix.lower() == ".png":
            assert self.scale is not None  # checked when the files were listed
            return read_depth_png(path, self.scale)
        depth = read_npy(path, "f", (None, None), (None, None, 1))
        depth = depth.reshape(depth.shape[:2])
        with np.errstate(over="ignore", invalid="ignore"):
            negative = int(np.count_nonzero(depth < 0))
            depth_m = depth.astype(np.float32)
        if negative:
            raise DataError(
                f"{shown(path)} holds {negative:,} negative depths: z in metres is expected, "
                "unknown ones as NaN or 0"
            )
        depth_m[depth_m == 0] = np.nan
        return depth_m

    def _normals(self, path: Path) -> np.ndarray:
        if path.suffix.lower() == ".png":
            decoded = NormalCodec(self.frame).decode(read_rgb(path))
            return np.asarray(convert_normals(decoded.normals, self.frame, "paper"))
        return paper_normals(path, read_npy(path, "f", (None, None, 3)), self.frame)

    def _classes(self, path: Path) -> np.ndarray:
        labels = read_labels(path).astype(np.int32)
        labels[labels == self.ignore] = -1
        if labels.max() >= len(self.class_names):
            raise DataError(
                f"{shown(path)} holds the label {labels.max()}, but {CLASS_LIST} names "
                f"{len(self.class_names)} classes (labels from 0): add names, or say with ignore= which "
                "label is not to be scored"
            )
        return labels


def load(
    argument: str | None = None,
    *,
    scale: float | None = None,
    frame: Frame = "paper",
    ignore: int = 255,
) -> Folder:
    """Factory of the spec strings `folder:PATH`, `folder:PATH?scale=1000`, `folder:PATH?frame=opencv`.

    Raises:
        InputError: No folder is named, or a setting is out of its range.
        DataError: The folder is not there, or images and truths do not match.
    """
    return Folder(LAYOUT.folder(argument), scale=scale, frame=frame, ignore=ignore)


def _by_name(folder: Path, kind: str) -> dict[str, Path]:
    """The files of a kind by their names: the path below its folder without the suffix."""
    found: dict[str, Path] = {}
    for path in sorted((folder / kind).rglob("*")):
        below = path.relative_to(folder / kind)
        if path.suffix.lower() not in SUFFIXES[kind] or any(part.startswith(".") for part in below.parts):
            continue
        name = below.with_suffix("").as_posix()
        if name in found:
            raise DataError(
                f"{shown(found[name])} and {shown(path)} have one name: keep one of the two, for files are "
                "matched by their names without suffix"
            )
        found[name] = path
    return found


def _check_matched(folder: Path, kind: str, files: Mapping[str, Path], images: Mapping[str, Path]) -> None:
    """Hold a kind of truth to the very names of the images."""
    for have, named, lack, there in ((images, "images", kind, files), (files, kind, "images", images)):
        unmatched = sorted(have.keys() - there.keys())
        if unmatched:
            raise DataError(
                f"{shown(folder)}: {len(unmatched)} names of {named}/ are not in {lack}/, such as "
                f"{unmatched[0]!r} (read there: {', '.join(SUFFIXES[lack])}): add the files, or move the "
                "others away"
            )


def _class_names(folder: Path) -> tuple[str, ...]:
    path = folder / CLASS_LIST
    if not path.is_file():
        raise DataError(f"{shown(path)} does not exist: name the classes of classes/ there, one a line")
    names = read_lines(path)
    lines = path.read_text(encoding="utf-8-sig").strip().splitlines()
    if len(names) != len(lines):
        raise DataError(f"{shown(path)} has an empty line: the line tells the label, so no line may be empty")
    if not names or len(set(names)) != len(names):
        raise DataError(f"{shown(path)} names no class, or one of them twice: write each name on one line")
    return tuple(names)
