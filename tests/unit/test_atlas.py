"""The failure atlas: an error is divided among the causes that were put into it, and adds up."""

import itertools
from math import factorial

import numpy as np
import pytest

from vbanalysis import plugins
from vbanalysis.codecs import PaletteCodec
from vbanalysis.codecs.degradations import Drift
from vbanalysis.errors import DataError, InputError
from vbanalysis.evaluation import evaluate, open_run
from vbanalysis.studies import atlas
from vbanalysis.studies.atlas import damages
from vbanalysis.studies.atlas.answered import SCORES, Answered, error_of, truth_of
from vbanalysis.studies.atlas.clusters import adjusted_rand
from vbanalysis.studies.atlas.drifts import without_drift_of_mask, without_drift_of_normals
from vbanalysis.studies.atlas.mixtures import mixtures, on_level_ground
from vbanalysis.studies.atlas.regions import (
    instance_repairs,
    legend,
    referring_regions,
    semantic_regions,
)

NAMES = "abcd"


def by_orders(causes, error):
    """Shapley's value as he defines it: the mean over all orders, of the best of the subsets."""

    def best(made):
        subsets = itertools.chain.from_iterable(itertools.combinations(made, k) for k in range(len(made) + 1))
        return min(error(frozenset(subset)) for subset in subsets)

    total = dict.fromkeys(causes, 0.0)
    for order in itertools.permutations(causes):
        for k, cause in enumerate(order):
            total[cause] += best(order[:k]) - best(order[: k + 1])
    return {cause: value / factorial(len(causes)) for cause, value in total.items()}


@pytest.mark.parametrize("seed", range(5))
def test_shares_are_the_mean_over_all_orders_and_add_up(seed):
    rng = np.random.default_rng(seed)
    table = {
        frozenset(made): float(rng.random()) for k in range(5) for made in itertools.combinations(NAMES, k)
    }
    found = atlas.attribute(NAMES, table.__getitem__)
    expected = by_orders(NAMES, table.__getitem__)
    for cause in NAMES:
        assert found.explained[cause] == pytest.approx(expected[cause], abs=1e-12)
        assert found.explained[cause] >= 0
        assert found.alone[cause] == pytest.approx(max(0, table[frozenset()] - table[frozenset(cause)]))
    assert sum(found.explained.values()) + found.left == pytest.approx(found.error)
    assert sum(found.shares().values()) == pytest.approx(1)
    assert table[found.repairs] == pytest.approx(found.left) == pytest.approx(min(table.values()))


def test_a_cause_without_effect_has_nothing_and_equal_causes_have_the_same():
    found = atlas.attribute("abc", lambda made: 1.0 if made & {"a", "b"} else 3.0)
    assert found.explained == {"a": 1.0, "b": 1.0, "c": 0.0}
    assert found.alone["a"] == 2.0
    assert found.last["a"] == 0.0
    assert found.repairs == {"a"}


def test_a_later_tier_divides_what_the_earlier_one_leaves():
    one = atlas.attribute("a", lambda made: 4.0 if made else 10.0)
    two = atlas.attribute("b", lambda made: 1.0 if made else 4.0)
    both = atlas.joined([one, two])
    assert both.explained == {"a": 6.0, "b": 3.0}
    assert (both.error, both.left, both.repairs) == (10.0, 1.0, {"a", "b"})
    with pytest.raises(InputError, match="a tier begins"):
        atlas.joined([two, one])


def test_no_error_has_no_shares():
    found = atlas.attribute("a", lambda made: 0.0)
    assert np.isnan(list(found.shares().values())).all()
    assert atlas.in_words(found) == "no error"


@pytest.mark.parametrize("error", [np.nan, -1.0])
def test_an_error_must_be_a_number(error):
    with pytest.raises(InputError, match="at least 0"):
        atlas.attribute("a", lambda made: error)


@pytest.fixture(scope="module")
def injected():
    return atlas.injected(2, seed=1)


@pytest.mark.parametrize("injection", atlas.INJECTIONS, ids=lambda one: f"{one.task}-{one.cause}")
def test_an_injected_cause_is_found(injection, injected):
    found = injected[injection]
    assert len(found) == 2
    assert any(one.cause == injection.cause for one in found), [atlas.in_words(one.found) for one in found]
    assert np.mean([one.found.shares()[injection.cause] for one in found]) > 0.4


def test_nine_of_ten_injections_are_of_the_cause_that_explains_most(injected):
    table = atlas.hits_table(injected)
    assert len(table) == len(atlas.INJECTIONS)
    assert (table.value * table.n).sum() / table.n.sum() > 0.9
    shares = atlas.confusion(injected)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert [shares.loc[[one], one.cause].iloc[0] for one in shares.index] == pytest.approx(list(table.value))


def test_every_cause_of_every_task_can_be_injected():
    causes = {(one.task, one.cause) for one in atlas.INJECTIONS}
    assert len(causes) == len(atlas.INJECTIONS)
    for task, dataset in atlas.SETS.items():
        kind, sample = plugins.load("tasks", task), plugins.load("datasets", dataset)[0]
        asked = kind.instruction(sample)
        picture = kind.encode(sample, asked)
        found = atlas.explain(Answered(kind, sample, asked, picture, kind.decode(picture, asked)))
        # Mixed edges of an expression, and what the decoder of instances rejects, come with other damages.
        missing = set(found.explained) - {cause for one, cause in causes if one == task}
        assert missing <= {"mixed_edges", "off_code"}


def test_two_causes_at_once_are_both_named():
    task, sample = plugins.load("tasks", "depth"), plugins.load("datasets", atlas.SETS["depth"])[3]
    asked = task.instruction(sample)
    right = damages.Right(task, sample, asked)
    picture = right.paint(depth_m=sample.depth_m * np.float32(1.2))
    picture[:24, :24] = sample.image[:24, :24]
    shares = atlas.explain(Answered(task, sample, asked, picture, task.decode(picture, asked))).shares()
    assert shares["off_code"] > 0.15
    assert shares["scale"] + shares["shift"] > 0.15
    assert shares[atlas.UNEXPLAINED] < 0.3


def test_numbers_of_a_specialist_have_no_causes_of_colour():
    task, sample = plugins.load("tasks", "depth"), plugins.load("datasets", atlas.SETS["depth"])[0]
    answer = np.where(np.isinf(sample.depth_m), 80, sample.depth_m * np.float32(0.5))
    found = atlas.explain(Answered(task, sample, task.instruction(sample), None, answer))
    assert "drift" not in found.explained
    assert found.dominant == "scale"


def test_mixtures_lie_between_the_sides_of_a_step_and_nowhere_on_a_slope():
    picture = np.zeros((20, 20, 3), np.uint8)
    picture[:, 10:] = (200, 40, 0)
    assert not mixtures(picture).any()
    picture[:, 9] = (100, 20, 0)
    np.testing.assert_array_equal(mixtures(picture), np.arange(20) == np.full((20, 1), 9))
    slope = np.zeros((20, 20, 3), np.uint8)
    slope[..., 0] = np.linspace(0, 250, 20).astype(np.uint8)
    assert not mixtures(slope)[:, 4:-4].any()


def test_between_instances_mixtures_take_the_nearest_level_colour():
    picture = np.zeros((20, 20, 3), np.uint8)
    picture[5:15, 5:15] = 255
    blurred = picture.copy()
    blurred[5, 5:15] = blurred[14, 5:15] = blurred[5:15, 5] = blurred[5:15, 14] = 128
    flat = on_level_ground(blurred, 14)
    assert set(np.unique(flat)) == {0, 255}
    assert (flat != picture).any(axis=-1).mean() < 0.1


@pytest.mark.parametrize("drift", [Drift(gain=0.8, offset=20), Drift(gain=0.7, offset=40)])
def test_the_length_of_normals_tells_their_drift(drift):
    task, sample = plugins.load("tasks", "normals"), plugins.load("datasets", atlas.SETS["normals"])[0]
    picture = task.encode(sample, task.instruction(sample))
    known = np.isfinite(sample.normals[..., 0])
    back = without_drift_of_normals(drift(picture))
    off = [np.abs(each.astype(int) - picture)[known].mean() for each in (drift(picture), back)]
    assert off[1] < off[0] / 4
    assert without_drift_of_normals(picture) is None


def test_the_colours_of_a_legend_tell_the_drift_of_a_mask():
    colours = {"a": (255, 0, 0), "b": (0, 255, 0), "c": (0, 0, 255), "d": (255, 255, 255)}
    codec = PaletteCodec(colours)
    labels = np.repeat(np.repeat(np.arange(4, dtype=np.int32).reshape(2, 2), 16, 0), 16, 1)
    picture = codec.encode(labels)
    faded = Drift(saturation=0.5, gain=0.8, offset=20)(picture)
    back = without_drift_of_mask(faded, codec)
    assert np.abs(back.astype(int) - picture).max() < 12
    assert without_drift_of_mask(picture, codec) is None


def test_a_legend_is_exchanged_by_two_classes_and_not_by_one():
    truth = np.repeat(np.arange(4, dtype=np.int32), 25).reshape(10, 10)
    swapped = np.array([1, 0, 2, 3], np.int32)[truth]
    np.testing.assert_array_equal(legend(swapped, truth, 5)[swapped], truth)
    confused = np.where(truth == 0, 4, truth)
    np.testing.assert_array_equal(legend(confused, truth, 5), [0, 1, 2, 3, 4, -1])


def blob(rows, columns, shape=(32, 32)):
    mask = np.zeros(shape, bool)
    mask[rows, columns] = True
    return mask


def test_wrong_pixels_of_classes_have_one_cause_each():
    truth = np.zeros((32, 32), np.int32)
    truth[blob(slice(2, 8), slice(2, 8))] = 1
    truth[blob(slice(2, 8), slice(20, 26))] = 2
    said = np.zeros((32, 32), np.int32)  # class 1 is read as what is around it, class 2 as one far away
    said[blob(slice(2, 8), slice(20, 26))] = 3
    said[blob(slice(20, 26), slice(10, 16))] = 3
    regions = semantic_regions(said, truth)
    sizes = {cause: int(region.sum()) for cause, region in regions.items()}
    assert sizes == {"missed": 36, "wrong_class": 36, "hallucinated": 36, "outline": 0}
    assert not any((one & two).any() for one, two in itertools.combinations(regions.values(), 2))
    moved = np.roll(truth, 1, axis=0)
    assert semantic_regions(moved, truth)["outline"].sum() == (moved != truth).sum()


def test_another_object_is_neither_missed_nor_made_up():
    here, there = blob(slice(2, 8), slice(2, 8)), blob(slice(20, 26), slice(2, 8))
    assert referring_regions(there, here)["wrong_object"].sum() == 72
    assert referring_regions(here | there, here)["hallucinated"].sum() == 36
    assert referring_regions(here, here | there)["missed"].sum() == 36


def test_each_repair_of_instances_puts_its_own_damage_right():
    truth = np.zeros((32, 32), np.int32)
    for k, columns in enumerate((slice(2, 10), slice(12, 20), slice(22, 30)), start=1):
        truth[blob(slice(4, 24), columns)] = k
    alike = {
        "merged": np.where(np.isin(truth, (1, 2)), 7, truth),
        "split": np.where((truth == 1) & (np.arange(32)[:, None] < 14), 9, truth),
        "missed": np.where(truth == 3, 0, truth),
        "hallucinated": np.where(blob(slice(26, 31), slice(2, 30)), 9, truth),
    }
    for cause, said in alike.items():
        repaired = instance_repairs(said, truth)[cause](said)
        pairs = np.unique(np.stack([repaired.ravel(), truth.ravel()]), axis=1)
        assert pairs.shape[1] == 4, cause  # one label for each instance and one for what is none
        assert repaired[truth == 0].max() == 0
        for other in set(alike) - {cause}:
            np.testing.assert_array_equal(instance_repairs(said, truth)[other](said), said)


def test_a_rand_index_counts_pairs_and_is_adjusted_for_chance():
    rng = np.random.default_rng(0)
    one, two = rng.integers(3, size=30), rng.integers(4, size=30)
    pairs = list(itertools.combinations(range(30), 2))
    same_one = np.array([one[a] == one[b] for a, b in pairs])
    same_two = np.array([two[a] == two[b] for a, b in pairs])
    chance = same_one.sum() * same_two.sum() / len(pairs)
    most = (same_one.sum() + same_two.sum()) / 2
    expected = ((same_one & same_two).sum() - chance) / (most - chance)
    assert adjusted_rand(one, two) == pytest.approx(expected)
    assert adjusted_rand(one, one + 5) == 1


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "depth"
    return evaluate("depth", "oracle:gain=0.7,offset=30,noise=6", "scenes:heldout?n=8", folder)


def test_a_run_is_diagnosed_from_its_folder_alone(run):
    found = atlas.diagnose(open_run(run.folder))
    assert [each.found.error for each in found] == pytest.approx(list(run.records().absrel), rel=1e-6)
    assert {each.cause for each in found} == {"drift"}
    table = atlas.causes_table(found)
    assert table.value.sum() == pytest.approx(1)
    assert ((table.low <= table.value + 1e-12) & (table.value <= table.high + 1e-12)).all()
    drift = sum(each.found.explained["drift"] for each in found) / sum(each.found.error for each in found)
    assert table.set_index("bin").value["drift of colour"] == pytest.approx(drift)
    assert atlas.diagnose(run, [3])[0].id == "scenes/heldout/3"


def test_the_worst_are_grouped_by_cause_and_the_grouping_is_judged(run):
    found = atlas.diagnose(run)
    chosen = atlas.worst(found, 0.5)
    assert len(chosen) == 4
    assert min(each.found.error for each in chosen) >= np.median([each.found.error for each in found])
    (row,) = atlas.clusters_table(chosen).to_dict("records")
    assert (row["cause"], row["n"], row["share"]) == ("drift of colour", 4, 1.0)
    again = atlas.diagnose(run, [each.place for each in chosen], tolerance=48)
    judged = atlas.agreements(chosen, [again])
    assert (judged.n, judged.moved, judged.ward) == (4, 0.0, 1.0)
    assert atlas.examples(chosen)[0].cause == "drift"
    with pytest.raises(InputError, match="share must be"):
        atlas.worst(found, 0)


def test_another_data_set_than_the_run_s_is_refused(run, monkeypatch):
    other = plugins.load("datasets", "scenes:heldout?n=8&seed=1")
    task = plugins.load("tasks", "depth")
    monkeypatch.setattr(plugins, "load", lambda kind, *_: task if kind == "tasks" else other)
    with pytest.raises(DataError, match="not the one of the run"):
        atlas.diagnose(run)


def test_a_data_set_that_is_gone_is_said_to_be(tmp_path, run):
    import json
    import shutil

    folder = tmp_path / "run"
    shutil.copytree(run.folder, folder)
    about = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**about, "dataset": "nyuv2:/nowhere"}))
    with pytest.raises(DataError, match=r"measured against the truth.*cannot be had"):
        atlas.diagnose(open_run(folder))


@pytest.mark.parametrize("task", SCORES)
def test_the_error_of_the_truth_is_small_and_of_a_nan_score_none(task):
    kind = plugins.load("tasks", task)
    sample = plugins.load("datasets", atlas.SETS[task])[1]
    assert error_of(kind, np.nan) == 0
    truth = truth_of(task, sample)
    answer = np.where(truth, 0, -1).astype(np.int32) if task == "referring" else truth
    answered = Answered(kind, sample, kind.instruction(sample), None, answer)
    assert answered.error(answer) == pytest.approx(0, abs=1e-4)
    assert answered.error(answer, np.ones(truth.shape[:2], bool)) == 0


def test_the_command_prints_the_causes_and_writes_a_row_a_sample(vbanalysis, run, tmp_path):
    code, out, _ = vbanalysis("atlas", str(run.folder), "-o", str(tmp_path / "table.tsv"))
    assert code == 0
    assert "drift of colour" in out
    lines = (tmp_path / "table.tsv").read_text().splitlines()
    assert len(lines) == 9
    assert lines[0].split("\t")[:3] == ["id", "error", "cause"]
    code, _, err = vbanalysis("atlas", str(tmp_path))
    assert code == 2
    assert "no folder of a run" in err
