"""The command line: `vbanalysis`, a thin face on the package, one file a group of commands.

A deliberate error ends in one line on standard error and exit code 2.
"""

from __future__ import annotations

import os
import sys

import typer

from vbanalysis import __version__
from vbanalysis.cli import (
    atlas,
    data,
    decode,
    encode,
    evaluate,
    generate,
    inspect,
    mini,
    models,
    plugins,
    predict,
    rating,
    score,
    study,
    suite,
)
from vbanalysis.errors import VbanalysisError

app = typer.Typer(
    name="vbanalysis",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Find out what an image generator really sees.",
)


def _version(show: bool) -> None:
    if show:
        typer.echo(f"vbanalysis {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    pass


app.add_typer(data.app, name="data")
app.add_typer(decode.app, name="decode")
app.add_typer(encode.app, name="encode")
app.command()(evaluate.evaluate)
app.command()(evaluate.rescore)
app.command()(evaluate.compare)
app.command()(atlas.atlas)
app.command()(generate.generate)
app.command()(inspect.inspect)
app.add_typer(mini.app, name="mini")
app.add_typer(study.app, name="study")
app.add_typer(suite.app, name="suite")
app.command()(models.models)
app.command()(plugins.plugins)
app.command()(predict.predict)
app.add_typer(rating.app, name="rating")
app.add_typer(score.app, name="score")


def main() -> None:
    """Entry point of the `vbanalysis` command."""
    # Threads that wait by spinning take the core from the one they wait for: on a busy machine a drawing took
    # a minute instead of five seconds. Read by OpenMP when torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        app()
    except VbanalysisError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)
