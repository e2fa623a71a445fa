"""How far the judge can be trusted: rendered pictures under true captions and edits, and under wrong ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count, islice
from typing import NamedTuple

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.mini.judge.reading import ATTRIBUTES, EditVerdict, Judge, Verdict, check, judge_edit
from vbanalysis.mini.judge.training import softened
from vbanalysis.mini.language.captions import Claims
from vbanalysis.mini.language.edits import Edit
from vbanalysis.mini.training.exercises import change, draw
from vbanalysis.mini.world.graph import COLOURS, Scene
from vbanalysis.mini.world.layout import make_scene
from vbanalysis.mini.world.render import View, render
from vbanalysis.stats import Estimate, share_estimate


class JudgeAccuracy(NamedTuple):
    """What the judge says of rendered pictures.

    Attributes:
        true: Verdicts on the pictures' own captions: their shares of right claims should be near 1.
        shuffled: On the same pictures under the captions of other scenes: what chance alone gives.
        things_right: (n,) share of the pixels on things, of each picture, whose class is right.
        words_right: (n,) share of these whose colour word is right.
    """

    true: list[Verdict]
    shuffled: list[Verdict]
    things_right: np.ndarray
    words_right: np.ndarray


class EditAccuracy(NamedTuple):
    """What the judge says of edits.

    Attributes:
        kinds: Of the edits, as in `EDIT_KINDS`.
        true: Verdicts on what the edit leads to, rendered.
        undone: On the pictures as they were before.
    """

    kinds: list[str]
    true: list[EditVerdict]
    undone: list[EditVerdict]


def accuracy(verdicts: Sequence[Verdict]) -> dict[str, Estimate]:
    """Shares of true claims, each a mean over the pictures that have such claims.

    Args:
        verdicts: One a picture.

    Returns:
        By attribute, those that nothing claims left out; then `"attributes"`, over all claims of a picture,
        and `"whole"`, the share of pictures of which every claim is true.

    Raises:
        InputError: There are no verdicts.
    """
    if not verdicts:
        raise InputError("expected at least one verdict, got none")
    shares = {
        name: [v.right[name] / v.claimed[name] for v in verdicts if name in v.claimed] for name in ATTRIBUTES
    }
    shares |= {"attributes": [v.share for v in verdicts], "whole": [float(v.whole) for v in verdicts]}
    return {name: share_estimate(np.array(values)) for name, values in shares.items() if values}


def judge_accuracy(
    n: int = 400,
    split: str = "heldout",
    *,
    seed: int = 0,
    blur_px: float = 0.0,
    noise: float = 0.0,
    judge: Judge | None = None,
) -> JudgeAccuracy:
    """Let the judge read rendered pictures of a split.

    The pictures are those that the generator is asked to draw: scenes that a caption names whole.

    Args:
        n: Pictures; at least 2, so that captions can be changed about.
        split: Of the scenes.
        seed: Of the scenes and captions.
        blur_px: Standard deviation of a blur of the pictures, in pixels.
        noise: Standard deviation of noise on them, in /255.
        judge: The shipped one unless given.

    Raises:
        InputError: There is no such split, or `n` is below 2.
    """
    if n < 2:
        raise InputError(f"n must be at least 2, got {n}")
    judge = judge or Judge.load()
    asked = list(islice(_drawn(split, seed), n))
    spoil = np.random.default_rng(seed)
    readings = judge.read(np.stack([softened(view.rgb, blur_px, noise, spoil) for _, view, _ in asked]))
    claims = [claim for _, _, claim in asked]
    things, words = [], []
    for (scene, view, _), reading in zip(asked, readings, strict=True):
        on_thing = view.instances > 0
        word_of = np.array([list(COLOURS).index(thing.colour) for thing in scene.things])
        word = word_of[view.instances[on_thing] - 1]
        things.append(np.mean(reading.classes[on_thing] == view.classes[on_thing]))
        words.append(np.mean(reading.colours[on_thing] == word))
    return JudgeAccuracy(
        [check(*each) for each in zip(readings, claims, strict=True)],
        [check(*each) for each in zip(readings, claims[1:] + claims[:1], strict=True)],
        np.array(things),
        np.array(words),
    )


def edit_accuracy(
    n: int = 400, split: str = "heldout", *, seed: int = 0, judge: Judge | None = None
) -> EditAccuracy:
    """Let the judge look at rendered edits of a split's scenes, and at pictures on which nothing was done.

    Args:
        n: Edits.
        split: Of the scenes.
        seed: Of the scenes and edits.
        judge: The shipped one unless given.

    Raises:
        InputError: There is no such split.
    """
    judge = judge or Judge.load()
    kinds, true, undone = [], [], []
    for view, edit, after in islice(_changed(split, seed), n):
        kinds.append(edit.kind)
        true.append(judge_edit(view, edit, after.rgb, judge))
        undone.append(judge_edit(view, edit, view.rgb, judge))
    return EditAccuracy(kinds, true, undone)


def _drawn(split: str, seed: int) -> Iterator[tuple[Scene, View, Claims]]:
    for scene, view, rng in _seen(split, seed):
        exercise = draw(scene, view, rng)
        if exercise is not None:
            yield scene, view, exercise.about["claims"]


def _changed(split: str, seed: int) -> Iterator[tuple[View, Edit, View]]:
    for scene, view, rng in _seen(split, seed):
        exercise = change(scene, view, rng)
        if exercise is not None:
            yield view, exercise.about["edit"], exercise.about["after"]


def _seen(split: str, seed: int) -> Iterator[tuple[Scene, View, np.random.Generator]]:
    for number in count():
        scene = make_scene(split, number, seed)
        yield scene, render(scene), np.random.default_rng([seed, 103, number])
