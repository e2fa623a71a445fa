"""Figures of the focal length that a depth map tells: the clouds of points under several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from vbanalysis.geometry import Intrinsics, unproject
from vbanalysis.plots.style import size

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
