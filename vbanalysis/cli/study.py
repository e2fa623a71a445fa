"""`vbanalysis study`: measure what takes long, once, into `data/results/`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from vbanalysis.mini.model import Mini

app = typer.Typer(
    name="study",
    no_args_is_help=True,
    help="Measure what takes hours, once.\n\nNotebooks read the tables, which lie in data/results/.",
)

Out = Annotated[
    Path | None, typer.Option("-o", "--out", metavar="FILE", help="Write the table to this .tsv.")
]
Runs = Annotated[Path, typer.Option("--runs", metavar="DIR", help="Folder of the trainings of mini control.")]


def keep(table: pd.DataFrame, out: Path | None) -> None:
    """Print a table, and write it with the command line that made it."""
    from vbanalysis.studies.kept import write_kept

    if out is not None:
        write_kept(out, table, shlex.join(["vbanalysis", *sys.argv[1:]]))
    typer.echo(table.to_string(index=False, float_format="{:.4g}".format))


@app.command("intrinsics")
def intrinsics_(
    n: Annotated[int, typer.Option("-n", min=1, help="Scenes at each field of view.")] = 100,
    runs: Runs = Path("runs/mini"),
    out: Out = None,
) -> None:
    """Depth with no intrinsics, true and hard-coded ones.

    Over fields of view, for each seed of training.
    """
    from vbanalysis.studies import intrinsics

    keep(intrinsics.measured_seeds(intrinsics.paired_arms(runs), intrinsics.conditions(), n), out)


@app.command("narrow")
def narrow(
    n: Annotated[int, typer.Option("-n", help="Questions of each kind of novelty.")] = 100,
    pairs: Annotated[int, typer.Option("--pairs", help="Questions of each kind with two colours.")] = 60,
    runs: Runs = Path("runs/mini"),
    out: Out = None,
) -> None:
    """Broad and narrow tuning on each kind of novelty."""
    from vbanalysis.studies.narrow import measure_narrow

    keep(measure_narrow(_networks(runs), n, pairs), out)


@app.command("legend")
def legend(
    n: Annotated[int, typer.Option("-n", help="Questions of each set.")] = 100,
    runs: Runs = Path("runs/mini"),
    out: Out = None,
) -> None:
    """Answers in permuted legends.

    Whether their disagreement tells wrong answers, and what their vote gains.
    """
    from vbanalysis.studies.legend import measure_legend

    keep(measure_legend(_networks(runs), n), out)


def _networks(runs: Path) -> Iterator[tuple[str, int, Mini]]:
    """The shipped tuned weights as seed 0, and all trainings of the broad and the narrow arm."""
    from vbanalysis.mini.model import Mini
    from vbanalysis.studies.arms import trained_arms
    from vbanalysis.studies.narrow import ARMS

    arms = trained_arms(ARMS, runs)
    yield "tuned", 0, Mini("tuned", batch=32)
    for arm in arms:
        yield arm.name, arm.seed, Mini(arm.weights, batch=32)


@app.command("heads")
def heads_(
    n: Annotated[int, typer.Option("-n", min=1, help="Scenes that get one answer.")] = 100,
    several: Annotated[int, typer.Option(min=5, help="Scenes that get several answers.")] = 16,
    draws: Annotated[int, typer.Option(min=2, help="How many answers the several scenes get.")] = 6,
    arm: Annotated[
        list[str] | None, typer.Option(help="Name of a training; repeatable.  [default: pictures numbers]")
    ] = None,
    split: Annotated[str, typer.Option(help="Split of the scenes.")] = "heldout",
    runs: Runs = Path("runs/mini"),
    out: Out = None,
) -> None:
    """Painted answers beside regressed ones.

    In accuracy, at edges, in their spread over draws, and in what each says in doubt.
    """
    from vbanalysis.studies.arms import trained_arms
    from vbanalysis.studies.heads import measure
    from vbanalysis.studies.heads.answers import Head, head
    from vbanalysis.studies.heads.intervals import figures

    heads: dict[str, dict[int, Head]] = {}
    for each in trained_arms(arm or ["pictures", "numbers"], runs):
        heads.setdefault(each.name, {})[each.seed] = head(each.weights)
    keep(figures(measure.measure(heads, n, several, draws, split)), out)


@app.command("failure-atlas")
def failure_atlas_(
    model: Annotated[str, typer.Option(help="Spec string of a model.")] = "mini",
    n: Annotated[int, typer.Option("-n", min=1, help="Samples of each task.")] = 200,
    injected: Annotated[int, typer.Option(min=1, help="Samples that each known damage is done to.")] = 40,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the answers and the damages.")] = 0,
    out: Out = None,
) -> None:
    """What each cause explains of a model's errors.

    In all tasks; and how often damages that are known are found.
    """
    from vbanalysis.studies.atlas import survey

    keep(survey(model, n, injected, seed=seed), out)


votes = typer.Typer(no_args_is_help=True, help="What published votes on pictures tell, as aggregates.")
app.add_typer(votes, name="votes")

Votes = Annotated[
    Path | None,
    typer.Argument(
        metavar="DIR", help="The folder of the published file; by default below VBANALYSIS_SAMPLES."
    ),
]


@votes.command("genai-bench")
def genai_bench_(folder: Votes = None, out: Out = None) -> None:
    """Votes in GenAI-Bench's ratings of six models.

    Agreement of raters, strengths of models, likeness of votes.
    """
    from vbanalysis.studies.votes import genai_bench, published

    keep(genai_bench.measured(published.genai_bench(folder)), out)


@votes.command("told-apart")
def told_apart_(
    first: Annotated[str, typer.Option(help="A model that was rated.")] = "DeepFloyd_I_XL_v1",
    second: Annotated[str, typer.Option(help="Another one.")] = "SDXL_Turbo",
    folder: Votes = None,
    out: Out = None,
) -> None:
    """How often votes tell two models apart, by their number."""
    import numpy as np

    from vbanalysis.studies.votes import genai_bench, published

    votes = genai_bench.votes_of(published.genai_bench(folder)).between(first, second)
    keep(genai_bench.told_apart(votes, genai_bench.SIZES, np.random.default_rng(0)), out)


@votes.command("genai-arena")
def genai_arena_(folder: Votes = None, out: Out = None) -> None:
    """How a GPT-4o judge votes beside people in GenAI-Arena."""
    from vbanalysis.studies.votes import genai_arena, published

    keep(genai_arena.measured(published.genai_arena(folder)), out)


@app.command("art")
def art_(
    n: Annotated[int, typer.Option("-n", min=5, help="Captions, and as many orders to edit.")] = 100,
    arms: Annotated[
        str, typer.Option(help="Trainings of several seeds, with commas between.")
    ] = "pictures,narrow",
    runs: Runs = Path("runs/mini"),
    out: Out = None,
) -> None:
    """Drawing and editing before and after tuning.

    Also after tunings that never drew, for each seed.
    """
    from vbanalysis.perceptual.mini_judge import MiniJudge
    from vbanalysis.studies import art
    from vbanalysis.studies.arms import trained_arms

    weights = art.to_examine(trained_arms(arms.split(","), runs))
    keep(art.examined(weights, MiniJudge(), n), out)


Cache = Annotated[
    Path | None,
    typer.Option("--cache", metavar="DIR", help="Folder of features, to go on with after a stop."),
]


@app.command("probing")
def probing_(
    n: Annotated[int, typer.Option("-n", min=5, help="Scenes.")] = 200,
    split: Annotated[str, typer.Option(help="Split of the scenes.")] = "heldout",
    arm: Annotated[
        list[str] | None, typer.Option(help="Name of a training; repeatable.  [default: pictures numbers]")
    ] = None,
    runs: Runs = Path("runs/mini"),
    cache: Cache = None,
    out: Out = None,
) -> None:
    """What probes read from the base by layer and noise.

    Beside other networks and controls.
    """
    from vbanalysis.probing.cache import FeatureCache
    from vbanalysis.studies.probing.study import probing_study

    arms = ["pictures", "numbers"] if arm is None else arm
    keep(probing_study(n, split, arms, runs, FeatureCache(cache), _tell), out)


@app.command("labels")
def labels_(
    n: Annotated[int, typer.Option("-n", min=5, help="Held-out scenes.")] = 200,
    split: Annotated[str, typer.Option(help="Split of these scenes.")] = "heldout",
    count: Annotated[
        list[int] | None,
        typer.Option(min=4, help="Number of labelled scenes; repeatable.  [default: 16 64 256]"),
    ] = None,
    trained: Annotated[
        bool, typer.Option(help="Whether networks that were trained with few scenes take part.")
    ] = True,
    runs: Runs = Path("runs/mini"),
    cache: Cache = None,
    out: Out = None,
) -> None:
    """How many labelled scenes the base saves.

    What probes, tunings and trainings from nothing need for the same quality.
    """
    from vbanalysis.probing.cache import FeatureCache
    from vbanalysis.studies.labels.study import COUNTS, labels_study

    counts = sorted(count or COUNTS)
    keep(
        labels_study(
            n, runs, counts=counts, split=split, trained=trained, cache=FeatureCache(cache), on_part=_tell
        ),
        out,
    )


def _tell(part: str) -> None:
    typer.echo(part, err=True)
