"""Causes of errors in masks: those that the colours show, then those of the objects.

Of the objects of a class mask, each wrong pixel has at most one cause: repairs touch different pixels.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vbanalysis.codecs import InstanceCodec, PaletteCodec
from vbanalysis.codecs.instances import estimate_background
from vbanalysis.studies.atlas.answered import Answered, truth_of
from vbanalysis.studies.atlas.attribution import Attribution, attribute, joined
from vbanalysis.studies.atlas.drifts import without_drift_of_mask
from vbanalysis.studies.atlas.mixtures import on_level_ground
from vbanalysis.studies.atlas.picture import Code, Decoded, Read, explain_colours
from vbanalysis.studies.atlas.regions import instance_repairs, legend, referring_regions, semantic_regions
from vbanalysis.tasks import resized
from vbanalysis.tasks.instance import InstanceTask

_FAR_FROM_BACKGROUND = 48.0
_FLAT = 0.7  # share of a picture in its background and one other colour, for it to be a mask at all


def explain_semantic(answered: Answered) -> Attribution:
    """Divide 1 - mIoU of a semantic mask.

    Of the whole picture: `swapped` (classes of the legend that were exchanged), `drift`; then `mixed_edges`
    (a mixture of two classes' colours is read as a third) and `off_code`, as in `explain_colours`; then
    `missed`, `wrong_class`, `hallucinated`, `outline`, as in `semantic_regions`.
    """
    first, read = explain_colours(answered, _palette_code(answered))
    truth = truth_of("semantic", answered.sample)
    base = resized(read.answer, (truth.shape[0], truth.shape[1]))
    return joined([first, _painted(answered, read, base, semantic_regions(base, truth), truth)])


def explain_referring(answered: Answered) -> Attribution:
    """Divide 1 - IoU of the mask of an expression.

    Of the whole picture: `swapped` (painted in another colour than asked for, by a drift too: two colours do
    not tell them apart); then `mixed_edges` and `off_code`, as in `explain_colours`; then `wrong_object`,
    `missed`, `hallucinated`, `outline`, as in `referring_regions`.
    """
    first, read = explain_colours(answered, _palette_code(answered), ("swapped",))
    truth = truth_of("referring", answered.sample)
    base = resized(read.answer, (truth.shape[0], truth.shape[1]))
    regions = referring_regions(base == 0, truth)
    return joined([first, _painted(answered, read, base, regions, _referred(truth))])


def explain_instance(answered: Answered) -> Attribution:
    """Divide 1 - F1 (mean over IoU .50:.05:.95) of the instances of a phrase.

    Of the whole picture: `drift` (the background is not the one asked for); then `mixed_edges` and `off_code`
    (what the decoder rejects), as in `explain_colours`; then `hallucinated`, `merged`, `split`, `missed`,
    `outline`, as in `instance_repairs`. The model chooses the colours, so none is swapped.
    """
    tau = answered.task.codec.tau if isinstance(answered.task, InstanceTask) else InstanceCodec().tau
    code = Code(
        _on_black, lambda rgb, swapped: _instances(answered, rgb), lambda rgb: on_level_ground(rgb, tau)
    )
    first, read = explain_colours(answered, code, ("drift",))
    truth = truth_of("instance", answered.sample)
    base = np.maximum(resized(read.answer, (truth.shape[0], truth.shape[1])), 0)
    repairs = instance_repairs(base, truth)

    def error(made: frozenset[str]) -> float:
        labels = base
        for cause, repair in repairs.items():
            labels = repair(labels) if cause in made else labels
        return answered.error(labels, read.left_out)

    return joined([first, attribute(tuple(repairs), error)])


def _painted(
    answered: Answered, read: Read, base: np.ndarray, regions: Mapping[str, np.ndarray], truth: np.ndarray
) -> Attribution:
    """The tier of the objects: a repair paints the truth over the pixels of its cause."""

    def error(made: frozenset[str]) -> float:
        labels = base.copy()
        for cause in made:
            labels[regions[cause]] = truth[regions[cause]]
        return answered.error(labels, read.left_out)

    return attribute(tuple(regions), error)


def _palette_code(answered: Answered) -> Code:
    asked, task = answered.instruction, answered.task.name
    classes = dict(zip(asked.classes, asked.colours, strict=True))
    codec = PaletteCodec(classes, "implicit" if asked.background is None else asked.background)

    def decode(rgb: np.ndarray, swapped: bool) -> Decoded:
        labels = answered.task.decode(rgb, asked)
        if swapped and task == "referring":
            labels = _in_any_colour(rgb, labels)
        elif swapped:
            truth = truth_of(task, answered.sample)
            seen = resized(labels, (truth.shape[0], truth.shape[1]))
            labels = legend(seen, truth, len(answered.sample.class_names))[labels]
        return Decoded(labels, codec.decode(rgb).residual)

    return Code(lambda rgb: without_drift_of_mask(rgb, codec), decode)


def _referred(truth: np.ndarray) -> np.ndarray:
    """A mask in the labels of the task: 0 is what is meant, -1 all else."""
    return np.where(truth, 0, -1).astype(np.int32)


def _in_any_colour(rgb: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The mask read as all that is not the background, if the picture is flat enough to be a mask."""
    background = np.array(estimate_background(rgb), np.float64)
    marked = np.linalg.norm(rgb - background, axis=-1) > _FAR_FROM_BACKGROUND
    if not marked.any() or marked.all():
        return labels
    painted = np.where(marked[..., None], np.median(rgb[marked], axis=0), background)
    flat = np.linalg.norm(rgb - painted, axis=-1) < _FAR_FROM_BACKGROUND
    return _referred(marked) if flat.mean() >= _FLAT else labels


def _on_black(rgb: np.ndarray) -> np.ndarray | None:
    """The colours less that of the background, or None where it is black."""
    background = np.array(estimate_background(rgb), np.int16)
    if not background.any():
        return None
    return np.asarray(np.clip(rgb.astype(np.int16) - background, 0, 255).astype(np.uint8))


def _instances(answered: Answered, rgb: np.ndarray) -> Decoded:
    labels = answered.task.decode(rgb, answered.instruction)
    return Decoded(labels, np.where(labels < 0, np.inf, 0.0))
