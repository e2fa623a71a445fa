"""COCO: predicted boxes or masks, as average precision and recall.

Computed by faster-coco-eval, which the parity tests hold to pycocotools. What the files hold is checked
before, for neither of the two checks it: a category or a mask that does not fit would become a wrong number.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec

from vbanalysis.codecs.polygons import coco_mask
from vbanalysis.codecs.rle import compressed, read_runs, runs_of
from vbanalysis.datasets.json_files import read_json
from vbanalysis.datasets.saco_files import Code
from vbanalysis.errors import DataError, InputError, MissingDependencyError
from vbanalysis.images import MAX_PIXELS
from vbanalysis.paths import shown

IouType = Literal["bbox", "segm"]

_FIGURES = (
    *("ap", "ap_50", "ap_75", "ap_small", "ap_medium", "ap_large"),
    *("ar_1", "ar_10", "ar_100", "ar_small", "ar_medium", "ar_large"),
)
"""The official twelve, in their order."""

_PROTOCOL = (
    "COCO: IoU of {what}, .50:.05:.95, each category, at most 100 predictions an image; crowds ignored; "
    "means over the categories that occur"
)
_Side = Annotated[int, msgspec.Meta(ge=1, le=MAX_PIXELS)]
_Box = tuple[float, float, float, float]


class _Picture(msgspec.Struct, gc=False):
    id: int
    height: _Side
    width: _Side


class _Category(msgspec.Struct, gc=False):
    id: int
    name: str = ""


class _Thing(msgspec.Struct, gc=False, kw_only=True):
    image_id: int
    category_id: int
    bbox: _Box | None = None
    segmentation: Code | list[list[float]] | None = None


class _True(_Thing, gc=False, kw_only=True):
    area: float
    iscrowd: Literal[0, 1] | bool = 0


class _Predicted(_Thing, gc=False, kw_only=True):
    score: float


class _File(msgspec.Struct):
    images: list[_Picture]
    annotations: list[_True]
    categories: list[_Category]


def score_coco(gt: Path, pred: Path, iou_type: IouType = "segm") -> dict[str, Any]:
    """Score a file of predictions.

    Args:
        gt: Instances in COCO's format, as `instances_val2017.json`.
        pred: A list of `{"image_id", "category_id", "score", "bbox" or "segmentation"}`.
        iou_type: What is compared, `"bbox"` or `"segm"`.

    Returns:
        `protocol`, `n` (images), `n_true` (without crowds), `n_predictions`, and the official twelve figures:
        `ap`, `ap_50`, `ap_75`, `ap_small`, `ap_medium`, `ap_large`, `ar_1`, `ar_10`, `ar_100`, `ar_small`,
        `ar_medium`, `ar_large`; None where the truth has no object of that size.

    Raises:
        InputError: `iou_type` is another one.
        DataError: A file is missing, no JSON or of another format, or an entry does not fit the ground
            truth; the message names it.
        MissingDependencyError: faster-coco-eval is not installed.
    """
    if iou_type not in get_args(IouType):
        raise InputError(f"iou_type must be one of {', '.join(get_args(IouType))}; got {iou_type!r}")
    try:
        from faster_coco_eval import COCO, COCOeval_faster
    except ImportError:
        raise MissingDependencyError("faster-coco-eval", "coco", "COCO's average precision") from None
    gt, pred = Path(gt), Path(pred)
    truth = read_json(gt, _File)
    pictures = _pictures(gt, truth.images)
    categories = [{"id": category.id, "name": category.name} for category in truth.categories]
    known = {category.id for category in truth.categories}
    true = _entries(gt, "annotations", truth.annotations, pictures, known, iou_type)
    answers = read_json(pred, list[_Predicted])
    predicted = _entries(pred, "predictions", answers, pictures, known, iou_type)
    for number, (entry, thing) in enumerate(zip(true, truth.annotations, strict=True), start=1):
        # Numbered anew: the official code takes a truth of id 0 for none.
        entry.update(id=number, area=thing.area, iscrowd=int(thing.iscrowd))
    for entry, answer in zip(predicted, answers, strict=True):
        entry["score"] = answer.score
    images = [{"id": key, "height": height, "width": width} for key, (height, width) in pictures.items()]
    reference = COCO({"images": images, "annotations": true, "categories": categories})
    evaluation = COCOeval_faster(reference, reference.loadRes(predicted), iou_type)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    figures = [float(value) for value in evaluation.stats[: len(_FIGURES)]]
    return {
        "protocol": _PROTOCOL.format(what="boxes" if iou_type == "bbox" else "masks"),
        "n": len(images),
        "n_true": sum(not thing.iscrowd for thing in truth.annotations),
        "n_predictions": len(answers),
        **{name: None if value < 0 else value for name, value in zip(_FIGURES, figures, strict=True)},
    }


def _pictures(path: Path, pictures: Sequence[_Picture]) -> dict[int, tuple[int, int]]:
    """Height and width of each picture."""
    sizes: dict[int, tuple[int, int]] = {}
    for place, picture in enumerate(pictures):
        if picture.id in sizes:
            raise DataError(f"{shown(path)}: images[{place}] has the id {picture.id}, which came before")
        if picture.height * picture.width > MAX_PIXELS:
            raise DataError(
                f"{shown(path)}: images[{place}] claims {picture.height:,} x {picture.width:,} pixels, over "
                f"the limit of {MAX_PIXELS:,}"
            )
        sizes[picture.id] = picture.height, picture.width
    if not sizes:
        raise DataError(f"{shown(path)} holds no images: there is nothing to score")
    return sizes


def _entries(
    path: Path,
    listed: str,
    things: Sequence[_Thing],
    pictures: dict[int, tuple[int, int]],
    categories: set[int],
    iou_type: IouType,
) -> list[dict[str, Any]]:
    """What the evaluator is given of each thing, once it is held to fit its picture."""
    # Sizes of predicted masks are those of their boxes where the first prediction has one, as in pycocotools.
    first = things[0] if things else None
    boxed = iou_type == "bbox" or (isinstance(first, _Predicted) and first.bbox is not None)
    entries: list[dict[str, Any]] = []
    codes: list[tuple[int, str, int]] = []
    for place, thing in enumerate(things):
        where = f"{shown(path)}: {listed}[{place}]"
        if thing.image_id not in pictures:
            raise DataError(
                f"{where} belongs to the image {thing.image_id}, which the ground truth does not have"
            )
        if thing.category_id not in categories:
            raise DataError(
                f"{where} has the category {thing.category_id}, which the ground truth does not declare "
                "(COCO's ids have gaps: 80 categories from 1 to 90)"
            )
        entry: dict[str, Any] = {"image_id": thing.image_id, "category_id": thing.category_id}
        if boxed:
            entry["bbox"] = _box(where, thing.bbox)
        if iou_type == "segm":
            size = pictures[thing.image_id]
            entry["segmentation"] = code = _mask(where, thing.segmentation, size)
            if isinstance(code, list) and isinstance(thing, _Predicted):
                # Of predictions the evaluator takes codes alone.
                entry["segmentation"] = code = _coded(where, code, size)
            if isinstance(code, dict):
                codes.append((place, code["counts"], size[0] * size[1]))
        entries.append(entry)
    places, texts, pixels = zip(*codes, strict=True) if codes else ((), (), ())
    try:
        read_runs(texts, pixels, lambda k: f"{shown(path)}: {listed}[{places[k]}]")
    except InputError as error:
        raise DataError(str(error)) from None
    return entries


def _box(where: str, box: _Box | None) -> list[float]:
    if box is None or box[2] < 0 or box[3] < 0:
        raise DataError(f"{where} has the bbox {box}, expected [x, y, width, height]")
    return list(box)


def _coded(where: str, polygons: list[list[float]], size: tuple[int, int]) -> dict[str, Any]:
    try:
        text = compressed({"size": list(size), "counts": runs_of(coco_mask(polygons, size))}, where)
    except InputError as error:
        raise DataError(f"{where}: {error}") from None
    return {"size": text["size"], "counts": text["counts"]}


def _mask(
    where: str, mask: Code | list[list[float]] | None, size: tuple[int, int]
) -> dict[str, Any] | list[list[float]]:
    if isinstance(mask, list):
        reach = 4 * max(250, *size)  # the rasteriser takes memory for every step of an edge
        for polygon in mask:
            if len(polygon) < 6 or len(polygon) % 2 or not all(abs(value) <= reach for value in polygon):
                raise DataError(
                    f"{where} has a polygon that is not x and y of three or more corners in or about "
                    "the picture"
                )
        if mask:
            return mask
    if not isinstance(mask, Code):
        raise DataError(f"{where} has no segmentation: masks are compared, or ask for iou_type bbox")
    if mask.size != size:
        raise DataError(f"{where} codes a mask of {mask.size}, but its picture is {size} (height, width)")
    try:
        text = compressed({"size": list(mask.size), "counts": mask.counts}, where)
    except InputError as error:
        raise DataError(str(error)) from None
    return {"size": text["size"], "counts": text["counts"]}
