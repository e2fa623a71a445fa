"""`vbanalysis suite`: list the notebooks, run them, and make the report."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, cast

import typer

app = typer.Typer(no_args_is_help=True, help="Run the notebooks and report what they found.")


class _Profile(StrEnum):
    quick = "quick"
    full = "full"


_Notebooks = Annotated[
    Path | None,
    typer.Option("--notebooks", metavar="DIR", help="Folder with suite.yaml; found by itself in a checkout."),
]
_Results = Annotated[
    Path, typer.Option(metavar="DIR", help="Folder of executed notebooks, logs and results.json.")
]


@app.command("list")
def list_(notebooks: _Notebooks = None) -> None:
    """List the notebooks: questions, profiles, parameters."""
    from vbanalysis.suite import load_suite

    for notebook in load_suite(notebooks).notebooks:
        typer.echo(f"{notebook.name}\n  {notebook.question}")
        for name, profile in notebook.profiles.items():
            values = "  ".join(f"{key}={value!r}" for key, value in profile.parameters.items())
            typer.echo(f"  {name:<5} up to {profile.time_limit_s:g} s  {values}".rstrip())
        for entry in notebook.parameters():
            comment = f"  # {entry.help}" if entry.help else ""
            typer.echo(f"    {entry.name}: {entry.type} = {entry.default}{comment}")


@app.command("run")
def run_(
    profile: Annotated[
        _Profile, typer.Option(help="quick takes up to a minute a notebook; full is the long version.")
    ] = _Profile.quick,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this notebook, or those that begin so; repeatable."),
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "-p",
            "--parameter",
            metavar="NAME=VALUE",
            help="Set a parameter, in one notebook as NOTEBOOK.NAME=VALUE; repeatable.",
        ),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Notebooks that run at once.")] = 1,
    timeout: Annotated[
        float | None,
        typer.Option(metavar="S", help="Time limit of each notebook, in place of its profile's."),
    ] = None,
    out: _Results = Path("build/suite"),
    figures: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Where the notebooks put figures.  [default: figures/ of the checkout]"
        ),
    ] = None,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Go on with the others after a failure.")
    ] = False,
    notebooks: _Notebooks = None,
) -> None:
    """Run the notebooks.

    Exit code 1 if one did not pass, 2 if something given cannot be used.
    """
    from vbanalysis.suite import load_suite, parse_assignment, run

    runs = run(
        load_suite(notebooks),
        profile=cast(Literal["quick", "full"], profile.value),
        only=only or (),
        parameters=dict(parse_assignment(text) for text in parameter or ()),
        jobs=jobs,
        timeout_s=timeout,
        out=out,
        figures=figures,
        keep_going=keep_going,
        progress=_print,
    )
    passed = sum(run.status == "passed" for run in runs)
    skipped = [run.name for run in runs if run.status == "skipped"]
    if skipped:
        typer.echo(f"skipped after the failure (--keep-going runs them): {', '.join(skipped)}")
    typer.echo(f"{passed} of {len(runs)} passed; results in {out}")
    if passed < len(runs):
        raise typer.Exit(1)


@app.command("report")
def report(
    results: _Results = Path("build/suite"),
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the pages go.")] = Path("build/report"),
    figures: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the figures are, if not where the run put them.")
    ] = None,
    notebooks: _Notebooks = None,
) -> None:
    """Write the runs as static HTML pages, and print the path."""
    from vbanalysis.suite import load_suite, write_report

    typer.echo(write_report(load_suite(notebooks), results=results, figures=figures, out=out))


def _print(line: str) -> None:
    # Progress is read while it happens, through a pipe too.
    typer.echo(line)
    sys.stdout.flush()
