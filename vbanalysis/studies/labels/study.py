"""How many labelled pictures a probe, a tuning and a training from nothing need for the same quality.

A probe reads what is there; a tuning may change it. All learn from the same scenes, the first N of a seed,
and are marked on the same held-out ones. Nobody gets more labels than those N: layers and penalties are
chosen by leaving some of them out.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from vbanalysis.errors import InputError
from vbanalysis.mini.model import Mini
from vbanalysis.mini.scenes import Scenes
from vbanalysis.mini.training.stages import load_stage
from vbanalysis.mini.weights import read_told
from vbanalysis.paths import shown
from vbanalysis.probing.cache import FeatureCache
from vbanalysis.probing.embedded import Embedded, Way
from vbanalysis.probing.frozen import Frozen
from vbanalysis.probing.targets import MEANS, METRIC, PROBED, RISES
from vbanalysis.studies.answerers import Painter
from vbanalysis.studies.arms import trained_arms
from vbanalysis.studies.labels.probes import lead, lessons, probe_rows
from vbanalysis.studies.marks import mark
from vbanalysis.studies.questions import ask
from vbanalysis.studies.seeds import Units, over_seeds

COUNTS = (16, 64, 256)
"""Labelled scenes."""

SEEDS = (1, 2, 3)
"""Of the labelled scenes, of random weights and of the trainings."""

VIEWS: tuple[tuple[Way, float], ...] = (("noised", 0.05), ("given", 1.0))
"""Ways in and levels of noise that a probe may choose from."""

PAIRS = (
    ("tuned from base", "base"),
    ("tuned from base", "trained from nothing"),
    ("base", "untrained"),
)
"""Who is held against whom with as many labels."""

TRAINED = {"base": "tuned from base", "scratch": "trained from nothing"}
"""Names in tables of trainings with few scenes, by their start."""


class FewRun(NamedTuple):
    """A training with few scenes.

    Attributes:
        start: `"base"` or `"scratch"`.
        scenes: How many.
        seed: Of everything random, the scenes too.
        weights: Its file.
    """

    start: str
    scenes: int
    seed: int
    weights: Path


def few_runs(folder: Path, counts: Sequence[int] = COUNTS, seeds: Sequence[int] = SEEDS) -> list[FewRun]:
    """All trainings with few scenes below a folder.

    Raises:
        InputError: One is missing or has not come to its end; the message holds the command that trains it.
    """
    found = []
    for start in TRAINED:
        for scenes in counts:
            for seed in seeds:
                path = folder / f"few-{start}-{scenes}-seed{seed}" / "weights.safetensors"
                command = f"vbanalysis mini control few-{start} --scenes {scenes} --seed {seed}"
                if not path.is_file():
                    raise InputError(f"{shown(path.parent)} holds no training: run  {command}")
                seen, all_of_it = int(read_told(path)["samples"]), load_stage(f"few-{start}").samples
                if seen < all_of_it:
                    raise InputError(
                        f"{shown(path)} has seen {seen} of {all_of_it} exercises: go on with  {command}"
                    )
                found.append(FewRun(start, scenes, seed, path))
    return found


def trained_rows(weights: Path, n: int, split: str) -> list[dict[str, Any]]:
    """Marks of a generator on the dense tasks that it was trained for, in rows as `probe_rows` has them."""
    painter, learnt = Painter(Mini(weights, batch=32)), json.loads(read_told(weights)["stage"])["mixture"]
    rows = []
    for task in PROBED:
        if task not in learnt:
            continue
        questions = ask(task, split, n)
        marks = mark(questions, painter.answer(questions))
        assert marks is not None
        values = zip(marks.rows.id, marks.rows[METRIC[task]], strict=True)
        each = {f"scenes/{name.removesuffix(f'/{task}')}": value for name, value in values}
        told = {"task": task} | lead(task, marks.figures[METRIC[task]])
        rows.append(told | {"each": each if task in MEANS else {}})
    return rows


def labels_study(
    n: int = 200,
    runs: Path = Path("runs/mini"),
    *,
    counts: Sequence[int] = COUNTS,
    seeds: Sequence[int] = SEEDS,
    split: str = "heldout",
    trained: bool = True,
    cache: FeatureCache | None = None,
    on_part: Callable[[str], None] = lambda part: None,
) -> pd.DataFrame:
    """Measure everything.

    Args:
        n: Held-out scenes.
        runs: Where trainings with few scenes and the arm `pictures` are.
        counts: Labelled scenes.
        seeds: Of the labelled scenes, of random weights and of the trainings.
        split: Of the held-out scenes.
        trained: Also what was tuned and trained; else probes alone.
        cache: Of features.
        on_part: Told of each part before it is measured.

    Returns:
        Rows of two parts. `curve`: who, seed, n_labelled, task, chosen, metric, value, low, high, n; the arm
        `pictures`, tuned on twice as many exercises of scenes that are never shown twice, stands for no lack
        of labels. `ahead`: by how much `who` is better than `other` with as many labels, with the columns of
        `over_seeds`, for the tasks whose figure is a mean over scenes.

    Raises:
        InputError: A training is missing.
    """
    few = few_runs(runs, counts, seeds) if trained else []
    asked = list(Scenes(split, n))
    rows: list[dict[str, Any]] = []
    for seed in seeds:
        taught = lessons(seed, max(counts))
        for who, views in _readers(seed).items():
            on_part(f"{who}, seed {seed}")
            rows += [{**row, "seed": seed} for row in probe_rows(who, views, taught, asked, counts, cache)]
    for run in few:
        on_part(f"few-{run.start} {run.scenes}, seed {run.seed}")
        told = {"who": TRAINED[run.start], "seed": run.seed, "n_labelled": run.scenes}
        rows += [told | row for row in trained_rows(run.weights, n, split)]
    for seed, scenes, weights in _plenty(runs) if trained else ():
        on_part(f"pictures, seed {seed}")
        told = {"who": "pictures", "seed": seed, "n_labelled": scenes}
        rows += [told | row for row in trained_rows(weights, n, split)]
    curves = pd.DataFrame(rows)
    return pd.concat([curves.drop(columns="each").assign(part="curve"), ahead(curves).assign(part="ahead")])


def ahead(curves: pd.DataFrame) -> pd.DataFrame:
    """By how much one is better than another who had as many labels, scene by scene.

    Args:
        curves: Rows of who, seed, n_labelled, task, metric and each, the figure by scene.

    Returns:
        Rows of who, other, task, metric, n_labelled and the columns of `over_seeds`, over the seeds that both
        have; above 0 `who` is better, in degrees too.
    """
    found = []
    index = curves.set_index(["who", "task", "n_labelled", "seed"]).each.sort_index()
    for (who, other), task in itertools.product(PAIRS, MEANS):
        for count in sorted(set(curves.n_labelled)):
            ours, theirs = (
                index[name, task, count].to_dict() if (name, task, count) in index else {}
                for name in (who, other)
            )
            seeds = sorted(ours.keys() & theirs.keys())
            if not seeds:
                continue
            better = 1 if RISES[METRIC[task]] else -1
            values = pd.DataFrame(
                {seed: better * (pd.Series(ours[seed]) - pd.Series(theirs[seed])) for seed in seeds}
            )
            units = Units(values.to_numpy()[:, None], list(values.index), seeds)
            told = {"who": who, "other": other, "task": task, "metric": METRIC[task], "n_labelled": count}
            found.append(told | over_seeds(units, lambda means: means[0]))
    return pd.DataFrame(found)


def _readers(seed: int) -> dict[str, dict[tuple[str, float], Frozen | None]]:
    """What probes may read: the base, the same network with random weights, and no network."""
    return {
        "base": {view: Embedded.load("base", view[0]) for view in VIEWS},
        "untrained": {view: Embedded.untrained(seed, view[0]) for view in VIEWS},
        "pixels": {("", 0.0): None},
    }


def _plenty(runs: Path) -> Iterator[tuple[int, int, Path]]:
    """The trainings of the arm `pictures`: seed, scenes seen, weights."""
    for arm in trained_arms(["pictures"], runs):
        yield arm.seed, load_stage("pictures").samples // 2, arm.weights
