"""`vbanalysis study`: measure what takes long, once, into `data/results/`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pandas as pd

app = typer.Typer(
    name="study",
    no_args_is_help=True,
    help="Measure what takes long, once: the kept results that notebooks read.",
)

Out = Annotated[
    Path | None, typer.Option("-o", "--out", metavar="FILE", help="Write the table to this .tsv.")
]
Runs = Annotated[Path, typer.Option("--runs", metavar="DIR", help="Where the arms were trained.")]


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
    """Depth over fields of view: with no intrinsics, true ones and hard-coded ones, by seed of training."""
    from vbanalysis.studies import intrinsics

    keep(intrinsics.measured_seeds(intrinsics.paired_arms(runs), intrinsics.conditions(), n), out)
