"""`ibims1:FOLDER`: indoor scenes with the depth of a laser scanner, made to look at edges and planes.

Koch et al., "Evaluation of CNN-based Single-Image Depth Estimation Methods", ECCV Workshops 2018. Both
official layouts are read, the `.mat` files and the PNGs; what they mean is that of the official evaluator.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from vbanalysis.datasets._files import (
    Official,
    check_array,
    check_option,
    check_shape,
    inside,
    read_depth_png,
    read_lines,
    reading,
)
from vbanalysis.datasets._mat import read_mat
from vbanalysis.errors import DataError
from vbanalysis.geometry import Intrinsics
from vbanalysis.images import read_labels, read_mask, read_photo
from vbanalysis.listed import Listed
from vbanalysis.metrics.crops import NYU_SHAPE, crop_mask
from vbanalysis.paths import shown
from vbanalysis.types import Sample

OFFICIAL = Official(
    name="ibims1",
    layout=(
        "imagelist.txt and ibims1_core_mat/NAME.mat, or ibims1_core_raw/ with rgb/, depth/, mask_invalid/, "
        "mask_transp/ (NAME.png) and calib/ (NAME.txt)"
    ),
    source="https://www.asg.ed.tum.de/lmf/ibims1/ and https://mediatum.ub.tum.de/1455541",
)
LICENCE = "CC BY-SA 4.0"
COUNT = 100

Protocol = Literal["official", "eigen"]

CAPS_M = {"official": (1e-3, 50.0), "eigen": (1e-3, 10.0)}
"""Depths that count: the files reach to 50 m; ZoeDepth takes what lies within 10 m of the Eigen crop."""

PLANES = ("wall", "table", "floor")

_LIST = "imagelist.txt"
_PER_METRE = 65535 / 50


class _Scene(NamedTuple):
    """What one scene's files hold, in either layout."""

    image: np.ndarray
    depth_m: np.ndarray
    intrinsics: Intrinsics
    edges: np.ndarray | None
    planes: dict[str, np.ndarray]


class Ibims1(Listed):
    """The scenes by their official names, such as `corridor_01`.

    Depth is NaN where the scanner saw nothing and where the masks of invalid and of transparent pixels say
    so (the files mark what is usable by 1 in both). `info` holds `cap_m`, `intrinsics`, and where they are at
    hand `edges`, (480, 640) bool, the annotated depth edges, and `planes`: by name of `PLANES` the
    (480, 640) uint8 labels of planar regions, 0 for none.

    Args:
        folder: With the files of one of the two layouts; the `.mat` files are taken where both are there.
        protocol: `official` compares all known depth; `eigen` the Eigen crop of NYUv2 up to 10 m, as in
            ZoeDepth.

    Raises:
        InputError: An option has no such value.
        DataError: The folder is not there, is incomplete or damaged.
    """

    name = "ibims1"

    def __init__(self, folder: str | Path, *, protocol: Protocol = "official") -> None:
        check_option(protocol, "protocol", get_args(Protocol), self.name)
        self.protocol = protocol
        self.folder = OFFICIAL.folder(folder)
        mats = [place for place in (self.folder / "ibims1_core_mat", self.folder) if any(place.glob("*.mat"))]
        raws = [place for place in (self.folder / "ibims1_core_raw", self.folder) if (place / "rgb").is_dir()]
        if not mats and not raws:
            raise OFFICIAL.missing(self.folder, "ibims1_core_mat/*.mat and no ibims1_core_raw/rgb")
        self._read = _from_mat if mats else _from_pngs
        self._root = (mats or raws)[0]
        pattern = "{}.mat" if mats else "rgb/{}.png"
        self.ids = _names(self.folder, self._root, pattern)

    def read(self, place: int) -> Sample:
        """The scene at a place.

        Raises:
            DataError: Its files are missing, damaged or of another size.
            ImageError: The same of a picture.
        """
        scene = self._read(self._root, self.ids[place])
        return Sample(
            id=self.ids[place],
            image=scene.image,
            depth_m=scene.depth_m,
            valid=crop_mask("nyu_eigen", NYU_SHAPE) if self.protocol == "eigen" else None,
            info={
                "cap_m": CAPS_M[self.protocol],
                "intrinsics": scene.intrinsics,
                **({} if scene.edges is None else {"edges": scene.edges}),
                **({"planes": scene.planes} if scene.planes else {}),
            },
        )

    def describe(self) -> dict[str, Any]:
        """Counts, licence, source and protocol."""
        low, high = CAPS_M[self.protocol]
        crop = "Eigen crop (rows 45:471, columns 41:601)" if self.protocol == "eigen" else "no crop"
        return {
            "name": self.name,
            "about": "indoor scenes with laser-scanned depth, annotated edges and planes",
            "samples": COUNT,
            "samples_at_hand": len(self),
            "licence": LICENCE,
            "source": OFFICIAL.source,
            "protocol": f"{crop}, depth in ({low:g}, {high:g}] m, invalid and transparent pixels dropped",
        }


def load(argument: str | None = None, *, protocol: Protocol = "official") -> Ibims1:
    """Factory of the spec strings `ibims1:FOLDER`, `ibims1:FOLDER?protocol=eigen`.

    Raises:
        InputError: No folder is named, or the protocol is unknown.
        DataError: The folder is not there, is incomplete or damaged.
    """
    return Ibims1(OFFICIAL.folder(argument), protocol=protocol)


def _names(folder: Path, root: Path, pattern: str) -> list[str]:
    """The names of `imagelist.txt`, each with its file; without the list, those of all files."""
    lists = [place / _LIST for place in (folder, root) if (place / _LIST).is_file()]
    if not lists:
        return sorted(path.stem for path in root.glob(pattern.format("*")))
    names = read_lines(lists[0])
    missing = [name for name in names if not inside(root, pattern.format(name), lists[0]).is_file()]
    if missing or not names:
        what = f"{pattern.format(missing[0])} (of the files in {_LIST}, {len(missing)} are missing)"
        raise OFFICIAL.missing(root, what if missing else f"name in {_LIST}")
    return names


def _from_mat(root: Path, name: str) -> _Scene:
    path = root / f"{name}.mat"
    data = read_mat(path, "data")["data"]
    if not isinstance(data, dict):
        raise DataError(f"{shown(path)} holds no struct in 'data': it is another file")

    def array(field: str, kinds: str, shape: tuple[int, ...]) -> np.ndarray:
        if field not in data:
            raise DataError(f"{shown(path)} holds no {field!r} in its struct: it is another file, or damaged")
        found = np.asarray(data[field])
        check_array(path, found, kinds, shape)
        return found

    def scene() -> _Scene:
        image = array("rgb", "u", (*NYU_SHAPE, 3))
        if image.dtype != np.uint8:
            raise DataError(f"{shown(path)} holds an image of {image.dtype}, expected uint8")
        usable = [array(mask, "biuf", NYU_SHAPE) != 0 for mask in ("mask_invalid", "mask_transp")]
        # MATLAB writes the matrix for row vectors: its last row is cx, cy, 1.
        matrix = array("calib", "f", (3, 3)).astype(np.float64)
        return _Scene(
            image,
            _known(array("depth", "f", NYU_SHAPE), *usable),
            _camera(path, matrix[[0, 1, 2, 2], [0, 1, 0, 1]]),
            array("edges", "biuf", NYU_SHAPE) != 0,
            {plane: array(f"mask_{plane}", "biuf", NYU_SHAPE).astype(np.uint8) for plane in PLANES},
        )

    return reading(path, scene)


def _from_pngs(root: Path, name: str) -> _Scene:
    def place(kind: str) -> Path:
        return root / kind / f"{name}.png"

    image, depth_m = read_photo(place("rgb")), read_depth_png(place("depth"), _PER_METRE)
    usable = [read_mask(place(mask)) for mask in ("mask_invalid", "mask_transp")]
    edges = read_mask(place("edges")) if place("edges").is_file() else None
    planes = {
        plane: read_labels(place(f"mask_{plane}")).astype(np.uint8)
        for plane in PLANES
        if place(f"mask_{plane}").is_file()
    }
    check_shape(place("rgb"), image, (*NYU_SHAPE, 3))
    kinds = {"depth": depth_m, "mask_invalid": usable[0], "mask_transp": usable[1]}
    kinds |= {f"mask_{plane}": labels for plane, labels in planes.items()}
    for kind, array in (kinds if edges is None else kinds | {"edges": edges}).items():
        check_shape(place(kind), array, NYU_SHAPE)
    path = root / "calib" / f"{name}.txt"
    text = " ".join(read_lines(path)).replace(",", " ").split()
    numbers = reading(path, lambda: np.array(text, np.float64))
    return _Scene(image, _known(depth_m, *usable), _camera(path, numbers), edges, planes)


def _known(depth_m: np.ndarray, *usable: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        known = (depth_m > 0) & (depth_m < np.inf) & usable[0] & usable[1]
    return np.where(known, depth_m, np.nan).astype(np.float32)


def _camera(path: Path, numbers: np.ndarray) -> Intrinsics:
    """From fx, fy, cx, cy, where the official evaluator counts the first pixel as 1."""
    if numbers.shape != (4,) or not np.all(np.isfinite(numbers)) or not np.all(numbers > 0):
        raise DataError(f"{shown(path)} gives the camera {numbers}, expected fx, fy, cx and cy in pixels")
    fx, fy, cx, cy = map(float, numbers)
    return Intrinsics(fx, fy, cx - 1, cy - 1)
