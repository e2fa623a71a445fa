"""Estimate a global drift of colour from the residuals to the depth code, and remove it.

On each edge of the walk two of the three channels must stand at 0 or at full, whatever the
depth is. Where they are found instead tells how the picture's colours drifted. The third
channel carries the depth itself and says nothing, so a drift that leaves 0 and full where they
are (a gamma curve) cannot be seen at all. Where an image shows every channel at both levels the
drift may be any affine one; where it does not (a narrow range of depths), only a drift that all
channels share can be told: one gain, one saturation, one offset. Where one end of the range is
clipped, an offset and a gain look alike; the gain is assumed, and the doubt is part of the answer.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from vbanalysis.codecs._arrays import like, to_numpy, unit_rgb
from vbanalysis.codecs.depth import DepthCodec
from vbanalysis.codecs.walk import EDGES, channel_order, project, walk_colour
from vbanalysis.types import Array, DepthResult

_CHANNELS = ("red", "green", "blue")
_MOST_PIXELS = 30_000  # looked at; more change the estimate by less than a tenth of a level
_LEAST_PIXELS = 500
_LEAST_SHARE_SEEN = 0.002  # of the pixels, for a channel's level to count as seen
_CLEAR = 30.0  # margin, /255, of pixels whose edge is beyond doubt
_OFF_CODE = 48.0  # median residual, /255, of an image that is no depth image at all
_LEAST_DRIFT = 2.0  # /255, at the corner of the cube that moves most: less is not worth a correction
_RIDGE = 1e-4  # pull towards "no drift", which decides where the image says nothing
_HALF_LEVEL = 0.5 / 255
_LUMA = np.array([0.299, 0.587, 0.114])  # Rec. 601


class Calibration(NamedTuple):
    """A picture with its drift removed, or the reason why that could not be done.

    Attributes:
        rgb: (..., 3) float64 colours in [0, 1], corrected where `applied`, else as given.
        applied: Whether a correction was made.
        matrix: (3, 3) float64, and
        offset: (3,) float64 in /255: the drift found, `observed = matrix @ true + offset`.
        residual_before: Mean distance to the code before, in /255.
        residual_after: And after.
        unseen: Levels that the image does not show, such as `"blue full"`; if any, the drift is
            taken to be the same for all channels.
        reason: What was done or why nothing was, in a sentence.
    """

    rgb: Array
    applied: bool
    matrix: np.ndarray
    offset: np.ndarray
    residual_before: float
    residual_after: float
    unseen: tuple[str, ...]
    reason: str


def calibrate(rgb: Array, codec: DepthCodec | None = None) -> Calibration:
    """Find and remove an affine drift (gain, offset, saturation, cast) of a depth picture's colours.

    Args:
        rgb: (..., 3) uint8, uint16 or float in [0, 1], painted with `codec`.
        codec: Which walk; the paper's by default.

    Raises:
        InputError: `rgb` is not an image of colours.

    Examples:
        >>> from vbanalysis.codecs.degradations import Drift
        >>> painted = DepthCodec().encode(np.geomspace(0.5, 40, 4096).reshape(64, 64))
        >>> calibrate(Drift(gain=0.9, offset=10)(painted)).reason
        'residual fell from 18.24 to 0.01/255 (affine drift)'
    """
    codec = codec or DepthCodec()
    colours = to_numpy(unit_rgb(rgb)).astype(np.float64)
    decoded = codec.decode(colours)
    usable = decoded.valid & (decoded.margin >= _CLEAR)
    observed = colours[usable]
    observed = observed[:: max(1, len(observed) // _MOST_PIXELS)]
    before = _mean_residual(decoded)

    def unchanged(reason: str, unseen: tuple[str, ...] = ()) -> Calibration:
        image = like(colours, rgb)
        return Calibration(image, False, np.eye(3), np.zeros(3), before, before, unseen, reason)

    if len(observed) < _LEAST_PIXELS:
        return unchanged(
            f"cannot calibrate: {len(observed)} pixels lie clearly on one edge, {_LEAST_PIXELS} are needed"
        )
    typical = float(np.median(decoded.residual[usable]))
    if typical > _OFF_CODE:
        return unchanged(
            f"cannot calibrate: colours lie {typical:.0f}/255 off {codec.walk}, too far for a drift"
        )

    matrix, offset = np.eye(3), np.zeros(3)
    unseen: tuple[str, ...] = ()
    for _ in range(8):
        code, still = _on_code(observed, matrix, offset, codec.walk)
        unseen = _unseen_levels(code, still)
        if {"zero", "full"} - {level for channel in _CHANNELS for level in _seen(channel, unseen)}:
            return unchanged(f"cannot calibrate: the image does not show {' nor '.join(unseen)}", unseen)
        previous = np.column_stack([matrix, offset])
        matrix, offset = (
            _shared_drift(code, observed, still) if unseen else _affine_drift(code, observed, still)
        )
        if np.linalg.cond(matrix) > 20:
            return unchanged("cannot calibrate: the image's colours do not determine the drift", unseen)
        if np.abs(np.column_stack([matrix, offset]) - previous).max() < 0.05 / 255:
            break
    corners = np.array(list(itertools.product((0.0, 1.0), repeat=3)))
    drift = float(np.abs(corners @ matrix.T + offset - corners).max() * 255)
    corrected = _undone(colours, matrix, offset)
    after = _mean_residual(codec.decode(corrected))
    if drift < _LEAST_DRIFT or not after < before:
        return unchanged(
            f"nothing to remove: the drift found is {drift:.1f}/255 "
            f"and takes the residual from {before:.2f} to {after:.2f}/255 "
            "(a gamma curve, or a gain that is clipped, would leave no trace)",
            unseen,
        )
    kind = (
        f"one drift for all channels, since the image does not show {', '.join(unseen)}"
        if unseen
        else "affine drift"
    )
    reason = f"residual fell from {before:.2f} to {after:.2f}/255 ({kind}){_doubt(code, observed, still)}"
    return Calibration(like(corrected, rgb), True, matrix, offset * 255, before, after, unseen, reason)


def _doubt(code: np.ndarray, observed: np.ndarray, still: np.ndarray) -> str:
    """What a clipped end of the range leaves open; empty where neither end is clipped."""
    full, zero = observed[still & (code > 0.5)], observed[still & (code <= 0.5)]
    top, bottom = 1 - _HALF_LEVEL, _HALF_LEVEL
    if (full >= top).mean() > 0.5 and np.median(zero) > 3 * _HALF_LEVEL:
        end = "full stands at the top of the range"
    elif (zero <= bottom).mean() > 0.5 and np.median(full) < 1 - 3 * _HALF_LEVEL:
        end = "zero stands at the bottom of the range"
    else:
        return ""
    return f"; {end} and may be clipped there: if the drift is an offset and not a gain, part of it remains"


def _undone(colours: np.ndarray, matrix: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """The colours before the drift. What was clipped at full or zero goes back to full or zero."""
    corrected = np.clip((colours - offset) @ np.linalg.inv(matrix).T, 0, 1)
    clipped_above = (colours >= 1 - _HALF_LEVEL) & (matrix.sum(axis=1) + offset >= 1 - _HALF_LEVEL)
    clipped_below = (colours <= _HALF_LEVEL) & (offset <= _HALF_LEVEL)
    return np.where(clipped_above, 1.0, np.where(clipped_below, 0.0, corrected))


def _mean_residual(decoded: DepthResult) -> float:
    known = decoded.residual[decoded.valid]
    return float(known.mean()) if known.size else float("nan")


def _on_code(
    observed: np.ndarray, matrix: np.ndarray, offset: np.ndarray, walk: str
) -> tuple[np.ndarray, np.ndarray]:
    """Each pixel's place on the code, (N, 3), and which of its channels stand still there, (N, 3) bool."""
    nearest = project(np.clip((observed - offset) @ np.linalg.inv(matrix).T, 0, 1), walk)
    code = walk_colour((nearest.edge + nearest.along) / EDGES, walk)
    order = channel_order(walk)
    moving = np.array([order[k] for k in (0, 1, 0, 2, 1, 0, 1)])[nearest.edge]  # along edges 0 to 6
    return code, moving[:, None] != np.arange(3)


def _unseen_levels(code: np.ndarray, still: np.ndarray) -> tuple[str, ...]:
    missing = []
    for channel, name in enumerate(_CHANNELS):
        full = code[still[:, channel], channel] > 0.5
        for level, count in (("zero", (~full).sum()), ("full", full.sum())):
            if count < _LEAST_SHARE_SEEN * len(code):
                missing.append(f"{name} {level}")
    return tuple(missing)


def _seen(channel: str, unseen: tuple[str, ...]) -> list[str]:
    return [level for level in ("zero", "full") if f"{channel} {level}" not in unseen]


def _affine_drift(code: np.ndarray, observed: np.ndarray, still: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`observed = matrix @ code + offset`, each channel fitted where it stands still."""
    rows = []
    for channel in range(3):
        at = still[:, channel]
        design = np.column_stack([code[at], np.ones(at.sum())])
        rows.append(_robust_fit(design, observed[at, channel], np.array([*np.eye(3)[channel], 0.0])))
    fitted = np.array(rows)
    return fitted[:, :3], fitted[:, 3]


def _shared_drift(code: np.ndarray, observed: np.ndarray, still: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`observed = own * code + grey * luma(code) + offset`, the same three numbers for all channels."""
    luma = np.broadcast_to((code @ _LUMA)[:, None], code.shape)
    design = np.column_stack([code[still], luma[still], np.ones(still.sum())])
    own, grey, offset = _robust_fit(design, observed[still], np.array([1.0, 0.0, 0.0]))
    return own * np.eye(3) + grey * np.tile(_LUMA, (3, 1)), np.full(3, offset)


def _robust_fit(design: np.ndarray, observed: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Huber regression towards a prior: pixels mixed at edges must not pull."""
    deviation = observed - design @ prior
    weight = np.ones(len(observed))
    change = np.zeros_like(prior)
    for _ in range(4):
        weighted = design * weight[:, None]
        normal = weighted.T @ design + _RIDGE * len(design) * np.eye(len(prior))
        change = np.linalg.solve(normal, weighted.T @ deviation)
        error = np.abs(deviation - design @ change)
        scale = 1.5 * max(float(np.median(error)), 0.5 / 255)
        weight = np.minimum(1.0, scale / np.maximum(error, 1e-12))
    return prior + change
