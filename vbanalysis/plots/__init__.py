"""Figures: one style, a few kinds of panel, and saving so that a second run writes the same bytes."""

from vbanalysis.plots.panels import (
    label_colours,
    show_depth,
    show_labels,
    show_normals,
    show_picture,
    show_points,
    show_scalar,
)
from vbanalysis.plots.save import save, save_table, save_text
from vbanalysis.plots.style import COLOURS, COLUMN_INCH, PAGE_INCH, size, style

__all__ = [
    "COLOURS",
    "COLUMN_INCH",
    "PAGE_INCH",
    "label_colours",
    "save",
    "save_table",
    "save_text",
    "show_depth",
    "show_labels",
    "show_normals",
    "show_picture",
    "show_points",
    "show_scalar",
    "size",
    "style",
]
