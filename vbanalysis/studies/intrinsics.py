"""Depth over fields of view: a generator that is told no camera against a pipeline that needs one.

The same scenes are seen through other lenses: only the field of view changes, so all comparisons are paired
by scene.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from vbanalysis.errors import InputError
from vbanalysis.metrics import depth_metrics
from vbanalysis.mini.model import Mini
from vbanalysis.mini.training.exercises import EXERCISES
from vbanalysis.mini.world.layout import make_scene
from vbanalysis.mini.world.render import render
from vbanalysis.models.mini_canonical import canonical_focal, metres
from vbanalysis.stats import Estimate, mean_estimate
from vbanalysis.studies.answerers import decode, pictures_of
from vbanalysis.studies.questions import CAP_M, SIZE, Question, ask
from vbanalysis.studies.scale_error import LogErrors, delta1, focal_of

ARMS = ("pictures", "canonical")
"""Equal in all but what depth they paint: metres, or what a canonical camera would need."""

PIPELINES = ("none", "true", "hard-coded")
"""The intrinsics that metres rest on."""

HARD_FOCAL = 0.83
"""The focal length that the hard-coded pipeline assumes, in widths of the picture: 62 degrees, where the
fields of view seen in training are densest."""

TRAINED_DEG = (30.0, 110.0)
"""Fields of view seen in training."""

FIELDS_DEG = (20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 100.0, 110.0, 120.0, 130.0)

SPLITS = ("heldout", "fov-narrow", "fov-wide")
"""Splits that are measured as they are, each scene with a field of view of its own."""

METRICS = ("delta1", "absrel", "log_bias", "silog", "delta1_median")
"""As in `depth_metrics`, unaligned; `delta1_median` is delta1 once the medians are made equal."""

PAIRS = (("none", "true"), ("none", "hard-coded"), ("true", "hard-coded"))
"""Differences that are told, first less second."""


class Condition(NamedTuple):
    """Scenes that are looked at in one way.

    Attributes:
        name: A field of view, such as `"60"`, or a split.
        split: Of the scenes.
        hfov_deg: Of all of them, or None for each scene's own.
    """

    name: str
    split: str
    hfov_deg: float | None = None


def conditions(fields_deg: Sequence[float] = FIELDS_DEG, splits: Sequence[str] = SPLITS) -> list[Condition]:
    """Held-out scenes at each field of view, then splits as they are."""
    return [
        *(Condition(f"{field:g}", "heldout", field) for field in fields_deg),
        *(Condition(split, split) for split in splits),
    ]


def seen_through(condition: Condition, n: int) -> list[Question]:
    """The depth questions of a condition; scene and wording are the same at every field of view."""
    if condition.hfov_deg is None:
        return ask("depth", condition.split, n)
    questions = []
    for number in range(n):
        scene = make_scene(condition.split, number)
        scene = replace(scene, camera=replace(scene.camera, hfov_deg=condition.hfov_deg))
        view = render(scene, SIZE)
        exercise = EXERCISES["depth"](scene, view, np.random.default_rng([7, number]), colormap=None)
        assert exercise is not None
        questions.append(Question(f"{scene.id}/depth", scene, view, exercise))
    return questions


def by_scene(pictures: str | Path, canonical: str | Path, looks: Sequence[Condition], n: int) -> pd.DataFrame:
    """Every pipeline's figures, scene by scene.

    Args:
        pictures: Weights that paint metres.
        canonical: Weights that paint for a canonical camera.
        looks: How the scenes are looked at.
        n: Scenes of each.

    Returns:
        Rows `look, hfov_deg, id, pipeline` and `METRICS`; scenes without any depth within `CAP_M` have none.
    """
    if n < 1:
        raise InputError(f"n must be at least 1, got {n}")
    plain, scaled = Mini(pictures), Mini(canonical)
    focal = canonical_focal(str(canonical))
    rows: list[dict[str, str | float]] = []
    for look in looks:
        questions = seen_through(look, n)
        for question, mine, theirs in zip(
            questions, pictures_of(plain, questions), pictures_of(scaled, questions), strict=True
        ):
            painted = decode(question, theirs)
            own = question.view.intrinsics.fx / question.view.depth_m.shape[1]
            said = {
                "none": decode(question, mine),
                "true": metres(painted, own, focal),
                "hard-coded": metres(painted, HARD_FOCAL, focal),
            }
            field = question.scene.camera.hfov_deg
            told: dict[str, str | float] = {"look": look.name, "hfov_deg": field, "id": question.id}
            rows += [
                {**told, "pipeline": name, **figures}
                for name, depth in said.items()
                if (figures := _figures(depth, question.view.depth_m))
            ]
    return pd.DataFrame(rows)


def summary(scenes: Mapping[int, pd.DataFrame]) -> pd.DataFrame:
    """Means and paired differences, of each seed and of all.

    Args:
        scenes: What `by_scene` gave, by seed of the training.

    Returns:
        Rows `look, pipeline, seed, metric, value, low, high, n`. `pipeline` is one of `PIPELINES` or a
        difference such as `none - true`. With `seed` a number the interval is over scenes; with `all` each
        scene counts with its mean over seeds, and with `seeds` a seed is a unit. The looks `inside` and
        `outside` bring together the fields of view within and beyond `TRAINED_DEG`, each scene with its mean
        over them.
    """
    if not scenes:
        raise InputError("scenes must hold at least one seed, got none")
    table = pd.concat([each.assign(seed=seed) for seed, each in scenes.items()], ignore_index=True)
    table = pd.concat([table, *_ranges(table)], ignore_index=True)
    return pd.DataFrame(list(_summed(table)))


def measured_seeds(arms: Mapping[int, tuple[Path, Path]], looks: Sequence[Condition], n: int) -> pd.DataFrame:
    """`summary` over trainings: weights of `ARMS` by seed."""
    return summary({seed: by_scene(*paths, looks, n) for seed, paths in arms.items()})


def asked_of(looks: Sequence[Condition], n: int) -> pd.DataFrame:
    """What has to be painted: a scene's median depth in metres, and as a canonical camera would need it.

    Returns:
        Rows `look, painted, low, median, high`: 5 %, 50 % and 95 % over scenes, in metres; `painted` is
        `metres` or `canonical`. A network can hardly be expected to paint what training never asked for.
    """
    rows = []
    for look in looks:
        found: dict[str, list[float]] = {"metres": [], "canonical": []}
        for question in seen_through(look, n):
            depth = question.view.depth_m
            counts = depth[(depth > CAP_M[0]) & (depth <= CAP_M[1])]
            if counts.size:
                middle, own = float(np.median(counts)), question.view.intrinsics.fx / depth.shape[1]
                found["metres"].append(middle)
                found["canonical"].append(middle * HARD_FOCAL / own)
        for painted, values in found.items():
            low, median, high = np.quantile(values, [0.05, 0.5, 0.95])
            rows.append({"look": look.name, "painted": painted, "low": low, "median": median, "high": high})
    return pd.DataFrame(rows)


def hard_coded_by_algebra(table: pd.DataFrame) -> pd.DataFrame:
    """What `scale_error` says of the hard-coded pipeline, from the true one's errors at each field of view.

    The errors of an image are taken to be normal, with the mean `log_bias` and the spread `silog` of the true
    pipeline.

    Args:
        table: From `summary`.

    Returns:
        Rows `hfov_deg, delta1`.
    """
    rows = table[(table.pipeline == "true") & (table.seed == "all")]
    figures = rows.pivot(index="look", columns="metric", values="value")
    found = []
    for field in FIELDS_DEG:
        if f"{field:g}" in figures.index:
            own = figures.loc[f"{field:g}"]
            ratio = HARD_FOCAL / focal_of(field) * float(np.exp(own.log_bias))
            errors = LogErrors((1.0,), (float(own.silog) / 100,))
            found.append({"hfov_deg": field, "delta1": delta1(ratio, errors)})
    return pd.DataFrame(found)


def paired_arms(folder: Path) -> dict[int, tuple[Path, Path]]:
    """The trainings of both arms below a folder, by the seeds that they share.

    Raises:
        InputError: They share none, or a training is missing or not at its end.
    """
    from vbanalysis.studies.arms import trained_arms

    first, second = ({arm.seed: arm.weights for arm in trained_arms([name], folder)} for name in ARMS)
    shared = sorted(first.keys() & second.keys())
    if not shared:
        raise InputError(f"{ARMS[0]} and {ARMS[1]} have no seed in common: train both with the same --seed")
    return {seed: (first[seed], second[seed]) for seed in shared}


def _figures(depth_m: np.ndarray | None, truth_m: np.ndarray) -> dict[str, float] | None:
    assert depth_m is not None
    plain = depth_metrics(depth_m, truth_m, cap_m=CAP_M)
    if not plain.n:
        return None
    aligned = depth_metrics(depth_m, truth_m, cap_m=CAP_M, alignment="median")
    told = {name: float(getattr(plain, name)) for name in METRICS[:-1]}
    return {**told, "delta1_median": aligned.delta1}


def _ranges(table: pd.DataFrame) -> Iterator[pd.DataFrame]:
    fixed = table[~table["look"].isin(SPLITS)]
    inside = fixed.hfov_deg.between(*TRAINED_DEG)
    for name, rows in (("inside", fixed[inside]), ("outside", fixed[~inside])):
        if len(rows):
            means = rows.groupby(["seed", "id", "pipeline"])[list(METRICS)].mean().reset_index()
            yield means.assign(look=name)


def _summed(table: pd.DataFrame) -> Iterator[dict[str, str | float]]:
    for look, rows in table.groupby("look", sort=False):
        wide = rows.pivot_table(index=["seed", "id"], columns="pipeline", values=list(METRICS))
        for metric in METRICS:
            columns = {name: wide[metric, name] for name in PIPELINES}
            columns |= {f"{a} - {b}": wide[metric, a] - wide[metric, b] for a, b in PAIRS}
            for name, values in columns.items():
                for seed, estimate in _estimates(values):
                    told = {"look": look, "pipeline": name, "seed": seed, "metric": metric}
                    yield {**told, **dict(zip(("value", "low", "high", "n"), estimate[:4], strict=True))}


def _estimates(values: pd.Series) -> Iterator[tuple[str, Estimate]]:
    by_seed = values.groupby("seed")
    for seed, each in by_seed:
        yield str(seed), mean_estimate(each.to_numpy())
    yield "all", mean_estimate(values.groupby("id").mean().to_numpy())
    yield "seeds", mean_estimate(by_seed.mean().to_numpy())
