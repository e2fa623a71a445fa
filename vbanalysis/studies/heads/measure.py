"""The comparison of heads in numbers, one row a scene and figure; every part asks all heads the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from vbanalysis.metrics import (
    angular_error_deg,
    depth_edges,
    depth_metrics,
    depth_metrics_by_region,
    edge_zones,
    occlusion_f1,
)
from vbanalysis.metrics.boundaries import distance_px
from vbanalysis.metrics.normals import MISS_DEG
from vbanalysis.mini.world.render import View
from vbanalysis.studies.heads import ambiguity
from vbanalysis.studies.heads.answers import Head
from vbanalysis.studies.heads.edges import level_edges, side_shares
from vbanalysis.studies.heads.intervals import KEYS
from vbanalysis.studies.heads.seeds import pooled, spread
from vbanalysis.studies.questions import CAP_M, seen

STEPS = (1, 2, 4, 8, 16)
"""Numbers of steps that are compared."""

MANY = 8
"""Steps at which draws are pooled and questions without one answer are asked, beside 1."""

POOLED = ("delta1", "absrel", "absrel at edges", "edge f1", "edge between", "edge third")
"""Figures that are kept of pools."""

_CREASE_DEG = 30.0
_BINS = np.linspace(0, 1, 6)

Rows = list[dict[str, Any]]


def views(n: int, split: str) -> list[tuple[str, View]]:
    """The first scenes of a split, by id."""
    return [(scene.id, view) for scene, view in (seen(split, number) for number in range(n))]


def one_answer(head: Head, scenes: Sequence[tuple[str, View]]) -> Rows:
    """Depth and normals of one answer each: on the whole, at edges and away from them.

    Depth edges are steps of more than 1.25 between neighbours, creases turns of more than 30 degrees; a zone
    reaches one pixel around. Shares of edge pixels on a side, between and at a third depth are of the map's
    own edges, `level_edges`, so that one that is too near or far on the whole is not taken for a soft one.
    """
    images = [view.rgb for _, view in scenes]
    depth, normals = head.depth(images).values[0], head.normals(images).values[0]
    rows: Rows = []
    for k, (name, view) in enumerate(scenes):
        figures = _depth_figures(depth[k], view)
        known = np.isfinite(view.normals[..., 0])
        errors = _missed(angular_error_deg(normals[k], view.normals))
        crease = _creases(view)
        figures |= {
            "normals mean_deg": _mean(errors[known]),
            "normals median_deg": float(np.median(errors[known])) if known.any() else np.nan,
            "normals mean_deg at creases": _mean(errors[known & crease]),
            "normals mean_deg away": _mean(errors[known & ~crease]),
        }
        rows += _rows(name, figures)
    return rows


def by_steps(
    head: Head, scenes: Sequence[tuple[str, View]], draws: int, steps: Sequence[int] = STEPS
) -> tuple[Rows, Rows]:
    """Depth by the number of steps: how good and how sharp a draw is, and how far apart draws are.

    Returns:
        Rows of single draws and of their spread; rows of what is made of all draws, at 1 and `MANY` steps.
    """
    images = [view.rgb for _, view in scenes]
    rows: Rows = []
    pools: Rows = []
    for count in steps if head.paints else (1,):
        drawn = head.depth(images, draws, count)
        for k, (name, view) in enumerate(scenes):
            figures = _mean_figures([_depth_figures(depth[k], view) for depth in drawn.values])
            one = {metric: figures[metric] for metric in POOLED}
            if head.paints and draws > 1 and np.isfinite(figures["delta1"]):
                assert drawn.rgb is not None
                found = spread(drawn.values[:, k], view.depth_m, drawn.rgb[:, k])
                figures |= {f"spread {metric}": value for metric, value in found._asdict().items()}
                figures["spread share of error"] = found.variance / found.error
                if count in (1, MANY):
                    pools += _rows(name, one, steps=count, case="one draw")
                    for way, depth in pooled(drawn, k, view.depth_m).items():
                        made = _depth_figures(depth, view)
                        chosen = {metric: made[metric] for metric in POOLED}
                        pools += _rows(name, chosen, steps=count, case=way)
            rows += _rows(name, figures, steps=count)
    return rows, pools


def normals_by_steps(head: Head, scenes: Sequence[tuple[str, View]], draws: int) -> Rows:
    """Normals of one draw and of the mean of several, by the steps 1 and `MANY`."""
    images = [view.rgb for _, view in scenes]
    rows: Rows = []
    for count in (1, MANY) if head.paints else (1,):
        drawn = head.normals(images, draws, count).values
        for k, (name, view) in enumerate(scenes):
            known = np.isfinite(view.normals[..., 0])
            if not known.any():
                continue
            each, true = drawn[:, k][:, known], view.normals[known]
            mean = np.nan_to_num(each).mean(axis=0)
            apart = angular_error_deg(each, np.broadcast_to(_unit(mean), each.shape))
            wrong = angular_error_deg(each, np.broadcast_to(true, each.shape))
            figures = {
                "normals mean_deg": _mean(_missed(wrong)),
                "normals mean_deg of the mean": _mean(_missed(angular_error_deg(_unit(mean), true))),
                "normals deg from their mean": _mean(_missed(apart)),
            }
            rows += _rows(name, figures, steps=count)
    return rows


def on_planes(head: Head, planes: Sequence[ambiguity.Plane], draws: int, steps: Sequence[int]) -> Rows:
    """Grounds without scale: which of the possible heights is given, and how far draws are apart."""
    rows: Rows = []
    for count in steps if head.paints else (1,):
        drawn = head.depth([plane.rgb for plane in planes], draws, count).values
        for k, plane in enumerate(planes):
            heights = np.array([ambiguity.implied_height(plane, depth[k]) for depth in drawn])
            logs = np.log(heights)
            figures = {
                f"log ratio to {name}": float(logs.mean() - np.log(centre))
                for name, centre in plane.centres_m.items()
            }
            figures |= {
                "share of lower heights": float(plane.share_below(heights).mean()),
                "log sd of the truth": plane.log_spread,
                "log sd over draws": float(logs.std(ddof=1)) if len(logs) > 1 else 0.0,
            }
            rows += _rows(plane.id, figures, steps=count)
    return rows


def on_mirrors(head: Head, mirrors: Sequence[ambiguity.Mirror], draws: int, steps: Sequence[int]) -> Rows:
    """Mirrors: the wall that they hang on, 0, or the room that they show, 1, beside the wall without one."""
    rows: Rows = []
    for count in steps if head.paints else (1,):
        hung = head.depth([mirror.rgb for mirror in mirrors], draws, count).values
        plain = head.depth([mirror.plain for mirror in mirrors], draws, count).values
        for k, mirror in enumerate(mirrors):
            sides = mirror.wall_m[mirror.at], mirror.image_m[mirror.at]
            at, without = (ambiguity.way(each[:, k][:, mirror.at], *sides) for each in (hung, plain))
            figures = {
                "way to the image": float(at.mean()),
                "way without a mirror": float(without.mean()),
                "moved by the mirror": float(at.mean() - without.mean()),
                "nearer to the image": float((at > 0.5).mean()),
                "between (0.2 to 0.8)": float(((at > 0.2) & (at < 0.8)).mean()),
                "sd over draws": float(at.mean(axis=1).std(ddof=1)) if len(at) > 1 else 0.0,
            }
            rows += _rows(mirror.id, figures, steps=count)
    return rows


def on_mixed(head: Head, scenes: Sequence[ambiguity.MixedPixels], draws: int, steps: Sequence[int]) -> Rows:
    """Pixels that see two depths: where from near, 0, to far, 1, the answer lies, by the far share.

    The sides are those that the head itself gives to the neighbours, if they are at least 1.2 apart.
    """
    rows: Rows = []
    for count in steps if head.paints else (1,):
        drawn = head.depth([scene.rgb for scene in scenes], draws, count).values
        for k, scene in enumerate(scenes):
            placed = []
            for depth in drawn[:, k]:
                near, far = ambiguity.own_sides(scene, depth)
                with np.errstate(invalid="ignore"):
                    apart = far > 1.2 * near
                placed.append(np.where(apart, ambiguity.way(depth[scene.at], near, far), np.nan))
            ways = np.stack(placed)
            rows += _rows(scene.id, _way_figures(ways), steps=count)
            bins = np.digitize(scene.far_share, _BINS[1:-1])
            for place in range(len(_BINS) - 1):
                case = f"far share {_BINS[place]:.1f} to {_BINS[place + 1]:.1f}"
                rows += _rows(scene.id, _way_figures(ways[:, bins == place]), steps=count, case=case)
    return rows


def over_trainings(heads: Sequence[Head], scenes: Sequence[tuple[str, View]]) -> Rows:
    """What the spread over trainings, one answer each, tells of the error: an ensemble in place of noise."""
    if len(heads) < 2:
        return []
    images = [view.rgb for _, view in scenes]
    answers = np.stack([head.depth(images).values[0] for head in heads])
    rows: Rows = []
    for k, (name, view) in enumerate(scenes):
        if np.isfinite(_depth_figures(answers[0, k], view)["delta1"]):
            rows += _rows(name, spread(answers[:, k], view.depth_m)._asdict())
            mean = np.exp(np.log(np.clip(answers[:, k], *CAP_M)).mean(axis=0))
            rows += _rows(name, _depth_figures(mean, view), case="mean of log metres")
    return rows


def measure(
    arms: dict[str, dict[int, Head]],
    n: int,
    n_draws: int,
    draws: int,
    split: str,
    steps: Sequence[int] = STEPS,
) -> pd.DataFrame:
    """All parts for all arms.

    Args:
        arms: By name, then by the seed of the training.
        n: Scenes that get one answer.
        n_draws: Scenes, planes and mirrors that get several.
        draws: How many.
        split: Of the scenes.
        steps: Numbers of steps that are compared.

    Returns:
        One row a scene and figure: `KEYS`, unit, value.
    """
    few = views(n_draws, split)
    parts: Rows = []
    planes, mirrors = ambiguity.planes(n_draws, split), ambiguity.mirrors(n_draws, split)
    mixed = ambiguity.mixed_pixels(list(range(n_draws)), split)
    many = views(n, split)
    for arm, trained in arms.items():
        for seed, head in trained.items():
            single, together = by_steps(head, few, draws, steps)
            for part, rows in (
                ("one answer", one_answer(head, many)),
                ("steps", single),
                ("pools", together),
                ("steps", normals_by_steps(head, few, draws)),
                ("plane", on_planes(head, planes, draws, (1, MANY))),
                ("mirror", on_mirrors(head, mirrors, draws, (1, MANY))),
                ("mixed", on_mixed(head, mixed, draws, (1, MANY))),
            ):
                parts += [{"part": part, "arm": arm, "seed": str(seed), **row} for row in rows]
        rows = over_trainings(list(trained.values()), many)
        parts += [{"part": "trainings", "arm": arm, "seed": "all", **row} for row in rows]
    return pd.DataFrame(parts)[[*KEYS, "unit", "value"]]


def _depth_figures(depth_m: np.ndarray, view: View) -> dict[str, float]:
    zones = depth_metrics_by_region(
        depth_m, view.depth_m, {"all": None, **edge_zones(view.depth_m, radius_px=1)}, cap_m=CAP_M
    )
    return {
        "delta1": zones["all"].delta1,
        "absrel": zones["all"].absrel,
        "absrel at edges": zones["edges"].absrel,
        "absrel away": zones["away"].absrel,
        "edge f1": occlusion_f1(depth_m, view.depth_m).f1,
        "log rmse": depth_metrics(depth_m, view.depth_m, cap_m=CAP_M).rmse_log,
        **{f"edge {side}": share for side, share in side_shares(depth_m, level_edges(depth_m)).items()},
    }


def _creases(view: View) -> np.ndarray:
    """Pixels within one of a step in depth or a turn of the surface."""
    at = depth_edges(view.depth_m)
    for axis in (0, 1):
        first, second = (
            np.take(view.normals, range(*ends), axis=axis)
            for ends in ((0, view.normals.shape[axis] - 1), (1, view.normals.shape[axis]))
        )
        with np.errstate(invalid="ignore"):
            turned = angular_error_deg(first, second) > _CREASE_DEG
        slices = [slice(None), slice(None)]
        slices[axis] = slice(0, -1)
        at[tuple(slices)] |= turned
    return np.asarray(distance_px(at) <= 1)


def _way_figures(ways: np.ndarray) -> dict[str, float]:
    """Of (draws, pixels) places on the way, NaN where there is none."""
    ways = ways[:, np.isfinite(ways).all(axis=0)]
    if not ways.size:
        return {}
    return {
        "way": float(np.clip(ways, -0.5, 1.5).mean()),
        "on a side": float(((np.abs(ways) < 0.2) | (np.abs(ways - 1) < 0.2)).mean()),
        "between": float(((ways >= 0.2) & (ways <= 0.8)).mean()),
        "third": float(((ways <= -0.2) | (ways >= 1.2)).mean()),
        "sd over draws": float(ways.std(axis=0, ddof=1).mean()) if len(ways) > 1 else 0.0,
    }


def _rows(unit: str, named: dict[str, float], *, steps: int = 1, case: str = "") -> Rows:
    return [
        {"steps": steps, "case": case, "metric": metric, "unit": unit, "value": value}
        for metric, value in named.items()
    ]


def _mean_figures(each: Sequence[dict[str, float]]) -> dict[str, float]:
    """The mean over draws of each figure, of those draws that have it."""
    found = {}
    for metric in each[0]:
        values = np.array([one[metric] for one in each])
        found[metric] = _mean(values[~np.isnan(values)])
    return found


def _missed(errors: np.ndarray) -> np.ndarray:
    """Angles, with what a normal that is not there is charged with."""
    return np.where(np.isnan(errors), MISS_DEG, errors)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True).clip(1e-9))


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else np.nan
