"""`vbanalysis rating`: pairs to be rated blind, and the votes as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vbanalysis.paths import shown

app = typer.Typer(
    name="rating",
    no_args_is_help=True,
    help="Make pairs of pictures to be rated blind, and export votes.\n\nRating is done in JupyterLab.",
)


@app.command()
def draw(
    out: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder for the pictures and pairs.tsv.")],
    n: Annotated[int, typer.Option("-n", "--number", min=1, help="Captions to draw, each one a pair.")] = 20,
    first: Annotated[
        str, typer.Option(metavar="WEIGHTS", help="Weights of the embedded generator, such as base.")
    ] = "base",
    second: Annotated[str, typer.Option(metavar="WEIGHTS", help="Weights to compare with.")] = "tuned",
) -> None:
    """Let two weights of the embedded generator draw pairs.

    Both draw the same captions with the same seeds.
    """
    from vbanalysis.widgets.rating.drawings import TABLE, drawing_pairs

    pairs = drawing_pairs(n, out, models=(first, second))
    typer.echo(f"wrote {len(pairs)} pairs by {first} and {second}: {shown(out / TABLE)}")


@app.command()
def export(
    votes: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of votes that rate() was given.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE.tsv", help="File for the table.")],
) -> None:
    """Write the votes of all raters as one table.

    Votes that were taken back are left out.
    """
    from vbanalysis.widgets.rating import export_votes

    typer.echo(f"wrote {export_votes(votes, out)} votes: {shown(out)}")
