"""Depth along a line, as a figure."""

import matplotlib.pyplot as plt
import numpy as np

from vbanalysis.plots.profile import show_profile


def test_a_profile_breaks_where_nothing_is_read_and_leaves_out_a_truth_that_nobody_knows():
    _, ax = plt.subplots()
    distance, depth = np.arange(5.0), np.array([1, 2, np.nan, np.inf, 5.0])
    show_profile(ax, distance, depth, np.full(5, np.nan))
    (line,) = ax.lines
    assert np.array_equal(np.isnan(line.get_ydata()), [False, False, True, True, False])
    assert ax.get_ylabel() == "depth, m"
    show_profile(ax, distance, depth, np.arange(5.0))
    assert [each.get_label() for each in ax.lines[1:]] == ["truth", "decoded"]
    plt.close("all")
