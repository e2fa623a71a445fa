"""Where a run's errors lie: by depth, by the way a surface faces, by class, by size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from vbanalysis import plugins
from vbanalysis.datasets import DataSet
from vbanalysis.evaluation import Results
from vbanalysis.metrics import mask_ious
from vbanalysis.stats import Estimate, mean_estimate, paired_difference, share_estimate
from vbanalysis.studies.cases import FACING, Case, compared, depth_edges

Found = dict[tuple[str, str, str], list[tuple[float, str]]]
"""By question, bin and metric: a value, and the scene or picture that it comes from."""

DEPTHS_M = (0.1, 1, 2, 4, 8, 16, 80)
_SHARES = ("recall_50", "left_alone")
_FEWEST_PIXELS = 8
"""Of a picture in a bin, for it to have a figure there."""

SIZES = (0.0, 0.01, 0.03, 0.1, 1.0)
"""Shares of the picture."""


def depth_breakdown(cases: Iterable[Case]) -> pd.DataFrame:
    """AbsRel and signed error by true depth, and at edges against away from them; means over images."""
    found: Found = {}
    for case in cases:
        truth = np.asarray(case.sample.depth_m, np.float64)
        where = compared(case.sample, truth)
        high = case.sample.info.get("cap_m", (0.1, 80.0))[1]
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.log(np.clip(np.nan_to_num(case.answer, nan=1e-3), 1e-3, high) / truth)
        bins = {
            ("true depth", f"{low:g} to {top:g} m"): where & (truth > low) & (truth <= top)
            for low, top in pairwise(DEPTHS_M)
        }
        edge = depth_edges(truth)
        bins |= {("place", "at edges"): where & edge, ("place", "elsewhere"): where & ~edge}
        for (by, name), chosen in bins.items():
            if chosen.sum() >= _FEWEST_PIXELS:
                _add(found, (by, name, "absrel"), case, float(case.error[chosen].mean()))
                _add(found, (by, name, "bias"), case, float(np.exp(np.median(ratio[chosen])) - 1))
    return _table(found)


def normals_breakdown(cases: Iterable[Case]) -> pd.DataFrame:
    """Mean angle by where the true surface faces and, where classes are known, by class."""
    found: Found = {}
    axes = np.array(list(FACING.values()), float)
    for case in cases:
        known = np.isfinite(case.error)
        towards = np.argmax(np.nan_to_num(np.asarray(case.sample.normals)) @ axes.T, axis=-1)
        for k, name in enumerate(FACING):
            _add_mean(found, ("faces", name, "mean_deg"), case, known & (towards == k))
        if case.sample.classes is not None:
            for k, name in enumerate(case.sample.class_names):
                _add_mean(found, ("class", name, "mean_deg"), case, known & (case.sample.classes == k))
    return _table(found)


def semantic_breakdown(run: Results) -> pd.DataFrame:
    """IoU of each class over all images, the best first; n is the images that show the class."""
    counts, names = _confusions(run), class_names(run)
    shown = dict(zip(names, np.count_nonzero(counts.any(axis=2), axis=0), strict=True))
    rows = [
        {
            "by": "class",
            "bin": name.removeprefix("iou_"),
            "metric": "iou",
            **each._asdict(),
            "n": int(shown[name.removeprefix("iou_")]),
            "is_range": each.is_range,
        }
        for name, each in run.figures.items()
        if name.startswith("iou_")
    ]
    return pd.DataFrame(rows).sort_values("value", ascending=False, ignore_index=True)


def instance_breakdown(cases: Iterable[Case]) -> pd.DataFrame:
    """Share of true instances that are found at IoU 0.5, by their size and by how many there are.

    By size, an instance counts once, and those of one picture are drawn together in the interval; where all
    are found or none is, it is the exact interval over scenes.
    """
    found: Found = {}
    for case in cases:
        masks = case.sample.masks[0]
        if not len(masks):
            _add(found, ("there are", "none", "left_alone"), case, float(not (case.answer > 0).any()))
            continue
        labels = np.maximum(case.answer, 0).astype(np.int32)
        ious = mask_ious(labels, masks) if labels.any() else np.zeros((1, len(masks)))
        seen = ious.max(axis=0) >= 0.5
        count = "1" if len(masks) == 1 else "2" if len(masks) == 2 else "3 or more"
        _add(found, ("there are", count, "recall_50"), case, float(seen.mean()))
        for mask, hit in zip(masks, seen, strict=True):
            _add(found, ("size", _sized(mask), "recall_50"), case, float(hit))
    return _table(found)


def referring_breakdown(cases: Iterable[Case]) -> pd.DataFrame:
    """IoU by the size of what is meant, and by how the expression tells it apart."""
    found: Found = {}
    for case in cases:
        mask = case.sample.masks[0].any(axis=0)
        _add(found, ("size", _sized(mask), "iou"), case, case.score)
        kind = case.sample.info.get("expression")
        if kind is not None:
            _add(found, ("told apart by", kind, "iou"), case, case.score)
    return _table(found)


def distribution(runs: Mapping[str, Results], metric: str) -> dict[str, np.ndarray]:
    """Values of a metric of each answered sample, by run."""
    found = {}
    for name, run in runs.items():
        rows = run.records()
        values = rows[metric].to_numpy(float) if metric in rows else np.zeros(0)
        found[name] = values[np.isfinite(values)]
    return found


def side_by_side(runs: Mapping[str, Results], metrics: Sequence[str]) -> pd.DataFrame:
    """One row a metric, one column a run: value, 95 % interval and n."""
    return pd.DataFrame(
        {
            name: {
                metric: f"{run.figures[metric]:.3g}" if metric in run.figures else "" for metric in metrics
            }
            for name, run in runs.items()
        }
    )


def step_gain(without: Results, having: Results, metric: str, by: str | None = None) -> pd.DataFrame:
    """What a step before the model changes, on the samples that both runs answered.

    Args:
        without: The run without it.
        having: The run with it, of the same model and data set.
        metric: A column of the records.
        by: A key of `Sample.info` that parts the samples, or None.

    Returns:
        Rows `by, without, having, difference, low, high, n`, all of them first; the difference is having
        minus without, with its paired 95 % interval, or the range where there are fewer than 5 samples.
    """
    known = [
        run.records().query("status == 'ok'").set_index("id")[metric].dropna() for run in (without, having)
    ]
    pairs = pd.DataFrame(dict(zip(("without", "having"), known, strict=True))).dropna()
    groups = {"all": pairs}
    if by is not None and len(pairs):
        dataset = plugins.load("datasets", having.about["dataset"], DataSet)  # type: ignore[call-overload]
        parts = pd.Series({key: str(dataset[key].info.get(by, "")) for key in pairs.index})
        groups |= {name: pairs[parts == name] for name in sorted(parts.unique())}
    rows = []
    for name, part in groups.items():
        if len(part):
            gain = paired_difference(part.having.to_numpy(), part.without.to_numpy())
            means = {"without": part.without.mean(), "having": part.having.mean()}
            rows.append(
                {
                    "by": name,
                    **means,
                    "difference": gain.value,
                    "low": gain.low,
                    "high": gain.high,
                    "n": gain.n,
                }
            )
    return pd.DataFrame(rows, columns=["by", "without", "having", "difference", "low", "high", "n"])


def left_out(run: Results) -> Estimate:
    """Share of the pixels of known normals that `normals?unknown=drop` leaves out, mean over images."""
    rows = run.records().query("status == 'ok'")
    known = rows.n_pixels + (rows.n_unknown if "unknown=drop" in run.about["task"] else 0)
    return share_estimate((1 - rows.n_pixels / known).to_numpy(float))


def confusions(run: Results) -> np.ndarray:
    """(n, n + 1) int64 pixels of all images: by true class, and what they were read as, last nothing."""
    return np.asarray(_confusions(run).sum(axis=0))


def _confusions(run: Results) -> np.ndarray:
    """(images, n, n + 1) int64, as `confusions`, of each image."""
    rows = run.records()
    rows = rows[rows.status == "ok"]
    n = len(class_names(run))
    return np.stack(list(rows.confusion)).reshape(-1, n, n + 1)


def class_names(run: Results) -> list[str]:
    """The classes of a run of semantic segmentation, in the order of their labels."""
    rows = run.records()
    return list(rows[rows.status == "ok"].class_names.iloc[0])


def _sized(mask: np.ndarray) -> str:
    share = float(mask.mean())
    for low, high in pairwise(SIZES):
        if share <= high:
            return f"{low:.0%} to {high:.0%} of the picture"
    raise AssertionError("a share is at most 1")


def _add(found: Found, key: tuple[str, str, str], case: Case, value: float) -> None:
    scene = case.sample.info.get("scene")
    found.setdefault(key, []).append((value, scene if isinstance(scene, str) else case.sample.id))


def _add_mean(found: Found, key: tuple[str, str, str], case: Case, where: np.ndarray) -> None:
    if where.sum() >= _FEWEST_PIXELS:
        _add(found, key, case, float(case.error[where].mean()))


def _table(found: Found) -> pd.DataFrame:
    """One row a bin: by, bin, metric, value, low, high, n, and whether low and high are a range."""
    rows = []
    for (by, name, metric), entries in found.items():
        values, units = zip(*entries, strict=True)
        scenes = units if len(set(units)) < len(units) else None
        estimate = (share_estimate if metric in _SHARES else mean_estimate)(np.array(values), clusters=scenes)
        told = {**estimate._asdict(), "is_range": estimate.is_range}
        rows.append({"by": by, "bin": name, "metric": metric, **told})
    columns = ["by", "bin", "metric", "value", "low", "high", "n", "is_range"]
    table = pd.DataFrame(rows, columns=columns)
    order = [f"{low:g} to {top:g} m" for low, top in pairwise(DEPTHS_M)]
    order += [f"{low:.0%} to {top:.0%} of the picture" for low, top in pairwise(SIZES)]
    rank = {name: k for k, name in enumerate(order)}
    key = table.bin.map(lambda name: rank.get(name, len(rank)))
    return (
        table.assign(key=key)
        .sort_values(["by", "key"], kind="stable")
        .drop(columns="key")
        .reset_index(drop=True)
    )
