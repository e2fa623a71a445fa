"""`vbanalysis mini`: train the embedded generator, stage by stage, and examine it."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vbanalysis.errors import InputError
from vbanalysis.machine import cores
from vbanalysis.paths import shown

if TYPE_CHECKING:
    from vbanalysis.mini.training.curves import Progress
    from vbanalysis.mini.training.stages import Stage

app = typer.Typer(
    name="mini",
    no_args_is_help=True,
    help="Train the embedded generator, and examine it.\n\nAlso its controls, and the judge of its drawings.",
)

_MOST_PROCESSES = 4

_Stage = Annotated[
    str | None,
    typer.Option("--stage", metavar="STAGE", help="Settings: the name of another stage, or a .yaml file."),
]
_Out = Annotated[
    Path | None,
    typer.Option("-o", "--out", metavar="DIR", help="Folder of the run.  [default: runs/mini/STAGE]"),
]
_Processes = Annotated[
    int | None,
    typer.Option(
        min=1, metavar="N", help="Processes that share each batch.  [default: as many as cores, up to 4]"
    ),
]
_Minutes = Annotated[float | None, typer.Option(metavar="M", help="Stop after M minutes.")]
_Samples = Annotated[
    int | None, typer.Option(metavar="N", help="Stop after N samples.  [default: the stage's]")
]
_Start = Annotated[
    str | None, typer.Option(metavar="WEIGHTS", help="Weights to begin with: a name or a .safetensors file.")
]
_Seed = Annotated[
    int | None,
    typer.Option(min=0, metavar="K", help="Seed of everything random; it is part of the folder's name."),
]

_Scenes = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Scenes that exercises are made of, over and over; few for studies of labels.",
    ),
]


@app.command()
def pretrain(
    stage: _Stage = None,
    out: _Out = None,
    processes: _Processes = None,
    minutes: _Minutes = None,
    samples: _Samples = None,
    start: _Start = None,
) -> None:
    """Train the base, which draws and edits.

    After a stop, the same command goes on.
    """
    _train("pretrain", stage or "base", stage, out, processes, minutes, samples, start)


@app.command()
def tune(
    stage: _Stage = None,
    out: _Out = None,
    processes: _Processes = None,
    minutes: _Minutes = None,
    samples: _Samples = None,
    start: _Start = None,
) -> None:
    """Tune the base to answer vision instructions.

    After a stop, the same command goes on.
    """
    _train("tune", stage or "tuned", stage, out, processes, minutes, samples, start)


@app.command()
def control(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the control, such as scratch.")],
    stage: _Stage = None,
    out: _Out = None,
    processes: _Processes = None,
    minutes: _Minutes = None,
    samples: _Samples = None,
    start: _Start = None,
    seed: _Seed = None,
    scenes: _Scenes = None,
) -> None:
    """Train what the tuned one is compared with.

    After a stop, the same command goes on.
    """
    from vbanalysis.mini.training.stages import stages_dir

    controls = sorted({file.stem for file in stages_dir().glob("*.yaml")} - {"base", "tuned"})
    if name not in controls and stage is None:
        raise InputError(f"no control {name!r}: there are {', '.join(controls)}; or give --stage FILE.yaml")
    _train(f"control {name}", stage or name, stage, out, processes, minutes, samples, start, seed, scenes)


@app.command()
def judge(
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="File for its weights.")] = Path(
        "runs/mini/judge/weights.safetensors"
    ),
    samples: Annotated[
        int, typer.Option(min=1, metavar="N", help="Rendered pictures to learn from.")
    ] = 30_000,
) -> None:
    """Train the judge, who reads drawings to score them.

    Takes 12 minutes on one core.
    """
    from tqdm import tqdm

    from vbanalysis.mini.judge.training import JudgeProgress, train_judge

    out.parent.mkdir(parents=True, exist_ok=True)
    with tqdm(desc="judge", total=samples, unit=" samples", mininterval=0.5) as bar:

        def tell(progress: JudgeProgress) -> None:
            bar.set_postfix_str(f"loss {progress.loss:.3f}", refresh=False)
            bar.update(progress.samples - bar.n)

        train_judge(out, samples=samples, on_progress=tell)
    typer.echo(f"wrote {shown(out)}")


@app.command()
def examine(
    weights: Annotated[
        str, typer.Argument(metavar="WEIGHTS", help="A name or a .safetensors file.")
    ] = "tuned",
    n: Annotated[int | None, typer.Option("-n", min=1, help="Scenes of each task.  [default: 400]")] = None,
    split: Annotated[str | None, typer.Option(help="Split of the scenes.  [default: validation]")] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="Write all figures to this .tsv.")
    ] = None,
    card: Annotated[
        bool,
        typer.Option("--card", help="Examine on held-out scenes, for the shipped results and model card."),
    ] = False,
) -> None:
    """Mark the embedded generator beside its controls.

    And beside guesses and the code itself: the tables of the model card.
    """
    import pandas as pd

    from vbanalysis.mini.world.layout import SPLITS
    from vbanalysis.paths import data_dir, replacing
    from vbanalysis.studies.card import write_card
    from vbanalysis.studies.report_card import against_targets, report_card

    if card and (weights != "tuned" or split not in (None, "heldout") or n not in (None, 400)):
        raise InputError(
            "the card is about the weights tuned on 400 scenes of the split heldout: leave WEIGHTS, -n and "
            "--split out"
        )
    split, n = split or ("heldout" if card else "validation"), n or 400
    if split not in SPLITS:
        raise InputError(f"no split {split!r}: there are {', '.join(SPLITS)}")
    parts = []
    for rows in report_card(weights, split, n):
        first = rows.iloc[0]
        figures = "  ".join(f"{row.metric} {row.value:.3g}" for row in rows.itertuples())
        typer.echo(f"{first.task:10s} {first.who:10s} {figures}")
        parts.append(rows)
    table = pd.concat(parts, ignore_index=True)
    if out is not None:
        with replacing(out) as file:
            file.write(table.to_csv(sep="\t", index=False, float_format="%.5g").encode())
    if card:
        write_card(table, data_dir() / "mini")
    typer.echo("")
    typer.echo(
        against_targets(table)[["task", "metric", "at least", "goal", "mini", "met"]].to_string(index=False)
    )


@app.command()
def mixing(
    weights: Annotated[list[str], typer.Argument(metavar="WEIGHTS", help="Names or .safetensors files.")],
    n: Annotated[int, typer.Option("-n", min=1, help="Scenes of each task.")] = 100,
    split: Annotated[str, typer.Option(help="Split of the scenes.")] = "validation",
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="Write all figures to this .tsv.")
    ] = None,
) -> None:
    """Set weights side by side: what each draws and answers."""
    import pandas as pd

    from vbanalysis.mini.world.layout import SPLITS
    from vbanalysis.paths import replacing
    from vbanalysis.studies.mixing import mixing as examined
    from vbanalysis.studies.mixing import mixing_table

    if split not in SPLITS:
        raise InputError(f"no split {split!r}: there are {', '.join(SPLITS)}")
    names = {Path(each).parent.name if each.endswith(".safetensors") else each: each for each in weights}
    if len(names) < len(weights):
        raise InputError("two of the weights have one name: files are called after their folder")
    rows = pd.concat(list(examined(names, split, n)), ignore_index=True)
    if out is not None:
        with replacing(out) as file:
            file.write(rows.to_csv(sep="\t", index=False, float_format="%.5g").encode())
    typer.echo(mixing_table(rows).to_string(index=False))


def _train(
    command: str,
    source: str,
    given: str | None,
    out: Path | None,
    processes: int | None,
    minutes: float | None,
    samples: int | None,
    start: str | None,
    seed: int | None = None,
    scenes: int | None = None,
) -> None:
    from vbanalysis.mini.training.run import train
    from vbanalysis.mini.training.stages import load_stage

    stage = load_stage(source, start=start, seed=seed, scenes=scenes)
    named = [
        stage.name,
        *([] if scenes is None else [str(scenes)]),
        *([] if seed is None else [f"seed{seed}"]),
    ]
    folder = out or Path("runs/mini") / "-".join(named)
    again = ["vbanalysis", "mini", *command.split()]
    chosen = {
        "--stage": given,
        "--out": out,
        "--processes": processes,
        "--start": start,
        "--seed": seed,
        "--scenes": scenes,
    }
    for option, value in chosen.items():
        again += [] if value is None else [option, str(value)]
    bar = _Bar(stage, samples)
    stopped = False
    weights = folder / "weights.safetensors"
    try:
        weights = train(
            stage,
            folder,
            processes=processes or _fitting(stage.batch),
            until=samples,
            minutes=minutes,
            on_row=bar.row,
            on_step=bar.step,
        )
    except KeyboardInterrupt:
        stopped = True
    finally:
        bar.close()
    typer.echo(f"{shown(weights)}: {bar.samples} of {stage.samples} samples")
    if bar.samples < stage.samples:
        typer.echo(f"go on with  {shlex.join(again)}")
    if stage.head == "paint":
        words = [f"mini:{weights}", "A red ball in a room.", "-o", "ball.png"]
        typer.echo(f"try         {shlex.join(['vbanalysis', 'generate', *words])}")
    if stopped:
        raise typer.Exit(130)


def _fitting(batch: int) -> int:
    """As many processes as there are cores, a few at most, that share a batch evenly."""
    return max(n for n in range(1, min(cores(), _MOST_PROCESSES) + 1) if batch % n == 0)


class _Bar:
    """Samples, speed, time left and the last losses, on standard error."""

    def __init__(self, stage: Stage, until: int | None) -> None:
        from tqdm import tqdm

        steps = -(-min(until or stage.samples, stage.samples) // stage.batch)
        self.samples = 0
        self._open = lambda done: tqdm(
            desc=stage.name,
            total=steps * stage.batch,
            initial=done,
            unit=" samples",
            # A log need not hold a line a second.
            mininterval=0.5 if sys.stderr.isatty() else 30,
            bar_format="{desc} {percentage:3.0f}% |{bar:12}| {n_fmt}/{total_fmt} {elapsed}<{remaining} "
            "{rate_fmt}{postfix}",
        )
        self._bar: tqdm[None] | None = None

    def step(self, samples: int) -> None:
        self.samples = samples
        if self._bar is None:
            self._bar = self._open(samples)
        self._bar.update(samples - self._bar.n)

    def row(self, row: Progress) -> None:
        if self._bar is not None:
            losses = " ".join(f"{task} {loss:.3f}" for task, loss in row.losses.items())
            self._bar.set_postfix_str(losses, refresh=False)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
