import numpy as np
import pytest
from PIL import Image

from vbanalysis.datasets import DataSet, cityscapes
from vbanalysis.errors import DataError, ImageError, InputError
from vbanalysis.paths import samples_dir

OFFICIAL_ORDER = (
    "road sidewalk building wall fence pole traffic_light traffic_sign vegetation terrain sky "
    "person rider car truck bus train motorcycle bicycle"
)
# The ids of the 19 classes, as the paper's evaluation server lists them.
OFFICIAL_IDS = [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33]


def write(folder, key="ulm_000003_000019", split="val", ids=None, instances=None, size=(34, 5)):
    """One frame as the benchmark lays it out."""
    city = key.partition("_")[0]
    truth, pictures = folder / "gtFine" / split / city, folder / "leftImg8bit" / split / city
    for place in (truth, pictures):
        place.mkdir(parents=True, exist_ok=True)
    picture = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    Image.fromarray(picture).save(pictures / f"{key}_leftImg8bit.png")
    ids = np.tile(np.arange(34, dtype=np.uint8), (5, 1)) if ids is None else ids
    Image.fromarray(ids).save(truth / f"{key}_gtFine_labelIds.png")
    if instances is not None:
        Image.fromarray(instances.astype(np.uint16)).save(truth / f"{key}_gtFine_instanceIds.png")
    return picture


def test_the_classes_are_the_official_19_in_their_order():
    assert tuple(OFFICIAL_ORDER.replace("_", "-").split()) == tuple(
        name.replace(" ", "-") for name in cityscapes.CLASSES
    )
    assert [k for k, label in enumerate(cityscapes.LABELS) if label.scored] == OFFICIAL_IDS
    assert {label.category for label in cityscapes.LABELS if label.scored} == {
        "flat",
        "construction",
        "object",
        "nature",
        "sky",
        "human",
        "vehicle",
    }


def test_label_ids_become_classes_and_all_others_are_not_scored(tmp_path):
    picture = write(tmp_path)
    sample = cityscapes.load(str(tmp_path))["ulm_000003_000019"]
    np.testing.assert_array_equal(sample.image, picture)
    assert sample.classes.dtype == np.int32
    expected = [OFFICIAL_IDS.index(k) if k in OFFICIAL_IDS else -1 for k in range(34)]
    assert sample.classes.tolist() == [expected] * 5
    assert sample.class_names[sample.classes[0, 26]] == "car"
    assert "instance_ids" not in sample.info


def test_instance_ids_come_as_the_file_has_them(tmp_path):
    instances = np.arange(34 * 5).reshape(5, 34) * 190
    write(tmp_path, instances=instances)
    np.testing.assert_array_equal(cityscapes.load(str(tmp_path))[0].info["instance_ids"], instances)


def test_it_lists_the_frames_of_a_split_over_all_cities_by_name(tmp_path):
    for key, split in [
        ("ulm_000002_000019", "val"),
        ("bonn_000004_000019", "val"),
        ("ulm_000009_000019", "train"),
    ]:
        write(tmp_path, key, split)
    data = cityscapes.load(str(tmp_path))
    assert isinstance(data, DataSet)
    assert data.ids == ("bonn_000004_000019", "ulm_000002_000019")
    assert (data.describe()["samples"], data.describe()["samples_at_hand"]) == (500, 2)
    assert cityscapes.load(str(tmp_path), split="train").ids == ("ulm_000009_000019",)


def test_what_is_not_there_is_named_with_the_layout_and_the_source(tmp_path):
    with pytest.raises(InputError, match="cityscapes:FOLDER"):
        cityscapes.load()
    with pytest.raises(DataError, match=r"no folder .*gone.*leftImg8bit/SPLIT.*cityscapes-dataset\.com"):
        cityscapes.load(str(tmp_path / "gone"))
    with pytest.raises(DataError, match="holds no gtFine/val/CITY"):
        cityscapes.load(str(tmp_path))
    with pytest.raises(InputError, match="split of cityscapes must be one of train, val; got 'test'"):
        cityscapes.load(str(tmp_path), split="test")


def test_a_frame_without_its_picture_names_the_file(tmp_path):
    write(tmp_path)
    (tmp_path / "leftImg8bit/val/ulm/ulm_000003_000019_leftImg8bit.png").unlink()
    with pytest.raises(ImageError, match=r"ulm_000003_000019_leftImg8bit\.png does not exist"):
        cityscapes.load(str(tmp_path))[0]


def test_damaged_or_foreign_labels_are_refused(tmp_path):
    def data_of():
        return cityscapes.load(str(tmp_path))

    write(tmp_path)
    labels = tmp_path / "gtFine/val/ulm/ulm_000003_000019_gtFine_labelIds.png"
    whole = labels.read_bytes()
    labels.write_bytes(whole[:-30])
    with pytest.raises(ImageError, match=r"labelIds\.png is damaged"):
        data_of()[0]
    write(tmp_path, ids=np.full((5, 34), 255, np.uint8))
    with pytest.raises(DataError, match="holds the label 255, expected Cityscapes' label ids"):
        data_of()[0]
    write(tmp_path, ids=np.zeros((5, 34, 3), np.uint8))
    with pytest.raises(ImageError, match="PNG of labels"):
        data_of()[0]
    write(tmp_path, ids=np.zeros((34, 5), np.uint8))
    with pytest.raises(DataError, match=r"labelIds\.png is 34 x 5 .* its image .* 5 x 34"):
        data_of()[0]
    write(tmp_path, instances=np.zeros((4, 34)))
    with pytest.raises(DataError, match=r"instanceIds\.png is 4 x 34"):
        data_of()[0]


def test_the_real_frames_are_street_scenes():
    samples = samples_dir()
    if samples is None or not (samples / "cityscapes").is_dir():
        pytest.skip("VBANALYSIS_SAMPLES with cityscapes/ is not set")
    data = cityscapes.load(str(samples / "cityscapes"), split="train")
    assert data.ids == tuple(f"aachen_00000{k}_000019" for k in range(3))
    for sample in data:
        assert sample.image.shape == (1024, 2048, 3)
        assert sample.classes.shape == (1024, 2048)
        instances = sample.info["instance_ids"]
        assert (instances >= 24000).any()
        # An instance lies in one class, the one that its id names.
        single = instances >= 1000
        ids = np.where(single, instances // 1000, instances)
        scored = np.array([label.scored for label in cityscapes.LABELS])
        np.testing.assert_array_equal(scored[ids], sample.classes >= 0)
        # Sky is above the road.
        rows = np.arange(1024)[:, None]
        sky, road = (
            np.mean(np.broadcast_to(rows, (1024, 2048))[sample.classes == k])
            for k in (cityscapes.CLASSES.index("sky"), cityscapes.CLASSES.index("road"))
        )
        assert sky < 300 < 600 < road
