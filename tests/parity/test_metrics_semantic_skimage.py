"""Oracles: scikit-image's contingency table, and IoU from sets of pixels."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.metrics import contingency_table

from vbanalysis.metrics import confusion_matrix, semantic_metrics


def label_maps(seed, n_classes):
    """Blocks of classes, of which some never occur; the truth has unknown pixels, the prediction misses."""
    rng = np.random.default_rng(seed)
    occurring = rng.permutation(n_classes)[: rng.integers(1, n_classes + 1)]
    shape = rng.integers(4, 30, 2)
    true = rng.choice(occurring, shape).astype(np.int32)
    predicted = np.where(rng.random(shape) < 0.6, true, rng.integers(-1, n_classes, shape)).astype(np.int32)
    true[rng.random(shape) < 0.15] = -1
    true[0, 0] = predicted[0, 0] = occurring[0]
    return predicted, true


@pytest.mark.parametrize("n_classes", [1, 2, 7, 19])
def test_counts_equal_the_contingency_table_of_scikit_image(n_classes):
    for seed in range(20):
        predicted, true = label_maps(seed, n_classes)
        # The table has no negative labels: misses become class n, unknown pixels label n + 1.
        table = contingency_table(
            np.where(true < 0, n_classes + 1, true),
            np.where(predicted < 0, n_classes, predicted),
            ignore_labels=[n_classes + 1],
        ).toarray()
        expected = np.zeros((n_classes, n_classes + 1), np.int64)
        rows, columns = min(n_classes, table.shape[0]), table.shape[1]
        expected[:rows, :columns] = table[:rows]
        np.testing.assert_array_equal(confusion_matrix(predicted, true, n_classes), expected)


@pytest.mark.parametrize("n_classes", [2, 7, 19])
def test_figures_of_several_images_equal_sets_of_pixels(n_classes):
    for seed in range(20):
        images = [label_maps(10 * seed + k, n_classes) for k in range(3)]
        found = semantic_metrics(sum(confusion_matrix(p, t, n_classes) for p, t in images))
        truth, answer = [set() for _ in range(n_classes)], [set() for _ in range(n_classes)]
        right = compared = 0
        for number, (predicted, true) in enumerate(images):
            for place, label in np.ndenumerate(true):
                if label < 0:
                    continue
                truth[label].add((number, place))
                if predicted[place] >= 0:
                    answer[predicted[place]].add((number, place))
                right += predicted[place] == label
                compared += 1
        ious = [len(t & p) / len(t | p) if t | p else np.nan for t, p in zip(truth, answer, strict=True)]
        np.testing.assert_allclose(found.iou, ious)
        assert found.miou == pytest.approx(np.nanmean(ious))
        assert found.pixel_accuracy == pytest.approx(right / compared)
        assert found.n == compared
