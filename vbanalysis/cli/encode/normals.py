"""`vbanalysis encode normals`."""

from __future__ import annotations

from typing import Annotated

import typer

from vbanalysis.cli import _options as options
from vbanalysis.cli._options import ArrayFile, PngOut
from vbanalysis.errors import InputError
from vbanalysis.paths import shown


def normals(
    array: ArrayFile,
    out: PngOut,
    convention: options.Convention = "paper",
    frame: Annotated[
        str | None,
        typer.Option("--from", metavar="FRAME", help="Frame of the vectors; the convention's by default."),
    ] = None,
) -> None:
    """Paint surface normals.

    The array holds floats (H, W, 3), unit vectors; NaN and zero vectors are unknown.
    """
    import numpy as np

    from vbanalysis.cli.encode._arrays import check_output, read_numbers
    from vbanalysis.codecs import NormalCodec, convert_normals
    from vbanalysis.codecs.normals import check_frame
    from vbanalysis.images import write_png

    check_output(out)
    codec = NormalCodec(check_frame(convention))
    source = check_frame(frame or convention)
    vectors = read_numbers(array)
    if vectors.ndim != 3:
        raise InputError(f"{shown(array)} has the shape {vectors.shape}, normals are (H, W, 3)")
    write_png(out, codec.encode(convert_normals(vectors, source, codec.convention)))
    unknown = (np.isnan(vectors).any(axis=-1) | (vectors == 0).all(axis=-1)).mean()
    typer.echo(f"{shown(out)}: {vectors.shape[1]} x {vectors.shape[0]}, normals painted as {convention}")
    typer.echo(f"unknown   {unknown:.2%}")
