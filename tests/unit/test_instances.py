from __future__ import annotations

import os
import time
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from vbanalysis.codecs.instances import InstanceCodec, estimate_background, masks, to_rle
from vbanalysis.errors import InputError

RED, GREEN, BLUE = (220, 30, 40), (30, 200, 60), (40, 60, 230)


def canvas(*boxes, size=(60, 80), background=(0, 0, 0)):
    """A picture with filled boxes, each `(colour, x0, y0, x1, y1)`."""
    rgb = np.full((*size, 3), background, np.uint8)
    for colour, x0, y0, x1, y1 in boxes:
        rgb[y0:y1, x0:x1] = colour
    return rgb


def assert_same(one, two):
    for field in fields(one):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(two, field.name), field.name)


@st.composite
def label_maps(draw):
    """Boxes and ellipses over each other; what is left of each is connected and not all rim."""
    height, width = draw(st.integers(12, 60)), draw(st.integers(12, 60))
    ys, xs = np.mgrid[:height, :width]
    labels = np.zeros((height, width), np.int32)
    for k in range(1, draw(st.integers(0, 9)) + 1):
        cy, cx = draw(st.integers(0, height)), draw(st.integers(0, width))
        ry, rx = draw(st.integers(2, 16)), draw(st.integers(2, 16))
        power = draw(st.sampled_from([2, 100]))
        labels[(np.abs(ys - cy) / ry) ** power + (np.abs(xs - cx) / rx) ** power <= 1] = k
    kept = np.zeros_like(labels)
    for first in dict.fromkeys(labels[labels > 0]):
        mask = labels == first
        solid = ndimage.binary_erosion(mask, np.ones((3, 3)), border_value=1)
        if ndimage.label(mask, np.ones((3, 3)))[1] == 1 and solid.sum() >= 0.1 * mask.sum():
            kept[mask] = kept.max() + 1
    return kept


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    labels=label_maps(),
    background=st.tuples(*[st.integers(0, 255)] * 3),
    connectivity=st.sampled_from(["8", "16-knight"]),
    shuffle=st.booleans(),
)
def test_what_was_painted_is_read_back(labels, background, connectivity, shuffle):
    codec = InstanceCodec(background=background, connectivity=connectivity)
    rgb = codec.encode(labels, rng=np.random.default_rng(0) if shuffle else None)
    result = codec.decode(rgb)
    np.testing.assert_array_equal(result.labels, labels)
    assert len(result) == labels.max()
    np.testing.assert_array_equal(result.areas, np.bincount(labels.ravel())[1:])
    for k, (x0, y0, x1, y1) in enumerate(result.boxes, 1):
        rows, columns = np.nonzero(labels == k)
        assert (x0, y0, x1, y1) == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        np.testing.assert_array_equal(
            rgb[labels == k], np.broadcast_to(result.colours[k - 1], (len(rows), 3))
        )


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    connectivity=st.sampled_from(["4", "8", "16-knight", "16-ring"]),
    kind=st.sampled_from(["uint8", "uint16", "float64"]),
)
def test_without_numba_the_result_is_the_same(seed, connectivity, kind):
    rng = np.random.default_rng(seed)
    size = (*rng.integers(1, 30, 2), 3)
    rgb = ndimage.zoom(rng.integers(0, 256, (*rng.integers(1, 8, 2), 3)), (4, 4, 1), order=1) / 255
    rgb = np.resize(np.clip(rgb + rng.normal(0, 0.02, rgb.shape), 0, 1), size)
    rgb[rng.random(size[:2]) < 0.3] = 0
    if kind == "float64":
        rgb[rng.random(size) < 0.01] = np.nan
    else:
        rgb = np.round(rgb * np.iinfo(kind).max).astype(kind)
    codec = InstanceCodec(tau=25, connectivity=connectivity, min_area=0.004, merge_area="pixel")
    compiled = codec.decode(rgb)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vbanalysis.codecs.instances.kernels", lambda _: None)
        assert_same(codec.decode(rgb), compiled)


def test_halos_and_specks_are_rejected_and_leave_the_instance_alone():
    rgb = canvas((RED, 20, 20, 50, 45))
    rgb[19, 19:51] = rgb[45, 19:51] = rgb[19:46, 19] = rgb[19:46, 50] = (110, 15, 20)
    rgb[5, 5] = GREEN
    result = InstanceCodec().decode(rgb)
    assert result.boxes.tolist() == [[20, 20, 50, 45]]
    assert (result.labels[19, 19], result.labels[5, 5], result.labels[0, 0]) == (-1, -1, 0)


def test_anti_aliased_discs_on_noise_are_counted():
    rng = np.random.default_rng(3)
    ys, xs = np.mgrid[:200, :300]
    rgb = np.zeros((200, 300, 3))
    for k in range(12):
        distance = np.hypot(ys - 30 - 65 * (k // 4), xs - 35 - 75 * (k % 4))
        colour = np.array([60 + 60 * (k % 4), 60 + 90 * (k // 4), 255 - 20 * k])
        rgb = np.where((cover := np.clip(25.5 - distance, 0, 1)[..., None]) > 0, cover * colour, rgb)
    rgb = np.clip(np.round(rgb + rng.normal(0, 1.5, rgb.shape)), 0, 255).astype(np.uint8)
    assert len(InstanceCodec().decode(rgb)) == 12


def test_the_seed_decides_who_joins_so_a_slow_ramp_is_cut():
    rgb = np.zeros((20, 100, 3), np.uint8)
    rgb[..., 0] = 50 + np.arange(100)
    result = InstanceCodec(gamma=0).decode(rgb)
    assert (np.diff(result.boxes[:, [0, 2]], axis=1) == 15).sum() == 6, "seed and 14 levels more"
    assert result.colours[:, 0].tolist() == [57, 72, 87, 102, 117, 132, 144]


@pytest.mark.parametrize(
    ("connectivity", "blocks", "row_with_gap", "two_rows_with_gap", "wide_gap"),
    [("8", [1, 1, 1], 2, 2, 2), ("16-knight", [1, 1, 1], 2, 1, 2), ("16-ring", [4, 2, 1], 3, 1, 2)],
)
def test_each_reading_of_16_connectivity_has_its_own_gaps(
    connectivity, blocks, row_with_gap, two_rows_with_gap, wide_gap
):
    codec = InstanceCodec(connectivity=connectivity, gamma=0, min_area=0, erosion=0)

    def components(*boxes):
        return len(codec.decode(canvas(*((RED, *box) for box in boxes))))

    assert [components((5, 5, 5 + n, 5 + n)) for n in (2, 3, 4)] == blocks
    assert components((5, 5, 9, 6), (10, 5, 14, 6)) == row_with_gap
    assert components((5, 5, 9, 9), (10, 5, 14, 9)) == two_rows_with_gap
    assert components((5, 5, 9, 9), (11, 5, 15, 9)) == wide_gap


def test_tau_is_inclusive():
    rgb = canvas(((14, 0, 0), 5, 5, 20, 20), ((15, 0, 0), 30, 5, 45, 20))
    assert InstanceCodec().decode(rgb).boxes.tolist() == [[30, 5, 45, 20]]


@pytest.mark.parametrize(
    ("connectivity", "diagonal", "gap"),
    [("4", False, False), ("8", True, False), ("16-knight", True, False), ("16-ring", True, True)],
)
def test_connectivity_says_which_pixels_touch(connectivity, diagonal, gap):
    codec = InstanceCodec(gamma=0, connectivity=connectivity)
    corners = canvas((RED, 5, 5, 20, 20), (RED, 20, 20, 40, 40))
    assert len(codec.decode(corners)) == (1 if diagonal else 2)
    apart = canvas((RED, 5, 5, 20, 20), (RED, 21, 5, 40, 20))
    # A knight's move steps over the gap as soon as it also moves along it.
    assert len(codec.decode(apart)) == (1 if gap or connectivity == "16-knight" else 2)


def test_an_instance_cut_by_the_frame_is_not_taken_for_a_halo():
    codec = InstanceCodec(erosion=0.4)
    assert len(codec.decode(canvas((RED, 0, 0, 2, 60)))) == 1
    assert len(codec.decode(canvas((RED, 40, 0, 42, 60)))) == 0


def test_parts_of_one_colour_are_joined_unless_far_apart():
    near = canvas((RED, 5, 5, 15, 15), (RED, 25, 5, 35, 15), (GREEN, 16, 5, 24, 15))
    result = InstanceCodec().decode(near)
    assert result.boxes.tolist() == [[5, 5, 35, 15], [16, 5, 24, 15]]
    assert result.areas.tolist() == [200, 80]
    assert len(InstanceCodec(gamma=0).decode(near)) == 3
    far = canvas((RED, 0, 0, 5, 5), (RED, 70, 50, 75, 55))
    assert len(InstanceCodec().decode(far)) == 2


def test_merge_area_chooses_between_boxes_and_pixels():
    # Two rings of 5 pixels' width: their boxes are large, their pixels few.
    rgb = canvas((RED, 2, 5, 38, 55), (RED, 42, 5, 78, 55))
    rgb[10:50, 7:33] = rgb[10:50, 47:73] = 0
    joint, boxes, pixels = 76 * 50, 2 * 36 * 50, 2 * (36 * 50 - 26 * 40)
    gamma = (joint / boxes + joint / pixels) / 2
    assert len(InstanceCodec(gamma=gamma, merge_area="box").decode(rgb)) == 1
    assert len(InstanceCodec(gamma=gamma, merge_area="pixel").decode(rgb)) == 2


def test_merging_follows_chains_and_does_not_depend_on_the_direction_of_the_picture():
    rgb = canvas(*((RED, 2 + 12 * i, 10 + i, 9 + 12 * i, 25 + i) for i in range(6)))
    codec = InstanceCodec(gamma=1.5)
    assert [len(codec.decode(view)) for view in (rgb, rgb[::-1], rgb[:, ::-1], rgb.swapaxes(0, 1))] == [1] * 4


@pytest.mark.parametrize("kind", ["uint16", "float32", "float64"])
def test_wider_colours_give_the_labels_of_8_bits(kind):
    rng = np.random.default_rng(5)
    rgb = np.clip(
        canvas((RED, 5, 5, 30, 40), (BLUE, 28, 20, 70, 50)) + rng.normal(0, 5, (60, 80, 3)), 0, 255
    ).astype(np.uint8)
    wide = rgb.astype("uint16") * 257 if kind == "uint16" else (rgb / 255).astype(kind)
    assert_same(InstanceCodec().decode(wide), InstanceCodec().decode(rgb))


def test_a_pixel_without_a_colour_is_rejected():
    rgb = canvas((RED, 5, 5, 30, 40)) / 255
    rgb[0, 0, 1] = rgb[10, 10, 2] = np.nan
    result = InstanceCodec().decode(rgb)
    assert (result.labels[0, 0], result.labels[10, 10], result.areas.tolist()) == (-1, -1, [25 * 35 - 1])


@pytest.mark.parametrize("kind", [torch.uint8, torch.float32, torch.bfloat16])
def test_tensors_come_back_as_tensors(kind):
    rgb = torch.from_numpy(canvas((RED, 5, 5, 30, 40)))
    rgb = rgb if kind is torch.uint8 else (rgb / 255).to(kind)
    codec = InstanceCodec()
    result = codec.decode(rgb)
    assert isinstance(result.labels, torch.Tensor)
    assert result.labels.dtype == torch.int32
    assert result.areas.tolist() == [25 * 35]
    assert result.boxes.tolist() == [[5, 5, 30, 40]]
    assert masks(result).shape == (1, 60, 80)
    assert len(to_rle(result)) == 1
    assert torch.equal(codec.decode(codec.encode(result.labels)).labels, result.labels)
    assert codec.sensitivity(rgb, taus=[14])[0].agreement == 1


def test_a_batch_gives_one_result_a_picture():
    rgb = np.stack([canvas((RED, 5, 5, 30, 40)), canvas()])
    assert [len(result) for result in InstanceCodec().decode(rgb)] == [1, 0]


def test_views_and_read_only_pictures_are_read_and_left_as_they_are():
    rgb = canvas((RED, 5, 5, 30, 40), (GREEN, 40, 5, 70, 40))
    rgb.flags.writeable = False
    view = rgb[::-1, ::2]
    assert_same(InstanceCodec().decode(view), InstanceCodec().decode(view.copy()))
    assert len(InstanceCodec().decode(rgb)) == 2


def test_the_background_can_be_estimated_from_the_border():
    rng = np.random.default_rng(0)
    rgb = canvas((RED, 5, 5, 78, 58), background=(88, 50, 82)).astype(int)
    rgb = np.clip(rgb + rng.normal(0, 3, rgb.shape), 0, 255).astype(np.uint8)
    assert np.abs(np.subtract(estimate_background(rgb), (88, 50, 82))).max() <= 1
    assert InstanceCodec(background=None).decode(rgb).boxes.tolist() == [[5, 5, 78, 58]]
    with pytest.raises(InputError, match="NaN along its border"):
        estimate_background(np.full((9, 9, 3), np.nan))


def decode_rle(rle):
    """COCO's text back to a mask, from the format's description alone."""
    numbers, value, shift = [], 0, 0
    for character in rle["counts"].encode():
        group = character - 48
        value |= (group & 0b11111) << shift
        shift += 5
        if not group & 0b100000:
            numbers.append(value - (1 << shift if group & 0b10000 else 0))
            value, shift = 0, 0
    for i in range(3, len(numbers)):
        numbers[i] += numbers[i - 2]
    bits = np.repeat(np.arange(len(numbers)) % 2, numbers).astype(bool)
    height, width = rle["size"]
    return bits.reshape(width, height).T


@settings(deadline=None, derandomize=True, max_examples=60)
@given(labels=label_maps())
def test_rle_holds_the_masks(labels):
    codec = InstanceCodec()
    result = codec.decode(codec.encode(labels))
    expected = masks(result)
    codes = to_rle(result)
    assert len(codes) == len(result) == len(expected)
    for rle, mask in zip(codes, expected, strict=True):
        np.testing.assert_array_equal(decode_rle(rle), mask)


def test_rle_is_what_pycocotools_writes():
    coco = pytest.importorskip("pycocotools.mask", reason="pycocotools is not installed")
    rng = np.random.default_rng(2)
    rgb = rng.choice(np.array([(0, 0, 0), RED, GREEN, BLUE], np.uint8), (70, 90))
    result = InstanceCodec(min_area=0.1, erosion=0).decode(rgb)
    assert len(result) == 3
    for rle, mask in zip(to_rle(result), masks(result), strict=True):
        peer = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
        assert rle == {"size": peer["size"], "counts": peer["counts"].decode()}


def test_sensitivity_shows_where_a_count_holds():
    rgb = canvas((RED, 5, 5, 30, 30), ((240, 30, 40), 30, 5, 55, 30), ((10, 0, 0), 60, 40, 75, 55))
    by_tau = {row.tau: row for row in InstanceCodec().sensitivity(rgb, taus=(5, 14, 30))}
    assert [by_tau[tau].instances for tau in (5, 14, 30)] == [3, 2, 1]
    assert by_tau[14].agreement == 1
    assert by_tau[14].rejected == 0
    assert by_tau[5].agreement == pytest.approx(2 / 3)
    assert by_tau[30].agreement == pytest.approx(0.25)
    assert by_tau[14].foreground == pytest.approx(2 * 625 / 4800)
    assert InstanceCodec().sensitivity(canvas(), taus=[3])[0].agreement == 1


def test_default_colours_stay_apart_and_say_when_there_are_too_many():
    codec = InstanceCodec(background=(90, 90, 90))
    rgb = codec.encode(np.arange(301)[None])[0].astype(int)
    distance = np.linalg.norm(rgb[:, None] - rgb[None], axis=-1)
    assert distance[~np.eye(301, dtype=bool)].min() > 28
    with pytest.raises(InputError, match="5000 instances, but only 7"):
        codec.encode(np.arange(5001)[None])


def test_own_colours_and_any_numbers_can_be_painted():
    labels = np.zeros((30, 30), np.int64)
    labels[2:9, 2:9], labels[12:19, 2:9], labels[-1] = 1_000_000, 7, -1
    rgb = InstanceCodec().encode(labels, colours=np.array([RED, GREEN]))
    assert tuple(rgb[3, 3]) == GREEN
    assert tuple(rgb[13, 3]) == RED
    assert not rgb[-1].any()


@pytest.mark.parametrize(
    ("labels", "colours", "message"),
    [
        (np.zeros((3, 3)), None, r"labels must be \(..., H, W\) integers"),
        (np.full((3, 3), -2), None, "labels must be -1 or more, got -2"),
        (np.ones((3, 3), int), np.array([RED, GREEN]), r"colours must be \(1, 3\)"),
        (np.ones((3, 3), int), np.array([[0, 0, 300]]), "0 to 255"),
        (np.ones((3, 3), int), np.array([[5, 5, 5]]), r"\(0, 0, 0\) and \(5, 5, 5\) lie within tau = 14"),
        ([[1]], None, "labels must be a numpy array or a torch tensor"),
    ],
)
def test_what_cannot_be_painted_is_named(labels, colours, message):
    with pytest.raises(InputError, match=message):
        InstanceCodec().encode(labels, colours)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"tau": -1}, "tau must be a number from 0 to 442, got -1"),
        ({"tau": float("nan")}, "tau must be a number"),
        ({"tau": "a"}, "tau must be a number.*got 'a'"),
        ({"min_area": 2}, "min_area must be a number from 0 to 1"),
        ({"erosion": 1.5}, "erosion must be a number from 0 to 1"),
        ({"gamma": -0.1}, "gamma must be a finite number of at least 0"),
        ({"background": (0, 0, 256)}, "background must be three whole numbers"),
        ({"background": (0.5, 0, 0)}, "background must be three whole numbers"),
        ({"background": "red"}, "background must be three whole numbers.*got 'red'"),
        ({"background": 5}, "background must be three whole numbers.*got 5"),
        ({"connectivity": "16"}, "connectivity must be one of 4, 8, 16-knight, 16-ring"),
        ({"merge_area": "hull"}, "merge_area must be one of box, pixel"),
    ],
)
def test_settings_out_of_range_are_named(setting, message):
    with pytest.raises(InputError, match=message):
        InstanceCodec(**setting)


@pytest.mark.parametrize(
    ("rgb", "message"),
    [
        (np.zeros((0, 5, 3), np.uint8), "no pixels"),
        (np.zeros((5, 3), np.uint8), "one picture"),
        (np.zeros((5, 5, 4), np.uint8), "drop the alpha channel"),
        (np.zeros((1, 1, 5, 5, 3), np.uint8), "one picture"),
        (np.full((5, 5, 3), 200.0), "divide an 8-bit image by 255"),
        (np.zeros((5, 5, 3), bool), "got bool"),
    ],
)
def test_what_is_no_picture_is_named(rgb, message):
    with pytest.raises(InputError, match=message):
        InstanceCodec().decode(rgb)


def test_the_dullest_pictures_decode():
    assert len(InstanceCodec().decode(canvas())) == 0
    assert to_rle(InstanceCodec().decode(canvas())) == []
    assert InstanceCodec().decode(canvas(background=RED)).areas.tolist() == [60 * 80]
    one = InstanceCodec().decode(np.full((1, 1, 3), 255, np.uint8))
    assert one.labels.tolist() == [[1]]
    assert one.boxes.tolist() == [[0, 0, 1, 1]]


def test_noise_of_a_million_colours_ends_soon():
    noise = np.random.default_rng(0).integers(0, 256, (880, 1216, 3), dtype=np.uint8)
    InstanceCodec().decode(noise[:9, :9])
    start = time.perf_counter()
    result = InstanceCodec().decode(noise)
    assert len(result) == 0
    assert time.perf_counter() - start < 1
    with pytest.raises(InputError, match="raise min_area or erosion"):
        InstanceCodec(min_area=0, erosion=0).decode(noise)


@pytest.mark.parametrize("merge_area", ["box", "pixel"])
@pytest.mark.parametrize("connectivity", ["8", "16-knight", "16-ring"])
@pytest.mark.parametrize(
    ("name", "background", "count"),
    [
        ("insseg1_1", (0, 0, 0), 5),  # price tags, each broken by the ring that holds it
        ("insseg1_2", (88, 50, 82), 12),  # croissants
        ("insseg2_1", (0, 0, 0), 22),  # garlic: 26 are painted, 4 of them smaller than min_area
        ("insseg2_2", (0, 0, 0), 20),  # beef
    ],
)
def test_published_pictures_give_the_counts_that_a_person_sees(
    name, background, count, connectivity, merge_area
):
    from PIL import Image

    root = os.environ.get("VBANALYSIS_CACHE")
    if not root:
        pytest.skip("VBANALYSIS_CACHE is not set")
    path = Path(root, "vision-banana-gallery/files/images/insseg", f"{name}.png")
    if not path.exists():
        pytest.skip(f"the gallery in VBANALYSIS_CACHE has no {name}.png")
    rgb = np.array(Image.open(path).convert("RGB"))
    codec = InstanceCodec(background=background, connectivity=connectivity, merge_area=merge_area)
    assert len(codec.decode(rgb)) == count
    assert np.abs(np.subtract(estimate_background(rgb), background)).max() <= 2
