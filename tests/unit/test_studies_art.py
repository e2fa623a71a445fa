"""Drawing before and after a tuning: paired differences, kernel distances, forgetting by ratio and seed."""

import numpy as np
import pandas as pd
import pytest

from vbanalysis.errors import InputError
from vbanalysis.metrics.distributions import kernel_distance
from vbanalysis.perceptual.mini_judge import MiniJudge
from vbanalysis.plots import art as figures
from vbanalysis.studies import art, drawing
from vbanalysis.studies.kept import read_kept
from vbanalysis.studies.questions import ask
from vbanalysis.studies.votes.rows import figure_of

pytestmark = pytest.mark.usefixtures("one_thread")


def rows(values, **more):
    return pd.DataFrame({"id": [f"q{k}" for k in range(len(values))], "done": values, **more})


def test_a_difference_is_taken_prompt_by_prompt():
    first, second = np.array([0.1, 0.5, 0.9, 0.3, 0.2, 0.6]), np.array([0.3, 0.7, 1.0, 0.4, 0.4, 0.9])
    table = art.differences(rows(first), rows(second), ["done"])
    only = table.iloc[0]
    assert only.difference == pytest.approx((second - first).mean())
    # All six rise: the smallest p that signs of six differences can give.
    assert only.p == pytest.approx(2 / 2**6)
    assert only.p_holm == only.p
    with pytest.raises(InputError, match="same prompts"):
        art.differences(rows(first), rows(second[:5]), ["done"])


@pytest.fixture(scope="module")
def captions():
    return ask("generation", "validation", 12)


def test_true_pictures_are_nearer_to_true_ones_than_grey_ones_are(captions):
    rendered = drawing.renderer(captions)
    grey = [np.full_like(picture, 127) for picture in rendered]
    look = MiniJudge()
    elsewhere = art.rendered_elsewhere(captions, "heldout")
    found = art.kernel_distances(look, {"true": elsewhere, "grey": grey}, rendered)
    table = art.distance_table(found, "true", "grey").set_index("who")
    assert table.kid["true"] < table.kid["grey"]
    assert table.low["grey minus true"] > 0
    assert table.kid["grey minus true"] == pytest.approx(table.kid["grey"] - table.kid["true"])
    paired = kernel_distance(look.features(grey), look.features(rendered), paired=True)
    assert paired.value == found["grey"].value
    told = art.frechet_table(look, {"grey": grey}, rendered, np.random.default_rng(0)).iloc[0]
    assert told.singular  # 12 pictures, 128 dimensions
    assert (told.n, told.dimensions) == (12, 128)


def test_the_shipped_ratios_are_read_whatever_they_are():
    table = art.mixing_by_ratio()
    known = table[table.ratio.notna()]
    assert known.ratio.is_monotonic_increasing
    assert art.own_share("ratio-00") == 0
    assert art.own_share("ratio-25") == pytest.approx(0.25, abs=1e-3)
    assert table[~table.who.str.startswith("ratio-")].ratio.isna().all()
    titles = [ax.get_title() for ax in figures.forgetting_figure(table, art.FORGETTING).axes]
    assert titles[::3] == ["drawings: true claims, share", "depth: delta1"]


def test_a_table_without_ratios_cannot_be_drawn(tmp_path):
    (tmp_path / "mixing.tsv").write_text(
        "task\tmetric\twho\tvalue\tlow\thigh\tn\ndepth\tdelta1\tbase\t1\t1\t1\t9\n"
    )
    with pytest.raises(InputError, match="vbanalysis mini mixing"):
        figures.forgetting_figure(art.mixing_by_ratio(tmp_path), art.FORGETTING)


def examined(values):
    return pd.DataFrame(
        [
            {
                "who": who, "seed": seed, "task": "generation", "metric": "attributes", "value": value,
                "low": value - 0.1, "high": value + 0.1, "n": 50,
            }
            for who, seed, value in values
        ]
    )  # fmt: skip


def test_three_seeds_have_an_interval_over_seeds_and_one_has_it_over_prompts():
    table = art.over_seeds(
        examined([("base", 0, 0.4), ("pictures", 1, 0.1), ("pictures", 2, 0.2), ("pictures", 3, 0.3)]),
        "generation",
        "attributes",
    ).set_index("who")
    assert table.over.tolist() == ["50 prompts", "3 seeds"]
    assert (table.low["base"], table.high["base"]) == (pytest.approx(0.3), pytest.approx(0.5))
    reach = 4.302653 * 0.1 / np.sqrt(3)  # Student's t with two degrees of freedom
    assert table.high["pictures"] == pytest.approx(0.2 + reach, abs=1e-6)
    assert table.seeds["pictures"] == "0.100, 0.200, 0.300"
    assert table.share["pictures"] == 0
    nothing = art.over_seeds(examined([("narrow", k, 0.0) for k in (1, 2, 3)]), "generation", "attributes")
    assert nothing.over[0] == "50 prompts"
    assert nothing.high[0] == pytest.approx(1 - 0.025 ** (1 / 50))  # Clopper and Pearson's, of none in 50
    with pytest.raises(InputError, match="measure it again"):
        art.over_seeds(examined([("base", 0, 0.4)]), "edit", "done")


def test_weights_are_examined_on_the_same_prompts():
    weights = [art.Trained("base", 0, "base"), art.Trained("tuned", 0, "tuned")]
    table = art.examined(weights, MiniJudge(), n=5, split="validation", steps=1)
    base, tuned = (table[table.who == who].set_index("metric") for who in ("base", "tuned"))
    assert base.less_first.isna().all()
    told = tuned.less_first.dropna()
    assert {"attributes", "done_kept", "kid_mini-judge"} <= set(told.index)
    assert told.to_numpy() == pytest.approx((tuned.value - base.value)[told.index].to_numpy())
    said = art.change_said(table, "tuned", "generation", "attributes")
    assert said.startswith(f"{tuned.less_first['attributes']:+.3f} [")
    with pytest.raises(InputError, match="measure it again"):
        art.change_said(table, "pictures", "generation", "attributes")
    assert set(table.task) == {"generation", "edit"}
    assert {"attributes", "held_out_loss", "kid_mini-judge", "done_kept"} <= set(table.metric)
    assert (table.n == 5).all()


@pytest.mark.parametrize(
    ("low", "high", "word"), [(0.1, 0.3, "a gain"), (-0.3, -0.1, "a loss"), (-0.1, 0.3, "no change that 50")]
)
def test_a_change_is_called_what_its_interval_carries(low, high, word):
    table = examined([("tuned", 0, 0.5)]).assign(less_first=0.1, less_first_low=low, less_first_high=high)
    assert word in art.change_said(table, "tuned", "generation", "attributes")


def test_the_figures_are_drawn_from_the_kept_tables():
    bench, arena, apart = (
        read_kept(name).table for name in ("genai_bench", "genai_arena", "genai_told_apart")
    )
    strengths = figures.strengths_figure(bench).axes[0]
    names = [label.get_text() for label in strengths.get_yticklabels()]
    values = [figure_of(bench, "strength", name.replace(" ", "_")).value for name in names]
    assert values == sorted(values, reverse=True)
    assert len(figures.told_apart_figure(apart, {"527 prompts": 527}).axes[0].lines) >= 4
    assert len(figures.voters_figure(arena).axes[0].containers) == 2
    table = examined([("base", 0, 0.4), ("pictures", 1, 0.1), ("pictures", 2, 0.2)])
    assert len(figures.trainings_figure(table, [("generation", "attributes")]).axes[0].containers) == 2
    first, second = rows([0.1, 0.2, 0.3, 0.4, 0.5]), rows([0.2, 0.2, 0.3, 0.4, 0.6])
    drawn = figures.differences_figure(art.differences(first, second, ["done"]), "base", "tuned")
    assert drawn.axes[0].get_xlabel() == "tuned minus base, share of pictures"
