import numpy as np
import pytest
from PIL import Image

from vbanalysis import plugins
from vbanalysis.datasets import DataSet, folder
from vbanalysis.errors import DataError, ImageError, InputError

SIZE = (6, 8)
RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (*SIZE, 3), dtype=np.uint8)


def write(root, kind, name, array):
    path = root / kind / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npy":
        np.save(path, array)
    else:
        Image.fromarray(array).save(path)
    return path


@pytest.fixture
def root(tmp_path):
    for name in ("b.png", "a.jpg", "kitchen/1.webp"):
        write(tmp_path, "images", name, RGB)
    return tmp_path


def write_all(root, kind, array, suffix):
    return [write(root, kind, f"{name}{suffix}", array) for name in ("a", "b", "kitchen/1")]


def test_images_alone_are_a_data_set(root):
    (root / "images/.DS_Store").touch()
    (root / "images/notes.txt").write_text("mine")
    data = plugins.load("datasets", f"folder:{root}")
    assert isinstance(data, DataSet)
    assert list(data.ids) == ["a", "b", "kitchen/1"]
    np.testing.assert_array_equal(data["b"].image, RGB)
    assert data["b"].depth_m is data["b"].normals is data["b"].classes is data["b"].valid is None
    assert data.describe()["about"] == "images"


def test_depth_in_arrays_is_metres(root):
    depth = RNG.uniform(1, 5, SIZE)
    depth[0, :3] = [0, np.nan, np.inf]
    write_all(root, "depth", depth, ".npy")
    depth_m = folder.load(root)["kitchen/1"].depth_m
    assert depth_m.dtype == np.float32
    assert np.isnan(depth_m[0, :2]).all()
    assert depth_m[0, 2] == np.inf
    np.testing.assert_array_equal(depth_m[1:], depth[1:].astype(np.float32))


def test_depth_in_pngs_needs_its_scale(root):
    codes = np.zeros(SIZE, np.uint16)
    codes[2, :2] = [1500, 65535]
    write_all(root, "depth", codes, ".png")
    with pytest.raises(InputError, match="say how many steps a metre"):
        folder.load(root)
    depth_m = plugins.load("datasets", f"folder:{root}?scale=1000")["a"].depth_m
    assert depth_m[2, :2].tolist() == [1.5, np.float32(65.535)]
    assert np.isnan(depth_m).sum() == depth_m.size - 2
    for scale in (0, -1, np.nan, np.inf, "1000", True):
        with pytest.raises(InputError, match="scale must be a positive number"):
            folder.load(root, scale=scale)


def test_normals_come_to_the_papers_frame_from_arrays_and_colours(root):
    """A wall that faces left: paper (-1, 0, 0), in DSINE's frame of x left (1, 0, 0)."""
    left = np.zeros((*SIZE, 3), np.float32)
    left[1:, :, 0] = 1
    paths = write_all(root, "normals", left, ".npy")
    normals = folder.load(root, frame="dsine")["a"].normals
    np.testing.assert_array_equal(normals[1:], np.broadcast_to(np.float32([-1, 0, 0]), (5, 8, 3)))
    assert np.isnan(normals[0]).all()
    for path in paths:
        path.unlink()
    painted = {"dsine": (255, 128, 128), "opengl": (0, 128, 128), "paper": (255, 128, 128)}
    for frame, colour in painted.items():
        write_all(root, "normals", np.full((*SIZE, 3), colour, np.uint8), ".png")
        decoded = folder.load(root, frame=frame)["a"].normals
        np.testing.assert_allclose(decoded, np.broadcast_to([-1.0, 0, 0], decoded.shape), atol=0.01)
    with pytest.raises(InputError, match="frame of folder must be one of paper"):
        folder.load(root, frame="world")


def test_classes_have_names_and_one_label_is_not_scored(root):
    labels = np.zeros(SIZE, np.uint8)
    labels[1], labels[2] = 1, 255
    write_all(root, "classes", labels, ".png")
    (root / "classes.txt").write_text("floor\nwall and ceiling\n")
    sample = folder.load(root)["b"]
    assert sample.class_names == ("floor", "wall and ceiling")
    assert sample.classes.dtype == np.int32
    assert [int(sample.classes[row, 0]) for row in range(3)] == [0, 1, -1]


def test_a_label_without_a_name_is_an_error(root):
    labels = np.full(SIZE, 2, np.uint8)
    write_all(root, "classes", labels, ".png")
    (root / "classes.txt").write_text("floor\nwall\n")
    with pytest.raises(
        DataError, match=r"classes/b\.png holds the label 2, but classes\.txt names 2 classes"
    ):
        folder.load(root)["b"]
    assert (folder.load(root, ignore=2)["b"].classes == -1).all()
    with pytest.raises(InputError, match="ignore must be a label"):
        folder.load(root, ignore="void")


@pytest.mark.parametrize(
    ("text", "fault"), [("floor\n\nwall\n", "an empty line"), ("a\na\n", "twice"), ("\n", "names no class")]
)
def test_a_list_of_classes_that_may_be_misread_is_an_error(root, text, fault):
    write_all(root, "classes", np.zeros(SIZE, np.uint8), ".png")
    with pytest.raises(DataError, match=r"classes\.txt does not exist"):
        folder.load(root)
    (root / "classes.txt").write_text(text)
    with pytest.raises(DataError, match=fault):
        folder.load(root)


def test_masks_say_where_anything_is_compared(root):
    mask = RNG.random(SIZE) < 0.5
    write_all(root, "masks", mask.astype(np.uint8) * 255, ".png")
    data = folder.load(root)
    np.testing.assert_array_equal(data["a"].valid, mask)
    assert data.describe()["protocol"] == "compared inside masks/"


def test_names_that_do_not_match_are_named(root):
    write_all(root, "depth", np.ones(SIZE, np.float32), ".npy")
    (root / "depth/b.npy").rename(root / "depth/c.npy")
    with pytest.raises(
        DataError, match=r"1 names of images/ are not in depth/, such as 'b' \(read there: \.npy"
    ):
        folder.load(root)
    write(root, "images", "c.png", RGB)
    (root / "images/b.png").unlink()
    assert list(folder.load(root).ids) == ["a", "c", "kitchen/1"]
    (root / "images/kitchen/1.webp").unlink()
    with pytest.raises(DataError, match=r"1 names of depth/ are not in images/, such as 'kitchen/1'"):
        folder.load(root)


def test_two_files_of_one_name_are_an_error(root):
    write(root, "images", "a.png", RGB)
    with pytest.raises(DataError, match=r"a\.jpg and .*a\.png have one name"):
        folder.load(root)


@pytest.mark.parametrize(
    ("kind", "array", "suffix", "fault"),
    [
        ("depth", np.ones((6, 7), np.float32), ".npy", r"depth/a\.npy is 6 x 7 .* a\.jpg is 6 x 8"),
        ("depth", np.ones(SIZE, np.int64), ".npy", "holds int64 of shape .*, expected floats"),
        ("depth", np.full(SIZE, -1.0), ".npy", "48 negative depths"),
        ("depth", np.ones((*SIZE, 3)), ".npy", "expected floats of shape"),
        ("normals", np.ones((*SIZE, 3)), ".npy", "48 vectors that are neither of length 1"),
        ("masks", np.ones((5, 8), np.uint8), ".png", r"masks/a\.png is 5 x 8"),
    ],
)
def test_truth_of_another_kind_or_size_is_an_error(root, kind, array, suffix, fault):
    write_all(root, kind, array, suffix)
    with pytest.raises(DataError, match=fault):
        folder.load(root)["a"]


def test_damaged_files_are_errors_that_name_them(root):
    (path, *_) = write_all(root, "depth", np.ones(SIZE, np.float32), ".npy")
    data = folder.load(root)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"depth/a\.npy is damaged"):
        data["a"]
    (root / "images/b.png").write_bytes(b"")
    with pytest.raises(ImageError, match=r"b\.png is empty"):
        data["b"]


def test_what_is_missing_is_said(tmp_path):
    with pytest.raises(InputError, match="folder:FOLDER"):
        folder.load()
    with pytest.raises(DataError, match=r"no folder .*nowhere.*images/ and beside it"):
        folder.load(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"holds no images/\*\.png"):
        folder.load(tmp_path)
