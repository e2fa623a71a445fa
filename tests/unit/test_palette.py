from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from vbanalysis.codecs import PaletteCodec, separated_palette
from vbanalysis.codecs.colour_spaces import check_colour, srgb_to_lab
from vbanalysis.errors import InputError

colour = st.tuples(*[st.integers(0, 255)] * 3)
palettes = st.lists(colour, min_size=1, max_size=12, unique=True)
CITY = {"road": (128, 64, 128), "car": (0, 0, 142), "tree": (107, 142, 35), "sky": (70, 130, 180)}


def lab(colours: np.ndarray) -> np.ndarray:
    from skimage.color import rgb2lab

    return rgb2lab(np.asarray(colours, float)[None] / 255)[0]


@settings(deadline=None, derandomize=True)
@given(palettes, st.booleans(), st.sampled_from(["rgb", "lab"]), st.none() | st.floats(1, 200))
def test_each_pixel_goes_to_the_nearest_colour(colours, with_background, space, reject):
    classes = {f"class {k}": value for k, value in enumerate(colours[with_background:])}
    if not classes:
        return
    background = colours[0] if with_background else None
    pixels = np.random.default_rng(0).integers(0, 256, (200, 3), dtype=np.uint8)
    codec = PaletteCodec(classes, background=background, space=space, reject=reject)
    targets = [*classes.values()] + ([background] if background else [])
    place = lab if space == "lab" else np.asarray
    distance = np.sort(cdist(place(pixels), place(np.array(targets))), axis=1)
    order = np.argsort(cdist(place(pixels), place(np.array(targets))), axis=1, kind="stable")[:, 0]
    labels = np.where(order < len(classes), order, -1)
    result = codec.decode(pixels)
    runner_up = distance[:, 1] if len(targets) > 1 else np.full(len(pixels), np.inf)
    settled = runner_up - distance[:, 0] > 1e-3
    if reject is not None:
        settled &= np.abs(distance[:, 0] - reject) > 1e-3
        np.testing.assert_array_equal(result.valid[settled], distance[settled, 0] <= reject)
        labels = np.where(distance[:, 0] <= reject, labels, -1)
    np.testing.assert_array_equal(result.labels[settled], labels[settled])
    np.testing.assert_allclose(result.residual, distance[:, 0], atol=2e-3)
    np.testing.assert_allclose(result.margin, runner_up - distance[:, 0], atol=4e-3)
    assert result.labels.dtype == np.int32
    assert result.names == tuple(classes)


def test_cielab_is_that_of_scikit_image():
    from skimage.color import rgb2lab

    rgb = np.random.default_rng(0).random((50, 40, 3))
    rgb[0, :8] = np.array(np.meshgrid(*[[0, 1]] * 3)).reshape(3, 8).T
    np.testing.assert_allclose(srgb_to_lab(rgb), rgb2lab(rgb), atol=1e-3)
    np.testing.assert_allclose(srgb_to_lab(torch.from_numpy(rgb)), rgb2lab(rgb), atol=1e-3)
    np.testing.assert_allclose(srgb_to_lab(np.ones((1, 3))), [[100, 0, 0]], atol=1e-2)


def test_the_space_decides_in_a_case_where_people_and_numbers_disagree():
    classes = {"dark blue": (0, 0, 160), "black": (0, 0, 0)}
    pixel = np.array([[0, 0, 76]], np.uint8)
    for space, expected in (("rgb", 1), ("lab", 0)):
        assert PaletteCodec(classes, background=None, space=space).decode(pixel).labels[0] == expected


@settings(deadline=None, derandomize=True)
@given(palettes, st.sampled_from(["uint8", "uint16", "float32", "float64"]), st.sampled_from(["rgb", "lab"]))
def test_what_was_painted_is_read_back(colours, dtype, space):
    codec = PaletteCodec({str(k): value for k, value in enumerate(colours)}, background=None, space=space)
    labels = np.arange(len(colours), dtype=np.int32).reshape(1, -1)
    rgb = codec.encode(labels, dtype)
    assert rgb.dtype == dtype
    result = codec.decode(rgb)
    np.testing.assert_array_equal(result.labels, labels)
    assert result.valid.all()
    assert (result.residual < 0.01).all()


def test_black_is_no_class_where_the_prompt_names_no_background():
    codec = PaletteCodec({"flowers": (64, 0, 64), "plates": (255, 192, 128)})
    assert codec.background_colour == (0, 0, 0)
    result = codec.decode(np.array([[3, 0, 2], [64, 0, 64]], np.uint8))
    assert result.labels.tolist() == [-1, 0]
    assert result.valid.all(), "background is an answer, not a rejection"
    plain = PaletteCodec({"flowers": (64, 0, 64), "plates": (255, 192, 128)}, background=None)
    assert plain.decode(np.array([[3, 0, 2]], np.uint8)).labels.tolist() == [0]


def test_a_class_that_is_nearly_black_leaves_no_room_for_an_implicit_background():
    assert PaletteCodec({"night": (20, 20, 20)}).background_colour is None
    assert PaletteCodec({"night": (0, 0, 0), "day": (255, 255, 255)}).background_colour is None
    assert PaletteCodec({"night": (20, 20, 20)}, background=(0, 0, 0)).background_colour == (0, 0, 0)


def test_colours_far_from_all_are_rejected():
    codec = PaletteCodec({"cat": (255, 0, 0)}, reject=50)
    result = codec.decode(np.array([[255, 50, 0], [255, 51, 0], [0, 0, 40], [0, 255, 0]], np.uint8))
    assert result.labels.tolist() == [0, -1, -1, -1]
    assert result.valid.tolist() == [True, False, True, False]
    assert result.residual.tolist() == [50, 51, 40, 255]


def test_of_two_equally_near_classes_the_first_wins_and_the_margin_says_so():
    result = PaletteCodec({"a": (100, 0, 0), "b": (200, 0, 0)}).decode(np.array([[150, 0, 0]], np.uint8))
    assert (result.labels[0], result.margin[0]) == (0, 0)


def test_a_class_wins_over_the_background_at_the_same_distance():
    codec = PaletteCodec({"a": (100, 0, 0)}, background=(0, 0, 0))
    assert codec.decode(np.array([[50, 0, 0]], np.uint8)).labels[0] == 0


def test_colours_that_are_not_numbers_are_rejected_without_a_distance():
    result = PaletteCodec(CITY).decode(np.array([[np.nan, 0, 0], [0, 0, 142 / 255]]))
    assert result.labels.tolist() == [-1, 1]
    assert result.valid.tolist() == [False, True]
    assert np.isnan(result.residual).tolist() == np.isnan(result.margin).tolist() == [True, False]


def test_the_report_tells_how_each_class_was_painted():
    rgb = np.zeros((10, 10, 3), np.uint8)
    rgb[:5] = (251, 3, 0)  # "cat", drifted by 5
    rgb[5:7] = (0, 200, 0)  # "dog" as asked
    rgb[7] = (128, 95, 0)  # between the two
    cat, dog, bird, background = PaletteCodec(
        {"cat": (255, 0, 0), "dog": (0, 200, 0), "bird": (0, 0, 255)}
    ).report(rgb)
    assert (cat.name, cat.pixels, cat.share, cat.painted, cat.drift) == ("cat", 60, 0.6, (251, 3, 0), 5)
    between = math.dist((128, 95, 0), (255, 0, 0))
    assert cat.residual == pytest.approx((50 * 5 + 10 * between) / 60)
    assert cat.ambiguous == pytest.approx(10 / 60)
    assert (dog.pixels, dog.drift, dog.residual, dog.ambiguous) == (20, 0, 0, 0)
    assert (bird.pixels, bird.painted) == (0, None)
    assert all(math.isnan(value) for value in (bird.drift, bird.residual, bird.ambiguous))
    assert (background.name, background.colour, background.pixels) == ("(background)", (0, 0, 0), 20)


@pytest.mark.parametrize("space", ["rgb", "lab"])
def test_the_report_counts_what_decode_decides(space):
    rgb = np.random.default_rng(1).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    codec = PaletteCodec(CITY, space=space, reject=45)
    result = codec.decode(rgb)
    report = codec.report(rgb)
    counts = [int((result.labels == k).sum()) for k in range(len(CITY))]
    counts.append(int((result.valid & (result.labels == -1)).sum()))
    assert [row.pixels for row in report] == counts
    assert 0 < sum(counts) < rgb[..., 0].size


def test_the_report_of_nothing_is_empty_counts():
    rows = PaletteCodec(CITY).report(np.zeros((0, 5, 3), np.uint8))
    assert [(row.pixels, row.share, row.painted) for row in rows] == [(0, 0, None)] * 5


@pytest.mark.parametrize("shape", [(), (4,), (2, 3), (2, 2, 3), (0,), (3, 0)])
def test_torch_and_numpy_agree_in_any_shape(shape):
    labels = np.random.default_rng(0).integers(-1, 4, shape).astype(np.int64)
    for codec in (PaletteCodec(CITY), PaletteCodec(CITY, space="lab", reject=30)):
        rgb, tensor = codec.encode(np.asarray(labels)), codec.encode(torch.as_tensor(labels))
        np.testing.assert_array_equal(tensor.numpy(), rgb)
        one, two = codec.decode(rgb), codec.decode(tensor)
        assert isinstance(two.labels, torch.Tensor)
        np.testing.assert_array_equal(one.labels, labels)
        np.testing.assert_array_equal(two.labels.numpy(), labels)
        np.testing.assert_allclose(two.margin, one.margin, atol=1e-3)


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.int16, np.uint64])
def test_labels_of_any_integer_type_are_painted(kind):
    colours = separated_palette(130)
    codec = PaletteCodec({str(k): value for k, value in enumerate(colours)})
    labels = np.array([0, 5, 126], kind)
    np.testing.assert_array_equal(codec.decode(codec.encode(labels)).labels, [0, 5, 126])


def test_labels_that_are_no_class_are_counted_and_refused():
    codec = PaletteCodec(CITY)
    with pytest.raises(InputError, match=r"2 values outside -1 to 3.*'road'"):
        codec.encode(np.array([0, 4, -2, -1]))
    with pytest.raises(InputError, match="1 values outside 0 to 3"):
        PaletteCodec(CITY, background=None).encode(np.array([0, -1]))
    for labels in (np.array([0.5]), np.array([True]), np.array([np.nan])):
        with pytest.raises(InputError, match="labels must be integers"):
            codec.encode(labels)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"classes": {}}, "at least one class"),
        (
            {"classes": {"cat": "red"}},
            "the colour of 'cat' must be three whole numbers from 0 to 255, got 'red'",
        ),
        ({"classes": {"cat": (1, 2)}}, "the colour of 'cat'"),
        ({"classes": {"cat": (0, 0, 256)}}, "the colour of 'cat'"),
        ({"classes": {"cat": (0.5, 0, 0)}}, "the colour of 'cat'"),
        ({"classes": {"cat": None}}, "the colour of 'cat'"),
        ({"classes": CITY, "background": "red"}, "background must be three whole numbers"),
        ({"classes": CITY, "background": "black"}, "background must be three whole numbers"),
        ({"classes": {"a": (1, 2, 3), "b": [1, 2, 3]}}, r"\(1, 2, 3\) is given twice"),
        ({"classes": CITY, "background": [70, 130, 180]}, "given twice"),
        ({"classes": CITY, "reject": 0}, "reject must be None or a finite number above 0"),
        ({"classes": CITY, "reject": "x"}, "reject must be None or a finite number.*got 'x'"),
        ({"classes": [("a", (1, 2, 3))]}, "classes must be a mapping of names to colours.*got list"),
        ({"classes": CITY, "reject": math.nan}, "reject must be"),
        ({"classes": CITY, "space": "hsv"}, "space must be 'rgb' or 'lab', got 'hsv'"),
    ],
)
def test_a_palette_that_cannot_work_is_an_error_that_says_why(settings, message):
    with pytest.raises(InputError, match=message):
        PaletteCodec(**settings)


def test_a_colour_may_be_any_three_whole_numbers():
    for given_colour in ((1, 2, 3), [1, 2, 3], np.array([1, 2, 3], np.uint8), (1.0, 2.0, 3.0)):
        assert check_colour(given_colour, "colour") == (1, 2, 3)


@pytest.mark.parametrize("n", [1, 2, 7, 20, 100])
def test_palettes_to_order_are_well_apart_and_grow_from_each_other(n):
    colours = separated_palette(n)
    assert colours == separated_palette(n + 5)[:n]
    assert all(isinstance(value, int) for one in colours for value in one)
    points = np.array([*colours, (0, 0, 0)], float)
    apart = cdist(points, points) + np.eye(len(points)) * 1e9
    assert apart.min() > 0.6 * 255 / n ** (1 / 3)
    codec = PaletteCodec({str(k): value for k, value in enumerate(colours)})
    labels = np.repeat(np.arange(n), 50)
    noise = np.random.default_rng(0).normal(0, 5, (len(labels), 3))
    noisy = np.clip(np.rint(codec.encode(labels) + noise), 0, 255).astype(np.uint8)
    assert (codec.decode(noisy).labels == labels).mean() > 0.99


def test_palettes_stay_away_from_what_they_are_told_to():
    colours = separated_palette(10, avoid=[(255, 255, 255), (255, 0, 0)])
    assert min(math.dist(one, bad) for one in colours for bad in ((255, 255, 255), (255, 0, 0))) > 100


def test_no_more_colours_than_the_grid_holds():
    everything = separated_palette(26, levels=3)
    assert len(set(everything)) == 26
    assert (0, 0, 0) not in everything
    for n in (0, 27, 2.5, "3", True):
        with pytest.raises(InputError, match=f"n must be an integer from 1 to 26.*got {n!r}"):
            separated_palette(n, levels=3)
    for levels in (1, 65, 2.5):
        with pytest.raises(InputError, match="levels must be an integer from 2 to 64"):
            separated_palette(3, levels=levels)
    with pytest.raises(InputError, match=r"avoid\[1\] must be three whole numbers.*got 'black'"):
        separated_palette(3, avoid=((0, 0, 0), "black"))
    with pytest.raises(InputError, match=r"avoid must be colours.*got 5"):
        separated_palette(3, avoid=5)
