"""`diode:FOLDER`: indoor and outdoor views with the depth and the normals of one laser scanner.

Vasiljevic et al., "DIODE: A Dense Indoor and Outdoor DEpth Dataset", arXiv 1908.00463, 2019; the validation
split, which is what evaluators use.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from vbanalysis.datasets._files import Official, check_option, check_shape, check_size, read_npy
from vbanalysis.datasets._normals import paper_normals
from vbanalysis.errors import DataError
from vbanalysis.geometry import Intrinsics
from vbanalysis.images import read_photo
from vbanalysis.listed import Listed
from vbanalysis.paths import shown
from vbanalysis.types import Sample

OFFICIAL = Official(
    name="diode",
    layout=(
        "val/{indoors,outdoor}/scene_*/scan_*/ with NAME.png, NAME_depth.npy, NAME_depth_mask.npy and, from "
        "the archive of normals, NAME_normal.npy"
    ),
    source="https://diode-dataset.org (val.tar.gz and val_normals.tar.gz)",
)
LICENCE = "MIT"

Split = Literal["indoors", "outdoor", "all"]

COUNTS = {"indoors": 325, "outdoor": 446, "all": 771}

INTRINSICS = Intrinsics(fx=886.81, fy=927.06, cx=512, cy=384)
"""Of every crop: `intrinsics.txt` of the official devkit."""

CAP_M = (0.6, 350.0)
"""The range of the scanner (FARO Focus S350), as Marigold has it; ZoeDepth stops at 10 m indoors and at 80 m
outdoors."""

_DEPTH, _MASK, _NORMAL = "_depth.npy", "_depth_mask.npy", "_normal.npy"


class _View(NamedTuple):
    id: str
    scan: str
    image: Path


class Diode(Listed):
    """The views of a split by their official names, such as `00019_00183_indoors_000_010`.

    Depth is NaN where the mask of the files is 0; it is taken as z, as the public evaluators take it.

    Normals come along where their archive is unpacked as well. The files are read as a camera frame of x
    right, y up and z towards the viewer, the paper's own, with (0, 0, 0) unknown: Marigold's evaluator
    compares them unturned with predictions in that frame. The publisher does not state the frame, so look at
    the first pictures before you trust a figure of normals.

    `info` holds `cap_m`, `intrinsics` and `scene` (the scan).

    Args:
        folder: That holds `val/`, or `val` itself.
        split: `indoors` (325 views), `outdoor` (446) or `all`.

    Raises:
        InputError: There is no such split.
        DataError: The folder is not there, holds nothing of the split, or a view lacks its depth or mask.
    """

    name = "diode"

    def __init__(self, folder: str | Path, *, split: Split = "indoors") -> None:
        check_option(split, "split", get_args(Split), self.name)
        self.split = split
        self.folder = OFFICIAL.folder(folder)
        root = self.folder / "val" if (self.folder / "val").is_dir() else self.folder
        parts = ("indoors", "outdoor") if split == "all" else (split,)
        self._views = [view for part in parts for view in _views(root / part)]
        if not self._views:
            raise OFFICIAL.missing(self.folder, f"val/{parts[0]}/scene_*/scan_*/*.png")
        self.ids = [view.id for view in self._views]

    def read(self, place: int) -> Sample:
        """The view at a place.

        Raises:
            DataError: An array is missing, damaged or of another size than the image.
            ImageError: The image is damaged.
        """
        view = self._views[place]
        depth_path, mask_path, normal_path = (_beside(view.image, end) for end in (_DEPTH, _MASK, _NORMAL))
        image = read_photo(view.image)
        depth = read_npy(depth_path, "f", (None, None), (None, None, 1))
        mask = read_npy(mask_path, "biuf", (None, None), (None, None, 1))
        check_size(depth_path, depth, image, view.image)
        depth = depth.reshape(depth.shape[:2])
        check_shape(mask_path, mask.reshape(mask.shape[:2]), depth.shape)
        with np.errstate(invalid="ignore"):
            known = (mask.reshape(depth.shape) != 0) & (depth > 0) & (depth < np.inf)
        normals = None
        if normal_path.is_file():
            vectors = read_npy(normal_path, "f", (None, None, 3))
            check_size(normal_path, vectors, image, view.image)
            normals = paper_normals(normal_path, vectors, "diode")
        return Sample(
            id=view.id,
            image=image,
            depth_m=np.where(known, depth, np.nan).astype(np.float32),
            normals=normals,
            info={"cap_m": CAP_M, "intrinsics": INTRINSICS, "scene": view.scan},
        )

    def describe(self) -> dict[str, Any]:
        """Counts, licence, source and protocol."""
        return {
            "name": self.name,
            "about": f"views with laser-scanned depth and normals, validation split, {self.split}",
            "samples": COUNTS[self.split],
            "samples_at_hand": len(self),
            "licence": LICENCE,
            "source": OFFICIAL.source,
            "protocol": (
                f"no crop, depth in ({CAP_M[0]:g}, {CAP_M[1]:g}] m, pixels outside the depth mask dropped; "
                "normals over all known ones"
            ),
        }


def load(argument: str | None = None, *, split: Split = "indoors") -> Diode:
    """Factory of the spec strings `diode:FOLDER`, `diode:FOLDER?split=outdoor`.

    Raises:
        InputError: No folder is named, or there is no such split.
        DataError: The folder is not there, or is incomplete.
    """
    return Diode(OFFICIAL.folder(argument), split=split)


def _views(folder: Path) -> list[_View]:
    views = []
    for image in sorted(folder.glob("scene_*/scan_*/*.png")):
        for end in (_DEPTH, _MASK):
            if not _beside(image, end).is_file():
                raise DataError(f"{shown(_beside(image, end))} does not exist beside {image.name}")
        views.append(_View(image.stem, image.parent.name, image))
    return views


def _beside(image: Path, end: str) -> Path:
    return image.with_name(image.stem + end)
