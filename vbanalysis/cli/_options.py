"""What `decode` and `encode` share: their options, and the codecs that these describe.

Defaults are repeated here, since help must come without importing the codecs; a test holds them equal.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vbanalysis.errors import InputError, InstructionError
from vbanalysis.types import Instruction, Rgb, Task

if TYPE_CHECKING:
    from vbanalysis.codecs import ColormapCodec, PaletteCodec

Image = Annotated[
    Path, typer.Argument(metavar="IMAGE", help="The picture to read, at the size that the generator made it.")
]
Prompt = Annotated[str | None, typer.Option(metavar="TEXT", help="The prompt that the picture answers.")]
ArrayFile = Annotated[
    Path, typer.Argument(metavar="ARRAY", help="An array: .npy, .tif, or .png in grey of 8 or 16 bits.")
]
PngOut = Annotated[Path, typer.Option("-o", "--out", metavar="OUT.png", help="File for the picture.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of lines.")]

Lam = Annotated[float, typer.Option(metavar="X", help="Shape of the depth curve, below -1.")]
Scale = Annotated[float, typer.Option("--c", metavar="M", help="Scale of the depth curve in metres.")]
Colormap = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="A matplotlib map (viridis, gray, ...) in place of a walk."),
]
Vmin = Annotated[
    float | None, typer.Option(metavar="M", help="Metres where the map starts; with --vmax, a linear scale.")
]
Vmax = Annotated[float | None, typer.Option(metavar="M", help="Metres where the map ends.")]

Convention = Annotated[
    str, typer.Option(metavar="NAME", help="How normals are painted: paper, opengl, opencv, dsine or diode.")
]

Class = Annotated[
    list[str] | None,
    typer.Option(
        "--class", metavar="NAME=COLOUR", help="A class and its colour, in place of a prompt; repeatable."
    ),
]
Background = Annotated[
    str | None,
    typer.Option(metavar="COLOUR", help="Colour of what is no class: a name, #rrggbb, (r, g, b) or none."),
]

LAM, C, WALK = -3.0, 10.0 / 3.0, "KRYGCBMW"
RAINBOW = "rainbow"
"""What prompts and `--colormap` call the paper's walk."""

UNNAMED_IN_16_BITS = 65535
"""Stands for -1 in labels of 16 bits, which have no sign."""

COMMANDS: dict[Task, str] = {
    "depth": "depth",
    "normals": "normals",
    "semantic": "semantic",
    "referring": "referring",
    "instance": "instances",
}
"""The name of `vbanalysis decode`'s command for each task."""


def examples(*lines: str) -> str:
    """The end of a command's help: lines that can be pasted, which are not wrapped."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


def read_prompt(prompt: str | None, task: Task) -> Instruction | None:
    """The prompt as an instruction of `task`; on standard error a note where it asks for another one.

    Raises:
        InstructionError: It cannot be read.
    """
    if prompt is None:
        return None
    from vbanalysis.instructions import parse

    try:
        asked = parse(prompt).task
    except InstructionError:
        asked = task
    alike = {"semantic", "referring"}
    instruction = parse(prompt, task)
    if asked != task and asked in COMMANDS and not alike >= {asked, task}:
        note(f"the prompt asks for {asked}: that is read by  vbanalysis decode {COMMANDS[asked]}")
    return instruction


def note(message: str) -> None:
    """One line on standard error."""
    typer.echo(f"note: {message}", err=True)


def colormap_codec(
    name: str, lam: float, c: float, vmin: float | None, vmax: float | None, *, clip: bool = False
) -> ColormapCodec:
    """The codec of a colour map on a linear scale where `vmin` and `vmax` are given, else on the curve."""
    from vbanalysis.codecs import ColormapCodec, PowerCurve

    return ColormapCodec(name, vmin, vmax, PowerCurve(lam, c), clip=clip)


def refuse_range(vmin: float | None, vmax: float | None) -> None:
    """Hold that a walk has no linear scale."""
    if vmin is not None or vmax is not None:
        raise InputError(
            "--vmin and --vmax belong to a colour map: give --colormap NAME too, or leave them out"
        )


def palette_codec(
    prompt: str | None, classes: list[str] | None, background: str | None, **settings: Any
) -> PaletteCodec:
    """The codec of the prompt's classes, or of those given one by one.

    Raises:
        InputError: Neither or both are given, or one cannot be read.
        InstructionError: The prompt or a colour cannot be read.
    """
    from vbanalysis.codecs import PaletteCodec
    from vbanalysis.instructions import parse_colour

    if (prompt is None) == (not classes):
        raise InputError(
            "the classes and their colours must be named: give --prompt TEXT, "
            "or --class NAME=COLOUR once a class" + (", not both" if classes else "")
        )
    instruction = read_prompt(prompt, "semantic")
    beside: Rgb | str | None = "implicit"
    named: dict[str, Rgb] = {}
    if instruction is not None:
        named = dict(zip(instruction.classes, instruction.colours, strict=True))
        beside = instruction.background or beside
    for entry in classes or ():
        name, sign, colour = (part.strip() for part in entry.rpartition("="))
        if not (name and sign and colour):
            raise InputError(f"--class must be NAME=COLOUR such as 'cat=#ff0000', got {entry!r}")
        if name in named:
            raise InputError(f"--class names {name!r} twice: give each class one colour")
        named[name] = parse_colour(colour)
    if background is not None:
        beside = None if background.strip().lower() == "none" else parse_colour(background)
    return PaletteCodec(named, beside, **settings)  # type: ignore[arg-type]
