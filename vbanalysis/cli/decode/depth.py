"""`vbanalysis decode depth`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vbanalysis.cli import _options as options
from vbanalysis.cli.decode import _report as report
from vbanalysis.cli.decode._report import Out
from vbanalysis.errors import InputError
from vbanalysis.paths import shown
from vbanalysis.types import DepthResult

if TYPE_CHECKING:
    import numpy as np

    from vbanalysis.codecs import ColormapCodec, DepthCodec


def depth(
    image: options.Image,
    out: Out = None,
    prompt: options.Prompt = None,
    walk: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Order of the eight corner colours, such as KRYGCBMW; auto finds it in the picture.",
        ),
    ] = "auto",
    lam: options.Lam = options.LAM,
    c: options.Scale = options.C,
    colormap: options.Colormap = None,
    vmin: options.Vmin = None,
    vmax: options.Vmax = None,
    max_residual: Annotated[
        float | None,
        typer.Option(metavar="D", help="Pixels farther than this off the code, in /255, are unknown."),
    ] = None,
    min_margin: Annotated[
        float | None,
        typer.Option(
            metavar="D", help="Pixels with less lead over the next best reading, in /255, are unknown."
        ),
    ] = None,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Find and remove a drift of all colours first.")
    ] = False,
    repair_edges: Annotated[
        bool,
        typer.Option("--repair-edges", help="Give pixels that mix the colours of two depths to one of them."),
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Read depth in metres.

    Arrays are float32, inf where depth is unbounded and NaN where it is unknown.
    """
    import numpy as np

    from vbanalysis.cli.decode._outputs import Decoded, check_outputs
    from vbanalysis.cli.decode._previews import depth_preview
    from vbanalysis.codecs import DepthCodec
    from vbanalysis.codecs import calibrate as remove_drift
    from vbanalysis.codecs import repair_edges as repair
    from vbanalysis.images import read_rgb

    check_outputs(out or (), image, masks=False)
    rgb: Any = read_rgb(image)
    instruction = options.read_prompt(prompt, "depth")
    named = colormap or (instruction.colormap if instruction is not None and walk == "auto" else None)
    codec: DepthCodec | ColormapCodec
    if named in (None, options.RAINBOW):
        options.refuse_range(vmin, vmax)
        if colormap == options.RAINBOW and walk == "auto":
            walk = options.WALK
        codec = DepthCodec(lam, c, _walk_of(rgb, image) if walk == "auto" else walk)
        code = f"depth along {codec.walk}"
    elif walk != "auto" or calibrate:
        raise InputError(f"--colormap {named} has no walk: leave out --walk and --calibrate")
    else:
        codec = options.colormap_codec(str(named), lam, c, vmin, vmax)
        code = f"depth in {codec.name}"
    lines, facts = [], {"code": getattr(codec, "walk", named)}
    if calibrate and isinstance(codec, DepthCodec):
        calibration = remove_drift(rgb, codec)
        rgb = calibration.rgb
        lines.append(f"drift     {calibration.reason}")
        facts["calibration"] = calibration.reason
    result = _keep_clear(codec.decode(rgb), max_residual, min_margin)
    if repair_edges:
        repaired = repair(result)
        result = repaired.result
        mixed = float(repaired.mixed.mean())
        lines.append(f"repaired  {mixed:.2%} of the pixels mixed two depths")
        facts["repaired"] = mixed
    metres = result.depth_m.astype(np.float32)
    finite, infinite = metres[np.isfinite(metres)], float(np.isinf(metres).mean())
    lines.append(f"valid     {result.valid.mean():.2%}, infinite {infinite:.2%}")
    facts |= {
        "residual": report.spread(result.residual),
        "valid": float(result.valid.mean()),
        "infinite": infinite,
    }
    facts["depth_m"] = None
    if finite.size:
        low, middle, high = (float(v) for v in np.percentile(finite, (1, 50, 99)))
        lines.append(f"range     {low:.2f} to {high:.2f} m (1 % to 99 %), median {middle:.2f} m")
        facts["depth_m"] = {"p1": low, "median": middle, "p99": high}
    lines.insert(0, report.residual_line(result.residual))
    report.finish(image, code, lines, facts, out, Decoded(metres, lambda: depth_preview(metres)), as_json)


def _walk_of(rgb: np.ndarray, image: Path) -> str:
    """The walk that a picture follows, with a line on standard error where that is not certain."""
    from vbanalysis.codecs import identify_walk
    from vbanalysis.codecs.inspection import walk_to_decode

    if (rgb == 128).all():
        raise InputError(
            f"{shown(image)} is mid-grey all over, which is unknown depth: there is none to read"
        )
    found = identify_walk(rgb)
    walk = walk_to_decode(found)
    if walk is None:
        raise InputError(
            f"{shown(image)}: {found.message}; --walk {options.WALK} reads it all the same, "
            "vbanalysis inspect tells what it may be"
        )
    if found.verdict == "bgr":
        options.note(f"{shown(image)} is the paper's walk in BGR order, and is read as such")
    elif found.verdict == "ambiguous":
        options.note(f"{shown(image)}: {found.message}; it is read along {walk}")
    return walk


def _keep_clear(result: DepthResult, max_residual: float | None, min_margin: float | None) -> DepthResult:
    """A walk and a colour map alike: what lies too far off the code, or too near another part, is unknown."""
    import numpy as np

    known = result.valid
    for name, limit in (("--max-residual", max_residual), ("--min-margin", min_margin)):
        if limit is not None and not 0 <= limit < np.inf:
            raise InputError(f"{name} must be a distance in /255, at least 0; got {limit}")
    if max_residual is not None:
        known = known & ~(result.residual > max_residual)
    if min_margin is not None:
        known = known & ~(result.margin < min_margin)
    return dataclasses.replace(result, depth_m=np.where(known, result.depth_m, np.nan), valid=known)
