"""`vbanalysis generate`: one picture from a generator, an instruction and perhaps an image."""

from __future__ import annotations

import math
import shlex
import time
from pathlib import Path
from typing import Annotated

import typer

from vbanalysis.cli._options import COMMANDS, PngOut
from vbanalysis.errors import InputError, InstructionError
from vbanalysis.paths import shown

_STRETCHED = 0.08
"""A picture's sides are rounded; a ratio that is off by more (a logarithm) is another shape."""

_SMALL = 128
"""On pictures of such sides, thin parts of things are no wider than what an erosion takes away."""


def generate(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="Spec string of a generator, such as mini or mini:base?steps=16."
        ),
    ],
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[IMAGE] INSTRUCTION",
            help="A picture and what to do with it, in quotes; without a picture, what to draw.",
        ),
    ],
    out: PngOut,
    seed: Annotated[
        int, typer.Option(min=0, help="Seed of the noise; the same one gives the same picture.")
    ] = 0,
) -> None:
    """Let a generator paint the answer to an instruction.

    Where the answer can be decoded, the command that does it is printed.
    """
    image, instruction = _image_and_instruction(words)
    if out.suffix.lower() != ".png":
        raise InputError(f"-o {shown(out)}: pictures are written as .png, which keeps every colour")
    if image is not None and out.exists() and image.exists() and out.samefile(image):
        raise InputError(f"-o {shown(out)} is the image itself: give another name")

    from vbanalysis import plugins
    from vbanalysis.images import read_photo, write_png
    from vbanalysis.models import Generator

    photo = None if image is None else read_photo(image)
    generator = plugins.load("models", model, Generator)  # type: ignore[call-overload]
    began = time.perf_counter()
    picture = generator.sample(photo, instruction, seed=seed)
    seconds = time.perf_counter() - began
    write_png(out, picture)
    height, width = picture.shape[:2]
    typer.echo(f"wrote {shown(out)}: {width} x {height}, painted by {generator.name} in {seconds:.2f} s")
    if photo is not None:
        whole_height, whole_width = photo.shape[:2]
        if abs(math.log(width / height * whole_height / whole_width)) > _STRETCHED:
            typer.echo(
                f"note    squeezed from {whole_width} x {whole_height}: crop the image to keep its shape"
            )
        if command := _decoding(instruction, out, small=min(width, height) <= _SMALL):
            typer.echo(f"decode  {command}")


def _image_and_instruction(words: list[str]) -> tuple[Path | None, str]:
    if len(words) > 2:
        raise InputError(
            f"expected an image and an instruction, got {len(words)} words: put the instruction in quotes"
        )
    *before, instruction = words
    if not instruction.strip():
        raise InputError("the instruction is empty: say what the picture should show")
    if _is_file(instruction):
        raise InputError(
            f"{shown(instruction)} is a file, expected an instruction last: "
            'vbanalysis generate MODEL IMAGE "INSTRUCTION" -o OUT.png'
        )
    return (Path(before[0]), instruction) if before else (None, instruction)


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except OSError:  # too long for a name
        return False


def _decoding(instruction: str, out: Path, small: bool) -> str | None:
    """The command that reads the answer, if it is one to be read."""
    from vbanalysis.instructions import parse

    try:
        asked = parse(instruction)
    except InstructionError:
        return None
    if asked.task not in COMMANDS:
        return None
    told = asked.colours or asked.convention or asked.colormap not in (None, "rainbow")
    options = ["--prompt", instruction] if told else []
    if asked.task == "instance" and small:
        options += ["--erosion", "0"]
    return shlex.join(["vbanalysis", "decode", COMMANDS[asked.task], str(out), *options])
