"""One visual language: sizes of a paper's columns, a colour-blind safe palette, quiet axes."""

from __future__ import annotations

from typing import Any

COLUMN_INCH = 3.35
"""Width of one column of a two-column paper."""

PAGE_INCH = 6.9
"""Width of both."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's colours, told apart by all common kinds of colour vision; yellow is left out on white."""


def style() -> dict[str, Any]:
    """rcParams of every figure: `with plt.rc_context(style()): ...` or `plt.rcParams.update(style())`."""
    from matplotlib.rcsetup import cycler

    return {
        "axes.axisbelow": True,
        "axes.grid": True,
        "axes.labelsize": 8,
        "axes.prop_cycle": cycler(color=COLOURS),
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlelocation": "left",
        "axes.titlesize": 8,
        "figure.constrained_layout.use": True,
        "figure.dpi": 120,
        "figure.titlesize": 9,
        "font.family": "DejaVu Sans",
        "font.size": 8,
        "grid.color": "0.9",
        "grid.linewidth": 0.6,
        "image.interpolation": "nearest",
        "legend.fontsize": 7,
        "legend.frameon": False,
        "lines.linewidth": 1.2,
        "pdf.fonttype": 42,
        "savefig.dpi": 200,
        "svg.hashsalt": "vbanalysis",
        "xtick.labelsize": 7,
        "ytick.labelsize": 7,
    }


def size(columns: int = 1, aspect: float = 0.7) -> tuple[float, float]:
    """Width and height of a figure.

    Args:
        columns: 1 or 2.
        aspect: Height over width.

    Returns:
        Inches.
    """
    width = PAGE_INCH if columns == 2 else COLUMN_INCH
    return width, width * aspect
