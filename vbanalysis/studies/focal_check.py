"""`recover_focal` on rendered rooms, whose focal length is known: how far off, and do its intervals hold?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from vbanalysis.codecs import DepthCodec
from vbanalysis.errors import DataError, InputError
from vbanalysis.mini.world.layout import make_scene
from vbanalysis.mini.world.render import render
from vbanalysis.stats import clopper_pearson, resampled_estimate
from vbanalysis.stats.estimate import Estimate
from vbanalysis.studies.focal import recover_focal

SIZE = (96, 128)
"""Height and width of the rendered depth."""


def check_rooms(n: int, noise: float = 0.0, split: str = "heldout", seed: int = 0) -> pd.DataFrame:
    """Recover the focal length of rooms from their true depth, painted in 8 bits and decoded.

    Args:
        n: Rooms; open grounds are passed over.
        noise: Standard deviation of ln z, in patches of an eighth of the picture, laid over the truth.
        split: Of the scenes.
        seed: Of the noise and of what `recover_focal` draws.

    Returns:
        Rows of `scene, true, focal, low, high, pairs, refused`; NaN and the reason where there was none.

    Raises:
        InputError: `n` is below 1 or `noise` below 0.
    """
    if n < 1 or not noise >= 0:
        raise InputError(f"n must be at least 1 and noise at least 0, got {n} and {noise}")
    codec, number = DepthCodec(), 0
    rows: list[dict[str, object]] = []
    while len(rows) < n:
        scene = make_scene(split, number)
        number += 1
        if scene.setting != "room":
            continue
        rng = np.random.default_rng([seed, number])
        view = render(scene, SIZE, samples=1)
        depth = codec.decode(codec.encode(view.depth_m * np.exp(noise * _patches(rng)))).depth_m
        told: dict[str, object] = {"scene": scene.id, "true": view.intrinsics.fx / SIZE[1]}
        try:
            found = recover_focal(depth, rng).focal
            rows.append(
                {
                    **told,
                    "focal": found.value,
                    "low": found.low,
                    "high": found.high,
                    "pairs": found.n,
                    "refused": "",
                }
            )
        except DataError as error:
            rows.append(
                {**told, "focal": np.nan, "low": np.nan, "high": np.nan, "pairs": 0, "refused": str(error)}
            )
    return pd.DataFrame(rows)


def median_error(rooms: pd.DataFrame) -> Estimate:
    """Median of |ln(focal / true)| over the rooms that told one."""
    told = rooms[rooms.refused == ""]
    errors = np.abs(np.log(told.focal / told.true)).tolist()
    return resampled_estimate(errors, lambda units: float(np.median(units)))


def coverage(rooms: pd.DataFrame) -> Estimate:
    """Share of the intervals that hold the true focal length; 0.95 is right."""
    told = rooms[rooms.refused == ""]
    return clopper_pearson(int(((told.low <= told.true) & (told.true <= told.high)).sum()), len(told))


def _patches(rng: np.random.Generator) -> np.ndarray:
    """Smooth noise of standard deviation 1: errors of a model are alike among neighbours."""
    from scipy.ndimage import gaussian_filter

    drawn = gaussian_filter(rng.standard_normal(SIZE), SIZE[1] / 8 / 2.355)
    return np.asarray(drawn / drawn.std())
