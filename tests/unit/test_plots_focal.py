import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from vbanalysis.plots.focal import clouds_figure, rooms_figure


def test_refused_rooms_are_not_drawn():
    rooms = pd.DataFrame(
        {
            "true": [0.5, 0.8, 1.0],
            "focal": [0.52, 0.8, np.nan],
            "low": [0.45, 0.7, np.nan],
            "high": [0.6, 0.9, np.nan],
            "refused": ["", "", "one plane"],
        }
    )
    fig = rooms_figure(rooms)
    points = [line.get_xydata() for line in fig.axes[0].lines if line.get_marker() == "o"]
    np.testing.assert_allclose(points[0], [[0.5, 0.52], [0.8, 0.8]])
    plt.close(fig)


def test_half_the_focal_length_is_twice_the_width_at_the_same_depth():
    depth = np.full((40, 60), 3.0)
    fig = clouds_figure(depth, np.zeros((40, 60, 3), np.uint8), [("half", 0.4), ("true", 0.8)])
    half, true = (np.asarray(ax.collections[0].get_offsets()) for ax in fig.axes)
    np.testing.assert_allclose(half[:, 0], 2 * true[:, 0])
    np.testing.assert_allclose(half[:, 1], true[:, 1])
    assert fig.axes[0].get_xlim() == fig.axes[1].get_xlim()
    plt.close(fig)
