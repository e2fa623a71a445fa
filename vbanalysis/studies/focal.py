"""The focal length that a depth map itself tells, where it shows planes at right angles.

On a plane 1/z is affine in the pixel's place, `1/z = a u + b v + c`, whatever the focal length f; the
plane's normal is `(f a, f b, c)`. So planes stay planes under a wrong f, but right angles do not stay right:
two planes that are perpendicular in the world give `f**2 = -c1 c2 / (a1 a2 + b1 b2)`, the condition of the
image of the absolute conic (Hartley and Zisserman, "Multiple View Geometry", 2003, section 8.8) put on
normals instead of vanishing points. A room seen along its walls says nothing: numerator and denominator
vanish together. The principal point is taken to be the picture's centre, and pixels to be square.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from vbanalysis.errors import DataError, InputError
from vbanalysis.stats import Estimate

RANGE = (0.2, 5.0)
"""Focal lengths that are believed, in widths of the picture: from 136 down to 11 degrees."""

_LONG_SIDE = 128
_RESAMPLES = 400
_WINDOWS = 400
_ALIKE = 0.1  # widths of the picture over which errors of depth are alike: planes warp, pixels do not jump
_STRETCH = 2.0  # of the spread seen on a plane, for much of a warp is taken for the plane's own slope
_FEW = 400  # pixels of a plane that its uncertainty is found from
_SUREST = 0.02  # standard deviation of ln f that no pair is believed to beat
_VAGUEST = 0.3  # and beyond which it says nothing


class Plane(NamedTuple):
    """A plane in a depth map.

    Attributes:
        coefficients: (3,) `a, b, c` of 1/z in 1/m, with u and v in widths of the picture from its centre.
        share: Of the map's pixels that lie on it.
        drawn: (resamples, 3) the coefficients as smooth errors of the depth would move them.
    """

    coefficients: np.ndarray
    share: float
    drawn: np.ndarray


class Recovered(NamedTuple):
    """A focal length read from a depth map.

    Attributes:
        focal: In widths of the picture, with a 95 % interval; `n` counts the pairs of planes that agree.
        planes: The planes found, the largest first.
    """

    focal: Estimate
    planes: tuple[Plane, ...]


def recover_focal(
    depth_m: np.ndarray,
    rng: np.random.Generator,
    tolerance: float = 0.02,
    least_share: float = 0.05,
    least_covered: float = 0.35,
) -> Recovered:
    """The focal length under which the planes of a depth map stand at right angles.

    Every pair of planes that can be perpendicular gives one; the largest weight of pairs that agree is kept.
    The interval takes a plane's residuals for smooth errors, alike over a tenth of the picture; it is widened
    where kept pairs differ by more. That planes which may be perpendicular are so, it cannot know.

    Args:
        depth_m: (H, W) z in metres; NaN and inf are left out.
        rng: Draws windows and resamples.
        tolerance: A pixel is on a plane if its depth differs from the plane's by at most this share.
        least_share: Of the picture, that a plane must cover in one piece.
        least_covered: Of the picture, that all planes must cover together: a picture of a room, not of people
            whose shirts happen to be flat.

    Raises:
        InputError: `depth_m` is no map, or a share is not between 0 and 1.
        DataError: There are no two planes whose right angle would tell a focal length, or they cover too
            little.
    """
    planes = find_planes(depth_m, rng, tolerance, least_share)
    covered = sum(plane.share for plane in planes)
    if len(planes) < 2:
        raise DataError(
            f"of planes over {least_share:.0%} of the picture the depth shows {len(planes)}, two are needed"
        )
    if covered < least_covered:
        raise DataError(
            f"its planes cover {covered:.0%} of the picture, {least_covered:.0%} are needed: it shows no room"
        )
    pairs = [_pair(first, second) for first, second in combinations(planes, 2)]
    told = [pair for pair in pairs if pair is not None]
    if not told:
        raise DataError(
            f"none of {len(pairs)} pairs of planes tells a focal length: they are parallel, or seen head-on"
        )
    kept = _agreeing(np.array(told))
    return Recovered(_pooled(kept), tuple(planes))


def find_planes(
    depth_m: np.ndarray, rng: np.random.Generator, tolerance: float = 0.02, least_share: float = 0.05
) -> list[Plane]:
    """Planes of a depth map, the one of most pixels first; arguments as of `recover_focal`.

    A window of pixels proposes a plane, the largest wins and is fitted again, its pixels leave.
    """
    depth = np.asarray(depth_m)
    if depth.ndim != 2 or depth.dtype.kind not in "fiu" or min(depth.shape) < 16:
        raise InputError(
            f"depth_m must be (H, W) metres of at least 16 pixels a side, got {depth.dtype} {depth.shape}"
        )
    for name, value in (("tolerance", tolerance), ("least_share", least_share)):
        if not 0 < value < 1:
            raise InputError(f"{name} must be between 0 and 1, got {value!r}")
    step = max(1, round(max(depth.shape) / _LONG_SIDE))
    height, width = depth.shape
    rows, columns = np.meshgrid(np.arange(0, height, step), np.arange(0, width, step), indexing="ij")
    # Pixels are skipped, not averaged: a mean over an edge is a depth of nothing.
    z = depth[rows, columns].astype(np.float64)
    places = np.stack(
        [(columns - (width - 1) / 2) / width, (rows - (height - 1) / 2) / width, np.ones(z.shape)], axis=-1
    )
    free = np.isfinite(z) & (z > 0)
    planes: list[Plane] = []
    while len(planes) < 8 and free.mean() >= least_share:
        on = _largest(places, z, free, rng, tolerance)
        if on.mean() < least_share:
            break
        planes.append(_fitted(places[on], z[on], on.mean(), rng))
        # What lies near belongs to it too, and must not become a second plane of the same wall.
        free &= ~_on(places, z, planes[-1].coefficients, 2 * tolerance)
    return planes


def normals_at(planes: Sequence[Plane], focal: float) -> np.ndarray:
    """(n, 3) unit normals of planes, x right, y down, z forward, if the focal length is this."""
    raw = np.array([plane.coefficients for plane in planes]) * (focal, focal, 1.0)
    return raw / np.linalg.norm(raw, axis=1, keepdims=True)


def _largest(
    places: np.ndarray, z: np.ndarray, free: np.ndarray, rng: np.random.Generator, tolerance: float
) -> np.ndarray:
    """(h, w) bool, the most free pixels on one plane that a window of them proposed."""
    height, width = z.shape
    side = max(4, min(height, width) // 8)
    best = np.zeros(z.shape, bool)
    for _ in range(_WINDOWS):
        top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
        window = np.s_[top : top + side, left : left + side]
        inside = free[window]
        if inside.mean() < 0.7:
            continue
        guess = _solve(places[window][inside], z[window][inside])
        on = free & _on(places, z, guess, tolerance)
        if on.sum() > best.sum():
            best = on
    for _ in range(3):
        if best.sum() >= 9:
            best = _one_piece(free & _on(places, z, _solve(places[best], z[best]), tolerance))
    return best


def _one_piece(mask: np.ndarray) -> np.ndarray:
    """The largest connected part of a mask."""
    from scipy.ndimage import label

    parts, count = label(mask)
    return np.asarray(parts == 1 + np.argmax(np.bincount(parts.ravel())[1:])) if count else mask


def _on(places: np.ndarray, z: np.ndarray, coefficients: np.ndarray, tolerance: float) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.abs(places @ coefficients * z - 1) <= tolerance


def _solve(places: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Least squares of relative depth, `(a u + b v + c) z = 1`."""
    return np.asarray(np.linalg.lstsq(places * z[:, None], np.ones(len(z)), rcond=None)[0])


def _fitted(places: np.ndarray, z: np.ndarray, share: float, rng: np.random.Generator) -> Plane:
    coefficients = _solve(places, z)
    # At least what 8 bits leave; pixels near the tolerance were cut off, so their spread is a lower bound.
    error = max(_STRETCH * float(np.std(places @ coefficients * z)), 1e-3)
    few = rng.permutation(len(z))[:_FEW]
    apart = np.linalg.norm(places[few, None, :2] - places[None, few, :2], axis=-1)
    solve = np.linalg.pinv(places[few] * z[few, None])
    spread = error**2 * solve @ np.exp(-0.5 * (apart / _ALIKE) ** 2) @ solve.T
    return Plane(coefficients, float(share), rng.multivariate_normal(coefficients, spread, _RESAMPLES))


def _pair(first: Plane, second: Plane) -> tuple[float, float] | None:
    """ln f and its standard deviation from the right angle of two planes, or None where it tells nothing."""
    found = _log_focal(first.coefficients[None], second.coefficients[None])
    drawn = _log_focal(first.drawn, second.drawn)
    known = drawn[np.isfinite(drawn)]
    low, high = np.log(RANGE)
    if not low <= found[0] <= high or len(known) < 0.95 * len(drawn):
        return None
    spread = max(float(known.std()), _SUREST)
    return (float(found[0]), spread) if spread <= _VAGUEST else None


def _log_focal(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(n,) ln f of pairs of (n, 3) coefficients; NaN where no f makes them perpendicular."""
    across = (first[:, :2] * second[:, :2]).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        squared = -first[:, 2] * second[:, 2] / across
        return np.where(squared > 0, 0.5 * np.log(squared), np.nan)


def _agreeing(pairs: np.ndarray) -> np.ndarray:
    """Those (k, 2) of ln f and spread that agree with the one that most weight agrees with."""
    weights = pairs[:, 1] ** -2.0
    apart = np.abs(pairs[:, None, 0] - pairs[None, :, 0])
    alike = apart <= 2 * np.hypot(pairs[:, None, 1], pairs[None, :, 1])
    return np.asarray(pairs[alike[np.argmax(alike @ weights)]])


def _pooled(pairs: np.ndarray) -> Estimate:
    weights = pairs[:, 1] ** -2.0
    mean = float(weights @ pairs[:, 0] / weights.sum())
    spread = weights.sum() ** -0.5
    if len(pairs) > 1:
        chi = float(weights @ (pairs[:, 0] - mean) ** 2 / (len(pairs) - 1))
        spread *= max(1.0, chi) ** 0.5
    low, middle, high = np.exp(mean + 1.96 * spread * np.array([-1, 0, 1]))
    return Estimate(float(middle), float(low), float(high), len(pairs), "smooth errors of depth")
