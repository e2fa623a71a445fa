"""Cityscapes: a folder of predicted label ids, scored as the official script does.

Source: cityscapesScripts, `evaluation/evalPixelLevelSemanticLabeling.py`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from vbanalysis.datasets.cityscapes import CLASSES, LABELS, SCORED_IDS, read_label_ids
from vbanalysis.errors import DataError
from vbanalysis.metrics import confusion_matrix, semantic_metrics
from vbanalysis.metrics.semantic import group_classes, keep_classes
from vbanalysis.paths import shown

_SUFFIX = "_gtFine_labelIds.png"
_PROTOCOL = (
    "Cityscapes: label ids, 19 classes, one confusion matrix over all images; pixels whose true label is not "
    "scored drop out; predictions of labels that are not scored are misses; classes that never occur are "
    "left out of the means"
)


def score_cityscapes(gt_folder: Path, pred_folder: Path) -> dict[str, Any]:
    """Score a folder of predictions.

    Args:
        gt_folder: Holds `*_gtFine_labelIds.png`, at any depth; `gtFine/val` for the validation split.
        pred_folder: Holds for each of them just one PNG of label ids (not train ids), at any depth, whose
            name begins with the same city, sequence and frame: `CITY_123456_123456*.png`.

    Returns:
        `protocol`, `n` (images), `n_pixels` (scored), `miou`, `category_miou`, `pixel_accuracy`,
        `unscored_predictions` (share of the scored pixels with a label that is none of the 19: much of it
        hints at train ids), and `iou` and `category_iou` by name.

    Raises:
        DataError: A folder is missing or holds no labels, an image has no or several predictions, or a
            prediction has another size or a label that Cityscapes does not have.
        ImageError: A file is damaged or no PNG of labels.
    """
    truths = sorted(_folder(gt_folder).rglob(f"*{_SUFFIX}"))
    if not truths:
        raise DataError(f"{shown(gt_folder)} holds no *{_SUFFIX}: name the folder gtFine/SPLIT")
    predictions = _by_frame(_folder(pred_folder))
    counts = np.zeros((len(LABELS), len(LABELS) + 1), np.int64)
    for truth in truths:
        path = _prediction_of(truth, predictions, pred_folder)
        true, predicted = read_label_ids(truth), read_label_ids(path)
        if true.shape != predicted.shape:
            raise DataError(
                f"{shown(path)} is {predicted.shape[0]} x {predicted.shape[1]} (height x width) but "
                f"{truth.name} {true.shape[0]} x {true.shape[1]}: save predictions at full size"
            )
        counts += confusion_matrix(predicted, true, len(LABELS), ignore=())
    confusion = keep_classes(counts, SCORED_IDS)
    names, grouped = group_classes(confusion, [LABELS[place].category for place in SCORED_IDS])
    classes, categories = semantic_metrics(confusion), semantic_metrics(grouped)
    return {
        "protocol": _PROTOCOL,
        "n": len(truths),
        "n_pixels": classes.n,
        "miou": _or_none(classes.miou),
        "category_miou": _or_none(categories.miou),
        "pixel_accuracy": _or_none(classes.pixel_accuracy),
        "unscored_predictions": float(confusion[:, -1].sum() / classes.n) if classes.n else None,
        "iou": dict(zip(CLASSES, map(_or_none, classes.iou.tolist()), strict=True)),
        "category_iou": dict(zip(names, map(_or_none, categories.iou.tolist()), strict=True)),
    }


def _folder(folder: Path) -> Path:
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise DataError(
            f"no folder {shown(folder.absolute())}: name the one that holds the PNGs of label ids"
        )
    return folder


def _frame(path: Path) -> str:
    """`ulm_000003_000019_gtFine_labelIds.png` -> `ulm_000003_000019`."""
    return "_".join(path.stem.split("_")[:3])


def _by_frame(folder: Path) -> dict[str, list[Path]]:
    found = defaultdict(list)
    for path in sorted(folder.rglob("*.png")):
        found[_frame(path)].append(path)
    return found


def _prediction_of(truth: Path, predictions: dict[str, list[Path]], folder: Path) -> Path:
    found = predictions.get(_frame(truth), [])
    if not found:
        raise DataError(
            f"{shown(folder)} holds no prediction for {truth.name}: expected {_frame(truth)}*.png"
        )
    if len(found) > 1:
        raise DataError(
            f"{shown(folder)} holds {len(found)} predictions for {truth.name}, {found[0].name} and "
            f"{found[1].name} among them: keep one"
        )
    return found[0]


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
