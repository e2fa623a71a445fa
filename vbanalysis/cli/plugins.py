"""`vbanalysis plugins`: what can be named in a spec string, and what stands in the way."""

from __future__ import annotations

from typing import Annotated

import typer

from vbanalysis.plugins import KINDS, available


def plugins(
    check: Annotated[
        bool, typer.Option("--check", help="Import each one too; exit with 1 where one is broken.")
    ] = False,
) -> None:
    """List all models, data sets, tasks, extractors and scores.

    Those of every installed package: what can be named in a spec string.
    """
    found = [info for kind in KINDS for info in available(kind, check=check)]
    fine = "ok" if check else "found"
    rows = [("KIND", "NAME", "DISTRIBUTION", "STATUS")]
    rows += [
        (
            info.kind,
            info.name,
            f"{info.distribution} {info.version}",
            f"broken: {info.error}" if info.error else fine,
        )
        for info in found
    ]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    if check and any(info.error for info in found):
        raise typer.Exit(1)
