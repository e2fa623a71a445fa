"""What instruction tuning does to the generator's own trade: the same prompts and seeds, before and after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from vbanalysis.errors import InputError
from vbanalysis.metrics.distributions import KernelDistance, frechet_distance, kernel_distance
from vbanalysis.mini.judge.reading import Judge
from vbanalysis.mini.model import Mini
from vbanalysis.mini.training.stages import load_stage
from vbanalysis.paths import data_dir
from vbanalysis.perceptual import Extractor
from vbanalysis.stats import (
    Estimate,
    clopper_pearson,
    holm,
    jackknife_estimate,
    paired_difference,
    permutation_test,
)
from vbanalysis.studies import drawing
from vbanalysis.studies.arms import Arm
from vbanalysis.studies.questions import Question, ask
from vbanalysis.types import Task

OWN_TRADE: tuple[Task, ...] = ("generation", "edit")
"""The tasks that the base knew before it was tuned."""

FORGETTING = (
    ("generation", "attributes"),
    ("generation", "held_out_loss"),
    ("edit", "done_kept"),
    ("depth", "delta1"),
)
"""Task and figure of each panel over the mixing ratio: what may be lost, and one thing that is learnt."""


class Trained(NamedTuple):
    """Weights to be examined.

    Attributes:
        who: Name of the training.
        seed: Of it; 0 for shipped weights that were trained once.
        source: As `Mini` takes it.
    """

    who: str
    seed: int
    source: str | Path


def differences(first: pd.DataFrame, second: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Second minus first, a prompt at a time, with tests corrected by Holm's rule.

    Args:
        first: Rows of `Marks`, one a prompt, by id.
        second: Of the same prompts.
        names: Columns to compare.

    Returns:
        Columns `figure`, `first`, `second`, `difference`, `low`, `high`, `p`, `p_holm`, `n`.

    Raises:
        InputError: The two are of different prompts.
    """
    if first.id.tolist() != second.id.tolist():
        raise InputError("first and second must be of the same prompts in the same order")
    rows = []
    for name in names:
        a, b = first[name].to_numpy(float), second[name].to_numpy(float)
        test = permutation_test(b, a)
        each = test.difference
        rows.append((name, a.mean(), b.mean(), each.value, each.low, each.high, test.p, each.n))
    table = pd.DataFrame(rows, columns=["figure", "first", "second", "difference", "low", "high", "p", "n"])
    table.insert(len(table.columns) - 1, "p_holm", holm(table.p.to_numpy()).p)
    return table


def kernel_distances(
    extractor: Extractor, drawn: Mapping[str, Sequence[np.ndarray]], rendered: Sequence[np.ndarray]
) -> dict[str, KernelDistance]:
    """KID of each set of pictures to the rendered scenes that the same prompts were taken from.

    Args:
        extractor: Whose features are compared.
        drawn: (H, W, 3) uint8 pictures by name, picture k for prompt k.
        rendered: As many, of the same prompts.
    """
    reference = extractor.features(rendered)
    return {
        name: kernel_distance(extractor.features(pictures), reference, paired=True)
        for name, pictures in drawn.items()
    }


def distance_table(found: Mapping[str, KernelDistance], first: str, second: str) -> pd.DataFrame:
    """Each KID and second minus first, with jackknife intervals over prompts.

    Both share prompts and reference, so that the difference is surer than either.

    Returns:
        Columns `who`, `kid`, `low`, `high`, `n`.
    """
    estimates = {name: jackknife_estimate(each.value, each.without) for name, each in found.items()}
    one, other = found[first], found[second]
    estimates[f"{second} minus {first}"] = jackknife_estimate(
        other.value - one.value, other.without - one.without
    )
    return pd.DataFrame(
        [(name, each.value, each.low, each.high, each.n) for name, each in estimates.items()],
        columns=["who", "kid", "low", "high", "n"],
    )


def mixing_by_ratio(folder: Path | None = None) -> pd.DataFrame:
    """The table of mixing ratios, with the share of the base's own trade among the exercises.

    Args:
        folder: Of `mixing.tsv`; by default what the project ships.

    Returns:
        Columns `who`, `ratio` (NaN for weights that are no stage of ratios, such as the base), `task`,
        `metric`, `value`, `low`, `high`, `n`, by ratio.
    """
    rows = pd.read_csv((folder or data_dir() / "mini") / "mixing.tsv", sep="\t")
    shares = {who: _ratio(who) for who in dict.fromkeys(rows.who)}
    rows.insert(1, "ratio", rows.who.map(shares))
    return rows.sort_values("ratio", kind="stable", na_position="first", ignore_index=True)


def examined(
    weights: Iterable[Trained],
    extractor: Extractor,
    n: int = 100,
    split: str = "heldout",
    steps: int | None = None,
) -> pd.DataFrame:
    """Drawing and editing of several weights on the same prompts and seeds.

    Args:
        weights: Whose.
        extractor: Of the KID to the rendered scenes.
        n: Captions, and as many orders.
        split: Of the scenes.
        steps: Of drawing and editing; by default those of `Mini`.

    Returns:
        Columns `who`, `seed`, `task`, `metric`, `value`, `low`, `high`, `n`; and, where there are weights
        before it, `less_first`, `less_first_low` and `less_first_high`: how far it is above the first of the
        weights, paired by prompt and seed.
    """
    judge = Judge.load()
    captions, orders = ask("generation", split, n), ask("edit", split, n)
    rendered = drawing.renderer(captions)
    rows: list[dict[str, object]] = []
    first: dict[tuple[str, str], np.ndarray] | None = None
    for each in weights:
        mini = Mini(each.source, steps=steps)
        artist = drawing.artist(mini)
        drawn = drawing.judge_drawings(captions, artist, judge)
        kid = kernel_distances(extractor, {"it": drawn.pictures}, rendered)["it"]
        generation = {
            name: drawn.marks.figures[name] for name in ("attributes", "kind", "colour", "count", "whole")
        }
        generation["held_out_loss"] = drawing.held_out_loss(mini, captions)
        generation[f"kid_{extractor.name}"] = jackknife_estimate(kid.value, kid.without)
        edited = drawing.judge_edits(orders, artist, judge).marks
        edit = {name: edited.figures[name] for name in ("done", "done_kept", "rest_psnr_db")}
        units = {
            **{
                ("generation", name): drawn.marks.rows[name].to_numpy(float)
                for name in ("attributes", "whole")
            },
            **{("edit", name): edited.rows[name].to_numpy(float) for name in edit},
            ("generation", f"kid_{extractor.name}"): kid.without,
        }
        first = first or units
        for task, figures in (("generation", generation), ("edit", edit)):
            for name, figure in figures.items():
                row = _row(each, task, name, figure)
                if first is not units and (task, name) in units:
                    row |= _above(figure.value, rows, units[task, name], first[task, name], row)
                rows.append(row)
    return pd.DataFrame(rows)


def to_examine(arms: Sequence[Arm]) -> list[Trained]:
    """The base, the tuned weights, and trainings of arms."""
    shipped = [Trained("base", 0, "base"), Trained("tuned", 0, "tuned")]
    return shipped + [Trained(arm.name, arm.seed, arm.weights) for arm in arms]


def change_said(table: pd.DataFrame, who: str, task: str, metric: str) -> str:
    """What became of a figure against the first weights, in words that the paired interval carries.

    Args:
        table: As `examined` gives it.
        who: A training of one seed.
        task: Of the figure.
        metric: Its name; more is better.

    Raises:
        InputError: There is no such row.
    """
    found = table[(table.who == who) & (table.task == task) & (table.metric == metric)]
    if len(found) != 1:
        raise InputError(f"expected one row of {metric!r} of {who!r}, got {len(found)}: measure it again")
    row = found.iloc[0]
    size = f"{row.less_first:+.3f} [{row.less_first_low:+.3f}, {row.less_first_high:+.3f}]"
    if row.less_first_low > 0:
        return f"{size}, a gain"
    return f"{size}, a loss" if row.less_first_high < 0 else f"{size}, no change that {row.n} prompts tell"


def own_share(name: str) -> float:
    """Share of a stage's exercises that are of the base's own trade.

    Raises:
        InputError: There is no such stage.
    """
    mixture = load_stage(name).mixture
    return sum(mixture.get(task, 0.0) for task in OWN_TRADE) / sum(mixture.values())


def over_seeds(rows: pd.DataFrame, task: str, metric: str) -> pd.DataFrame:
    """A figure of each training, and the mean over seeds with a t interval where there are three or more.

    Args:
        rows: As `examined` gives them.
        task: Of the figure.
        metric: Its name.

    Returns:
        Columns `who`, `share` (of the base's own trade among the exercises, for arms; NaN for shipped
        weights), `seeds` (each one's value in words), `value`, `low`, `high`, and `over`, what the interval
        is over: seeds, or prompts where there are fewer than three trainings, or where every picture of
        every seed ends alike, which seeds alone would call certain.
    """
    from scipy.stats import t

    found = rows[(rows.task == task) & (rows.metric == metric)]
    if found.empty:
        raise InputError(f"there is no {metric!r} of {task!r} in the table: measure it again")
    told = []
    for who, group in found.groupby("who", sort=False):
        values = group.value.to_numpy(float)
        first = group.iloc[0]
        if len(values) >= 3 and set(values) in ({0.0}, {1.0}):  # no spread, of only so many prompts
            low, high, over = *clopper_pearson(int(values[0]) * first.n, first.n)[1:3], f"{first.n} prompts"
        elif len(values) >= 3:
            reach = t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
            low, high, over = values.mean() - reach, values.mean() + reach, f"{len(values)} seeds"
        else:
            low, high, over = first.low, first.high, f"{first.n} prompts"
        told.append(
            {
                "who": who,
                "share": own_share(str(who)) if first.seed else np.nan,
                "seeds": ", ".join(f"{value:.3f}" for value in values),
                "value": values.mean(),
                "low": low,
                "high": high,
                "over": over,
            }
        )
    return pd.DataFrame(told)


def frechet_table(
    extractor: Extractor,
    drawn: Mapping[str, Sequence[np.ndarray]],
    rendered: Sequence[np.ndarray],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """FID of each set, with its size and what it would be without the bias of few pictures.

    Returns:
        Columns `who`, `fid`, `unlimited`, `n`, `dimensions`, `singular`.
    """
    reference = extractor.features(rendered)
    rows = []
    for name, pictures in drawn.items():
        found = frechet_distance(extractor.features(pictures), reference, rng=rng)
        rows.append((name, found.value, found.unlimited, found.n_generated, found.dimensions, found.singular))
    return pd.DataFrame(rows, columns=["who", "fid", "unlimited", "n", "dimensions", "singular"])


def rendered_elsewhere(questions: Sequence[Question], split: str = "validation") -> list[np.ndarray]:
    """As many rendered pictures of other captions: how far true pictures are from true pictures."""
    return drawing.renderer(ask("generation", split, len(questions)))


def _above(
    value: float,
    rows: Sequence[Mapping[str, object]],
    units: np.ndarray,
    first: np.ndarray,
    row: Mapping[str, object],
) -> dict[str, float]:
    """How far a figure is above that of the first weights, from its units, or from each left out for KID."""
    if str(row["metric"]).startswith("kid_"):
        before = next(each for each in rows if each["metric"] == row["metric"])
        found = jackknife_estimate(value - float(str(before["value"])), units - first)
    else:
        found = paired_difference(units, first)
    return {"less_first": found.value, "less_first_low": found.low, "less_first_high": found.high}


def _row(each: Trained, task: str, metric: str, figure: Estimate) -> dict[str, object]:
    told = {name: getattr(figure, name) for name in ("value", "low", "high", "n")}
    return {"who": each.who, "seed": each.seed, "task": task, "metric": metric, **told}


def _ratio(who: str) -> float:
    return own_share(who) if who.startswith("ratio-") else float("nan")
