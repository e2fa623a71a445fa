"""Sequences written here as the benchmark publishes them."""

import numpy as np
import pytest
from PIL import Image

from vbanalysis import plugins
from vbanalysis.datasets import DataSet, tum_rgbd
from vbanalysis.errors import DataError, ImageError, InputError
from vbanalysis.geometry import Intrinsics, unproject
from vbanalysis.paths import samples_dir

DESK = "rgbd_dataset_freiburg1_desk"


def codes_of(seed, shape=(480, 640)):
    codes = np.random.default_rng(seed).integers(1, 50000, shape).astype(np.uint16)
    codes[:5] = 0
    return codes


def write(folder, name=DESK, colours=(1.0, 1.033, 1.066), depths=(1.010, 1.060, 1.5)):
    """Depth k shows `codes_of(k)`; the lists begin with the benchmark's three lines of comment."""
    sequence = folder / name
    for kind, times in (("rgb", colours), ("depth", depths)):
        (sequence / kind).mkdir(parents=True)
        lines = [
            f"# {'color' if kind == 'rgb' else 'depth'} images",
            f"# file: '{name}.bag'",
            "# timestamp filename",
        ]
        for number, time in enumerate(times):
            file = f"{kind}/{time:.6f}.png"
            lines.append(f"{time:.6f} {file}")
            pixels = np.full((480, 640, 3), number, np.uint8) if kind == "rgb" else codes_of(number)
            Image.fromarray(pixels).save(sequence / file)
        (sequence / f"{kind}.txt").write_text("\n".join(lines) + "\n")
    return sequence


def test_colour_and_depth_are_paired_by_time_and_depth_is_a_5000th_metre(tmp_path):
    data = tum_rgbd.load(str(write(tmp_path)))
    assert isinstance(data, DataSet)
    # 1.033 finds nothing within 20 ms: 1.010 is nearer to 1.000, and 1.060 to 1.066.
    assert data.ids == [f"{DESK}/1.000000", f"{DESK}/1.066000"]
    for sample, colour, depth in zip(data, (0, 2), (0, 1), strict=True):
        assert (sample.image == colour).all()
        codes = codes_of(depth)
        assert np.isnan(sample.depth_m[:5]).all()
        np.testing.assert_array_equal(
            sample.depth_m[5:], (codes[5:].astype(np.float64) / 5000).astype(np.float32), strict=True
        )
        assert sample.info["scene"] == DESK
        assert sample.info["cap_m"] == (1e-3, 10.0)


def test_the_window_of_time_is_an_option(tmp_path):
    assert len(tum_rgbd.load(str(write(tmp_path)), max_difference=0.03)) == 2
    assert len(tum_rgbd.load(str(tmp_path), max_difference=0.5)) == 3
    with pytest.raises(DataError, match=r"no pair within 0\.001 s"):
        tum_rgbd.load(str(tmp_path), max_difference=0.001)
    for wrong in (0, -1.0, float("nan"), float("inf"), True):
        with pytest.raises(InputError, match="max_difference of tum_rgbd must be seconds above 0"):
            tum_rgbd.load(str(tmp_path), max_difference=wrong)


def test_a_folder_of_sequences_is_read_one_after_the_other(tmp_path):
    write(tmp_path, "rgbd_dataset_freiburg3_teddy", (5.0,), (5.0,))
    write(tmp_path)
    data = plugins.load("datasets", f"tum_rgbd:{tmp_path}?camera=calibrated")
    assert data.ids == [f"{DESK}/1.000000", f"{DESK}/1.066000", "rgbd_dataset_freiburg3_teddy/5.000000"]
    assert data[0].info["intrinsics"] == Intrinsics(517.3, 516.5, 318.6, 255.3)
    assert data[2].info["intrinsics"] == Intrinsics(535.4, 539.2, 320.1, 247.6)
    assert data.describe()["samples_at_hand"] == 3


def test_the_recommended_camera_is_the_default_and_a_calibrated_one_needs_a_known_name(tmp_path):
    sequence = write(tmp_path, "desk")
    assert tum_rgbd.load(str(sequence))[0].info["intrinsics"] == Intrinsics(525.0, 525.0, 319.5, 239.5)
    with pytest.raises(InputError, match="freiburg1, 2 or 3 in its name, got 'desk'"):
        tum_rgbd.load(str(sequence), camera="calibrated")[0]
    with pytest.raises(InputError, match="camera of tum_rgbd must be one of ros, calibrated"):
        tum_rgbd.load(str(sequence), camera="kinect")


def test_a_single_pair_is_read_and_a_camera_is_not_guessed_for_another_size(tmp_path):
    Image.fromarray(np.zeros((24, 32, 3), np.uint8)).save(tmp_path / "rgb.png")
    Image.fromarray(codes_of(0, (24, 32))).save(tmp_path / "depth.png")
    (sample,) = tum_rgbd.load(str(tmp_path))
    assert sample.id == "rgb"
    assert sample.depth_m.shape == (24, 32)
    assert "intrinsics" not in sample.info


def test_what_is_not_there_is_said_with_where_to_get_it(tmp_path):
    with pytest.raises(InputError, match="tum_rgbd:FOLDER"):
        tum_rgbd.load()
    with pytest.raises(DataError, match=r"no folder .*cvg\.cit\.tum\.de"):
        tum_rgbd.load(str(tmp_path / "absent"))
    with pytest.raises(DataError, match=r"holds no rgb\.txt"):
        tum_rgbd.load(str(tmp_path))
    sequence = write(tmp_path)
    (sequence / "depth.txt").unlink()
    with pytest.raises(DataError, match=r"depth\.txt does not exist"):
        tum_rgbd.load(str(sequence))


@pytest.mark.parametrize("line", ["now rgb/1.png", "nan rgb/1.png", "1.0", "1.0 rgb/1.png more"])
def test_a_line_that_is_no_time_and_file_is_quoted(tmp_path, line):
    sequence = write(tmp_path)
    (sequence / "rgb.txt").write_text(f"# comment\n{line}\n")
    with pytest.raises(DataError, match=rf"rgb\.txt has the line '{line}'"):
        tum_rgbd.load(str(sequence))


def test_a_list_may_not_lead_out_of_its_folder(tmp_path):
    sequence = write(tmp_path)
    (sequence / "rgb.txt").write_text("1.0 ../../etc/secret.png\n")
    with pytest.raises(DataError, match="leads out of"):
        tum_rgbd.load(str(sequence))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda p: p.unlink(), ImageError, r"depth/1\.010000\.png does not exist"),
        (lambda p: p.write_bytes(p.read_bytes()[:5000]), ImageError, r"1\.010000\.png is damaged"),
        (lambda p: Image.fromarray(codes_of(0)[:-1]).save(p), DataError, r"1\.010000\.png is 479 x 640"),
        (lambda p: Image.new("L", (640, 480)).save(p), ImageError, "16-bit grey is expected"),
    ],
)
def test_damage_is_an_error_that_names_the_file(tmp_path, change, error, message):
    sequence = write(tmp_path)
    change(sequence / "depth" / "1.010000.png")
    with pytest.raises(error, match=message):
        tum_rgbd.load(str(sequence))[0]


def test_the_real_pair_is_a_room():
    folder = samples_dir()
    if folder is None or not (folder / "tum_rgbd").is_dir():
        pytest.skip("VBANALYSIS_SAMPLES names no folder with tum_rgbd/")
    (sample,) = tum_rgbd.load(str(folder / "tum_rgbd"))
    assert sample.image.shape == (480, 640, 3)
    known = np.isfinite(sample.depth_m)
    # A desk some two metres away, in a room whose far wall a Kinect just sees.
    assert np.nanmin(sample.depth_m) == pytest.approx(1.464)
    assert np.nanmedian(sample.depth_m) == pytest.approx(2.415)
    assert np.nanmax(sample.depth_m) == pytest.approx(46655 / 5000)
    assert known.mean() == pytest.approx(0.808, abs=1e-3)


def test_the_real_desk_and_the_floor_below_it_are_parallel():
    folder = samples_dir()
    if folder is None or not (folder / "tum_rgbd").is_dir():
        pytest.skip("VBANALYSIS_SAMPLES names no folder with tum_rgbd/")
    (sample,) = tum_rgbd.load(str(folder / "tum_rgbd"))
    points = unproject(sample.depth_m, sample.info["intrinsics"])
    planes = []
    for rows, columns in ((slice(410, 460), slice(240, 330)), (slice(222, 240), slice(200, 240))):
        around = points[rows, columns].reshape(-1, 3)
        around = around[np.isfinite(around).all(axis=-1)]
        _, spread, axes = np.linalg.svd(around - around.mean(axis=0), full_matrices=False)
        assert spread[2] < 0.25 * spread[1]
        planes.append(axes[2] * np.sign(-axes[2][1]))
    assert planes[0] @ planes[1] > np.cos(np.radians(8))
    assert planes[0] @ (0, -1, 0) > 0.7
