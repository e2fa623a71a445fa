import matplotlib.pyplot as plt
import numpy as np

from vbanalysis.plots.focal import clouds_figure


def test_half_the_focal_length_is_twice_the_width_at_the_same_depth():
    depth = np.full((40, 60), 3.0)
    fig = clouds_figure(depth, np.zeros((40, 60, 3), np.uint8), [("half", 0.4), ("true", 0.8)])
    half, true = (np.asarray(ax.collections[0].get_offsets()) for ax in fig.axes)
    np.testing.assert_allclose(half[:, 0], 2 * true[:, 0])
    np.testing.assert_allclose(half[:, 1], true[:, 1])
    assert fig.axes[0].get_xlim() == fig.axes[1].get_xlim()
    plt.close(fig)
