"""`vbanalysis encode depth`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from vbanalysis.cli import _options as options
from vbanalysis.cli._options import ArrayFile, PngOut
from vbanalysis.errors import InputError
from vbanalysis.paths import shown

if TYPE_CHECKING:
    import numpy as np


def depth(
    array: ArrayFile,
    out: PngOut,
    scale: Annotated[
        float | None,
        typer.Option(metavar="M", help="Metres of one unit of an integer file, in which 0 is unknown."),
    ] = None,
    prompt: options.Prompt = None,
    walk: Annotated[
        str | None,
        typer.Option(metavar="NAME", help=f"Order of the eight corner colours; {options.WALK} by default."),
    ] = None,
    lam: options.Lam = options.LAM,
    c: options.Scale = options.C,
    colormap: options.Colormap = None,
    vmin: options.Vmin = None,
    vmax: options.Vmax = None,
) -> None:
    """Paint depth in metres.

    Of a file of floats, inf is unbounded and NaN unknown. A file of integers (TUM, NYU, KITTI, ...)
    needs --scale: 0.001 for millimetres, 0.0002 for TUM, 0.00390625 for KITTI.
    """
    import numpy as np

    from vbanalysis.cli.encode._arrays import check_output, read_numbers
    from vbanalysis.codecs import DepthCodec
    from vbanalysis.images import write_png

    check_output(out)
    instruction = options.read_prompt(prompt, "depth")
    metres = _metres(read_numbers(array), scale, shown(array))
    named = colormap or (instruction.colormap if instruction is not None and walk is None else None)
    codec: Any
    if named in (None, options.RAINBOW):
        options.refuse_range(vmin, vmax)
        codec = DepthCodec(lam, c, walk or options.WALK)
        code = f"depth along {codec.walk}"
    elif walk is not None:
        raise InputError(f"--colormap {named} has no walk: leave out --walk")
    else:
        codec = options.colormap_codec(str(named), lam, c, vmin, vmax)
        code = f"depth in {codec.name}"
    write_png(out, codec.encode(metres))
    height, width = metres.shape
    typer.echo(f"{shown(out)}: {width} x {height}, {code}")
    finite = metres[np.isfinite(metres)]
    if finite.size:
        low, middle, high = np.percentile(finite, (1, 50, 99))
        typer.echo(f"range     {low:.2f} to {high:.2f} m (1 % to 99 %), median {middle:.2f} m")
        if isinstance(codec, DepthCodec):
            worst = float(codec.quantization_error(np.array([low, middle, high])).max())
            typer.echo(f"rounding  to 8 bits costs at most {worst:.2%} in that range")
    typer.echo(f"unknown   {np.isnan(metres).mean():.2%}, infinite {np.isinf(metres).mean():.2%}")


def _metres(values: np.ndarray, scale: float | None, name: str) -> np.ndarray:
    import numpy as np

    if values.ndim != 2:
        raise InputError(f"{name} has the shape {values.shape}, depth is (H, W)")
    if values.dtype.kind == "f":
        if scale is not None:
            raise InputError(f"{name} holds {values.dtype}, which are metres already: leave out --scale")
        return values
    if scale is None:
        raise InputError(
            f"{name} holds {values.dtype}, whose unit is unknown: give --scale METRES, e.g. 0.001 for mm"
        )
    if not 0 < scale < np.inf:
        raise InputError(f"--scale must be metres a unit, above 0; got {scale}")
    return np.where(values == 0, np.nan, values * scale)
