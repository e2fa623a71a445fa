"""The same question in other legends: what is asked, how it is voted on, and what doubt is told."""

from functools import partial

import numpy as np
import pytest

from vbanalysis.codecs import PaletteCodec
from vbanalysis.errors import InputError
from vbanalysis.evaluation import ask_legends, permuted_legends
from vbanalysis.instructions import parse, referring_prompt, semantic_prompt

CATS = {"cat": (255, 0, 0), "dog": (0, 0, 255)}
MANY = {name: (20 * k + 30, 255 - 20 * k, 90) for k, name in enumerate("abcdefghij")}
TRUTH = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [-1, -1, -1, -1]], np.int32)
IMAGE = np.zeros((3, 4, 3), np.uint8)


class Painter:
    """Paints `TRUTH` as asked, unless a flaw is given the prompt's classes and colours."""

    name = "painter"

    def __init__(self, flaw=None, grow=1):
        self.flaw, self.grow, self.seeds = flaw, grow, []

    def sample_many(self, images, instructions, *, seeds=None):
        self.seeds += list(seeds)
        return [self._paint(i) for i in instructions]

    def _paint(self, instruction):
        legend = dict(zip(instruction.classes, instruction.colours, strict=True))
        meant = {name: k for k, name in enumerate(CATS)}
        labels = TRUTH if self.flaw is None else self.flaw(TRUTH.copy(), instruction)
        ordered = {name: legend[name] for name in sorted(legend, key=meant.__getitem__)}
        rgb = PaletteCodec(ordered).encode(labels)
        return rgb.repeat(self.grow, 0).repeat(self.grow, 1)


def asked(classes=CATS):
    return [permuted_legends(classes, referring_prompt)]


def test_two_classes_have_four_legends_and_the_first_is_as_given():
    legends = permuted_legends(CATS, referring_prompt)
    assert legends[0] == referring_prompt(CATS)
    assert len({i.text for i in legends}) == 4
    assert {i.classes for i in legends} == {("cat", "dog"), ("dog", "cat")}
    for each in legends:
        assert parse(each.text) == each
        assert set(each.colours) == set(CATS.values())


def test_of_many_legends_different_ones_are_drawn_and_style_and_background_are_kept():
    prompt = partial(semantic_prompt, style="list", notation="hex", background=(1, 2, 3))
    legends = permuted_legends(MANY, prompt, 6, np.random.default_rng(0))
    assert len({i.text for i in legends}) == 6
    assert legends[0].classes == tuple(MANY)
    assert all(i.background == (1, 2, 3) and set(i.classes) == set(MANY) for i in legends)
    again = permuted_legends(MANY, prompt, 6, np.random.default_rng(0))
    assert again == legends


def test_a_single_class_has_one_legend():
    assert len(permuted_legends({"cat": (255, 0, 0)}, referring_prompt)) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (({}, referring_prompt), "got none"),
        ((MANY, semantic_prompt), "give rng"),
        ((CATS, referring_prompt, 0), "most"),
    ],
)
def test_what_cannot_be_permuted_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        permuted_legends(*arguments)


def test_who_reads_the_legend_is_consistent_and_its_vote_is_its_answer():
    [vote] = ask_legends(Painter(), [IMAGE], asked())
    assert (vote.answers == TRUTH).all()
    assert (vote.labels == TRUTH).all()
    assert vote.consistency == 1.0
    assert (vote.agreement == 1.0).all()
    assert vote.calls == 4
    assert vote.seconds >= 0


def test_who_paints_red_whatever_red_means_is_found_out_without_the_truth():
    def red_first(labels, instruction):
        # The thing on the left is always red.
        swapped = dict(zip(instruction.classes, instruction.colours, strict=True))["cat"] != (255, 0, 0)
        return np.where(labels >= 0, 1 - labels, labels) if swapped else labels

    [vote] = ask_legends(Painter(red_first), [IMAGE], asked())
    # Two of four answers exchange both things: of six pairs of answers, two agree.
    assert vote.consistency == pytest.approx(1 / 3)
    # Two to two, so the first answer stands.
    assert (vote.labels == vote.answers[0]).all()
    assert (vote.agreement[TRUTH >= 0] == 0.5).all()


def test_a_vote_outvotes_one_wrong_answer_pixel_by_pixel():
    def wrong_once(labels, instruction):
        if instruction == asked()[0][0]:
            labels[0, 0] = 1
            labels[2] = 0
        return labels

    [vote] = ask_legends(Painter(wrong_once), [IMAGE], asked())
    assert vote.answers[0][0, 0] == 1
    assert (vote.labels == TRUTH).all()
    assert vote.agreement[0, 0] == 0.75
    assert 0.5 < vote.consistency < 1


def test_nothing_marked_by_anyone_is_consistent():
    [vote] = ask_legends(Painter(lambda labels, _: np.full_like(labels, -1)), [IMAGE], asked())
    assert vote.consistency == 1.0
    assert (vote.labels == -1).all()


def test_answers_keep_the_generators_own_size():
    [vote] = ask_legends(Painter(grow=3), [IMAGE], asked())
    assert vote.labels.shape == (9, 12)
    assert (vote.labels[::3, ::3] == TRUTH).all()


def test_nothing_but_the_legend_differs_unless_seeds_are_given():
    painter = Painter()
    ask_legends(painter, [IMAGE] * 2, asked() * 2)
    assert painter.seeds == [0] * 4 + [1] * 4
    painter = Painter()
    ask_legends(painter, [IMAGE], asked(), seeds=[[5, 6, 7, 8]])
    assert painter.seeds == [5, 6, 7, 8]


@pytest.mark.parametrize(
    ("images", "questions", "seeds", "message"),
    [
        ([IMAGE], [], None, "as many questions"),
        ([IMAGE], [[]], None, "one or more instructions"),
        ([IMAGE], [[referring_prompt(CATS), referring_prompt({"cat": (255, 0, 0)})]], None, "same classes"),
        ([IMAGE], asked(), [[1]], "one seed for each"),
    ],
)
def test_questions_that_do_not_fit_are_refused(images, questions, seeds, message):
    with pytest.raises(InputError, match=message):
        ask_legends(Painter(), images, questions, seeds=seeds)
