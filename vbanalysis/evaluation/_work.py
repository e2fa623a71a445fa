"""The work on samples: read, instruct, generate, decode, score; any failure of one is its record."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

import numpy as np

from vbanalysis import plugins
from vbanalysis.datasets import DataSet
from vbanalysis.errors import DataError, ImageError
from vbanalysis.evaluation._folder import RunFolder
from vbanalysis.models import Generator
from vbanalysis.tasks import VisionTask
from vbanalysis.types import Instruction, Sample

T = TypeVar("T")

CODEC = "codec"
"""The model that paints the truth: what is left of it after encoding and decoding is the code's cost."""

_REASON = 500
"""Characters of a reason that are kept."""


class Job(NamedTuple):
    """What a worker needs to know; it travels to other machines.

    Attributes:
        task: Spec string.
        model: Spec string, or `CODEC`.
        dataset: Spec string.
        folder: Of the run.
        outputs: Folder of the run whose pictures are read, if the model is not to be asked.
        seed: Sample k is generated with `seed + k`.
    """

    task: str
    model: str
    dataset: str
    folder: str
    outputs: str | None
    seed: int


class Bench(NamedTuple):
    """What a worker loads once and keeps."""

    task: VisionTask
    dataset: DataSet
    model: Generator | None

    @property
    def batch(self) -> int:
        """Samples that the model is given at once: as many as it says, or one."""
        return int(getattr(self.model, "batch", 1)) if self.model is not None else 1


@lru_cache(maxsize=1)
def bench(job: Job) -> Bench:
    """Load the task, the data set and the model.

    Raises:
        VbanalysisError: One of them cannot be loaded.
    """
    task = plugins.load("tasks", job.task, VisionTask)  # type: ignore[call-overload]
    dataset = plugins.load("datasets", job.dataset, DataSet)  # type: ignore[call-overload]
    asked = job.outputs is None and job.model != CODEC
    model = plugins.load("models", job.model, Generator) if asked else None  # type: ignore[call-overload]
    return Bench(task, dataset, model)


class Failure(Exception):
    """A step failed on one sample.

    Attributes:
        step: `"read"`, `"instruct"`, `"generate"`, `"decode"` or `"score"`.
        reason: The error's name and message.
    """

    def __init__(self, step: str, error: BaseException) -> None:
        message = " ".join(str(error).split())
        self.step, self.reason = step, f"{type(error).__name__}: {message}"[:_REASON]
        super().__init__(step, self.reason)


class _Item(NamedTuple):
    place: int
    sample: Sample
    instruction: Instruction


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
    task, dataset, model = bench(job)
    folder = RunFolder(job.folder)
    records: dict[int, dict[str, Any]] = {}
    items = []
    for place in places:
        try:
            sample = _step("read", dataset.__getitem__, place)
            items.append(_Item(place, sample, _step("instruct", task.instruction, sample)))
        except Failure as failure:
            records[place] = _failed(place, _id(dataset, place), failure)
    pictures = _pictures(job, task, model, folder, items, wanted)
    for item in items:
        if item.place in wanted:
            records[item.place] = _record(task, item, *pictures[item.place])
    return [records[place] for place in wanted]


def _pictures(
    job: Job,
    task: VisionTask,
    model: Generator | None,
    folder: RunFolder,
    items: Sequence[_Item],
    wanted: Sequence[int],
) -> dict[int, tuple[np.ndarray | Failure, float]]:
    """The picture of each item or why there is none, and the seconds that it took."""
    found: dict[int, tuple[np.ndarray | Failure, float]] = {}
    if model is None:
        source = RunFolder(job.outputs) if job.outputs is not None else None
        for item in items:
            began = time.perf_counter()
            picture = _caught("generate", _without_model, task, source, item)
            if source is None and not isinstance(picture, Failure):
                folder.keep_output(item.sample.id, picture)
            found[item.place] = picture, time.perf_counter() - began
        return found
    for item in items:
        kept = _caught("generate", folder.read_output, item.sample.id)
        if kept is not None and not isinstance(kept, Failure):
            found[item.place] = kept, float("nan")
    if all(item.place in found for item in items if item.place in wanted):
        return found
    began = time.perf_counter()
    together = _caught("generate", _generated, model, job.seed, items)
    each = (time.perf_counter() - began) / len(items)
    for k, item in enumerate(items):
        if isinstance(together, Failure):
            # One bad sample fails a batch: each is tried alone.
            began = time.perf_counter()
            alone = _caught("generate", _generated, model, job.seed, [item])
            each = time.perf_counter() - began
            picture = alone if isinstance(alone, Failure) else alone[0]
        else:
            picture = together[k]
        if item.place in found and not np.isnan(found[item.place][1]):
            continue
        if not isinstance(picture, Failure):
            folder.keep_output(item.sample.id, picture)
        found[item.place] = picture, each
    return found


def _generated(model: Generator, seed: int, items: Sequence[_Item]) -> list[np.ndarray]:
    pictures = model.sample_many(
        [item.sample.image for item in items],
        [item.instruction for item in items],
        seeds=[seed + item.place for item in items],
    )
    for picture in pictures:
        if not isinstance(picture, np.ndarray):
            raise DataError(f"the model gave a {type(picture).__name__}, expected (h, w, 3) uint8 RGB")
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
            raise DataError(f"the model gave {picture.shape} {picture.dtype}, expected (h, w, 3) uint8 RGB")
    if len(pictures) != len(items):
        raise DataError(f"the model gave {len(pictures)} pictures for {len(items)} instructions")
    return pictures


def _without_model(task: VisionTask, source: RunFolder | None, item: _Item) -> np.ndarray:
    if source is None:
        return task.encode(item.sample, item.instruction)
    picture = source.read_output(item.sample.id)
    if picture is None:
        raise ImageError(f"no picture of {item.sample.id} is kept in the run")
    return picture


def _record(task: VisionTask, item: _Item, picture: np.ndarray | Failure, seconds: float) -> dict[str, Any]:
    about: dict[str, Any] = {"place": item.place, "id": item.sample.id}
    told = {
        "prompt": item.instruction.text,
        "input_sha256": None if item.sample.image is None else _digest(item.sample.image),
    }
    if isinstance(scene := item.sample.info.get("scene"), str):
        told["scene"] = scene
    if isinstance(picture, Failure):
        return {**_failed(item.place, item.sample.id, picture), **told}
    try:
        began = time.perf_counter()
        answer = _step("decode", task.decode, picture, item.instruction)
        decoded = time.perf_counter()
        metrics = _step("score", task.score, answer, item.sample)
        scored = time.perf_counter()
    except Failure as failure:
        return {**_failed(item.place, item.sample.id, failure), **told, "output_sha256": _digest(picture)}
    return {
        **about,
        "status": "ok",
        **{name: _plain(value) for name, value in metrics.items()},
        **told,
        "output_sha256": _digest(picture),
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


def _step(name: str, act: Callable[..., T], *given: Any) -> T:
    try:
        return act(*given)
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except Exception as error:
        raise Failure(name, error) from error


def _caught(name: str, act: Callable[..., T], *given: Any) -> T | Failure:
    try:
        return _step(name, act, *given)
    except Failure as failure:
        return failure


def _plain(value: Any) -> Any:
    """A number as JSON holds it: NumPy's scalars as Python's."""
    return value.item() if isinstance(value, np.generic) else value


def _digest(array: np.ndarray) -> str:
    """SHA-256 of the shape and the bytes."""
    array = np.ascontiguousarray(array)
    return hashlib.sha256(f"{array.shape}{array.dtype}".encode() + array.tobytes()).hexdigest()


def failed_by_worker(job: Job, place: int, error: BaseException) -> Mapping[str, Any]:
    """The record of a sample that ended its worker again and again."""
    return _failed(place, _id(bench(job).dataset, place), Failure("generate", error))
