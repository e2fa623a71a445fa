"""What a run would pay for, before it does."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from vbanalysis.errors import BudgetError
from vbanalysis.evaluation._ask import Failure, Item, step, together
from vbanalysis.evaluation._folder import RunFolder
from vbanalysis.evaluation._run import identity, places_left
from vbanalysis.evaluation._work import Bench, Job, bench, described_by, said_by
from vbanalysis.models import Paid, Spent, spent

T = TypeVar("T")


class CallPlan(NamedTuple):
    """Calls that a run would make at most.

    Attributes:
        samples: Without a record.
        of: Samples in all.
        model: Calls of the model; for a sample whose presence or description is not known yet, one.
        presence: Of the presence step.
        reasoner: Of the reasoner.
        cost: US dollars that the calls of known price would cost at most, about.
        unpriced: Calls without a price among them.
        spent: By the run, so far.
    """

    samples: int
    of: int
    model: int
    presence: int
    reasoner: int
    cost: float
    unpriced: int
    spent: Spent


def plan_calls(
    task: str,
    model: str,
    dataset: str,
    out: str | os.PathLike[str],
    *,
    limit: int | None = None,
    seed: int = 0,
    presence: str | None = None,
    reasoner: str | None = None,
    retry_failed: bool = False,
) -> CallPlan:
    """How many calls `evaluate` would pay for with the same arguments; none is made, and nothing is written.

    Samples with a record need none, nor does what a model has kept. A model that costs nothing is not asked,
    but as a step before one that does.

    Args:
        task: As in `evaluate`.
        model: As in `evaluate`.
        dataset: As in `evaluate`.
        out: As in `evaluate`; a folder that is not there is a run not yet begun.
        limit: As in `evaluate`.
        seed: As in `evaluate`.
        presence: As in `evaluate`.
        reasoner: As in `evaluate`.
        retry_failed: Whether samples whose record is a failure count as samples without one.

    Returns:
        The calls by step, and what they would cost at most.

    Raises:
        InputError: `out` holds another run.
        VbanalysisError: Something cannot be loaded, as in `evaluate`.
    """
    folder = str(Path(out).resolve())
    job = Job(task, model, dataset, folder, None, seed, presence, reasoner, 0, None, retry_failed)
    kit, run = bench(job), RunFolder(folder)
    if run.exists():
        run.hold(identity(job, kit))
    n = len(kit.dataset) if limit is None else min(limit, len(kit.dataset))
    left = places_left(run, n, retry_failed)
    calls: Counter[str] = Counter()
    costs: list[float | None] = []
    for place in left if kit.paid else ():
        for name, cost in _calls(kit, run, seed, place):
            calls[name] += 1
            costs.append(cost)
    known = [cost for cost in costs if cost is not None]
    return CallPlan(
        samples=len(left),
        of=n,
        model=calls["generate"],
        presence=calls["presence"],
        reasoner=calls["reason"],
        cost=sum(known),
        unpriced=len(costs) - len(known),
        spent=spent(run.ledger),
    )


def _calls(kit: Bench, run: RunFolder, seed: int, place: int) -> Iterator[tuple[str, float | None]]:
    """The paid calls of one sample: the step, and what it would cost at most."""
    sample = _free("read", kit.dataset.__getitem__, place)
    if isinstance(sample, Failure | BudgetError):
        return
    guessed = False
    if kit.reasoner is not None:
        description = _free("reason", described_by, kit.reasoner, sample)
        if isinstance(description, Failure):
            return
        if isinstance(description, BudgetError):  # the question stands in for it
            guessed = True
            yield "reason", description.cost
        else:
            sample = replace(sample, phrase=description)
    instruction = _free("instruct", kit.task.instruction, sample)
    if isinstance(instruction, Failure | BudgetError):
        return
    if kit.presence is not None:
        present = _free("presence", said_by, kit.presence, sample)
        if isinstance(present, BudgetError):
            yield "presence", present.cost
        elif guessed:
            if isinstance(kit.presence, Paid):
                yield "presence", None
        elif present is False or isinstance(present, Failure):
            return
    kept = run.output(sample.id)
    if not isinstance(kit.model, Paid) or (not guessed and kept.is_file()):
        return
    item = Item(place, sample, instruction, False, {})
    answer = _free("generate", together, kit, seed, [item])
    if isinstance(answer, BudgetError):
        yield "generate", answer.cost
    elif guessed:
        yield "generate", None


def _free(name: str, act: Callable[..., T], *given: Any) -> T | Failure | BudgetError:
    """What a step gives without a call, its failure, or the call that it would need."""
    try:
        return step(name, act, *given)
    except (Failure, BudgetError) as error:
        return error
