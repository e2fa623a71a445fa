"""What explorers take for a picture: arrays, files and pictures of PIL, and what they say of all else."""

import numpy as np
import pytest
from PIL import Image

from vbanalysis.codecs import DepthCodec, NormalCodec
from vbanalysis.errors import ImageError, InputError
from vbanalysis.widgets.codec import CodecExplorer
from vbanalysis.widgets.depth import DepthInspector
from vbanalysis.widgets.inspected import opened, opened_photo, painted_picture
from vbanalysis.widgets.normals import NormalInspector
from vbanalysis.widgets.segmentation import SegmentationInspector

PROMPT = "The cat is rendered in green."


@pytest.fixture
def painted(tmp_path):
    """Painted depth in a file, and its pixels."""
    ramp = np.geomspace(1, 30, 64 * 48).reshape(48, 64)
    rgb = DepthCodec().encode(ramp)
    Image.fromarray(rgb).save(tmp_path / "output.PNG")
    return tmp_path / "output.PNG", rgb


@pytest.mark.parametrize("named", [str, lambda path: path, Image.open], ids=["string", "path", "PIL"])
def test_every_explorer_takes_a_picture_by_its_file(painted, named):
    path, rgb = painted
    source = named(path)
    assert np.array_equal(CodecExplorer.of(source).picture, rgb)
    assert np.array_equal(DepthInspector.of(source, photo=source).photo, rgb)
    assert np.array_equal(SegmentationInspector.of(source, PROMPT).picture, rgb)
    assert np.array_equal(NormalInspector.of(source, frame="paper", photo=source).rgb, rgb)


def test_a_file_of_normals_is_read(tmp_path):
    rows, columns = np.mgrid[-0.6:0.6:48j, -0.6:0.6:48j]
    normals = np.stack([columns, -rows, np.sqrt(1 - rows**2 - columns**2)], -1)
    rgb = NormalCodec("opengl").encode(normals)
    Image.fromarray(rgb).save(tmp_path / "normals.png")
    assert np.array_equal(NormalInspector.of(tmp_path / "normals.png", frame="opengl").rgb, rgb)


@pytest.mark.parametrize("source", ["motorcycle", "outputs:FOLDER", "scenes:heldout?n=3", 3, None])
def test_what_names_no_picture_stays_as_it_is(source):
    assert opened(source) is source


def test_a_file_that_would_change_colours_is_refused_and_a_photograph_is_not(tmp_path, painted):
    path, rgb = tmp_path / "alpha.png", painted[1]
    Image.fromarray(np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])).save(path)
    with pytest.raises(ImageError, match="alpha channel"):
        DepthInspector.of(path)
    assert np.array_equal(opened_photo(path), rgb)
    with pytest.raises(ImageError, match="does not exist"):
        DepthInspector.of(str(tmp_path / "nothing.png"))


@pytest.mark.parametrize(
    ("picture", "remedy"),
    [
        (np.zeros((4, 4, 4), np.uint8), r"picture\[..., :3\]"),
        (np.zeros((3, 9, 9), np.uint8), r"np.moveaxis\(picture, 0, -1\)"),
        (np.zeros((4, 4, 3)), r"np.rint\(255 \* picture\)"),
        (np.zeros((4, 4, 3), np.uint16), r"np.rint\(picture / 257\)"),
        (np.zeros((4, 4), np.uint8), r"one \(H, W, 3\) array"),
        (np.zeros((0, 4, 3), np.uint8), "no pixels"),
        (object(), "the path of its file"),
    ],
)
def test_what_is_no_picture_is_refused_with_what_makes_one_of_it(picture, remedy):
    with pytest.raises(InputError, match=remedy):
        painted_picture(picture)
