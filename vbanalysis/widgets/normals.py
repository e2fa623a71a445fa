"""The normal inspector without a browser: what a picture says of surfaces, and how they look in a light."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from vbanalysis.codecs import NormalCodec, convert_normals, identify_normal_convention
from vbanalysis.codecs.inspection import CLEARLY_UNIT
from vbanalysis.codecs.normals import check_frame
from vbanalysis.errors import InputError
from vbanalysis.types import Frame
from vbanalysis.widgets.inspected import on_grid, opened_photo, painted_picture, sample_of, thinned
from vbanalysis.widgets.readouts import Readout, decimal, pixel_of

_LIGHT_FRAME: Frame = "opengl"
"""x right, y up, z towards the viewer: the frame of the light and of what is lit."""

_LEVELS = 127.5
"""/255 in a vector's length of 1."""


class NormalReading(NamedTuple):
    """What is read at a pixel.

    Attributes:
        row: Of the pixel in the source.
        column: Of it.
        normal: x, y and z in the frame of the inspector; NaN where unread.
        length: Of the vector before it was made one of length 1.
        residual: How far that is from 1, as a distance of colours, /255.
        truth: x, y and z in the same frame; NaN where it is not known.
        error_deg: Angle to the truth, degrees; NaN where either is not known.
    """

    row: int
    column: int
    normal: tuple[float, float, float]
    length: float
    residual: float
    truth: tuple[float, float, float]
    error_deg: float


class NormalInspector:
    """Reads a picture of normals at pixels, and lights what it shows.

    Args:
        picture: (H, W, 3) uint8, painted normals.
        photo: (h, w, 3) uint8, the input; None for none.
        truth: (h, w, 3) unit vectors in the paper's frame, NaN where unknown; None for none.
        frame: The convention the picture is painted in, which is also the frame of what is read; found from
            the colours unless given.

    Attributes:
        codec: What reads it.
        assumed: Whether the paper's convention is only assumed: these are normals, but too plain to tell.
        shape: (H, W) of the source.
        step: Pixels of the source from one that is read to the next: large pictures are thinned.
        rgb: (h, w, 3) uint8, the pixels that are read.
        photo: (h, w, 3) uint8, the input on the same grid, or None.
        truth: (h, w, 3) float32 in `frame`, on the same grid, or None.
        normals: (h, w, 3) float32 unit vectors in `frame`, NaN where unread.
        length: (h, w) float32, of the vectors as painted.
        residual: (h, w) float32, |length - 1| as a distance of colours, /255.

    Raises:
        InputError: An argument is of another form, or no convention can be told from the colours.
    """

    def __init__(
        self,
        picture: np.ndarray,
        *,
        photo: np.ndarray | None = None,
        truth: np.ndarray | None = None,
        frame: Frame | None = None,
    ) -> None:
        rgb = painted_picture(picture)
        grid = thinned(rgb)
        self.shape: tuple[int, int] = (rgb.shape[0], rgb.shape[1])
        self.rgb, self.step = grid
        found = _convention_of(rgb) if frame is None else frame
        self.assumed = found is None
        self.codec = NormalCodec(found or "paper")
        self.photo = None if photo is None else on_grid(painted_picture(photo, "photo"), self.shape, grid)
        self.truth = None
        if truth is not None:
            vectors = on_grid(_vectors(truth), self.shape, grid)
            self.truth = convert_normals(vectors, "paper", self.frame)
        read = self.codec.decode(self.rgb)
        self.normals, self.length = read.normals, read.length
        self.residual = np.abs(read.length - 1) * np.float32(_LEVELS)

    @classmethod
    def of(
        cls,
        source: Any = "scenes:heldout",
        *,
        photo: Any = None,
        frame: Frame | None = None,
    ) -> NormalInspector:
        """An inspector of a sample's output, or else of its normals as the code paints them.

        Args:
            source: A spec string such as `"scenes:heldout"` or `"gallery:normals"`, a `Sample`,
                (H, W, 3) uint8, or the path of a picture.
            photo: The input, where the source has none: (h, w, 3) uint8, or the path of a picture.
            frame: As for the class; the paper's for normals that the code paints.

        Raises:
            InputError: It is of another form, or the sample has neither an output nor normals.
            VbanalysisError: The data set cannot be loaded.
        """
        sample = sample_of(source, "normals")
        picture = sample.output
        if picture is None:
            if sample.normals is None:
                raise InputError(f"sample {sample.id} has neither an output nor normals: choose another one")
            frame = check_frame(frame or "paper")
            codec = NormalCodec(frame)
            picture = codec.encode(convert_normals(_vectors(sample.normals), "paper", frame))
        photo = sample.image if photo is None else opened_photo(photo)
        return cls(picture, photo=photo, truth=sample.normals, frame=frame)

    @property
    def frame(self) -> Frame:
        """The frame of what is read."""
        return self.codec.convention

    @property
    def unread(self) -> float:
        """Share of the pixels that are read as no normal."""
        return float(np.isnan(self.normals[..., 0]).mean())

    @cached_property
    def error_deg(self) -> np.ndarray | None:
        """(h, w) angle between what is read and the truth, degrees; NaN where one is not known; or None."""
        if self.truth is None:
            return None
        # The angle by its half keeps small angles exact, where an arc cosine rounds them off.
        apart = np.linalg.norm(self.normals - self.truth, axis=-1)
        together = np.linalg.norm(self.normals + self.truth, axis=-1)
        return np.degrees(2 * np.arctan2(apart, together))

    def read(self, row: int, column: int) -> NormalReading:
        """What is read at a pixel of the source; of a thinned one, at the kept pixel above and left of it.

        Raises:
            InputError: The pixel lies outside.
        """
        row, column = pixel_of(row, column, self.shape)
        i, j = row // self.step, column // self.step
        unknown = (float("nan"),) * 3
        return NormalReading(
            i * self.step,
            j * self.step,
            tuple(self.normals[i, j].tolist()),
            float(self.length[i, j]),
            float(self.residual[i, j]),
            unknown if self.truth is None else tuple(self.truth[i, j].tolist()),
            unknown[0] if self.error_deg is None else float(self.error_deg[i, j]),
        )

    def told(self, row: int, column: int) -> dict[str, str]:
        """What `read` gives, as the words that the pointer shows.

        Raises:
            InputError: The pixel lies outside.
        """
        row, column = pixel_of(row, column, self.shape)
        return {each.name: each.at(row // self.step, column // self.step) for each in self.readouts}

    @cached_property
    def readouts(self) -> tuple[Readout, ...]:
        """What `read` gives, as words for every pixel."""
        told = [
            decimal(axis, self.normals[..., k], "", decimals=2, signed=True) for k, axis in enumerate("xyz")
        ]
        told.append(decimal("length as painted", self.length, "", decimals=2))
        told.append(decimal("residual", self.residual, "/255"))
        if self.truth is not None and self.error_deg is not None:
            told += [
                decimal(f"true {axis}", self.truth[..., k], "", decimals=2, signed=True, unknown="unknown")
                for k, axis in enumerate("xyz")
            ]
            told.append(decimal("error", self.error_deg, "°", unknown="unknown"))
        return tuple(told)

    @cached_property
    def facing(self) -> np.ndarray:
        """(h, w, 3) float32, the normals in the frame of the light: x right, y up, z towards the viewer."""
        return convert_normals(self.normals, self.frame, _LIGHT_FRAME)

    def relit(self, light: Sequence[float], ambient: float = 0.2) -> np.ndarray:
        """The surface in white, lit from far away: `ambient + (1 - ambient) * max(0, n . l)`.

        Args:
            light: Direction to the light: x right, y up, z towards the viewer; of any length above 0.
            ambient: Share of light that comes from everywhere, 0 to 1.

        Returns:
            (h, w, 4) uint8 of equal red, green and blue; alpha is 0 where no normal is read, else 255.

        Raises:
            InputError: An argument is out of its range.
        """
        towards = np.asarray(light, np.float64)
        if towards.shape != (3,) or not np.isfinite(towards).all() or not towards.any():
            raise InputError(f"light must be three numbers that are not all 0, got {light!r}")
        if not 0 <= ambient <= 1:
            raise InputError(f"ambient must be from 0 to 1, got {ambient!r}")
        lambert = np.maximum(0.0, self.facing.astype(np.float64) @ (towards / np.linalg.norm(towards)))
        read = ~np.isnan(lambert)
        shade = np.floor(255 * (ambient + (1 - ambient) * np.where(read, np.minimum(lambert, 1), 0)) + 0.5)
        grey = np.where(read, shade, 0).astype(np.uint8)
        return np.stack([grey, grey, grey, np.where(read, 255, 0).astype(np.uint8)], axis=-1)


def _convention_of(rgb: np.ndarray) -> Frame | None:
    """The convention of a picture; None where it holds normals that are too plain to tell."""
    if min(rgb.shape[:2]) < 16:
        raise InputError(f"a picture of {rgb.shape[:2]} is too small to tell its convention: give frame")
    found = identify_normal_convention(rgb)
    if found.candidates:
        return found.candidates[0]
    if NormalCodec().decode(rgb).valid.mean() < CLEARLY_UNIT:
        raise InputError(
            f"the picture is not seen to hold normals ({found.message}): give frame to read it anyway"
        )
    return None


def _vectors(normals: Any) -> np.ndarray:
    vectors = np.asarray(normals)
    if vectors.ndim != 3 or vectors.shape[-1] != 3 or vectors.dtype.kind != "f" or not vectors.size:
        raise InputError(
            f"normals must be (H, W, 3) floats, got {vectors.shape} {vectors.dtype}: mark unknown ones by NaN"
        )
    return vectors.astype(np.float32)
