"""The study of narrow tuning, on networks whose knowledge is written by hand."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vbanalysis.codecs import PaletteCodec
from vbanalysis.errors import InputError
from vbanalysis.mini.language.phrases import own_nouns, seen_spots
from vbanalysis.mini.world.layout import WITHHELD, make_scene
from vbanalysis.studies import legend as legends
from vbanalysis.studies import narrow
from vbanalysis.studies.binding import bindings
from vbanalysis.studies.novelty import NOVELTIES, OWN, SEED, pairs, twins
from vbanalysis.studies.seeds import Units, over_seeds, told
from vbanalysis.studies.vocabulary import strangers, taught_words

GROUPS = (OWN, "negation", "open")


class Knowing:
    """Answers from the truth; what it does not know, it leaves black or mistakes."""

    name = "knowing"

    def __init__(self, paper, knows=lambda each: True, exchange=False):
        double = [each for group in paper.double.values() for each in group]
        single = [a for group in paper.single.values() for twin in group for a in (twin.asked, *twin.plain)]
        self.by_prompt = {
            (each.prompt(each.legend).text, each.view.rgb.tobytes()): each for each in single + double
        }
        self.knows, self.exchange = knows, exchange

    def sample_many(self, images, instructions, *, seeds=None):
        return [self._one(image, i) for image, i in zip(images, instructions, strict=True)]

    def _one(self, image, instruction):
        each = self.by_prompt[instruction.text, image.tobytes()]
        labels = each.truth if self.knows(each) else np.full_like(each.truth, -1)
        if self.exchange and len(each.expressions) == 2:
            labels = np.where(labels >= 0, 1 - labels, labels)
        return PaletteCodec(each.legend).encode(labels)


@pytest.fixture(scope="module")
def paper():
    return narrow.set_paper(6, 5, GROUPS)


def answers_of(paper, broad, narrow_one, seeds=(1,)):
    each = [("broad", broad), ("narrow", narrow_one)]
    return pd.concat(
        [narrow.answer_paper(net, paper).assign(arm=arm, seed=s) for arm, net in each for s in seeds],
        ignore_index=True,
    )


def found(table, group, measure, arm="narrow - broad"):
    [row] = table[(table.group == group) & (table.measure == measure) & (table.arm == arm)].itertuples()
    return row


# --- questions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", [g for g in NOVELTIES if g not in ("crowded", "fov-narrow")])
def test_a_question_differs_from_the_own_domain_in_one_thing(group):
    for twin in twins(group, 4):
        each = twin.asked
        split, number = each.scene.split("/")
        scene = make_scene(split, int(number), SEED)
        usual = 55 <= scene.camera.hfov_deg <= 65
        language = NOVELTIES[group].side != "domain"
        assert usual == (group not in ("lenses", "fov-wide"))
        assert (scene.room is None) == (group == "open")
        assert (split == "train-rooms") == language
        [expression] = each.expressions
        assert (expression.kind == "attribute") == (group == OWN or not language)
        if group == "combinations":
            [k] = expression.things
            assert WITHHELD[scene.things[k].kind] == scene.things[k].colour
            assert expression.text == f"{scene.things[k].colour} {scene.things[k].kind}"
        meant = sorted(k for plain in twin.plain for k in plain.expressions[0].things)
        assert meant == (sorted(expression.things) if language and group != OWN else [])
        spots = seen_spots(scene, each.view.instances)
        for plain in twin.plain:
            [p] = plain.expressions
            assert p.text in own_nouns(scene, p.things[0], spots)
            assert plain.colours == each.colours


def test_scenes_are_not_those_of_trainings():
    assert twins(OWN, 1)[0].asked.view.rgb.shape == (64, 64, 3)
    assert SEED > 9


def test_a_pair_names_two_things_in_two_colours():
    for each in pairs("negation", 5):
        first, second = each.expressions
        assert not set(first.things) & set(second.things)
        assert len(set(each.colours)) == 2
        assert {0, 1} <= set(np.unique(each.truth))
        assert (each.labels(PaletteCodec(each.legend).encode(each.truth)) == each.truth).all()


@pytest.mark.parametrize("ask", [twins, pairs])
def test_unknown_groups_and_empty_papers_are_refused(ask):
    with pytest.raises(InputError, match="group 'irony' is unknown"):
        ask("irony", 3)
    with pytest.raises(InputError, match="n must be at least 1"):
        ask(OWN, 0)


# --- what is told of networks -----------------------------------------------------------------------------


def test_networks_that_know_all_have_no_interaction(paper):
    table = narrow.contrasts(answers_of(paper, Knowing(paper), Knowing(paper), seeds=(1, 2, 3)))
    assert (table.value.abs() < 1e-9).all()
    assert not table.carried.any()


def test_one_that_fails_on_the_new_words_alone_is_found_with_its_size(paper):
    narrow_one = Knowing(paper, lambda each: each.expressions[0].kind != "negation")
    answers = answers_of(paper, Knowing(paper), narrow_one, seeds=(1, 2, 3))
    table = narrow.contrasts(answers)
    assert found(table, "negation", "interaction").value == pytest.approx(1)
    assert found(table, "negation", "level").value == pytest.approx(-1)
    assert found(table, "negation", "kept").value == pytest.approx(-1)
    assert found(table, "open", "interaction").value == pytest.approx(0)
    assert found(table, "words neither met", "interaction").carried
    assert narrow.verdict(table, "words neither met") == "carried: narrow loses more"
    assert narrow.verdict(table, "open") == "not carried"
    levels = narrow.losses(answers[answers.group == "negation"])
    assert found(levels, "negation", "iou", "narrow").value == 0
    assert found(levels, "negation", "plain", "narrow").value == 1


def test_one_that_is_merely_weaker_everywhere_is_not_charged_with_it(paper):
    table = narrow.contrasts(answers_of(paper, Knowing(paper), Knowing(paper, lambda each: False)))
    assert found(table, "negation", "level").value == pytest.approx(-1)
    assert found(table, "negation", "interaction").value == pytest.approx(0)


def test_exchanged_colours_are_no_wrong_regions(paper):
    answers = answers_of(paper, Knowing(paper), Knowing(paper, exchange=True))
    levels = narrow.losses(answers[answers.group == OWN])
    assert found(levels, OWN, "binding_loss", "narrow").value == pytest.approx(1)
    assert found(levels, OWN, "region_loss", "narrow").value == pytest.approx(0)
    assert found(levels, OWN, "exchanged", "narrow").value == 1
    assert found(levels, OWN, "right", "broad").value == 1


def test_one_seed_carries_nothing(paper):
    table = narrow.contrasts(
        answers_of(paper, Knowing(paper), Knowing(paper, lambda e: e.expressions[0].kind != "negation"))
    )
    assert table.seeds_low.isna().all()
    assert not table.carried.any()
    assert narrow.verdict(table, "negation") == "no claim, with fewer than three seeds"


def test_arms_must_have_the_same_seeds(paper):
    answers = answers_of(paper, Knowing(paper), Knowing(paper), seeds=(1, 2))
    with pytest.raises(InputError, match="same seeds of both arms"):
        narrow.contrasts(answers[(answers.arm != "narrow") | (answers.seed != 2)])


# --- binding ----------------------------------------------------------------------------------------------


@given(*[arrays(np.int8, (5, 6), elements=st.integers(-1, 1))] * 2)
def test_the_parts_of_a_loss_add_up_and_none_is_negative(labels, truth):
    truth[0, :2] = [0, 1]
    for each in bindings(labels, truth):
        assert each.iou + each.binding_loss + each.region_loss == pytest.approx(1)
        assert min(each.iou, each.binding_loss, each.region_loss) >= -1e-12


def test_half_a_region_in_the_wrong_colour_is_half_lost_to_colours():
    truth = np.array([[0, 0, 1, 1]])
    first, second = bindings(np.array([[0, 1, 1, 1]]), truth)
    assert (first.iou, first.binding_loss, first.region_loss) == (0.5, 0.5, 0)
    assert second.binding_loss == pytest.approx(1 / 3)
    assert (first.outcome, second.outcome) == ("right", "right")


@pytest.mark.parametrize(
    ("labels", "outcome"),
    [
        ([0, -1, -1, -1], "right"),
        ([1, 0, -1, -1], "exchanged"),
        ([-1, -1, 0, 0], "another thing"),
        ([-1] * 4, "nothing"),
    ],
)
def test_outcomes(labels, outcome):
    assert bindings(np.array([labels]), np.array([[0, 1, -1, -1]]))[0].outcome == outcome


def test_an_expression_that_means_nothing_is_refused():
    with pytest.raises(InputError, match="no pixel of expression 0"):
        bindings(np.zeros((2, 2), int), np.full((2, 2), 1))
    with pytest.raises(InputError, match="one shape"):
        bindings(np.zeros((2, 2), int), np.zeros((2, 3), int))


# --- seeds ------------------------------------------------------------------------------------------------


def test_the_interval_over_seeds_is_students():
    from scipy.stats import ttest_1samp

    rng = np.random.default_rng(0)
    values = rng.normal(size=(30, 1, 4))
    told = over_seeds(Units(values, [str(k) for k in range(30)], [1, 2, 3, 4]), lambda means: means[0])
    expected = ttest_1samp(values.mean(axis=(0, 1)), 0).confidence_interval()
    assert (told["seeds_low"], told["seeds_high"]) == pytest.approx(tuple(expected))
    assert told["value"] == pytest.approx(values.mean())


def test_units_without_a_cell_are_left_out_of_its_mean():
    values = np.array([[[1.0], [np.nan]], [[3.0], [np.nan]], [[np.nan], [1.0]]])
    told = over_seeds(Units(values, list("abc"), [1]), lambda means: means[0] - means[1])
    assert told["value"] == 1.0


def test_a_cell_without_units_is_refused():
    with pytest.raises(InputError, match="at least one value in each cell"):
        over_seeds(Units(np.full((3, 1, 1), np.nan), list("abc"), [1]), lambda means: means[0])


# --- legends ----------------------------------------------------------------------------------------------


class Painter:
    """Answers exams from the truth, but for the questions it does not know: those it marks by colour."""

    name = "painter"

    def __init__(self, exam, wrong):
        self.exam, self.wrong = exam, wrong

    def sample_many(self, images, instructions, *, seeds=None):
        places = {each.view.rgb.tobytes(): k for k, each in enumerate(self.exam.asked)}
        return [self._one(places[image.tobytes()], i) for image, i in zip(images, instructions, strict=True)]

    def _one(self, k, instruction):
        each = self.exam.asked[k]
        legend = dict(zip(instruction.classes, instruction.colours, strict=True))
        if k in self.wrong:
            # The same colours in the same places, whatever they mean: wrong in the first legend.
            first, second = each.legend
            legend = {first: each.legend[second], second: each.legend[first]}
        else:
            legend = {e.text: legend[e.text] for e in each.expressions}
        return PaletteCodec(legend).encode(each.truth)


def test_answers_that_follow_colours_are_told_by_their_inconsistency():
    exam, _ = legends.set_exams(12, ["own"])
    answered = {seed: legends.sit(Painter(exam, set(range(6))), exam) for seed in (1, 2)}
    table = legends.verdicts(exam, answered).set_index("measure")
    assert table.value["wrong"] == pytest.approx(0.5)
    assert table.value["single"] == pytest.approx(0.5)
    assert table.value["order_consistency"] == 1
    assert table.value["colour_consistency"] == pytest.approx(0.5)
    assert table.value["auc"] == 1.0
    assert table.value["repeats_auc"] == 0.5
    assert table.value["repeats_consistency"] == 1.0
    assert table.value["gain"] == 0
    assert table.value["calls"] == 4
    assert table["seed 1"]["single"] == pytest.approx(0.5)


def test_an_area_over_a_few_wrong_answers_is_not_told():
    exam, _ = legends.set_exams(12, ["own"])
    table = legends.verdicts(exam, {1: legends.sit(Painter(exam, {0, 1}), exam)}).set_index("measure")
    assert np.isnan(table.value["auc"])


def test_unknown_sets_are_refused():
    with pytest.raises(InputError, match="set 'irony' is unknown"):
        legends.set_exams(3, ["irony"])


@pytest.mark.parametrize("where", [{"arm": "nobody"}, {"measure": "x"}])
def test_what_picks_no_row_or_several_is_not_told(where):
    table = pd.DataFrame({"arm": ["a", "b"], "measure": ["x", "x"]})
    with pytest.raises(InputError, match="must pick one row"):
        told(table, **where)


# --- words ------------------------------------------------------------------------------------------------


def test_untaught_words_are_named_and_taught_ones_are_not():
    known = taught_words(12, 2, kinds=["size"])
    assert {"red", "ball", "largest", "segmentation"} <= known
    table = strangers({"negation": ["ball that is not red"], "synonym": ["red sphere"]}, known)
    assert dict(zip(table.word, table.groups, strict=True)) == {"not": "negation", "sphere": "synonym"}
    assert table.rows_taken.between(0, 2).all()


def test_who_is_taught_attributes_alone_never_reads_sizes():
    assert "largest" not in taught_words(12, 2, kinds=["attribute"])


def test_who_loses_more_need_not_end_below():
    rows = [("relation", "level", -0.1, True), ("size", "level", 0.0, False), ("open", "level", 0.2, True),
            ("relation", "interaction", 0.3, True), ("words neither met", "level", -0.9, True)]  # fmt: skip
    said = narrow.on_itself(pd.DataFrame(rows, columns=["group", "measure", "value", "carried"]))
    assert said.endswith("shown to be worse on relation; better on open; neither on size")


def test_a_share_of_nothing_is_no_figure():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(narrow._STATISTICS["kept"](np.array([[0.2], [0.0], [0.1], [0.2]]))).all()
