"""`vbanalysis decode`: depth, normals, classes or instances from a picture."""

from __future__ import annotations

import typer

from vbanalysis.cli.decode.classes import classes
from vbanalysis.cli.decode.depth import depth
from vbanalysis.cli.decode.instances import instances
from vbanalysis.cli.decode.normals import normals

app = typer.Typer(
    name="decode", no_args_is_help=True, help="Read depth, normals, classes or instances from a picture."
)
app.command()(depth)
app.command()(normals)
app.command("semantic")(classes)
app.command("referring")(classes)
app.command()(instances)
