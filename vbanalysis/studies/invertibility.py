"""What the code itself costs: values encoded, degraded, decoded and compared with themselves.

Every function returns one row a sample and setting, so that intervals can be taken over samples.
Where the truth is finite, a pixel that decodes to unknown or to infinity counts as a relative error
of 1, and its share is given as `unread`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import ndimage

from vbanalysis.codecs import (
    WALKS,
    ColormapCodec,
    DepthCodec,
    InstanceCodec,
    NormalCodec,
    PaletteCodec,
    calibrate,
    masks,
    repair_edges,
    separated_palette,
)
from vbanalysis.codecs.degradations import Degradation, Drift, Jpeg, Noise, Resize, Rounding, WebP, chain
from vbanalysis.paths import cache_dirs
from vbanalysis.stats import Estimate, resampled_estimate
from vbanalysis.types import Frame, InstanceResult, Rgb, Sample

Degradations = Mapping[str, Degradation]

EDGE_RATIO = 1.1
"""Pixels within 2 px of a depth step larger than this are "at edges"."""

STEP_RATIO = 1.5
"""Pixels within 1 px of a depth step larger than this are "at steps": the worst place of all."""


def standard_degradations() -> dict[str, Degradation]:
    """What pictures go through before they are read, each ending in 8 bits.

    The autoencoder is among them where its weights are at hand.
    """
    steps: dict[str, Degradation] = {
        "8 bits": Rounding(),
        "8 bits, truncated": Rounding(truncate=True),
        "JPEG 95 4:4:4": Jpeg(95, "4:4:4"),
        "JPEG 75 4:4:4": Jpeg(75, "4:4:4"),
        "JPEG 95 4:2:0": Jpeg(95),
        "JPEG 75 4:2:0": Jpeg(75),
        "WebP 90": WebP(90),
        "resized to 1/2": chain(Resize(0.5), Rounding()),
        "resized to 2": chain(Resize(2.0), Rounding()),
        "noise 4/255": chain(Noise(4.0), Rounding()),
        "noise 12/255": chain(Noise(12.0), Rounding()),
        "gain 0.95": chain(Drift(gain=0.95), Rounding()),
        "offset +6/255": chain(Drift(offset=6), Rounding()),
        "saturation 0.92": chain(Drift(saturation=0.92), Rounding()),
        "gamma 1.1": chain(Drift(gamma=1.1), Rounding()),
        "drift, JPEG 85": chain(Drift(gain=0.95, offset=4, saturation=0.95), Jpeg(85)),
    }
    weights = autoencoder_weights()
    if weights is not None:
        from vbanalysis.codecs.autoencoder import AutoencoderRoundTrip

        steps["autoencoder"] = chain(AutoencoderRoundTrip(weights), Rounding())
    return steps


def autoencoder_weights() -> str | None:
    """Folder of the TAEF2 autoencoder's weights in a cache folder, if both they and diffusers are there."""
    import importlib.util

    if importlib.util.find_spec("diffusers") is None:
        return None
    folders = (folder / "weights" / "taef2" for folder in cache_dirs())
    return next((str(f) for f in folders if (f / "taef2_encoder.pth").is_file()), None)


def filled(depth_m: np.ndarray) -> np.ndarray:
    """Depth with unknown pixels given the depth of the nearest known one: no generator paints "unknown"."""
    nearest = ndimage.distance_transform_edt(np.isnan(depth_m), return_distances=False, return_indices=True)
    return depth_m[tuple(nearest)]


def near_step(depth_m: np.ndarray, ratio: float = EDGE_RATIO, reach: int = 2) -> np.ndarray:
    """(H, W) bool: within `reach` pixels of a step of depth by more than `ratio`, or of an infinite one."""
    window = 2 * reach + 1
    far, near = ndimage.maximum_filter(depth_m, window), ndimage.minimum_filter(depth_m, window)
    with np.errstate(invalid="ignore"):
        return (far > near * ratio) & ~(np.isinf(far) & np.isinf(near))


def round_trip_by_depth(
    codec: DepthCodec | ColormapCodec, depths_m: np.ndarray, bins: int = 60
) -> pd.DataFrame:
    """Relative error of an 8-bit round trip, by depth.

    Args:
        codec: Which code.
        depths_m: (N,) depths above 0, ascending.
        bins: Rows of the result, each over N / bins neighbouring depths.

    Returns:
        Columns `depth_m`, `mean`, `worst` (relative errors; inf where a depth decodes to infinity).
    """
    decoded = codec.decode(codec.encode(depths_m)).depth_m.astype(np.float64)
    error = np.abs(decoded - depths_m) / depths_m
    groups = zip(np.array_split(depths_m, bins), np.array_split(error, bins), strict=True)
    rows = [(float(np.exp(np.log(d).mean())), float(e.mean()), float(e.max())) for d, e in groups]
    return pd.DataFrame(rows, columns=["depth_m", "mean", "worst"])


def depth_under(
    samples: Iterable[Sample],
    degradations: Degradations,
    codec: DepthCodec | None = None,
    remedies: bool = True,
) -> pd.DataFrame:
    """AbsRel after each degradation as decoded, and, with `remedies`, calibrated and with edges repaired.

    Returns:
        Columns `sample`, `degradation`, `region` (all, flat, edges, steps), `absrel`, `absrel_calibrated`,
        `absrel_repaired`, `unread` (share), `pixels`.
    """
    codec = codec or DepthCodec()
    rows = []
    for sample in samples:
        known, depth = _known_and_filled(sample)
        edges, steps = near_step(depth), near_step(depth, STEP_RATIO, reach=1)
        regions = {"all": known, "flat": known & ~edges, "edges": known & edges, "steps": known & steps}
        painted = codec.encode(depth, dtype="float32")
        for name, degrade in degradations.items():
            rgb = degrade(painted)
            decoded = codec.decode(rgb)
            maps = {"absrel": decoded.depth_m}
            if remedies:
                maps["absrel_calibrated"] = codec.decode(calibrate(rgb, codec).rgb).depth_m
                maps["absrel_repaired"] = repair_edges(decoded).result.depth_m
            for region, where in regions.items():
                if where.sum() < 50:
                    continue
                read = np.isfinite(decoded.depth_m[where])
                row: dict[str, Any] = {"sample": sample.id, "degradation": name, "region": region}
                row |= {column: _absrel(read_as[where], depth[where]) for column, read_as in maps.items()}
                rows.append(row | {"unread": 1 - read.mean(), "pixels": int(where.sum())})
    return pd.DataFrame(rows)


def edge_factor(table: pd.DataFrame, degradation: str) -> Estimate:
    """How many times more a degradation costs at depth edges than away from them, of means over samples.

    Args:
        table: From `depth_under`.
        degradation: One of its.

    Returns:
        The ratio of both means, with its 95 % interval over the samples that have both regions.
    """
    part = table[table.degradation == degradation].pivot(index="sample", columns="region", values="absrel")
    pairs = list(part[["edges", "flat"]].dropna().itertuples(index=False, name=None))

    def ratio(units: Sequence[tuple[float, float]]) -> float:
        return sum(edge for edge, _ in units) / sum(flat for _, flat in units)

    return resampled_estimate(pairs, ratio, method="bca")


def ramp(nearest_m: float = 0.4, farthest_m: float = 250.0) -> Sample:
    """A picture of depths that rise by the same factor from column to column: smooth, without an edge."""
    depth = np.broadcast_to(np.geomspace(nearest_m, farthest_m, 1536, dtype=np.float32), (96, 1536))
    return Sample(id="ramp", image=None, depth_m=np.ascontiguousarray(depth))


def error_by_distance(sample: Sample, degradations: Degradations, bins: int = 40) -> pd.DataFrame:
    """Median relative error by depth: columns `degradation`, `depth_m`, `error`, `pixels`."""
    codec = DepthCodec()
    known, depth = _known_and_filled(sample)
    edges_m = np.geomspace(depth[known].min(), depth[known].max() * 1.0001, bins + 1)
    place = np.digitize(depth, edges_m) - 1
    painted = codec.encode(depth, dtype="float32")
    rows = []
    for name, degrade in degradations.items():
        decoded = codec.decode(degrade(painted)).depth_m
        error = np.where(
            np.isfinite(decoded), np.abs(np.where(np.isfinite(decoded), decoded, 0) - depth) / depth, 1.0
        )
        for k in range(bins):
            mine = known & (place == k)
            rows.append(
                (
                    name,
                    float(np.sqrt(edges_m[k] * edges_m[k + 1])),
                    float(np.median(error[mine])),
                    int(mine.sum()),
                )
            )
    return pd.DataFrame(rows, columns=["degradation", "depth_m", "error", "pixels"])


def walks_under(samples: Sequence[Sample], degradations: Degradations) -> pd.DataFrame:
    """AbsRel of each of the six walks: `walk degradation sample absrel`."""
    tables = []
    for walk in WALKS:
        table = depth_under(samples, degradations, DepthCodec(walk=walk), remedies=False)
        tables.append(
            table[table.region == "all"].assign(walk=walk)[["walk", "degradation", "sample", "absrel"]]
        )
    return pd.concat(tables, ignore_index=True)


def normals_under(
    samples: Iterable[Sample], degradations: Degradations, convention: Frame = "paper"
) -> pd.DataFrame:
    """Angle between a sample's normals and themselves after each degradation.

    Returns:
        Columns `sample`, `degradation`, `mean_deg`, `median_deg`, `unread`, `pixels`.
    """
    codec = NormalCodec(convention)
    rows = []
    for sample in samples:
        assert sample.normals is not None
        known = np.isfinite(sample.normals).all(axis=-1)
        painted = codec.encode(sample.normals, dtype="float32")
        for name, degrade in degradations.items():
            decoded = codec.decode(degrade(painted))
            where = known & decoded.valid
            cosine = (decoded.normals[where] * sample.normals[where]).sum(axis=-1)
            # The chord keeps precision where arccos of a cosine near 1 has none.
            chord = np.linalg.norm(decoded.normals[where].astype(np.float64) - sample.normals[where], axis=-1)
            angle = np.degrees(
                np.where(
                    cosine > 0.9, 2 * np.arcsin(np.minimum(chord / 2, 1)), np.arccos(np.clip(cosine, -1, 1))
                )
            )
            unread = 1 - where.sum() / known.sum()
            rows.append((sample.id, name, angle.mean(), np.median(angle), unread, int(known.sum())))
    return pd.DataFrame(rows, columns=["sample", "degradation", "mean_deg", "median_deg", "unread", "pixels"])


def palette_under_noise(
    class_counts: Sequence[int], sigmas: Sequence[float], scenes: int = 4, seed: int = 0
) -> pd.DataFrame:
    """Share of wrong pixels of palettes made to order, and of as many random colours, under Gaussian noise.

    Returns:
        Columns `classes`, `palette` (separated, random), `sigma`, `scene`, `wrong`, `closest` (smallest
        distance of two colours, /255).
    """
    rows = []
    for scene in range(scenes):
        for n in class_counts:
            labels = _patches(n, scene, seed)
            random = _random_colours(n, np.random.default_rng([seed, scene, n]))
            for kind, colours in (("separated", separated_palette(n)), ("random", random)):
                codec = PaletteCodec({str(k): c for k, c in enumerate(colours)}, background=(0, 0, 0))
                points = np.array([*colours, (0, 0, 0)], float)
                apart = np.linalg.norm(points[:, None] - points[None], axis=-1)
                closest = float(apart[~np.eye(len(points), dtype=bool)].min())
                painted = codec.encode(labels)
                for sigma in sigmas:
                    decoded = codec.decode(Noise(sigma, seed=scene)(painted)).labels
                    rows.append((n, kind, sigma, scene, float((decoded != labels).mean()), closest))
    return pd.DataFrame(rows, columns=["classes", "palette", "sigma", "scene", "wrong", "closest"])


def instances_under(
    samples: Iterable[Sample], degradations: Degradations, codec: InstanceCodec | None = None
) -> pd.DataFrame:
    """Instances found again: `sample degradation painted found mean_iou`.

    `mean_iou` is over the painted instances, each with the found instance that overlaps it best.
    """
    codec = codec or InstanceCodec()
    rows = []
    for sample in samples:
        truth = _visible(sample.info["instances"], codec.min_area)
        painted = codec.encode(truth)
        wanted = [truth == k for k in range(1, int(truth.max()) + 1)]
        if not wanted:
            continue
        for name, degrade in degradations.items():
            found = codec.decode(degrade(painted))
            assert isinstance(found, InstanceResult)  # one picture, not a batch
            stack = masks(found)
            best = [max((float((w & f).sum() / (w | f).sum()) for f in stack), default=0.0) for w in wanted]
            rows.append((sample.id, name, len(wanted), len(found), float(np.mean(best))))
    return pd.DataFrame(rows, columns=["sample", "degradation", "painted", "found", "mean_iou"])


def _known_and_filled(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    assert sample.depth_m is not None
    return np.isfinite(sample.depth_m) & (sample.depth_m > 0), filled(sample.depth_m)


def _absrel(decoded: np.ndarray, truth: np.ndarray) -> float:
    read = np.isfinite(decoded)
    return float(np.where(read, np.abs(np.where(read, decoded, 0) - truth) / truth, 1.0).mean())


def _random_colours(n: int, rng: np.random.Generator) -> list[Rgb]:
    """`n` different colours, none of them black."""
    return [
        (int(c) >> 16, int(c) >> 8 & 255, int(c) & 255) for c in 1 + rng.choice(2**24 - 1, n, replace=False)
    ]


def _patches(n: int, scene: int, seed: int) -> np.ndarray:
    """(128, 128) int32 Voronoi cells of `n` classes and a background, -1."""
    rng = np.random.default_rng([seed, scene])
    seeds = rng.uniform(0, 128, (3 * (n + 1), 2))
    grid = np.stack(np.meshgrid(np.arange(128), np.arange(128), indexing="ij"), axis=-1).reshape(-1, 1, 2)
    cell = ((grid - seeds) ** 2).sum(axis=-1).argmin(axis=1).reshape(128, 128)
    return (cell % (n + 1) - 1).astype(np.int32)


def _visible(instances: np.ndarray, min_area: float) -> np.ndarray:
    """Instances renumbered from 1, without those that hide behind others down to a few pixels."""
    labels, areas = np.unique(instances[instances > 0], return_counts=True)
    keep = labels[areas > max(4 * min_area * instances.size, 60)]
    renumbered = np.zeros(int(instances.max(initial=0)) + 1, np.int32)
    renumbered[keep] = np.arange(1, len(keep) + 1)
    return renumbered[np.maximum(instances, 0)]
