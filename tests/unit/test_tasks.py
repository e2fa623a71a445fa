"""Each task asks, reads and scores: the truth painted in its code scores as the truth."""

import numpy as np
import pytest

from vbanalysis import plugins
from vbanalysis.errors import DataError, InputError, PluginError
from vbanalysis.metrics import (
    instance_counts,
    instance_metrics,
    presence_metrics,
    referring_metrics,
    semantic_metrics,
)
from vbanalysis.metrics.referring import MaskOverlap
from vbanalysis.tasks import VisionTask, resized
from vbanalysis.types import Sample

ASKED = {
    "depth": "scenes:validation?n=6",
    "normals": "scenes:validation?n=6",
    "semantic": "scenes:validation?n=6",
    "instance": "scenes:validation?n=8&ask=instance",
    "referring": "scenes:validation?n=6&ask=referring",
}


def rows_of(task, samples):
    rows = []
    for sample in samples:
        instruction = task.instruction(sample)
        rows.append(task.score(task.decode(task.encode(sample, instruction), instruction), sample))
    return rows


@pytest.mark.parametrize("name", ASKED)
def test_the_painted_truth_is_found_right(name):
    task = plugins.load("tasks", name, VisionTask)
    samples = list(plugins.load("datasets", ASKED[name]))
    assert task.instruction(samples[0]).task == name == task.name
    figures = task.aggregate(rows_of(task, samples))
    expected = {
        "depth": ("delta1", 1.0, 1e-9),
        "normals": ("pooled_mean_deg", 0.0, 0.4),
        "semantic": ("miou", 1.0, 1e-9),
        "instance": ("pmf1_50", 1.0, 0.05),
        "referring": ("giou", 1.0, 1e-9),
    }
    metric, value, within = expected[name]
    assert figures[metric].value == pytest.approx(value, abs=within)
    assert figures[metric].low <= figures[metric].value <= figures[metric].high
    assert figures[metric].n == len(samples)
    assert task.protocol


@pytest.mark.parametrize("name", ASKED)
def test_what_a_sample_does_not_hold_cannot_be_asked(name):
    task = plugins.load("tasks", name)
    bare = Sample("bare", np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(DataError, match="sample bare has no"):
        task.encode(bare, task.instruction(bare))


@pytest.mark.parametrize(
    "spec",
    [
        "depth?alignment=mean",
        "depth?low=1",
        "depth?low=2&high=1",
        "depth?colormap=jet2",
        "normals?unknown=skip",
        "semantic?notation=roman",
        "semantic?background=3",
        "instance?erosion=2",
        "instance?style=odd",
        "referring?style=odd",
    ],
)
def test_a_wrong_setting_is_refused_at_once(spec):
    with pytest.raises(InputError, match=spec.split("?")[1].split("=")[0]):
        plugins.load("tasks", spec)
    with pytest.raises(PluginError, match="no option"):
        plugins.load("tasks", f"{spec.split('?')[0]}?colour=red")


def test_depth_takes_the_cap_of_the_data_set_unless_told_another():
    truth = np.array([[1.0, 5.0, 50.0]], np.float32)
    sample = Sample("one", None, depth_m=truth, info={"cap_m": (1e-3, 10.0)})
    answer = np.array([[1.0, 10.0, 50.0]], np.float32)
    own = plugins.load("tasks", "depth").score(answer, sample)
    wide = plugins.load("tasks", "depth?low=0.001&high=80").score(answer, sample)
    assert (own["n_pixels"], wide["n_pixels"]) == (2, 3)
    assert own["absrel"] == pytest.approx(0.5)
    assert wide["absrel"] == pytest.approx(1 / 3)


def test_an_answer_is_resized_without_a_new_value():
    answer = np.array([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(
        resized(answer, (4, 4)), [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]
    )
    np.testing.assert_array_equal(resized(np.arange(6.0)[None], (1, 3)), [[1, 3, 5]])
    assert resized(answer, (2, 2)) is answer
    assert resized(np.zeros((3, 5, 3)), (7, 2)).shape == (7, 2, 3)


def test_pooled_figures_are_those_of_the_metrics():
    """The sums of the rows give what the metrics give of the samples themselves."""
    rng = np.random.default_rng(5)
    semantic = plugins.load("tasks", "semantic")
    counts = rng.integers(0, 50, (7, 3, 4))
    rows = [{"class_names": ["a", "b", "c"], "confusion": count.ravel().tolist()} for count in counts]
    whole = semantic_metrics(counts.sum(axis=0))
    figures = semantic.aggregate(rows)
    assert figures["miou"].value == whole.miou
    assert figures["iou_b"].value == whole.iou[1]

    instance = plugins.load("tasks", "instance")
    pairs, rows = [], []
    for _ in range(12):
        true, predicted = (rng.integers(0, 4, (6, 6)) * (rng.random() < 0.7) for _ in range(2))
        sample = Sample("pair", None, phrase="thing", masks=(np.stack([true == k for k in range(1, 4)]),))
        sample = Sample("pair", None, phrase="thing", masks=(sample.masks[0][sample.masks[0].any((1, 2))],))
        pairs.append(instance_counts(predicted, true))
        rows.append(instance.score(predicted.astype(np.int32), sample))
    expected = instance_metrics(pairs)
    presence = presence_metrics(pairs)
    for name, estimate in instance.aggregate(rows).items():
        of = presence if name.startswith("presence_") else expected
        value = getattr(of, name.removeprefix("presence_"))
        assert estimate.value == pytest.approx(value, abs=1e-9), name

    referring = plugins.load("tasks", "referring")
    overlaps = [MaskOverlap(int(a), int(a + b)) for a, b in rng.integers(0, 30, (9, 2))]
    found = referring.aggregate([{"iou": each.iou, **each._asdict()} for each in overlaps])
    expected = referring_metrics(overlaps)
    assert (found["giou"].value, found["ciou"].value) == pytest.approx((expected.giou, expected.ciou))


def test_presence_is_a_share_of_the_pairs_that_it_is_about():
    """Five absent phrases that are all left alone do not show that none is ever marked."""
    one = {"true_positives": [1] * 10, "n_predicted": 1, "n_true": 1}
    none = {"true_positives": [0] * 10, "n_predicted": 0, "n_true": 0}
    figures = plugins.load("tasks", "instance").aggregate([one] * 27 + [none] * 5)
    assert f"{figures['presence_fpr']:.2f}" == "0.00 [0.00, 0.52] n=5"
    assert f"{figures['presence_recall']:.2f}" == "1.00 [0.87, 1.00] n=27"
    assert "presence_fpr" not in plugins.load("tasks", "instance").aggregate([one] * 5)


def test_the_best_annotator_counts():
    task = plugins.load("tasks", "instance")
    first, second = np.zeros((2, 1, 8, 8), bool)
    first[0, :, :2] = True
    second[0, 2:6] = True
    answer = second[0].astype(np.int32)
    both = Sample("pair", None, phrase="thing", masks=(first, second))
    assert task.score(answer, both)["f1_50"] == 1.0
    assert task.score(answer, Sample("pair", None, phrase="thing", masks=(first,)))["f1_50"] == 0.0


def test_an_expression_about_red_is_not_marked_in_red():
    task = plugins.load("tasks", "referring")
    mask = np.ones((1, 4, 4), bool)
    plain = task.instruction(Sample("a", None, phrase="the door on the left", masks=(mask,)))
    spoken = task.instruction(Sample("b", None, phrase="the red door", masks=(mask,)))
    assert plain.colours == ((255, 0, 0),)
    assert spoken.colours != ((255, 0, 0),)


def test_samples_of_one_scene_are_drawn_together():
    depth, referring = (plugins.load("tasks", name, VisionTask) for name in ("depth", "referring"))
    values = [0.1, 0.1, 0.1, 0.9, 0.9, 0.9, 0.4, 0.5, 0.6, 0.5]
    rows = [{"absrel": value, "scene": scene} for value, scene in zip(values, "aaabbbcdef", strict=True)]
    alone = depth.aggregate([{"absrel": row["absrel"]} for row in rows])["absrel"]
    together = depth.aggregate(rows)["absrel"]
    assert (together.value, together.n, together.clusters) == (alone.value, 10, 6)
    assert together.high - together.low > 1.2 * (alone.high - alone.low)
    # A table has NaN where a record has no scene; a scene of its own for each sample is as good as none.
    assert depth.aggregate([row | {"scene": float("nan")} for row in rows])["absrel"] == alone
    mixed = [row if row["scene"] == "a" else row | {"scene": float("nan")} for row in rows]
    assert depth.aggregate(mixed)["absrel"].clusters == 8
    assert depth.aggregate([row | {"scene": str(k)} for k, row in enumerate(rows)])["absrel"] == alone
    masks = [
        {"iou": value, "intersection": int(10 * value), "union": 10, "scene": row["scene"]}
        for value, row in zip(values, rows, strict=True)
    ]
    assert {figure.clusters for figure in referring.aggregate(masks).values()} == {6}
    ciou = referring.aggregate(masks)["ciou"]
    apart = referring.aggregate([{**row, "scene": None} for row in masks])["ciou"]
    assert ciou.value == apart.value
    assert ciou.high - ciou.low > 1.2 * (apart.high - apart.low)
