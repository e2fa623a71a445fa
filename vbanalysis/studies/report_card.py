"""The report card of the embedded generator: each figure with its interval, its controls and its target."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from vbanalysis.errors import DataError
from vbanalysis.mini.judge.reading import Judge
from vbanalysis.mini.model import Mini
from vbanalysis.mini.regression import Regressor
from vbanalysis.mini.weights import read_told, weights_dir
from vbanalysis.paths import replacing, shown
from vbanalysis.stats import Estimate, mean_estimate
from vbanalysis.studies import drawing
from vbanalysis.studies.answerers import Answerer, Blind, Numbers, Oracle, Painter
from vbanalysis.studies.examination import examine, swapped, table_of
from vbanalysis.studies.questions import ask


class Target(NamedTuple):
    """What was asked of a figure of the tuned weights before they were trained.

    Attributes:
        task: The task.
        metric: The figure.
        least: It must reach this.
        goal: It had better reach this.
        rises: Whether more is better.
    """

    task: str
    metric: str
    least: float
    goal: float
    rises: bool = True

    def met_by(self, value: float) -> str:
        """`"goal"`, `"yes"` or `"no"`."""
        sign = 1 if self.rises else -1
        if sign * value >= sign * self.goal:
            return "goal"
        return "yes" if sign * value >= sign * self.least else "no"


TARGETS = (
    Target("depth", "delta1", 0.70, 0.80),
    Target("normals", "mean_deg", 14, 11, rises=False),
    Target("normals", "median_deg", 7, 7, rises=False),
    Target("semantic", "miou", 0.55, 0.70),
    Target("semantic", "worst_class_iou", 0.25, 0.25),
    Target("instance", "pmf1_50", 0.40, 0.60),
    Target("referring", "giou", 0.50, 0.65),
    Target("referring", "swapped", 0.95, 0.95),
    Target("generation", "attributes", 0.50, 0.75),
    Target("edit", "done", 0.50, 0.75),
)
"""AbsRel must also be under half of the blind guess's, and gIoU 0.10 above marking every object."""


def answerers(weights: str = "tuned") -> dict[str, Answerer]:
    """Who is examined where one answer is right: `weights`, the controls at hand, the guesses, the code."""
    found: dict[str, Answerer] = {"mini": Painter(Mini(weights))}
    shipped = {path.stem for path in weights_dir().glob("*.safetensors")}
    if "regression" in shipped:
        found["regression"] = Numbers(Regressor())
    if "scratch" in shipped:
        found["scratch"] = Painter(Mini("scratch"))
    return found | {"blind": Blind(by_pixel=True), "constant": Blind(by_pixel=False), "codec": Oracle()}


def report_card(weights: str = "tuned", split: str = "heldout", n: int = 400) -> Iterator[pd.DataFrame]:
    """Examine everyone in everything.

    Args:
        weights: Of the generator, as `Mini` takes them.
        split: Of the scenes.
        n: Scenes a task.

    Yields:
        Rows of `task, metric, who, value, low, high, n`, task by task. `who` is "mini", a control
        ("regression", "scratch", "base"), "blind" (the usual answer at each pixel; every object marked),
        "constant" (one answer for all pixels), "codec" (the truth through the code), and in drawing
        "rendered" (the judge's own accuracy) and "shuffled" (chance) or "untouched".
    """
    mini = Mini(weights)
    for name, marks in examine(answerers(weights), split, n):
        rows = table_of([(name, marks)])
        if marks.per_class:
            worst = min(marks.per_class.values())
            rows = pd.concat(
                [rows, _rows("semantic", name, {"worst_class_iou": _bare(worst, len(marks.rows))})]
            )
        yield rows
    yield _rows("referring", "mini", {"swapped": mean_estimate(swapped(mini, split, n))})
    yield from _drawing(mini, split, n)


def _drawing(mini: Mini, split: str, n: int) -> Iterator[pd.DataFrame]:
    judge = Judge.load()
    artists = {"mini": drawing.artist(mini)}
    base = Mini("base") if (weights_dir() / "base.safetensors").is_file() else None
    if base is not None:
        artists["base"] = drawing.artist(base)
    questions = ask("generation", split, n)
    for name, paint in {**artists, "rendered": drawing.renderer, "shuffled": drawing.shuffler}.items():
        yield drawing.drawing_table({name: drawing.judge_drawings(questions, paint, judge)})
    for name, model in {"mini": mini, "base": base}.items():
        if model is not None:
            yield _rows("generation", name, {"held_out_loss": drawing.held_out_loss(model, questions)})
    questions = ask("edit", split, n)
    for name, paint in {**artists, "rendered": drawing.renderer, "untouched": drawing.untouched}.items():
        yield drawing.drawing_table({name: drawing.judge_edits(questions, paint, judge)})


def against_targets(table: pd.DataFrame) -> pd.DataFrame:
    """A row a target: what was asked, what `"mini"` reached, whether that is enough, and everyone else's."""
    rows = []
    for target in TARGETS:
        found = table[(table.task == target.task) & (table.metric == target.metric)]
        mine = found[found.who == "mini"]
        if len(mine) != 1:
            continue
        estimate = _estimate(mine.iloc[0])
        others = {row.who: f"{row.value:.3g}" for row in found.itertuples() if row.who != "mini"}
        rows.append(
            {
                "task": target.task,
                "metric": target.metric,
                "at least": f"{'' if target.rises else '≤ '}{target.least:g}",
                "goal": f"{'' if target.rises else '≤ '}{target.goal:g}",
                "mini": f"{estimate:.3g}",
                "met": target.met_by(estimate.value),
                **others,
            }
        )
    return pd.DataFrame(rows).fillna("")


def relative_targets(table: pd.DataFrame) -> list[str]:
    """The two targets that are relative to a guess, in words with their numbers."""
    values = table.set_index(["task", "metric", "who"]).value
    said = []
    try:
        mine, blind = values["depth", "absrel", "mini"], values["depth", "absrel", "blind"]
        said.append(
            f"AbsRel {mine:.3f} is {mine / blind:.2f} of the blind guess's {blind:.3f} (asked: under 0.5)"
        )
        mine, marked = values["referring", "giou", "mini"], values["referring", "giou", "blind"]
        said.append(f"gIoU {mine:.3f} is {mine - marked:+.3f} above marking every object (asked: +0.10)")
    except KeyError:
        return said
    return said


def _rows(task: str, who: str, figures: dict[str, Estimate]) -> pd.DataFrame:
    return pd.DataFrame(
        [{"task": task, "metric": metric, "who": who, **each._asdict()} for metric, each in figures.items()]
    )


def _bare(value: float, n: int) -> Estimate:
    return Estimate(value, float("nan"), float("nan"), n)


def _estimate(row: pd.Series) -> Estimate:
    return Estimate(row.value, row.low, row.high, int(row.n))


def write_card(table: pd.DataFrame, folder: Path) -> None:
    """Write `results.tsv`, and the tables of `CARD.md` between their marks.

    Args:
        table: Rows of `report_card`.
        folder: Of the card, `data/mini` as a rule.

    Raises:
        DataError: The card is missing or lacks a mark.
    """
    with replacing(folder / "results.tsv") as file:
        file.write(table.to_csv(sep="\t", index=False, float_format="%.5g", lineterminator="\n").encode())
    path = folder / "CARD.md"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"{shown(path)} cannot be read ({error.strerror})") from error
    said = [f"- {sentence}." for sentence in relative_targets(table)]
    blocks = {
        "files": _markdown(files_table(folder)),
        "results": "\n".join([_markdown(against_targets(table)), "", *said]),
    }
    for name, block in blocks.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        if begin not in text or end not in text:
            raise DataError(f"{shown(path)} lacks the marks {begin.strip()} and {end}: put them back")
        before, rest = text.split(begin, 1)
        text = before + begin + block + "\n" + end + rest.split(end, 1)[1]
    with replacing(path) as file:
        file.write(text.encode())


def files_table(folder: Path) -> pd.DataFrame:
    """The weights below a folder: name, megabytes, exercises seen, minutes of training, what they are for."""
    rows = []
    for path in sorted((folder / "weights").glob("*.safetensors")):
        told = read_told(path)
        stage = json.loads(told.get("stage", "{}"))
        rows.append(
            {
                "name": path.stem,
                "MB": f"{path.stat().st_size / 1e6:.1f}",
                "exercises": told.get("samples", ""),
                "minutes": f"{float(told.get('seconds', 'nan')) / 60:.0f}",
                "for": stage.get("about", ""),
            }
        )
    return pd.DataFrame(rows)


def _markdown(table: pd.DataFrame) -> str:
    lines = [list(table.columns), ["---"] * len(table.columns), *table.astype(str).to_numpy().tolist()]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
