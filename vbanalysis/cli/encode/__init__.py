"""`vbanalysis encode`: depth, normals or labels as a picture that `decode` reads back."""

from __future__ import annotations

import typer

from vbanalysis.cli._options import examples
from vbanalysis.cli.encode.depth import depth
from vbanalysis.cli.encode.labels import labels
from vbanalysis.cli.encode.normals import normals

app = typer.Typer(
    name="encode", no_args_is_help=True, help="Paint depth, normals or labels as a generator would."
)
app.command(epilog=examples("vbanalysis encode depth depth.png --scale 0.001 -o painted.png"))(depth)
app.command(epilog=examples("vbanalysis encode normals normals.npy -o painted.png"))(normals)
app.command(epilog=examples("vbanalysis encode labels labels.npy --class cat=red -o painted.png"))(labels)
