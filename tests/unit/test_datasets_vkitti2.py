"""Scenes written here in the layout of the archives, with 8-bit JPEGs and 16-bit PNGs in centimetres."""

import numpy as np
import pytest
from PIL import Image

from vbanalysis import plugins
from vbanalysis.datasets import DataSet, vkitti2
from vbanalysis.errors import DataError, ImageError, InputError
from vbanalysis.geometry import Intrinsics

HEADER = "frame cameraID K[0,0] K[1,1] K[0,2] K[1,2]"


def codes_of(number):
    """Centimetres: a street of 1 to 90 m under a sky."""
    codes = np.linspace(100, 9000, 375 * 1242).reshape(375, 1242).round().astype(np.uint16)[::-1]
    codes = codes + np.uint16(number)
    codes[:100] = 65535
    codes[100, 0] = 65534
    return codes


def write(folder, scene="Scene01", variation="clone", frames=(0, 1), archives=False):
    roots = {
        kind: folder / f"vkitti_2.0.3_{kind}" if archives else folder for kind in ("rgb", "depth", "textgt")
    }
    lines = [HEADER]
    for number in frames:
        for camera in (0, 1):
            lines.append(f"{number} {camera} {725.0087 + camera} 725.0087 620.5 187")
            for kind, suffix in (("rgb", "jpg"), ("depth", "png")):
                place = roots[kind] / scene / variation / "frames" / kind / f"Camera_{camera}"
                place.mkdir(parents=True, exist_ok=True)
                pixels = codes_of(number + camera)
                if kind == "rgb":
                    pixels = np.repeat((pixels >> 8).astype(np.uint8)[..., None], 3, axis=-1)
                Image.fromarray(pixels).save(place / f"{kind}_{number:05d}.{suffix}")
    text = roots["textgt"] / scene / variation / "intrinsic.txt"
    text.parent.mkdir(parents=True, exist_ok=True)
    text.write_text("\n".join(lines) + "\n")
    return folder


@pytest.mark.parametrize("archives", [False, True])
def test_depth_is_centimetres_and_the_sky_unbounded(tmp_path, archives):
    data = vkitti2.load(str(write(tmp_path, archives=archives)))
    assert isinstance(data, DataSet)
    assert data.ids == ["Scene01/clone/Camera_0/00000", "Scene01/clone/Camera_0/00001"]
    sample = data[1]
    codes = codes_of(1)
    assert sample.depth_m.dtype == np.float32
    assert np.isinf(sample.depth_m[:100]).all()
    assert sample.depth_m[100, 0] == np.float32(655.34)
    ground = codes[101:]
    np.testing.assert_array_equal(sample.depth_m[101:], (ground.astype(np.float64) / 100).astype(np.float32))
    assert sample.image.shape == (375, 1242, 3)
    assert sample.valid is None
    assert sample.info["intrinsics"] == Intrinsics(725.0087, 725.0087, 620.5, 187.0)
    assert (sample.info["cap_m"], sample.info["scene"]) == ((1e-3, 80.0), "Scene01")


def test_each_camera_has_its_own_frames_and_line(tmp_path):
    sample = vkitti2.load(str(write(tmp_path)), camera=1)["Scene01/clone/Camera_1/00000"]
    assert sample.info["intrinsics"].fx == 726.0087
    np.testing.assert_array_equal(
        sample.depth_m[200], (codes_of(1)[200] / np.float64(100)).astype(np.float32)
    )


def test_scenes_and_variations_are_chosen_by_name_and_counted(tmp_path):
    for scene, variation in (
        ("Scene01", "clone"),
        ("Scene01", "fog"),
        ("Scene20", "fog"),
        ("Scene20", "rain"),
    ):
        write(tmp_path, scene, variation, frames=(3,))
    data = plugins.load("datasets", f"vkitti2:{tmp_path}?scenes=Scene20,Scene01&variations=rain,fog")
    assert data.ids == [
        "Scene01/fog/Camera_0/00003",
        "Scene20/fog/Camera_0/00003",
        "Scene20/rain/Camera_0/00003",
    ]
    about = data.describe()
    assert (about["samples"], about["samples_at_hand"]) == (2 * (447 + 837), 3)
    everything = vkitti2.load(str(tmp_path), variations="all").describe()
    assert everything["samples"] == 21260  # frames of one camera, as published
    assert len(vkitti2.load(str(tmp_path))) == 1


def test_a_crop_of_kitti_can_be_asked_for(tmp_path):
    sample = vkitti2.load(str(write(tmp_path)), protocol="kb")[0]
    rows, columns = np.nonzero(sample.valid)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (375 - 352, 374, 13, 13 + 1215)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scenes": "Scene03"}, "scenes of vkitti2 must be one of Scene01, "),
        ({"variations": "clone,snow"}, "variations of vkitti2 must be one of clone, .* got 'snow'"),
        ({"camera": 2}, "camera of vkitti2 must be one of 0, 1; got '2'"),
        ({"protocol": "eigen"}, "protocol of vkitti2 must be one of none, kb, "),
    ],
)
def test_an_unknown_choice_lists_what_there_is(tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        vkitti2.load(str(write(tmp_path)), **options)


def test_what_is_not_there_is_said_with_where_to_get_it(tmp_path):
    with pytest.raises(InputError, match="vkitti2:FOLDER"):
        vkitti2.load()
    with pytest.raises(DataError, match=r"no folder .*europe\.naverlabs\.com"):
        vkitti2.load(str(tmp_path / "absent"))
    with pytest.raises(DataError, match=r"holds no rgb_\*\.jpg of camera 0 of fog in .*naverlabs"):
        vkitti2.load(str(write(tmp_path)), variations="fog")


def damage(tmp_path, name, change):
    folder = write(tmp_path)
    path = next(folder.rglob(name))
    change(path)
    return vkitti2.load(str(folder))


@pytest.mark.parametrize(
    ("name", "change", "error", "message"),
    [
        ("depth_00000.png", lambda p: p.unlink(), ImageError, r"depth_00000\.png does not exist"),
        (
            "depth_00000.png",
            lambda p: p.write_bytes(p.read_bytes()[:999]),
            ImageError,
            r"depth_00000\.png is damaged",
        ),
        (
            "rgb_00000.jpg",
            lambda p: p.write_bytes(p.read_bytes()[:999]),
            ImageError,
            r"rgb_00000\.jpg is damaged",
        ),
        (
            "depth_00000.png",
            lambda p: Image.fromarray(codes_of(0)[:, :-1]).save(p),
            DataError,
            r"depth_00000\.png is 375 x 1241 .* its image rgb_00000\.jpg is 375 x 1242",
        ),
        (
            "depth_00000.png",
            lambda p: Image.fromarray((codes_of(0) >> 8).astype(np.uint8)).save(p),
            ImageError,
            "16-bit grey is expected",
        ),
        ("intrinsic.txt", lambda p: p.unlink(), DataError, r"intrinsic\.txt does not exist"),
        ("intrinsic.txt", lambda p: p.write_text(""), DataError, r"intrinsic\.txt starts with ''"),
        ("intrinsic.txt", lambda p: p.write_text(HEADER), DataError, "no line for frame 00000 of camera 0"),
        (
            "intrinsic.txt",
            lambda p: p.write_text(HEADER + "\n0 0 725 725 620"),
            DataError,
            "has the line '0 0 725",
        ),
        (
            "intrinsic.txt",
            lambda p: p.write_text(HEADER + "\n0 0 nan 1 1 1"),
            DataError,
            "no camera is like that",
        ),
        (
            "intrinsic.txt",
            lambda p: p.write_text(HEADER + "\n0 0 -5 1 1 1"),
            DataError,
            "no camera is like that",
        ),
    ],
)
def test_damage_is_an_error_that_names_the_file(tmp_path, name, change, error, message):
    data = damage(tmp_path, name, change)
    with pytest.raises(error, match=message):
        data[0]


def test_a_pixel_without_depth_is_unknown(tmp_path):
    codes = codes_of(0)
    codes[300, 300] = 0
    data = damage(tmp_path, "depth_00000.png", lambda path: Image.fromarray(codes).save(path))
    depth_m = data[0].depth_m
    assert np.isnan(depth_m[300, 300])
    assert np.isnan(depth_m).sum() == 1
