"""SA-Co: predicted instances of noun phrases, scored as the official evaluator does.

Source: `sam3/eval/cgf1_eval.py`, class `CGF1Evaluator`. What the files hold is never painted: masks are
compared on their runs.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vbanalysis.codecs.rle import MaskRuns, overlaps, read_runs
from vbanalysis.datasets.json_files import read_json
from vbanalysis.datasets.saco_files import (
    Annotations,
    Key,
    MaskEntry,
    masks_of_pairs,
    read_annotators,
    scored_pairs,
)
from vbanalysis.errors import DataError, InputError
from vbanalysis.metrics import IOU_THRESHOLDS, InstanceCounts, best_annotator, instance_metrics
from vbanalysis.paths import shown

MIN_SCORE = 0.5
"""Predictions below it are left out."""

_PROTOCOL = (
    "SA-Co: pairs annotated exhaustively by all; predictions of score 0.5 and above; crowds left out; "
    "Hungarian matching on IoU once a pair; means over IoU .50:.05:.95; of several annotators the best one "
    "of each pair"
)
_NO_HITS = np.zeros(len(IOU_THRESHOLDS), np.int64)


class _Prediction(MaskEntry, gc=False, kw_only=True):
    score: float


def score_saco(gt: Sequence[Path], pred: Path) -> dict[str, Any]:
    """Score a file of predictions.

    Args:
        gt: One file an annotator, in the schema of SA-Co/Gold.
        pred: A list of `{"image_id", "score", "segmentation", ...}`, with `image_id` the id of a pair.

    Returns:
        `protocol`, `annotators`, `n` (pairs scored), `n_positive` (with instances), `n_predictions` (kept)
        and the figures: `cgf1`, `pmf1`, `il_mcc`, `cgf1_50` and `pmf1_50`.

    Raises:
        InputError: No ground truth is given.
        DataError: A file is missing, no JSON or of another format; the message names the entry.
    """
    if not gt:
        raise InputError("gt is empty: give one file of ground truth an annotator")
    annotators = read_annotators([Path(path) for path in gt])
    keys = scored_pairs(annotators)
    if not keys:
        raise DataError(
            f"{shown(annotators[0].path)}: no pair is annotated exhaustively, so none can be scored"
        )
    coded = _Coded()
    answers = coded.add(Path(pred), annotators[0], _predictions(Path(pred), annotators[0]), keys)
    truths = [coded.add(truth.path, truth, truth.masks, keys) for truth in annotators]
    pairs = [
        best_annotator(candidates) for candidates in zip(*_counts(coded, keys, answers, truths), strict=True)
    ]
    figures = instance_metrics(pairs)
    return {
        "protocol": _PROTOCOL,
        "annotators": len(annotators),
        "n": figures.n,
        "n_positive": figures.n_positive,
        "n_predictions": sum(pair.n_predicted for pair in pairs),
        "cgf1": figures.cgf1,
        "pmf1": figures.pmf1,
        "il_mcc": figures.il_mcc,
        "cgf1_50": figures.cgf1_50,
        "pmf1_50": figures.pmf1_50,
    }


def _predictions(path: Path, truth: Annotations) -> dict[Key, list[str]]:
    """The run-length codes of the predictions that are kept, by pair."""
    entries = read_json(path, list[_Prediction])
    return masks_of_pairs(
        path,
        "predictions",
        entries,
        truth.pairs,
        truth.categories,
        kept=lambda entry: entry.score >= MIN_SCORE,
    )


class _Coded:
    """The masks of many pairs, one after the other, with what a message calls each."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.pixels: list[int] = []
        self._owners: list[tuple[int, Path, Key]] = []

    def add(
        self, path: Path, truth: Annotations, masks: dict[Key, list[str]], keys: list[Key]
    ) -> dict[Key, range]:
        """Take up the masks of a file; the places of those of each pair that has any."""
        places = {}
        for key in keys:
            if codes := masks.get(key):
                first, pair = len(self.texts), truth.pairs[key]
                self.texts += codes
                self.pixels += [pair.height * pair.width] * len(codes)
                self._owners.append((first, path, key))
                places[key] = range(first, len(self.texts))
        return places

    def read(self) -> MaskRuns:
        """The runs of all masks.

        Raises:
            DataError: One cannot be read; the message names its file and pair.
        """
        try:
            return read_runs(self.texts, self.pixels, self._name)
        except InputError as error:
            raise DataError(str(error)) from None

    def _name(self, place: int) -> str:
        first, path, key = self._owners[bisect_right(self._owners, place, key=lambda owner: owner[0]) - 1]
        return f"{shown(path)}: mask {place - first} of pair {key!r}"


def _counts(
    coded: _Coded, keys: list[Key], answers: dict[Key, range], truths: list[dict[Key, range]]
) -> list[list[InstanceCounts]]:
    """What each pair contributes, by each annotator's truth."""
    runs = coded.read()
    blocks = [
        (predicted, truth[key]) for truth in truths for key, predicted in answers.items() if key in truth
    ]
    left = np.array([place for predicted, true in blocks for place in predicted for _ in true], np.int64)
    right = np.array([place for predicted, true in blocks for _ in predicted for place in true], np.int64)
    shared = overlaps(runs, left, right)
    ious = shared / np.maximum(runs.areas[left] + runs.areas[right] - shared, 1)
    hits = iter(_hits(ious, [(len(predicted), len(true)) for predicted, true in blocks]))
    scorings = []
    for truth in truths:
        found = {key: next(hits) for key in answers if key in truth}
        scorings.append(
            [
                InstanceCounts(found.get(key, _NO_HITS), len(answers.get(key, ())), len(truth.get(key, ())))
                for key in keys
            ]
        )
    return scorings


def _hits(ious: np.ndarray, shapes: list[tuple[int, int]]) -> np.ndarray:
    """For each block of IoUs, one after the other, how many matches reach each threshold.

    The same as `match_instances` of each block, with one pass over all thresholds.
    """
    from scipy.optimize import linear_sum_assignment

    matched, owners, start = [], [], 0
    for block, (rows, columns) in enumerate(shapes):
        stop = start + rows * columns
        row, column = linear_sum_assignment(ious[start:stop].reshape(rows, columns), maximize=True)
        matched.append(start + row * columns + column)
        owners += [block] * len(row)
        start = stop
    hits = np.zeros((len(shapes), len(IOU_THRESHOLDS)), np.int64)
    if matched:
        np.add.at(hits, owners, ious[np.concatenate(matched)][:, None] >= IOU_THRESHOLDS)
    return hits
