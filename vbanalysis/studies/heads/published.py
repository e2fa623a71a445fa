"""Depth pictures that somebody's generator made: what they say at edges, without any truth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from vbanalysis import plugins
from vbanalysis.codecs.mixtures import BETWEEN, FAR, NEAR, THIRD, sides
from vbanalysis.datasets import DataSet
from vbanalysis.errors import DataError
from vbanalysis.instructions import parse
from vbanalysis.studies.heads.answers import CODEC
from vbanalysis.studies.heads.edges import level_edges

REACHES_PX = (2, 4, 8)
"""Distances to the sides of an edge, in pixels of the picture: a large one's edges are wider."""

OFF_CODE = 64.0
"""Residual, /255, from which a colour is clearly no depth."""

_SIDES = {"near": NEAR, "far": FAR, "between": BETWEEN, "third": THIRD}


def edge_table(
    pictures: Sequence[tuple[str, np.ndarray]], reaches: Sequence[int] = REACHES_PX
) -> pd.DataFrame:
    """What each picture says between two level sides of its own, by how far away these are looked for.

    Args:
        pictures: Name and (H, W, 3) uint8 picture in the paper's code.
        reaches: In pixels.

    Returns:
        One row a picture and reach: output, reach_px, pixels, shares `near`, `far`, `between` and `third`,
        and of those at a third depth the share that `OFF_CODE` would refuse, `refusable`.
    """
    rows = []
    for name, rgb in pictures:
        result = CODEC.decode(rgb)
        for reach in reaches:
            edges = level_edges(result.depth_m, reach)
            placed = sides(result.depth_m[edges.at], edges.near_m, edges.far_m)
            third = placed >= THIRD
            row = {"output": name, "reach_px": reach, "pixels": len(placed)}
            row |= {side: _share(placed == k) for side, k in _SIDES.items()}
            row["refusable"] = _share(result.residual[edges.at][third] > OFF_CODE)
            rows.append(row)
    columns = ["output", "reach_px", "pixels", *_SIDES, "refusable"]
    return pd.DataFrame(rows, columns=columns)


def depth_outputs(spec: str) -> list[tuple[str, np.ndarray]]:
    """The outputs of a data set that were asked for depth in the walk; none where none is at hand.

    Args:
        spec: Such as `gallery:depth`, or `outputs:FOLDER`, where pictures without a prompt count too.
    """
    dataset = plugins.load("datasets", spec, DataSet)  # type: ignore[call-overload]
    try:
        samples = list(dataset)
    except DataError:
        return []
    found = []
    for sample in samples:
        asked = parse(sample.prompt, sample.task) if sample.prompt else None
        if sample.output is not None and (
            asked is None or (asked.task == "depth" and asked.colormap in (None, "rainbow"))
        ):
            found.append((sample.id, sample.output))
    return found


def _share(mask: np.ndarray) -> float:
    return float(mask.mean()) if mask.size else float("nan")
