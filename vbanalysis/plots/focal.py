"""Figures of the focal length that a depth map tells: rooms of known cameras, and clouds under several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from vbanalysis.geometry import Intrinsics, unproject
from vbanalysis.plots.style import COLOURS, size

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def rooms_figure(rooms: pd.DataFrame) -> Figure:
    """Recovered against true focal length, with intervals, on logarithmic axes.

    Args:
        rooms: Rows of `true, focal, low, high, refused`, as `studies.focal_check.check_rooms` gives them.
    """
    import matplotlib.pyplot as plt
    from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator

    told = rooms[rooms.refused == ""]
    fig, ax = plt.subplots(figsize=size(1, 0.85))
    ends = [
        0.9 * float(told[["true", "focal"]].min().min()),
        1.1 * float(told[["true", "focal"]].max().max()),
    ]
    ax.plot(ends, ends, color="0.5", linewidth=0.8)
    bars = np.abs(told[["low", "high"]].to_numpy().T - told.focal.to_numpy())
    ax.errorbar(told.true, told.focal, yerr=bars, fmt="o", ms=3, elinewidth=0.8, color=COLOURS[0])
    ax.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
    ax.set(xlabel="true focal length (widths)", ylabel="recovered (widths)")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(FixedLocator([0.3, 0.5, 0.7, 1.0, 1.5, 2.0]))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter(NullFormatter())
        axis.set_minor_locator(NullLocator())
    return fig


def clouds_figure(depth_m: np.ndarray, rgb: np.ndarray, focals: Sequence[tuple[str, float]]) -> Figure:
    """The points of a depth map from above, a panel a focal length; all axes are equal, so angles are true.

    Args:
        depth_m: (H, W) z in metres.
        rgb: (H, W, 3) uint8 colours of the points.
        focals: What each panel is called, and its focal length in widths of the picture.
    """
    import matplotlib.pyplot as plt

    height, width = depth_m.shape
    step = max(1, width // 250)
    fig, axes = plt.subplots(1, len(focals), figsize=size(2, 0.3), sharey=True, squeeze=False)
    far = float(np.nanpercentile(np.where(np.isfinite(depth_m), depth_m, np.nan), 99.5))
    wide = far * min(0.5 / min(focal for _, focal in focals), 0.9)
    for ax, (name, focal) in zip(axes[0], focals, strict=True):
        pixels = focal * width
        points = unproject(depth_m, Intrinsics(pixels, pixels, (width - 1) / 2, (height - 1) / 2))
        flat = points[::step, ::step].reshape(-1, 3)
        ax.scatter(
            flat[:, 0],
            flat[:, 2],
            c=rgb[::step, ::step].reshape(-1, 3) / 255,
            s=0.4,
            linewidths=0,
            rasterized=True,
        )
        ax.set(title=f"{name}: {focal:.2f} widths", xlabel="x (m)", aspect="equal")
        ax.set(xlim=(-wide, wide), ylim=(0, 1.02 * far))
    axes[0, 0].set_ylabel("z (m)")
    return fig
