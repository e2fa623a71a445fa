"""`stereo`: depth from a second view by semi-global matching, a classical reference.

Hirschmüller, "Stereo Processing by Semiglobal Matching and Mutual Information", TPAMI 2008, in OpenCV's
variant (`cv2.StereoSGBM`). Needs a rectified pair: `info` of a sample must hold `right`, `intrinsics`,
`baseline_m`, and `doffs_px` where the principal points differ.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vbanalysis.errors import DataError, InputError, MissingDependencyError
from vbanalysis.geometry import Intrinsics, depth_from_disparity
from vbanalysis.models._card import Card
from vbanalysis.types import Instruction, Sample, Task

CARD = Card(
    about="depth from a second view by semi-global matching",
    role="specialist",
    tasks=("depth",),
    licence="Apache-2.0 (OpenCV)",
    needs=("cv2",),
    extra="stereo",
    memory_mb=500,
    example="stereo",
)
_SUBPIXEL = 16
"""OpenCV gives disparities in sixteenths of a pixel."""


class Stereo:
    """OpenCV's semi-global matcher on the sample's two views.

    Pixels without a match take the farther of the depths to their left and right, since what only one view
    sees lies behind; with `fill=false` they stay unknown.

    Args:
        window: Side of the blocks that are compared, odd pixels.
        nearest_m: Depths below it are not looked for; together with the pair it gives the disparities to try.
        fill: Whether pixels without a match are filled.

    Raises:
        InputError: A setting is out of its range.
        MissingDependencyError: OpenCV is not installed.
    """

    name = "stereo"
    tasks: tuple[Task, ...] = CARD.tasks
    invariance = "none"

    def __init__(self, *, window: int = 5, nearest_m: float = 1.0, fill: bool = True) -> None:
        if not isinstance(window, int) or window < 1 or window % 2 == 0 or window > 31:
            raise InputError(f"window must be an odd number of pixels from 1 to 31, got {window!r}")
        if not nearest_m > 0:
            raise InputError(f"nearest_m must be above 0 metres, got {nearest_m!r}")
        if CARD.missing():
            raise MissingDependencyError("opencv-python-headless", "stereo", "the stereo matcher")
        self.window, self.nearest_m, self.fill = window, nearest_m, fill

    def predict(self, sample: Sample, instruction: Instruction) -> np.ndarray:
        """(H, W) float32 metres, NaN where nothing matches and nothing is filled.

        Raises:
            DataError: The sample is no rectified pair.
        """
        left, right, intrinsics, baseline, offset = _pair(sample)
        disparity = self._matched(left, right, intrinsics.fx * baseline / self.nearest_m - offset)
        if self.fill:
            disparity = _filled(disparity)
        return np.asarray(
            depth_from_disparity(disparity.astype(np.float32), intrinsics.fx, baseline, offset), np.float32
        )

    def describe(self) -> dict[str, Any]:
        """What it is, with the matcher's settings."""
        return {
            "name": self.name,
            "about": CARD.about,
            "tasks": self.tasks,
            "parameters": 0,
            "licence": CARD.licence,
            "source": "https://docs.opencv.org, cv2.StereoSGBM",
            "window": self.window,
            "nearest_m": self.nearest_m,
            "fill": self.fill,
        }

    def _matched(self, left: np.ndarray, right: np.ndarray, most: float) -> np.ndarray:
        """(H, W) disparities in pixels, NaN where none was found."""
        import cv2

        width = left.shape[1]
        steps = int(np.clip(np.ceil(most / _SUBPIXEL), 1, width // _SUBPIXEL)) * _SUBPIXEL
        channels, block = left.shape[2], self.window
        matcher = cv2.StereoSGBM.create(
            minDisparity=0,
            numDisparities=steps,
            blockSize=block,
            P1=8 * channels * block**2,
            P2=32 * channels * block**2,
            disp12MaxDiff=1,
            uniquenessRatio=5,
            speckleWindowSize=100,
            speckleRange=2,
            mode=cv2.STEREO_SGBM_MODE_HH,
        )
        # The matcher gives no answer in the left margin of `steps` pixels: it gets a wider picture.
        wide = [np.pad(view, ((0, 0), (steps, 0), (0, 0)), mode="edge") for view in (left, right)]
        found = matcher.compute(*wide)[:, steps:].astype(np.float32) / _SUBPIXEL
        return np.where(found > 0, found, np.nan)


def _pair(sample: Sample) -> tuple[np.ndarray, np.ndarray, Intrinsics, float, float]:
    right, intrinsics = sample.info.get("right"), sample.info.get("intrinsics")
    baseline = sample.info.get("baseline_m")
    if sample.image is None or right is None or intrinsics is None or baseline is None:
        raise DataError(
            f"sample {sample.id} has no second view: stereo needs info['right'], ['intrinsics'] and "
            "['baseline_m'], as the data set motorcycle has them"
        )
    if np.shape(right) != sample.image.shape:
        raise DataError(
            f"the views of {sample.id} are {np.shape(sample.image)} and {np.shape(right)}, expected one shape"
        )
    return sample.image, np.asarray(right), intrinsics, float(baseline), float(sample.info.get("doffs_px", 0))


def _filled(disparity: np.ndarray) -> np.ndarray:
    """Unknown pixels with the smaller of the disparities to their left and right; of a bare row, NaN."""
    known = np.isfinite(disparity)
    columns = np.arange(disparity.shape[1])
    before = np.maximum.accumulate(np.where(known, columns, -1), axis=1)
    after = np.minimum.accumulate(np.where(known, columns, len(columns))[:, ::-1], axis=1)[:, ::-1]
    rows = np.arange(len(disparity))[:, None]
    left = np.where(before >= 0, disparity[rows, np.maximum(before, 0)], np.nan)
    right = np.where(after < len(columns), disparity[rows, np.minimum(after, len(columns) - 1)], np.nan)
    return np.where(known, disparity, np.fmin(left, right))


load = Stereo
"""Factory of the spec strings `stereo` and `stereo?window=7&fill=false`."""
