"""The depth inspector without a browser: what a painted picture says of depth, pixel by pixel."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from vbanalysis.codecs import WALKS, DepthCodec, identify_walk
from vbanalysis.codecs.inspection import walk_to_decode
from vbanalysis.errors import InputError
from vbanalysis.geometry import Intrinsics
from vbanalysis.types import Sample
from vbanalysis.widgets.inspected import (
    depth_limits,
    depth_map,
    on_grid,
    opened_photo,
    painted_picture,
    relative_error,
    sample_of,
    thinned,
)
from vbanalysis.widgets.readouts import Readout, decimal, pixel_of, significant


class DepthReading(NamedTuple):
    """What is read at a pixel.

    Attributes:
        row: Of the pixel in the source.
        column: Of it.
        depth_m: Metres; NaN is unread, inf infinitely far.
        residual: Distance of the colour to the code, /255.
        runner_up_m: The other depth that the colour could be, metres; NaN where nothing is read.
        lead: How much farther the colour lies from that one, /255.
        truth_m: Metres; NaN where it is not known.
        error: |depth - truth| / truth; NaN where the truth is not known or infinite, inf where none is read.
    """

    row: int
    column: int
    depth_m: float
    residual: float
    runner_up_m: float
    lead: float
    truth_m: float
    error: float


class Profile(NamedTuple):
    """Depth along a line, at the pixels nearest to it.

    Attributes:
        distance_px: (n,) from the first end, pixels of the source.
        rows: (n,) of the pixels in the source.
        columns: (n,) of them.
        depth_m: (n,) metres; NaN where unread, inf where infinite.
        residual: (n,) /255.
        truth_m: (n,) metres, NaN where it is not known.
    """

    distance_px: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    depth_m: np.ndarray
    residual: np.ndarray
    truth_m: np.ndarray


class DepthInspector:
    """Reads a picture of depth at pixels and along lines.

    Args:
        picture: (H, W, 3) uint8, painted depth.
        photo: (h, w, 3) uint8, the input; None for none.
        truth_m: (h, w) metres, NaN where unknown; None for none.
        intrinsics: Of the camera, for pixels of `truth_m`, else of `photo`, else of `picture`.
        lam: Of the power curve; the paper's unless given.
        c: Of the power curve, metres; the paper's unless given.
        walk: One of `WALKS`; found from the colours unless given.

    Attributes:
        codec: What reads it.
        shape: (H, W) of the source.
        step: Pixels of the source from one that is read to the next: large pictures are thinned.
        rgb: (h, w, 3) uint8, the pixels that are read.
        photo: (h, w, 3) uint8, the input on the same grid, or None.
        truth_m: (h, w) metres on the same grid, or None.
        depth_m: (h, w) float32 metres.
        residual: (h, w) float32, /255.
        lead: (h, w) float32, by how much the runner-up is farther, /255.
        runner_up_m: (h, w) float32 metres.

    Raises:
        InputError: An argument is of another form, or the picture follows no walk and none is given.
    """

    def __init__(
        self,
        picture: np.ndarray,
        *,
        photo: np.ndarray | None = None,
        truth_m: np.ndarray | None = None,
        intrinsics: Intrinsics | None = None,
        lam: float = DepthCodec.lam,
        c: float = DepthCodec.c,
        walk: str | None = None,
    ) -> None:
        rgb = painted_picture(picture)
        grid = thinned(rgb)
        self.shape: tuple[int, int] = (rgb.shape[0], rgb.shape[1])
        self.rgb, self.step = grid
        self.codec = DepthCodec(lam, c, walk or _walk_of(self.rgb))
        self.photo = None if photo is None else on_grid(painted_picture(photo, "photo"), self.shape, grid)
        self.truth_m = None if truth_m is None else on_grid(depth_map(truth_m, "truth_m"), self.shape, grid)
        self.intrinsics = intrinsics
        camera_grid = next(a for a in (truth_m, photo, rgb) if a is not None)
        self.camera_shape: tuple[int, int] = (camera_grid.shape[0], camera_grid.shape[1])
        read = self.codec.decode(self.rgb)
        self.depth_m, self.residual, self.lead = read.depth_m, read.residual, read.margin
        other = self.codec.runner_up(self.rgb)
        self.runner_up_m = np.where(read.valid, other, np.float32(np.nan))

    @classmethod
    def of(
        cls,
        source: Any = "motorcycle",
        *,
        photo: Any = None,
        lam: float = DepthCodec.lam,
        c: float = DepthCodec.c,
        walk: str | None = None,
    ) -> DepthInspector:
        """An inspector of a sample's output, or else of its depth as the code paints it.

        Args:
            source: A spec string such as `"motorcycle"` or `"gallery:depth"`, a `Sample`, (H, W, 3) uint8, or
                the path of a picture.
            photo: The input, where the source has none: (h, w, 3) uint8, or the path of a picture.
            lam: As for the class.
            c: As for the class.
            walk: As for the class; the paper's for depth that the code paints.

        Raises:
            InputError: It is of another form, or the sample has neither an output nor depth.
            VbanalysisError: The data set cannot be loaded.
        """
        sample: Sample = sample_of(source, "depth")
        picture = sample.output
        if picture is None:
            if sample.depth_m is None:
                raise InputError(f"sample {sample.id} has neither an output nor depth: choose another one")
            walk = walk or DepthCodec.walk
            picture = DepthCodec(lam, c, walk).encode(depth_map(sample.depth_m))
        return cls(
            picture,
            photo=sample.image if photo is None else opened_photo(photo),
            truth_m=sample.depth_m,
            intrinsics=sample.info.get("intrinsics"),
            lam=lam,
            c=c,
            walk=walk,
        )

    @cached_property
    def error(self) -> np.ndarray | None:
        """(h, w) |depth - truth| / truth; None without truth."""
        if self.truth_m is None:
            return None
        return relative_error(self.depth_m, self.truth_m)

    @property
    def unread(self) -> float:
        """Share of the pixels that are read as no depth, not even as an infinite one."""
        return float(np.isnan(self.depth_m).mean())

    @cached_property
    def limits_m(self) -> tuple[float, float]:
        """Metres between which depth is shown: 1st and 99th percentile of what is read.

        Raises:
            InputError: No pixel has a finite depth above 0.
        """
        return depth_limits(self.depth_m)

    def read(self, row: int, column: int) -> DepthReading:
        """What is read at a pixel of the source; of a thinned one, at the kept pixel above and left of it.

        Raises:
            InputError: The pixel lies outside.
        """
        row, column = pixel_of(row, column, self.shape)
        i, j = row // self.step, column // self.step
        nan = float("nan")
        return DepthReading(
            i * self.step,
            j * self.step,
            float(self.depth_m[i, j]),
            float(self.residual[i, j]),
            float(self.runner_up_m[i, j]),
            float(self.lead[i, j]),
            nan if self.truth_m is None else float(self.truth_m[i, j]),
            nan if self.error is None else float(self.error[i, j]),
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
            significant("depth", self.depth_m, "m"),
            decimal("residual", self.residual, "/255"),
            significant("runner-up", self.runner_up_m, "m"),
            decimal("which lies farther by", self.lead, "/255"),
        ]
        if self.truth_m is not None and self.error is not None:
            told.append(significant("truth", self.truth_m, "m", unknown="unknown"))
            told.append(decimal("error", 100 * self.error, "%", decimals=2, unknown="unknown"))
        return tuple(told)

    def profile(self, start: tuple[int, int], end: tuple[int, int]) -> Profile:
        """Depth along a line from one (row, column) of the source to another, in steps of a kept pixel.

        Raises:
            InputError: An end lies outside, or both are in one pixel.
        """
        ends = [np.array(pixel_of(*each, self.shape)) // self.step for each in (start, end)]
        n = int(np.abs(ends[1] - ends[0]).max())
        if not n:
            raise InputError(f"start and end must be two pixels, got {start} twice: give a longer line")
        steps = np.arange(n + 1)[:, None] / n
        rows, columns = np.rint(ends[0] + steps * (ends[1] - ends[0])).astype(np.int64).T
        distance = np.hypot(rows - rows[0], columns - columns[0]) * self.step
        unknown = np.full(n + 1, np.nan, np.float32)
        return Profile(
            distance,
            rows * self.step,
            columns * self.step,
            self.depth_m[rows, columns],
            self.residual[rows, columns],
            unknown if self.truth_m is None else self.truth_m[rows, columns],
        )


def _walk_of(rgb: np.ndarray) -> str:
    found = identify_walk(rgb)
    walk = walk_to_decode(found)
    if walk is None:
        raise InputError(
            f"the picture is not seen to hold depth ({found.message}): "
            f"give painted depth, or a walk to read it along anyway, one of {', '.join(WALKS)}"
        )
    return walk
