"""`vbanalysis score`: the official figures of result files that people already have, as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(name="score", no_args_is_help=True, help="Score standard result files; prints JSON.")

_Pred = Annotated[Path, typer.Option(metavar="PATH", help="The predictions.")]


@app.command()
def saco(
    gt: Annotated[
        list[Path],
        typer.Option(metavar="PATH", help="Annotations; once for each annotator of the pairs."),
    ],
    pred: _Pred,
) -> None:
    """Instances of noun phrases, by SA-Co's evaluator: cgF1, pmF1, IL_MCC."""
    from vbanalysis.scoring import score_saco

    _print(score_saco(gt, pred))


@app.command()
def coco(
    gt: Annotated[Path, typer.Option(metavar="PATH", help="Instances in COCO's format.")],
    pred: _Pred,
    iou_type: Annotated[str, typer.Option(metavar="NAME", help="segm or bbox.")] = "segm",
) -> None:
    """Boxes or masks, as COCO's average precision and recall."""
    from vbanalysis.scoring import score_coco

    _print(score_coco(gt, pred, iou_type))  # type: ignore[arg-type]


@app.command()
def cityscapes(
    gt: Annotated[Path, typer.Option(metavar="FOLDER", help="With *_gtFine_labelIds.png, at any depth.")],
    pred: Annotated[
        Path, typer.Option(metavar="FOLDER", help="With one PNG of label ids an image, at any depth.")
    ],
) -> None:
    """Label ids, as Cityscapes' script: IoU of classes and categories, pixel accuracy."""
    from vbanalysis.scoring import score_cityscapes

    _print(score_cityscapes(gt, pred))


def _print(figures: dict[str, Any]) -> None:
    typer.echo(json.dumps(figures, indent=2, allow_nan=False))
