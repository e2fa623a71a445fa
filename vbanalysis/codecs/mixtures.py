"""What a mixture of two depths' colours says: one of the two, something between, or a third depth.

The walk is no straight line. The mean of two of its colours is as a rule no colour of the walk, and the
nearest one may stand for a depth that is neither of the two nor between them. Averages of numbers do not do
this.
"""

from __future__ import annotations

import numpy as np

from vbanalysis.codecs._arrays import check_number
from vbanalysis.codecs.depth import DepthCodec
from vbanalysis.errors import InputError
from vbanalysis.types import DepthResult

SIDES = ("near", "far", "between", "third", "unread")
"""Names of what `sides` gives, by number."""

NEAR, FAR, BETWEEN, THIRD, UNREAD = range(len(SIDES))

TOLERANCE = 1.1
"""A depth within this ratio of another counts as the same."""


def mix_depths(
    first_m: np.ndarray,
    second_m: np.ndarray,
    share: float | np.ndarray = 0.5,
    codec: DepthCodec | None = None,
) -> DepthResult:
    """Decode the mixture of two depths' colours, exactly, without rounding.

    Args:
        first_m: (...) metres in [0, inf].
        second_m: The same, of a shape that broadcasts with it.
        share: Of the second colour, in [0, 1], one number or an array that broadcasts.
        codec: By default the paper's.

    Returns:
        What the mixture decodes to; its residual tells how far it lies off the walk, in /255.

    Raises:
        InputError: A share is outside [0, 1], or a depth is negative.

    Examples:
        >>> result = mix_depths(np.array(0.8), np.array(8.7))
        >>> f"{result.depth_m:.2f} m, {result.residual:.0f}/255 off the walk"
        '0.38 m, 128/255 off the walk'
    """
    codec = DepthCodec() if codec is None else codec
    shares = np.asarray(share, np.float64)[..., None]
    if not np.all((shares >= 0) & (shares <= 1)):
        raise InputError(f"share must be in [0, 1], got {share}")
    first, second = (
        codec.encode(np.asarray(depth, np.float64), dtype="float64") for depth in (first_m, second_m)
    )
    return codec.decode((1 - shares) * first + shares * second)


def sides(
    depth_m: np.ndarray, near_m: np.ndarray, far_m: np.ndarray, tolerance: float = TOLERANCE
) -> np.ndarray:
    """On which side of an edge a depth is.

    Args:
        depth_m: (...) metres; inf is farther than all else, NaN unread.
        near_m: (...) metres, the nearer side.
        far_m: (...) metres, the farther side, at least `near_m`; may be inf.
        tolerance: At least 1: within this ratio of a side a depth is that side's; within it of both, the
            side's that it is nearer to.

    Returns:
        (...) int8 of `SIDES`: near, far, between the two, a third depth outside both, or unread.

    Raises:
        InputError: The sides are not in order, or the tolerance is below 1.

    Examples:
        >>> found = sides(np.array([1.05, 3.0, 2.0, 0.5, np.nan]), np.ones(5), np.full(5, 3.0))
        >>> [SIDES[k] for k in found]
        ['near', 'far', 'between', 'third', 'unread']
    """
    check_number(tolerance, "tolerance", low=1)
    depth, near, far = np.broadcast_arrays(
        *(np.asarray(each, np.float64) for each in (depth_m, near_m, far_m))
    )
    if not np.all((near > 0) & (far >= near)):
        raise InputError("near_m must be above 0 and far_m at least near_m, everywhere")
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        from_near = np.abs(np.log(depth) - np.log(near))
        from_far = np.where(np.isinf(far) & np.isinf(depth), 0.0, np.abs(np.log(depth) - np.log(far)))
    found = np.where((depth > near) & (depth < far), BETWEEN, THIRD)
    at_near, at_far = (away <= np.log(tolerance) + 1e-12 for away in (from_near, from_far))
    found[at_near & ~(at_far & (from_far < from_near))] = NEAR
    found[at_far & ~(at_near & (from_near <= from_far))] = FAR
    found[np.isnan(depth)] = UNREAD
    return found.astype(np.int8)


def third_share(first_m: float, second_m: float, steps: int = 255, codec: DepthCodec | None = None) -> float:
    """The share of the straight way between two depths' colours that decodes to a third depth or to none.

    Args:
        first_m: Metres, above 0.
        second_m: Metres, above 0.
        steps: Mixtures looked at, evenly between the two, ends left out.
        codec: By default the paper's.

    Raises:
        InputError: A depth is not above 0, or there is no step.

    Examples:
        >>> round(third_share(1.0, 10.0), 2), third_share(1.0, 1.1)
        (0.56, 0.0)
    """
    steps = check_number(steps, "steps", low=1, whole=True)
    shares = np.arange(1, steps + 1) / (steps + 1)
    found = mix_depths(np.full(steps, first_m), np.full(steps, second_m), shares, codec).depth_m
    placed = sides(found, np.array(min(first_m, second_m)), np.array(max(first_m, second_m)))
    return float(np.isin(placed, (THIRD, UNREAD)).mean())
