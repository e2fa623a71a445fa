import numpy as np
import pytest
from PIL import Image

from vbanalysis import plugins
from vbanalysis.datasets import DataSet, eth3d
from vbanalysis.errors import DataError, ImageError, InputError

SIZE = (4032, 6048)


@pytest.fixture(scope="module")
def jpeg(tmp_path_factory):
    path = tmp_path_factory.mktemp("eth3d") / "x.jpg"
    Image.new("RGB", SIZE[::-1], (10, 200, 30)).save(path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def depth():
    """A ramp over the rows with gaps: float32 in little endian, row by row, inf where nothing was seen."""
    depth = np.repeat(np.linspace(0.5, 40, SIZE[0], dtype="<f4")[:, None], SIZE[1], axis=1)
    depth[:, 100:200] = np.inf
    return depth


def write(folder, scene="courtyard", name="DSC_0286", *, jpeg=b"", depth=b"", marigold=False):
    image_root, depth_root = (
        (folder / "rgb", folder / "depth" / f"{scene}_dslr_depth") if marigold else (folder,) * 2
    )
    image = image_root / scene / "images/dslr_images" / f"{name}.JPG"
    truth = depth_root / scene / "ground_truth_depth/dslr_images" / f"{name}.JPG"
    for path, data in ((image, jpeg), (truth, depth)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return image, truth


@pytest.mark.parametrize("marigold", [False, True])
def test_depth_is_what_the_headerless_file_holds(tmp_path, jpeg, depth, marigold):
    write(tmp_path, jpeg=jpeg, depth=depth.tobytes(), marigold=marigold)
    sample = plugins.load("datasets", f"eth3d:{tmp_path}")["courtyard/DSC_0286"]
    assert sample.image.shape == (*SIZE, 3)
    assert sample.depth_m.dtype == np.float32
    assert np.isnan(sample.depth_m[:, 100:200]).all()
    np.testing.assert_array_equal(sample.depth_m[:, 200:], depth[:, 200:])
    np.testing.assert_array_equal(sample.depth_m[:, :100], depth[:, :100])
    assert sample.valid is None
    assert sample.info["scene"] == "courtyard"
    assert sample.info["cap_m"][1] > np.nanmax(sample.depth_m)


def test_scenes_are_listed_without_reading_them(tmp_path):
    for scene, name in (("pipes", "DSC_0634"), ("courtyard", "DSC_0287"), ("courtyard", "DSC_0286")):
        write(tmp_path, scene, name)
    data = eth3d.load(tmp_path)
    assert isinstance(data, DataSet)
    assert list(data.ids) == ["courtyard/DSC_0286", "courtyard/DSC_0287", "pipes/DSC_0634"]
    assert (data.describe()["samples"], data.describe()["samples_at_hand"]) == (454, 3)


def test_a_truncated_depth_map_is_an_error_that_names_it(tmp_path, jpeg, depth):
    _, truth = write(tmp_path, jpeg=jpeg, depth=depth.tobytes())
    data = eth3d.load(tmp_path)
    truth.write_bytes(depth.tobytes()[:-4])
    with pytest.raises(DataError, match=r"DSC_0286\.JPG has 97,542,140 bytes, expected 97,542,144"):
        data[0]
    truth.write_bytes(jpeg)
    with pytest.raises(DataError, match="bytes, expected 97,542,144"):
        data[0]


def test_an_undistorted_or_damaged_photograph_is_an_error(tmp_path, jpeg, depth):
    image, _ = write(tmp_path, jpeg=jpeg, depth=depth.tobytes())
    Image.new("RGB", (6221, 4146)).save(image, format="JPEG")
    with pytest.raises(DataError, match=r"is 4032 x 6048 .* DSC_0286\.JPG is 4146 x 6221"):
        eth3d.load(tmp_path)[0]
    image.write_bytes(jpeg[: len(jpeg) // 2])
    with pytest.raises(ImageError, match=r"DSC_0286\.JPG"):
        eth3d.load(tmp_path)[0]


def test_what_is_missing_is_named_with_where_to_get_it(tmp_path):
    with pytest.raises(InputError, match="eth3d:FOLDER"):
        eth3d.load()
    with pytest.raises(DataError, match=r"no folder .*nowhere.*dslr_images.*eth3d\.net"):
        eth3d.load(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"holds no SCENE/ground_truth_depth"):
        eth3d.load(tmp_path)
    image, _ = write(tmp_path)
    image.unlink()
    with pytest.raises(
        DataError, match=r"images/dslr_images/DSC_0286\.JPG does not exist, the photograph of"
    ):
        eth3d.load(tmp_path)
