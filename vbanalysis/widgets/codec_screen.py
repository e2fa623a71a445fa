"""What the codec explorer shows of a reading: pictures, charts and figures, still without a browser."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from vbanalysis.widgets.charts import Axis, Series, chart
from vbanalysis.widgets.codec import CAP_M, RESIDUAL_BINS, CodecExplorer, CodecReading
from vbanalysis.widgets.look import Panel, figures_html, png_of_map, webp

ERROR_LIMITS = (1e-3, 1.0)
"""Relative errors from the first colour of the error map to the last."""

_COARSE = 200


class CodecScreen(NamedTuple):
    """What is shown.

    Attributes:
        panels: The colours, the decoded depth and the error map.
        charts: HTML of the error by depth and of the residuals.
        figures: HTML of the figures.
    """

    panels: tuple[Panel, Panel, Panel]
    charts: str
    figures: str


def codec_screen(explorer: CodecExplorer, reading: CodecReading) -> CodecScreen:
    """Draw a reading.

    Args:
        explorer: Whose it is: its limits scale the colours of depth.
        reading: What came of a setting.
    """
    low, high = explorer.limits_m
    coarse = max(reading.rgb.shape[:2]) < _COARSE
    truth = "truth" if explorer.picture is None else "unspoilt picture"
    with ThreadPoolExecutor(3) as pool:  # a third of an update is compression, which lets other threads run
        colours = pool.submit(webp, reading.rgb)
        depth = pool.submit(png_of_map, reading.depth_m, low, high, "viridis", log=True)
        error = pool.submit(png_of_map, reading.error, *ERROR_LIMITS, "magma", log=True)
    panels = (
        Panel("Colours that are decoded", colours.result(), "webp", coarse),
        Panel(
            f"Decoded depth, {low:.3g} m dark to {high:.3g} m bright; unread white, infinite grey",
            depth.result(),
            coarse=coarse,
        ),
        Panel(
            f"Error relative to the {truth}, 0.1 % dark to 100 % bright; unread grey, unknown white",
            error.result(),
            coarse=coarse,
        ),
    )
    return CodecScreen(panels, _by_depth(reading, low, high) + _residual(reading), _figures(reading))


def _by_depth(reading: CodecReading, low: float, high: float) -> str:
    found = reading.by_depth
    return chart(
        "Relative error by depth: median, 90th percentile, and the most that 8 bits alone can cause",
        Axis("depth, m", low, high, log=True),
        Axis("relative error, %", 0.01, 100, log=True),
        [
            Series("median", found.depth_m, 100 * found.median),
            Series("90th", found.depth_m, 100 * found.p90),
            Series("8 bits", found.depth_m, 100 * found.rounding, "dashed"),
        ],
    )


def _residual(reading: CodecReading) -> str:
    middles = (RESIDUAL_BINS[1:] + RESIDUAL_BINS[:-1]) / 2
    return chart(
        f"Distance of the colours to the code; the last bar holds all beyond {RESIDUAL_BINS[-2]}/255",
        Axis("distance, /255", 0, float(RESIDUAL_BINS[-1])),
        Axis("pixels, %", 0.01, 100, log=True),
        [Series("", middles, 100 * np.where(reading.residual > 0, reading.residual, np.nan), "bars")],
    )


def _figures(reading: CodecReading) -> str:
    found = reading.figures
    return figures_html(
        {
            "median error": _percent(found["median"]),
            "90th percentile": _percent(found["p90"]),
            "unread": f"{100 * found['unread']:.2f} %",
            "AbsRel": f"{found['absrel']:.4f}",
            "δ1": f"{found['delta1']:.4f}",
            "cap": f"{CAP_M[0]:g} to {CAP_M[1]:g} m",
        }
    )


def _percent(share: float) -> str:
    return "unread" if np.isinf(share) else f"{100 * share:.3g} %"
