"""`motorcycle`: a stereo pair with dense ground truth, as metric depth and normals.

Middlebury 2014 (Scharstein et al., "High-resolution stereo datasets with subpixel-accurate ground
truth", GCPR 2014), the scene Motorcycle at a quarter of its size, which comes with scikit-image.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from vbanalysis.geometry import Intrinsics, depth_from_disparity, normals_from_depth
from vbanalysis.listed import Listed
from vbanalysis.types import Sample

INTRINSICS = Intrinsics(fx=994.978, fy=994.978, cx=311.193, cy=254.877)
BASELINE_M = 0.193001
DOFFS_PX = 31.086
"""How much farther right the right view's principal point lies; added to every disparity."""

LICENCE = "none stated; Middlebury asks for a citation of Scharstein et al., GCPR 2014"
SOURCE = "https://vision.middlebury.edu/stereo/data/scenes2014/, as shipped with scikit-image"


class Motorcycle(Listed):
    """One sample: the left view, its depth in metres and the normals of that depth.

    `info` holds the `intrinsics`, the `right` view, `baseline_m`, `doffs_px` and `disparity_px` (NaN
    unknown). Depth is NaN where the structured light saw nothing, about 7 % of the pixels.

    Args:
        window: Side in pixels of the plane fits that give the normals; see `normals_from_depth`.
    """

    name = "motorcycle"
    ids = ("motorcycle",)

    def __init__(self, window: int = 7) -> None:
        self.window = window

    def read(self, place: int) -> Sample:
        """The one sample."""
        return self._sample

    def describe(self) -> dict[str, Any]:
        """Counts, licence and source."""
        return {
            "name": self.name,
            "about": "stereo pair with dense metric depth and normals derived from it",
            "samples": 1,
            "samples_at_hand": 1,
            "licence": LICENCE,
            "source": SOURCE,
        }

    @functools.cached_property
    def _sample(self) -> Sample:
        from skimage.data import stereo_motorcycle

        left, right, disparity = stereo_motorcycle()
        # The files mark a pixel without ground truth by an infinite disparity, that is a depth of 0.
        disparity = np.where(np.isfinite(disparity), disparity, np.nan).astype(np.float32)
        depth_m = depth_from_disparity(disparity, INTRINSICS.fx, BASELINE_M, DOFFS_PX)
        normals = normals_from_depth(depth_m, INTRINSICS, self.window)
        return Sample(
            id="motorcycle",
            image=left,
            depth_m=depth_m,
            normals=normals,
            info={
                "intrinsics": INTRINSICS,
                "right": right,
                "baseline_m": BASELINE_M,
                "doffs_px": DOFFS_PX,
                "disparity_px": disparity,
                "licence": LICENCE,
                "source": SOURCE,
            },
        )


def load(*, window: int = 7) -> Motorcycle:
    """Factory of the spec strings `motorcycle` and `motorcycle?window=5`."""
    return Motorcycle(window)
