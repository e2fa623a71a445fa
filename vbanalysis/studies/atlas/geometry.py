"""Causes of errors in depth and normals: those that the colours show, then those of the numbers.

What is fitted to the numbers is fitted to one half of the picture and held against the other.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np

from vbanalysis.codecs import WALKS, DepthCodec, NormalCodec, identify_walk, repair_edges
from vbanalysis.codecs.colormaps import ColormapCodec
from vbanalysis.codecs.identify import PAPER_WALK
from vbanalysis.codecs.normals import PAINT
from vbanalysis.errors import InputError
from vbanalysis.metrics import align_depth
from vbanalysis.metrics.alignment import Alignment, Space
from vbanalysis.studies.atlas.answered import Answered, truth_of
from vbanalysis.studies.atlas.attribution import Attribution, attribute, joined
from vbanalysis.studies.atlas.drifts import without_drift_of_depth, without_drift_of_normals
from vbanalysis.studies.atlas.picture import Code, Decoded, Read, explain_colours
from vbanalysis.tasks import resized
from vbanalysis.tasks.depth import CAP_M

DEPTH_NUMBERS = ("grain", "scale", "shift")
NORMALS_NUMBERS = ("grain", "flipped", "tilt")

_GRAIN_PX = 5
"""Side of the square over which errors are averaged: what cancels there is grain."""

_AS_NEAR = 4.0
"""A walk that lies so little farther from the colours than the nearest, /255, may be the one painted."""

_LARGEST_TILT_DEG = 45.0
"""A larger turn is no tilt of the camera: a flip of two axes is a turn by 180 degrees."""

Way = Callable[[np.ndarray, np.ndarray, np.ndarray, tuple[float, float]], np.ndarray]
"""From depth, truth, where to fit, and the cap, to the depth aligned."""

Repaired = Callable[[Answered, Read, frozenset[str]], Iterator[np.ndarray]]


def explain_depth(answered: Answered) -> Attribution:
    """Divide the error of a depth picture.

    Of the whole picture: `swapped` (another of the six walks that its colours lie near, such as the paper's
    in BGR), `drift` (what `calibrate` removes); then `mixed_edges` and `off_code`, as in `explain_colours`;
    then `grain` (errors of both signs that cancel within 5 x 5 pixels), `scale` and `shift` (the field's
    alignments).
    """
    return _explained(answered, _depth_code(answered), DEPTH_NUMBERS, _aligned)


def explain_normals(answered: Answered) -> Attribution:
    """Divide the error of a normal map.

    Of the whole picture: `swapped` (channels in another order), `drift` (one gain and offset that the length
    tells); then `mixed_edges` and `off_code`, as in `explain_colours`; then `grain` (errors that cancel
    within 5 x 5 pixels), `flipped` (the signs of axes) and `tilt` (one turn of all normals by at most 45
    degrees, as of a camera that is not level).
    """
    return _explained(answered, _normals_code(answered), NORMALS_NUMBERS, _turned)


def _explained(answered: Answered, code: Code, numbers: tuple[str, ...], repaired: Repaired) -> Attribution:
    first, read = explain_colours(answered, code)
    second = attribute(
        numbers,
        lambda made: min(answered.error(answer, read.left_out) for answer in repaired(answered, read, made)),
    )
    return joined([first, second])


def _depth_code(answered: Answered) -> Code:
    asked = answered.instruction.colormap
    on_walk = asked in (None, "rainbow")

    def decode(rgb: np.ndarray, swapped: bool) -> Decoded:
        if not on_walk:
            result = ColormapCodec(str(asked)).decode(rgb)
            return Decoded(result.depth_m, result.residual, lambda: repair_edges(result).mixed)
        results = [DepthCodec(walk=walk).decode(rgb) for walk in (_walks(rgb) if swapped else (PAPER_WALK,))]
        best = min(results, key=lambda result: answered.error(result.depth_m))
        return Decoded(best.depth_m, best.residual, lambda: repair_edges(best).mixed)

    return Code(without_drift_of_depth if on_walk else lambda rgb: None, decode)


def _walks(rgb: np.ndarray) -> list[str]:
    """The walks that a picture may be painted along."""
    if (rgb == 128).all():
        return [PAPER_WALK]
    ranking = identify_walk(rgb).ranking
    near = [walk.name for walk in ranking if walk.score <= ranking[0].score + _AS_NEAR]
    return sorted({*near, PAPER_WALK}, key=list(WALKS).index)


def _aligned(answered: Answered, read: Read, made: frozenset[str]) -> Iterator[np.ndarray]:
    truth = truth_of("depth", answered.sample)
    depth = resized(read.answer, (truth.shape[0], truth.shape[1]))
    if "grain" in made:
        with np.errstate(invalid="ignore", divide="ignore"):
            error = depth / truth - 1
            # Errors of a factor of two and more are no grain, and one would outweigh all around it.
            fine = np.isfinite(error) & (np.abs(error) < 1)
            depth = np.where(fine, truth * (1 + _averaged(error, fine)), depth)
    yield depth
    cap_m = getattr(answered.task, "cap_m", None) or answered.sample.info.get("cap_m", CAP_M)
    where = np.ones(truth.shape, bool) if answered.sample.valid is None else answered.sample.valid
    if read.left_out is not None:
        where = where & ~resized(read.left_out, (truth.shape[0], truth.shape[1]))
    ways: list[Way] = [_shifted] if "shift" in made else []
    if "scale" in made:
        ways += [_by("median", "depth"), _by("scale", "depth")]
    if {"scale", "shift"} <= made:
        ways += [_by("scale_and_shift", "depth"), _by("scale_and_shift", "disparity")]
    for way in ways:
        try:
            yield _from_the_other_half(
                depth,
                lambda half, way=way: way(depth, truth, where & half, cap_m),  # type: ignore[misc]
            )
        except InputError:  # without an end of the cap an alignment may reach infinity
            continue


def _shifted(
    depth: np.ndarray, truth: np.ndarray, where: np.ndarray, cap_m: tuple[float, float]
) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        fitted = where & np.isfinite(depth) & (truth > cap_m[0]) & (truth <= cap_m[1])
    shift = float(np.median(truth[fitted] - depth[fitted])) if fitted.any() else 0.0
    return np.asarray(np.maximum(depth + shift, 1e-3))


def _by(alignment: Alignment, space: Space) -> Way:
    def way(
        depth: np.ndarray, truth: np.ndarray, where: np.ndarray, cap_m: tuple[float, float]
    ) -> np.ndarray:
        return align_depth(depth, truth, cap_m=cap_m, alignment=alignment, space=space, valid=where).depth_m

    return way


def _from_the_other_half(answer: np.ndarray, fitted: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """The answer of which either half is repaired by what was fitted to the other one.

    Few numbers fit a part of any error, the more so the fewer surfaces there are. A cause that acts on the
    whole picture alike is found in one half and holds in the other.

    Args:
        answer: (H, W, ...).
        fitted: From (H, W) bool, where the fit is made, to the whole answer repaired by it.
    """
    left = np.zeros(answer.shape[:2], bool)
    left[:, : answer.shape[1] // 2] = True
    by_left, by_right = fitted(left), fitted(~left)
    return np.where(left.reshape(*left.shape, *(1,) * (answer.ndim - 2)), by_right, by_left)


def _normals_code(answered: Answered) -> Code:
    def decode(rgb: np.ndarray, swapped: bool) -> Decoded:
        if swapped:
            rgb = np.ascontiguousarray(rgb[..., _channel_order(rgb, answered)])
        length = NormalCodec(tolerance=None).decode(rgb).length
        return Decoded(answered.task.decode(rgb, answered.instruction), np.abs(length - 1) * 127.5)

    return Code(without_drift_of_normals, decode)


def _channel_order(rgb: np.ndarray, answered: Answered) -> list[int]:
    """The order of the channels in which the painted vectors fit the true ones best."""
    paint = np.array(PAINT["paper"], np.float32)
    fits = paint[:, None] * _fits(NormalCodec(tolerance=None).decode(rgb).normals * paint, answered)
    orders = itertools.permutations(range(3))
    return list(max(orders, key=lambda order: fits[range(3), order].sum()))


def _fits(said: np.ndarray, answered: Answered, where: np.ndarray | None = None) -> np.ndarray:
    """(3, 3) sums over pixels of true component i times said component j."""
    truth = truth_of("normals", answered.sample)
    said = resized(said, (truth.shape[0], truth.shape[1]))
    known = np.isfinite(truth[..., 0]) & np.isfinite(said[..., 0])
    if answered.sample.valid is not None:
        known &= answered.sample.valid
    if where is not None:
        known &= where
    return np.asarray(truth[known].T.astype(np.float64) @ said[known])


def _turned(answered: Answered, read: Read, made: frozenset[str]) -> Iterator[np.ndarray]:
    truth = truth_of("normals", answered.sample)
    normals = resized(read.answer, (truth.shape[0], truth.shape[1]))
    compared = np.ones(truth.shape[:2], bool)
    if read.left_out is not None:
        compared = ~resized(read.left_out, (truth.shape[0], truth.shape[1]))

    def unflipped(half: np.ndarray) -> np.ndarray:
        signs = np.where(np.diag(_fits(normals, answered, half & compared)) < 0, -1, 1)
        return normals * signs.astype(normals.dtype)

    def level(half: np.ndarray) -> np.ndarray:
        # Kabsch 1976: the turn that brings the said normals nearest to the true ones.
        left, _, right = np.linalg.svd(_fits(normals, answered, half & compared))
        turn = left @ np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))]) @ right
        if np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))) > _LARGEST_TILT_DEG:
            return normals
        return np.asarray((normals @ turn.T).astype(normals.dtype))

    if "flipped" in made:
        normals = _from_the_other_half(normals, unflipped)
    if "tilt" in made:
        normals = _from_the_other_half(normals, level)
    if "grain" in made:
        error = normals - truth
        known = np.isfinite(error[..., 0])
        better = truth + np.stack([_averaged(error[..., k], known) for k in range(3)], axis=-1)
        length = np.linalg.norm(better, axis=-1, keepdims=True)
        normals = np.where(known[..., None] & (length > 0), better / np.maximum(length, 1e-6), normals)
    yield normals


def _averaged(error: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The mean of signed errors over the known pixels around each."""
    from scipy.ndimage import uniform_filter

    total = uniform_filter(np.where(known, error, 0).astype(np.float64), _GRAIN_PX)
    return np.asarray(total / np.maximum(uniform_filter(known.astype(np.float64), _GRAIN_PX), 1e-9))
