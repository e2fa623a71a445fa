"""Counting pairs of labels, compiled. Import it lazily: it needs numba.

`semantic.confusion_matrix` holds the same on NumPy; the tests hold the two equal.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(nogil=True, cache=True)
def count_pairs(predicted, true, ignored, row_of_class, counts):
    """Count pairs of flat label maps, and tell whether a label is neither a class nor allowed.

    Args:
        predicted: Flat integers, class k from 0 or -1.
        true: Flat integers, class k from 0 or a label of `ignored`.
        ignored: int64 labels that are no class.
        row_of_class: (n,) int64, the row of each class: its own, or n for those to be dropped.
        counts: (1, 2 or 4, n + 1, n + 1) int64 to add to: several tables, because labels come in runs,
            and a processor that has just written a count must wait before it reads that count again.

    Returns:
        0 if all is well, 1 if a predicted label is at fault, 2 if a true one is.
    """
    n, turn = row_of_class.size, counts.shape[0] - 1
    for i in range(predicted.size):
        column, label = np.int64(predicted[i]), np.int64(true[i])
        if column < -1 or column >= n:
            return 1
        if column < 0:
            column = n
        row = n
        if 0 <= label < n:
            row = row_of_class[label]
        else:
            known = False
            for other in ignored:
                known |= other == label
            if not known:
                return 2
        counts[i & turn, row, column] += 1
    return 0
