"""Stage 5 of instance decoding: which components are one instance seen in parts."""

from __future__ import annotations

import numpy as np

from vbanalysis.errors import InputError

_MOST_COMPONENTS = 20_000
"""Merging looks at all pairs; the default `min_area` admits at most 5,000 components."""


def box_area(boxes: np.ndarray) -> np.ndarray:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def merge(means: np.ndarray, own: np.ndarray, boxes: np.ndarray, reach: float, gamma: float) -> np.ndarray:
    """Stage 5: for each component, the first component of the group that it belongs to."""
    leader = np.arange(len(own))
    if len(own) > _MOST_COMPONENTS and gamma > 0:
        raise InputError(
            f"{len(own)} components are left to merge, at most {_MOST_COMPONENTS} can be: "
            "raise min_area or erosion"
        )
    for i in range(len(own) - 1 if gamma > 0 else 0):
        others = i + 1 + np.flatnonzero(((means[i + 1 :] - means[i]) ** 2).sum(1) <= reach)
        joint = np.concatenate(
            [np.minimum(boxes[others, :2], boxes[i, :2]), np.maximum(boxes[others, 2:], boxes[i, 2:])], axis=1
        )
        others = others[box_area(joint) <= gamma * (own[others] + own[i])]
        leaders = np.unique(leader[np.append(others, i)])
        if len(leaders) > 1:
            leader[np.isin(leader, leaders)] = leaders[0]
    return leader
