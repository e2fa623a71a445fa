"""Drifts of colour that the code itself betrays: found and removed without the truth.

For depth `vbanalysis.codecs.calibrate` does it, where need be from a better beginning. Normals are known to
have length 1, and a mask to be painted in few colours; either tells a drift as far as it goes.
"""

from __future__ import annotations

import itertools

import numpy as np

from vbanalysis.codecs import PaletteCodec, calibrate
from vbanalysis.codecs.flat_colours import find_flat_colours
from vbanalysis.codecs.identify import NEAR_CODE, PAPER_WALK
from vbanalysis.codecs.walk import project

_LEAST_DRIFT = 2.0  # /255, at the corner of the colour cube that moves most, as in `calibrate`
_MOST_PIXELS = 30_000
_FEW_PIXELS = 500  # for each beginning of a grid
_ROUNDS = 12
_RIDGE = 1e-3  # pull towards "no drift", which decides where the colours say nothing
_LUMA = np.array([0.299, 0.587, 0.114])  # Rec. 601
_LEAST_FLAT = 0.6  # of a mask's pixels: noise and compression leave fewer in the core of a flat colour
_MOST_LEFT = 12.0  # /255 from the code, on average: else it was no drift
_MOVING_COSTS = 0.05  # of a level of residual, what a level of drift must save to be believed
_STARTS = ((1.0, 1.25, 1.6, 2.0, 2.5), (-1.0, -0.6, -0.25, 0.0, 0.25), (-0.5, -0.25, 0.0, 0.25))
"""Factors, of brightness too, and offsets that undo a drift, to begin from."""

_LEAST_LENGTH = 0.3  # of a raw vector that says anything: mid-grey is unknown
_BETTER = 0.75  # of the residual that may stay: a fit always takes a little away


def without_drift_of_depth(rgb: np.ndarray) -> np.ndarray | None:
    """Colours of depth with the drift removed that `calibrate` finds, or None if there is none.

    It refuses colours that lie too far off the walk for it to begin with. Then the gain, offset and
    saturation of a grid are undone first that bring them nearest to it.

    Args:
        rgb: (h, w, 3) uint8.

    Returns:
        (h, w, 3) uint8.
    """
    found = calibrate(rgb)
    if found.applied:
        return _stored(found.rgb)
    if not found.residual_before > NEAR_CODE:
        return None
    colours = rgb.reshape(-1, 3).astype(np.float64)
    seen = colours[:: max(1, len(colours) // _FEW_PIXELS)]

    def cost(undo: np.ndarray) -> float:
        # Not clipped: whatever is brought to the corners of the cube lies on the walk.
        away = project(_undone(seen, undo), PAPER_WALK, 255).residual
        return float(away.mean() + _MOVING_COSTS * _moved(undo))

    undo = min((np.array(start) for start in itertools.product(*_STARTS)), key=cost)
    begun = _stored(_undone(colours, undo).reshape(rgb.shape) / 255)
    found = calibrate(begun)
    return _stored(found.rgb) if found.residual_after <= _MOST_LEFT else None


def without_drift_of_normals(rgb: np.ndarray) -> np.ndarray | None:
    """Colours of normals with one gain and one offset of all channels removed, or None if there is none.

    The raw vector is `gain * normal + offset` in each component, so that its squared length is a line in the
    sum of its components: slope and height tell both.

    Args:
        rgb: (h, w, 3) uint8.

    Returns:
        (h, w, 3) uint8.
    """
    raw = 2 * rgb.astype(np.float64) / 255 - 1
    seen = raw[np.linalg.norm(raw, axis=-1) > _LEAST_LENGTH]
    seen = seen[:: max(1, len(seen) // _MOST_PIXELS)]
    if len(seen) < 64:
        return None
    squared, total = (seen**2).sum(axis=1), seen.sum(axis=1)
    weight = np.ones(len(seen))
    gain, offset = 1.0, 0.0
    for _ in range(_ROUNDS):
        design = np.column_stack([2 * total, np.ones(len(seen))]) * weight[:, None]
        # The prior is no drift: slope 0, height 1.
        normal = design.T @ design + _RIDGE * len(seen) * np.eye(2)
        slope, height = np.linalg.solve(
            normal, design.T @ (squared * weight) + _RIDGE * len(seen) * np.array([0.0, 1.0])
        )
        offset, gain = float(slope), float(np.sqrt(max(height + 3 * slope**2, 1e-6)))
        away = np.abs(np.linalg.norm(seen - offset, axis=1) - gain)
        weight = np.sqrt(np.minimum(1.0, 1.5 * max(float(np.median(away)), 0.01) / np.maximum(away, 1e-9)))
    before = float(np.abs(np.linalg.norm(seen, axis=1) - 1).mean())
    after = float(away.mean()) / gain
    moved = max(abs(gain * sign + offset - sign) for sign in (-1, 1)) * 127.5
    if moved < _LEAST_DRIFT or after > _BETTER * before:
        return None
    return _stored(((raw - offset) / gain + 1) / 2)


def without_drift_of_mask(rgb: np.ndarray, codec: PaletteCodec) -> np.ndarray | None:
    """Colours of a mask with a gain, an offset and a saturation of all channels removed, or None.

    Of the flat colours that the picture is painted in, each must be one of the prompt's. The drift is sought
    that brings them nearest to such, a small one rather than a large one: on a grid first, then by least
    squares to the prompt's colours that are nearest.

    Args:
        rgb: (h, w, 3) uint8.
        codec: Of the prompt.

    Returns:
        (h, w, 3) uint8.
    """
    background = codec.background_colour
    targets = np.array([*codec.classes.values(), *([] if background is None else [background])], np.float64)
    flat = find_flat_colours(rgb)
    if flat.share < _LEAST_FLAT:
        return None
    seen = np.array([colour.rgb for colour in flat.colours], np.float64)
    weight = np.array([colour.share for colour in flat.colours])
    weight /= weight.sum()

    def cost(undo: np.ndarray) -> float:
        return float(_nearest(_undone(seen, undo), targets)[1] @ weight + _MOVING_COSTS * _moved(undo))

    best = min((np.array(start) for start in itertools.product(*_STARTS)), key=cost)
    for _ in range(_ROUNDS):
        chosen = _nearest(_undone(seen, best), targets)[0]
        design = np.stack(
            [seen, np.broadcast_to((seen @ _LUMA)[:, None], seen.shape), np.ones_like(seen)], -1
        )
        rows = design.reshape(-1, 3) * (255.0 ** np.array([0, 0, 1]))
        weighted = rows * np.repeat(weight, 3)[:, None]
        normal = weighted.T @ rows + _RIDGE * 255**2 * np.eye(3)
        off = targets[chosen].ravel() - rows @ np.array([1.0, 0.0, 0.0])
        best = np.array([1.0, 0.0, 0.0]) + np.linalg.solve(normal, weighted.T @ off)
    before, after = (_nearest(each, targets)[1] @ weight for each in (seen, _undone(seen, best)))
    if _moved(best) < _LEAST_DRIFT or after > min(_BETTER * before, _MOST_LEFT):
        return None
    return _stored(_undone(rgb.reshape(-1, 3).astype(np.float64), best).reshape(rgb.shape) / 255)


def _undone(colours: np.ndarray, undo: np.ndarray) -> np.ndarray:
    """(n, 3) colours times `undo[0]`, plus `undo[1]` times their brightness, plus `undo[2]` times full."""
    own, grey, offset = undo
    return np.asarray(own * colours + grey * (colours @ _LUMA)[:, None] + offset * 255)


def _moved(undo: np.ndarray) -> float:
    """How far the corner of the cube that moves most moves, /255."""
    corners = np.array(list(itertools.product((0.0, 255.0), repeat=3)))
    return float(np.abs(_undone(corners, undo) - corners).max())


def _nearest(colours: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest target of each colour, and how far it is."""
    squared = (colours**2).sum(axis=1)[:, None] - 2 * colours @ targets.T + (targets**2).sum(axis=1)
    chosen = squared.argmin(axis=1)
    return chosen, np.sqrt(np.maximum(squared[np.arange(len(colours)), chosen], 0))


def _stored(colours: np.ndarray) -> np.ndarray:
    return np.asarray(np.rint(np.clip(colours, 0, 1) * 255).astype(np.uint8))
