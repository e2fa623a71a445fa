"""The examination: fair questions, marks that know right from wrong, targets that are held against them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from vbanalysis.errors import DataError, InputError
from vbanalysis.mini.world.graph import CLASSES
from vbanalysis.mini.world.layout import make_scene
from vbanalysis.paths import data_dir
from vbanalysis.studies import drawing, report_card
from vbanalysis.studies.answerers import Blind, Oracle, Painter, decode
from vbanalysis.studies.card import write_card
from vbanalysis.studies.examination import examine, swapped
from vbanalysis.studies.marks import figures_table, mark
from vbanalysis.studies.questions import ANSWERS, Question, ask


class Copyist:
    """A generator that knows the right pictures, or those of other colours than it was asked for."""

    name = "copyist"

    def __init__(self, questions: list[Question], wrong: bool = False) -> None:
        self.answers = {question.exercise.prompt: question.exercise.target for question in questions}
        self.wrong = wrong

    def sample(self, image, instruction, *, seed=0):
        return self.sample_many([image], [instruction])[0]

    def sample_many(self, images, instructions, *, seeds=None):
        pictures = [self.answers[str(instruction)] for instruction in instructions]
        return [255 - picture for picture in pictures] if self.wrong else pictures

    def describe(self):
        return {}


@pytest.mark.parametrize("task", ANSWERS)
def test_the_truth_through_the_code_is_nearly_perfect(task):
    questions = ask(task, n=12)
    figures = mark(questions, Oracle().answer(questions)).figures
    best = {"depth": "delta1", "normals": "under_11_25", "semantic": "miou", "instance": "pmf1_50"}
    assert figures[best.get(task, "giou")].value > 0.95


@pytest.mark.parametrize("task", ["depth", "normals", "semantic", "referring"])
def test_who_does_not_look_is_told_from_who_knows(task):
    questions = ask(task, n=20)
    name = {"depth": "delta1", "normals": "under_11_25", "semantic": "miou"}.get(task, "giou")
    knows = mark(questions, Oracle().answer(questions)).figures[name]
    guesses = mark(questions, Blind(by_pixel=True, scenes=30).answer(questions)).figures[name]
    assert guesses.high < 0.6 < knows.low


def test_blind_guesses_by_pixel_know_more_than_one_guess_for_all():
    questions = ask("normals", n=20)
    by_pixel, constant = (
        mark(questions, Blind(by_pixel=by, scenes=60).answer(questions)).figures["mean_deg"].value
        for by in (True, False)
    )
    assert by_pixel < constant


def test_questions_are_the_same_each_time_and_name_all_classes():
    first, second = ask("semantic", n=3), ask("semantic", n=3)
    assert [q.exercise.prompt for q in first] == [q.exercise.prompt for q in second]
    assert set(first[0].exercise.about["classes"]) == set(CLASSES)
    assert first[0].id == "validation/0/semantic"


def test_no_held_out_scene_is_a_training_scene():
    trained = {make_scene("train", number).things for number in range(200)}
    assert not trained & {make_scene("heldout", number).things for number in range(200)}


def test_as_many_questions_are_asked_as_were_wanted_and_too_few_scenes_are_an_error():
    assert len(ask("generation", n=12)) == 12
    with pytest.raises(InputError, match="scenes of 'crowded' have an answer to 'generation'"):
        ask("generation", "crowded", n=1)


def test_a_generator_is_marked_by_what_its_pictures_decode_to():
    questions = ask("semantic", n=6)
    right = mark(questions, Painter(Copyist(questions)).answer(questions)).figures["miou"].value
    wrong = mark(questions, Painter(Copyist(questions, wrong=True)).answer(questions)).figures["miou"].value
    assert right == pytest.approx(1)
    assert wrong < 0.3


def test_labels_of_a_decoded_picture_are_those_of_the_world_whatever_the_order_of_the_prompt():
    (question,) = ask("semantic", n=1)
    assert np.array_equal(decode(question, question.exercise.target), question.view.classes)


def test_masks_that_follow_their_colours_pass_the_swap_and_others_do_not():
    both = ask("referring", n=20, two=True) + ask("referring", n=20, two=True, swap=True)
    assert swapped(Copyist(both), n=20).mean() == pytest.approx(1)

    class Stubborn(Copyist):
        """Paints the same masks whatever the colours are."""

        def sample_many(self, images, instructions, *, seeds=None):
            first = {q.exercise.image.tobytes(): q.exercise.target for q in reversed(both)}
            return [first[image.tobytes()] for image in images]

    assert swapped(Stubborn(both), n=20).mean() < 0.05


def test_everyone_is_asked_everything_they_can_answer():
    marks = list(examine({"codec": Oracle(), "blind": Blind(by_pixel=False, scenes=10)}, n=5))
    table = pd.concat([figures_table(each.task, name, each.figures) for name, each in marks])
    assert set(table[table.who == "codec"].task) == set(ANSWERS)
    assert "instance" not in set(table[table.who == "blind"].task)
    assert (table.low <= table.value + 1e-9).all()
    assert (table.value <= table.high + 1e-9).all()


def test_true_drawings_pass_the_judge_and_shuffled_ones_do_not(judge):
    questions = ask("generation", n=24)
    true = drawing.judge_drawings(questions, drawing.renderer, judge).marks.figures["attributes"]
    chance = drawing.judge_drawings(questions, drawing.shuffler, judge).marks.figures["attributes"]
    assert chance.high < 0.5 < 0.9 < true.value


def test_done_edits_pass_the_judge_and_untouched_pictures_do_not(judge):
    questions = ask("edit", n=16)
    done = drawing.judge_edits(questions, drawing.renderer, judge).marks.figures
    undone = drawing.judge_edits(questions, drawing.untouched, judge).marks.figures
    assert done["done_kept"].value > 0.9
    assert undone["done"].value < 0.2
    assert undone["rest_psnr_db"].value > 40


@pytest.fixture(scope="module")
def judge():
    from vbanalysis.mini.judge.reading import Judge

    return Judge.load()


def _results(**values: float) -> pd.DataFrame:
    rows = [
        ("depth", "delta1", "mini", values.get("delta1", 0.75)),
        ("depth", "delta1", "blind", 0.3),
        ("normals", "mean_deg", "mini", values.get("mean_deg", 20.0)),
        ("referring", "giou", "mini", 0.7),
        ("generation", "attributes", "mini", 0.6),
        ("generation", "attributes", "base", 0.65),
    ]
    return pd.DataFrame(
        [(*row, row[3] - 0.01, row[3] + 0.01, 400) for row in rows],
        columns=["task", "metric", "who", "value", "low", "high", "n"],
    )


def test_targets_say_what_was_met_in_the_direction_that_is_better():
    met = report_card.against_targets(_results()).set_index("metric").met
    assert met["delta1"] == "yes"
    assert met["mean_deg"] == "no"
    assert met["giou"] == "goal"
    met = report_card.against_targets(_results(delta1=0.69, mean_deg=10.0)).set_index("metric").met
    assert (met["delta1"], met["mean_deg"]) == ("no", "goal")


def test_a_target_that_nobody_measured_is_not_passed_over():
    table = report_card.against_targets(_results()).set_index("metric")
    assert len(table) == len(report_card.TARGETS)
    assert table.mini["swapped"] == "not measured"
    assert table.met["swapped"] == ""


def test_what_tuning_took_from_drawing_stands_side_by_side():
    kept = report_card.generation_kept(_results())
    (row,) = kept.to_dict("records")
    assert (row["metric"], row["base"], row["mini"]) == (
        "attributes",
        "0.65 [0.64, 0.66] n=400",
        "0.6 [0.59, 0.61] n=400",
    )


def test_the_card_gets_its_tables_between_its_marks_and_keeps_its_words(tmp_path):
    marks = "".join(
        f"<!-- {name} -->\nold\n<!-- /{name} -->\n" for name in ("files", "targets", "generation")
    )
    (tmp_path / "CARD.md").write_text(f"# Words\n{marks}end\n", encoding="utf-8")
    (tmp_path / "weights").mkdir()
    write_card(_results(), tmp_path)
    text = (tmp_path / "CARD.md").read_text(encoding="utf-8")
    assert "old" not in text
    assert text.startswith("# Words")
    assert text.endswith("end\n")
    assert "| depth | delta1 | 0.7 | 0.8 | 0.75 [0.74, 0.76] n=400 | yes | 0.3 |" in text
    assert len(pd.read_csv(tmp_path / "results.tsv", sep="\t")) == 6


def test_the_card_rounds_once(tmp_path):
    results = _results()
    # To five digits 0.9175, which to three is 0.917; from the figure itself it would be 0.918.
    results.loc[(results.metric == "delta1") & (results.who == "mini"), "low"] = 0.917502
    (tmp_path / "CARD.md").write_text(
        "".join(f"<!-- {name} -->\n<!-- /{name} -->\n" for name in ("files", "targets", "generation"))
    )
    (tmp_path / "weights").mkdir()
    write_card(results, tmp_path)
    shown = report_card.against_targets(pd.read_csv(tmp_path / "results.tsv", sep="\t")).mini[0]
    assert "0.917" in shown
    assert shown in (tmp_path / "CARD.md").read_text()


def test_a_card_without_marks_is_refused_and_nothing_is_written(tmp_path):
    (tmp_path / "CARD.md").write_text("no marks", encoding="utf-8")
    with pytest.raises(DataError, match="lacks the marks"):
        write_card(_results(), tmp_path)
    assert not (tmp_path / "results.tsv").exists()


def test_the_shipped_card_says_what_the_shipped_results_say():
    folder = data_dir() / "mini"
    table = report_card.against_targets(pd.read_csv(folder / "results.tsv", sep="\t"))
    card = (folder / "CARD.md").read_text(encoding="utf-8")
    for row in table.itertuples():
        assert f"| {row.task} | {row.metric} |" in card
        assert f"| {row.mini} | {row.met} |" in card


def test_controls_are_set_beside_it_with_who_is_better():
    rows = [
        ("depth", "delta1", "mini", 0.80, 0.78, 0.82),
        ("depth", "delta1", "scratch", 0.90, 0.88, 0.92),
        ("normals", "mean_deg", "mini", 8.0, 7.5, 8.5),
        ("normals", "mean_deg", "scratch", 9.0, 8.6, 9.5),
        ("semantic", "miou", "mini", 0.90, 0.88, 0.92),
        ("semantic", "miou", "scratch", 0.91, 0.89, 0.93),
        ("edit", "done", "mini", 0.9, 0.8, 1.0),
    ]
    table = pd.DataFrame(rows, columns=["task", "metric", "who", "value", "low", "high"])
    told = report_card.beside(table, "scratch").set_index("metric")
    assert dict(told.better) == {"delta1": "scratch", "mean_deg": "mini", "miou": "neither"}
    assert told.scratch["delta1"] == 0.9
    assert report_card.beside(table, "regression").empty
