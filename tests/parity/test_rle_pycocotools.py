"""Oracle: pycocotools, for run-length codes, their areas and overlaps, and for polygons."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pycocotools import mask as coco

from vbanalysis.codecs.polygons import coco_mask
from vbanalysis.codecs.rle import masks_from_rle, overlaps, read_runs
from vbanalysis.paths import samples_dir

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def random_codes(rng, shape, count):
    stacks = rng.random((count, *shape)) < rng.choice([0, 0.02, 0.3, 0.9, 1], (count, 1, 1))
    stacks = np.repeat(np.repeat(stacks, rng.integers(1, 5), axis=1), rng.integers(1, 5), axis=2)
    codes = [coco.encode(np.asfortranarray(mask, np.uint8)) for mask in stacks]
    return stacks, [{"size": code["size"], "counts": code["counts"].decode()} for code in codes]


def test_codes_areas_and_ious_are_those_of_pycocotools():
    for seed in range(40):
        rng = np.random.default_rng(seed)
        masks, codes = random_codes(rng, tuple(rng.integers(1, 40, 2)), 6)
        shape = masks.shape[1:]
        np.testing.assert_array_equal(masks_from_rle(codes, shape), masks)
        runs = read_runs([code["counts"] for code in codes], [shape[0] * shape[1]] * 6)
        np.testing.assert_array_equal(runs.areas, coco.area(codes))
        left, right = (places.ravel() for places in np.indices((6, 6)))
        shared = overlaps(runs, left, right)
        union = runs.areas[left] + runs.areas[right] - shared
        ious = (shared / np.maximum(union, 1)).reshape(6, 6)
        np.testing.assert_array_equal(ious, coco.iou(codes, codes, [0] * 6))


def test_the_masks_of_the_saco_sample_have_the_areas_of_pycocotools():
    samples = samples_dir()
    if samples is None or not (samples / "saco").is_dir():
        pytest.skip("VBANALYSIS_SAMPLES with saco/ is not set")
    codes = [
        item["segmentation"] for item in json.loads((samples / "saco" / "gt.json").read_text())["annotations"]
    ]
    runs = read_runs([code["counts"] for code in codes], [1280 * 720] * len(codes))
    assert len(runs.areas) == 4359
    # One at a time: pycocotools counts the areas of more than 255 codes in eight bits under NumPy 2.
    np.testing.assert_array_equal(runs.areas, [coco.area(code) for code in codes])


def test_polygons_are_painted_as_pycocotools_paints_them():
    for seed in range(300):
        rng = np.random.default_rng(seed)
        height, width = (int(side) for side in rng.integers(1, 60, 2))
        polygons = []
        for _ in range(rng.integers(1, 4)):
            corners = rng.uniform(-5, 65, (rng.integers(3, 14), 2))
            if seed % 2:
                corners = np.round(corners)
            if seed % 5 == 0:
                corners[1] = corners[0]
            if seed % 7 == 0:
                corners[-1] = corners[0]
            polygons.append(corners.ravel().tolist())
        expected = coco.decode(coco.merge(coco.frPyObjects(polygons, height, width)))
        np.testing.assert_array_equal(coco_mask(polygons, (height, width)), expected.astype(bool), str(seed))
