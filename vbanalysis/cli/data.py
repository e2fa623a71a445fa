"""`vbanalysis data`: which data sets and weights there are, what of them is on disk, how to get the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeGuard

import typer

from vbanalysis import plugins
from vbanalysis.datasets import DataSet, Fetchable
from vbanalysis.errors import DataError, PluginError, VbanalysisError
from vbanalysis.paths import shown
from vbanalysis.specs import parse_spec

if TYPE_CHECKING:
    from vbanalysis.models.weights import Weights

app = typer.Typer(name="data", no_args_is_help=True, help="List, fetch and verify data sets and weights.")

_HEADER = ("NAME", "SAMPLES", "FILES", "SIZE", "LICENCE")

_Name = Annotated[
    str,
    typer.Argument(metavar="NAME", help="A data set, e.g. gallery or gallery:depth, or a model's weights."),
]
_Names = Annotated[
    list[str], typer.Argument(metavar="NAME", help="Data sets, or models whose weights are fetched.")
]


@app.command("list")
def list_() -> None:
    """List data sets and weights, what is on disk, and licences.

    Those that need a folder of yours say which files they want in it.
    """
    rows: list[tuple[str, ...]] = [_HEADER]
    faults = []
    for info in plugins.available("datasets"):
        try:
            rows.append(_row(info.name, _load(info.name)))
        except VbanalysisError as error:
            faults.append(f"{info.name}: {error}")
    rows += [_row(name, _weights(name)) for name in _weights_names()]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    for fault in faults:
        typer.echo(fault)


@app.command()
def fetch(names: _Names) -> None:
    """Fetch the files that are not on disk yet.

    After a fault, run it again to go on.
    """
    for name in names:
        _fetch(name)


def _fetch(name: str) -> None:
    data = _named(name)
    about = data.describe()
    if not _has_files(data):
        typer.echo(f"{name}: nothing to fetch ({about['source']})")
        return
    typer.echo(f"licence: {about['licence']}", err=True)
    total = sum(status.file.bytes for status in data.verify())
    with typer.progressbar(length=total, label=name, file=typer.get_text_stream("stderr")) as bar:
        fetched = data.fetch(on_file=lambda file: bar.update(file.bytes))
    typer.echo(f"{name}: {len(fetched)} files fetched ({_size(sum(file.bytes for file in fetched))})")


@app.command()
def verify(name: _Name) -> None:
    """Hash all files, and name what is damaged or missing.

    Exit code 1 if any is damaged.
    """
    data = _named(name)
    if not _has_files(data):
        raise DataError(f"{name} has no registry of files to verify: {data.describe()['source']}")
    states = data.verify()
    for status in states:
        if status.state != "ok":
            typer.echo(f"{status.state}  {shown(status.where or status.file.path)}")
    count = {state: sum(status.state == state for status in states) for state in ("ok", "damaged", "missing")}
    typer.echo(f"{name}: " + ", ".join(f"{number} {state}" for state, number in count.items()))
    if count["damaged"]:
        raise typer.Exit(1)


def _named(spec: str) -> DataSet | Weights:
    """A data set by its spec string, else the weights of that name."""
    name = parse_spec(spec).name
    data_sets, weights = [info.name for info in plugins.available("datasets")], _weights_names()
    if name in data_sets or name not in weights:
        try:
            return _load(spec)
        except PluginError as error:
            if name in data_sets:
                raise
            raise PluginError(f"{error}; and weights of: {', '.join(weights)}") from None
    if spec != name:
        raise PluginError(f"the weights of {name!r} take no argument and no options, got {spec!r}")
    return _weights(name)


def _has_files(data: DataSet | Weights) -> TypeGuard[Fetchable | Weights]:
    return hasattr(data, "fetch") and hasattr(data, "verify")


def _weights_names() -> list[str]:
    from vbanalysis.models.weights import known_weights

    return known_weights()


def _weights(name: str) -> Weights:
    from vbanalysis.models.weights import weights

    return weights(name)


def _load(spec: str) -> DataSet:
    return plugins.load("datasets", spec, DataSet)  # type: ignore[call-overload]


def _row(name: str, data: DataSet | Weights) -> tuple[str, ...]:
    about = data.describe()
    samples = f"{about['samples_at_hand']} of {about['samples']}" if "samples" in about else "weights"
    if "files" not in about:
        return name, samples, "shipped", "", about["licence"]
    files = f"{about['files_at_hand']} of {about['files']}"
    size = f"{_size(about['bytes_at_hand'])} of {_size(about['bytes'])}"
    return name, samples, files, size, about["licence"]


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB"
