"""Walks along the edges of the RGB cube, from black to white through all eight corners.

A walk turns a number in [0, 1] into a colour and back. There are six of them, one
for each order in which red, green and blue may first be raised; each is named by its
corners (K black, R red, Y yellow, G green, C cyan, B blue, M magenta, W white).
The published depth images follow `KRYGCBMW`.
"""

from __future__ import annotations

from typing import NamedTuple

from vbanalysis.codecs._arrays import namespace
from vbanalysis.errors import InputError
from vbanalysis.types import Array

EDGES = 7
"""Edges of a walk: eight corners, seven steps."""

WALKS: dict[str, tuple[int, int, int]] = {
    "KRYGCBMW": (0, 1, 2),
    "KRMBCGYW": (0, 2, 1),
    "KGYRMBCW": (1, 0, 2),
    "KGCBMRYW": (1, 2, 0),
    "KBMRYGCW": (2, 0, 1),
    "KBCGYRMW": (2, 1, 0),
}
"""Name of each walk, and the channels (0 red, 1 green, 2 blue) in the order in which it first raises them.

With the channels in that order every walk makes the same steps: first up, second up,
first down, third up, second down, first up, second up.
"""

_CORNERS = {
    "K": (0, 0, 0), "R": (1, 0, 0), "Y": (1, 1, 0), "G": (0, 1, 0),
    "C": (0, 1, 1), "B": (0, 0, 1), "M": (1, 0, 1), "W": (1, 1, 1),
}  # fmt: skip


class Projection(NamedTuple):
    """The nearest point of a walk to each colour.

    Attributes:
        edge: Integer 0 to 6, the nearest edge; the earlier one where two are equally near.
        along: Float in [0, 1], how far along that edge.
        ahead: Float in [0, 1], `1 - along`, exact where subtraction would round.
        residual: Distance to that point, in the unit of the colours.
        margin: How much farther the nearest point is among edges that do not touch this one.
    """

    edge: Array
    along: Array
    ahead: Array
    residual: Array
    margin: Array


def channel_order(walk: str) -> tuple[int, int, int]:
    """The channels in the order in which a walk first raises them.

    Raises:
        InputError: The walk is unknown; the message lists all six.

    Examples:
        >>> channel_order("KBCGYRMW")
        (2, 1, 0)
    """
    try:
        return WALKS[walk]
    except (KeyError, TypeError):
        raise InputError(f"walk must be one of {', '.join(WALKS)}; got {walk!r}") from None


def corners(walk: str) -> list[tuple[int, int, int]]:
    """The eight corners of a walk in order, each as (r, g, b) of 0 and 1.

    Examples:
        >>> corners("KRYGCBMW")[:3]
        [(0, 0, 0), (1, 0, 0), (1, 1, 0)]
    """
    channel_order(walk)
    return [_CORNERS[letter] for letter in walk]


def walk_colour(f: Array, walk: str = "KRYGCBMW", tail: Array | None = None) -> Array:
    """Colours (..., 3), floats in [0, 1], at positions `f` in [0, 1] of a walk.

    Args:
        f: (...) floats in [0, 1].
        walk: One of `WALKS`.
        tail: `1 - f` where the caller knows it better than subtraction does; it decides
            the last edge, where equal steps of colour are ever larger steps of depth.
    """
    xp = namespace(f, "f")
    order = channel_order(walk)
    x = f * EDGES
    last = x - 6 if tail is None else 1 - tail * EDGES

    def step(value: Array) -> Array:
        return xp.clip(value, 0.0, 1.0)

    ordered = (
        step(x) - step(x - 2) + step(x - 5),
        step(x - 1) - step(x - 4) + step(last),
        step(x - 3),
    )
    return xp.stack([ordered[order.index(channel)] for channel in range(3)], axis=-1)


def project(rgb: Array, walk: str = "KRYGCBMW", top: float = 1.0) -> Projection:
    """The nearest point of a walk to each colour.

    Args:
        rgb: (..., 3) floats in [0, top].
        walk: One of `WALKS`.
        top: Value of full intensity. With 255 and whole numbers all comparisons are exact.

    Returns:
        Arrays of shape (...), of the kind and on the device of `rgb`.
    """
    xp = namespace(rgb)
    squared, along, ahead = _edges(rgb, walk, top)
    edge = xp.argmin(squared, axis=-1)
    nearest = xp.min(squared, axis=-1)
    rival = xp.min(_apart_from(edge, squared, top), axis=-1)
    residual = root(nearest)
    return Projection(edge, _at(along, edge) / top, _at(ahead, edge) / top, residual, root(rival) - residual)


class SecondBest(NamedTuple):
    """The nearest point to each colour among the edges of a walk that do not touch the nearest edge.

    Attributes:
        edge: Integer 0 to 6; the earlier one where two are equally near.
        along: Float in [0, 1], how far along that edge.
        ahead: Float in [0, 1], `1 - along`, exact where subtraction would round.
    """

    edge: Array
    along: Array
    ahead: Array


def second_best(rgb: Array, walk: str = "KRYGCBMW", top: float = 1.0) -> SecondBest:
    """What else a colour could be: the point of the walk that `project` measures the margin to.

    Args:
        rgb: (..., 3) floats in [0, top].
        walk: One of `WALKS`.
        top: As for `project`.

    Returns:
        Arrays of shape (...), of the kind and on the device of `rgb`.
    """
    xp = namespace(rgb)
    squared, along, ahead = _edges(rgb, walk, top)
    edge = xp.argmin(_apart_from(xp.argmin(squared, axis=-1), squared, top), axis=-1)
    return SecondBest(edge, _at(along, edge) / top, _at(ahead, edge) / top)


def _edges(rgb: Array, walk: str, top: float) -> tuple[Array, Array, Array]:
    """Of each edge, in (..., 7): the squared distance to it, how far along it, and how far is left."""
    xp = namespace(rgb)
    p, q, s = (rgb[..., channel] for channel in channel_order(walk))
    p_up, q_up, s_up = top - p, top - q, top - s  # distance of each channel to full
    squared = [
        q**2 + s**2,
        p_up**2 + s**2,
        q_up**2 + s**2,
        p**2 + q_up**2,
        p**2 + s_up**2,
        q**2 + s_up**2,
        p_up**2 + s_up**2,
    ]
    along = [p, q, p_up, s, q_up, p, q]
    ahead = [p_up, q_up, p, s_up, q, p_up, q_up]
    return xp.stack(squared, axis=-1), xp.stack(along, axis=-1), xp.stack(ahead, axis=-1)


def _at(of_edges: Array, edge: Array) -> Array:
    return namespace(of_edges).take_along_axis(of_edges, edge[..., None], axis=-1)[..., 0]


def _apart_from(edge: Array, squared: Array, top: float) -> Array:
    """The squared distances, beyond all others for an edge and those that touch it."""
    xp = namespace(squared)
    index = xp.arange(EDGES, device=getattr(edge, "device", None))
    return xp.where(xp.abs(index - edge[..., None]) > 1, squared, xp.full_like(squared, 4.0 * top * top))


def root(squared: Array) -> Array:
    """Square root whose gradient at 0 is 0, not NaN; the root of NaN is NaN."""
    xp = namespace(squared, "squared")
    zero = squared == 0
    return xp.where(zero, xp.zeros_like(squared), xp.sqrt(xp.where(zero, xp.ones_like(squared), squared)))
