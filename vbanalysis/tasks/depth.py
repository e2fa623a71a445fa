"""`depth`: metric depth in false colours."""

from __future__ import annotations

import numpy as np

from vbanalysis.codecs import ColormapCodec, DepthCodec
from vbanalysis.errors import InputError
from vbanalysis.instructions import COLORMAPS, depth_prompt
from vbanalysis.metrics import depth_metrics
from vbanalysis.metrics.depth import Alignment, Space, Unbounded, Unknown
from vbanalysis.tasks._task import Answer, Row, VisionTask, needed, resized
from vbanalysis.types import Instruction, Sample

CAP_M = (0.1, 80.0)
"""Depths that count where the data set names no cap, in metres."""


_OPEN = {"scale": "a factor", "affine": "a factor and an offset", "disparity": "both in its reciprocal"}
_SETTLING = {
    "scale": "depth?alignment=median",
    "affine": "depth?alignment=scale_and_shift",
    "disparity": "depth?alignment=scale_and_shift&space=disparity",
}


class DepthTask(VisionTask):
    """Depth in metres: figures of each image, then their mean over images.

    Args:
        alignment: As in `depth_metrics`; the paper aligns nothing.
        space: Where the alignment is fitted, `"depth"` or `"disparity"`.
        colormap: One of `COLORMAPS` to be asked for; None names none, which means the walk.
        low: Least true depth that counts, metres; with `high` it replaces the data set's own cap.
        high: Greatest one.
        unbounded: What becomes of infinite predictions, as in `depth_metrics`.
        unknown: What becomes of pixels without a prediction, as in `depth_metrics`.

    Raises:
        InputError: A setting is out of its range.
    """

    name = "depth"
    headline = "absrel"
    larger_is_better = False
    averaged = ("delta1", "delta2", "delta3", "absrel", "sqrel", "rmse", "rmse_log", "log10", "silog")
    compared = averaged

    def __init__(
        self,
        *,
        alignment: Alignment = "none",
        space: Space = "depth",
        colormap: str | None = None,
        low: float | None = None,
        high: float | None = None,
        unbounded: Unbounded = "clip",
        unknown: Unknown = "miss",
    ) -> None:
        if (low is None) != (high is None):
            raise InputError("low and high go together: give both, or neither for the data set's own cap")
        if colormap is not None and colormap not in COLORMAPS:
            raise InputError(f"colormap must be one of {', '.join(COLORMAPS)}, got {colormap!r}")
        self.cap_m = None if low is None or high is None else (float(low), float(high))
        self.colormap = colormap
        self.alignment, self.space, self.unbounded, self.unknown = alignment, space, unbounded, unknown
        # What is wrong with a setting is said now, not at each sample.
        one = np.ones((1, 1))
        depth_metrics(
            one,
            one,
            cap_m=self.cap_m or CAP_M,
            alignment=alignment,
            space=space,
            unbounded=unbounded,
            unknown=unknown,
        )
        cap = "the data set's cap" if self.cap_m is None else f"{self.cap_m[0]:g} to {self.cap_m[1]:g} m"
        fitted = f"{alignment} in disparity" if space == "disparity" else alignment
        self.protocol = f"alignment {fitted}, {cap}, mean over images"

    def check_invariance(self, invariance: str) -> None:
        """Hold that the alignment settles what a model leaves open.

        Raises:
            InputError: It does not.
        """
        settled = {
            "none": True,
            "scale": self.alignment != "none",
            "affine": self.alignment == "scale_and_shift" and self.space == "depth",
            "disparity": self.alignment == "scale_and_shift" and self.space == "disparity",
        }
        if not settled[invariance]:
            raise InputError(
                f"the model's depth is known up to {_OPEN[invariance]}, which alignment {self.alignment!r} "
                f"in {self.space} does not settle: give the task as {_SETTLING[invariance]!r}"
            )

    def instruction(self, sample: Sample) -> Instruction:
        """The same for every sample."""
        return depth_prompt(colormap=self.colormap)

    def decode(self, rgb: np.ndarray, instruction: Instruction) -> Answer:
        """(h, w) float32 metres; inf is unbounded, NaN unknown."""
        return np.asarray(self._codec(instruction).decode(rgb).depth_m)

    def encode(self, sample: Sample, instruction: Instruction) -> np.ndarray:
        """Unknown depth is painted as unbounded; it is not compared anyway."""
        depth = needed(sample, sample.depth_m, "depth")
        return np.asarray(self._codec(instruction).encode(np.where(np.isnan(depth), np.inf, depth)))

    def score(self, answer: Answer, sample: Sample) -> Row:
        """Columns as in `DepthMetrics`; `n_pixels` is its `n`."""
        truth = needed(sample, sample.depth_m, "depth")
        figures = depth_metrics(
            resized(answer, truth.shape),
            truth,
            cap_m=self.cap_m or sample.info.get("cap_m", CAP_M),
            alignment=self.alignment,
            space=self.space,
            unbounded=self.unbounded,
            unknown=self.unknown,
            valid=sample.valid,
        )._asdict()
        return {"n_pixels": figures.pop("n"), **figures}

    @staticmethod
    def _codec(instruction: Instruction) -> DepthCodec | ColormapCodec:
        named = instruction.colormap
        return DepthCodec() if named in (None, "rainbow") else ColormapCodec(named)


load = DepthTask
"""Factory of the spec strings `depth`, `depth?alignment=median`, `depth?low=0.001&high=10`."""
