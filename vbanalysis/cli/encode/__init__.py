"""`vbanalysis encode`: depth, normals or labels as a picture that `decode` reads back."""

from __future__ import annotations

import typer

from vbanalysis.cli.encode.depth import depth
from vbanalysis.cli.encode.labels import labels
from vbanalysis.cli.encode.normals import normals

app = typer.Typer(
    name="encode", no_args_is_help=True, help="Paint depth, normals or labels as a generator would."
)
app.command()(depth)
app.command()(normals)
app.command()(labels)
