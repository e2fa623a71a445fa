"""Oracles: scikit-image on the pixels of the region, and SSIM written on scipy's Gaussian filter."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from vbanalysis.metrics import psnr, ssim


def pictures(seed):
    rng = np.random.default_rng(seed)
    shape = (*rng.integers(11, 40, 2), 3)
    reference = gaussian_filter(rng.random(shape), (2, 2, 0))
    reference = (reference - reference.min()) / np.ptp(reference)
    image = np.clip(reference + rng.normal(0, rng.uniform(0.01, 0.3), shape), 0, 1)
    region = rng.random(shape[:2]) < 0.5
    region[5, 5] = True
    if seed % 2:
        return *((255 * picture).astype(np.uint8) for picture in (image, reference)), region, 255
    return image, reference, region, 1.0


def test_psnr_equals_that_of_scikit_image_on_the_same_pixels():
    for seed in range(40):
        image, reference, region, peak = pictures(seed)
        assert psnr(image, reference) == pytest.approx(
            peak_signal_noise_ratio(reference, image, data_range=peak)
        )
        assert psnr(image, reference, region=region) == pytest.approx(
            peak_signal_noise_ratio(reference[region], image[region], data_range=peak)
        )


def loop_ssim(x, y, peak):
    """Wang et al. 2004, equation 13, as a map of each channel."""

    def blur(a):
        return gaussian_filter(a, 1.5, truncate=3.5)

    maps = []
    for channel in range(3):
        a, b = x[..., channel] / peak, y[..., channel] / peak
        mean_a, mean_b = blur(a), blur(b)
        var_a, var_b = blur(a * a) - mean_a**2, blur(b * b) - mean_b**2
        both = blur(a * b) - mean_a * mean_b
        c1, c2 = 0.01**2, 0.03**2
        luminance = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
        maps.append(luminance * (2 * both + c2) / (var_a + var_b + c2))
    return np.stack(maps, axis=-1)


def test_ssim_equals_that_of_scikit_image_and_of_its_definition():
    for seed in range(20):
        image, reference, region, peak = pictures(seed)
        expected = structural_similarity(
            image,
            reference,
            channel_axis=-1,
            data_range=peak,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
        assert ssim(image, reference) == pytest.approx(expected)
        core = np.zeros_like(region)
        core[5:-5, 5:-5] = True
        by_hand = loop_ssim(image, reference, peak)[region & core].mean()
        assert ssim(image, reference, region=region) == pytest.approx(by_hand, abs=1e-9)
