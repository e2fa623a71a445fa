"""What the depth inspector shows: pictures under the pointer and charts of a line, without a browser."""

from __future__ import annotations

import numpy as np

from vbanalysis.widgets.charts import Axis, Series, chart
from vbanalysis.widgets.depth import DepthInspector, Profile
from vbanalysis.widgets.look import Panel, png_of_map, webp

ERROR_LIMITS = (1e-3, 1.0)
"""Relative errors from the first colour of the error map to the last."""

RESIDUAL_LIMIT = 64.0
"""/255, the last colour of the residual map, and the top of the chart."""

_COARSE = 200


def depth_panels(inspector: DepthInspector) -> tuple[Panel, ...]:
    """The input where there is one, the picture, decoded depth, residual, and the error where truth is known.

    Args:
        inspector: It.
    """
    low, high = inspector.limits_m
    coarse = max(inspector.rgb.shape[:2]) < _COARSE
    panels = [] if inspector.photo is None else [Panel("Input", webp(inspector.photo), "webp", coarse)]
    panels += [
        Panel("Painted picture", webp(inspector.rgb), "webp", coarse),
        Panel(
            f"Decoded depth, {low:.3g} m dark to {high:.3g} m bright; unread white, infinite grey",
            png_of_map(inspector.depth_m, low, high, "viridis", log=True),
            coarse=coarse,
        ),
        Panel(
            f"Residual, distance to the code: 0 dark to {RESIDUAL_LIMIT:g}/255 bright",
            png_of_map(inspector.residual, 0, RESIDUAL_LIMIT, "magma"),
            coarse=coarse,
        ),
    ]
    if inspector.error is not None:
        panels.append(
            Panel(
                "Error relative to the truth, 0.1 % dark to 100 % bright; unread grey, unknown white",
                png_of_map(inspector.error, *ERROR_LIMITS, "magma", log=True),
                coarse=coarse,
            )
        )
    return tuple(panels)


def profile_charts(profile: Profile) -> str:
    """Depth and residual along a line, as HTML; the curves break where nothing is read.

    Args:
        profile: From `DepthInspector.profile`.
    """
    x = Axis("along the line, pixels", 0.0, float(profile.distance_px[-1]))
    finite = np.concatenate([profile.depth_m, profile.truth_m])
    finite = finite[np.isfinite(finite)]
    high = float(finite.max()) * 1.05 if finite.size else 1.0
    low = float(finite.min()) * 0.95 if finite.size else 0.0
    drawn = [Series("decoded", profile.distance_px, _broken(profile.depth_m))]
    if not np.isnan(profile.truth_m).all():
        drawn.append(Series("truth", profile.distance_px, _broken(profile.truth_m), "dashed"))
    first = (profile.rows[0], profile.columns[0])
    last = (profile.rows[-1], profile.columns[-1])
    unread = int(np.isnan(profile.depth_m).sum())
    infinite = int(np.isinf(profile.depth_m).sum())
    title = (
        f"Depth from row {first[0]}, column {first[1]} to row {last[0]}, column {last[1]}: "
        f"{len(profile.depth_m)} pixels, {unread} unread, {infinite} infinite"
    )
    worst = f"Residual along the line, at most {profile.residual.max():.1f}/255"
    top = Axis("residual, /255", 0.0, RESIDUAL_LIMIT)
    return chart(title, x, Axis("depth, m", low, max(high, low + 1e-3)), drawn) + chart(
        worst, x, top, [Series("", profile.distance_px, profile.residual)]
    )


def _broken(values: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(values), values, np.nan)
