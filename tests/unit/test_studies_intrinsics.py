"""Depth over fields of view: the same scenes through other lenses, pipelines that differ in one number."""

import numpy as np
import pandas as pd
import pytest

from vbanalysis.errors import InputError
from vbanalysis.studies import intrinsics
from vbanalysis.studies.intrinsics import Condition, by_scene, conditions, seen_through, summary


@pytest.fixture(scope="module")
def scenes():
    return by_scene("pictures", "canonical", conditions((45.0, 62.13, 95.0), ()), 5)


def test_only_the_lens_changes():
    narrow, wide = (seen_through(Condition(name, "heldout", float(name)), 2) for name in ("40", "80"))
    for one, other in zip(narrow, wide, strict=True):
        assert one.scene.things == other.scene.things
        assert one.exercise.prompt == other.exercise.prompt
        assert (one.scene.camera.hfov_deg, other.scene.camera.hfov_deg) == (40, 80)
        # The principal ray is the same: no lens changes the depth at the middle.
        middle = [np.median(each.view.depth_m[31:33, 31:33]) for each in (one, other)]
        assert middle[0] == pytest.approx(middle[1], rel=0.05)


def test_the_hard_coded_pipeline_is_the_true_one_times_the_ratio(scenes):
    wide = scenes.pivot(index=["look", "id"], columns="pipeline", values="log_bias")
    for look, hfov in (("45", 45.0), ("95", 95.0)):
        ratio = np.log(intrinsics.HARD_FOCAL / intrinsics.focal_of(hfov))
        moved = (wide["hard-coded"] - wide["true"]).xs(look)
        # Both are clipped to the cap, which spares a little of the shift.
        np.testing.assert_allclose(moved, ratio, atol=0.05)
    same = (wide["hard-coded"] - wide["true"]).xs("62.13")
    np.testing.assert_allclose(same, 0, atol=1e-3)


def test_the_summary_pairs_scenes_and_seeds(scenes):
    better = scenes.assign(delta1=np.where(scenes.pipeline == "true", 0.9, 0.5))
    table = summary({1: better, 2: better.assign(delta1=better.delta1 - 0.1), 3: better})
    told = table[table.metric == "delta1"].set_index(["look", "pipeline", "seed"])
    assert told.value["45", "true", "1"] == pytest.approx(0.9)
    assert told.value["45", "true", "all"] == pytest.approx(0.9 - 0.1 / 3)
    assert told.value["45", "true - hard-coded", "2"] == pytest.approx(0.4)
    by_seed = told.loc["inside", "true", "seeds"]
    assert (by_seed.n, by_seed.low, by_seed.high) == (3, pytest.approx(0.8), pytest.approx(0.9))
    assert "outside" not in set(table["look"])
    with pytest.raises(InputError, match="at least one seed"):
        summary({})


def test_the_algebra_follows_from_the_true_pipelines_errors(scenes):
    table = summary({1: scenes}).assign(seed="all")
    exact = table.copy()
    exact.loc[exact.metric.isin(["log_bias", "silog"]), "value"] = 1e-9
    looks = {"45": "50", "62.13": "60", "95": "90"}
    exact = exact.assign(look=exact["look"].replace(looks)).drop_duplicates(["look", "pipeline", "metric"])
    found = intrinsics.hard_coded_by_algebra(exact[exact["look"] != "inside"]).set_index("hfov_deg").delta1
    assert (found[50.0], found[60.0], found[90.0]) == (0, 1, 0)


def test_arms_are_paired_by_seed(tmp_path, monkeypatch):
    from vbanalysis.studies import arms

    trained = {"pictures": (1, 2, 3), "canonical": (2, 3, 4)}
    monkeypatch.setattr(
        arms,
        "trained_arms",
        lambda names, folder: [arms.Arm(n, k, folder / f"{n}-{k}") for n in names for k in trained[n]],
    )
    found = intrinsics.paired_arms(tmp_path)
    assert found == {k: (tmp_path / f"pictures-{k}", tmp_path / f"canonical-{k}") for k in (2, 3)}
    trained["canonical"] = (7,)
    with pytest.raises(InputError, match="no seed in common"):
        intrinsics.paired_arms(tmp_path)


def test_the_command_keeps_the_table(vbanalysis, tmp_path, monkeypatch, scenes):
    monkeypatch.setattr(intrinsics, "paired_arms", lambda runs: {1: ("a", "b")})
    monkeypatch.setattr(intrinsics, "by_scene", lambda *given: scenes)
    code, out, _ = vbanalysis("study", "intrinsics", "-n", "5", "-o", tmp_path / "kept.tsv")
    assert code == 0
    assert "hard-coded" in out
    kept = pd.read_csv(tmp_path / "kept.tsv", sep="\t", comment="#")
    assert set(kept.metric) == set(intrinsics.METRICS)


def test_a_difference_is_told_only_where_its_interval_leaves_out_zero():
    from vbanalysis.studies.intrinsics_told import answer, told

    def row(pipeline, value, low, high, seed="all", metric="delta1"):
        return {"look": "inside", "pipeline": pipeline, "seed": seed, "metric": metric, "value": value,
                "low": low, "high": high, "n": 9}  # fmt: skip

    rows = [row(name, 0.8, 0.7, 0.9) for name in intrinsics.PIPELINES]
    rows += [row("none - true", -0.1, -0.2, 0.05), row("none - hard-coded", 0.3, 0.2, 0.4)]
    rows += [row(name, 0.1, 0.0, 0.2, seed="seeds") for name in ("none - true", "none - hard-coded")]
    said = answer(pd.DataFrame(rows))
    assert "none against true: no difference that the interval carries" in said
    assert "none against hard-coded: none is better, 0.300 [0.200, 0.400] n=9" in said
    full = summary({1: by_scene("pictures", "canonical", conditions((60.0,), ()), 5)})
    assert list(told(full, ["60", "nowhere"]).intrinsics[:3]) == list(intrinsics.PIPELINES)


def test_the_answer_says_at_which_lenses_the_true_focal_length_pays():
    from vbanalysis.studies.intrinsics_told import answer

    looks = {"130": (-0.5, -0.6, -0.4), "20": (0.3, 0.1, 0.4), "40": (0.0, -0.1, 0.1)}
    rows = [
        {"look": look, "pipeline": "none - true", "seed": "all", "metric": "delta1", "n": 9,
         "value": value, "low": low, "high": high}
        for look, (value, low, high) in looks.items()
    ]  # fmt: skip
    said = answer(pd.DataFrame(rows))
    assert "none is better at 20 degrees, true is better at 130 degrees, undecided at 40 degrees" in said
    assert "at 20 0.300 [0.100, 0.400] n=9; at 130 -0.500" in said


def test_a_narrow_lens_asks_the_canonical_pipeline_for_near_depth_and_a_wide_one_the_other():
    asked = intrinsics.asked_of(conditions((20.0, 62.13, 120.0), ()), 5).set_index(["look", "painted"])
    assert asked["median"]["62.13", "metres"] == pytest.approx(
        asked["median"]["62.13", "canonical"], rel=0.01
    )
    assert asked["median"]["20", "canonical"] < 0.5 * asked["median"]["20", "metres"]
    assert asked["median"]["120", "metres"] < 0.5 * asked["median"]["120", "canonical"]
