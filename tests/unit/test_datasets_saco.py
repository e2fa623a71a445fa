import json

import numpy as np
import pytest
from PIL import Image

from vbanalysis.datasets import DataSet, saco
from vbanalysis.errors import DataError, ImageError, InputError
from vbanalysis.paths import samples_dir

CATEGORIES = [{"id": 1, "name": "object"}]


def runs(mask):
    """Lengths of the runs down the columns, a pixel at a time: a writer of its own."""
    counts, value = [0], 0
    for pixel in np.asarray(mask).T.ravel():
        if int(pixel) != value:
            counts.append(0)
            value = int(pixel)
        counts[-1] += 1
    return {"size": list(np.shape(mask)), "counts": counts}


def picture_and_phrase(key, phrase="a dog", size=(3, 4), **changes):
    entry = {
        "id": key,
        "file_name": f"1/{key}.png",
        "text_input": phrase,
        "height": size[0],
        "width": size[1],
    }
    return entry | {"is_instance_exhaustive": 1, "is_pixel_exhaustive": 1} | changes


def annotation(key, mask, **changes):
    entry = {"id": 1, "image_id": key, "segmentation": runs(mask), "category_id": 1, "iscrowd": 0}
    return entry | changes


def write(path, images, annotations):
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": CATEGORIES}))
    return path


LEFT = np.array([[1, 1, 0, 0]] * 3)
RIGHT = 1 - LEFT
DOT = np.array([[0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]])


@pytest.fixture
def gold(tmp_path):
    """Two annotators of three pairs, one of them not annotated exhaustively by the second."""
    images = [picture_and_phrase(10, "a dog"), picture_and_phrase(11, "a cat"), picture_and_phrase(12)]
    write(
        tmp_path / "gold_metaclip_merged_a_release_test.json",
        images,
        [annotation(10, LEFT), annotation(10, DOT), annotation(12, DOT)],
    )
    write(
        tmp_path / "gold_metaclip_merged_b_release_test.json",
        [*images[:2], images[2] | {"is_instance_exhaustive": 0}],
        [annotation(10, RIGHT), annotation(11, DOT, iscrowd=1)],
    )
    return tmp_path


def test_a_sample_has_the_phrase_and_a_stack_of_masks_an_annotator(gold):
    data = saco.load(str(gold))
    assert isinstance(data, DataSet)
    sample = data["10"]
    assert (sample.phrase, sample.image, sample.info["file_name"]) == ("a dog", None, "1/10.png")
    first, second = sample.masks
    assert first.dtype == bool
    assert first.astype(int).tolist() == [LEFT.tolist(), DOT.tolist()]
    assert second.astype(int).tolist() == [RIGHT.tolist()]


def test_a_phrase_without_instances_has_empty_stacks_and_crowds_are_none(gold):
    sample = saco.load(str(gold))["11"]
    assert [stack.shape for stack in sample.masks] == [(0, 3, 4), (0, 3, 4)]


def test_only_pairs_that_all_annotated_exhaustively_are_listed(gold):
    data = saco.load(str(gold))
    assert data.ids == ("10", "11")
    about = data.describe()
    assert (about["samples"], about["samples_with_instances"], about["annotators"]) == (2, 1, 2)


def test_the_picture_is_read_where_its_folder_is_named(gold):
    (gold / "pictures" / "1").mkdir(parents=True)
    picture = np.random.default_rng(0).integers(0, 256, (3, 4, 3), np.uint8)
    Image.fromarray(picture).save(gold / "pictures/1/10.png")
    data = saco.load(str(gold), images=str(gold / "pictures"))
    np.testing.assert_array_equal(data["10"].image, picture)
    with pytest.raises(ImageError, match=r"11\.png does not exist"):
        data["11"]
    Image.fromarray(picture[:2]).save(gold / "pictures/1/11.png")
    with pytest.raises(DataError, match=r"11\.png is 2 x 4 .* says 3 x 4"):
        data["11"]
    with pytest.raises(DataError, match="images= names the folder"):
        saco.load(str(gold), images=str(gold / "gone"))


def test_a_picture_outside_its_folder_is_refused(tmp_path):
    path = write(tmp_path / "gt.json", [picture_and_phrase(1, file_name="../secret.png")], [])
    with pytest.raises(DataError, match="leads out of"):
        saco.load(str(path), images=str(tmp_path))[0]


def test_one_file_is_one_annotator(gold):
    data = saco.load(str(gold / "gold_metaclip_merged_a_release_test.json"))
    assert data.ids == ("10", "11", "12")
    assert len(data["12"].masks) == 1


def test_a_subset_is_chosen_by_its_name(gold):
    write(gold / "gold_sa1b_merged_a_release_test.json", [picture_and_phrase(7)], [])
    assert saco.load(str(gold), subset="sa1b").ids == ("7",)
    with pytest.raises(InputError, match=r"name one subset: .* metaclip, sa1b"):
        saco.load(str(gold))
    with pytest.raises(InputError, match="subset of saco must be one of metaclip, sa1b; got 'wiki'"):
        saco.load(str(gold), subset="wiki")
    with pytest.raises(InputError, match="subset belongs to a folder"):
        saco.load(str(gold / "gold_sa1b_merged_a_release_test.json"), subset="sa1b")


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="saco:FOLDER"):
        saco.load()
    with pytest.raises(DataError, match="no folder"):
        saco.load(str(tmp_path / "gone"))
    with pytest.raises(DataError, match="holds no gold_SUBSET_merged"):
        saco.load(str(tmp_path))


FAULTS = {
    r"missing required field `text_input` - at `\$\.images\[0\]`": (
        [{"id": 1, "height": 3, "width": 4, "is_instance_exhaustive": 1}],
        [],
    ),
    "missing required field `is_instance_exhaustive`": (
        [{k: v for k, v in picture_and_phrase(1).items() if k != "is_instance_exhaustive"}],
        [],
    ),
    r"images\[1\] has the id 1, which came before": ([picture_and_phrase(1), picture_and_phrase(1)], []),
    r"Expected `int`, got `str` - at `\$\.images\[0\]\.height`": ([picture_and_phrase(1, height="3")], []),
    "Expected `object`, got `int`": ([5], []),
    r"images\[0\] claims 100,000 x 100,000 pixels": (
        [picture_and_phrase(1, size=(10**5, 10**5))],
        [],
    ),
    r"annotations\[0\] belongs to the pair 2, which is none": ([picture_and_phrase(1)], [annotation(2, DOT)]),
    "missing required field `image_id`": ([picture_and_phrase(1)], [{"segmentation": runs(DOT)}]),
    "missing required field `segmentation`": ([picture_and_phrase(1)], [{"image_id": 1}]),
    r"annotations\[0\] has the category 2, .* declares \[1\]": (
        [picture_and_phrase(1)],
        [annotation(1, DOT, category_id=2)],
    ),
    r"annotations\[0\] codes a mask of \(4, 3\), .* is \(3, 4\)": (
        [picture_and_phrase(1)],
        [annotation(1, DOT.T)],
    ),
    r"Expected `object . array`, got `str` - at `\$\.annotations\[0\]\.segmentation": (
        [picture_and_phrase(1)],
        [annotation(1, DOT, segmentation="04")],
    ),
    r"annotations\[0\].* counts that are neither": (
        [picture_and_phrase(1)],
        [annotation(1, DOT, segmentation={"size": [3, 4], "counts": [13]})],
    ),
}


@pytest.mark.parametrize(("reason", "content"), FAULTS.items())
def test_a_damaged_entry_is_named(tmp_path, reason, content):
    with pytest.raises(DataError, match=rf"gt\.json: .*{reason}"):
        saco.load(str(write(tmp_path / "gt.json", *content)))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"images": [', "no JSON, or truncated"),
        ("[1, 2]", "Expected `object`, got `array`"),
        ("", "no JSON, or truncated"),
    ],
)
def test_a_file_of_another_kind_is_named(tmp_path, text, reason):
    (tmp_path / "gt.json").write_text(text)
    with pytest.raises(DataError, match=rf"gt\.json.*{reason}"):
        saco.load(str(tmp_path))


def test_a_damaged_mask_is_named_when_its_pair_is_read(tmp_path):
    code = {"size": [3, 4], "counts": "5P"}
    path = write(tmp_path / "gt.json", [picture_and_phrase(1)], [annotation(1, DOT, segmentation=code)])
    with pytest.raises(DataError, match=r"gt\.json: pair 1: codes\[0\] ends within a number"):
        saco.load(str(path))[0]


def test_polygons_are_painted(tmp_path):
    square = [[1, 0, 3, 0, 3, 2, 1, 2]]
    path = write(tmp_path / "gt.json", [picture_and_phrase(1)], [annotation(1, DOT, segmentation=square)])
    assert saco.load(str(path))[0].masks[0].astype(int).tolist() == [[[0, 1, 1, 0], [0, 1, 1, 0], [0] * 4]]


def test_annotators_of_other_pairs_are_refused(tmp_path):
    first = write(tmp_path / "gold_x_merged_a.json", [picture_and_phrase(1), picture_and_phrase(2)], [])
    second = write(tmp_path / "gold_x_merged_b.json", [picture_and_phrase(1)], [])
    with pytest.raises(DataError, match=rf"{second.name} lacks the pair 2 of .*{first.name}"):
        saco.load(str(tmp_path))
    write(second, [picture_and_phrase(1), picture_and_phrase(2, "a horse")], [])
    with pytest.raises(DataError, match=r"'a horse', 3, 4.* as pair 2, .*'a dog', 3, 4"):
        saco.load(str(tmp_path))


def test_the_real_pairs_have_masks_with_the_areas_that_the_file_says():
    samples = samples_dir()
    if samples is None or not (samples / "saco").is_dir():
        pytest.skip("VBANALYSIS_SAMPLES with saco/ is not set")
    data = saco.load(str(samples / "saco"))
    assert len(data) == 1168
    assert data.describe()["samples_with_instances"] == 1020
    areas, boxes = {}, {}
    for entry in json.loads((samples / "saco" / "gt.json").read_text())["annotations"]:
        areas.setdefault(str(entry["image_id"]), []).append(entry["area"] * 1280 * 720)
        boxes.setdefault(str(entry["image_id"]), []).append(entry["bbox"])
    assert sum(map(len, areas.values())) == 4359
    for place in range(0, 1168, 25):
        sample = data[place]
        (stack,) = sample.masks
        assert stack.shape[1:] == (1280, 720)
        np.testing.assert_allclose(stack.sum(axis=(1, 2)), areas.get(sample.id, []), atol=0.5)
        for mask, (x, y, width, height) in zip(stack, boxes.get(sample.id, []), strict=True):
            rows, columns = np.nonzero(mask)
            found = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
            np.testing.assert_allclose(
                found, (x * 720, y * 1280, (x + width) * 720, (y + height) * 1280), atol=1
            )
