"""Vectors of a file as normals of the package: unit length, in the paper's frame, NaN where unknown."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vbanalysis.codecs.normals import convert_normals
from vbanalysis.errors import DataError
from vbanalysis.paths import shown
from vbanalysis.types import Frame

TOLERANCE = 0.1
"""How far the length of a stored normal may be from 1; quantising to 8 bits moves it by less than 0.01."""


def paper_normals(path: Path, vectors: np.ndarray, frame: Frame) -> np.ndarray:
    """Bring vectors to unit length and to the paper's frame.

    Args:
        path: Where they are from, for the message.
        vectors: (H, W, 3) floats in `frame`; zero and NaN vectors are unknown.
        frame: As in `vbanalysis.codecs.normals`.

    Returns:
        (H, W, 3) float32 in the paper's frame, NaN where unknown.

    Raises:
        DataError: Known vectors are not of unit length to within `TOLERANCE`: the file holds something else.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        length = np.linalg.norm(vectors.astype(np.float64), axis=-1, keepdims=True)
        known = length > 0  # False for NaN
        wrong = int(np.count_nonzero(known & ~(np.abs(length - 1) <= TOLERANCE)))
    if wrong:
        raise DataError(
            f"{shown(path)} holds {wrong:,} vectors that are neither of length 1 nor zero: normals are "
            "expected, as unit vectors with 0 or NaN where unknown"
        )
    unit = np.divide(vectors, length, where=known, out=np.full(vectors.shape, np.nan))
    return convert_normals(unit, frame, "paper").astype(np.float32)
