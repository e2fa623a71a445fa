"""Oracle: the five stages written once more on scikit-image's `flood` and scipy.ndimage."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from scipy.sparse.csgraph import connected_components
from skimage.segmentation import flood

from vbanalysis.codecs.instances import InstanceCodec

FOOTPRINTS = {
    "4": ["00000", "00100", "01110", "00100", "00000"],
    "8": ["00000", "01110", "01110", "01110", "00000"],
    "16-knight": ["01010", "11111", "01110", "11111", "01010"],
    "16-ring": ["11111", "10001", "10101", "10001", "11111"],
}


def oracle(
    rgb: np.ndarray,
    background=(0, 0, 0),
    tau=14,
    min_area=2e-4,
    erosion=0.1,
    gamma=5,
    connectivity="16-knight",
    merge_area="box",
) -> np.ndarray:
    """The labels of a uint8 picture; each flood works on its own island of foreground, to save time."""
    footprint = np.array([[int(cell) for cell in row] for row in FOOTPRINTS[connectivity]])
    colours = rgb.astype(np.int32)

    free = ((colours - background) ** 2).sum(-1) > tau**2
    islands, _ = ndimage.label(ndimage.binary_dilation(free, np.ones((3, 3))), np.ones((3, 3)))
    windows = ndimage.find_objects(islands)
    labels = np.where(free, -1, 0).astype(np.int32)
    parts = []
    for y, x in np.argwhere(free):
        if not free[y, x]:
            continue
        window = windows[islands[y, x] - 1]
        seed = (y - window[0].start, x - window[1].start)
        alike = free[window] & (((colours[window] - colours[y, x]) ** 2).sum(-1) <= tau**2)
        part = flood(alike.view(np.uint8), seed, footprint=footprint)
        free[window] &= ~part
        area = part.sum()
        if area < min_area * free.size:
            continue
        whole = np.zeros(free.shape, bool)
        whole[window] = part
        if ndimage.binary_erosion(whole, np.ones((3, 3)), border_value=1).sum() < erosion * area:
            continue
        labels[whole] = len(parts) + 1
        rows, columns = ndimage.find_objects(whole.astype(np.uint8))[0]
        box = (columns.start, rows.start, columns.stop, rows.stop)
        own = area if merge_area == "pixel" else (box[2] - box[0]) * (box[3] - box[1])
        parts.append((colours[whole].mean(0), own, box))

    edges = np.zeros((len(parts), len(parts)))
    for i, (mean_i, own_i, box_i) in enumerate(parts):
        for j, (mean_j, own_j, box_j) in enumerate(parts):
            wide = max(box_i[2], box_j[2]) - min(box_i[0], box_j[0])
            high = max(box_i[3], box_j[3]) - min(box_i[1], box_j[1])
            edges[i, j] = np.linalg.norm(mean_i - mean_j) <= tau and wide * high <= gamma * (own_i + own_j)
    if parts:
        group = connected_components(edges, directed=False)[1]
        order = list(dict.fromkeys(group))
        labels[labels > 0] = np.array([order.index(g) + 1 for g in group])[labels[labels > 0] - 1]
    return labels


def scene(seed: int) -> np.ndarray:
    """Touching and broken instances, few colours, blurred edges, noise, specks and near-background."""
    rng = np.random.default_rng(seed)
    height, width = rng.integers(20, 70, 2)
    ys, xs = np.mgrid[:height, :width]
    rgb = np.zeros((height, width, 3))
    few = rng.integers(0, 256, (5, 3))
    for _ in range(rng.integers(2, 14)):
        cy, cx, ry, rx = rng.uniform((0, 0, 1, 1), (height, width, 14, 14))
        inside = (np.abs((ys - cy) / ry) ** 3 + np.abs((xs - cx) / rx) ** 3) < 1
        rgb[inside] = few[rng.integers(5)] + rng.normal(0, 4, 3)
    if seed % 2:
        rgb = ndimage.gaussian_filter(rgb, (0.6, 0.6, 0))
    rgb += rng.normal(0, rng.choice([0, 2, 5]), rgb.shape)
    return np.clip(np.round(rgb), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("merge_area", ["box", "pixel"])
@pytest.mark.parametrize("connectivity", list(FOOTPRINTS))
def test_labels_equal_those_of_scikit_image_on_noisy_scenes(connectivity, merge_area):
    merged = rejected = 0
    for seed in range(24):
        settings = {
            "connectivity": connectivity,
            "merge_area": merge_area,
            "min_area": (2e-4, 2e-3, 8e-3)[seed % 3],
            "gamma": (5, 1.5, 2.5)[seed // 3 % 3],
            "tau": (14, 9, 25)[seed // 9 % 3],
        }
        rgb = scene(seed)
        labels = InstanceCodec(**settings).decode(rgb).labels
        np.testing.assert_array_equal(labels, oracle(rgb, **settings), err_msg=f"scene {seed}, {settings}")
        merged += labels.max() < len(InstanceCodec(**{**settings, "gamma": 0}).decode(rgb))
        rejected += (labels < 0).any()
    assert min(merged, rejected) >= 3, "the scenes must exercise the later stages"


def test_labels_equal_those_of_scikit_image_on_another_background():
    rgb = np.where(scene(1).any(-1, keepdims=True), scene(1), np.uint8([88, 50, 82]))
    labels = InstanceCodec(background=(88, 50, 82)).decode(rgb).labels
    np.testing.assert_array_equal(labels, oracle(rgb, background=(88, 50, 82)))
