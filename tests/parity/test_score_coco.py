"""Oracle: pycocotools, on the same files."""

from __future__ import annotations

import contextlib
import io
import json

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from vbanalysis.scoring import score_coco

pytest.importorskip("faster_coco_eval")
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

NAMES = (
    *("ap", "ap_50", "ap_75", "ap_small", "ap_medium", "ap_large"),
    *("ar_1", "ar_10", "ar_100", "ar_small", "ar_medium", "ar_large"),
)


def oracle(truth, predictions, iou_type):
    with contextlib.redirect_stdout(io.StringIO()):
        reference = COCO(str(truth))
        evaluation = COCOeval(reference, reference.loadRes(str(predictions)), iou_type)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return dict(zip(NAMES, evaluation.stats.tolist(), strict=True))


def ellipse(rng, height, width):
    ys, xs = np.mgrid[:height, :width]
    cy, cx = rng.uniform(0, (height, width))
    ry, rx = rng.uniform(2, rng.choice([6, 30, 100]), 2)
    return (((ys - cy) / ry) ** 2 + ((xs - cx) / rx) ** 2) < 1


def coded(mask):
    code = coco_mask.encode(np.asfortranarray(mask, np.uint8))
    return {"size": code["size"], "counts": code["counts"].decode()}


def thing(rng, mask, image, category, boxes):
    ys, xs = np.nonzero(mask)
    box = [xs.min(), ys.min(), np.ptp(xs) + 1, np.ptp(ys) + 1]
    entry = {"image_id": image, "category_id": category, "segmentation": coded(mask)}
    return entry | ({"bbox": [float(side) for side in box]} if boxes else {})


def write(folder, seed, boxes):
    """Pictures with things of all sizes; predictions are true ones moved, of another class, or made up."""
    rng = np.random.default_rng(seed)
    images, true, predicted = [], [], []
    categories = [{"id": k, "name": str(k)} for k in (1, 3, 7, 90)]
    for image in range(1, rng.integers(2, 6)):
        height, width = (int(side) for side in rng.integers(80, 240, 2))
        images.append({"id": image, "height": height, "width": width, "file_name": f"{image}.jpg"})
        for _ in range(rng.integers(0, 9)):
            mask, category = ellipse(rng, height, width), int(rng.choice([1, 3, 7]))
            if not mask.any():
                continue
            crowd = int(rng.random() < 0.1)
            entry = thing(rng, mask, image, category, True)
            true.append(entry | {"id": len(true) + 1, "area": int(mask.sum()), "iscrowd": crowd})
            for _ in range(rng.integers(0, 3)):
                moved = np.roll(mask, rng.integers(-4, 5, 2), axis=(0, 1))
                other = int(rng.choice([1, 3, 7])) if rng.random() < 0.2 else category
                predicted.append(thing(rng, moved, image, other, boxes) | {"score": float(rng.random())})
    mask = ellipse(rng, height, width) | (np.indices((height, width)).sum(axis=0) == 9)
    predicted.append(thing(rng, mask, image, 90, boxes) | {"score": 0.9})
    rng.shuffle(predicted)
    files = folder / "instances.json", folder / "results.json"
    truth = {"images": images, "annotations": true, "categories": categories}
    for file, content in zip(files, (truth, predicted), strict=True):
        file.write_text(json.dumps(content))
    return files


@pytest.mark.parametrize("seed", range(18))
@pytest.mark.parametrize("iou_type", ["bbox", "segm"])
def test_all_twelve_figures_equal_those_of_pycocotools(tmp_path, iou_type, seed):
    truth, predictions = write(tmp_path, seed, boxes=iou_type == "bbox" or seed % 3 > 0)
    found, expected = score_coco(truth, predictions, iou_type), oracle(truth, predictions, iou_type)
    for name, value in expected.items():
        assert (found[name] is None) == (value == -1), name
        assert value == -1 or found[name] == pytest.approx(value, abs=1e-9), name
    assert found["ap_50"] > 0


def test_polygons_and_uncompressed_crowds_equal_those_of_pycocotools(tmp_path):
    crowd = {"size": [40, 50], "counts": [500, 300, 1200]}
    truth = {
        "images": [{"id": 5, "height": 40, "width": 50}],
        "annotations": [
            {"id": 1, "image_id": 5, "category_id": 2, "iscrowd": 1, "area": 300, "segmentation": crowd},
            {
                "id": 2,
                "image_id": 5,
                "category_id": 2,
                "iscrowd": 0,
                "area": 150,
                "segmentation": [[30.5, 20, 45, 21, 44, 33.2], [1, 30, 8, 30, 8, 39, 1, 39]],
            },
        ],
        "categories": [{"id": 2, "name": "thing"}],
    }
    for entry in truth["annotations"]:
        entry["bbox"] = [0, 0, 10, 10]
    polygon = [[30, 20, 46, 20, 45, 34], [1, 30, 8, 30, 8, 39, 1, 39]]
    code = coco_mask.merge(coco_mask.frPyObjects(polygon, 40, 50))
    code = {"size": code["size"], "counts": code["counts"].decode()}
    predictions = [{"image_id": 5, "category_id": 2, "score": 0.7, "segmentation": code}]
    paths = tmp_path / "gt.json", tmp_path / "pred.json"
    for path, content in zip(paths, (truth, predictions), strict=True):
        path.write_text(json.dumps(content))
    found, expected = score_coco(*paths), oracle(*paths, "segm")
    assert found["ap"] == pytest.approx(expected["ap"], abs=1e-12)
    assert 0.2 < found["ap"] < 1
