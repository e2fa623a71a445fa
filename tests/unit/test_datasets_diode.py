import numpy as np
import pytest
from PIL import Image

from vbanalysis import plugins
from vbanalysis.datasets import DataSet, diode
from vbanalysis.errors import DataError, ImageError, InputError
from vbanalysis.geometry import Intrinsics, normals_from_depth

NAMES = {"indoors": "00019_00183_indoors_000_010", "outdoor": "00022_00193_outdoor_020_000"}
SIZE = (768, 1024)
RNG = np.random.default_rng(0)
DEPTH = RNG.uniform(0.7, 50, (*SIZE, 1)).astype(np.float32)
MASK = np.ones(SIZE)
MASK[:50] = 0
DEPTH[:25] = 0


def write(folder, part="indoors", *, name=None, depth=DEPTH, mask=MASK, normal=None):
    """A view as in the official archives: depth (H, W, 1) float32, mask (H, W) float64 of 0 and 1."""
    name = name or NAMES[part]
    scan = folder / "val" / part / f"scene_{name[:5]}" / f"scan_{name[6:11]}"
    scan.mkdir(parents=True, exist_ok=True)
    Image.fromarray(RNG.integers(0, 256, (*SIZE, 3), dtype=np.uint8)).save(scan / f"{name}.png")
    np.save(scan / f"{name}_depth.npy", depth)
    np.save(scan / f"{name}_depth_mask.npy", mask)
    if normal is not None:
        np.save(scan / f"{name}_normal.npy", normal)
    return scan / name


def wall_facing_right():
    """A wall on the left of the view, seen at an angle: depth z of the plane 0.8 x - 0.6 z' = -1.2 in metres
    of x right and z' into the scene, and its normal, which points right and back to the viewer."""
    columns = np.arange(SIZE[1])
    z = 1.2 / (0.6 - 0.8 * (columns - 512) / 886.81)
    depth = np.broadcast_to(np.where((z > 0) & (z < 40), z, 0), SIZE).astype(np.float32)
    normal = np.broadcast_to(np.float32([0.8, 0, 0.6]), (*SIZE, 3)).copy()
    normal[depth == 0] = 0
    return depth[..., None], normal


def test_depth_counts_where_the_mask_says_so(tmp_path):
    write(tmp_path)
    data = diode.load(tmp_path)
    assert isinstance(data, DataSet)
    sample = data[NAMES["indoors"]]
    assert sample.image.shape == (*SIZE, 3)
    assert sample.depth_m.shape == SIZE
    assert sample.depth_m.dtype == np.float32
    assert np.isnan(sample.depth_m[:50]).all()
    np.testing.assert_array_equal(sample.depth_m[50:], DEPTH[50:, :, 0])
    assert sample.normals is None
    assert sample.valid is None
    assert sample.info == {
        "cap_m": (0.6, 350.0),
        "intrinsics": Intrinsics(886.81, 927.06, 512, 384),
        "scene": "scan_00183",
    }


def test_the_parts_are_had_by_name(tmp_path):
    write(tmp_path)
    write(tmp_path, "outdoor")
    assert list(diode.load(tmp_path).ids) == [NAMES["indoors"]]
    assert list(diode.load(tmp_path / "val", split="outdoor").ids) == [NAMES["outdoor"]]
    both = plugins.load("datasets", f"diode:{tmp_path}?split=all")
    assert list(both.ids) == list(NAMES.values())
    assert (both.describe()["samples"], both.describe()["samples_at_hand"]) == (771, 2)
    with pytest.raises(InputError, match="split of diode must be one of indoors, outdoor, all; got 'val'"):
        diode.load(tmp_path, split="val")


def test_normals_agree_with_the_depth_of_the_same_wall(tmp_path):
    """The frame of the files against one computed from depth and camera: x right, z towards the viewer."""
    depth, normal = wall_facing_right()
    write(tmp_path, depth=depth, mask=(depth[..., 0] > 0).astype(float), normal=normal)
    sample = diode.load(tmp_path)[0]
    known = np.isfinite(sample.normals).all(axis=-1)
    np.testing.assert_array_equal(known, depth[..., 0] > 0)
    np.testing.assert_allclose(sample.normals[known], np.tile([0.8, 0, 0.6], (known.sum(), 1)), atol=1e-6)
    derived = normals_from_depth(sample.depth_m, sample.info["intrinsics"])
    both = known & np.isfinite(derived).all(axis=-1)
    assert both.mean() > 0.5
    assert np.sum(derived * sample.normals, axis=-1)[both].min() > 0.999


def test_bad_depths_inside_the_mask_are_unknown(tmp_path):
    depth = DEPTH.copy()
    depth[100, :4, 0] = [np.nan, np.inf, 0, -3]
    write(tmp_path, depth=depth)
    assert np.isnan(diode.load(tmp_path)[0].depth_m[100, :4]).all()


@pytest.mark.parametrize(
    ("arrays", "fault"),
    [
        ({"depth": DEPTH[:-1]}, r"_depth\.npy is 767 x 1024"),
        ({"depth": DEPTH.astype(np.int32)}, r"_depth\.npy holds int32"),
        ({"depth": np.repeat(DEPTH, 3, axis=-1)}, r"_depth\.npy holds float32 of shape \(768, 1024, 3\)"),
        ({"mask": MASK.T}, r"_depth_mask\.npy has shape \(1024, 768\)"),
        ({"mask": MASK.astype("S1")}, r"_depth_mask\.npy holds"),
        ({"normal": np.zeros((*SIZE, 2), np.float32)}, r"_normal\.npy holds float32 of shape"),
        (
            {"normal": np.full((*SIZE, 3), 2, np.float32)},
            r"_normal\.npy holds 786,432 vectors that are neither",
        ),
        ({"normal": np.ones((9, 9, 3), np.float32)}, r"_normal\.npy is 9 x 9"),
    ],
)
def test_arrays_of_something_else_are_errors(tmp_path, arrays, fault):
    write(tmp_path, **arrays)
    with pytest.raises(DataError, match=fault):
        diode.load(tmp_path)[0]


def test_damaged_files_are_errors_that_name_them(tmp_path):
    stem = write(tmp_path)
    data = diode.load(tmp_path)
    for end, error in (("_depth_mask.npy", DataError), ("_depth.npy", DataError), (".png", ImageError)):
        path = stem.with_name(stem.name + end)
        path.write_bytes(path.read_bytes()[:-500])
        with pytest.raises(error, match=f"{end.replace('.', '[.]')} is damaged"):
            data[0]


def test_what_is_missing_is_named_with_where_to_get_it(tmp_path):
    with pytest.raises(InputError, match="diode:FOLDER"):
        diode.load()
    with pytest.raises(DataError, match=r"no folder .*nowhere.*_depth\.npy.*diode-dataset\.org"):
        diode.load(tmp_path / "nowhere")
    with pytest.raises(DataError, match="holds no val/indoors/scene"):
        diode.load(tmp_path)
    stem = write(tmp_path)
    stem.with_name(stem.name + "_depth_mask.npy").unlink()
    with pytest.raises(DataError, match=r"_depth_mask\.npy does not exist beside 00019"):
        diode.load(tmp_path)
