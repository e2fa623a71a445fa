"""Instances as boolean masks and as COCO's run-length code."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import TypedDict

import numpy as np

from vbanalysis.codecs._arrays import like, to_numpy
from vbanalysis.types import Array, InstanceResult


class Rle(TypedDict):
    """One mask in COCO's compressed run-length code, as its JSON files hold it.

    `size` is height, width; `counts` the lengths of the runs down the columns, the first of zeros.
    """

    size: list[int]
    counts: str


def masks(result: InstanceResult) -> Array:
    """One boolean mask for each instance.

    Args:
        result: What `InstanceCodec.decode` returned.

    Returns:
        (n, H, W) bool, the kind and device of `result.labels`.

    Examples:
        >>> import numpy as np
        >>> from vbanalysis.codecs import InstanceCodec
        >>> codec, labels = InstanceCodec(), np.zeros((32, 32), np.int32)
        >>> labels[4:12, 4:12], labels[20:30, 20:30] = 1, 2
        >>> masks(codec.decode(codec.encode(labels))).sum(axis=(1, 2)).tolist()
        [64, 100]
    """
    labels = to_numpy(result.labels)
    return like(labels[None] == np.arange(1, len(result) + 1)[:, None, None], result.labels)


def to_rle(result: InstanceResult) -> list[Rle]:
    """Each instance in COCO's compressed run-length code, ready for `json.dump`.

    Args:
        result: What `InstanceCodec.decode` returned.

    Returns:
        One entry an instance, in the order of the labels.

    Example:
        >>> labels = np.array([[1, 0], [1, 2]], np.int32)
        >>> to_rle(InstanceResult(labels, None, np.array([2, 1]), None))
        [{'size': [2, 2], 'counts': '022'}, {'size': [2, 2], 'counts': '31'}]
    """
    labels = to_numpy(result.labels)
    height, width = labels.shape
    column_major = labels.T.ravel()
    starts = np.concatenate([[0], np.flatnonzero(np.diff(column_major)) + 1])
    edges = np.stack([starts, np.append(starts[1:], labels.size)], axis=1)
    # Runs by instance: a stable sort keeps those of one instance in their order.
    values = column_major[starts]
    order = np.argsort(values, kind="stable")
    bounds = np.searchsorted(values[order], np.arange(1, len(result) + 2))
    codes: list[Rle] = []
    for low, high in pairwise(bounds):
        turns = edges[order[low:high]].ravel()
        counts = np.diff(turns, prepend=0, append=labels.size)
        if counts[-1] == 0:
            counts = counts[:-1]
        codes.append({"size": [height, width], "counts": _compress(counts.tolist())})
    return codes


def _compress(counts: Iterable[int]) -> str:
    """Counts as COCO's printable text.

    From the fourth on, each is replaced by its difference to the last count but one; a number is cut
    into groups of five bits, low ones first, a sixth bit says that more follow, 48 makes it a character.
    """
    text = []
    history: list[int] = []
    for count in counts:
        value = count - history[-2] if len(history) > 2 else count
        history.append(count)
        while True:
            bits = value & 31
            value >>= 5
            more = value != (-1 if bits & 16 else 0)
            text.append(chr(48 + bits + 32 * more))
            if not more:
                break
    return "".join(text)
