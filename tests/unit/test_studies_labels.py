"""How many labels a probe, a tuning and a training need: curves read across, and told with their limits."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vbanalysis.errors import InputError
from vbanalysis.mini.scenes import Scenes
from vbanalysis.mini.weights import find_weights
from vbanalysis.probing.targets import MEANS, METRIC
from vbanalysis.studies.labels import probes, study
from vbanalysis.studies.labels.needed import blind_guesses, labels_needed, labels_said
from vbanalysis.studies.labels.study import ahead, few_runs, labels_study, trained_rows

GUESSES = {"depth": 0.3, "normals": 40.0, "semantic": 0.1}


SCENES = [f"scenes/heldout/{number}" for number in range(40)]


def curves(task: str = "depth", seeds: tuple[int, ...] = (1, 2, 3), **values: list[float]) -> pd.DataFrame:
    """Three seeds at 16, 64 and 256 scenes, by who; a scene is about as hard for all of them."""
    rng = np.random.default_rng(0)
    hard = np.linspace(-0.1, 0.1, len(SCENES))
    rows = []
    for who, line in values.items():
        for n, level in zip((16, 64, 256), line, strict=True):
            for seed in seeds:
                noise = rng.normal(0, 0.01, len(SCENES))
                each = level + hard + noise - noise.mean()
                rows.append(
                    {"who": who.replace("_", " "), "n_labelled": n, "task": task, "seed": seed,
                     "metric": METRIC[task], "value": level, "each": dict(zip(SCENES, each, strict=True))}
                )  # fmt: skip
    return pd.DataFrame(rows)


def both_parts(table: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([table.drop(columns="each").assign(part="curve"), ahead(table).assign(part="ahead")])


def test_a_curve_is_read_across_on_a_logarithmic_scale_of_scenes():
    table = curves(base=[0.4, 0.6, 0.8], tuned_from_base=[0.5, 0.3, 0.9])
    needed = labels_needed(table[table.seed == 1], "base", "tuned from base")
    assert needed.needed.tolist() == pytest.approx([32, 0, np.inf])  # half-way from 16 to 64; fewest; never
    assert needed.factor.tolist() == pytest.approx([2, 0, np.inf])


def test_of_degrees_less_is_better():
    table = curves("normals", (1,), base=[30, 20, 10], tuned_from_base=[25, 25, 25])
    assert labels_needed(table, "base", "tuned from base").needed.tolist() == pytest.approx([32, 32, 32])
    assert ahead(table).value.tolist() == pytest.approx([5, -5, -15])


def test_differences_are_paired_by_scene_and_told_over_scenes_and_seeds():
    table = curves(base=[0.4, 0.5, 0.6], tuned_from_base=[0.45, 0.5, 0.9])
    found = ahead(table)
    assert found[["who", "other", "n_labelled"]].to_numpy().tolist() == [
        ["tuned from base", "base", n] for n in (16, 64, 256)
    ]
    assert found.value.tolist() == pytest.approx([0.05, 0, 0.3])
    assert found[["n", "scenes"]].to_numpy().tolist() == [[40, 40]] * 3
    assert ((found.high - found.low) < 0.02).all()  # the scatter of scenes, 0.2 wide, is not in it
    assert found["seed 2"].tolist() == pytest.approx([0.05, 0, 0.3])


def test_a_scene_that_one_of_two_did_not_answer_is_left_out_of_their_difference():
    table = curves(base=[0.4, 0.5, 0.6], tuned_from_base=[0.5, 0.6, 0.7])
    table.loc[0, "each"].pop(SCENES[0])
    assert ahead(table).value[0] == pytest.approx(0.1, abs=0.002)
    apart = table.assign(each=[{f"{row.who}/{name}": 1.0 for name in SCENES} for row in table.itertuples()])
    with pytest.raises(InputError, match="at least one value"):
        ahead(apart)


def test_two_that_are_no_better_than_a_guess_are_not_compared():
    table = curves(
        base=[0.4, 0.5, 0.6], tuned_from_base=[0.2, 0.25, 0.29], trained_from_nothing=[0.1, 0.2, 0.2]
    )
    probe, tuned = labels_said(both_parts(table), GUESSES)
    assert "the tuned base is ahead of a probe of the base by -0.200" in probe
    assert "(the tuned base is no better than a guess)" in probe
    assert probe.endswith("a probe of the base needs (a number a seed) the fewest tried, whatever N.")
    assert tuned.endswith(
        "the tuned base and the network trained from nothing are no better than a guess, 0.3: not compared."
    )


def test_what_one_needs_is_told_by_number_of_scenes():
    (said,) = labels_said(both_parts(curves(base=[0.4, 0.6, 0.8], tuned_from_base=[0.5, 0.3, 0.9])), GUESSES)
    assert said.startswith("Depth (δ1): the tuned base is ahead of a probe of the base by +0.100 [+0.0")
    assert "with 16 scenes, -0.300 [-0.30" in said
    assert "n=40" in said
    assert said.endswith("16: 32, 32, 32; 64: the fewest tried; 256: more than tried.")  # fmt: skip


def test_what_scenes_decide_and_seeds_do_not_is_told():
    table = curves(base=[0.5, 0.5, 0.5], tuned_from_base=[0.6, 0.6, 0.6])
    of_one = (table.who == "base") & (table.seed == 2)
    table.loc[of_one, "each"] = [{name: v + 0.25 for name, v in each.items()} for each in table[of_one].each]
    (said,) = labels_said(both_parts(table), GUESSES)
    assert said.count("(three seeds do not carry it)") == 3


def test_probes_alone_say_what_is_missing():
    table = both_parts(curves(base=[0.4, 0.5, 0.6], untrained=[0.3, 0.4, 0.5]))
    assert labels_said(table, GUESSES)[-1].endswith("has not been measured yet.")


def test_the_guess_is_the_one_of_the_model_card():
    guesses = blind_guesses()
    assert set(guesses) == {"depth", "normals", "semantic"}
    assert 0 < guesses["semantic"] < guesses["depth"] < 1 < guesses["normals"] < 90


def test_a_training_that_is_missing_is_named_with_its_command(tmp_path: Path):
    with pytest.raises(InputError, match="vbanalysis mini control few-base --scenes 16 --seed 1"):
        few_runs(tmp_path, counts=[16])


def test_probes_of_the_base_read_classes_that_random_weights_do_not_hold(monkeypatch):
    monkeypatch.setattr(probes, "SEVERAL", ("up.4",))
    monkeypatch.setattr(study, "VIEWS", (("noised", 0.05),))
    whole = labels_study(12, counts=[8], seeds=[1], trained=False)
    better = whole[whole.part == "ahead"].set_index("task")
    table = whole[whole.part == "curve"]
    assert set(table.who) == {"base", "untrained", "pixels"}
    value = table.set_index(["task", "who"]).value
    assert value["semantic", "base"] > value["semantic", "untrained"] + 0.05
    assert value["semantic", "base"] > value["semantic", "pixels"] + 0.05
    means = table[table.task == "depth"].set_index("who").value
    assert better.value["depth"] == pytest.approx(means["base"] - means["untrained"])
    assert list(better.index) == ["depth", "normals"]
    assert (table.low <= table.value).all()
    assert (table.value <= table.high).all()


def test_what_was_trained_answers_what_it_learnt_on_the_scenes_that_probes_are_asked():
    asked = {sample.id for sample in Scenes("heldout", 5)}
    learnt = {row["task"]: row for row in trained_rows(find_weights("tuned"), 5, "heldout")}
    assert list(learnt) == ["depth", "normals", "semantic"]
    for task in MEANS:
        assert set(learnt[task]["each"]) == asked
        assert np.mean(list(learnt[task]["each"].values())) == pytest.approx(learnt[task]["value"])
    assert learnt["semantic"]["each"] == {}
    assert trained_rows(find_weights("base"), 5, "heldout") == []
