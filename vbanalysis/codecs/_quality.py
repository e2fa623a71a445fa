"""How well a picture keeps a code: distance to it, drift, mixed pixels, what cannot be read."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from vbanalysis.codecs._arrays import to_numpy, unit_rgb
from vbanalysis.codecs.calibration import calibrate
from vbanalysis.codecs.colormaps import ColormapCodec
from vbanalysis.codecs.depth import DepthCodec
from vbanalysis.codecs.edges import repair_edges
from vbanalysis.codecs.flat_colours import FlatColours
from vbanalysis.codecs.identify import NEAR_CODE
from vbanalysis.codecs.instances import InstanceCodec, estimate_background
from vbanalysis.codecs.normals import NormalCodec
from vbanalysis.codecs.palette import ClassReport, PaletteCodec
from vbanalysis.types import Array, InstanceResult

Codec = DepthCodec | ColormapCodec | NormalCodec | PaletteCodec | InstanceCodec

_SPREAD = (50.0, 90.0, 99.0)


class Quality(NamedTuple):
    """How well a picture keeps its code.

    Attributes:
        residual: Distance of the pixels to the code in /255, its 50th, 90th and 99th percentile.
        off_code: Share of pixels farther than 24/255 off, or not to be read at all.
        unknown: Share of pixels that decode to nothing: unknown depth, no normal, a rejected colour.
        infinite: Share of pixels at infinite depth, or None.
        mixed: Share of pixels that mix two depths, as `repair_edges` finds them, or None.
        drift: How far colours drifted at most, in /255: over the colour cube where `calibrate`
            removes a drift, over the prompted colours of a mask; None where nothing tells.
        drift_note: What is known of the drift, in a sentence; may be empty.
        calibrated: Mean distance to the walk before and after `calibrate`, in /255, or None.
        depth_m: 1st, 50th and 99th percentile of finite depth in metres, or None.
        classes: One report a class of a mask, the background last; empty elsewhere.
        instances: How many instances, or None.
        holds_for: The smallest and largest tolerance tried (4 to 40) up to which that number stays
            the same, or None.
    """

    residual: tuple[float, float, float]
    off_code: float
    unknown: float
    infinite: float | None = None
    mixed: float | None = None
    drift: float | None = None
    drift_note: str = ""
    calibrated: tuple[float, float] | None = None
    depth_m: tuple[float, float, float] | None = None
    classes: tuple[ClassReport, ...] = ()
    instances: int | None = None
    holds_for: tuple[float, float] | None = None


def measure(rgb: Array, codec: Codec, flat: FlatColours | None = None) -> Quality:
    """Hold (H, W, 3) colours to a codec; `flat`: to these colours, where no prompt gives a mask's."""
    match codec:
        case DepthCodec() | ColormapCodec():
            return _depth(rgb, codec)
        case NormalCodec():
            return _normals(rgb, codec)
        case PaletteCodec():
            return _palette(rgb, codec)
        case _:
            return _instances(rgb, codec, flat)


def _depth(rgb: Array, codec: DepthCodec | ColormapCodec) -> Quality:
    decoded = codec.decode(rgb)
    finite = decoded.depth_m[np.isfinite(decoded.depth_m)]
    drift, note, calibrated = None, "", None
    if isinstance(codec, DepthCodec):
        found = calibrate(rgb, codec)
        note, calibrated = found.reason, (found.residual_before, found.residual_after)
        if found.applied:
            corners = np.stack(np.meshgrid(*[(0, 255)] * 3), axis=-1).reshape(-1, 3)
            drift = float(np.abs(corners @ found.matrix.T + found.offset - corners).max())
    return Quality(
        *_distance(decoded.residual, decoded.valid),
        infinite=float(np.isinf(decoded.depth_m).mean()),
        mixed=float(repair_edges(decoded).mixed.mean()),
        drift=drift,
        drift_note=note,
        calibrated=calibrated,
        depth_m=_percentiles(finite, (1.0, 50.0, 99.0)) if finite.size else None,
    )


def _normals(rgb: Array, codec: NormalCodec) -> Quality:
    decoded = codec.decode(rgb)
    # Colour is half the vector and half the range, so the unit sphere has a radius of 127.5 levels.
    return Quality(*_distance(np.abs(decoded.length - 1) * 127.5, decoded.valid))


def _palette(rgb: Array, codec: PaletteCodec) -> Quality:
    plain = PaletteCodec(codec.classes, codec.background, codec.reject)
    decoded, classes = plain.decode(rgb), tuple(plain.report(rgb))
    drifts = [row.drift for row in classes if row.pixels]
    return Quality(
        *_distance(decoded.residual, decoded.valid),
        drift=max(drifts, default=None),
        drift_note="farthest of the medians of the colours as painted from those prompted",
        classes=classes,
    )


def _instances(rgb: Array, codec: InstanceCodec, flat: FlatColours | None) -> Quality:
    decoded = codec.decode(rgb)
    assert isinstance(decoded, InstanceResult)
    colours = to_numpy(unit_rgb(rgb)) * 255
    background = estimate_background(rgb) if codec.background is None else codec.background
    if flat is None or not flat.colours:
        # Label -1, rejected, takes the last row, which is far from every colour.
        targets = np.vstack([[background], decoded.colours.reshape(-1, 3), [[1e3] * 3]])
        away = np.linalg.norm(colours - targets[decoded.labels], axis=-1)
        away = np.where(decoded.labels < 0, np.nan, away)
    else:
        away = np.full(colours.shape[:2], np.inf)
        for colour in flat.colours:
            away = np.minimum(away, np.linalg.norm(colours - colour.rgb, axis=-1))
    count = len(decoded)
    return Quality(
        *_distance(away, decoded.labels >= 0), instances=count, holds_for=_stable(rgb, codec, count)
    )


def _stable(rgb: Array, codec: InstanceCodec, count: int) -> tuple[float, float] | None:
    """The run of tolerances around the codec's own over which the number of instances stays the same."""
    reports = sorted(
        codec.sensitivity(rgb, sorted({4, 7, 10, 14, 20, 28, 40, codec.tau})), key=lambda r: r.tau
    )
    own = next(index for index, report in enumerate(reports) if report.tau == codec.tau)
    first = last = own
    while first > 0 and reports[first - 1].instances == count:
        first -= 1
    while last < len(reports) - 1 and reports[last + 1].instances == count:
        last += 1
    return reports[first].tau, reports[last].tau


def _distance(residual: np.ndarray, valid: np.ndarray) -> tuple[tuple[float, float, float], float, float]:
    known = residual[np.isfinite(residual)]
    spread = _percentiles(known, _SPREAD) if known.size else (math.nan,) * 3
    return spread, float((~(residual <= NEAR_CODE)).mean()), float((~valid).mean())


def _percentiles(values: np.ndarray, at: tuple[float, float, float]) -> tuple[float, float, float]:
    low, middle, high = (float(value) for value in np.percentile(values, at))
    return low, middle, high
