"""`vbanalysis decode instances`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from vbanalysis.cli import _options as options
from vbanalysis.cli.decode import _report as report
from vbanalysis.cli.decode._report import Out
from vbanalysis.paths import shown
from vbanalysis.types import InstanceResult

if TYPE_CHECKING:
    import numpy as np


def instances(
    image: options.Image,
    out: Out = None,
    prompt: options.Prompt = None,
    background: Annotated[
        str | None,
        typer.Option(
            metavar="COLOUR",
            help="Default: the prompt's, else black. auto takes what prevails at the border.",
        ),
    ] = None,
    tau: Annotated[
        float, typer.Option(metavar="D", help="How far colours of one instance may differ, in /255.")
    ] = 14,
    min_area: Annotated[
        float, typer.Option(metavar="SHARE", help="Smallest instance, as a share of the picture.")
    ] = 2e-4,
    erosion: Annotated[
        float,
        typer.Option(
            metavar="SHARE", help="Share of an instance that a 3x3 erosion must leave, or it is no instance."
        ),
    ] = 0.1,
    gamma: Annotated[
        float, typer.Option(metavar="X", help="How far parts of an instance may lie apart; 0 merges none.")
    ] = 5,
    connectivity: Annotated[
        str, typer.Option(metavar="NAME", help="Which pixels are neighbours: 4, 8, 16-knight or 16-ring.")
    ] = "16-knight",
    merge_area: Annotated[
        str, typer.Option(metavar="NAME", help="Areas that --gamma compares: box or pixel.")
    ] = "box",
    as_json: options.AsJson = False,
) -> None:
    """Read instances painted in colours of their own.

    Arrays are int32: instance k is k from 1, 0 is background, -1 is neither (in TIFF 65535).
    """
    import numpy as np

    from vbanalysis.cli.decode._outputs import Decoded, Mask, check_outputs
    from vbanalysis.cli.decode._previews import REJECTED, label_preview
    from vbanalysis.codecs import InstanceCodec, separated_palette
    from vbanalysis.codecs.instances import estimate_background
    from vbanalysis.images import read_rgb
    from vbanalysis.instructions import parse_colour

    check_outputs(out or (), image, masks=True)
    rgb = read_rgb(image)
    instruction = options.read_prompt(prompt, "instance")
    beside = (instruction.background if instruction is not None else None) or (0, 0, 0)
    if background is not None:
        automatic = background.strip().lower() == "auto"
        beside = estimate_background(rgb) if automatic else parse_colour(background)
    settings: dict[str, Any] = {"connectivity": connectivity, "merge_area": merge_area}
    codec = InstanceCodec(beside, tau, min_area, erosion, gamma, **settings)
    result = codec.decode(rgb)
    assert isinstance(result, InstanceResult)
    empty, rejected = float((result.labels == 0).mean()), float((result.labels < 0).mean())
    if empty < 0.01:
        options.note(
            f"{empty:.1%} of {shown(image)} has the background colour {beside}, "
            f"its border is mostly {estimate_background(rgb)}: see --background"
        )
    targets = np.vstack([[beside], result.colours.reshape(-1, 3), [[np.nan] * 3]])
    residual = np.linalg.norm(rgb - targets[result.labels], axis=-1)
    lines = [
        report.residual_line(residual[result.labels >= 0]),
        f"valid     {1 - rejected:.2%}, background {empty:.2%} of the picture",
    ]
    if len(result):
        areas = np.sort(result.areas)
        lines.append(f"areas     {areas[0]} to {areas[-1]} pixels, median {int(np.median(areas))}")
    rows = [
        {"label": k, "colour": colour, "area": area, "box": box}
        for k, (colour, area, box) in enumerate(
            zip(result.colours.tolist(), result.areas.tolist(), result.boxes.tolist(), strict=True), start=1
        )
    ]
    facts = {
        "code": "instances",
        "background": list(beside),
        "count": len(result),
        "residual": report.spread(residual[result.labels >= 0]),
        "valid": 1 - rejected,
        "background_share": empty,
        "instances": rows,
    }
    name = instruction.classes[0] if instruction is not None else "instance"

    def preview() -> np.ndarray:
        # Colours far apart, so that neighbours can be told from each other whatever was painted.
        some = separated_palette(min(max(len(result), 1), 500), avoid=[beside, REJECTED])
        colours = [some[k % len(some)] for k in range(len(result))]
        painted = label_preview(result.labels, colours, beside, first=1)
        painted[result.labels < 0] = REJECTED
        return painted

    masks = [Mask(row["label"], name, row["colour"]) for row in rows]
    decoded = Decoded(result.labels, preview, masks, prompt)
    count = "1 instance" if len(result) == 1 else f"{len(result)} instances"
    report.finish(image, count, lines, facts, out, decoded, as_json)
