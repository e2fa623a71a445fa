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
from vbanalysis.cli._options import examples
from vbanalysis.errors import VbanalysisError

app = typer.Typer(
    name="vbanalysis",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Find out what an image generator really sees.\n\n"
    "Models, data sets and tasks are named by spec strings, NAME:ARGUMENT?OPTION=VALUE, in quotes where "
    "they hold a ?. The commands models, data list and plugins say what there is.",
    epilog=examples(
        'vbanalysis generate mini photo.png "Generate a metric depth map of the input image." -o out.png',
        "vbanalysis inspect out.png",
        'vbanalysis evaluate depth --model mini --dataset "scenes:heldout?n=100" -o runs/depth',
    ),
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
app.command(
    epilog=examples(
        'vbanalysis evaluate depth --model mini --dataset "scenes:heldout?n=100" -o runs/depth',
        'vbanalysis evaluate normals --model "oracle:jpeg=80" --dataset scenes -o runs/jpeg',
        "vbanalysis evaluate depth --model stereo --dataset motorcycle -o runs/stereo",
    )
)(evaluate.evaluate)
app.command(epilog=examples('vbanalysis rescore runs/depth --task "depth?alignment=median" -o runs/aligned'))(
    evaluate.rescore
)
app.command(epilog=examples("vbanalysis compare runs/depth runs/aligned"))(evaluate.compare)
app.command(epilog=examples("vbanalysis atlas runs/depth -o causes.tsv"))(atlas.atlas)
app.command(
    epilog=examples(
        'vbanalysis generate mini photo.png "Generate a surface normal map." -o normals.png',
        'vbanalysis generate mini "A red ball in a room." -o ball.png --seed 3',
    )
)(generate.generate)
app.command(
    epilog=examples(
        "vbanalysis inspect out.png",
        "vbanalysis inspect out.png --prompt 'The cat is red. The dog is #00ff00.'",
    )
)(inspect.inspect)
app.add_typer(mini.app, name="mini")
app.add_typer(study.app, name="study")
app.add_typer(suite.app, name="suite")
app.command(epilog=examples("vbanalysis models", "vbanalysis models mini:base"))(models.models)
app.command()(plugins.plugins)
app.command(
    epilog=examples(
        "vbanalysis predict mini photo.png --task depth -o depth.npy",
        'vbanalysis predict u2netp photo.png --task referring --phrase "salient object" -o mask.npy',
    )
)(predict.predict)
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
