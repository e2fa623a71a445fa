"""`vbanalysis data`: which data sets there are, what of them is on disk, and how to get the rest."""

from __future__ import annotations

from typing import Annotated

import typer

from vbanalysis import plugins
from vbanalysis.datasets import DataSet, Fetchable
from vbanalysis.errors import DataError, VbanalysisError
from vbanalysis.paths import shown

app = typer.Typer(name="data", no_args_is_help=True, help="List, fetch and verify data sets.")

_HEADER = ("NAME", "SAMPLES", "FILES", "SIZE", "LICENCE")

_Name = Annotated[str, typer.Argument(metavar="NAME", help="A data set, e.g. gallery or gallery:depth.")]


@app.command("list")
def list_() -> None:
    """Show every data set, what of it is at hand, and its licence."""
    rows: list[tuple[str, ...]] = [_HEADER]
    faults = []
    for info in plugins.available("datasets"):
        try:
            rows.append(_row(info.name, _load(info.name)))
        except VbanalysisError as error:
            faults.append(f"{info.name}: {error}")
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    for fault in faults:
        typer.echo(fault)


@app.command()
def fetch(name: _Name) -> None:
    """Fetch the files of a data set that are not on disk yet; run it again to go on after a fault."""
    data = _load(name)
    about = data.describe()
    if not isinstance(data, Fetchable):
        typer.echo(f"{name}: nothing to fetch ({about['source']})")
        return
    typer.echo(f"licence: {about['licence']}", err=True)
    total = sum(status.file.bytes for status in data.verify())
    with typer.progressbar(length=total, label=name, file=typer.get_text_stream("stderr")) as bar:
        fetched = data.fetch(on_file=lambda file: bar.update(file.bytes))
    typer.echo(f"{name}: {len(fetched)} files fetched ({_size(sum(file.bytes for file in fetched))})")


@app.command()
def verify(name: _Name) -> None:
    """Hash the files of a data set; name each damaged or missing one. Exit code 1 if any is damaged."""
    data = _load(name)
    if not isinstance(data, Fetchable):
        raise DataError(f"{name} has no registry of files to verify: {data.describe()['source']}")
    states = data.verify()
    for status in states:
        if status.state != "ok":
            typer.echo(f"{status.state}  {shown(status.where or status.file.path)}")
    count = {state: sum(status.state == state for status in states) for state in ("ok", "damaged", "missing")}
    typer.echo(f"{name}: " + ", ".join(f"{number} {state}" for state, number in count.items()))
    if count["damaged"]:
        raise typer.Exit(1)


def _load(spec: str) -> DataSet:
    return plugins.load("datasets", spec, DataSet)  # type: ignore[call-overload]


def _row(name: str, data: DataSet) -> tuple[str, ...]:
    about = data.describe()
    samples = f"{about['samples_at_hand']} of {about['samples']}"
    if "files" not in about:
        return name, samples, "shipped", "", about["licence"]
    files = f"{about['files_at_hand']} of {about['files']}"
    size = f"{_size(about['bytes_at_hand'])} of {_size(about['bytes'])}"
    return name, samples, files, size, about["licence"]


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB"
