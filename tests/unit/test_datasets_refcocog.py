import json
import pickle

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from vbanalysis.datasets import DataSet, refcocog
from vbanalysis.errors import DataError, ImageError, InputError
from vbanalysis.evaluation import evaluate

SIZE = (30, 40)
LEFT, RIGHT = [2, 3, 14, 3, 14, 20, 2, 20], [25, 5, 38, 6, 36, 25]


def ref(ref_id, ann_id, image_id, split, *texts):
    """As the REFER API's files have it, with what the reader does not need."""
    sentences = [
        {"sent_id": 10 * ref_id + k, "sent": text, "raw": text.upper(), "tokens": text.split()}
        for k, text in enumerate(texts)
    ]
    return {
        "ref_id": ref_id,
        "ann_id": ann_id,
        "image_id": image_id,
        "split": split,
        "category_id": 18,
        "file_name": f"COCO_train2014_{image_id:012}_{ann_id}.jpg",
        "sentences": sentences,
        "sent_ids": [sentence["sent_id"] for sentence in sentences],
    }


def thing(key, image_id, segmentation, **rest):
    return {"id": key, "image_id": image_id, "segmentation": segmentation, "category_id": 18, **rest}


REFS = [
    ref(1, 100, 7, "val", "the dog on the left", "a sitting dog"),
    ref(2, 101, 7, "val", "the dog that stands"),
    ref(3, 100, 7, "train", "a dog"),
    ref(4, 102, 8, "test", "people in a row"),
]


@pytest.fixture
def folder(tmp_path):
    pictures = tmp_path / "images" / "mscoco" / "images" / "train2014"
    pictures.mkdir(parents=True)
    images = []
    for key in (7, 8):
        name = f"COCO_train2014_{key:012}.jpg"
        Image.fromarray(np.full((*SIZE, 3), 90, np.uint8)).save(pictures / name)
        images.append({"id": key, "file_name": name, "height": SIZE[0], "width": SIZE[1], "license": 3})
    crowd = coco_mask.frPyObjects({"size": list(SIZE), "counts": [400, 300, 500]}, *SIZE)
    things = [
        thing(100, 7, [LEFT, [20, 2, 24, 2, 24, 6, 20, 6]]),
        thing(101, 7, [RIGHT]),
        thing(102, 8, {"size": list(SIZE), "counts": [400, 300, 500]}, iscrowd=1),
    ]
    assert coco_mask.area(crowd) == 300
    found = tmp_path / "refcocog"
    found.mkdir()
    (found / "instances.json").write_text(
        json.dumps({"images": images, "annotations": things, "categories": []})
    )
    (found / "refs(umd).p").write_bytes(pickle.dumps(REFS, protocol=0))
    return found


def test_a_sample_is_an_expression_with_the_mask_that_cocos_tools_paint(folder):
    data = refcocog.load(str(folder))
    assert isinstance(data, DataSet)
    assert data.ids == ("10", "11", "20")
    sample = data["11"]
    assert (sample.phrase, sample.image.shape) == ("a sitting dog", (*SIZE, 3))
    codes = coco_mask.frPyObjects([LEFT, [20, 2, 24, 2, 24, 6, 20, 6]], *SIZE)
    np.testing.assert_array_equal(sample.masks[0][0], coco_mask.decode(coco_mask.merge(codes)).astype(bool))
    assert data["10"].info["scene"] == data["20"].info["scene"]


def test_run_length_codes_are_read_too(folder):
    (sample,) = refcocog.load(str(folder), split="test")
    assert sample.masks[0].sum() == 300


def test_pictures_may_lie_elsewhere(folder, tmp_path):
    (tmp_path / "images").rename(tmp_path / "coco")
    elsewhere = tmp_path / "coco" / "mscoco" / "images" / "train2014"
    assert len(list(refcocog.load(str(folder), images=str(elsewhere)))) == 3
    with pytest.raises(DataError, match="images= names the one"):
        refcocog.load(str(folder))
    next(elsewhere.glob("*7.jpg")).unlink()
    with pytest.raises(ImageError, match="does not exist"):
        refcocog.load(str(folder), images=str(elsewhere))[0]


@pytest.mark.parametrize(
    ("refs", "told"),
    [
        ([ref(1, 101, 8, "val", "no")], "ref 1 means object 101 of image 8"),
        ([ref(1, 100, 7, "val", "one"), ref(1, 100, 7, "val", "one")], "10 of an expression came before"),
        ([{"ref_id": 1}], "missing required field"),
        ([], "no expression of the split 'val'"),
        (print, "no plain value"),
    ],
)
def test_what_is_wrong_in_the_expressions_is_named(folder, refs, told):
    (folder / "refs(umd).p").write_bytes(pickle.dumps(refs))
    with pytest.raises(DataError, match=rf"refs\(umd\)\.p.*{told}"):
        refcocog.load(str(folder))


def test_a_polygon_that_is_none_and_a_picture_of_another_size_are_named(folder):
    path = folder / "instances.json"
    content = json.loads(path.read_text())
    content["annotations"][0]["segmentation"] = [[1, 2, 3]]
    content["images"][0]["height"] = 31
    path.write_text(json.dumps(content))
    data = refcocog.load(str(folder))
    with pytest.raises(DataError, match=r"is 30 x 40 .*says 31 x 40"):
        data[0]
    content["images"][0]["height"] = 30
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"object 100: polygons\[0\]"):
        refcocog.load(str(folder))[0]


def test_what_is_missing_is_named(folder):
    with pytest.raises(InputError, match="split of refcocog must be one of"):
        refcocog.load(str(folder), split="testA")
    (folder / "instances.json").unlink()
    with pytest.raises(DataError, match=r"holds no instances\.json.*refer"):
        refcocog.load(str(folder))


def test_it_says_what_it_is(folder):
    about = refcocog.load(str(folder)).describe()
    assert (about["samples"], about["samples_at_hand"], about["objects"], about["images"]) == (4896, 3, 2, 1)


def test_expressions_of_one_image_are_drawn_together(folder, tmp_path):
    found = evaluate("referring", "oracle", f"refcocog:{folder}", tmp_path / "run")
    giou = found.figures["giou"]
    assert (found.n_failed, giou.value, giou.n, giou.clusters) == (0, 1.0, 3, 1)
    assert found.figures["ciou"].clusters == 1
