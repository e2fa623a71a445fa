import numpy as np
import pytest
from PIL import Image

from vbanalysis import plugins
from vbanalysis.datasets import DataSet, kitti
from vbanalysis.errors import DataError, ImageError, InputError
from vbanalysis.geometry import Intrinsics
from vbanalysis.paths import samples_dir

DRIVES = ["2011_09_26_drive_0002_sync", "2011_10_03_drive_0047_sync"]
RNG = np.random.default_rng(0)
CALIBRATION = """calib_time: 09-Jan-2012 13:57:47
corner_dist: 9.950000e-02
P_rect_00: 1 0 2 0 0 1 3 0 0 0 1 0
P_rect_02: 7.215377e+02 0.0 6.095593e+02 4.485728e+01 0.0 7.215377e+02 1.728540e+02 2.163791e-01 0 0 1 2.7e-03
"""


def write_frame(folder, drive=DRIVES[0], number=69, *, raw="raw", part="val", shape=(375, 1242), metres=None):
    """A frame in KITTI's own folders: 8-bit RGB, and depth times 256 in 16 bits with 0 for unknown."""
    image = folder / raw / drive[:10] / drive / "image_02/data" / f"{number:010d}.png"
    depth = (
        folder
        / "data_depth_annotated"
        / part
        / drive
        / "proj_depth/groundtruth/image_02"
        / f"{number:010d}.png"
    )
    for path in (image, depth):
        path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(RNG.integers(0, 256, (*shape, 3), dtype=np.uint8)).save(image)
    metres = np.where(RNG.random(shape) < 0.8, 0, RNG.uniform(1, 85, shape)) if metres is None else metres
    Image.fromarray((metres * 256).astype(np.uint16)).save(depth)
    return image, depth


def line(drive, number, depth=True):
    name = f"{number:010d}.png"
    image = f"{drive[:10]}/{drive}/image_02/data/{name}"
    return f"{image} {f'{drive}/proj_depth/groundtruth/image_02/{name}' if depth else 'None'} 721.5377"


def test_the_official_list_says_which_frames_and_in_which_order(tmp_path):
    write_frame(tmp_path, DRIVES[0], 69)
    write_frame(tmp_path, DRIVES[0], 70)
    write_frame(tmp_path, DRIVES[1], 5, part="train")
    lines = [line(DRIVES[1], 5), line(DRIVES[0], 54, depth=False), line(DRIVES[0], 69)]
    (tmp_path / kitti.EIGEN_LIST).write_text("\n".join(lines) + "\n")
    data = kitti.load(tmp_path)
    assert isinstance(data, DataSet)
    assert list(data.ids) == [f"{DRIVES[1]}/0000000005", f"{DRIVES[0]}/0000000069"]
    assert data[0].info["scene"] == DRIVES[1]
    assert (data.describe()["samples"], data.describe()["samples_at_hand"]) == (652, 2)


def test_without_a_list_every_frame_on_disk_is_taken(tmp_path):
    write_frame(tmp_path, DRIVES[1], 5, part="train")
    write_frame(tmp_path, DRIVES[0], 69)
    image, _ = write_frame(tmp_path, DRIVES[0], 70)
    image.unlink()
    data = kitti.load(tmp_path)
    assert list(data.ids) == [f"{DRIVES[0]}/0000000069", f"{DRIVES[1]}/0000000005"]
    assert "all annotated frames" in data.describe()["about"]
    assert data.describe()["samples"] == 2


def test_depth_is_metres_with_gaps(tmp_path):
    metres = np.zeros((375, 1242))
    metres[200, 100:103] = [1 / 256, 12.5, 255.99609375]
    write_frame(tmp_path, metres=metres)
    depth_m = kitti.load(tmp_path)[0].depth_m
    assert depth_m.dtype == np.float32
    assert depth_m[200, 100:103].tolist() == [1 / 256, 12.5, 255.99609375]
    assert np.isnan(depth_m).sum() == depth_m.size - 3


@pytest.mark.parametrize(
    ("protocol", "rows", "columns"),
    [
        # Of the 352x1216 pixels from row 23 and column 13: Garg 143 to 348 and 43 to 1171, Eigen 117 to 320.
        ("kb+garg", (166, 371), (56, 1184)),
        ("kb+kitti_eigen", (140, 343), (56, 1184)),
        ("garg", (153, 370), (44, 1196)),
        ("kitti_eigen", (124, 341), (44, 1196)),
        ("kb", (23, 374), (13, 1228)),
    ],
)
def test_the_crops_are_those_of_the_evaluators(tmp_path, protocol, rows, columns):
    write_frame(tmp_path)
    inside = np.nonzero(plugins.load("datasets", f"kitti:{tmp_path}?protocol={protocol}")[0].valid)
    assert tuple((int(at.min()), int(at.max())) for at in inside) == (rows, columns)


def test_a_model_may_be_shown_the_kb_crop(tmp_path):
    write_frame(tmp_path)
    (tmp_path / "raw/2011_09_26/calib_cam_to_cam.txt").write_text(CALIBRATION)
    whole, cut = kitti.load(tmp_path)[0], kitti.load(tmp_path, view="kb")[0]
    assert cut.image.shape == (352, 1216, 3)
    np.testing.assert_array_equal(cut.image, whole.image[23:, 13:1229])
    np.testing.assert_array_equal(cut.depth_m, whole.depth_m[23:, 13:1229])
    assert cut.valid.sum() == whole.valid.sum() == 206 * 1129
    assert whole.info["intrinsics"] == Intrinsics(721.5377, 721.5377, 609.5593, 172.854)
    assert cut.info["intrinsics"] == Intrinsics(721.5377, 721.5377, 609.5593 - 13, 172.854 - 23)
    assert kitti.load(tmp_path, protocol="none", view="kb")[0].valid is None


def test_without_calibration_there_is_no_camera(tmp_path):
    write_frame(tmp_path)
    assert "intrinsics" not in kitti.load(tmp_path)[0].info


@pytest.mark.parametrize(
    "text", ["", "P_rect_02: 1 2 3", "P_rect_02: " + "0 " * 12, "P_rect_02: " + "nan " * 12]
)
def test_a_damaged_calibration_is_an_error(tmp_path, text):
    write_frame(tmp_path)
    (tmp_path / "raw/2011_09_26/calib_cam_to_cam.txt").write_text(text)
    with pytest.raises(DataError, match=r"calib_cam_to_cam\.txt"):
        kitti.load(tmp_path)[0]


def test_a_listed_file_that_is_not_there_is_named(tmp_path):
    _, depth = write_frame(tmp_path)
    depth.unlink()
    (tmp_path / "mine.txt").write_text(line(DRIVES[0], 69))
    with pytest.raises(
        DataError, match=r"0000000069\.png \(of the files in mine\.txt, 1 are missing.*cvlibs"
    ):
        kitti.load(tmp_path, files="mine.txt")
    with pytest.raises(DataError, match=r"yours\.txt does not exist"):
        kitti.load(tmp_path, files="yours.txt")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a.png\n", "line 1: an image and a depth file"),
        (line(DRIVES[0], 1, depth=False), "no frame with depth"),
        ("/etc/../../x.png y.png", "leads out of"),
        ("x.png ../../y.png", "leads out of"),
    ],
)
def test_a_damaged_list_is_an_error(tmp_path, text, fault):
    write_frame(tmp_path)
    (tmp_path / kitti.EIGEN_LIST).write_text(text)
    with pytest.raises(DataError, match=fault):
        kitti.load(tmp_path)


def test_what_is_missing_is_named_with_where_to_get_it(tmp_path):
    with pytest.raises(InputError, match="kitti:FOLDER"):
        kitti.load()
    with pytest.raises(DataError, match=r"no folder .*nowhere.*data_depth_annotated.*cvlibs"):
        kitti.load(tmp_path / "nowhere")
    with pytest.raises(DataError, match="no frame with image and depth"):
        kitti.load(tmp_path)
    for option in ({"protocol": "eigen"}, {"view": "half"}):
        with pytest.raises(InputError, match="of kitti must be one of"):
            kitti.load(tmp_path, **option)


def test_damaged_and_resized_pictures_are_errors(tmp_path):
    image, depth = write_frame(tmp_path, shape=(200, 700))
    with pytest.raises(DataError, match="too few for the KB crop"):
        kitti.load(tmp_path)[0]
    data = kitti.load(tmp_path, protocol="garg")
    assert data[0].depth_m.shape == (200, 700)
    Image.new("RGB", (700, 201)).save(image)
    with pytest.raises(DataError, match="is 200 x 700"):
        data[0]
    depth.write_bytes(depth.read_bytes()[:-200])
    with pytest.raises(ImageError, match=r"0000000069\.png is damaged"):
        data[0]


@pytest.fixture(scope="module")
def street():
    folder = samples_dir()
    if folder is None or not (folder / "kitti").is_dir():
        pytest.skip("VBANALYSIS_SAMPLES holds no kitti")
    return kitti.load(folder / "kitti")


def test_the_real_frames_hold_a_street(street):
    assert list(street.ids) == [f"{DRIVES[0]}/0000000005", f"{DRIVES[0]}/0000000050"]
    for sample in street:
        assert sample.image.shape == (375, 1242, 3)
        known = np.isfinite(sample.depth_m)
        assert 0.19 < known.mean() < 0.21
        assert 4 < np.nanmin(sample.depth_m) < 7
        assert 80 < np.nanmax(sample.depth_m) < 90
        assert not known[:90].any()  # the lidar does not reach so high
        assert 0.25 < known[sample.valid].mean() < 0.45


def test_the_real_road_lies_where_a_camera_at_165_centimetres_sees_it(street):
    """z = f * height / (row - horizon) on a level road; the camera is 1.65 m up, its horizon near row 173."""
    for sample in street:
        rows, columns = np.nonzero(np.isfinite(sample.depth_m[260:360, 500:720]))
        z = sample.depth_m[260:360, 500:720][rows, columns]
        height = z * (rows + 260 - 172.854) / 721.5377
        assert 1.5 < np.median(height) < 1.8
