"""What every `decode` command says at its end: one summary, in lines or as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vbanalysis.paths import shown

if TYPE_CHECKING:
    import numpy as np

    from vbanalysis.cli.decode._outputs import Decoded

Out = Annotated[
    list[Path] | None,
    typer.Option(
        "-o",
        "--out",
        metavar="OUT",
        help="Numbers as .npy or .tif, a preview as .png, of labels masks as .json; repeatable.",
    ),
]


def spread(residual: np.ndarray) -> dict[str, float | None]:
    import numpy as np

    known = residual[np.isfinite(residual)]
    if not known.size:
        return {"mean": None, "p99": None}
    return {"mean": float(known.mean()), "p99": float(np.percentile(known, 99))}


def residual_line(residual: np.ndarray, unit: str = "/255") -> str:
    known = spread(residual)
    if known["mean"] is None:
        return "residual  none: nothing was read"
    return f"residual  mean {known['mean']:.1f}, 99 % up to {known['p99']:.1f} {unit} off the code"


def finish(
    image: Path,
    code: str,
    lines: Sequence[str],
    facts: dict[str, Any],
    out: Sequence[Path] | None,
    decoded: Decoded,
    as_json: bool,
) -> None:
    """Write the files, then say what was read."""
    from vbanalysis.cli.decode._outputs import write

    written = write(out or (), decoded, image)
    height, width = decoded.values.shape[:2]
    if as_json:
        about = {"image": str(image), "height": height, "width": width}
        typer.echo(json.dumps({**about, **facts, "outputs": [str(path) for path in out or ()]}))
        return
    typer.echo(f"{shown(image)}: {width} x {height}, {code}")
    for line in (*lines, *written):
        typer.echo(line)
