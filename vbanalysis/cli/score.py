"""`vbanalysis score`: the official figures of result files that people already have, as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    name="score", no_args_is_help=True, help="Score result files of benchmarks, and print JSON."
)

_Pred = Annotated[Path, typer.Option(metavar="PATH", help="File of the predictions.")]


@app.command()
def saco(
    gt: Annotated[
        list[Path],
        typer.Option(metavar="PATH", help="File of annotations; once for each annotator."),
    ],
    pred: _Pred,
) -> None:
    """Instances of noun phrases, as SA-Co: cgF1, pmF1, IL_MCC."""
    from vbanalysis.scoring import score_saco

    _print(score_saco(gt, pred))


@app.command()
def coco(
    gt: Annotated[Path, typer.Option(metavar="PATH", help="File of instances in COCO's format.")],
    pred: _Pred,
    iou_type: Annotated[
        str, typer.Option(metavar="NAME", help="What is compared: segm (masks) or bbox.")
    ] = "segm",
) -> None:
    """Boxes or masks, as COCO: average precision and recall."""
    from vbanalysis.scoring import score_coco

    _print(score_coco(gt, pred, iou_type))  # type: ignore[arg-type]


@app.command()
def cityscapes(
    gt: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Folder with *_gtFine_labelIds.png, at any depth.")
    ],
    pred: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Folder with one PNG of label ids an image, at any depth.")
    ],
) -> None:
    """Label ids, as Cityscapes: IoU and pixel accuracy."""
    from vbanalysis.scoring import score_cityscapes

    _print(score_cityscapes(gt, pred))


def _print(figures: dict[str, Any]) -> None:
    typer.echo(json.dumps(figures, indent=2, allow_nan=False))
