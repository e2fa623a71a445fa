"""Figures of `02_format_compliance`: pictures beside what they say, and how well they keep the code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from vbanalysis.codecs import NormalCodec, PaletteCodec
from vbanalysis.geometry import Intrinsics
from vbanalysis.plots.panels import (
    show_depth,
    show_labels,
    show_normals,
    show_picture,
    show_points,
    show_scalar,
)
from vbanalysis.plots.style import COLOURS, size
from vbanalysis.studies.compliance import Reading

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def depth_figure(readings: Sequence[Reading], fov_deg: float) -> Figure:
    """Input, output, decoded depth, residual, points under an assumed field of view; a row an output."""
    fig, axes = _rows(readings, 5)
    for row, reading in zip(axes, readings, strict=True):
        decoded = reading.result
        _show_input(row[0], reading)
        show_picture(row[1], reading.output, "output")
        show_depth(row[2], decoded.depth_m, "decoded depth")
        show_scalar(row[3], decoded.residual, "residual", limits=(0, 32), unit="/255")
        height, width = decoded.depth_m.shape
        focal = width / (2 * np.tan(np.radians(fov_deg) / 2))
        camera = Intrinsics(focal, focal, (width - 1) / 2, (height - 1) / 2)
        show_points(
            row[4], decoded.depth_m, _at_size(reading.sample.image, height, width, reading), camera,
            f"points, {fov_deg:g}° assumed",
        )  # fmt: skip
    return fig


def code_figure(readings: Sequence[Reading]) -> Figure:
    """How depth outputs keep the walk: residuals, and the colours' place along it."""
    import matplotlib.pyplot as plt

    fig, (left, right) = plt.subplots(1, 2, figsize=size(2, 0.36))
    for k, reading in enumerate(readings):
        decoded, label = reading.result, _short(reading)
        levels = np.arange(0, 65)
        share = [float((decoded.residual > level).mean()) for level in levels]
        left.plot(
            levels, np.maximum(100 * np.array(share), 1e-3), color=COLOURS[k % len(COLOURS)], label=label
        )
        finite = decoded.depth_m[np.isfinite(decoded.depth_m) & (decoded.depth_m > 0)]
        counts, edges = np.histogram(np.log10(finite), bins=80, range=(-1, 2.7))
        right.stairs(100 * counts / decoded.depth_m.size, 10**edges, color=COLOURS[k % len(COLOURS)])
    left.set(
        yscale="log", xlabel="residual (/255)", ylabel="pixels farther off the walk (%)", ylim=(0.01, 100)
    )
    right.set(xscale="log", xlabel="decoded depth (m)", ylabel="pixels (%)")
    left.legend()
    return fig


def normals_figure(readings: Sequence[Reading]) -> Figure:
    """Input, output, what is read as normals, and the length of the raw vectors; a row an output."""
    fig, axes = _rows(readings, 5)
    for row, reading in zip(axes, readings, strict=True):
        decoded = reading.result
        _show_input(row[0], reading)
        show_picture(row[1], reading.output, "output")
        show_normals(row[2], decoded.normals, "normals (white: none)")
        show_scalar(row[3], decoded.length, "raw length", limits=(0.5, 1.5), cmap="RdBu_r")
        row[4].hist(decoded.length.ravel(), bins=np.linspace(0, 1.75, 71), color=COLOURS[0], density=True)
        tolerance = NormalCodec().tolerance or 0
        for at in (1 - tolerance, 1 + tolerance):
            row[4].axvline(at, color=COLOURS[1], linewidth=0.8)
        row[4].set_yticks([])
        row[4].set_xlabel("raw length")
        row[4].set_box_aspect(0.75)
    return fig


def classes_figure(readings: Sequence[Reading]) -> Figure:
    """Input, output, decoded classes, and the drift of each prompted colour; a row an output."""
    fig, axes = _rows(readings, 4)
    for row, reading in zip(axes, readings, strict=True):
        _show_input(row[0], reading)
        show_picture(row[1], reading.output, "output")
        codec = reading.inspection.codec
        assert isinstance(codec, PaletteCodec)
        # Label -1, what no class names, takes the last row.
        painted = np.array([*codec.classes.values(), (60, 60, 60)], np.uint8)
        show_picture(row[2], painted[reading.result.labels], "decoded (grey: unnamed)")
        report = reading.table
        assert report is not None
        places = np.arange(len(report))
        colours = [np.array(colour) / 255 for colour in report.colour]
        row[3].barh(places, report.drift, color=colours, edgecolor="0.3", linewidth=0.5)
        labels = [
            f"{name if len(name) < 24 else name[:22] + '…'}, {share:.1%}"
            for name, share in zip(report.name, report["share"], strict=True)
        ]
        row[3].set_yticks(places, labels, fontsize=6)
        row[3].invert_yaxis()
        row[3].set_xlabel("drift (/255)")
        row[3].set_xlim(0, max(16.0, float(np.nanmax(report.drift)) * 1.05))
    return fig


def instances_figure(readings: Sequence[Reading]) -> Figure:
    """Input, output, numbered instances, and their number over the tolerance; a row an output."""
    fig, axes = _rows(readings, 4)
    for row, reading in zip(axes, readings, strict=True):
        _show_input(row[0], reading)
        show_picture(row[1], reading.output, "output")
        labels = reading.result.labels
        crop = _foreground(labels)
        show_labels(row[2], labels[crop], f"{len(reading.result)} × {reading.row['class']}", numbers=True)
        table = reading.table
        assert table is not None
        row[3].plot(table.tau, table.instances, marker="o", markersize=3)
        row[3].axvline(14, color=COLOURS[1], linewidth=0.8)
        row[3].set(xlabel="tau (/255)", ylabel="instances", ylim=(0, table.instances.max() * 1.2 + 1))
        row[3].set_box_aspect(0.7)
    return fig


def _rows(readings: Sequence[Reading], columns: int) -> tuple[Figure, np.ndarray]:
    import matplotlib.pyplot as plt

    height = sum(_aspect(reading) for reading in readings) / columns
    fig, axes = plt.subplots(
        len(readings), columns, figsize=size(2, max(height * 1.2, 0.18)), squeeze=False,
        height_ratios=[_aspect(reading) for reading in readings],
    )  # fmt: skip
    return fig, axes


def _aspect(reading: Reading) -> float:
    height, width = reading.output.shape[:2]
    return max(0.6, min(height / width, 1.0))


def _show_input(ax: Axes, reading: Reading) -> None:
    if reading.sample.image is None:
        show_picture(ax, np.full((2, 2, 3), 255, np.uint8), f"{_short(reading)} (no input)")
    else:
        show_picture(ax, reading.sample.image, _short(reading))


def _short(reading: Reading) -> str:
    return reading.sample.id.split("/")[-1]


def _at_size(image: np.ndarray | None, height: int, width: int, reading: Reading) -> np.ndarray:
    """The input at the output's size, nearest pixels; the output itself where there is no input."""
    if image is None:
        return reading.output
    rows = np.arange(height) * image.shape[0] // height
    columns = np.arange(width) * image.shape[1] // width
    return image[rows][:, columns]


def _foreground(labels: np.ndarray) -> tuple[slice, slice]:
    """The part of the picture that holds instances, with a margin."""
    rows, columns = np.nonzero(labels > 0)
    if not len(rows):
        return slice(None), slice(None)
    pad = max(labels.shape) // 30
    return (
        slice(max(rows.min() - pad, 0), rows.max() + pad),
        slice(max(columns.min() - pad, 0), columns.max() + pad),
    )
