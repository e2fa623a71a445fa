"""`vbanalysis inspect`: what code a picture is in, how well it is kept, and how to read it."""

from __future__ import annotations

import dataclasses
import json
import math
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from vbanalysis.cli import _options as options
from vbanalysis.errors import InputError
from vbanalysis.paths import shown

if TYPE_CHECKING:
    from vbanalysis.codecs.inspection import Inspection
    from vbanalysis.types import Instruction


def inspect(image: options.Image, prompt: options.Prompt = None, as_json: options.AsJson = False) -> None:
    """Tell which code a picture is in, and how to read it.

    Says how well the code is kept too. With a prompt, the picture is held to what that asks for.
    """
    from vbanalysis.codecs.inspection import inspect_picture
    from vbanalysis.images import read_rgb
    from vbanalysis.instructions import parse

    instruction = None if prompt is None else parse(prompt)
    rgb = read_rgb(image)
    try:
        found = inspect_picture(rgb, instruction)
    except InputError as error:
        raise InputError(f"{shown(image)}: {error}") from error
    commands = _commands(found, image, instruction)
    height, width = rgb.shape[:2]
    if as_json:
        about = {"image": str(image), "height": height, "width": width}
        typer.echo(json.dumps({**about, **_facts(found), "decode": commands}, allow_nan=False))
        return
    typer.echo(f"{shown(image)}: {width} x {height}")
    typer.echo(f"kind      {found.message}")
    for line in (*_evidence_lines(found), *_quality_lines(found)):
        typer.echo(line)
    for command in commands:
        typer.echo(f"decode    {command}")


def _evidence_lines(found: Inspection) -> list[str]:
    evidence, lines = found.evidence, []
    if found.kind == "depth":
        walks = ", ".join(f"{walk.name} {walk.score:.1f}" for walk in evidence.walk.ranking)
        lines.append(f"walks     {walks} /255 off on average")
    elif found.kind in ("colormap", "grey"):
        maps = ", ".join(f"{score.name} {score.score:.1f}" for score in evidence.maps)
        lines.append(f"maps      {maps} /255 off on average")
    elif found.kind == "mask":
        first = [f"{colour.rgb} {colour.share:.2%}" for colour in evidence.flat.colours[:8]]
        more = len(evidence.flat.colours) - len(first)
        lines.append(f"colours   {', '.join(first)}{f' and {more} more' if more else ''}")
    return lines


def _quality_lines(found: Inspection) -> list[str]:
    quality = found.quality
    if quality is None:
        return []
    median, most, nearly_all = quality.residual
    lines = [
        f"residual  {median:.1f} (median), {most:.1f} (90 %), {nearly_all:.1f} (99 %) /255; "
        f"farther than 24 off: {quality.off_code:.2%}",
        f"unknown   {quality.unknown:.2%}"
        + ("" if quality.infinite is None else f", infinite {quality.infinite:.2%}")
        + ("" if quality.mixed is None else f", mixed at edges {quality.mixed:.2%}"),
    ]
    if quality.depth_m is not None and found.kind in ("depth", "colormap"):
        low, middle, high = quality.depth_m
        lines.append(f"range     {low:.2f} to {high:.2f} m (1 % to 99 %), median {middle:.2f} m")
    if quality.drift_note:
        drift = "" if quality.drift is None else f"{quality.drift:.1f}/255: "
        lines.append(f"drift     {drift}{quality.drift_note}")
    if quality.instances is not None and quality.holds_for is not None:
        low, high = quality.holds_for
        lines.append(f"instances {quality.instances}, the same for a tolerance of {low:g} to {high:g} /255")
    for row in quality.classes:
        painted = "not painted" if row.painted is None else f"drift {row.drift:.1f}/255 to {row.painted}"
        lines.append(f"  {row.name}  {row.share:.2%}  {painted}")
    return lines


def _commands(found: Inspection, image: Path, instruction: Instruction | None) -> list[str]:
    """What reads the picture, ready for the shell."""
    from vbanalysis.codecs import (
        ColormapCodec,
        DepthCodec,
        InstanceCodec,
        NormalCodec,
        PaletteCodec,
    )

    if found.fits is False:
        return []
    extra: list[str] = []
    match found.codec:
        case DepthCodec() as codec:
            command = "depth"
            extra = [] if found.evidence.walk.verdict == "walk" else ["--walk", codec.walk]
            extra += ["--calibrate"] if found.quality is not None and found.quality.drift is not None else []
        case ColormapCodec() as codec:
            command, extra = "depth", ["--colormap", codec.name]
        case NormalCodec() as codec:
            command, extra = "normals", ["--convention", codec.convention]
        case PaletteCodec():
            command = "referring" if instruction and instruction.task == "referring" else "semantic"
        case InstanceCodec() as codec:
            command, extra = "instances", ["--background", "auto"] if codec.background is None else []
        case _:
            return []
    out = ["-o", Path(image.name).with_suffix(".npy").name]
    if found.kind == "mask" and instruction is not None and found.fits:
        extra = ["--prompt", instruction.text]
    first = shlex.join(["vbanalysis", "decode", command, str(image), *extra, *out])
    if found.kind != "mask" or found.fits:
        return [first]
    # Which colour is which class, only the prompt tells.
    return [
        first,
        f"{shlex.join(['vbanalysis', 'decode', 'semantic', str(image)])} --prompt TEXT {shlex.join(out)}",
    ]


def _facts(found: Inspection) -> dict[str, Any]:
    """The findings as JSON knows them: no NaN, no tuples with names."""
    evidence, quality = found.evidence, found.quality
    return {
        "kind": found.kind,
        "message": found.message,
        "fits": found.fits,
        "codec": found.codec and {"name": type(found.codec).__name__, **_plain(found.codec)},
        "quality": _plain(quality),
        "evidence": {key: _plain(value) for key, value in evidence._asdict().items()},
    }


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {key: _plain(entry) for key, entry in value._asdict().items()}
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
