"""Legend permutation: whether answers that depend on the legend are wrong ones, and what a vote gains.

The control is the same number of calls with the one legend and other noise: only what the legends gain
beyond that is theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from vbanalysis.codecs import separated_palette
from vbanalysis.errors import InputError
from vbanalysis.evaluation import LegendVote, ask_legends, permuted_legends
from vbanalysis.instructions import semantic_prompt
from vbanalysis.metrics import confusion_matrix, mask_overlap, semantic_metrics
from vbanalysis.mini.world.graph import CLASSES
from vbanalysis.models import Generator
from vbanalysis.stats import (
    Estimate,
    auc,
    mean_estimate,
    paired_resampled_difference,
    resampled_estimate,
    roc_auc,
)
from vbanalysis.studies.novelty import NOVELTIES, Asked, pairs
from vbanalysis.types import Instruction, Task

LEGENDS = 4
"""Answers a question: of two expressions these are all legends."""

WRONG_BELOW = 0.5
"""An answer with a lower mean IoU over its expressions is called wrong."""

_FEWEST_OF_EACH = 5  # right and wrong answers: an area over fewer is that of a few scenes

SETS = {"own": ("own",), "words": ("language",), "scenes": ("domain",)}
"""The sets of questions by the sides of their groups."""


class Exam(NamedTuple):
    """One task on one set of scenes.

    Attributes:
        task: "referring", with two expressions, or "semantic", with all classes.
        scenes: Key of `SETS`.
        asked: Its scenes; for referring its questions too.
        legends: For each, the instruction in `LEGENDS` legends.
    """

    task: Task
    scenes: str
    asked: list[Asked]
    legends: list[list[Instruction]]


class Answered(NamedTuple):
    """One network's answers to an exam: all legends, and as many calls with the first one alone."""

    legends: list[LegendVote]
    repeats: list[LegendVote]


def set_exams(n: int, sets: Sequence[str] = tuple(SETS)) -> list[Exam]:
    """Referring on all sets, semantic segmentation on the scenes of all but the one of new words.

    Args:
        n: Questions a set; from each group of its side as many, so there are a few more where it does not
            divide.
        sets: Some of `SETS`.

    Raises:
        InputError: An unknown set.
    """
    unknown = [name for name in sets if name not in SETS]
    if unknown:
        raise InputError(f"set {unknown[0]!r} is unknown: use some of {', '.join(SETS)}")
    exams: list[Exam] = []
    for name in sets:
        sides = SETS[name]
        groups = [group for group, novelty in NOVELTIES.items() if novelty.side in sides]
        each = -(-n // len(groups))
        asked = [question for group in groups for question in pairs(group, each)]
        rng = np.random.default_rng(len(exams))
        legends = [permuted_legends(a.legend, a.prompt, LEGENDS) for a in asked]
        exams.append(Exam("referring", name, asked, legends))
        if name != "words":
            classes = dict(zip(CLASSES, separated_palette(len(CLASSES)), strict=True))
            prompt = partial(semantic_prompt, style="json", notation="rgb")
            legends = [permuted_legends(classes, prompt, LEGENDS, rng) for _ in asked]
            exams.append(Exam("semantic", name, asked, legends))
    return exams


def sit(generator: Generator, exam: Exam) -> Answered:
    """Ask one generator everything, once in all legends and once in the first alone with other noise."""
    images = [each.view.rgb for each in exam.asked]
    same = [[each[0]] * len(each) for each in exam.legends]
    # The first repeat has the noise of the legends, so both votes begin at the same single answer.
    noise = [[k + len(images) * turn for turn in range(len(each))] for k, each in enumerate(same)]
    return Answered(
        ask_legends(generator, images, exam.legends), ask_legends(generator, images, same, seeds=noise)
    )


def verdicts(exam: Exam, answered: Mapping[Any, Answered]) -> pd.DataFrame:
    """The figures of one arm on an exam, over its seeds.

    Units are scenes. Referring: mean IoU of a question's two expressions; semantic: mIoU of the summed
    confusions. Networks are averaged over their seeds before scenes are drawn.

    Args:
        exam: What was asked.
        answered: The answers by seed.

    Returns:
        One row a measure, with `value`, `low`, `high`, `n` and a column `seed K` for each seed. In the task's
        figure: `single`, `vote`, `repeats_vote`, `gain` of the vote, `repeats_gain`, `gain_over_repeats`.
        Then `consistency`, `repeats_consistency`; for referring `order_consistency` and `colour_consistency`,
        between legends that differ in one thing; `auc` and `repeats_auc`, how well inconsistency ranks wrong
        answers above right ones (referring: answers below `WRONG_BELOW`, NaN below five of each; semantic: in
        each picture its wrong pixels); `wrong`, the share of wrong answers; `calls` a question,
        `seconds_single`, `seconds_vote`.
    """
    scenes = [each.scene for each in exam.asked]
    seeds = list(answered)
    # One unit a question, the networks side by side in it.
    units = {
        name: list(zip(*(_marked(exam, pick(answered[seed])) for seed in seeds), strict=True))
        for name, pick in _ANSWERS.items()
    }
    figure = _mean_iou if exam.task == "referring" else _pooled_miou

    def one(name: str, place: int) -> float:
        return figure([unit[place] for unit in units[name]])

    def averaged(chosen: Sequence[tuple[Any, ...]]) -> float:
        return float(np.mean([figure(network) for network in zip(*chosen, strict=True)]))

    rows = []
    for name in units:
        each = [one(name, k) for k in range(len(seeds))]
        rows.append(_row(name, resampled_estimate(units[name], averaged, clusters=scenes), seeds, each))
    for name, (first, second) in _GAINS.items():
        found = paired_resampled_difference(units[first], units[second], averaged, clusters=scenes)
        rows.append(_row(name, found, seeds, [one(first, k) - one(second, k) for k in range(len(seeds))]))
    for prefix, votes in (
        ("", [answered[seed].legends for seed in seeds]),
        ("repeats_", [answered[seed].repeats for seed in seeds]),
    ):
        told = np.array([[vote.consistency for vote in network] for network in votes])
        found = mean_estimate(told.mean(axis=0), clusters=scenes)
        rows.append(_row(f"{prefix}consistency", found, seeds, told.mean(axis=1)))
        ranked = _ranking if exam.task == "referring" else _ranking_of_pixels
        each = [ranked(exam, [network], scenes).value for network in votes]
        rows.append(_row(f"{prefix}auc", ranked(exam, votes, scenes), seeds, each))
    if exam.task == "referring":
        for name, couples in _FACTORS.items():
            apart = np.array([[_agreement(vote, couples) for vote in answered[s].legends] for s in seeds])
            found = mean_estimate(apart.mean(axis=0), clusters=scenes)
            rows.append(_row(name, found, seeds, apart.mean(axis=1)))
        wrong = np.array([[iou < WRONG_BELOW for iou in unit] for unit in units["single"]], float)
        rows.append(
            _row("wrong", mean_estimate(wrong.mean(axis=1), clusters=scenes), seeds, wrong.mean(axis=0))
        )
    every = [vote for seed in seeds for vote in answered[seed].legends]
    for name, value in (
        ("calls", float(np.mean([vote.calls for vote in every]))),
        ("seconds_single", float(np.mean([vote.seconds / vote.calls for vote in every]))),
        ("seconds_vote", float(np.mean([vote.seconds for vote in every]))),
    ):
        rows.append({"measure": name, "value": value, "n": len(every)})
    return pd.DataFrame(rows).assign(task=exam.task, scenes=exam.scenes)


_ANSWERS: Mapping[str, Callable[[Answered], list[np.ndarray]]] = {
    "single": lambda answered: [vote.answers[0] for vote in answered.legends],
    "vote": lambda answered: [vote.labels for vote in answered.legends],
    "repeats_vote": lambda answered: [vote.labels for vote in answered.repeats],
}
_GAINS = {
    "gain": ("vote", "single"),
    "repeats_gain": ("repeats_vote", "single"),
    "gain_over_repeats": ("vote", "repeats_vote"),
}


# Of two expressions the legends are: as given, other order, other colours, both other.
_FACTORS = {"order_consistency": ((0, 1), (2, 3)), "colour_consistency": ((0, 2), (1, 3))}


def _agreement(vote: LegendVote, couples: Sequence[tuple[int, int]]) -> float:
    """Over the pixels that any answer marks, how often the answers of these couples agree."""
    marked = (vote.answers >= 0).any(axis=0)
    if not marked.any():
        return 1.0
    return float(np.mean([(vote.answers[a] == vote.answers[b])[marked].mean() for a, b in couples]))


def _marked(exam: Exam, answers: Sequence[np.ndarray]) -> list[Any]:
    """For each question, its mean IoU, or its confusion matrix."""
    if exam.task == "referring":
        return [_iou(labels, each.truth) for each, labels in zip(exam.asked, answers, strict=True)]
    return [
        confusion_matrix(labels, each.view.classes, len(CLASSES))
        for each, labels in zip(exam.asked, answers, strict=True)
    ]


def _iou(labels: np.ndarray, truth: np.ndarray) -> float:
    return float(np.mean([mask_overlap(labels == k, truth == k).iou for k in range(int(truth.max()) + 1)]))


def _mean_iou(units: Sequence[Any]) -> float:
    return float(np.mean(units))


def _pooled_miou(units: Sequence[Any]) -> float:
    return float(semantic_metrics(np.sum(units, axis=0)).miou)


def _ranking(exam: Exam, votes: Sequence[Sequence[LegendVote]], scenes: Sequence[str]) -> Estimate:
    """Inconsistency of a question against its single answer being wrong."""
    doubt = [1 - vote.consistency for network in votes for vote in network]
    wrong = [
        _iou(vote.answers[0], each.truth) < WRONG_BELOW
        for network in votes
        for each, vote in zip(exam.asked, network, strict=True)
    ]
    if min(sum(wrong), len(wrong) - sum(wrong)) < _FEWEST_OF_EACH:
        return Estimate(np.nan, np.nan, np.nan, len(wrong))
    return roc_auc(np.array(doubt), np.array(wrong, bool), clusters=list(scenes) * len(votes))


def _ranking_of_pixels(exam: Exam, votes: Sequence[Sequence[LegendVote]], scenes: Sequence[str]) -> Estimate:
    """Disagreement of a pixel against its single answer being wrong, in each picture; mean over them."""
    areas, units = [], []
    for network in votes:
        for each, vote, scene in zip(exam.asked, network, scenes, strict=True):
            wrong = vote.answers[0] != each.view.classes
            if wrong.any() and not wrong.all():
                areas.append(auc((1 - vote.agreement).ravel(), wrong.ravel()))
                units.append(scene)
    return mean_estimate(np.array(areas), clusters=units) if areas else Estimate(np.nan, np.nan, np.nan, 0)


def _row(
    measure: str, found: Estimate, seeds: Sequence[Any], each: Sequence[float] | np.ndarray
) -> dict[str, Any]:
    named = {f"seed {seed}": float(value) for seed, value in zip(seeds, each, strict=True)}
    return {
        "measure": measure,
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "n": found.n,
    } | named


def measure_legend(generators: Iterable[tuple[str, int, Generator]], n: int) -> pd.DataFrame:
    """Every network on every exam: the table that `vbanalysis study legend` keeps.

    Args:
        generators: Arm, seed and network.
        n: Questions a set.
    """
    exams = set_exams(n)
    sat: dict[str, dict[int, list[Answered]]] = {}
    for arm, seed, network in generators:
        sat.setdefault(arm, {})[seed] = [sit(network, exam) for exam in exams]
    return pd.concat(
        [
            verdicts(exam, {seed: answered[k] for seed, answered in of_arm.items()}).assign(arm=arm)
            for arm, of_arm in sat.items()
            for k, exam in enumerate(exams)
        ],
        ignore_index=True,
    )
