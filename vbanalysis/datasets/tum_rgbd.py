"""`tum_rgbd:FOLDER`: hand-held sequences of a Kinect, with its depth registered to its colour pictures.

Sturm et al., "A Benchmark for the Evaluation of RGB-D SLAM Systems", IROS 2012. Depth is a PNG of uint16,
5000 a metre, 0 unknown. Colour and depth are taken at different times; they are paired here as by
`associate.py` of the benchmark's tools.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from vbanalysis.datasets._files import (
    Official,
    check_option,
    check_size,
    inside,
    read_depth_png,
    read_lines,
)
from vbanalysis.errors import DataError, InputError
from vbanalysis.geometry import Intrinsics
from vbanalysis.images import read_photo
from vbanalysis.listed import Listed
from vbanalysis.paths import shown
from vbanalysis.types import Sample

OFFICIAL = Official(
    name="tum_rgbd",
    layout=(
        "rgb.txt and depth.txt with the pictures they name, folders of such sequences, or rgb.png and "
        "depth.png"
    ),
    source="https://cvg.cit.tum.de/data/datasets/rgbd-dataset/download",
)
LICENCE = "CC BY 4.0"

ROS_DEFAULT = Intrinsics(525.0, 525.0, 319.5, 239.5)
CALIBRATED = {
    "freiburg1": Intrinsics(517.3, 516.5, 318.6, 255.3),
    "freiburg2": Intrinsics(520.9, 521.0, 325.1, 249.7),
    "freiburg3": Intrinsics(535.4, 539.2, 320.1, 247.6),
}
"""Of the colour cameras, by the benchmark's page on file formats, for pictures of 480 x 640."""

CAP_M = (1e-3, 10.0)
"""The benchmark scores paths of the camera and names no cap; this one is NYUv2's, of the same sensor."""

MAX_DIFFERENCE_S = 0.02

Camera = Literal["ros", "calibrated"]

_PER_METRE = 5000
_SHAPE = (480, 640)


class _Pair(NamedTuple):
    id: str
    sequence: str
    image: Path
    depth: Path


class TumRgbd(Listed):
    """The pairs of colour and depth of one sequence or several, by sequence and time of the colour picture.

    An id is `rgbd_dataset_freiburg1_desk/1305031102.175304`. `info` holds `intrinsics` (where the picture is
    480 x 640, which they are for), `cap_m` and `scene`, the name of the sequence.

    Args:
        folder: A sequence, a folder of sequences, or a folder with `rgb.png` and `depth.png`.
        camera: `ros` is 525, 525, 319.5, 239.5, which the benchmark recommends for the registered depth;
            `calibrated` the measured camera of the sequence, by the `freiburgN` in its name.
        max_difference: Seconds that may lie between colour and depth of a pair, as in `associate.py`.

    Raises:
        InputError: An option has no such value.
        DataError: The folder is not there or holds no pair, or a list is damaged.
    """

    name = "tum_rgbd"

    def __init__(
        self, folder: str | Path, *, camera: Camera = "ros", max_difference: float = MAX_DIFFERENCE_S
    ) -> None:
        check_option(camera, "camera", get_args(Camera), self.name)
        if isinstance(max_difference, bool) or not 0 < max_difference < math.inf:
            raise InputError(f"max_difference of tum_rgbd must be seconds above 0, got {max_difference!r}")
        self.camera, self.max_difference = camera, float(max_difference)
        self.folder = OFFICIAL.folder(folder)
        self._pairs = self._list()
        if not self._pairs:
            raise DataError(
                f"the lists in {shown(self.folder)} have no pair within {max_difference:g} s on disk: "
                f"they are of other sequences, or pictures are missing; get them from {OFFICIAL.source}"
            )
        self.ids = [pair.id for pair in self._pairs]

    def read(self, place: int) -> Sample:
        """The pair at a place.

        Raises:
            DataError: Colour and depth are of different size.
            ImageError: One of the two is missing or damaged.
        """
        pair = self._pairs[place]
        image, depth_m = read_photo(pair.image), read_depth_png(pair.depth, _PER_METRE)
        check_size(pair.depth, depth_m, image, pair.image)
        info: dict[str, Any] = {"cap_m": CAP_M, "scene": pair.sequence, "licence": LICENCE}
        if depth_m.shape == _SHAPE:
            info["intrinsics"] = self._intrinsics(pair.sequence)
        return Sample(id=pair.id, image=image, depth_m=depth_m, info=info)

    def describe(self) -> dict[str, Any]:
        """Counts, licence, source and protocol."""
        sequences = dict.fromkeys(pair.sequence for pair in self._pairs)
        return {
            "name": self.name,
            "about": f"indoor RGB-D sequences of a Kinect: {', '.join(sequences)}",
            "samples": None,
            "samples_at_hand": len(self),
            "licence": LICENCE,
            "source": OFFICIAL.source,
            "protocol": f"pairs within {self.max_difference:g} s, no crop, depth in "
            f"({CAP_M[0]:g}, {CAP_M[1]:g}] m, unknown depth dropped",
        }

    def _list(self) -> list[_Pair]:
        if (self.folder / "rgb.txt").is_file():
            return self._sequence(self.folder)
        if (self.folder / "rgb.png").is_file():
            files = self.folder / "rgb.png", self.folder / "depth.png"
            return [_Pair("rgb", self.folder.resolve().name, *files)]
        sequences = sorted(path.parent for path in self.folder.glob("*/rgb.txt"))
        if not sequences:
            raise OFFICIAL.missing(self.folder, "rgb.txt, no folder with one, and no rgb.png")
        return [pair for sequence in sequences for pair in self._sequence(sequence)]

    def _sequence(self, folder: Path) -> list[_Pair]:
        name = folder.resolve().name
        colours, depths = (_read_list(folder / f"{kind}.txt") for kind in ("rgb", "depth"))
        pairs = []
        for at, near in associate(colours, depths, self.max_difference):
            image = inside(folder, colours[at], folder / "rgb.txt")
            if image.is_file():
                depth = inside(folder, depths[near], folder / "depth.txt")
                pairs.append(_Pair(f"{name}/{image.stem}", name, image, depth))
        return pairs

    def _intrinsics(self, sequence: str) -> Intrinsics:
        if self.camera == "ros":
            return ROS_DEFAULT
        found = re.search(r"freiburg[123]", sequence)
        if found is None:
            raise InputError(
                f"camera=calibrated needs a sequence with freiburg1, 2 or 3 in its name, got {sequence!r}: "
                "take camera=ros"
            )
        return CALIBRATED[found[0]]


def associate(
    first: Iterable[float], second: Iterable[float], max_difference: float = MAX_DIFFERENCE_S
) -> list[tuple[float, float]]:
    """Pair two series of times: the closest two first, each time at most once (`associate.py`, offset 0).

    Args:
        first: Seconds.
        second: Seconds.
        max_difference: Pairs must be closer than this.

    Returns:
        Pairs of a time of each, by the first.

    Example:
        >>> associate([0.00, 0.03, 0.06], [0.025, 0.065, 0.2])
        [(0.03, 0.025), (0.06, 0.065)]
    """
    a, b = np.unique(np.fromiter(first, np.float64)), np.unique(np.fromiter(second, np.float64))
    starts = np.searchsorted(b, a - max_difference)
    ends = np.searchsorted(b, a + max_difference, side="right")
    near = [(abs(x - y), x, y) for x, low, high in zip(a, starts, ends, strict=True) for y in b[low:high]]
    pairs: dict[float, float] = {}
    taken = set()
    for difference, x, y in sorted(near):
        if difference < max_difference and x not in pairs and y not in taken:
            pairs[x] = y
            taken.add(y)
    return [(float(x), float(pairs[x])) for x in sorted(pairs)]


def _read_list(path: Path) -> dict[float, str]:
    """Names by time of a list with lines `timestamp filename` and comments with `#`."""
    names = {}
    for line in read_lines(path):
        if line.startswith("#"):
            continue
        time, *words = line.replace(",", " ").split()
        try:
            seconds = float(time)
        except ValueError:
            seconds = math.nan
        if not math.isfinite(seconds) or len(words) != 1:
            raise DataError(
                f"{shown(path)} has the line {line[:60]!r}, expected a time in seconds and a file name"
            )
        names[seconds] = words[0]
    return names


def load(
    argument: str | None = None, *, camera: Camera = "ros", max_difference: float = MAX_DIFFERENCE_S
) -> TumRgbd:
    """Factory of the spec strings `tum_rgbd:FOLDER` and `tum_rgbd:FOLDER?camera=calibrated`.

    Raises:
        InputError: No folder is named, or an option has no such value.
        DataError: The folder is not there or holds no pair, or a list is damaged.
    """
    return TumRgbd(OFFICIAL.folder(argument), camera=camera, max_difference=max_difference)
