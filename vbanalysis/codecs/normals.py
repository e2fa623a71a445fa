"""Surface normals as colours, in the paper's convention and the others met in the field.

Frames are camera frames. `paper` and `opengl`: x right, y up, z out of the image towards
the viewer. `opencv`: x right, y down, z into the scene. `dsine`: x left, y up, z towards
the viewer. `diode`: x right, y up, z towards the viewer, zero vectors unknown.
Source: arXiv 2604.20329 (normals output format); the DSINE and DIODE releases.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from array_api_compat import device

from vbanalysis.codecs._arrays import LEVELS, check_number, dtype_name, namespace, quantise, unit_rgb
from vbanalysis.codecs.walk import root
from vbanalysis.errors import InputError
from vbanalysis.types import Array, Frame, NormalResult

AXES: dict[Frame, tuple[int, int, int]] = {
    "paper": (1, 1, 1),
    "opengl": (1, 1, 1),
    "opencv": (1, -1, -1),
    "dsine": (-1, 1, 1),
    "diode": (1, 1, 1),
}
"""Direction of each frame's x, y and z axes against right, up and towards the viewer."""

PAINT: dict[Frame, tuple[int, int, int]] = {
    "paper": (-1, 1, 1),
    "opengl": (1, 1, 1),
    "opencv": (1, 1, 1),
    "dsine": (1, 1, 1),
    "diode": (1, 1, 1),
}
"""Sign with which each convention paints a component: colour = (1 + sign * component) / 2."""


def check_frame(frame: str) -> Frame:
    """The frame, if it is one.

    Raises:
        InputError: It is not; the message lists all.
    """
    if not isinstance(frame, str) or frame not in AXES:
        raise InputError(f"convention must be one of {', '.join(AXES)}; got {frame!r}")
    return frame


def convert_normals(normals: Array, source: Frame, target: Frame) -> Array:
    """Turn vectors from one camera frame to another.

    Args:
        normals: (..., 3) floats in the frame `source`.
        source: Frame of `normals`.
        target: Frame wanted.

    Examples:
        >>> import numpy as np
        >>> convert_normals(np.array([1.0, 2.0, 3.0]), "paper", "opencv").tolist()
        [1.0, -2.0, -3.0]
    """
    xp = namespace(normals, "normals")
    _check_vectors(normals)
    signs = [a * b for a, b in zip(AXES[check_frame(source)], AXES[check_frame(target)], strict=True)]
    with np.errstate(invalid="ignore"):  # of NaN that a file may hold
        return normals * xp.asarray(signs, dtype=normals.dtype, device=device(normals))


@dataclass(frozen=True)
class NormalCodec:
    """Unit normals <-> colour.

    A decoded vector need not have length 1, and its length tells what the pixel is: a normal
    near 1, mid-grey (unknown) near 0, and colours that no normal has up to 1.73. Vectors whose
    length differs from 1 by more than `tolerance` decode to NaN, the others to unit vectors.

    Attributes:
        convention: How components are painted, and the frame of the vectors: `"paper"` (a surface
            that faces left is pinkish red), `"opengl"`, `"opencv"`, `"dsine"` or `"diode"`.
        tolerance: Largest accepted difference of the raw length from 1; None accepts all but length 0.
            0.3 keeps what drift of up to 38/255 does to a normal, and drops the magenta
            sky (1.7) and the greys (0) of published outputs.

    Examples:
        >>> import numpy as np
        >>> codec = NormalCodec()
        >>> codec.encode(np.array([[-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])).tolist()
        [[255, 128, 128], [128, 128, 255]]
        >>> result = codec.decode(np.array([[255, 0, 255]], dtype=np.uint8))
        >>> f"{result.length[0]:.2f}", bool(result.valid[0])
        ('1.73', False)
    """

    convention: Frame = "paper"
    tolerance: float | None = 0.3

    def __post_init__(self) -> None:
        check_frame(self.convention)
        check_number(self.tolerance, "tolerance", above=0, below=1, optional=True)

    def encode(self, normals: Array, dtype: str = "uint8") -> Array:
        """Paint normals.

        Args:
            normals: (..., 3) floats, unit vectors (to 1 %) in the convention's frame. NaN and
                zero vectors are unknown and become mid-grey.
            dtype: Of the colours, as in `DepthCodec.encode`.

        Raises:
            InputError: Wrong shape, or vectors that are neither unit nor unknown (the message counts them).
        """
        xp = namespace(normals, "normals")
        _check_vectors(normals)
        if dtype_name(normals) in ("float16", "bfloat16"):
            normals = xp.astype(normals, xp.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            squared = xp.sum(normals**2, axis=-1)
        unknown = xp.any(xp.isnan(normals), axis=-1) | (squared == 0)
        wrong = ~unknown & ~(xp.abs(squared - 1) <= 0.02)
        if bool(xp.any(wrong)):
            raise InputError(
                f"normals holds {int(xp.sum(xp.astype(wrong, xp.int64)))} vectors that are not of length 1: "
                "divide by their length; mark unknown ones with NaN"
            )
        known = xp.where(unknown[..., None], xp.zeros_like(normals), normals)
        signs = xp.asarray(PAINT[self.convention], dtype=normals.dtype, device=device(normals))
        return quantise(xp.clip((1 + signs * known) / 2, 0.0, 1.0), dtype)

    def decode(self, rgb: Array) -> NormalResult:
        """Read normals.

        Args:
            rgb: (..., 3) uint8, uint16 or float in [0, 1], at the generator's own resolution.

        Returns:
            Unit vectors (float32 from integers, else the width of `rgb`), the raw length and validity.

        Raises:
            InputError: `rgb` is not an image of colours.
        """
        xp = namespace(rgb)
        colours = unit_rgb(rgb)
        if dtype_name(rgb) in LEVELS:
            colours = xp.astype(colours, xp.float32)
        signs = xp.asarray(PAINT[self.convention], dtype=colours.dtype, device=device(colours))
        raw = signs * (2 * colours - 1)
        length = root(xp.sum(raw**2, axis=-1))
        # Without a tolerance only mid-grey, which has length 0.007 in 8 bits, is no vector.
        valid = length > 0.02 if self.tolerance is None else xp.abs(length - 1) <= self.tolerance
        divisor = xp.where(valid, length, xp.ones_like(length))[..., None]
        normals = xp.where(valid[..., None], raw / divisor, xp.full_like(raw, math.nan))
        return NormalResult(normals, length, valid, self.convention)


def _check_vectors(normals: Array) -> None:
    if normals.ndim < 1 or normals.shape[-1] != 3 or not dtype_name(normals).startswith(("float", "bfloat")):
        raise InputError(
            f"normals must be floats of shape (..., 3), got {dtype_name(normals)} {tuple(normals.shape)}"
        )
