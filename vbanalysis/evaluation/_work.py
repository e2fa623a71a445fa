"""The work on samples: read, instruct, ask, decode, score; any failure of one is its record."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from vbanalysis import plugins
from vbanalysis.datasets import DataSet
from vbanalysis.errors import DataError, InputError, PluginError
from vbanalysis.evaluation._ask import Failure, Item, Numbers, Output, asked, caught, step, together
from vbanalysis.evaluation._folder import RunFolder
from vbanalysis.models import Generator, Limits, Model, Paid, Presence, Reasoner, Respondent, Specialist
from vbanalysis.tasks import VisionTask
from vbanalysis.types import Sample


class Job(NamedTuple):
    """What a worker needs to know; it travels to other machines.

    Attributes:
        task: Spec string.
        model: Spec string.
        dataset: Spec string.
        folder: Of the run.
        outputs: Folder of the run whose outputs are read, if the model is not to be asked.
        seed: Sample k is generated with `seed + k`.
        presence: Spec string of the model that says whether a phrase names anything, or None.
        reasoner: Spec string of the model that turns questions into descriptions, or None.
        max_calls: That may be paid for in all, or None.
        max_cost: US dollars that they may cost in all, or None.
        retry_refused: Whether paid models ask again what they refused.
    """

    task: str
    model: str
    dataset: str
    folder: str
    outputs: str | None
    seed: int
    presence: str | None = None
    reasoner: str | None = None
    max_calls: int | None = None
    max_cost: float | None = None
    retry_refused: bool = False


class Bench(NamedTuple):
    """What a worker loads once and keeps.

    Attributes:
        task: It.
        dataset: It.
        model: Or None, where kept outputs are read.
        presence: Or None.
        reasoner: Or None.
        descriptions: By sample id, what the reasoner of the run whose outputs are read had said.
    """

    task: VisionTask
    dataset: DataSet
    model: Model | None
    presence: Presence | None
    reasoner: Reasoner | None
    descriptions: Mapping[str, str]

    @property
    def batch(self) -> int:
        """Samples that the model is given at once: as many as it says, or one."""
        return int(getattr(self.model, "batch", 1)) if isinstance(self.model, Generator) else 1

    @property
    def paid(self) -> list[Paid]:
        """Those of the models that cost money by the call."""
        return [each for each in (self.model, self.presence, self.reasoner) if isinstance(each, Paid)]


@lru_cache(maxsize=1)
def bench(job: Job, with_model: bool = True) -> Bench:
    """Load the task, the data set, and the model with the steps before it, unless they run elsewhere.

    Raises:
        VbanalysisError: One of them cannot be loaded, or they do not go together.
    """
    task = plugins.load("tasks", job.task, VisionTask)  # type: ignore[call-overload]
    dataset = plugins.load("datasets", job.dataset, DataSet)  # type: ignore[call-overload]
    if job.outputs is not None:
        return Bench(task, dataset, None, None, None, _descriptions(RunFolder(job.outputs)))
    if not with_model:
        return Bench(task, dataset, None, None, None, {})
    model = plugins.load("models", job.model, Model)  # type: ignore[call-overload]
    if not isinstance(model, Generator | Specialist | Respondent):
        raise PluginError(
            f"the model {job.model!r} cannot be asked: it has neither sample_many, predict nor respond"
        )
    if isinstance(model, Specialist):
        if task.name not in model.tasks:
            raise InputError(
                f"{model.name} answers {', '.join(model.tasks)}, not {task.name}: give another model or task"
            )
        task.check_invariance(model.invariance)
    presence, reasoner = _steps(job)
    if presence is not None:
        task.check_presence()
    kit = Bench(task, dataset, model, presence, reasoner, {})
    _limit(job, kit)
    return kit


def _limit(job: Job, kit: Bench) -> None:
    """Hold the paid models to what the run may cost; all are counted in one ledger, in the run's folder."""
    limits = Limits(RunFolder(job.folder).ledger, job.max_calls, job.max_cost)
    if not kit.paid and (job.max_calls or job.max_cost is not None):
        raise InputError(
            f"max_calls and max_cost are for models that cost money by the call, and {job.model!r} costs "
            "nothing: leave them out"
        )
    for model in kit.paid:
        model.limits = limits
        model.retry_refused = model.retry_refused or job.retry_refused


def _steps(job: Job) -> tuple[Presence | None, Reasoner | None]:
    presence = reasoner = None
    if job.presence is not None:
        presence = plugins.load("models", job.presence, Presence)  # type: ignore[call-overload]
    if job.reasoner is not None:
        reasoner = plugins.load("models", job.reasoner, Reasoner)  # type: ignore[call-overload]
    return presence, reasoner


def _descriptions(run: RunFolder) -> dict[str, str]:
    return {record["id"]: record["description"] for record in run.records() if "description" in record}


def work(job: Job, places: Sequence[int], wanted: Sequence[int]) -> list[dict[str, Any]]:
    """Records of samples that are generated together.

    The places of a batch are always the same, though only some records may be wanted: so a picture, whose
    last bit may depend on its neighbours in the batch, is the same after a kill.

    Args:
        job: What to do.
        places: Of the batch.
        wanted: Those of them whose records are not kept yet.

    Returns:
        One record a wanted place; metrics only where `status` is `"ok"`.
    """
    kit, folder = bench(job), RunFolder(job.folder)
    records: dict[int, dict[str, Any]] = {}
    items = []
    for place in places:
        try:
            items.append(_prepared(kit, place))
        except Failure as failure:
            records[place] = _failed(place, _id(kit.dataset, place), failure)
    source = None if job.outputs is None else RunFolder(job.outputs)
    outputs = _outputs(job, kit, folder, source, items, wanted)
    for item in items:
        if item.place in wanted:
            records[item.place] = _record(kit.task, item, *outputs[item.place])
    return [records[place] for place in wanted]


def _prepared(kit: Bench, place: int) -> Item:
    """The sample with its instruction, after the steps that come before the model."""
    sample: Sample = step("read", kit.dataset.__getitem__, place)
    told: dict[str, Any] = {}
    description = kit.descriptions.get(sample.id)
    if kit.reasoner is not None:
        began = time.perf_counter()
        description = step("reason", described_by, kit.reasoner, sample)
        told["seconds_reason"] = round(time.perf_counter() - began, 4)
    if description is not None:
        told |= {"question": sample.phrase, "description": description}
        sample = replace(sample, phrase=description)
    instruction = step("instruct", kit.task.instruction, sample)
    absent = False
    if kit.presence is not None:
        began = time.perf_counter()
        present = step("presence", said_by, kit.presence, sample)
        told |= {"present": present, "seconds_presence": round(time.perf_counter() - began, 4)}
        absent = not present
    return Item(place, sample, instruction, absent, told)


def described_by(reasoner: Reasoner, sample: Sample) -> str:
    """What a reasoner makes of a sample's question, in one line.

    Raises:
        DataError: There is no question, or no description.
    """
    if sample.phrase is None:
        raise DataError(f"sample {sample.id} has no question: choose another data set")
    description = reasoner.reason(sample)
    if not isinstance(description, str) or not description.strip():
        raise DataError(f"the reasoner gave {description!r}, expected a description in words")
    return " ".join(description.split())


def said_by(presence: Presence, sample: Sample) -> bool:
    """What a presence step says of a sample.

    Raises:
        DataError: It is neither true nor false.
    """
    present = presence.present(sample)
    if not isinstance(present, bool | np.bool_):
        raise DataError(f"the presence step gave {present!r}, expected true or false")
    return bool(present)


def _outputs(
    job: Job,
    kit: Bench,
    folder: RunFolder,
    source: RunFolder | None,
    items: Sequence[Item],
    wanted: Sequence[int],
) -> dict[int, tuple[Output | Failure, float]]:
    """What the model said to each item or why it said nothing, and the seconds that it took."""
    found: dict[int, tuple[Output | Failure, float]] = {}
    for item in items:
        kept = caught("generate", _kept, source or folder, item, source is not None)
        if item.absent and (kept is None or isinstance(kept, Failure)):
            kept = caught("generate", lambda item=item: Numbers(kit.task.nothing(item.sample)))
            if isinstance(kept, Numbers):
                folder.keep_output(item.sample.id, kept.answer, numbers=True)
        if kept is not None and (source is not None or item.absent or not isinstance(kept, Failure)):
            found[item.place] = kept, float("nan")
    left = [item for item in items if item.place not in found]
    if not any(item.place in wanted for item in left):
        return found
    # The whole batch, though some of its pictures may be kept; but not what needs no model, nor what would be
    # paid for once more.
    batch = [item for item in (left if isinstance(kit.model, Paid) else items) if not item.absent]
    began = time.perf_counter()
    answers = caught("generate", together, kit, job.seed, batch)
    each = (time.perf_counter() - began) / len(batch)
    for k, item in enumerate(batch):
        if isinstance(answers, Failure):
            # One bad sample fails a batch: each is tried alone.
            began = time.perf_counter()
            answer = answers if len(batch) == 1 else caught("generate", asked, kit, job.seed, item)
            each = each if len(batch) == 1 else time.perf_counter() - began
        else:
            answer = answers[k]
        if item.place in found:
            continue
        if isinstance(answer, Numbers):
            folder.keep_output(item.sample.id, answer.answer, numbers=True)
        elif not isinstance(answer, Failure):
            folder.keep_output(item.sample.id, answer)
        found[item.place] = answer, each
    return found


def _kept(folder: RunFolder, item: Item, needed: bool) -> Output | None:
    """The output of an item that a run's folder holds, or None."""
    picture = folder.read_output(item.sample.id)
    if picture is not None:
        return picture
    answer = folder.read_numbers(item.sample.id)
    if answer is not None:
        return Numbers(answer)
    if needed:
        raise DataError(f"no output of {item.sample.id} is kept in the run")
    return None


def _record(task: VisionTask, item: Item, output: Output | Failure, seconds: float) -> dict[str, Any]:
    about: dict[str, Any] = {"place": item.place, "id": item.sample.id}
    told = {
        "prompt": item.instruction.text,
        "input_sha256": None if item.sample.image is None else _digest(item.sample.image),
        **item.told,
    }
    if isinstance(scene := item.sample.info.get("scene"), str):
        told["scene"] = scene
    if isinstance(output, Failure):
        return {**_failed(item.place, item.sample.id, output), **told}
    said = output.answer if isinstance(output, Numbers) else output
    try:
        began = time.perf_counter()
        if isinstance(output, Numbers):
            answer = step("decode", task.checked, output.answer)
        else:
            answer = step("decode", task.decode, output, item.instruction)
        decoded = time.perf_counter()
        metrics = step("score", task.score, answer, item.sample)
        scored = time.perf_counter()
    except Failure as failure:
        return {**_failed(item.place, item.sample.id, failure), **told, "output_sha256": _digest(said)}
    return {
        **about,
        "status": "ok",
        **{name: _plain(value) for name, value in metrics.items()},
        **told,
        "output_sha256": _digest(said),
        "seconds_generate": None if np.isnan(seconds) else round(seconds, 4),
        "seconds_decode": round(decoded - began, 4),
        "seconds_score": round(scored - decoded, 4),
    }


def _failed(place: int, name: str, failure: Failure) -> dict[str, Any]:
    about = {"place": place, "id": name, "status": "failed"}
    return {**about, "failed_step": failure.step, "reason": failure.reason}


def _id(dataset: DataSet, place: int) -> str:
    """The id of a sample that cannot be read."""
    ids = getattr(dataset, "ids", None)
    return str(ids[place]) if ids is not None and not callable(ids) else f"#{place}"


def _plain(value: Any) -> Any:
    """A number as JSON holds it: NumPy's scalars as Python's."""
    return value.item() if isinstance(value, np.generic) else value


def _digest(array: np.ndarray) -> str:
    """SHA-256 of the shape and the bytes."""
    array = np.ascontiguousarray(array)
    return hashlib.sha256(f"{array.shape}{array.dtype}".encode() + array.tobytes()).hexdigest()


def failed_by_worker(job: Job, place: int, error: BaseException) -> Mapping[str, Any]:
    """The record of a sample that ended its worker again and again."""
    return _failed(place, _id(bench(job, False).dataset, place), Failure("generate", error))


def described(thing: Any) -> dict[str, Any]:
    """What a model or a data set says of itself, as far as JSON holds it in a line."""
    return {
        key: value
        for key, value in thing.describe().items()
        if isinstance(value, str | int | float | bool) or value is None
    }
