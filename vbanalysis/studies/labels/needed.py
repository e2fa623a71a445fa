"""What one needs to be as good as another: learning curves read across."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vbanalysis.probing.targets import RISES


def labels_needed(table: pd.DataFrame, who: str, other: str) -> pd.DataFrame:
    """How many labelled scenes `who` needs to be as good as `other` is with N, seed by seed.

    Between two measured numbers of scenes, quality is taken to be linear in the logarithm of the number.

    Args:
        table: Of `labels_study`.
        who: Such as `"base"`.
        other: Such as `"tuned from base"`.

    Returns:
        One row a task, N and seed: task, n_labelled, seed, quality, needed, and factor, needed over N. 0
        means that it was as good with the fewest that were tried, inf that it was not with the most.
    """
    rows = []
    for (task, seed), part in table.groupby(["task", "seed"], sort=False):
        rises = RISES[str(part.metric.iloc[0])]
        ours, theirs = (part[part.who == name].sort_values("n_labelled") for name in (who, other))
        if not len(ours) or not len(theirs):
            continue
        for row in theirs.itertuples():
            needed = _crossing(
                ours.n_labelled.to_numpy(float), ours.value.to_numpy(float), float(row.value), rises
            )
            rows.append(
                {
                    "task": task,
                    "n_labelled": row.n_labelled,
                    "seed": seed,
                    "quality": row.value,
                    "needed": needed,
                    "factor": needed / row.n_labelled,
                }
            )
    return pd.DataFrame(rows)


def _crossing(counts: np.ndarray, values: np.ndarray, quality: float, rises: bool) -> float:
    """The number of scenes at which a curve first comes to a quality."""
    above = values >= quality if rises else values <= quality
    if not above.any():
        return np.inf
    first = int(above.argmax())
    if first == 0:
        return 0.0
    share = (quality - values[first - 1]) / (values[first] - values[first - 1])
    return float(np.exp(np.log(counts[first - 1]) + share * np.log(counts[first] / counts[first - 1])))
