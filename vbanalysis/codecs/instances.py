"""Instances of one class, each painted by the generator in a colour of its own choosing.

Only the background colour is agreed on, so decoding is clustering: the five stages of Appendix A of
"Image Generators are Generalist Vision Learners" (arXiv 2604.20329, v3).

1. Background: every pixel within `tau` of the background colour.
2. Flood fill: the first foreground pixel in raster order that is still free seeds a component,
   which a neighbour joins while its colour is within `tau` of the seed's.
3. Components smaller than `min_area` of the picture are rejected.
4. So are those of which a 3x3 erosion leaves less than `erosion`: the halos that anti-aliasing
   and the generator's own decoder leave around an instance.
5. Components of like colour that lie close together are one instance seen in parts.

Distances are Euclidean in RGB, in /255, and inclusive.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, get_args

import numpy as np

from vbanalysis.codecs import _flood_numpy
from vbanalysis.codecs._arrays import check_number, check_rgb, dtype_name, like, namespace, to_numpy, unit_rgb
from vbanalysis.codecs._instance_colours import check_colours, grid_colours
from vbanalysis.codecs._merge import box_area, merge
from vbanalysis.codecs._numba import kernels
from vbanalysis.codecs._rle import masks, to_rle
from vbanalysis.codecs.colour_spaces import check_colour
from vbanalysis.errors import InputError
from vbanalysis.types import Array, InstanceResult, Rgb

__all__ = ["InstanceCodec", "TauReport", "estimate_background", "masks", "to_rle"]

Connectivity = Literal["4", "8", "16-knight", "16-ring"]
MergeArea = Literal["box", "pixel"]

_SQUARE = [(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3)]
_NEIGHBOURS = {
    "4": [(y, x) for y, x in _SQUARE if abs(y) + abs(x) == 1],
    "8": [(y, x) for y, x in _SQUARE if max(abs(y), abs(x)) == 1],
    "16-knight": [(y, x) for y, x in _SQUARE if max(abs(y), abs(x)) == 1 or abs(y * x) == 2],
    "16-ring": [(y, x) for y, x in _SQUARE if max(abs(y), abs(x)) == 2],
}

_FLOAT_STEPS = 4096
"""Float colours are read to this fraction of a level, so that every sum and comparison is exact."""


class TauReport(NamedTuple):
    """What one tolerance makes of a picture; a tuple of these goes straight into `pandas.DataFrame`.

    Attributes:
        tau: The tolerance, in /255.
        instances: How many instances it finds.
        foreground: Share of the picture in instances.
        rejected: Share of the picture that is neither background nor in an instance.
        agreement: Mean IoU with the codec's own `tau` over best one-to-one pairs, where an
            instance without a partner counts 0; 1 only if all instances are the same.
    """

    tau: float
    instances: int
    foreground: float
    rejected: float
    agreement: float


@dataclass(frozen=True)
class InstanceCodec:
    """Decodes pictures in which each instance has a colour of its own, and paints such pictures.

    The paper leaves two points open; both readings are settings. `"16-knight"` takes
    16-connectivity as the 8 neighbours and the 8 knight's moves. It bridges a gap of one pixel where
    both sides are at least two pixels wide along the gap, but not within a single row or column,
    for a knight's move always goes sideways too. `"16-ring"` takes it as the 16 pixels two steps away.
    It bridges every gap of one pixel, yet pixels that touch are no neighbours: a block of 2 x 2 is
    four components, 3 x 3 leaves its centre apart, from 4 x 4 a block is one.

    On the four outputs that the paper's authors published, every reading finds the same number of
    instances; with `"box"` that number holds for any `gamma` from 1.5 to 5, with `"pixel"` only from 3.

    Components are merged along every chain of pairs that pass stage 5, as they stand after stage 4.
    So the outcome does not depend on the order of the pairs, and a growing group cannot widen its own
    allowance (under `"box"`, a merged group's larger box would let in ever more distant parts).

    Attributes:
        background: Its colour in 8 bits, or None to take `estimate_background` of each picture.
        tau: Tolerance of stages 1, 2 and 5, in /255.
        min_area: Stage 3, share of the picture.
        erosion: Stage 4, share of the component. Pixels beyond the picture's edge count as inside,
            so an instance that the frame cuts is not taken for a thin one.
        gamma: Stage 5: the joint box may have at most this many times the sum of the two areas;
            0 merges nothing.
        connectivity: Which pixels are neighbours in stage 2.
        merge_area: Whether the areas of stage 5 are of the components' boxes or of their pixels.

    Raises:
        InputError: A setting is out of its range.

    Example:
        >>> labels = np.zeros((40, 60), np.int32)
        >>> labels[5:20, 5:30] = 1
        >>> labels[20:35, 10:50] = 2
        >>> codec = InstanceCodec()
        >>> result = codec.decode(codec.encode(labels))
        >>> len(result), result.areas.tolist(), result.boxes.tolist()
        (2, [375, 600], [[5, 5, 30, 20], [10, 20, 50, 35]])
    """

    background: Rgb | None = (0, 0, 0)
    tau: float = 14
    min_area: float = 2e-4
    erosion: float = 0.1
    gamma: float = 5
    connectivity: Connectivity = "16-knight"
    merge_area: MergeArea = "box"

    def __post_init__(self) -> None:
        if self.background is not None:
            object.__setattr__(self, "background", check_colour(self.background, "background"))
        for name, high in (("tau", 442.0), ("min_area", 1.0), ("erosion", 1.0), ("gamma", math.inf)):
            check_number(getattr(self, name), name, low=0, high=high)
        for name, kinds in (("connectivity", get_args(Connectivity)), ("merge_area", get_args(MergeArea))):
            if getattr(self, name) not in kinds:
                raise InputError(f"{name} must be one of {', '.join(kinds)}, got {getattr(self, name)!r}")

    def decode(self, rgb: Array) -> InstanceResult | tuple[InstanceResult, ...]:
        """Find the instances of a picture, or of each picture of a batch.

        Args:
            rgb: (H, W, 3) or (B, H, W, 3), uint8, uint16 or float in [0, 1]. A float pixel that holds
                NaN is rejected. Decode at the generator's own size: resizing mixes colours.

        Returns:
            The instances, numbered from 1 by their first pixel in raster order; a tuple of B results
            for a batch. Arrays are of the kind, and on the device, of `rgb`.

        Raises:
            InputError: `rgb` is no picture, or `min_area` is so small that over 20,000 components remain.
        """
        check_rgb(rgb)
        if rgb.ndim == 4:
            return tuple(self._decode_one(picture) for picture in rgb)
        return self._decode_one(rgb)

    def _decode_one(self, rgb: Array) -> InstanceResult:
        colours, unit = _levels(rgb)
        background = estimate_background(rgb) if self.background is None else self.background
        grow = (kernels("_flood_numba") or _flood_numpy).grow
        reach = (self.tau * unit) ** 2
        labels, areas, sums, boxes = grow(
            colours,
            np.array(background, np.int64) * unit,
            reach,
            math.ceil(self.min_area * colours.shape[0] * colours.shape[1]),
            float(self.erosion),
            np.array(_NEIGHBOURS[self.connectivity], np.int64),
        )
        own = areas if self.merge_area == "pixel" else box_area(boxes)
        leader = merge(sums / areas[:, None], own, boxes, reach, self.gamma)
        first, group = np.unique(leader, return_inverse=True)
        if len(first) < len(areas):
            # The table's last entry answers the label -1.
            labels = np.concatenate([[0], group + 1, [-1]]).astype(np.int32)[labels]
            follower = np.flatnonzero(leader != np.arange(len(leader)))
            for ufunc, of in (
                (np.add, areas),
                (np.add, sums),
                (np.minimum, boxes[:, :2]),
                (np.maximum, boxes[:, 2:]),
            ):
                ufunc.at(of, leader[follower], of[follower])
            areas, sums, boxes = areas[first], sums[first], boxes[first]
        means = np.round(sums / areas[:, None] / unit).astype(np.uint8)
        return InstanceResult(*(like(array, rgb) for array in (labels, means, areas, boxes)))

    def encode(
        self, labels: Array, colours: Array | None = None, rng: np.random.Generator | None = None
    ) -> Array:
        """Paint a label map so that `decode` reads it back.

        It does so exactly for instances that are connected and that stages 3 and 4 let pass.

        Args:
            labels: (..., H, W) integers: each value from 1 is an instance, 0 and -1 are background.
            colours: (n, 3) integers in 8 bits, one for each distinct instance in increasing order of
                label. By default they are as many points of a grid in RGB, more than `2 * tau`
                from each other and from the background.
            rng: Shuffles the default colours; without it they come farthest first.

        Returns:
            (..., H, W, 3) uint8, the kind and device of `labels`.

        Raises:
            InputError: `labels` holds anything else, there are more instances than colours that can
                be told apart, or `colours` has two within `tau` of each other or of the background.
        """
        namespace(labels, "labels")
        values = to_numpy(labels)
        if values.dtype.kind not in "iu" or values.ndim < 2:
            raise InputError(f"labels must be (..., H, W) integers, got {values.shape} {values.dtype}")
        if values.size and values.min() < -1:
            raise InputError(f"labels must be -1 or more, got {values.min()}")
        names, index = np.unique(np.maximum(values, 0), return_inverse=True)
        count = int((names > 0).sum())
        background = np.array(self.background or (0, 0, 0))
        if colours is None:
            palette = grid_colours(count, background, 2 * self.tau)
            if rng is not None:
                rng.shuffle(palette)
        else:
            palette = check_colours(to_numpy(colours), count, background, self.tau)
        if 0 in names:
            palette = np.concatenate([background[None], palette])
        painted = palette.astype(np.uint8)[index.reshape(values.shape)]
        return like(painted, labels)

    def sensitivity(
        self, rgb: Array, taus: Iterable[float] = (4, 7, 10, 14, 20, 28, 40)
    ) -> tuple[TauReport, ...]:
        """How the outcome depends on `tau`: a count that holds over a wide range can be trusted.

        Args:
            rgb: (H, W, 3), as for `decode`.
            taus: The tolerances to try, in /255.

        Returns:
            One report for each of `taus`.
        """
        check_rgb(rgb)
        picture = to_numpy(unit_rgb(rgb)) if dtype_name(rgb) == "bfloat16" else to_numpy(rgb)
        own = self._decode_one(picture).labels
        reports = []
        for tau in taus:
            result = replace(self, tau=tau)._decode_one(picture)
            reports.append(
                TauReport(
                    tau=tau,
                    instances=len(result),
                    foreground=float((result.labels > 0).mean()),
                    rejected=float((result.labels < 0).mean()),
                    agreement=_agreement(own, result.labels),
                )
            )
        return tuple(reports)


def estimate_background(rgb: Array) -> Rgb:
    """The colour that prevails along the picture's border.

    Objects stand inside a picture more often than they fill its rim; where one does (a road, a
    close-up), name the background instead. Looked for in a frame a fiftieth of the picture wide: the
    fullest of 4096 cells of RGB, then the median of what lies within 16 /255 of that cell's median.

    Args:
        rgb: (H, W, 3), uint8, uint16 or float in [0, 1].

    Returns:
        The colour in 8 bits.

    Raises:
        InputError: `rgb` is no picture, or its border holds only NaN.

    Examples:
        >>> picture = np.full((64, 64, 3), 20, np.uint8)
        >>> picture[20:40, 20:40] = (255, 0, 0)
        >>> estimate_background(picture)
        (20, 20, 20)
    """
    colours, unit = _levels(rgb)
    width = max(1, min(colours.shape[:2]) // 50)
    rim = np.ones(colours.shape[:2], bool)
    rim[width:-width, width:-width] = False
    pixels = colours[rim & (colours[..., 0] >= 0)] / unit
    if not len(pixels):
        raise InputError("rgb has only NaN along its border: pass background=(r, g, b)")
    cells = np.ravel_multi_index(tuple((pixels // 16).astype(np.int64).T), (16, 16, 16))
    centre = np.median(pixels[cells == np.bincount(cells).argmax()], axis=0)
    near = pixels[((pixels - centre) ** 2).sum(1) <= 16**2]
    red, green, blue = np.round(np.median(near, axis=0)).astype(int).tolist()
    return red, green, blue


def _levels(rgb: Array) -> tuple[np.ndarray, int]:
    """One picture as integers, NaN as -1, and how many of them make one level of 8 bits."""
    check_rgb(rgb)
    if rgb.ndim != 3:
        raise InputError(f"rgb must be one picture (H, W, 3), got shape {tuple(rgb.shape)}")
    if 0 in rgb.shape:
        raise InputError(f"rgb has no pixels: its shape is {tuple(rgb.shape)}")
    kind = dtype_name(rgb)
    if kind == "uint8":
        # A second kernel would be compiled for arrays that are read-only, as Pillow's are.
        return np.require(to_numpy(rgb), requirements=["C", "W"]), 1
    if kind == "uint16":
        return to_numpy(rgb).astype(np.int32), 257
    steps = np.round(to_numpy(unit_rgb(rgb)).astype(np.float64) * (255 * _FLOAT_STEPS))
    unknown = np.isnan(steps).any(-1, keepdims=True)
    return np.where(unknown, -1, np.nan_to_num(steps)).astype(np.int32), _FLOAT_STEPS


def _agreement(one: np.ndarray, two: np.ndarray) -> float:
    """Mean IoU over the best one-to-one pairs of instances of two label maps."""
    from scipy.optimize import linear_sum_assignment

    one, two = np.maximum(one, 0).astype(np.int64), np.maximum(two, 0).astype(np.int64)
    rows, columns = int(one.max()) + 1, int(two.max()) + 1
    most = max(rows, columns) - 1
    if most == 0:
        return 1.0
    joint = np.bincount((one * columns + two).ravel(), minlength=rows * columns).reshape(rows, columns)
    union = joint.sum(1)[1:, None] + joint.sum(0)[None, 1:] - joint[1:, 1:]
    iou = joint[1:, 1:] / union
    return float(iou[linear_sum_assignment(iou, maximize=True)].sum() / most)
