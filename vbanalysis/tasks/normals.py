"""`normals`: surface normals as colours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vbanalysis.codecs import NormalCodec
from vbanalysis.instructions import normals_prompt
from vbanalysis.metrics import normal_errors, pool_normals
from vbanalysis.metrics.normals import UNDER_DEG, Unknown
from vbanalysis.tasks._pooled import Pooled
from vbanalysis.tasks._task import Answer, Row, VisionTask, needed, one_of, resized
from vbanalysis.types import Instruction, Sample

_FIGURES = ("mean_deg", "median_deg", "rmse_deg", *(f"under_{deg:g}".replace(".", "_") for deg in UNDER_DEG))


class NormalsTask(VisionTask):
    """Angles between normals, averaged over images and pooled over pixels, each by its name.

    Args:
        unknown: What becomes of pixels without a normal, as in `normal_errors`.
        tolerance: How far the raw length may be from 1, as in `NormalCodec`; None takes every colour.

    Raises:
        InputError: A setting is out of its range.
    """

    name = "normals"
    headline = "mean_deg"
    larger_is_better = False
    averaged = _FIGURES
    compared = averaged

    def __init__(self, *, unknown: Unknown = "miss", tolerance: float | None = None) -> None:
        self.unknown: Unknown = one_of(unknown, "unknown", ("miss", "drop"))
        self.codec = NormalCodec(tolerance=tolerance)
        self.protocol = "mean over images; pooled_* over the pixels of all images"

    def instruction(self, sample: Sample) -> Instruction:
        """The same for every sample."""
        return normals_prompt()

    def decode(self, rgb: np.ndarray, instruction: Instruction) -> Answer:
        """(h, w, 3) float32 unit vectors in the paper's frame, NaN unknown."""
        return np.asarray(self.codec.decode(rgb).normals)

    def encode(self, sample: Sample, instruction: Instruction) -> np.ndarray:
        """The true normals in the paper's colours."""
        return np.asarray(self.codec.encode(needed(sample, sample.normals, "normals")))

    def score(self, answer: Answer, sample: Sample) -> Row:
        """The image's own figures, as in `NormalMetrics`, and the sums that pooled ones are made of."""
        truth = needed(sample, sample.normals, "normals")
        errors = normal_errors(
            resized(answer, truth.shape[:2]), truth, unknown=self.unknown, valid=sample.valid
        )
        figures = pool_normals([errors], "pixels")
        angles = errors.errors_deg.astype(np.float64)
        return {
            **{name: getattr(figures, name) for name in _FIGURES},
            "n_pixels": figures.n,
            "n_unknown": figures.n_unknown,
            "sum_deg": float(angles.sum()),
            "sum_deg2": float((angles**2).sum()),
        }

    def pooled(self, rows: Sequence[Row]) -> Pooled:
        """Over all pixels, as DSINE does; all but its median, which no sums give."""
        return Pooled(np.array([_part(row) for row in rows], np.float64), _pooled)


def _part(row: Row) -> list[float]:
    n = row["n_pixels"]
    shares = [row[name] * n if n else 0.0 for name in _FIGURES[3:]]
    return [n, row["sum_deg"], row["sum_deg2"], *shares]


def _pooled(sums: np.ndarray) -> dict[str, float]:
    total, squares, *under = (sums[1:] / sums[0] if sums[0] else np.full(len(sums) - 1, np.nan)).tolist()
    shares = {f"pooled_{name}": share for name, share in zip(_FIGURES[3:], under, strict=True)}
    return {"pooled_mean_deg": total, "pooled_rmse_deg": squares**0.5, **shares}


load = NormalsTask
"""Factory of the spec strings `normals`, `normals?unknown=drop&tolerance=0.5`."""
