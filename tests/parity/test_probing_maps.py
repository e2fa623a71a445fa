"""Maps at pixels against torch's bilinear interpolation (corners not aligned)."""

import numpy as np
import pytest
import torch

from vbanalysis.probing.maps import at_pixels, resized


@pytest.mark.parametrize("small", [(1, 1), (4, 6), (8, 8), (16, 12), (5, 7)])
def test_resized_is_torchs_bilinear_interpolation(small):
    maps = np.random.default_rng(0).normal(size=(3, *small)).astype(np.float32)
    shape = (16, 12)
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(maps)[None], size=shape, mode="bilinear", align_corners=False
    )[0].numpy()
    np.testing.assert_allclose(resized(maps, shape), expected, atol=1e-5)
    places = np.array([0, 5, 11, 100, 191])
    np.testing.assert_allclose(at_pixels(maps, places, shape), expected.reshape(3, -1).T[places], atol=1e-5)
