"""Depth as one of the usual colour maps: viridis, plasma, inferno, gray or another of matplotlib.

Vision Banana was also trained on such renderings (arXiv 2604.20329, depth output format), so
prompts may ask for them. A map is read as the line through its colours; a pixel belongs to
the nearest point of that line.
"""

from __future__ import annotations

import difflib
import functools
import itertools
import math
from dataclasses import dataclass, field

import numpy as np

from vbanalysis.codecs._arrays import LEVELS, check_number, dtype_name, like, quantise, to_numpy, unit_rgb
from vbanalysis.codecs._distinct import distinct_colours
from vbanalysis.codecs.colour_spaces import check_colour
from vbanalysis.codecs.curve import PowerCurve, as_width, real_depth, refuse_negative
from vbanalysis.errors import InputError
from vbanalysis.types import Array, DepthResult, Rgb

_CHUNK = 4096  # colours compared with the whole map at a time: some 8 MiB
_LEAST_DISTANCE_TO_UNKNOWN = 24
_MOST_OFF = 6.0
"""How far from where it was painted a map may be read back from 8 bits, in steps of 1/255 of its range.

Of matplotlib's maps those that run through new colours all the way are off by 1.3 at most, jet with its
three equal blues by 3, the lists of flat colours (tab10, Set1, ...) by 12 to 31, flag, prism and
twilight, which come back to where they were, by 240 and more.
"""
_INVERTIBLE = "viridis, plasma, inferno, magma, cividis, turbo or gray"
_APART = 16  # map entries between a point and the rivals that count for the margin


@dataclass(frozen=True)
class ColormapCodec:
    """Depth in metres <-> a position on a matplotlib colour map.

    The position is linear from `vmin` to `vmax` metres where both are given, else the power
    curve `curve`, which has room for everything from 0 to inf.

    Attributes:
        name: Of a map in `matplotlib.colormaps` whose colours tell where on it they are: read back
            from 8 bits, a position must come within 2/255 of the range. Cyclic and qualitative
            maps, flag, prism and jet do not.
        vmin: Metres at the start of the map.
        vmax: Metres at its end.
        curve: The scale where `vmin` and `vmax` are not given; the paper's by default.
        nan_colour: Colour of unknown depth; by default grey or the corner of the RGB cube
            that lies farthest from the map.
        clip: Paint depths outside `vmin` to `vmax` as the nearest end. Without it they are an error.

    Raises:
        InputError: The map is unknown or cannot be inverted, or a setting is of the wrong type or range.

    Examples:
        >>> codec = ColormapCodec("viridis", vmin=0.5, vmax=10.0)
        >>> rgb = codec.encode(np.array([0.5, 3.0, 10.0]))
        >>> codec.decode(rgb).depth_m.round(1).tolist()
        [0.5, 3.0, 10.0]
    """

    name: str
    vmin: float | None = None
    vmax: float | None = None
    curve: PowerCurve = field(default_factory=PowerCurve)
    nan_colour: Rgb | None = None
    clip: bool = False

    def __post_init__(self) -> None:
        line = _map_colours(_known_name(self.name))
        _refuse_ambiguous(self.name)
        if not isinstance(self.curve, PowerCurve):
            raise InputError(f"curve must be a PowerCurve, got {self.curve!r}")
        if self.nan_colour is not None:
            colour = np.array(check_colour(self.nan_colour, "nan_colour"))
            away = float(np.linalg.norm(line * 255 - colour, axis=1).min())
            if away < _LEAST_DISTANCE_TO_UNKNOWN:
                raise InputError(
                    f"nan_colour {self.nan_colour} lies {away:.0f}/255 from the map {self.name} and would be "
                    f"taken for a depth: choose one farther away, such as {_farthest_colour(self.name)}"
                )
        if (self.vmin is None) != (self.vmax is None):
            raise InputError(
                "vmin and vmax go together: give both for a linear scale, neither for the power curve"
            )
        if self.vmin is not None:
            order = "metres, 0 <= vmin < vmax"
            check_number(
                self.vmax, "vmax", above=check_number(self.vmin, "vmin", low=0, note=order), note=order
            )

    @property
    def unknown(self) -> Rgb:
        """The colour in which unknown depth is painted."""
        return self.nan_colour if self.nan_colour is not None else _farthest_colour(self.name)

    def encode(self, depth_m: Array, dtype: str = "uint8") -> Array:
        """Paint depth as `DepthCodec.encode` does.

        Args:
            depth_m: (..., H, W) metres from 0, NaN unknown; inf takes the power curve, or `clip`.
            dtype: `"uint8"`, `"uint16"`, or floats such as `"float32"`.

        Returns:
            (..., H, W, 3) RGB of that type; floats lie in [0, 1].

        Raises:
            InputError: As `DepthCodec.encode`; or depth lies outside `vmin` to `vmax` and `clip` is not set.
        """
        values = to_numpy(as_width(real_depth(depth_m), "float64"))
        refuse_negative(values)
        unknown = np.isnan(values)
        if self.vmin is None or self.vmax is None:
            position = self.curve.forward(np.where(unknown, 0.0, values))
        else:
            outside = ~unknown & ((values < self.vmin) | (values > self.vmax))
            if outside.any() and not self.clip:
                raise InputError(
                    f"depth_m holds {int(outside.sum())} values outside {self.vmin} to {self.vmax} m: "
                    "widen vmin and vmax, use the power curve, or set clip=True"
                )
            position = np.clip(
                (np.where(unknown, self.vmin, values) - self.vmin) / (self.vmax - self.vmin), 0, 1
            )
        colours = _map_colours(self.name)
        rgb = _at(colours, position * (len(colours) - 1))
        rgb = np.where(unknown[..., None], np.array(self.unknown) / 255, rgb)
        return quantise(like(rgb, depth_m), dtype)

    def decode(self, rgb: Array) -> DepthResult:
        """Read depth; result and errors as `DepthCodec.decode`.

        Args:
            rgb: (..., H, W, 3) uint8, uint16 or float in [0, 1].

        `margin` is how much farther the nearest point is among those at least 16 of 255 map steps away.
        """
        colours = unit_rgb(rgb)
        pixels = to_numpy(colours).reshape(-1, 3)
        finite = np.isfinite(pixels).all(axis=1)
        distinct, which = _distinct(np.where(finite[:, None], pixels, 0.0), LEVELS.get(dtype_name(rgb)))
        position, residual, margin = (column[which] for column in _nearest_on_map(distinct, self.name))
        away = np.linalg.norm(pixels - np.array(self.unknown) / 255, axis=1)
        valid = finite & ~(away < residual)
        if self.vmin is None or self.vmax is None:
            depth_m = self.curve.inverse(position)
        else:
            depth_m = self.vmin + position * (self.vmax - self.vmin)
        columns = [np.where(valid, depth_m, np.nan)]
        columns += [np.where(finite, column * 255, np.nan) for column in (residual, margin)]
        width = np.float32 if dtype_name(rgb) in LEVELS else pixels.dtype
        shape = tuple(rgb.shape[:-1])
        with np.errstate(over="ignore"):
            depth, far, lead = (like(column.astype(width).reshape(shape), rgb) for column in columns)
        return DepthResult(depth, far, lead, like(valid.reshape(shape), rgb), rgb)


def _known_name(name: str) -> str:
    """The name, if it is one of a matplotlib map."""
    from matplotlib import colormaps

    if isinstance(name, str) and name in colormaps:
        return name
    close = difflib.get_close_matches(str(name), list(colormaps), 3) or [
        "viridis",
        "plasma",
        "inferno",
        "gray",
    ]
    raise InputError(f"colour map {name!r} is not known to matplotlib: did you mean {' or '.join(close)}?")


@functools.cache
def _map_colours(name: str) -> np.ndarray:
    """The (256, 3) float64 colours of a matplotlib map."""
    from matplotlib import colormaps

    return np.asarray(colormaps[name](np.linspace(0, 1, 256)))[:, :3]


@functools.cache
def _refuse_ambiguous(name: str) -> None:
    """Raise an InputError if 8-bit colours of the map do not tell where on it they were painted."""
    line = _map_colours(name)
    place = np.linspace(0, len(line) - 1, 4 * len(line) - 3)
    painted = np.rint(_at(line, place) * 255) / 255
    found = _nearest_on_map(painted, name)[0] * (len(line) - 1)
    worst = int(np.abs(found - place).argmax())
    low, high = sorted((float(place[worst]), float(found[worst])))
    if high - low <= _MOST_OFF:
        return
    between = line[math.ceil(low) : math.floor(high) + 1]
    flat = bool((np.abs(between - between[0]) * 255 <= 1).all())
    why = "stands still at" if flat else "comes back to"
    raise InputError(
        f"colour map {name!r} cannot be inverted: it {why} a colour, "
        f"and a position would be read up to {high - low:.0f}/255 of the range from where it was painted. "
        f"Use {_INVERTIBLE}"
    )


def _at(line: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Colours (..., 3) at places 0 to n - 1 of a line of n colours."""
    entries = np.arange(len(line))
    return np.stack([np.interp(place, entries, line[:, channel]) for channel in range(3)], axis=-1)


@functools.cache
def _farthest_colour(name: str) -> Rgb:
    candidates: list[Rgb] = [(128, 128, 128)]
    candidates += [(r, g, b) for r, g, b in itertools.product((0, 255), repeat=3)]
    away = [np.linalg.norm(_map_colours(name) - np.array(c) / 255, axis=1).min() for c in candidates]
    return candidates[int(np.argmax(away))]


def _distinct(pixels: np.ndarray, top: int | None) -> tuple[np.ndarray, np.ndarray]:
    """The distinct colours of (N, 3) floats and, for each pixel, which of them it is."""
    if top is not None:
        levels, which = distinct_colours(np.rint(pixels * top), top, "inverse")
        return levels / top, which
    distinct, which = np.unique(pixels, axis=0, return_inverse=True)
    return distinct, which.ravel()


def _nearest_on_map(colours: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Position in [0, 1] on the map's line, distance to it, and how much farther its remote parts are."""
    line = _map_colours(name)
    last = len(line) - 1
    step = np.diff(line, axis=0)
    length = np.maximum((step**2).sum(axis=1), 1e-30)
    position, residual, margin = (np.empty(len(colours)) for _ in range(3))
    for start in range(0, len(colours), _CHUNK):
        part = slice(start, start + _CHUNK)
        c = colours[part]
        to_entries = (c**2).sum(axis=1)[:, None] - 2 * c @ line.T + (line**2).sum(axis=1)
        ahead = c @ step.T - (line[:-1] * step).sum(axis=1)
        along = np.clip(ahead / length, 0, 1)
        nearest = (to_entries[:, :-1] + along * (along * length - 2 * ahead)).argmin(axis=1)
        # Those squares are exact to 8 digits only: the neighbours may be as near.
        best, place = np.full(len(c), np.inf), np.zeros(len(c))
        for segment in (np.clip(nearest + shift, 0, last - 1) for shift in (-1, 0, 1)):
            t = np.clip(((c - line[segment]) * step[segment]).sum(axis=1) / length[segment], 0, 1)
            distance = np.linalg.norm(c - line[segment] - t[:, None] * step[segment], axis=1)
            closer = distance < best
            best = np.where(closer, distance, best)
            place = np.where(closer, segment + t, place)
        position[part], residual[part] = place / last, best
        remote = np.abs(np.arange(last + 1) - place[:, None]) >= _APART
        rival = np.where(remote, to_entries, np.inf).min(axis=1)
        margin[part] = np.sqrt(np.maximum(rival, 0)) - best
    return position, residual, margin
