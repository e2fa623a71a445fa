"""`instance`: every instance of what a noun phrase names, each in a colour that the model chooses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple

import numpy as np

from vbanalysis.codecs import InstanceCodec
from vbanalysis.errors import DataError
from vbanalysis.instructions import STYLES, instance_prompt
from vbanalysis.metrics import (
    IOU_THRESHOLDS,
    InstanceCounts,
    InstanceSums,
    best_annotator,
    instance_counts,
    instance_metrics,
    instance_sums,
    presence_metrics,
)
from vbanalysis.stats import Estimate, share_estimate
from vbanalysis.tasks._pooled import Pooled
from vbanalysis.tasks._task import Answer, Row, VisionTask, needed, one_of, resized, scenes
from vbanalysis.types import Instruction, Sample

SMALL = 128
"""On pictures of such a short side, thin parts are no wider than what an erosion takes away."""


class InstanceTask(VisionTask):
    """One noun phrase a prompt, scored as SA-Co does: pmF1, IL_MCC and cgF1.

    With several annotators, the one whose masks fit an answer best counts.

    Args:
        style: One of `STYLES["instance"]`.
        tau: Tolerance of colours, as in `InstanceCodec`.
        erosion: As in `InstanceCodec`; by default its own, and 0 on pictures of at most `SMALL` pixels.

    Raises:
        InputError: No such style, or a setting is out of its range.
    """

    name = "instance"
    headline = "f1_50"
    larger_is_better = True
    compared = ("f1", "f1_50")
    protocol = "SA-Co: matches summed over pairs, F1 averaged over IoU .50:.05:.95, best annotator a pair"

    def __init__(self, *, style: str = "each", tau: float = 14, erosion: float | None = None) -> None:
        self.style = one_of(style, "style", STYLES["instance"])
        self.erosion = erosion
        self.codec = InstanceCodec(tau=tau) if erosion is None else InstanceCodec(tau=tau, erosion=erosion)

    def instruction(self, sample: Sample) -> Instruction:
        """The sample's phrase."""
        return instance_prompt(needed(sample, sample.phrase, "phrase"), self.style)

    def decode(self, rgb: np.ndarray, instruction: Instruction) -> Answer:
        """(h, w) int32: instance k is k from 1, 0 and -1 are none."""
        small = self.erosion is None and min(rgb.shape[:2]) <= SMALL
        codec = InstanceCodec(tau=self.codec.tau, erosion=0) if small else self.codec
        return np.asarray(codec.decode(rgb).labels)  # type: ignore[union-attr]

    def encode(self, sample: Sample, instruction: Instruction) -> np.ndarray:
        """Where masks of the first annotator overlap, the smaller one is painted."""
        masks = _annotators(sample)[0]
        labels = np.zeros(masks.shape[1:], np.int32)
        for k in np.argsort([-mask.sum() for mask in masks], kind="stable"):
            labels[masks[k]] = k + 1
        return np.asarray(self.codec.encode(np.unique(labels, return_inverse=True)[1].astype(np.int32)))

    def nothing(self, sample: Sample) -> Answer:
        """No instance."""
        return np.zeros(_annotators(sample)[0].shape[1:], np.int32)

    def score(self, answer: Answer, sample: Sample) -> Row:
        """The pair's own `f1` and `f1_50`, and the counts that pooled figures are made of."""
        annotators = _annotators(sample)
        labels = np.maximum(resized(answer, annotators[0].shape[1:]), 0)
        best = best_annotator([instance_counts(labels, masks) for masks in annotators])
        return {
            "f1": _own_f1(best),
            "f1_50": _own_f1(best, 0),
            "n_true": best.n_true,
            "n_predicted": best.n_predicted,
            "true_positives": best.true_positives.tolist(),
        }

    def pooled(self, rows: Sequence[Row]) -> Pooled:
        """The figures of `instance_metrics` over pairs, and presence on its own."""
        return Pooled(np.array([_part(row) for row in rows], np.int64), _figures)

    def aggregate(self, rows: Sequence[Row]) -> dict[str, Estimate]:
        """As for any task; shares of presence are over the pairs that they are shares of."""
        found = super().aggregate(rows)
        seen = np.array([row["n_predicted"] > 0 for row in rows])
        there = np.array([row["n_true"] > 0 for row in rows])
        shares = {"precision": (there, seen), "recall": (seen, there), "fpr": (seen, ~there)}
        for name, (hit, among) in shares.items():
            whole = found.pop(f"presence_{name}")
            if among.any():  # else there is no pair that it could be a share of
                chosen = [row for row, counts in zip(rows, among, strict=True) if counts]
                share = share_estimate(hit[among].astype(float), clusters=scenes(chosen))
                found[f"presence_{name}"] = share._replace(value=whole.value)
        return found


def _own_f1(counts: InstanceCounts, threshold: int | None = None) -> float:
    """F1 of one pair; 1 where nothing was there and nothing was found."""
    if not counts.n_true and not counts.n_predicted:
        return 1.0
    f1 = 2 * counts.true_positives / (counts.n_true + counts.n_predicted)
    return float(f1.mean() if threshold is None else f1[threshold])


def _part(row: Row) -> list[int]:
    """The pair's `InstanceSums`, flat."""
    counts = InstanceCounts(np.array(row["true_positives"]), row["n_predicted"], row["n_true"])
    hits, *rest = astuple(instance_sums([counts]))
    return [*hits.tolist(), *rest]


def _figures(sums: np.ndarray) -> dict[str, float]:
    hits, rest = sums[: len(IOU_THRESHOLDS)], sums[len(IOU_THRESHOLDS) :]
    pairs = InstanceSums(hits, *map(int, rest))
    found, presence = instance_metrics(pairs), presence_metrics(pairs)
    return {
        **{name: getattr(found, name) for name in ("cgf1", "pmf1", "il_mcc", "cgf1_50", "pmf1_50")},
        **{f"presence_{name}": getattr(presence, name) for name in ("precision", "recall", "f1", "fpr")},
    }


def _annotators(sample: Sample) -> tuple[np.ndarray, ...]:
    if not sample.masks:
        raise DataError(f"sample {sample.id} has no masks: choose another task, or another data set")
    return tuple(sample.masks)


load = InstanceTask
"""Factory of the spec strings `instance`, `instance?style=short&erosion=0`."""
