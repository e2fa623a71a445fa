"""`vbanalysis encode labels`."""

from __future__ import annotations

import typer

from vbanalysis.cli import _options as options
from vbanalysis.cli._options import ArrayFile, PngOut
from vbanalysis.errors import InputError
from vbanalysis.paths import shown


def labels(
    array: ArrayFile,
    out: PngOut,
    prompt: options.Prompt = None,
    class_: options.Class = None,
    background: options.Background = None,
) -> None:
    """Paint classes or instances.

    With a prompt that gives classes their colours, or with --class, the array holds classes: k from 0,
    -1 unnamed. Without, it holds instances: k from 1, 0 background; each gets a colour of its own.
    In 16 bits 65535 stands for -1.
    """
    import numpy as np

    from vbanalysis.cli.encode._arrays import check_output, read_numbers
    from vbanalysis.codecs import InstanceCodec
    from vbanalysis.images import write_png
    from vbanalysis.instructions import parse, parse_colour

    check_output(out)
    by_instance = class_ is None and (prompt is None or parse(prompt).task == "instance")
    values = read_numbers(array)
    if values.ndim != 2 or values.dtype.kind not in "iu":
        raise InputError(f"{shown(array)} holds {values.dtype} {values.shape}, labels are integers (H, W)")
    values = values.astype(np.int64)
    if array.suffix.lower() != ".npy":
        values[values == options.UNNAMED_IN_16_BITS] = -1
    height, width = values.shape
    if not by_instance:
        classes = options.palette_codec(prompt, class_, background)
        rgb = classes.encode(values)
        kind, count = "classes", len(classes.names)
    else:
        instruction = options.read_prompt(prompt, "instance")
        beside = instruction.background if instruction is not None else None
        if background is not None:
            beside = parse_colour(background)
        rgb = InstanceCodec(beside or (0, 0, 0)).encode(values)
        kind, count = "instances", len(np.unique(values[values > 0]))
    write_png(out, rgb)
    typer.echo(f"{shown(out)}: {width} x {height}, {count} {kind}")
    typer.echo(f"unnamed   {(values < (1 if by_instance else 0)).mean():.2%}")
