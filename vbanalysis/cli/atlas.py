"""`vbanalysis atlas`: the causes of a run's errors, measured, and its worst samples by cause."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vbanalysis.errors import InputError
from vbanalysis.paths import replacing, shown


def atlas(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run of vbanalysis evaluate.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE.tsv", help="Table with a row a sample: error, cause, shares."
        ),
    ] = None,
    worst: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of the samples that are grouped by cause.")
    ] = 0.25,
) -> None:
    """Say which causes explain the errors of a run.

    Each cause is measured by how much of the error a repair of it takes off.
    """
    from vbanalysis.evaluation import open_run
    from vbanalysis.studies import atlas as study

    if out is not None and out.suffix != ".tsv":
        raise InputError(f"--out must be a .tsv file, got {shown(out)}")
    found = open_run(run)
    diagnoses = study.diagnose(found)
    chosen = study.worst(diagnoses, worst)
    if not chosen:
        typer.echo(f"{len(diagnoses)} samples, none with an error")
        return
    typer.echo(f"{found.about['task']}: {len(diagnoses)} samples, {found.n_failed} failed and left out")
    typer.echo("share of the error that each cause explains, 95 % interval (range below 5 samples)")
    for row in study.causes_table(diagnoses).itertuples():
        typer.echo(f"{row.bin:18} {row.value:6.1%}  [{row.low:.1%}, {row.high:.1%}]")
    typer.echo(f"the worst {len(chosen)} by their dominant cause")
    for row in study.clusters_table(chosen).itertuples():
        typer.echo(
            f"{row.cause:18} {row.n:4}  mean error {row.error:.3g}, {row.explained:.0%} of it explained"
        )
    if out is not None:
        table = study.samples_table(diagnoses)
        with replacing(out) as file:
            file.write(table.to_csv(sep="\t", index=False, float_format="%.5g", lineterminator="\n").encode())
        typer.echo(f"wrote {shown(out)}")
