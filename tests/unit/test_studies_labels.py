"""How many labels a probe, a tuning and a training need: curves read across, and told with their limits."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vbanalysis.errors import InputError
from vbanalysis.studies.labels import probes, study
from vbanalysis.studies.labels.needed import blind_guesses, labels_needed, labels_said
from vbanalysis.studies.labels.study import few_runs, labels_study

GUESSES = {"depth": 0.3, "normals": 40.0, "semantic": 0.1}


def curves(**values: list[float]) -> pd.DataFrame:
    """Depth of one seed at 16, 64 and 256 scenes, by who."""
    return pd.DataFrame(
        {
            "who": who.replace("_", " "),
            "n_labelled": n,
            "task": "depth",
            "metric": "delta1",
            "value": v,
            "seed": 1,
        }
        for who, line in values.items()
        for n, v in zip((16, 64, 256), line, strict=True)
    )


def test_a_curve_is_read_across_on_a_logarithmic_scale_of_scenes():
    table = curves(base=[0.4, 0.6, 0.8], tuned_from_base=[0.5, 0.3, 0.9])
    needed = labels_needed(table, "base", "tuned from base")
    assert needed.needed.tolist() == pytest.approx(
        [32, 0, np.inf]
    )  # half-way from 16 to 64; the fewest; never
    assert needed.factor.tolist() == pytest.approx([2, 0, np.inf])


def test_of_degrees_less_is_better():
    table = curves(base=[30, 20, 10], tuned_from_base=[25, 25, 25]).assign(task="normals", metric="mean_deg")
    assert labels_needed(table, "base", "tuned from base").needed.tolist() == pytest.approx([32, 32, 32])


def test_two_that_are_no_better_than_a_guess_are_not_compared():
    table = curves(
        base=[0.4, 0.5, 0.6], tuned_from_base=[0.2, 0.25, 0.29], trained_from_nothing=[0.1, 0.2, 0.2]
    )
    probe, tuned = labels_said(table, GUESSES)
    assert "the fewest tried, whatever N and seed (tuned from base is no better than a guess)" in probe
    assert "neither is better than a guess, 0.3, so they are not compared" in tuned


def test_what_one_needs_is_told_by_number_of_scenes():
    table = curves(base=[0.4, 0.6, 0.8], tuned_from_base=[0.5, 0.3, 0.9])
    assert labels_said(table, GUESSES) == [
        "A probe of the base needs, to be as good as the tuned base with N (depth, a number a seed): "
        "16: 32; 64: the fewest tried; 256: more than tried."
    ]


def test_probes_alone_say_what_is_missing():
    assert labels_said(curves(base=[0.4, 0.5, 0.6]), GUESSES)[-1].endswith("has not been measured yet.")


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
    table = labels_study(12, counts=[8], seeds=[1], trained=False)
    assert set(table.who) == {"base", "untrained", "pixels"}
    value = table.set_index(["task", "who"]).value
    assert value["semantic", "base"] > value["semantic", "untrained"] + 0.05
    assert value["semantic", "base"] > value["semantic", "pixels"] + 0.05
    assert (table.low <= table.value).all()
    assert (table.value <= table.high).all()
