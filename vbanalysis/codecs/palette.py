"""Semantic and referring masks: classes painted in the colours that a prompt names.

Source: arXiv 2604.20329, segmentation output format: each pixel goes to the class whose
colour is nearest in RGB.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
from array_api_compat import device

from vbanalysis.codecs._arrays import check_number, dtype_name, namespace, quantise, to_numpy, unit_rgb
from vbanalysis.codecs.colour_spaces import check_colour, srgb_to_lab
from vbanalysis.codecs.walk import root
from vbanalysis.errors import InputError
from vbanalysis.types import Array, Rgb, SemanticResult

IMPLICIT_BACKGROUND: Rgb = (0, 0, 0)
"""What no class names is left black in published outputs, also where the prompt names no background."""

CLEAR_OF_IMPLICIT = 48.0
"""A class nearer than this to black, in /255, leaves no room for an implicit black background."""

AMBIGUOUS = 24.0
"""A pixel whose runner-up colour is less than this farther, in /255, could be either class."""


class ClassReport(NamedTuple):
    """How one class was painted.

    Attributes:
        name: The class; `"(background)"` for the background.
        colour: As prompted.
        pixels: Pixels decoded as this class.
        share: Their share of the image.
        painted: Their median colour (r, g, b), or None without pixels.
        drift: Distance of `painted` to `colour`, in /255; NaN without pixels.
        residual: Mean distance of the pixels to `colour`, in /255; NaN without pixels.
        ambiguous: Share of the pixels whose runner-up colour lies less than `AMBIGUOUS` farther.
    """

    name: str
    colour: Rgb
    pixels: int
    share: float
    painted: Rgb | None
    drift: float
    residual: float
    ambiguous: float


@dataclass(frozen=True)
class PaletteCodec:
    """Classes <-> prompted colours.

    Attributes:
        classes: Name to colour (r, g, b) in 0..255, at least one, no colour twice.
        background: Colour of everything else. `"implicit"` is black unless a class lies within
            48/255 of black; None is no background: every pixel is some class.
        reject: Pixels farther than this from all colours, in the unit of `space`, are rejected.
        space: Where distances are taken: `"rgb"` (the paper's, unit /255) or `"lab"` (CIELAB, dE*ab).

    Examples:
        >>> codec = PaletteCodec({"cat": (255, 0, 0), "dog": (0, 255, 0)})
        >>> image = np.array([[[250, 8, 3], [0, 240, 0], [4, 0, 2]]], dtype=np.uint8)
        >>> codec.decode(image).labels.tolist()
        [[0, 1, -1]]
        >>> codec.encode(np.array([0, -1], dtype=np.int32)).tolist()
        [[255, 0, 0], [0, 0, 0]]
    """

    classes: Mapping[str, Rgb] = field(default_factory=dict)
    background: Rgb | Literal["implicit"] | None = "implicit"
    reject: float | None = None
    space: Literal["rgb", "lab"] = "rgb"

    def __post_init__(self) -> None:
        if not isinstance(self.classes, Mapping):
            raise InputError(
                "classes must be a mapping of names to colours such as {'cat': (255, 0, 0)}, "
                f"got {type(self.classes).__name__}"
            )
        if not self.classes:
            raise InputError("classes must name at least one class and its colour")
        colours = [check_colour(colour, f"the colour of {name!r}") for name, colour in self.classes.items()]
        implicit = isinstance(self.background, str) and self.background == "implicit"
        if self.background is not None and not implicit:
            colours.append(check_colour(self.background, "background"))
        if len(set(colours)) < len(colours):
            twice = next(c for c in colours if colours.count(c) > 1)
            raise InputError(f"the colour {twice} is given twice: no pixel of it could be told apart")
        check_number(self.reject, "reject", above=0, optional=True, note="a distance")
        if self.space not in ("rgb", "lab"):
            raise InputError(f"space must be 'rgb' or 'lab', got {self.space!r}")

    @property
    def names(self) -> tuple[str, ...]:
        """The classes, in the order of their labels."""
        return tuple(self.classes)

    @property
    def background_colour(self) -> Rgb | None:
        """The background's colour after the implicit rule, or None."""
        if not isinstance(self.background, str):
            return self.background
        nearest = min(math.dist(c, IMPLICIT_BACKGROUND) for c in self.classes.values())
        return IMPLICIT_BACKGROUND if nearest >= CLEAR_OF_IMPLICIT else None

    def encode(self, labels: Array, dtype: str = "uint8") -> Array:
        """Paint classes.

        Args:
            labels: (...) integers: k is class k from 0, -1 background.
            dtype: Of the colours, as in `DepthCodec.encode`.

        Raises:
            InputError: A label that is no class (the message counts them), or -1 without a background,
                or labels that are not integers.
        """
        xp = namespace(labels, "labels")
        if not dtype_name(labels).startswith(("int", "uint")):
            raise InputError(f"labels must be integers, class k is k from 0; got {dtype_name(labels)}")
        lowest = 0 if self.background_colour is None else -1
        index = xp.astype(labels, xp.int64)  # the largest of uint64 turn negative there
        least = 0 if dtype_name(labels).startswith("uint") else lowest
        wrong = (index < least) | (index >= len(self.classes))
        if bool(xp.any(wrong)):
            raise InputError(
                f"labels holds {int(xp.sum(xp.astype(wrong, xp.int64)))} values outside {lowest} to "
                f"{len(self.classes) - 1}: class k of {list(self.names)} is k from 0"
                + ("" if lowest else " and -1 the background")
            )
        colours = self._colours(xp.float64, xp, device(labels)) / 255
        index = xp.reshape(index, (-1,))
        rgb = xp.take(colours, xp.where(index < 0, xp.full_like(index, len(self.classes)), index), axis=0)
        return quantise(xp.reshape(rgb, (*labels.shape, 3)), dtype)

    def decode(self, rgb: Array) -> SemanticResult:
        """Read classes.

        Args:
            rgb: (..., 3) uint8, uint16 or float in [0, 1], at the generator's own resolution.

        Returns:
            int32 labels, residual and margin (in the unit of `space`) and validity. NaN colours
            are rejected. With a single colour to choose from the margin is inf.

        Raises:
            InputError: `rgb` is not an image of colours.
        """
        xp = namespace(rgb)
        colours = unit_rgb(rgb)
        finite = xp.all(xp.isfinite(colours), axis=-1)
        place = self._place(xp.where(finite[..., None], colours, xp.zeros_like(colours)))
        targets = self._place(self._colours(colours.dtype, xp, device(colours)) / 255)
        nearest = xp.full_like(place[..., 0], math.inf)
        runner_up = nearest
        labels = xp.astype(xp.zeros_like(nearest), xp.int32)
        # A class at a time keeps memory at a few planes, however many classes there are.
        for index in range(targets.shape[0]):
            squared = xp.sum((place - targets[index, :]) ** 2, axis=-1)
            closer = squared < nearest
            runner_up = xp.where(closer, nearest, xp.where(squared < runner_up, squared, runner_up))
            nearest = xp.where(closer, squared, nearest)
            label = index if index < len(self.classes) else -1
            labels = xp.where(closer, xp.full_like(labels, label), labels)
        residual = root(nearest)
        margin = root(runner_up) - residual
        valid = finite if self.reject is None else finite & (residual <= self.reject)
        labels = xp.where(valid, labels, xp.full_like(labels, -1))
        residual = xp.where(finite, residual, xp.full_like(residual, math.nan))
        margin = xp.where(finite, margin, xp.full_like(margin, math.nan))
        return SemanticResult(
            labels, self.names, xp.astype(residual, xp.float32), xp.astype(margin, xp.float32), valid
        )

    def report(self, rgb: Array) -> list[ClassReport]:
        """How each class, and then the background, was painted: pixels, drift, residual, ambiguity.

        Pixels belong to the classes that `decode` gives them, by the codec's own `space` and `reject`;
        the distances of the report are in RGB, /255, whatever the space.

        Args:
            rgb: As in `decode`.
        """
        colours = to_numpy(unit_rgb(rgb)) * 255
        result = self.decode(rgb)
        labels, valid = to_numpy(result.labels), to_numpy(result.valid)
        entries = list(self.classes.items())
        if self.background_colour is not None:
            entries.append(("(background)", self.background_colour))
        rows = []
        for index, (name, colour) in enumerate(entries):
            mine = colours[valid & (labels == (index if index < len(self.classes) else -1))]
            painted: Rgb | None = None
            drift = residual = ambiguous = math.nan
            if len(mine):
                r, g, b = (int(v) for v in np.rint(np.median(mine, axis=0)))
                painted = (r, g, b)
                drift = math.dist(painted, colour)
                away = np.linalg.norm(mine - np.array(colour), axis=1)
                residual = float(away.mean())
                rival = np.full(len(mine), np.inf)
                for _, other in entries[:index] + entries[index + 1 :]:
                    rival = np.minimum(rival, np.linalg.norm(mine - np.array(other), axis=1))
                ambiguous = float((rival - away < AMBIGUOUS).mean())
            share = len(mine) / max(labels.size, 1)
            rows.append(ClassReport(name, colour, len(mine), share, painted, drift, residual, ambiguous))
        return rows

    def _colours(self, dtype: object, xp: object, where: object) -> Array:
        """(n, 3) colours in 0..255, the background last."""
        rows = [tuple(c) for c in self.classes.values()]
        if self.background_colour is not None:
            rows.append(self.background_colour)
        return xp.asarray(rows, dtype=dtype, device=where)  # type: ignore[attr-defined]

    def _place(self, colours: Array) -> Array:
        """Coordinates in which distances are taken."""
        return srgb_to_lab(colours) if self.space == "lab" else colours * 255


def separated_palette(n: int, avoid: Sequence[Rgb] = (IMPLICIT_BACKGROUND,), levels: int = 9) -> list[Rgb]:
    """`n` colours as far from each other, and from those to avoid, as a greedy search finds them.

    Farthest-point sampling on a regular grid of RGB: deterministic, and the first colours of a
    longer palette are those of a shorter one.

    Args:
        n: How many.
        avoid: Colours to stay away from, the background's for instance.
        levels: Grid points a channel; `levels ** 3` bounds `n`.

    Raises:
        InputError: `n` is not between 1 and what the grid holds, or `levels` not from 2 to 64.

    Examples:
        >>> separated_palette(3)
        [(255, 255, 255), (0, 128, 255), (128, 255, 0)]
    """
    levels = check_number(levels, "levels", low=2, high=64, whole=True)
    if not isinstance(avoid, Iterable):
        raise InputError(f"avoid must be colours such as [(0, 0, 0)], got {avoid!r}")
    shunned = [check_colour(colour, f"avoid[{place}]") for place, colour in enumerate(avoid)]
    steps = np.rint(np.linspace(0, 255, levels)).astype(int)
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    n = check_number(n, "n", low=1, high=len(grid) - len(shunned), whole=True, note="raise levels for more")
    away = np.full(len(grid), np.inf)
    for colour in shunned:
        away = np.minimum(away, np.linalg.norm(grid - np.array(colour), axis=1))
    chosen: list[Rgb] = []
    for _ in range(n):
        best = grid[int(away.argmax())]
        chosen.append((int(best[0]), int(best[1]), int(best[2])))
        away = np.minimum(away, np.linalg.norm(grid - best, axis=1))
    return chosen
