"""What is made of votes: ratings and pairs of known make, tables of blind votes of every kind of damage."""

import json

import numpy as np
import pandas as pd
import pytest

from vbanalysis.datasets.genai_arena import ArenaVotes
from vbanalysis.datasets.genai_bench import FILE, GenAiBench
from vbanalysis.errors import DataError, InputError
from vbanalysis.stats import wilson
from vbanalysis.studies.kept import read_kept
from vbanalysis.studies.votes import genai_arena, genai_bench, needed, published
from vbanalysis.studies.votes.blind import COLUMNS, blind_result, read_votes
from vbanalysis.studies.votes.rows import figure_of, table_of


def rated(folder, rng, prompts=60, harsh=0.0):
    """Ratings of three models; `harsh` raters take a point off all pictures of a prompt, or put one on."""
    content = {}
    for k in range(prompts):
        rater = harsh * rng.normal(size=3)
        models = {}
        for lead, name in enumerate("xyz"):
            quality = 2 + 0.7 * lead + rng.normal(scale=0.8)
            models[name] = np.clip(np.rint(quality + rater + rng.normal(scale=0.3, size=3)), 1, 5).tolist()
        content[str(k)] = {"id": f"{k:03d}", "prompt": "p", "models": models}
    (folder / FILE).write_text(json.dumps(content))
    return GenAiBench(folder)


def test_a_vote_is_what_the_same_rater_put_higher(tmp_path):
    content = {"a": {"id": "a", "prompt": "p", "models": {"x": [5, 2, 99], "y": [3, 2, 1]}}}
    (tmp_path / FILE).write_text(json.dumps(content))
    votes = genai_bench.votes_of(GenAiBench(tmp_path))
    assert votes.outcome.tolist() == [1.0, 0.5]  # of a misprint nobody knows who was higher
    assert votes.rater.tolist() == [0, 1]
    turned = votes.between("y", "x")
    assert turned.outcome.tolist() == [0.0, 0.5]
    assert set(turned.first) == {"y"}
    with pytest.raises(InputError, match="no vote"):
        votes.between("x", "z")


def test_better_models_are_stronger_and_votes_on_a_prompt_go_together(tmp_path):
    table = genai_bench.measured(rated(tmp_path, np.random.default_rng(0)), resamples=100)
    strengths = [figure_of(table, "strength", name).value for name in "zyx"]
    assert strengths == sorted(strengths, reverse=True)
    assert figure_of(table, "strength", "z").clusters == 60
    assert figure_of(table, "win_rate", "z : x").low > 0.5
    assert figure_of(table, "correlation", "mean of pairs").value > 0.5
    assert figure_of(table, "design_effect", "mean of pairs").value > 1.5
    assert figure_of(table, "alpha", "ordinal").value > figure_of(table, "alpha", "nominal").value


def test_a_rater_with_a_habit_is_told_from_places_without_one(tmp_path):
    found = []
    for harsh in (1.0, 0.0):
        table = genai_bench.measured(rated(tmp_path, np.random.default_rng(1), 200, harsh), resamples=100)
        found.append(figure_of(table, "same_rater").value - figure_of(table, "other_rater").value)
    assert found[0] > 0.5 > 0.15 > abs(found[1])


def drawn_votes(rng, prompts, rate, raters=3, alike=True):
    """Votes that agree on each prompt, or are each on their own."""
    size = (prompts, 1) if alike else (prompts, raters)
    outcome = np.broadcast_to(rng.random(size) < rate, (prompts, raters)).astype(float)
    places = np.indices(outcome.shape)
    names = (np.full(outcome.size, "x"), np.full(outcome.size, "y"))
    return genai_bench.Votes(*names, outcome.ravel(), places[0].ravel(), places[1].ravel())


def test_experiments_on_votes_find_a_lead_the_oftener_the_more_prompts_and_err_as_often_as_they_should():
    rng = np.random.default_rng(2)
    told = genai_bench.told_apart(drawn_votes(rng, 3000, 0.6), [50, 200, 800], rng, experiments=400)
    assert told[told.raters == 1].value.is_monotonic_increasing
    assert told.value.iloc[2] > 0.99
    # Votes that agree are one vote: three on a prompt tell no more.
    one, three = (told[(told.raters == each) & (told.prompts == 200)].value.iloc[0] for each in (1, 3))
    assert abs(one - three) < 0.1
    balanced = drawn_votes(rng, 200, 0.5)
    balanced = balanced._replace(outcome=np.repeat([0.0, 1.0], 300))
    assert genai_bench.told_apart(balanced, [300], rng, experiments=1000).value.max() < 0.08


def test_votes_that_do_not_agree_add_up():
    rng = np.random.default_rng(3)
    told = genai_bench.told_apart(drawn_votes(rng, 3000, 0.6, alike=False), [100], rng, experiments=400)
    one, three = told.value
    assert three > one + 0.25
    with pytest.raises(InputError, match="from 1 to 3, got 4"):
        genai_bench.told_apart(drawn_votes(rng, 30, 0.6), [10], rng, raters=[4])


def test_a_judge_is_compared_with_people_on_the_same_pairs():
    human = np.array([1.0, 0.0, 1.0, 0.0, 0.5, 0.5, 1.0, 1.0])
    judge = np.array([1.0, 0.0, 0.0, 0.5, 0.5, 1.0, np.nan, 1.0])
    table = genai_arena.measured(ArenaVotes(human, judge, human == 2, judge == 2), resamples=50)
    assert figure_of(table, "same_decided")[:3] == pytest.approx(wilson(3, 4)[:3])
    assert figure_of(table, "same").value == pytest.approx(4 / 7)
    assert figure_of(table, "no_verdict", "judge").value == pytest.approx(1 / 8)
    assert figure_of(table, "left", "human").value == pytest.approx(4 / 6)


def test_a_judge_that_guesses_sees_no_lead_and_a_perfect_one_sees_all():
    assert genai_arena.seen_by_judge(0.7, 0.5) == pytest.approx(0.5)
    assert genai_arena.seen_by_judge(0.7, 1.0) == pytest.approx(0.7)


def test_what_is_needed_has_its_power_and_grows_where_votes_agree_or_a_judge_errs():
    asked = needed.settings(0.25, 0.75, 0.4, 0.8)
    table = needed.needed(0.6, asked, np.random.default_rng(4), simulations=1000)
    plain, tied, thrice, _, _, judged = table.votes
    assert table.prompts.iloc[4] < table.prompts.iloc[2]
    assert thrice > 1.8 * tied
    assert judged > 3.5 * plain
    assert (table.power > 0.77).all()
    assert (table.level < 0.075).all()
    assert table.naive_level.iloc[2] > 0.12 > table.naive_level.iloc[0]


HEAD = "\t".join(COLUMNS) + "\n"


def line(pair, choice, rater="ann", left="base", right="tuned", prompt="a ball"):
    return "\t".join([pair, prompt, left, right, choice, rater, "1.5", "2026-01-01T00:00:00Z"]) + "\n"


def write(folder, text):
    path = folder / "votes.tsv"
    path.write_text(text)
    return path


def test_votes_are_read_with_the_last_one_of_a_rater_on_a_pair(tmp_path):
    text = HEAD + line("1", "left") + line("2", "skip") + line("1", "right") + line("1", "tie", "bob")
    found = read_votes(write(tmp_path, text))
    assert found.table.choice.tolist() == ["right", "tie"]
    assert (found.skipped, found.replaced, found.truncated) == (1, 1, False)


def test_quotation_marks_and_further_columns_and_another_order_change_nothing(tmp_path):
    text = 'rater\tchoice\tmood\tright\tleft\tprompt\tpair_id\r\nann\tleft\tfine\ttuned\tbase\t"a ball\t1\r\n'
    found = read_votes(write(tmp_path, text))
    assert found.table.prompt.tolist() == ['"a ball']
    assert np.isnan(found.table.seconds).all()


@pytest.mark.parametrize("end", ["2\ta ball\tbase", "2\ta ball\tbase\ttuned\tle\tann\t1\t2", "2"])
def test_a_last_line_that_was_cut_short_is_left_out_and_said(tmp_path, end):
    found = read_votes(write(tmp_path, HEAD + line("1", "left") + end))
    assert found.truncated
    assert len(found.table) == 1


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "no column pair_id"),
        ("pair_id\tprompt\n", "no column left, right, choice, rater"),
        (HEAD + "2\ta ball\tbase\n" + line("1", "left"), "line 2: 3 columns, expected 8"),
        (HEAD + line("1", "both"), "line 2: choice is 'both'"),
        (HEAD + line("1", "left", right="base"), "compared with itself"),
    ],
)
def test_a_damaged_table_of_votes_is_refused_with_its_line(tmp_path, text, word):
    with pytest.raises(DataError, match=word):
        read_votes(write(tmp_path, text))
    with pytest.raises(DataError, match="cannot be read"):
        read_votes(tmp_path / "none.tsv")


def test_a_win_is_a_win_on_either_side(tmp_path):
    text = HEAD
    for k in range(8):
        sides = {} if k % 2 else {"left": "tuned", "right": "base"}
        text += line(str(k), "right" if k % 2 else "left", prompt=f"p{k}", **sides)
    text += line("8", "tie", prompt="p8")
    found = blind_result(read_votes(write(tmp_path, text)), "tuned", "base")
    assert (found.half.wins, found.half.ties, found.half.losses) == (8, 1, 0)
    assert found.decided.rate.value == 1
    assert found.left.rate.value == 0.5
    assert (found.alpha, found.raters) == (None, 1)


def test_raters_on_the_same_pairs_have_an_agreement(tmp_path):
    text = HEAD
    for k in range(12):
        choice = ["left", "right", "tie"][k % 3]
        text += line(str(k), choice, prompt=f"p{k}") + line(str(k), choice, "bob", prompt=f"p{k}")
    found = blind_result(read_votes(write(tmp_path, text)), "base", "tuned")
    assert found.alpha == pytest.approx(1)
    assert found.half.rate.clusters == 12
    with pytest.raises(InputError, match="voted on are base, tuned"):
        blind_result(read_votes(write(tmp_path, text)), "base", "scratch")


def test_the_table_that_the_rating_widget_exports_is_read(tmp_path):
    rating = pytest.importorskip("vbanalysis.widgets.rating")
    vote = rating.Vote("1", "a ball", "base", "tuned", "left", "ann", 2.0, "2026-01-01T00:00:00+00:00")
    assert tuple(vote._fields) == COLUMNS
    assert set(rating.CHOICES) == {"left", "right", "tie", "skip"}


def test_only_ties_have_no_decided_rate(tmp_path):
    text = HEAD + "".join(line(str(k), "tie", prompt=f"p{k}") for k in range(6))
    found = blind_result(read_votes(write(tmp_path, text)), "tuned", "base")
    assert found.half.rate.value == 0.5
    assert (found.decided, found.left, found.alpha) == (None, None, None)


def test_a_row_that_is_missing_or_doubled_is_an_error():
    table = table_of({("alpha", "nominal"): wilson(3, 4)})
    assert figure_of(table, "alpha", "nominal")[:4] == pytest.approx(wilson(3, 4)[:4])
    for bad in (table[:0], pd.concat([table, table])):
        with pytest.raises(InputError, match="measure the table again"):
            figure_of(bad, "alpha", "nominal")


def test_without_the_published_files_it_is_said_how_to_get_them(monkeypatch):
    monkeypatch.delenv("VBANALYSIS_SAMPLES", raising=False)
    assert not published.at_hand()
    with pytest.raises(InputError, match=r"TIGER-Lab/GenAI-Bench.*VBANALYSIS_SAMPLES"):
        published.genai_arena()


def test_the_kept_aggregates_are_those_of_the_published_files():
    if not published.at_hand():
        pytest.skip("needs the published files below VBANALYSIS_SAMPLES")
    kept, again = read_kept("genai_arena").table, genai_arena.measured(published.genai_arena())
    assert kept.value.tolist() == pytest.approx(again.value.tolist(), rel=1e-4)
    kept = read_kept("genai_bench").table
    again = genai_bench.measured(published.genai_bench(), resamples=100)
    assert kept[["what", "who"]].to_numpy().tolist() == again[["what", "who"]].to_numpy().tolist()
    assert kept.value.tolist() == pytest.approx(again.value.tolist(), rel=1e-4)
