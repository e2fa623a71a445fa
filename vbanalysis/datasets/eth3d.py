"""`eth3d:FOLDER`: high-resolution photographs of 13 scenes with the depth of a laser scanner.

Schöps et al., "A Multi-View Stereo Benchmark with High-Resolution Images and Multi-Camera Videos", CVPR
2017; the training half of the high-resolution multi-view benchmark. The depth belongs to the original
photographs, not to the undistorted ones, so the photographs are those of the `dslr_jpg` archives.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vbanalysis.datasets._files import Official, check_size, read_raw
from vbanalysis.errors import DataError
from vbanalysis.images import read_photo
from vbanalysis.listed import Listed
from vbanalysis.paths import shown
from vbanalysis.types import Sample

OFFICIAL = Official(
    name="eth3d",
    layout="SCENE/images/dslr_images/*.JPG and SCENE/ground_truth_depth/dslr_images/*.JPG of each scene",
    source=(
        "https://www.eth3d.net/datasets (high-res multi-view, training: SCENE_dslr_jpg.7z and "
        "SCENE_dslr_depth.7z, or multi_view_training_dslr_jpg.7z)"
    ),
)
LICENCE = "CC BY-NC-SA 4.0"
COUNT = 454

SHAPE = (4032, 6048)
"""Of every depth map: the files have no header."""

CAP_M = (1e-3, 330.0)
"""No evaluator's cap, but the reach of the scanner (FARO Focus X 330): it keeps all truth, and gives infinite
predictions a finite depth to be clipped to. Marigold takes everything, others stop at 80 m."""


class _View(NamedTuple):
    id: str
    image: Path
    depth: Path


class Eth3d(Listed):
    """The photographs by scene and name, such as `courtyard/DSC_0286`.

    Depth is NaN where the scanner saw nothing, inf in the files. `info` holds `cap_m` and `scene`. A sample
    takes about 170 MB. There are no `intrinsics`: the photographs follow a fisheye model, not a pinhole.

    Args:
        folder: With the scenes; or with `rgb/SCENE/...` and `depth/SCENE_dslr_depth/SCENE/...`, as Marigold's
            list of files has it.

    Raises:
        DataError: The folder is not there, holds no depth, or a depth map lacks its photograph.
    """

    name = "eth3d"

    def __init__(self, folder: str | Path) -> None:
        self.folder = OFFICIAL.folder(folder)
        self._views = sorted({view.id: view for view in _views(self.folder)}.values())
        if not self._views:
            raise OFFICIAL.missing(self.folder, "SCENE/ground_truth_depth/dslr_images/*.JPG")
        self.ids = [view.id for view in self._views]

    def read(self, place: int) -> Sample:
        """The photograph at a place.

        Raises:
            DataError: The depth map is truncated, or the photograph has another size.
            ImageError: The photograph is damaged.
        """
        view = self._views[place]
        depth_m = read_raw(view.depth, "<f4", SHAPE)
        image = read_photo(view.image)
        check_size(view.depth, depth_m, image, view.image)
        with np.errstate(invalid="ignore"):
            depth_m[~((depth_m > 0) & (depth_m < np.inf))] = np.nan
        return Sample(
            id=view.id,
            image=image,
            depth_m=depth_m,
            info={"cap_m": CAP_M, "scene": view.id.partition("/")[0]},
        )

    def describe(self) -> dict[str, Any]:
        """Counts, licence, source and protocol."""
        return {
            "name": self.name,
            "about": "high-resolution photographs of 13 scenes with laser-scanned depth",
            "samples": COUNT,
            "samples_at_hand": len(self),
            "licence": LICENCE,
            "source": OFFICIAL.source,
            "protocol": f"no crop, depth in ({CAP_M[0]:g}, {CAP_M[1]:g}] m, unknown depth dropped",
        }


def load(argument: str | None = None) -> Eth3d:
    """Factory of the spec string `eth3d:FOLDER`.

    Raises:
        InputError: No folder is named.
        DataError: The folder is not there, or is incomplete.
    """
    return Eth3d(OFFICIAL.folder(argument))


def _views(folder: Path) -> list[_View]:
    views = []
    for root, photographs in ((folder, folder), (folder / "depth", folder / "rgb")):
        for pattern in ("", "*_dslr_depth/"):
            for depth in root.glob(f"{pattern}*/ground_truth_depth/dslr_images/*.[jJ][pP][gG]"):
                scene = depth.parents[2].name
                image = photographs / scene / "images" / "dslr_images" / depth.name
                if not image.is_file():
                    raise DataError(f"{shown(image)} does not exist, the photograph of {shown(depth)}")
                views.append(_View(f"{scene}/{depth.stem}", image, depth))
    return views
