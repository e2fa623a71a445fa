import json

import numpy as np
import pytest
from PIL import Image

from vbanalysis.datasets import DataSet, reasonseg
from vbanalysis.errors import DataError, ImageError, InputError
from vbanalysis.evaluation import evaluate


def square(left, top, right, bottom):
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def write(folder, name, shapes, text=("Where is it?", "another wording"), encoding="utf-8"):
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)).save(
        folder / f"{name}.jpg"
    )
    content = {"text": list(text), "is_sentence": True, "shapes": shapes, "version": "5"}
    path = folder / f"{name}.json"
    path.write_bytes(json.dumps(content, ensure_ascii=False).encode(encoding))
    return path


def shape(label, points):
    return {"label": label, "points": points, "shape_type": "polygon"}


@pytest.fixture
def folder(tmp_path):
    # Written from the smaller to the larger, so that painting in the file's order would lose the hole.
    write(
        tmp_path / "val",
        "kitchen",
        [
            shape("Ignore it", square(12, 12, 15, 15)),
            shape("target", square(10, 10, 20, 20)),
            shape("flag", square(0, 0, 39, 29)),
        ],
    )
    return tmp_path


def test_the_first_text_asks_and_the_mask_answers(folder):
    data = reasonseg.load(str(folder))
    assert isinstance(data, DataSet)
    sample = data["kitchen"]
    assert (sample.phrase, sample.info["is_sentence"]) == ("Where is it?", True)
    ((mask,),) = sample.masks
    expected = np.zeros((30, 40), bool)
    expected[10:21, 10:21] = True
    expected[12:16, 12:16] = False
    np.testing.assert_array_equal(mask, expected)
    ignored = np.zeros((30, 40), bool)
    ignored[12:16, 12:16] = True
    np.testing.assert_array_equal(sample.valid, ~ignored)


def test_a_question_without_an_answer_has_an_empty_mask(tmp_path):
    write(tmp_path / "val", "empty", [])
    assert not reasonseg.load(str(tmp_path))[0].masks[0].any()


def test_an_older_encoding_is_read(tmp_path):
    write(tmp_path / "test", "cafe", [], text=["the caf\u00e9\u2019s door"], encoding="cp1252")
    assert reasonseg.load(str(tmp_path), split="test")[0].phrase == "the caf\u00e9\u2019s door"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"shapes": [shape("target", [[0, 0], [1]])]}, "shapes"),
        ({"shapes": [shape("target", [])]}, r"shapes\[0\].*at least one"),
        ({"shapes": [shape("target", [[0, 0], [1e12, 0], [0, 4]])]}, "far outside"),
        ({"text": []}, "no text"),
        ({"text": "where"}, "text"),
    ],
)
def test_what_is_wrong_in_an_annotation_is_named(folder, change, told):
    path = folder / "val" / "kitchen.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DataError, match=rf"kitchen\.json.*{told}"):
        reasonseg.load(str(folder))[0]


def test_what_is_missing_is_named(folder, tmp_path):
    (folder / "val" / "kitchen.jpg").unlink()
    with pytest.raises(ImageError, match=r"kitchen\.jpg does not exist"):
        reasonseg.load(str(folder))[0]
    with pytest.raises(DataError, match=r"holds no test/\*\.json"):
        reasonseg.load(str(folder), split="test")
    with pytest.raises(InputError, match="split of reasonseg must be one of"):
        reasonseg.load(str(folder), split="dev")
    with pytest.raises(InputError, match="name the folder"):
        reasonseg.load()


def test_it_says_what_it_is(folder):
    about = reasonseg.load(str(folder)).describe()
    assert (about["samples"], about["samples_at_hand"]) == (200, 1)


def test_its_own_truth_painted_in_the_code_is_right(folder, tmp_path):
    found = evaluate("referring", "oracle", f"reasonseg:{folder}", tmp_path / "run")
    assert (found.n_failed, found.figures["giou"].value) == (0, 1.0)
