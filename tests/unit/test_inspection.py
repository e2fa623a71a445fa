import os
from pathlib import Path

import numpy as np
import pytest

from vbanalysis.codecs import (
    ColormapCodec,
    DepthCodec,
    InstanceCodec,
    NormalCodec,
    PaletteCodec,
    identify_walk,
)
from vbanalysis.codecs.degradations import Jpeg
from vbanalysis.codecs.flat_colours import find_flat_colours
from vbanalysis.codecs.inspection import inspect_picture, walk_to_decode
from vbanalysis.datasets.gallery import Gallery
from vbanalysis.errors import InputError
from vbanalysis.images import read_photo
from vbanalysis.instructions import parse


def room_depth(height=96, width=128):
    """A floor that recedes, a box on it, and sky."""
    rows = np.arange(height)[:, None] * np.ones(width)
    depth = 1.2 / np.maximum((rows - height * 0.3) / height, 1e-3)
    depth[rows < height * 0.3] = np.inf
    depth[40:80, 30:60] = 2.5
    return np.minimum(depth, np.where(np.isinf(depth), np.inf, 200.0))


def bumpy_normals(size=96):
    """A wavy surface seen from the front, in the paper's frame."""
    y, x = np.mgrid[:size, :size] / 9.0
    raw = np.stack([0.9 * np.sin(x + 0.4 * y), 0.9 * np.sin(y - 0.3 * x), np.ones_like(x)], axis=-1)
    # The slopes belong to one surface: heights cos(x + .4 y) and cos(y - .3 x) give these components.
    raw[..., 0] = np.sin(x + 0.4 * y) - 0.3 * np.sin(y - 0.3 * x)
    raw[..., 1] = -(0.4 * np.sin(x + 0.4 * y) + np.sin(y - 0.3 * x))
    return raw / np.linalg.norm(raw, axis=-1, keepdims=True)


def blobs(n=6, size=120):
    labels = np.zeros((size, size), np.int32)
    for k in range(n):
        row, column = divmod(k, 3)
        labels[10 + 50 * row : 40 + 50 * row, 8 + 38 * column : 34 + 38 * column] = k + 1
    return labels


def test_depth_is_told_with_its_walk_its_range_and_its_sky():
    found = inspect_picture(DepthCodec().encode(room_depth()))
    assert found.kind == "depth"
    assert found.codec == DepthCodec()
    assert found.quality.off_code == 0
    assert found.quality.infinite == pytest.approx(0.3, abs=0.02)
    assert found.quality.depth_m[1] == pytest.approx(
        np.median(room_depth()[np.isfinite(room_depth())]), rel=0.05
    )


@pytest.mark.parametrize("walk", ["KBCGYRMW", "KGYRMBCW"])
def test_another_walk_is_found_and_bgr_is_read_as_what_it_is(walk):
    depth = np.geomspace(0.3, 60, 96 * 96).reshape(96, 96)
    found = inspect_picture(DepthCodec(walk=walk).encode(depth))
    assert (found.kind, found.codec.walk) == ("depth", walk)
    assert found.quality.depth_m[1] == pytest.approx(np.median(depth), rel=0.02)


def test_depth_with_much_sky_is_no_mask():
    depth = np.full((160, 160), np.inf)
    depth[128:] = np.geomspace(40, 0.4, 32 * 160).reshape(32, 160)
    rgb = DepthCodec().encode(depth)
    assert find_flat_colours(rgb).share > 0.85
    assert inspect_picture(rgb).kind == "depth"


@pytest.mark.parametrize("name", ["viridis", "plasma", "inferno"])
def test_a_colour_map_is_told_by_name(name):
    found = inspect_picture(ColormapCodec(name).encode(room_depth()))
    assert (found.kind, found.codec) == ("colormap", ColormapCodec(name))


def test_grey_is_left_open_since_colours_cannot_tell_a_photograph_from_depth():
    found = inspect_picture(ColormapCodec("gray").encode(room_depth()))
    assert (found.kind, found.codec) == ("grey", ColormapCodec("gray"))
    assert "cannot tell" in found.message


@pytest.mark.parametrize("convention", ["paper", "opengl"])
def test_normals_are_told_with_their_convention(convention):
    found = inspect_picture(NormalCodec(convention).encode(bumpy_normals()))
    assert found.kind == "normals"
    assert found.codec.convention == convention
    assert found.quality.off_code == 0


def test_a_convention_named_in_the_prompt_wins_over_the_colours():
    rgb = NormalCodec("paper").encode(bumpy_normals())
    left_open = inspect_picture(rgb, parse("Predict surface normals"))
    assert (left_open.fits, left_open.codec) == (True, NormalCodec("paper"))
    for convention in ("opengl", "dsine"):
        named = inspect_picture(rgb, parse(f"Predict surface normals in {convention} convention"))
        assert (named.fits, named.codec) == (True, NormalCodec(convention))


def test_a_mask_is_told_with_its_colours_and_instances():
    labels = blobs()
    found = inspect_picture(InstanceCodec().encode(labels))
    assert found.kind == "mask"
    assert len(found.evidence.flat.colours) == 7
    assert found.evidence.flat.colours[0].rgb == (0, 0, 0)
    assert found.quality.instances == 6
    assert found.quality.holds_for[0] <= 14 <= found.quality.holds_for[1]


def test_jpeg_changes_no_verdict():
    pictures = {
        "depth": DepthCodec().encode(room_depth()),
        "mask": InstanceCodec().encode(blobs()),
        "normals": NormalCodec().encode(bumpy_normals()),
        "colormap": ColormapCodec("viridis").encode(room_depth()),
    }
    for kind, rgb in pictures.items():
        assert inspect_picture(Jpeg(quality=90, subsampling="4:4:4")(rgb)).kind == kind


def test_a_drift_that_can_be_removed_is_measured():
    depth = np.geomspace(0.2, 300, 128 * 128).reshape(128, 128)
    drifted = np.rint(DepthCodec().encode(depth) * 0.9 + 12).astype(np.uint8)
    quality = inspect_picture(drifted).quality
    assert quality.drift == pytest.approx(13.5, abs=3)
    assert "fell" in quality.drift_note


def test_with_a_prompt_the_picture_is_held_to_the_code_that_it_asks_for():
    prompt = parse('Semantic segmentation with {"cat": "red", "dog": "blue", "hat": "yellow"}')
    painted = PaletteCodec({"cat": (250, 8, 0), "dog": (0, 0, 255)})
    labels = blobs(2) - 1
    found = inspect_picture(painted.encode(labels), prompt)
    assert found.fits
    cat, dog, hat, background = found.quality.classes
    assert (cat.name, cat.painted, hat.painted) == ("cat", (250, 8, 0), None)
    assert found.quality.drift == pytest.approx(cat.drift)
    assert (dog.drift, background.drift) == (0, 0)


def test_a_picture_of_another_kind_than_prompted_shows_as_far_off():
    depth = inspect_picture(InstanceCodec().encode(blobs()), parse("Generate a metric depth map."))
    assert depth.fits is False
    assert depth.kind == "mask"
    assert "asks for depth" in depth.message
    assert isinstance(depth.codec, DepthCodec)


def test_a_depth_prompt_takes_the_walk_that_the_picture_follows():
    rgb = DepthCodec().encode(np.geomspace(0.3, 60, 96 * 96).reshape(96, 96))[..., ::-1]
    found = inspect_picture(np.ascontiguousarray(rgb), parse("Generate a metric depth map."))
    assert found.fits
    assert found.codec.walk == "KBCGYRMW"


def test_what_several_walks_share_is_read_along_the_papers():
    near = DepthCodec().encode(np.linspace(0.02, 0.79, 96 * 96).reshape(96, 96))
    found = identify_walk(near)
    assert found.verdict == "ambiguous"
    assert walk_to_decode(found) == "KRYGCBMW"
    inspected = inspect_picture(near)
    assert (inspected.kind, inspected.codec) == ("depth", DepthCodec())


def test_a_close_up_of_few_shades_is_depth_though_several_walks_fit():
    rgb = DepthCodec().encode(np.linspace(0.5, 0.75, 96 * 96).reshape(96, 96))
    assert identify_walk(rgb).verdict == "ambiguous"
    assert walk_to_decode(identify_walk(rgb)) == "KRYGCBMW"
    found = inspect_picture(rgb)
    assert (found.kind, found.codec) == ("depth", DepthCodec())


@pytest.mark.parametrize(
    ("level", "kind"), [((0, 0, 0), "mask"), ((128, 128, 128), "mask"), ((255, 255, 255), "mask")]
)
def test_one_colour_all_over_is_a_flat_colour_and_no_depth(level, kind):
    found = inspect_picture(np.full((32, 32, 3), level, np.uint8))
    assert found.kind == kind
    assert "one flat colour" in found.message


def test_a_dark_noisy_photograph_is_no_code():
    rng = np.random.default_rng(0)
    night = np.clip(rng.normal((14, 12, 22), 7, (96, 96, 3)), 0, 255).astype(np.uint8)
    night[rng.random((96, 96)) < 0.05] = (200, 180, 90)
    assert inspect_picture(night).kind == "photograph"


@pytest.mark.parametrize("shape", [(8, 40, 3), (2, 32, 32, 3), (32, 32)])
def test_what_is_no_picture_is_refused(shape):
    with pytest.raises(InputError):
        inspect_picture(np.zeros(shape, np.uint8))


def test_nan_and_floats_are_looked_at_too():
    rgb = DepthCodec().encode(room_depth(), dtype="float32")
    rgb[:3] = np.nan
    found = inspect_picture(rgb)
    assert found.kind == "depth"
    assert found.quality.unknown == pytest.approx(3 / 96)


def test_photographs_are_photographs():
    from skimage import data

    for name in ("astronaut", "chelsea", "coffee", "rocket", "hubble_deep_field", "retina"):
        assert inspect_picture(getattr(data, name)()[::3, ::3]).kind == "photograph", name
    for name in ("camera", "coins", "moon", "brick"):
        grey = np.repeat(getattr(data, name)()[::2, ::2, None], 3, axis=-1)
        assert inspect_picture(grey).kind == "grey", name


PUBLISHED = {"depth": "depth", "normals": "normals"} | dict.fromkeys(
    ("instance", "referring", "semantic"), "mask"
)


@pytest.fixture
def gallery():
    """What each picture of the gallery is, by its path, where it is at hand."""
    root = Path(os.environ.get("VBANALYSIS_CACHE", "."), "vision-banana-gallery")
    kinds = {root / entry.input: "photograph" for entry in Gallery().entries}
    kinds |= {root / entry.output: PUBLISHED[entry.task] for entry in Gallery().entries}
    at_hand = {path: kind for path, kind in kinds.items() if path.is_file()}
    if not at_hand:
        pytest.skip("VBANALYSIS_CACHE holds no gallery")
    return at_hand


def test_every_published_picture_is_told_for_what_it_is(gallery):
    for path, kind in gallery.items():
        rgb = read_photo(path)
        # A stride leaves colours as they are.
        assert inspect_picture(rgb[::4, ::4] if kind == "photograph" else rgb[::2, ::2]).kind == kind, (
            path.name
        )
