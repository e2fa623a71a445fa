"""What all explorers share of their look: the style sheet, pictures as bytes, figures with their words."""

from __future__ import annotations

import functools
import importlib
import io
from base64 import b64encode
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

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
        picture: PNG bytes.
        coarse: Whether it has so few pixels that they are shown as such.
    """

    title: str
    picture: bytes
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


def panels_html(panels: list[Panel]) -> str:
    """Pictures side by side, under each other where there is no room."""
    return f'<div class="vba-panels">{"".join(map(_figure, panels))}</div>'


def _figure(panel: Panel) -> str:
    title = escape(panel.title)
    coarse = ' class="vba-coarse"' if panel.coarse else ""
    data = b64encode(panel.picture).decode()
    return (
        f"<figure{coarse}><figcaption>{title}</figcaption>"
        f'<img alt="{title}" src="data:image/png;base64,{data}"></figure>'
    )


def figures_html(figures: Mapping[str, str]) -> str:
    """Figures with their names."""
    rows = "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in figures.items())
    return f'<dl class="vba-figures">{rows}</dl>'
