"""The report card of the embedded generator: each figure with its interval, its controls and its target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from vbanalysis.mini.judge.reading import Judge
from vbanalysis.mini.model import Mini
from vbanalysis.mini.regression import Regressor
from vbanalysis.mini.weights import weights_dir
from vbanalysis.stats import Estimate, mean_estimate, resampled_estimate
from vbanalysis.studies import drawing
from vbanalysis.studies.answerers import Answerer, Blind, Numbers, Oracle, Painter
from vbanalysis.studies.examination import examine, swapped
from vbanalysis.studies.marks import Marks, figures_table
from vbanalysis.studies.questions import ask


class Target(NamedTuple):
    """What was asked of a figure of the tuned weights before they were trained.

    Attributes:
        task: The task.
        metric: The figure.
        least: It must reach this.
        goal: It had better reach this, or None where nothing better was asked for.
        rises: Whether more is better.
    """

    task: str
    metric: str
    least: float
    goal: float | None
    rises: bool = True

    def met_by(self, value: float) -> str:
        """`"goal"`, `"yes"` or `"no"`."""
        sign = 1 if self.rises else -1
        if self.goal is not None and sign * value >= sign * self.goal:
            return "goal"
        return "yes" if sign * value >= sign * self.least else "no"


TARGETS = (
    Target("depth", "delta1", 0.70, 0.80),
    Target("depth", "absrel_to_blind", 0.50, None, rises=False),
    Target("normals", "mean_deg", 14, 11, rises=False),
    Target("normals", "median_deg", 7, None, rises=False),
    Target("semantic", "miou", 0.55, 0.70),
    Target("semantic", "worst_class_iou", 0.25, None),
    Target("instance", "pmf1_50", 0.40, 0.60),
    Target("referring", "giou", 0.50, 0.65),
    Target("referring", "giou_above_marking_all", 0.10, None),
    Target("referring", "swapped", 0.95, None),
    Target("generation", "attributes", 0.50, 0.75),
    Target("edit", "done", 0.50, 0.75),
)
"""`absrel_to_blind` is the ratio to the blind guess's AbsRel, `giou_above_marking_all` the difference to the
gIoU of marking every object."""

NOT_MEASURED = "not measured"

MODELS = ("mini", "regression", "scratch", "base")
"""Those among the examined that are trained networks; the others are references."""


def answerers(weights: str = "tuned") -> dict[str, Answerer]:
    """Who is examined where one answer is right: `weights`, the controls at hand, the guesses, the code."""
    found: dict[str, Answerer] = {"mini": Painter(Mini(weights))}
    shipped = {path.stem for path in weights_dir().glob("*.safetensors")}
    if "regression" in shipped:
        found["regression"] = Numbers(Regressor())
    if "scratch" in shipped:
        found["scratch"] = Painter(Mini("scratch"))
    return found | {"blind": Blind(by_pixel=True), "constant": Blind(by_pixel=False), "codec": Oracle()}


def report_card(weights: str = "tuned", split: str = "validation", n: int = 400) -> Iterator[pd.DataFrame]:
    """Examine everyone in everything.

    Args:
        weights: Of the generator, as `Mini` takes them.
        split: Of the scenes; "heldout" for what is published, never for a choice.
        n: Questions a task.

    Yields:
        Rows of `task, metric, who, value, low, high, n`, task by task. `who` is one of `MODELS`, "blind" (the
        usual answer at each pixel; every object marked), "constant" (one answer for all pixels), "codec" (the
        truth through the code), and in drawing "rendered" (the judge's own accuracy), "shuffled" (chance) or
        "untouched".
    """
    mini = Mini(weights)
    seen: dict[tuple[str, str], Marks] = {}
    for name, marks in examine(answerers(weights), split, n):
        seen[marks.task, name] = marks
        yield figures_table(marks.task, name, marks.figures)
    ratio = _ratio(seen["depth", "mini"], seen["depth", "blind"])
    yield figures_table("depth", "mini", {"absrel_to_blind": ratio})
    gain = _gain(seen["referring", "mini"], seen["referring", "blind"])
    followed = mean_estimate(swapped(mini, split, n))
    yield figures_table("referring", "mini", {"giou_above_marking_all": gain, "swapped": followed})
    yield from _drawing(mini, split, n)


def _drawing(mini: Mini, split: str, n: int) -> Iterator[pd.DataFrame]:
    judge = Judge.load()
    models = {"mini": mini, "base": Mini("base")}
    artists = {name: drawing.artist(model) for name, model in models.items()}
    questions = ask("generation", split, n)
    for name, paint in {**artists, "rendered": drawing.renderer, "shuffled": drawing.shuffler}.items():
        drawn = drawing.judge_drawings(questions, paint, judge)
        yield figures_table("generation", name, drawn.marks.figures)
    for name, model in models.items():
        loss = drawing.held_out_loss(model, questions)
        yield figures_table("generation", name, {"held_out_loss": loss})
    questions = ask("edit", split, n)
    for name, paint in {**artists, "rendered": drawing.renderer, "untouched": drawing.untouched}.items():
        yield figures_table("edit", name, drawing.judge_edits(questions, paint, judge).marks.figures)


def against_targets(table: pd.DataFrame) -> pd.DataFrame:
    """A row a target: what was asked, what `"mini"` reached, whether that is enough, and everyone else's."""
    found: Mapping[tuple[str, str, str], pd.Series] = {
        (row.task, row.metric, row.who): row for _, row in table.iterrows()
    }
    others = [who for who in dict.fromkeys(table.who) if who != "mini"]
    rows = []
    for target in TARGETS:
        mine = found.get((target.task, target.metric, "mini"))
        sign = "" if target.rises else "≤ "
        row = {
            "task": target.task,
            "metric": target.metric,
            "at least": f"{sign}{target.least:g}",
            "goal": "" if target.goal is None else f"{sign}{target.goal:g}",
            "mini": NOT_MEASURED if mine is None else _shown(mine),
            "met": "" if mine is None else target.met_by(mine.value),
        }
        for who in others:
            theirs = found.get((target.task, target.metric, who))
            row[who] = "" if theirs is None else f"{theirs.value:.3g}"
        rows.append(row)
    return pd.DataFrame(rows)


def beside(table: pd.DataFrame, who: str) -> pd.DataFrame:
    """A row a target that `who` was examined in: its figure, that of `"mini"`, and who is better.

    Neither is where the 95 % intervals overlap.
    """
    found: Mapping[tuple[str, str, str], pd.Series] = {
        (row.task, row.metric, row.who): row for _, row in table.iterrows()
    }
    rows = []
    for target in TARGETS:
        mine, other = (found.get((target.task, target.metric, name)) for name in ("mini", who))
        if mine is None or other is None:
            continue
        low, high = (mine, other) if mine.value < other.value else (other, mine)
        apart = low.high < high.low
        best = high if target.rises else low
        rows.append(
            {
                "task": target.task,
                "metric": target.metric,
                "mini": mine.value,
                who: other.value,
                "better": str(best.who) if apart else "neither",
            }
        )
    return pd.DataFrame(rows, columns=["task", "metric", "mini", who, "better"])


def generation_kept(table: pd.DataFrame) -> pd.DataFrame:
    """Drawing and editing of base and tuned weights side by side, with the judge's accuracy and chance."""
    names = ("base", "mini", "rendered", "shuffled", "untouched")
    part = table[table.task.isin(("generation", "edit")) & table.who.isin(names)]
    shown = part.assign(shown=[_shown(row) for _, row in part.iterrows()])
    wide = shown.pivot_table(
        index=["task", "metric"], columns="who", values="shown", aggfunc="first", sort=False
    )
    return wide.reindex(columns=list(names)).astype(object).fillna("").reset_index()


def _ratio(mine: Marks, blind: Marks) -> Estimate:
    pairs = list(zip(mine.rows.absrel, blind.rows.absrel, strict=True))
    return resampled_estimate(pairs, lambda units: sum(a for a, _ in units) / sum(b for _, b in units))


def _gain(mine: Marks, marking_all: Marks) -> Estimate:
    differences = mine.rows.assign(gain=mine.rows.iou - marking_all.rows.iou).groupby("id").gain
    # Two expressions of one image are no two units.
    images = [gains.to_numpy() for _, gains in differences]
    return resampled_estimate(images, lambda units: float(np.concatenate(units).mean()))


def _shown(row: pd.Series) -> str:
    return f"{Estimate(row.value, row.low, row.high, int(row.n)):.3g}"
