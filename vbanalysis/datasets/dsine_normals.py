"""`dsine_normals:FOLDER`: images with surface normals in the layout of DSINE's evaluation.

Bae, Davison, "Rethinking Inductive Biases for Surface Normal Estimation", CVPR 2024, whose archive
`dsine_eval` holds the normals that most papers compare on: NYUv2 with those of GeoNet, ScanNet with those of
FrameNet, Virtual KITTI with planes fitted to its depth.

A sample is `NAME_img.png` or `.jpg`, `NAME_normal.png` and `NAME_intrins.npy`. A normal is three codes of 8
or 16 bits, `code / largest * 2 - 1`, of which (0, 0, 0) is unknown. The frame is x left, y up, z towards the
viewer: a floor seen from above is green, a wall that faces the camera blue, one that faces left red. That was
found on the example of the release, whose depth gives these normals back in this frame and in no other.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vbanalysis.codecs.normals import convert_normals
from vbanalysis.datasets._files import Official, check_option, check_size, read_npy
from vbanalysis.errors import DataError
from vbanalysis.geometry import Intrinsics
from vbanalysis.images import read_photo, read_rgb_codes
from vbanalysis.listed import Listed
from vbanalysis.paths import shown
from vbanalysis.types import Sample

SOURCE = "https://github.com/baegwangbin/DSINE (dsine_eval)"


class Benchmark(NamedTuple):
    """One data set of the archive.

    Attributes:
        folder: Its folder in the archive; "" where the layout alone is meant.
        images: Which files of it are images of the test split, as a pattern of `Path.glob`.
        about: What it shows, and whose normals they are.
        samples: How many the split has, or None.
        bits: Of a code; None for 8 and 16.
        licence: Of the images.
    """

    folder: str
    images: str
    about: str
    samples: int | None
    bits: int | None
    licence: str


BENCHMARKS = {
    "any": Benchmark(
        "", "**/*_img.*", "images with normals in DSINE's layout", None, None, "that of the images"
    ),
    "nyuv2": Benchmark(
        "nyuv2",
        "test/*_img.*",
        "NYUv2 test images, normals of GeoNet (Qi et al., CVPR 2018)",
        654,
        8,
        "none stated; the publisher asks for a citation of Silberman et al., ECCV 2012",
    ),
    "scannet": Benchmark(
        "scannet",
        "scene*/*_img.*",
        "ScanNet test images, normals and split of FrameNet (Huang et al., ICCV 2019)",
        300,
        8,
        "ScanNet terms of use: for research, after signing, not to be passed on",
    ),
    "vkitti": Benchmark(
        "vkitti",
        "Scene*/*_img.*",
        "Virtual KITTI 2, 200 images a scene, normals of planes fitted to the depth",
        1000,
        16,
        "CC BY-NC-SA 3.0",
    ),
}
"""What is read of the archive: all but iBims-1 and Sintel (`_normal.exr`) and OASIS (`_normal.pkl`)."""

_IMAGE = re.compile(r"(.+)_img\.(png|jpg)")
_TOLERANCE, _SHARE = 0.1, 0.1
"""A file whose vectors are off unit length by more than this, on more than this share, holds no normals."""


class DsineNormals(Listed):
    """The images below a folder, by folder and name: `test/000000`, `scene0220_02/000450`.

    Normals are those of the file, turned to the paper's frame and brought to unit length; `info` holds
    `intrinsics` and `scene`, the folder.

    Args:
        folder: With the images, or the whole archive.
        benchmark: One of `BENCHMARKS`: which folder of the archive, and what its files must be like.

    Raises:
        InputError: There is no such benchmark.
        DataError: The folder is not there or holds no such image.
    """

    def __init__(self, folder: str | Path, *, benchmark: str = "any", name: str = "dsine_normals") -> None:
        check_option(benchmark, "benchmark", tuple(BENCHMARKS), name)
        self.name = name
        self.benchmark = BENCHMARKS[benchmark]
        root = official(name, benchmark).folder(folder)
        part = root / self.benchmark.folder
        self.folder = part if part.is_dir() else root
        self._images = sorted(
            path
            for path in self.folder.glob(self.benchmark.images)
            if _IMAGE.fullmatch(path.name) and path.is_file()
        )
        if not self._images:
            raise official(name, benchmark).missing(self.folder, self.benchmark.images)
        self.ids = [path.relative_to(self.folder).with_name(_stem(path)).as_posix() for path in self._images]
        if len(set(self.ids)) != len(self.ids):
            raise DataError(
                f"{shown(self.folder)} holds an image both as .png and as .jpg: remove one of them"
            )

    def read(self, place: int) -> Sample:
        """The image at a place, with its normals.

        Raises:
            DataError: A file of it is missing, damaged or holds something else.
            ImageError: The same of a picture.
        """
        path = self._images[place]
        image = read_photo(path)
        normals_path = path.with_name(f"{_stem(path)}_normal.png")
        codes = read_rgb_codes(normals_path)
        check_size(normals_path, codes, image, path)
        bits = 8 * codes.dtype.itemsize
        if self.benchmark.bits not in (None, bits):
            raise DataError(
                f"{shown(normals_path)} has {bits} bits a code, those of {self.benchmark.folder} have "
                f"{self.benchmark.bits}: it is of another data set, or was converted"
            )
        camera_path = path.with_name(f"{_stem(path)}_intrins.npy")
        scene = path.relative_to(self.folder).parent.as_posix()
        return Sample(
            id=self.ids[place],
            image=image,
            normals=_normals(normals_path, codes),
            info={
                "intrinsics": _intrinsics(camera_path),
                "scene": scene if scene != "." else self.folder.resolve().name,
                "licence": self.benchmark.licence,
            },
        )

    def describe(self) -> dict[str, Any]:
        """Counts, licence, source and protocol."""
        return {
            "name": self.name,
            "about": self.benchmark.about,
            "samples": self.benchmark.samples,
            "samples_at_hand": len(self),
            "licence": self.benchmark.licence,
            "source": SOURCE,
            "protocol": "no crop, at the images' own size, pixels of code (0, 0, 0) dropped; DSINE pools the "
            "pixels of all images",
        }


def official(name: str, benchmark: str) -> Official:
    """What messages say of a benchmark of the archive that is not there."""
    part = BENCHMARKS[benchmark].folder
    layout = f"{BENCHMARKS[benchmark].images} with *_normal.png and *_intrins.npy beside each"
    return Official(name, f"{layout}, or {part}/ with them" if part else layout, SOURCE)


def _stem(path: Path) -> str:
    return path.name.rpartition("_img.")[0]


def _normals(path: Path, codes: np.ndarray) -> np.ndarray:
    """(H, W, 3) float32 in the paper's frame, NaN where the codes are 0."""
    known = codes.any(axis=-1, keepdims=True)
    vectors = codes.astype(np.float64) / np.iinfo(codes.dtype).max * 2 - 1
    # Never 0: the middle of the range lies between two codes.
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    wrong = np.count_nonzero(known & (np.abs(length - 1) > _TOLERANCE))
    if wrong > _SHARE * known.sum():
        raise DataError(
            f"{shown(path)} holds {wrong:,} vectors of {int(known.sum()):,} that are not of length 1: "
            "normals are expected, as code / largest * 2 - 1"
        )
    unit = np.where(known, vectors / length, np.nan)
    return convert_normals(unit, "dsine", "paper").astype(np.float32)


def _intrinsics(path: Path) -> Intrinsics:
    matrix = read_npy(path, "f", (3, 3)).astype(np.float64)
    focal = matrix[[0, 1], [0, 1]]
    rest = matrix[[0, 1, 2, 2, 2], [1, 0, 0, 1, 2]].tolist()
    if not np.isfinite(matrix).all() or focal.min() <= 0 or rest != [0, 0, 0, 0, 1]:
        raise DataError(f"{shown(path)} holds no camera matrix: {matrix.tolist()}")
    return Intrinsics(*(float(matrix[at]) for at in ((0, 0), (1, 1), (0, 2), (1, 2))))


def load(argument: str | None = None, *, benchmark: str = "any") -> DsineNormals:
    """Factory of the spec strings `dsine_normals:FOLDER` and `dsine_normals:FOLDER?benchmark=nyuv2`.

    Raises:
        InputError: No folder is named, or there is no such benchmark.
        DataError: The folder is not there or holds no such image.
    """
    check_option(benchmark, "benchmark", tuple(BENCHMARKS), "dsine_normals")
    return DsineNormals(official("dsine_normals", benchmark).folder(argument), benchmark=benchmark)
