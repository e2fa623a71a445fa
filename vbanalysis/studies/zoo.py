"""The same images through every model at hand: what each says, how alike they are, what each fails on."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from vbanalysis import plugins
from vbanalysis.datasets.motorcycle import Motorcycle
from vbanalysis.errors import PluginError, StopError, VbanalysisError
from vbanalysis.evaluation import evaluate, predict
from vbanalysis.metrics import angular_error_deg
from vbanalysis.models import Card, Limits, Model, Paid, card, spent
from vbanalysis.specs import parse_spec
from vbanalysis.stats import mean_estimate
from vbanalysis.studies.photographs import photographs
from vbanalysis.tasks import VisionTask, resized
from vbanalysis.types import Sample, Task

_FILES = ("onnx", "tflite", "transformers", "diffusers", "recorded")
"""Models that are nothing without an argument."""

HEADLINES: Mapping[str, str] = {
    "depth": "delta1",
    "normals": "mean_deg",
    "semantic": "miou",
    "instance": "pmf1_50",
    "referring": "giou",
}
"""The figure by which a task is summed up in one number."""

_FEWEST = 50
"""Pixels that two depths must share to be compared."""


class Said(NamedTuple):
    """What a model says of an image.

    Attributes:
        answer: Numbers at the image's size, as the task's `decode` describes them; None where it failed.
        reason: Why it failed, or None.
        seconds: That it took.
        dollars: That it cost.
    """

    answer: np.ndarray | None
    reason: str | None
    seconds: float
    dollars: float = 0.0


def zoo() -> pd.DataFrame:
    """A row a model: name, role, tasks, licence, whether it is offline, and what it still needs."""
    rows = []
    for info in plugins.available("models"):
        try:
            told = card(info.name)
        except PluginError as error:
            rows.append({"model": info.name, "role": "?", "ready": str(error)})
            continue
        if told is None:
            rows.append({"model": info.name, "role": "?", "ready": "tells nothing of itself"})
            continue
        ready = "yes" if told.wanting() is None else f"no: {told.wanting()}"
        if info.name in _FILES and ready == "yes":
            ready = f"with an argument: {told.example}"
        rows.append(
            {
                "model": info.name,
                "role": told.role,
                "tasks": ", ".join((*told.tasks, *told.steps)),
                "licence": told.licence,
                "offline": "yes" if told.offline else "no",
                "memory": "" if told.memory_mb is None else f"{told.memory_mb} MB",
                "ready": ready,
            }
        )
    return pd.DataFrame(rows).fillna("")


def at_hand(task: Task, more: Sequence[str] = ()) -> list[str]:
    """Spec strings of the models that answer a task offline and at once, then of those of `more` that do."""
    found = []
    for info in plugins.available("models"):
        told = _card(info.name)
        if told is None or told.role == "reference" or not told.offline or task not in told.tasks:
            continue
        if info.name not in _FILES and told.wanting() is None:
            found.append(info.name)
    return found + [spec for spec in more if task in _tasks(spec)]


def album() -> list[Sample]:
    """Photographs at hand, as samples: scikit-image's, and the motorcycle with its second view."""
    found = [each for each in photographs() if each.name != "motorcycle"]
    return [*(Sample(id=each.name, image=each.rgb) for each in found), Motorcycle()[0]]


def measured(
    specs: Mapping[Task, Sequence[str]],
    datasets: Mapping[Task, str],
    folder: Path,
    n: int,
    max_cost: float = 0.0,
) -> pd.DataFrame:
    """Each model's headline metric for each task, where there is truth.

    Args:
        specs: Models by task.
        datasets: Spec string of the data set by task.
        folder: Of the runs, one a task and model.
        n: Samples of each.
        max_cost: US dollars that each run of a paid model may cost; 0 for none but what is kept.

    Returns:
        Rows `task, model, metric, value, low, high, n, failed, seconds, dollars`; seconds are the median an
        image, dollars the mean. A paid model that comes to the limit has no figure.
    """
    rows: list[dict[str, str | float]] = []
    for task, models in specs.items():
        for spec in models:
            place, metric = folder / f"{task}-{len(rows)}", HEADLINES[task]
            try:
                run = evaluate(
                    task, spec, datasets[task], place, limit=n, max_cost=max_cost if _is_paid(spec) else None
                )
            except StopError:
                rows.append({"task": task, "model": spec, "metric": metric, "n": 0, "failed": n})
                continue
            records = run.records()
            estimate = run.figures.get(metric)
            rows.append(
                {
                    "task": task,
                    "model": spec,
                    "metric": metric,
                    "value": np.nan if estimate is None else estimate.value,
                    "low": np.nan if estimate is None else estimate.low,
                    "high": np.nan if estimate is None else estimate.high,
                    "n": run.n_samples - run.n_failed,
                    "failed": run.n_failed,
                    "seconds": float(records.get("seconds_generate", pd.Series(dtype=float)).median()),
                    "dollars": spent(place / "calls.jsonl").cost / n,
                }
            )
    return pd.DataFrame(rows)


def ask_all(
    specs: Sequence[str],
    task: str,
    samples: Sequence[Sample],
    seed: int = 0,
    limits: Limits | None = None,
) -> dict[str, list[Said]]:
    """What each model says of each image, one after the other, so that each is timed alone.

    A model that cannot be loaded, and one that fails on an image, say nothing and why. A model is asked once
    before it is timed, unless each call costs money.

    Args:
        specs: Models.
        task: Spec string of a task.
        samples: With images.
        seed: Sample k is generated with `seed + k`.
        limits: Of what paid models may cost; without, they are not asked.
    """
    asked = plugins.load("tasks", task, VisionTask)  # type: ignore[call-overload]
    found: dict[str, list[Said]] = {}
    for spec in specs:
        try:
            model = plugins.load("models", spec, Model)  # type: ignore[call-overload]
        except VbanalysisError as error:
            found[spec] = [Said(None, str(error), float("nan"))] * len(samples)
            continue
        if isinstance(model, Paid):
            model.limits = limits
            if limits is None:
                reason = f"{spec} costs money by the call, and nothing may be spent"
                found[spec] = [Said(None, reason, float("nan"))] * len(samples)
                continue
        else:
            _answer(model, asked, samples[0], seed)
        found[spec] = [_answer(model, asked, sample, seed + k) for k, sample in enumerate(samples)]
    return found


def _answer(model: Model, task: VisionTask, sample: Sample, seed: int) -> Said:
    ledger = model.limits.ledger if isinstance(model, Paid) and model.limits else None
    before = spent(ledger).cost if ledger else 0.0
    began = time.perf_counter()
    try:
        answer = predict(model, task, sample, seed=seed)
    except Exception as error:  # of any model, by anyone
        reason = str(error) if isinstance(error, VbanalysisError) else f"{type(error).__name__}: {error}"
        # One reason for all images that it befalls, whatever they are called.
        reason = " ".join(reason.replace(sample.id, "…").split())
        return Said(None, reason, time.perf_counter() - began)
    seconds = time.perf_counter() - began
    assert sample.image is not None
    dollars = spent(ledger).cost - before if ledger else 0.0
    return Said(resized(answer, sample.image.shape[:2]), None, seconds, dollars)


def agreement(task: Task, said: Mapping[str, Sequence[Said]]) -> pd.DataFrame:
    """How alike the answers of two models are, for each pair of them, over the images that both answer.

    Depth is compared by Spearman's rank correlation over the pixels that both know, which asks for no scale:
    1 is the same order from near to far. Normals by the mean angle in degrees. Masks and labels by IoU: of
    what is marked, or the mean over the classes that either has.

    Returns:
        Rows `first, second, value, low, high, n`: the mean over images, its 95 % interval (the range with
        fewer than 5, NaN with one), and images.
    """
    rows = []
    for first, second in combinations(said, 2):
        values = [
            _alike(task, one, two)
            for one, two in zip(said[first], said[second], strict=True)
            if one.answer is not None and two.answer is not None
        ]
        known = np.array([value for value in values if np.isfinite(value)])
        if len(known):
            estimate = mean_estimate(known)
            if len(known) == 1:
                estimate = estimate._replace(low=np.nan, high=np.nan)
            rows.append({"first": first, "second": second, **estimate._asdict()})
    columns = ["first", "second", "value", "low", "high", "n"]
    return pd.DataFrame(rows, columns=[*columns, "method", "clusters"])[columns]


def _alike(task: Task, one: Said, two: Said) -> float:
    assert one.answer is not None
    assert two.answer is not None
    if task == "depth":
        return _depths_alike(one, two)
    if task == "normals":
        angle = angular_error_deg(one.answer, two.answer)
        return float(np.nanmean(angle)) if np.isfinite(angle).any() else float("nan")
    if task == "semantic":
        ious = [_iou(one.answer == k, two.answer == k) for k in np.union1d(one.answer, two.answer) if k >= 0]
        return float(np.mean(ious)) if ious else float("nan")
    marked = (lambda a: a == 0) if task == "referring" else (lambda a: a > 0)
    return _iou(marked(one.answer), marked(two.answer))


def _iou(one: np.ndarray, two: np.ndarray) -> float:
    either = np.count_nonzero(one | two)
    return np.count_nonzero(one & two) / either if either else 1.0


def _depths_alike(one: Said, two: Said) -> float:
    from scipy.stats import spearmanr

    a, b = (np.asarray(said.answer, np.float64) for said in (one, two))
    both = ~np.isnan(a) & ~np.isnan(b)
    if both.sum() < _FEWEST or len(np.unique(a[both])) == 1 or len(np.unique(b[both])) == 1:
        return float("nan")
    return float(spearmanr(a[both], b[both]).statistic)


def costs(said: Mapping[str, Sequence[Said]]) -> pd.DataFrame:
    """A row a model: images answered and failed, and of an answer the median seconds and the mean dollars."""
    rows = []
    for spec, answers in said.items():
        seconds = [each.seconds for each in answers if each.answer is not None]
        rows.append(
            {
                "model": spec,
                "answered": len(seconds),
                "failed": len(answers) - len(seconds),
                "seconds": float(np.median(seconds)) if seconds else float("nan"),
                "dollars": sum(each.dollars for each in answers) / max(len(seconds), 1),
            }
        )
    return pd.DataFrame(rows)


def failures(said: Mapping[str, Mapping[str, Sequence[Said]]]) -> pd.DataFrame:
    """A row for each task, model and reason of a failure, with how many images it befell."""
    rows = [
        {"task": task, "model": spec, "reason": each.reason}
        for task, models in said.items()
        for spec, answers in models.items()
        for each in answers
        if each.reason is not None
    ]
    table = pd.DataFrame(rows, columns=["task", "model", "reason"])
    return table.groupby(["task", "model", "reason"], sort=False).size().rename("images").reset_index()


def _tasks(spec: str) -> tuple[str, ...]:
    told = _card(parse_spec(spec).name)
    return () if told is None else told.tasks


def _is_paid(spec: str) -> bool:
    told = _card(parse_spec(spec).name)
    offline = told is not None and told.offline  # then it is not loaded to find out
    return not offline and isinstance(plugins.load("models", spec), Paid)


def _card(name: str) -> Card | None:
    """The card of a model, or None where it has none or cannot be imported."""
    try:
        return card(name)
    except PluginError:
        return None
