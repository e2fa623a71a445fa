"""Single answers of a run, and where its errors lie: on answers that are wrong in a known way."""

import numpy as np
import pytest

from vbanalysis import plugins
from vbanalysis.codecs import DepthCodec
from vbanalysis.evaluation import evaluate, rescore
from vbanalysis.evaluation._folder import RunFolder
from vbanalysis.images import write_png
from vbanalysis.stats import clopper_pearson, mean_estimate
from vbanalysis.studies.breakdown import (
    depth_breakdown,
    distribution,
    instance_breakdown,
    left_out,
    normals_breakdown,
    referring_breakdown,
    semantic_breakdown,
    side_by_side,
    step_gain,
)
from vbanalysis.studies.cases import _ERROR, _REASON, Case, each_case, ranked, spread
from vbanalysis.types import Sample

H, W = 24, 32


def case(task, answer, score=0.5, key="a", **truth):
    sample = Sample(id=key, image=None, **truth)
    answer = np.asarray(answer)
    picture = np.zeros((H, W, 3), np.uint8)
    return Case(
        sample, "", picture, answer, score, _ERROR[task](answer, sample), _REASON[task](answer, sample)
    )


def two(left, right, dtype=np.float64):
    """A picture of two halves."""
    found = np.empty((H, W, *np.shape(left)), dtype)
    found[:, : W // 2], found[:, W // 2 :] = left, right
    return found


def half(side):
    return two(side == "left", side == "right", bool)


DEPTH = two(2.0, 6.0)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (1.5 * DEPTH, "scale: all is 1.50 times as far"),
        (two(2.0, 9.0), "the far half is 50% too far"),
        (two(1.0, 6.0), "the near half is 100% too near"),
        (1.001 * DEPTH, "scale: all is 1.00 times as far"),
        (np.where(np.arange(W) < 8, np.nan, DEPTH), "25% of the pixels say no depth"),
    ],
)
def test_depth_says_what_is_wrong(answer, reason):
    assert case("depth", answer, depth_m=DEPTH).reason == reason


def test_depth_that_is_wrong_at_edges_alone_says_so():
    answer = DEPTH.copy()
    answer[:, W // 2 - 1 : W // 2 + 1] = 12.0
    assert case("depth", answer, depth_m=DEPTH).reason.startswith("edges hold 100%")


def test_depth_without_truth_has_nothing_to_compare():
    found = case("depth", DEPTH, depth_m=np.full((H, W), np.nan))
    assert found.reason == "nothing to compare"
    assert np.isnan(found.error).all()


def test_depth_errors_are_shares_and_sorted_into_bins():
    cases = [case("depth", two(2.2, 3.0), key=str(k), depth_m=DEPTH) for k in range(6)]
    table = depth_breakdown(cases).set_index(["bin", "metric"])
    assert table.loc[("1 to 2 m", "absrel"), "value"] == pytest.approx(0.1)
    assert table.loc[("4 to 8 m", "absrel"), "value"] == pytest.approx(0.5)
    assert table.loc[("4 to 8 m", "bias"), "value"] == pytest.approx(-0.5)
    assert table.loc[("at edges", "absrel"), "value"] == pytest.approx(0.3)
    assert set(table.n) == {6}
    assert list(depth_breakdown(cases).query("metric == 'absrel'").bin)[-2:] == ["1 to 2 m", "4 to 8 m"]


def test_normals_say_which_way_the_wrong_surface_faces():
    up, front = np.array([0, 1.0, 0]), np.array([0, 0, 1.0])
    tilted = np.array([0, np.cos(np.pi / 6), np.sin(np.pi / 6)])
    found = case("normals", two(tilted, front), normals=two(up, front))
    assert found.reason == "what faces up: off by 30°, 100% of the error"
    table = normals_breakdown([found]).set_index("bin")
    assert table.loc["up", "value"] == pytest.approx(30)
    assert table.loc["the camera", "value"] == pytest.approx(0, abs=1e-6)
    unknown = case("normals", two(np.full(3, np.nan), front), normals=two(up, front))
    assert unknown.reason == "50% of the pixels say no normal"
    assert np.nanmax(unknown.error) == 90


def test_classes_say_what_is_confused():
    truth = two(0, 1, np.int32)
    truth[:4] = -1
    names = ("wall", "door")
    found = case("semantic", two(0, 0, np.int32), classes=truth, class_names=names)
    assert found.reason == "door read as wall: 100% of the error"
    assert np.isnan(found.error[:4]).all()
    lost = case("semantic", two(-1, 1, np.int32), classes=truth, class_names=names)
    assert lost.reason == "wall read as nothing: 100% of the error"
    assert case("semantic", truth, classes=truth, class_names=names).reason == "all right"


NONE = np.zeros((0, H, W), bool)
BOTH = np.stack([half("left"), half("right")])


@pytest.mark.parametrize(
    ("answer", "masks", "reason"),
    [
        (two(1, 2, int), BOTH, "all found"),
        (two(1, 1, int), BOTH, "1 merged"),
        (two(1, 0, int), BOTH, "1 of 2 missed"),
        (two(0, 0, int), BOTH, "none of 2 marked"),
        (two(1, 2, int), BOTH[:1], "1 false"),
        (two(1, 0, int), NONE, "1 marked where there is none"),
        (two(0, 0, int), NONE, "all right"),
    ],
)
def test_instances_say_what_is_missed_false_or_merged(answer, masks, reason):
    told = case("instance", answer, phrase="a cat", masks=(masks,)).reason
    assert reason in told
    assert reason != "all right" or told == reason


def test_instances_of_one_picture_are_drawn_together():
    cases = [
        case("instance", two(k % 2, 2 * (k % 2), int), key=str(k), phrase="a cat", masks=(BOTH,))
        for k in range(6)
    ]
    cases.append(case("instance", two(0, 0, int), key="none", phrase="a cow", masks=(NONE,)))
    table = instance_breakdown(cases).set_index("bin")
    by_size = table.loc["10% to 100% of the picture"]
    by_picture = mean_estimate(np.array([0.0, 1.0] * 3))
    assert (by_size.value, by_size.n) == (0.5, 12)
    assert (by_size.low, by_size.high) == pytest.approx((by_picture.low, by_picture.high))
    assert (table.loc["2"].value, table.loc["2"].n) == (0.5, 6)
    assert table.loc["none"].value == 1


def test_a_share_without_an_exception_is_not_certain():
    cases = [case("instance", two(1, 2, int), key=str(k), phrase="a cat", masks=(BOTH,)) for k in range(6)]
    table = instance_breakdown(cases).set_index("bin")
    expected = clopper_pearson(6, 6)
    for name, n in (("2", 6), ("10% to 100% of the picture", 12)):
        row = table.loc[name]
        assert (row.value, row.low, row.high, row.n) == (1, expected.low, 1, n)
        assert not row.is_range


@pytest.mark.parametrize(
    ("answer", "truth", "reason"),
    [
        (two(-1, -1, int), half("left"), "nothing is marked"),
        (two(-1, 0, int), half("left"), "another place is marked"),
        (two(0, 0, int), half("left"), "the rest of the scene is 50% of what is marked"),
        (two(0, -1, int), half("left"), "its outline"),
        (two(0, -1, int), np.zeros((H, W), bool), "marked though nothing fits"),
    ],
)
def test_expressions_say_what_is_marked_instead(answer, truth, reason):
    assert case("referring", answer, phrase="it", masks=(truth[None],)).reason == reason


def test_expressions_are_sorted_by_size_and_kind():
    kinds = ["colour", "size"] * 3
    cases = [
        Case(
            Sample(
                id=str(k), image=None, phrase="it", masks=(half("left")[None],), info={"expression": kind}
            ),
            *("", np.zeros((H, W, 3), np.uint8), two(0, -1, int), float(kind == "size")),
            *(np.zeros((H, W)), ""),
        )
        for k, kind in enumerate(kinds)
    ]
    table = referring_breakdown(cases).set_index("bin")
    assert (table.loc["colour"].value, table.loc["size"].value) == (0, 1)
    assert table.loc["10% to 100% of the picture"].n == 6


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run by the truth in its code, and one whose first two pictures say all is twice as far."""
    folder = tmp_path_factory.mktemp("runs")
    right = evaluate("depth", "oracle", "analytic?n=6&height=48", folder / "right")
    evaluate("depth", "oracle", "analytic?n=6&height=48", folder / "wrong")
    codec = DepthCodec()
    wrong = list(right.records().id[:2])
    for key in wrong:
        depth = codec.decode(right.picture(key)).depth_m
        write_png(RunFolder(folder / "wrong").output(key), codec.encode(2 * depth))
    return {"right": right, "wrong": rescore(folder / "wrong", folder / "again")}, wrong


def test_a_run_is_ranked_and_its_cases_are_decoded_again(runs):
    found, wrong = runs
    order = ranked(found["wrong"])
    assert sorted(order) == list(range(6))
    assert {found["wrong"].records().id[place] for place in order[-2:]} == set(wrong)
    assert (spread(found["wrong"], 3)[0], spread(found["wrong"], 3)[-1]) == (order[0], order[-1])
    assert len(spread(found["wrong"], 50)) == 6
    worst = next(each_case(found["wrong"], order[-1:]))
    assert worst.reason.startswith("scale: all is 2")
    assert np.nanmean(worst.error) == pytest.approx(worst.score, rel=0.05)


def test_runs_stand_side_by_side_with_their_intervals(runs):
    found, _ = runs
    table = side_by_side(found, ["delta1", "nothing"])
    assert table.loc["delta1", "right"] == "1 [1, 1] n=6"
    assert list(table.loc["nothing"]) == ["", ""]
    spreads = distribution(found, "delta1")
    assert [len(values) for values in spreads.values()] == [6, 6]
    assert spreads["wrong"].min() < 0.1 < spreads["right"].min()


def test_what_is_left_out_is_a_share_of_the_known_pixels(tmp_path):
    run = evaluate("normals", "mini", "scenes:validation?n=5", tmp_path / "run")
    assert left_out(run).value == 0  # unknown ones count as misses
    dropped = rescore(run.folder, tmp_path / "drop", task="normals?unknown=drop&tolerance=0.1")
    before, after = (each.records() for each in (run, dropped))
    assert left_out(dropped).value == pytest.approx((1 - after.n_pixels / before.n_pixels).mean())
    assert 0 < left_out(dropped).value < 0.5


def test_pairs_that_are_all_found_are_ranked_by_how_well(tmp_path):
    run = evaluate("instance", "mini", "scenes:validation?n=6&ask=instance", tmp_path / "run")
    rows = run.records().set_index("place").loc[ranked(run)]
    assert list(rows.f1_50) == sorted(rows.f1_50, reverse=True)
    assert list(rows.f1[rows.f1_50 == 1]) == sorted(rows.f1[rows.f1_50 == 1], reverse=True)


def test_classes_are_sorted_by_their_iou(tmp_path):
    run = evaluate("semantic", "oracle", "scenes:validation?n=5", tmp_path / "run")
    table = semantic_breakdown(run)
    assert list(table.value) == sorted(table.value, reverse=True)
    assert {"floor", "wall"} <= set(table.bin)
    samples = [plugins.load("datasets", "scenes:validation?n=5")[k] for k in range(5)]
    for row in table.itertuples():
        named = [each.class_names.index(row.bin) for each in samples]
        assert row.n == sum(bool((each.classes == k).any()) for each, k in zip(samples, named, strict=True))


@pytest.mark.parametrize(
    ("task", "data"),
    [
        ("depth", "scenes:validation?n=2"),
        ("normals", "scenes:validation?n=2"),
        ("semantic", "scenes:validation?n=2"),
        ("instance", "scenes:validation?n=2&ask=instance"),
        ("referring", "scenes:validation?n=2&ask=referring"),
    ],
)
def test_the_numbers_of_a_specialist_are_shown_in_the_tasks_code(tmp_path, task, data):
    run = evaluate(task, "oracle", data, tmp_path / "run")
    painted = list(each_case(run))
    folder = RunFolder(tmp_path / "run")
    for one in painted:
        folder.keep_output(one.sample.id, one.answer, numbers=True)
        folder.output(one.sample.id).unlink()
    for before, after in zip(painted, each_case(run), strict=True):
        np.testing.assert_array_equal(after.answer, before.answer)
        assert after.reason == before.reason
        assert np.abs(after.picture.astype(int) - before.picture).mean() < 2


def test_what_a_step_gains_is_told_on_the_samples_that_both_answered(tmp_path):
    data = "scenes:validation?n=24&ask=referring"
    plain = evaluate("referring", "oracle:noise=60", data, tmp_path / "plain")
    told = evaluate("referring", "oracle", data, tmp_path / "told", reasoner="oracle")
    table = step_gain(plain, told, "iou", by="expression")
    whole = table.set_index("by").loc["all"]
    assert whole.n == 24 - told.n_failed > 12
    assert whole.having == 1
    assert whole.difference == pytest.approx(whole.having - whole.without)
    assert whole.low <= whole.difference <= whole.high
    assert table.n[1:].sum() == whole.n
    assert set(table.by) <= {"all", "attribute", "relation", "size", "order"}
    assert step_gain(plain, plain, "iou").difference[0] == 0
