"""`vbanalysis score`: what goes wrong is named; the figures are held to the official ones in tests/parity."""

import json

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from vbanalysis.errors import DataError, InputError
from vbanalysis.scoring import score_cityscapes, score_coco, score_saco

SHAPE = (20, 30)


def mask(left, right):
    found = np.zeros(SHAPE, bool)
    found[5:15, left:right] = True
    code = coco_mask.encode(np.asfortranarray(found, np.uint8))
    return {"size": code["size"], "counts": code["counts"].decode()}


def picture(key, **rest):
    return {"id": key, "height": SHAPE[0], "width": SHAPE[1], "file_name": f"{key}.jpg", **rest}


def thing(key, segmentation, **rest):
    return {"image_id": key, "category_id": 1, "segmentation": segmentation, **rest}


@pytest.fixture
def saco(tmp_path):
    """Two pairs: one whose instance is found, and one with nothing, where nothing is found."""
    truth = {
        "images": [
            picture(key, text_input="a cat", is_instance_exhaustive=True, is_pixel_exhaustive=True)
            for key in (7, 8)
        ],
        "annotations": [
            thing(7, mask(0, 10), id=1, iscrowd=0, area=100, bbox=[0, 5, 10, 10]),
        ],
        "categories": [{"id": 1, "name": "object"}],
    }
    return write(tmp_path, truth, [thing(7, mask(1, 10), score=0.9, bbox=[1, 5, 9, 10])])


def write(folder, truth, predictions):
    paths = folder / "gt.json", folder / "pred.json"
    for path, content in zip(paths, (truth, predictions), strict=True):
        path.write_text(json.dumps(content))
    return paths


def test_saco_prints_json(vbanalysis, saco):
    code, out, _ = vbanalysis("score", "saco", "--gt", saco[0], "--pred", saco[1])
    assert code == 0
    found = json.loads(out)
    assert (found["n"], found["n_positive"], found["n_predictions"]) == (2, 1, 1)
    # The IoU is 0.9: nine of ten thresholds are reached.
    assert found["pmf1"] == pytest.approx(0.9, abs=1e-3)
    assert found["il_mcc"] == pytest.approx(1, abs=1e-5)


def test_an_annotator_who_agrees_counts(saco, tmp_path):
    other = json.loads(saco[0].read_text())
    other["annotations"][0]["segmentation"] = mask(1, 10)
    second = tmp_path / "gt_2.json"
    second.write_text(json.dumps(other))
    assert score_saco([saco[0], second], saco[1])["pmf1"] == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"image_id": 9}, "9"),
        ({"segmentation": {"size": [20, 31], "counts": mask(0, 3)["counts"]}}, "31"),
        ({"score": "much"}, "score"),
        ({"segmentation": {"size": list(SHAPE), "counts": "0P"}}, "pair 7"),
    ],
)
def test_a_prediction_that_does_not_fit_is_named(saco, change, told):
    (entry,) = json.loads(saco[1].read_text())
    saco[1].write_text(json.dumps([entry | change]))
    with pytest.raises(DataError, match=told):
        score_saco([saco[0]], saco[1])


def test_saco_needs_an_annotator(saco):
    with pytest.raises(InputError, match="gt is empty"):
        score_saco([], saco[1])


def test_a_cut_file_is_an_error_in_one_line(refused, saco):
    saco[1].write_text(saco[1].read_text()[:-20])
    assert "pred.json" in refused("score", "saco", "--gt", saco[0], "--pred", saco[1])


@pytest.fixture
def coco(tmp_path):
    pytest.importorskip("faster_coco_eval", reason="needs the extra coco")
    truth = {
        "images": [picture(3)],
        "annotations": [thing(3, mask(0, 10), id=1, iscrowd=0, area=100, bbox=[0, 5, 10, 10])],
        "categories": [{"id": 1, "name": "cat"}],
    }
    return write(tmp_path, truth, [thing(3, mask(0, 10), score=0.9, bbox=[0, 5, 10, 10])])


@pytest.mark.parametrize("iou_type", ["segm", "bbox"])
def test_coco_prints_the_twelve_figures(vbanalysis, coco, iou_type):
    code, out, _ = vbanalysis("score", "coco", "--gt", coco[0], "--pred", coco[1], "--iou-type", iou_type)
    assert code == 0
    found = json.loads(out)
    assert (found["ap"], found["ap_small"], found["ap_large"]) == (1.0, 1.0, None)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"image_id": 4}, "the image 4"),
        ({"category_id": 2}, "category 2"),
        ({"segmentation": [[0, 0, 1e9, 0, 5, 5]]}, "polygon"),
        ({"segmentation": None}, "no segmentation"),
    ],
)
def test_a_coco_prediction_that_does_not_fit_is_named(coco, change, told):
    (entry,) = json.loads(coco[1].read_text())
    coco[1].write_text(json.dumps([{**entry, "bbox": None, **change}]))
    with pytest.raises(DataError, match=told):
        score_coco(*coco)


def test_polygons_may_be_predicted_and_nothing_too(coco):
    (entry,) = json.loads(coco[1].read_text())
    corners = [0, 5, 10, 5, 10, 15, 0, 15]
    coco[1].write_text(json.dumps([{**entry, "bbox": None, "segmentation": [corners]}]))
    assert score_coco(*coco)["ap"] == 1
    coco[1].write_text("[]")
    assert score_coco(*coco)["ap"] == 0


def test_coco_compares_masks_or_boxes(coco):
    with pytest.raises(InputError, match="iou_type must be one of"):
        score_coco(*coco, "keypoints")


FRAME = "ulm_000003_000019"


@pytest.fixture
def cityscapes(tmp_path):
    labels = np.full((8, 16), 7, np.uint8)
    labels[:, 8:] = 26
    labels[0] = 0
    for folder, name in (("gt", f"{FRAME}_gtFine_labelIds.png"), ("pred", f"{FRAME}.png")):
        (tmp_path / folder).mkdir()
        Image.fromarray(labels).save(tmp_path / folder / name)
    return tmp_path / "gt", tmp_path / "pred"


def test_cityscapes_prints_json_with_classes_that_never_occur_as_null(vbanalysis, cityscapes):
    code, out, _ = vbanalysis("score", "cityscapes", "--gt", cityscapes[0], "--pred", cityscapes[1])
    assert code == 0
    found = json.loads(out)
    assert (found["miou"], found["n"], found["n_pixels"]) == (1.0, 1, 7 * 16)
    assert (found["iou"]["road"], found["iou"]["car"], found["iou"]["sky"]) == (1.0, 1.0, None)


def test_train_ids_are_noticed(cityscapes):
    path = cityscapes[1] / f"{FRAME}.png"
    Image.fromarray(np.where(np.array(Image.open(path)) == 26, 13, 0).astype(np.uint8)).save(path)
    assert score_cityscapes(*cityscapes)["unscored_predictions"] > 0.4


@pytest.mark.parametrize(
    ("name", "size", "told"),
    [
        (None, (8, 16), "no prediction"),
        (f"{FRAME}.png", (4, 8), "full size"),
        (f"{FRAME}_again.png", (8, 16), "keep one"),
    ],
)
def test_predictions_must_be_one_a_frame_at_full_size(cityscapes, name, size, told):
    if name != f"{FRAME}_again.png":
        (cityscapes[1] / f"{FRAME}.png").unlink()
    if name:
        Image.fromarray(np.full(size, 7, np.uint8)).save(cityscapes[1] / name)
    with pytest.raises(DataError, match=told):
        score_cityscapes(*cityscapes)


def test_a_folder_without_truth_is_named(cityscapes):
    with pytest.raises(DataError, match="holds no"):
        score_cityscapes(cityscapes[1], cityscapes[1])
