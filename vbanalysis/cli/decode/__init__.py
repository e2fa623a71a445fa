"""`vbanalysis decode`: depth, normals, classes or instances from a picture."""

from __future__ import annotations

import typer

from vbanalysis.cli._options import examples
from vbanalysis.cli.decode.classes import classes
from vbanalysis.cli.decode.depth import depth
from vbanalysis.cli.decode.instances import instances
from vbanalysis.cli.decode.normals import normals

app = typer.Typer(
    name="decode", no_args_is_help=True, help="Read depth, normals, classes or instances from a picture."
)
app.command(epilog=examples("vbanalysis decode depth out.png -o depth.npy -o preview.png"))(depth)
app.command(epilog=examples("vbanalysis decode normals out.png -o normals.npy"))(normals)
app.command(
    "semantic",
    epilog=examples(
        "vbanalysis decode semantic out.png --prompt 'The cat is red. The dog is #00ff00.' -o labels.npy",
        "vbanalysis decode semantic out.png --class cat=red --class 'dog=#00ff00' -o labels.npy",
    ),
)(classes)
app.command("referring", epilog=examples("vbanalysis decode referring out.png --class cat=red -o mask.png"))(
    classes
)
app.command(epilog=examples("vbanalysis decode instances out.png -o labels.npy -o masks.json"))(instances)
