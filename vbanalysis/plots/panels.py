"""The panels that figures are made of: a picture, a depth map, normals, labels, a point cloud."""

from __future__ import annotations

import colorsys
from typing import TYPE_CHECKING, Any

import numpy as np

from vbanalysis.codecs import NormalCodec
from vbanalysis.geometry import Intrinsics, unproject

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

_LONGEST_SIDE = 480  # pixels that a panel of a printed page can show
DEPTH_MAP = "viridis"

NEAR_M, FAR_M = 1.0, 30.0
"""Ends of the logarithmic scale on which depth is shown without a bar."""


def show_picture(ax: Axes, picture: np.ndarray, title: str = "", **options: Any) -> AxesImage:
    """A picture or a map, thinned to what print resolves (by skipping pixels, so that no colours mix).

    Args:
        ax: Where.
        picture: (H, W, 3) RGB, uint8 or floats in [0, 1]; or (H, W).
        title: Above the panel.
        **options: Of `Axes.imshow`.

    Returns:
        What was drawn, for a bar.
    """
    _frame(ax, title)
    return ax.imshow(_thin(picture), **options)


def show_depth(
    ax: Axes, depth_m: np.ndarray, title: str = "", limits: tuple[float, float] | None = None
) -> None:
    """Depth on a logarithmic scale with a bar in metres; unknown is white, infinite light grey.

    Args:
        ax: Where.
        depth_m: (H, W) metres.
        title: Above the panel.
        limits: Metres at both ends; by default the 1st and 99th percentile.
    """
    from matplotlib import colormaps
    from matplotlib.colors import LogNorm
    from matplotlib.ticker import LogLocator, ScalarFormatter

    _frame(ax, title)
    depth = _thin(depth_m)
    finite = depth[np.isfinite(depth) & (depth > 0)]
    low, high = limits or (tuple(np.percentile(finite, [1, 99])) if len(finite) else (0.1, 10.0))
    high = max(high, low * 1.05)
    ax.imshow(np.where(np.isinf(depth), 0.85, 1.0), cmap="gray", vmin=0, vmax=1)
    drawn = ax.imshow(
        np.where(np.isfinite(depth), np.maximum(depth, low), np.nan),
        cmap=colormaps[DEPTH_MAP],
        norm=LogNorm(low, high),
    )
    bar = ax.figure.colorbar(drawn, ax=ax, fraction=0.046, pad=0.02)
    bar.ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    bar.ax.yaxis.set_major_formatter(ScalarFormatter())
    bar.ax.yaxis.set_minor_locator(LogLocator(subs=()))
    bar.ax.tick_params(labelsize=6, length=2)
    bar.ax.set_title("m", fontsize=6)
    bar.outline.set_linewidth(0.4)


def show_metres(ax: Axes, depth_m: np.ndarray, title: str = "") -> None:
    """Depth from `NEAR_M` to `FAR_M` without a bar; unknown is white, infinite light grey."""
    from matplotlib import colormaps

    with np.errstate(divide="ignore"):
        place = np.log(depth_m / NEAR_M) / np.log(FAR_M / NEAR_M)
    rgb = colormaps[DEPTH_MAP](np.clip(np.nan_to_num(place, nan=0, posinf=1), 0, 1))[..., :3]
    rgb[np.isinf(depth_m)] = 0.85
    rgb[np.isnan(depth_m)] = 1
    show_picture(ax, rgb, title)


def show_scalar(
    ax: Axes,
    values: np.ndarray,
    title: str = "",
    *,
    limits: tuple[float, float],
    cmap: str = "magma",
    unit: str = "",
) -> None:
    """A map of a quantity on a linear scale with a bar.

    Args:
        ax: Where.
        values: (H, W).
        title: Above the panel.
        limits: Values at both ends of the bar.
        cmap: A matplotlib map.
        unit: Above the bar.
    """
    _frame(ax, title)
    drawn = ax.imshow(_thin(values), cmap=cmap, vmin=limits[0], vmax=limits[1])
    bar = ax.figure.colorbar(drawn, ax=ax, fraction=0.046, pad=0.02)
    bar.ax.tick_params(labelsize=6, length=2)
    bar.ax.set_title(unit, fontsize=6)
    bar.outline.set_linewidth(0.4)


def show_normals(ax: Axes, normals: np.ndarray, title: str = "") -> None:
    """Normals in the paper's colours; unknown is white.

    Args:
        ax: Where.
        normals: (H, W, 3) in the paper's frame, of any length, NaN where unknown.
        title: Above the panel.
    """
    painted = NormalCodec(tolerance=None).encode(_unit(_thin(normals)))
    painted[np.isnan(_thin(normals)).any(axis=-1)] = 255
    _frame(ax, title)
    ax.imshow(painted)


def show_labels(ax: Axes, labels: np.ndarray, title: str = "", *, numbers: bool = False) -> None:
    """Labels from 1 in colours of their own; 0 is black and -1 grey.

    Args:
        ax: Where.
        labels: (H, W) integers.
        title: Above the panel.
        numbers: Whether each label is written on its region.
    """
    _frame(ax, title)
    thin = _thin(labels)
    ax.imshow(label_colours(int(thin.max(initial=0)) + 1)[np.where(thin < 0, -1, thin)])
    if numbers:
        for label in np.unique(thin[thin > 0]):
            rows, columns = np.nonzero(thin == label)
            # The pixel of the region nearest its centroid: a crescent's centroid is not on it.
            nearest = np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2)
            ax.text(
                columns[nearest], rows[nearest], str(label), fontsize=5, ha="center", va="center",
                bbox={"boxstyle": "round,pad=0.1", "facecolor": "white", "alpha": 0.75, "linewidth": 0},
            )  # fmt: skip


def label_colours(n: int) -> np.ndarray:
    """Colours to index by a label: black for 0, distinct hues from 1, grey for -1, which is the last.

    Args:
        n: Labels from 0.

    Returns:
        (n + 1, 3) uint8.
    """
    golden = 0.618034  # successive hues as far apart as can be
    hues = [
        colorsys.hsv_to_rgb(k * golden % 1, (0.85, 0.55)[k % 2], (1.0, 0.8, 0.95)[k % 3])
        for k in range(max(n - 1, 0))
    ]
    return np.rint(np.array([(0, 0, 0), *hues, (0.45, 0.45, 0.45)]) * 255).astype(np.uint8)


def show_points(
    ax: Axes,
    depth_m: np.ndarray,
    rgb: np.ndarray,
    intrinsics: Intrinsics,
    title: str = "",
    *,
    turn_deg: float = 25.0,
    tilt_deg: float = 15.0,
    farthest_m: float | None = None,
) -> None:
    """The points of a depth map seen from the side: turned about their middle, near ones drawn last.

    Args:
        ax: Where.
        depth_m: (H, W) metres.
        rgb: (H, W, 3) uint8 colours of the points.
        intrinsics: Of the depth map, in its pixels.
        title: Above the panel.
        turn_deg: Degrees to the right.
        tilt_deg: Degrees downwards.
        farthest_m: Points beyond are left out; by default the farthest 5 % and all beyond five times
            the median.
    """
    step = max(1, max(depth_m.shape) // 320)
    depth, colours = depth_m[::step, ::step], rgb[::step, ::step].reshape(-1, 3)
    points = unproject(depth, Intrinsics(*(value / step for value in intrinsics))).reshape(-1, 3)
    z = points[:, 2]
    finite = np.isfinite(points).all(axis=1)
    middle, far = np.percentile(z[finite], [50, 95]) if finite.any() else (1.0, 1.0)
    limit = farthest_m or min(float(far), 5 * float(middle))
    keep = finite & (z > 0) & (z <= limit)
    points, colours = points[keep], colours[keep]
    centre = np.median(points, axis=0) if len(points) else np.zeros(3)
    turn, tilt = np.radians([turn_deg, tilt_deg])
    about_y = np.array([[np.cos(turn), 0, -np.sin(turn)], [0, 1, 0], [np.sin(turn), 0, np.cos(turn)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    seen = (points - centre) @ about_y.T @ about_x.T
    order = np.argsort(-seen[:, 2], kind="stable")
    _frame(ax, title)
    ax.scatter(
        seen[order, 0],
        -seen[order, 1],
        s=0.6,
        c=colours[order] / 255,
        marker="s",
        linewidths=0,
        rasterized=True,
    )
    ax.set_aspect("equal")


def _frame(ax: Axes, title: str) -> None:
    ax.set_title(title, fontsize=7, pad=2)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.grid(visible=False)
    for spine in ax.spines.values():
        spine.set_visible(False)


def _thin(array: Any) -> np.ndarray:
    step = max(1, -(-max(array.shape[:2]) // _LONGEST_SIDE))
    return np.asarray(array)[::step, ::step]


def _unit(normals: np.ndarray) -> np.ndarray:
    return normals / np.linalg.norm(normals, axis=-1, keepdims=True)
