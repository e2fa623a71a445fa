"""Depth along a line of a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vbanalysis.plots.style import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def show_profile(ax: Axes, distance_px: np.ndarray, depth_m: np.ndarray, truth_m: np.ndarray) -> None:
    """Decoded depth along a line, over the truth; both break where there is none.

    Args:
        ax: Where.
        distance_px: (n,) from the first end, pixels.
        depth_m: (n,) metres as decoded; NaN is unread, inf infinite.
        truth_m: (n,) metres; NaN is unknown.
    """
    for values, name, colour, width in (
        (truth_m, "truth", "0.6", 2.5),
        (depth_m, "decoded", COLOURS[0], 0.8),
    ):
        if np.isfinite(values).any():
            shown = np.where(np.isfinite(values), values, np.nan)
            ax.plot(distance_px, shown, label=name, color=colour, linewidth=width)
    ax.set(xlabel="along the line, pixels", ylabel="depth, m")
    ax.set_xlim(float(distance_px[0]), float(distance_px[-1]))
    ax.legend(loc="best")
