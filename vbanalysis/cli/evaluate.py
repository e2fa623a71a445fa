"""`vbanalysis evaluate`, `rescore` and `compare`: runs on data sets, and what they have found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vbanalysis.paths import shown

if TYPE_CHECKING:
    from vbanalysis.evaluation import CallPlan, Results

Out = Annotated[
    Path, typer.Option("--out", "-o", help="Folder of the run; where this run is there already, it goes on.")
]
Workers = Annotated[int, typer.Option(min=1, help="Processes on this machine; more than one need Dask.")]
Scheduler = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="Address of a Dask scheduler, such as tcp://host:8786.")
]


def evaluate(
    task: Annotated[
        str,
        typer.Argument(
            metavar="TASK", help="Spec string of a task, such as depth or depth?alignment=median."
        ),
    ],
    model: Annotated[
        str, typer.Option(help="Spec string of a model, such as mini; oracle paints the truth.")
    ],
    dataset: Annotated[str, typer.Option(help="Spec string of a data set, such as scenes:heldout?n=100.")],
    out: Out,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, metavar="N", help="Only the first N samples.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the model's noise.")] = 0,
    presence: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Says first whether the phrase names anything at all.")
    ] = None,
    reasoner: Annotated[
        str | None, typer.Option(metavar="MODEL", help="First turns a question into a description.")
    ] = None,
    workers: Workers = 1,
    scheduler: Scheduler = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Do the samples that failed once more.")
    ] = False,
    timeout: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="Longest time for a sample; gives the model its own process."),
    ] = None,
    memory: Annotated[
        float | None, typer.Option(metavar="GB", help="Most memory for the model; gives it its own process.")
    ] = None,
    max_calls: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Most calls of paid models, over all parts of the run."),
    ] = None,
    max_cost: Annotated[
        float | None,
        typer.Option(min=0, metavar="DOLLARS", help="Most that these calls may cost; the run stops before."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say how many calls would be paid for, and make none.")
    ] = False,
) -> None:
    """Let a model answer a task on a data set, and score it.

    Killed at any moment, the same command goes on where it was.
    """
    from vbanalysis.evaluation import evaluate as run

    if dry_run:
        from vbanalysis.evaluation import plan_calls

        steps = {"presence": presence, "reasoner": reasoner}
        _print_plan(
            plan_calls(task, model, dataset, out, limit=limit, seed=seed, retry_failed=retry_failed, **steps)
        )
        return
    with _progress() as on_record:
        found = run(
            task,
            model,
            dataset,
            out,
            limit=limit,
            seed=seed,
            presence=presence,
            reasoner=reasoner,
            workers=workers,
            scheduler=scheduler,
            retry_failed=retry_failed,
            timeout_s=timeout,
            memory_gb=memory,
            max_calls=max_calls,
            max_cost=max_cost,
            on_record=on_record,
        )
    _print(found)


def rescore(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of the run whose pictures are kept.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the new run.")],
    task: Annotated[
        str | None, typer.Option(help="The same task with other settings, such as depth?alignment=median.")
    ] = None,
    workers: Workers = 1,
    scheduler: Scheduler = None,
) -> None:
    """Score the kept pictures of a run again, without the model."""
    from vbanalysis.evaluation import rescore as again

    with _progress() as on_record:
        found = again(run, out, task=task, workers=workers, scheduler=scheduler, on_record=on_record)
    _print(found)


def compare(
    first: Annotated[Path, typer.Argument(metavar="FIRST", help="Folder of a run.")],
    second: Annotated[
        Path, typer.Argument(metavar="SECOND", help="Folder of a run of the same task on the same samples.")
    ],
) -> None:
    """Compare two runs on the same samples, with intervals.

    Differences are second minus first, paired by sample.
    """
    from vbanalysis.evaluation import compare as paired

    found = paired(first, second)
    width = max(len(each.metric) for each in found)
    typer.echo(
        f"{'metric':{width}}  {'first':>9}  {'second':>9}  difference (95 %, paired), p, and p corrected by "
        f"Holm's rule for {len(found)} metrics"
    )
    for each in found:
        larger = "" if each.pooled else f", second larger on {100 * each.better:.0f} %"
        typer.echo(
            f"{each.metric:{width}}  {each.first:9.4g}  {each.second:9.4g}  {each.difference:.4g}  "
            f"p={each.p:.2g}, Holm {each.p_holm:.2g}{larger}"
        )


def _print_plan(plan: CallPlan) -> None:
    typer.echo(f"samples   {plan.samples} of {plan.of} without a record")
    steps = [
        f"{count} of the {what}"
        for what, count in (
            ("model", plan.model),
            ("presence step", plan.presence),
            ("reasoner", plan.reasoner),
        )
        if count
    ]
    if steps:
        cost = f"about ${plan.cost:.2f}" + (f" and {plan.unpriced} of unknown price" if plan.unpriced else "")
        typer.echo(f"calls     at most {' and '.join(steps)}: {cost}")
    else:
        typer.echo("calls     none that would be paid for")
    if plan.spent.calls:
        typer.echo(f"so far    {plan.spent}")


_NAMED = 3
"""Of many, how many are named."""


def _print_matches(matched: Mapping[str, Any]) -> None:
    typer.echo(f"matched   {matched['found']} of {matched['samples']} samples")
    for what, names in (
        ("without a picture", matched["missing"]),
        ("with more than one", matched["ambiguous"]),
    ):
        if names:
            typer.echo(f"  {what}: {_some(names)}")
    if unused := matched["unused"]:
        verb = "picture is" if len(unused) == 1 else "pictures are"
        typer.echo(f"  {len(unused)} {verb} not used: {_some(unused)}")


def _some(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(map(shown, names[:_NAMED])) + (f" and {more} more" if more > 0 else "")


def _print(found: Results) -> None:
    typer.echo(f"{found.about['task']} by {found.about['model']} on {found.about['dataset']}")
    if "matched" in found.about:
        _print_matches(found.about["matched"])
    typer.echo(f"protocol  {found.protocol}")
    width = max((len(name) for name in found.figures), default=0)
    for name, each in found.figures.items():
        typer.echo(f"{name:{width}}  {each:.4g}")
    if found.n_failed:
        typer.echo(f"failed    {found.n_failed} of {found.n_samples} samples; they are in no figure:")
        rows = found.records()
        for reason, count in rows[rows.status == "failed"].reason.value_counts().head(3).items():
            typer.echo(f"  {count} x {reason}")
    if (ledger := found.folder / "calls.jsonl").is_file():
        from vbanalysis.models import spent

        typer.echo(f"paid for  {spent(ledger)}")
    typer.echo(f"wrote     {shown(found.folder)}: summary.json, records.parquet, outputs/")
    if found.n_failed == found.n_samples:
        raise typer.Exit(1)


@contextmanager
def _progress() -> Iterator[Callable[[Mapping[str, Any], int, int], None]]:
    """A bar with rate and time left."""
    from tqdm import tqdm

    bar: Any = None
    failed = 0

    def on_record(record: Mapping[str, Any], done: int, total: int) -> None:
        nonlocal bar, failed
        if bar is None:
            bar = tqdm(total=total, initial=done, unit="sample", dynamic_ncols=True, mininterval=0.5)
        failed += record.get("status") == "failed"
        if failed:
            bar.set_postfix(failed=failed, refresh=False)
        bar.update(done - bar.n)

    try:
        yield on_record
    finally:
        if bar is not None:
            bar.close()
