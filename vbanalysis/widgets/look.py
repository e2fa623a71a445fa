"""What all explorers share of their look: the style sheet, pictures as bytes, figures with their words."""

from __future__ import annotations

import functools
import importlib
import io
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from PIL import Image

from vbanalysis.errors import MissingDependencyError

_COLOURS = 254
"""Of a colour map; the last two places of a palette are for infinite and unknown."""

_INFINITE, _UNKNOWN = (216, 216, 216), (255, 255, 255)


class Panel(NamedTuple):
    """A picture to be shown.

    Attributes:
        title: Words above it; a screen reader reads them too.
        picture: The bytes of an image file.
        kind: PNG, or WebP without loss.
        coarse: Whether it has so few pixels that they are shown as such.
    """

    title: str
    picture: bytes
    kind: Literal["png", "webp"] = "png"
    coarse: bool = False


def needed(package: str) -> Any:
    """A package that only views need.

    Raises:
        MissingDependencyError: It is not installed; the message says how to.
    """
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise MissingDependencyError(package, "all", "a widget") from error


@functools.cache
def stylesheet() -> str:
    """The style sheet of all explorers."""
    return Path(__file__).with_name("look.css").read_text(encoding="utf-8")


def png(rgb: np.ndarray) -> bytes:
    """(H, W, 3) uint8 as PNG: the pixels and nothing else, written fast rather than small."""
    return _written(Image.fromarray(np.ascontiguousarray(rgb)))


def webp(rgb: np.ndarray) -> bytes:
    """(H, W, 3) uint8 as WebP without loss: in a quarter of the time of a PNG where colours are noisy."""
    written = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(rgb))
    image.save(written, "WEBP", lossless=True, quality=0, method=0, exact=True)
    return written.getvalue()


def png_of_map(values: np.ndarray, low: float, high: float, colormap: str, *, log: bool = False) -> bytes:
    """A map of numbers in a colour map, as PNG with a palette.

    Args:
        values: (H, W) floats; NaN is shown white, +inf grey.
        low: Value of the first colour, and of all below.
        high: Value of the last one; above `low`, and both above 0 where `log`.
        colormap: One of matplotlib's.
        log: On a logarithmic scale.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = np.log(values.astype(np.float32, copy=False)) if log else values.astype(np.float32)
        bottom, top = (np.log([low, high]) if log else np.array([low, high])).astype(np.float32)
        place = (scaled - bottom) * np.float32((_COLOURS - 1) / (top - bottom))
    infinite, unknown = np.isposinf(place), np.isnan(place)
    place[infinite | unknown] = 0
    index = (np.clip(place, 0, _COLOURS - 1) + np.float32(0.5)).astype(np.uint8)
    index[infinite], index[unknown] = _COLOURS, _COLOURS + 1
    image = Image.fromarray(index)
    image.putpalette(_palette(colormap))
    return _written(image)


@functools.cache
def _palette(colormap: str) -> bytes:
    from matplotlib import colormaps

    colours = colormaps[colormap](np.linspace(0, 1, _COLOURS))[:, :3]
    return np.rint(colours * 255).astype(np.uint8).tobytes() + bytes((*_INFINITE, *_UNKNOWN))


def _written(image: Image.Image) -> bytes:
    written = io.BytesIO()
    image.save(written, "PNG", compress_level=1)
    return written.getvalue()


def figures_html(figures: Mapping[str, str]) -> str:
    """Figures with their names."""
    rows = "".join(f"<span>{escape(k)} <b>{escape(v)}</b></span>" for k, v in figures.items())
    return f'<p class="vba-figures">{rows}</p>'
