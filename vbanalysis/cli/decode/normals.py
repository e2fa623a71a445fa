"""`vbanalysis decode normals`."""

from __future__ import annotations

from typing import Annotated

import typer

from vbanalysis.cli import _options as options
from vbanalysis.cli.decode import _report as report
from vbanalysis.cli.decode._report import Out
from vbanalysis.paths import shown


def normals(
    image: options.Image,
    out: Out = None,
    prompt: options.Prompt = None,
    convention: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="paper, opengl, opencv, dsine or diode; by default the prompt's, else paper."
        ),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="FRAME", help="Frame of the vectors that are written; by default the convention's."
        ),
    ] = None,
    tolerance: Annotated[
        float,
        typer.Option(
            metavar="D", help="Colours whose vector's length is farther than this from 1 are no normal."
        ),
    ] = 0.3,
    as_json: options.AsJson = False,
) -> None:
    """Read surface normals.

    Arrays are float32 (H, W, 3), unit vectors, NaN where the colour is no normal.
    """
    import numpy as np

    from vbanalysis.cli.decode._outputs import Decoded, check_outputs
    from vbanalysis.codecs import NormalCodec, convert_normals, identify_normal_convention
    from vbanalysis.codecs.normals import check_frame
    from vbanalysis.images import read_rgb

    check_outputs(out or (), image, masks=False)
    instruction = options.read_prompt(prompt, "normals")
    convention = convention or (instruction and instruction.convention) or NormalCodec().convention
    codec = NormalCodec(check_frame(convention), tolerance)
    target = NormalCodec(check_frame(to or convention))
    rgb = read_rgb(image)
    found = None
    if min(rgb.shape[:2]) >= 16:
        found = identify_normal_convention(rgb)
        if convention not in found.candidates:
            options.note(f"{shown(image)}: {found.message}; it is read as {convention}")
    result = codec.decode(rgb)
    vectors = convert_normals(result.normals, codec.convention, target.convention).astype(np.float32)
    residual = np.abs(result.length - 1) * 127.5
    median, high = (float(v) for v in np.percentile(result.length, (50, 99)))
    lines = [
        report.residual_line(residual),
        f"valid     {result.valid.mean():.2%}",
        f"length    median {median:.3f}, 99 % up to {high:.3f}; within 0.05 of 1: "
        f"{(np.abs(result.length - 1) <= 0.05).mean():.1%}",
    ]
    facts = {
        "code": convention,
        "frame": target.convention,
        "identified": list(found.candidates) if found else [],
        "residual": report.spread(residual),
        "valid": float(result.valid.mean()),
        "length": {"median": median, "p99": high},
    }
    code = f"normals painted as {convention}, vectors in the frame {target.convention}"
    decoded = Decoded(vectors, lambda: target.encode(vectors))
    report.finish(image, code, lines, facts, out, decoded, as_json)
