"""`vbanalysis decode semantic` and `referring`: the same reading, under the name of either task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from vbanalysis.cli import _options as options
from vbanalysis.cli.decode import _report as report
from vbanalysis.cli.decode._report import Out
from vbanalysis.paths import shown

if TYPE_CHECKING:
    import numpy as np


_FAR_OFF = 24.0  # published masks have a median of 1 to 5


def classes(
    image: options.Image,
    out: Out = None,
    prompt: options.Prompt = None,
    class_: options.Class = None,
    background: options.Background = None,
    space: Annotated[
        str, typer.Option(metavar="SPACE", help="Where colours are compared: rgb or lab.")
    ] = "rgb",
    reject: Annotated[
        float | None,
        typer.Option(metavar="D", help="Pixels farther than this from all colours are no class."),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Read classes painted in the colours that a prompt names.

    Arrays are int32: class k of the prompt is k from 0, what it does not name is -1 (in TIFF 65535).
    With --background none every pixel is some class.
    """
    import numpy as np

    from vbanalysis.cli.decode._outputs import Decoded, Mask, check_outputs
    from vbanalysis.cli.decode._previews import REJECTED, label_preview
    from vbanalysis.codecs import separated_palette
    from vbanalysis.images import read_rgb

    check_outputs(out or (), image, masks=True)
    rgb = read_rgb(image)
    codec = options.palette_codec(prompt, class_, background, space=space, reject=reject)
    result, painted = codec.decode(rgb), codec.report(rgb)
    unit = "/255" if space == "rgb" else "dE*ab"
    off = float(np.median(result.residual))
    if off > _FAR_OFF:
        options.note(
            f"half of {shown(image)} lies {off:.0f} {unit} and more off all colours: is this its prompt?"
        )
    counts = np.bincount(result.labels.ravel() + 1, minlength=len(codec.classes) + 1)[1:]
    width = max(len(name) for name in codec.names)
    lines = [
        report.residual_line(result.residual, unit),
        f"valid     {result.valid.mean():.2%}, unnamed {(result.labels < 0).mean():.2%} of the picture",
    ]
    rows = []
    for label, (row, pixels) in enumerate(zip(painted, counts.tolist(), strict=False)):
        share = pixels / result.labels.size
        drift = "not painted" if row.painted is None else f"drift {row.drift:.1f}/255 to {row.painted}"
        lines.append(f"  {label} {row.name:<{width}}  {share:7.2%}  {drift}")
        rows.append(
            {"label": label, "name": row.name, "colour": list(row.colour), "pixels": pixels, "share": share}
            | {"painted": row.painted and list(row.painted), "drift": row.drift if row.painted else None}
        )
    facts = {
        "code": {name: list(colour) for name, colour in codec.classes.items()},
        "background": codec.background_colour and list(codec.background_colour),
        "residual": report.spread(result.residual),
        "residual_unit": unit,
        "valid": float(result.valid.mean()),
        "unnamed": float((result.labels < 0).mean()),
        "classes": rows,
    }
    colours = list(codec.classes.values())
    beside = codec.background_colour or separated_palette(1, avoid=colours)[0]

    def preview() -> np.ndarray:
        picture = label_preview(result.labels, colours, beside, first=0)
        picture[~result.valid] = REJECTED
        return picture

    masks = [Mask(k, name, colour) for k, (name, colour) in enumerate(codec.classes.items())]
    decoded = Decoded(result.labels, preview, masks, prompt)
    report.finish(
        image,
        "1 class" if len(colours) == 1 else f"{len(colours)} classes",
        lines,
        facts,
        out,
        decoded,
        as_json,
    )
