"""Oracle: the procedure of the benchmark's `associate.py`, every pair of times in Python's own arithmetic."""

import numpy as np
import pytest

from vbanalysis.datasets.tum_rgbd import associate


def oracle(first, second, max_difference):
    first, second = set(first), set(second)
    candidates = []
    for a in first:
        for b in second:
            if abs(a - b) < max_difference:
                candidates.append((abs(a - b), a, b))
    matches = []
    for _, a, b in sorted(candidates):
        if a in first and b in second:
            first.remove(a)
            second.remove(b)
            matches.append((a, b))
    return sorted(matches)


@pytest.mark.parametrize("seed", range(40))
def test_the_same_times_are_paired(seed):
    rng = np.random.default_rng(seed)
    step = (0.033, 0.02, 0.0005)[seed % 3]
    n = rng.integers(0, 120, 2)
    start = 1305031102.0 if seed % 2 else 0.0
    first = (start + np.cumsum(rng.uniform(0, 2 * step, n[0]))).round(6).tolist()
    second = (start + np.cumsum(rng.uniform(0, 2 * step, n[1]))).round(6).tolist()
    rng.shuffle(first)
    for max_difference in (0.02, step, 0.2):
        assert associate(first, second, max_difference) == oracle(first, second, max_difference)


def test_a_difference_of_just_the_limit_is_too_much():
    times = [0.0, 1.0], [0.5, 1.25]
    assert associate(*times, max_difference=0.25) == oracle(*times, 0.25) == []
    assert associate(*times, max_difference=0.26) == oracle(*times, 0.26) == [(1.0, 1.25)]
